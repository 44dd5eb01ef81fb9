//! `conform-io`: INS and OUTS, at segment ends, downwards, repeated and not, with 16- and 32-bit operands and addresses.
//! Port EDh answers nowhere; port 3FFh is the UART's scratch register.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    include_str!("../asm/exerciser.s"),
    include_str!("../asm/serial.s"),
    include_str!("../asm/conformer.s"),
    include_str!("../asm/conformer_result.s"),
    r#"
conform_cases:
case "insb", "mov dx, 0xED; .byte 0x6C"
case "insb at the last place", "mov dx, 0xED; mov di, 0xffff; .byte 0x6C"
case "rep insb", "mov dx, 0xED; mov cx, 3; .byte 0xF3, 0x6C"
case "repne insb", "mov dx, 0xED; mov cx, 2; .byte 0xF2, 0x6C"
case "rep insb with CX 0", "mov dx, 0xED; mov ecx, 0xFFFF0000; .byte 0xF3, 0x6C"
case "rep insb over the end", "mov dx, 0xED; mov di, 0xfffe; mov cx, 4; .byte 0xF3, 0x6C"
case "rep insb of 200", "mov dx, 0xED; mov cx, 200; .byte 0xF3, 0x6C"
case "std rep insb", "mov dx, 0xED; mov di, 0x40; mov cx, 3; std; .byte 0xF3, 0x6C"
case "std rep insb to 0", "mov dx, 0xED; mov di, 1; mov cx, 4; std; .byte 0xF3, 0x6C"
case "a32 insb", "mov dx, 0xED; mov edi, 0x40; .byte 0x67, 0x6C"
case "a32 insb at 10000h", "mov dx, 0xED; mov edi, 0x10000; .byte 0x67, 0x6C"
case "a32 insb at FFFFFFFFh", "mov dx, 0xED; mov edi, -1; .byte 0x67, 0x6C"
case "a32 rep insb", "mov dx, 0xED; mov edi, 0x40; mov ecx, 3; .byte 0x67, 0xF3, 0x6C"
case "a32 rep insb over FFFFh", "mov dx, 0xED; mov edi, 0xfffe; mov ecx, 0x10004; .byte 0x67, 0xF3, 0x6C"
case "a32 rep insb with ECX 0", "mov dx, 0xED; xor ecx, ecx; .byte 0x67, 0xF3, 0x6C"
case "fs insb", "mov dx, 0xED; .byte 0x64, 0x6C"
case "step rep insb", "mov dx, 0xED; mov cx, 3; .byte 0xF3, 0x6C; nop", STEP
case "step insb at its end", "mov dx, 0xED; mov di, 0xffff; mov cx, 2; .byte 0xF3, 0x6C; nop", STEP
case "insw", "mov dx, 0xED; .byte 0x6D"
case "insw at the last place", "mov dx, 0xED; mov di, 0xfffe; .byte 0x6D"
case "insw beyond the last place", "mov dx, 0xED; mov di, 0xffff; .byte 0x6D"
case "insw at FFFFh", "mov dx, 0xED; mov di, 0xFFFF; .byte 0x6D"
case "rep insw", "mov dx, 0xED; mov cx, 3; .byte 0xF3, 0x6D"
case "repne insw", "mov dx, 0xED; mov cx, 2; .byte 0xF2, 0x6D"
case "rep insw with CX 0", "mov dx, 0xED; mov ecx, 0xFFFF0000; .byte 0xF3, 0x6D"
case "rep insw over the end", "mov dx, 0xED; mov di, 0xfffc; mov cx, 4; .byte 0xF3, 0x6D"
case "rep insw through the end", "mov dx, 0xED; mov di, 0xfffd; mov cx, 4; .byte 0xF3, 0x6D"
case "rep insw of 200", "mov dx, 0xED; mov cx, 200; .byte 0xF3, 0x6D"
case "std rep insw", "mov dx, 0xED; mov di, 0x40; mov cx, 3; std; .byte 0xF3, 0x6D"
case "std rep insw to 0", "mov dx, 0xED; mov di, 2; mov cx, 4; std; .byte 0xF3, 0x6D"
case "std rep insw through 0", "mov dx, 0xED; mov di, 3; mov cx, 4; std; .byte 0xF3, 0x6D"
case "a32 insw", "mov dx, 0xED; mov edi, 0x40; .byte 0x67, 0x6D"
case "a32 insw at 10000h", "mov dx, 0xED; mov edi, 0x10000; .byte 0x67, 0x6D"
case "a32 insw at FFFFFFFFh", "mov dx, 0xED; mov edi, -1; .byte 0x67, 0x6D"
case "a32 rep insw", "mov dx, 0xED; mov edi, 0x40; mov ecx, 3; .byte 0x67, 0xF3, 0x6D"
case "a32 rep insw over FFFFh", "mov dx, 0xED; mov edi, 0xfffc; mov ecx, 0x10004; .byte 0x67, 0xF3, 0x6D"
case "a32 rep insw with ECX 0", "mov dx, 0xED; xor ecx, ecx; .byte 0x67, 0xF3, 0x6D"
case "fs insw", "mov dx, 0xED; .byte 0x64, 0x6D"
case "step rep insw", "mov dx, 0xED; mov cx, 3; .byte 0xF3, 0x6D; nop", STEP
case "step insw at its end", "mov dx, 0xED; mov di, 0xfffe; mov cx, 2; .byte 0xF3, 0x6D; nop", STEP
case "insd", "mov dx, 0xED; .byte 0x66, 0x6D"
case "insd at the last place", "mov dx, 0xED; mov di, 0xfffc; .byte 0x66, 0x6D"
case "insd beyond the last place", "mov dx, 0xED; mov di, 0xfffd; .byte 0x66, 0x6D"
case "insd at FFFFh", "mov dx, 0xED; mov di, 0xFFFF; .byte 0x66, 0x6D"
case "rep insd", "mov dx, 0xED; mov cx, 3; .byte 0xF3, 0x66, 0x6D"
case "repne insd", "mov dx, 0xED; mov cx, 2; .byte 0xF2, 0x66, 0x6D"
case "rep insd with CX 0", "mov dx, 0xED; mov ecx, 0xFFFF0000; .byte 0xF3, 0x66, 0x6D"
case "rep insd over the end", "mov dx, 0xED; mov di, 0xfff8; mov cx, 4; .byte 0xF3, 0x66, 0x6D"
case "rep insd through the end", "mov dx, 0xED; mov di, 0xfff9; mov cx, 4; .byte 0xF3, 0x66, 0x6D"
case "rep insd of 200", "mov dx, 0xED; mov cx, 200; .byte 0xF3, 0x66, 0x6D"
case "std rep insd", "mov dx, 0xED; mov di, 0x40; mov cx, 3; std; .byte 0xF3, 0x66, 0x6D"
case "std rep insd to 0", "mov dx, 0xED; mov di, 4; mov cx, 4; std; .byte 0xF3, 0x66, 0x6D"
case "std rep insd through 0", "mov dx, 0xED; mov di, 5; mov cx, 4; std; .byte 0xF3, 0x66, 0x6D"
case "a32 insd", "mov dx, 0xED; mov edi, 0x40; .byte 0x67, 0x66, 0x6D"
case "a32 insd at 10000h", "mov dx, 0xED; mov edi, 0x10000; .byte 0x67, 0x66, 0x6D"
case "a32 insd at FFFFFFFFh", "mov dx, 0xED; mov edi, -1; .byte 0x67, 0x66, 0x6D"
case "a32 rep insd", "mov dx, 0xED; mov edi, 0x40; mov ecx, 3; .byte 0x67, 0xF3, 0x66, 0x6D"
case "a32 rep insd over FFFFh", "mov dx, 0xED; mov edi, 0xfff8; mov ecx, 0x10004; .byte 0x67, 0xF3, 0x66, 0x6D"
case "a32 rep insd with ECX 0", "mov dx, 0xED; xor ecx, ecx; .byte 0x67, 0xF3, 0x66, 0x6D"
case "fs insd", "mov dx, 0xED; .byte 0x64, 0x66, 0x6D"
case "step rep insd", "mov dx, 0xED; mov cx, 3; .byte 0xF3, 0x66, 0x6D; nop", STEP
case "step insd at its end", "mov dx, 0xED; mov di, 0xfffc; mov cx, 2; .byte 0xF3, 0x66, 0x6D; nop", STEP
case "outsb", "mov dx, 0xED; .byte 0x6E"
case "outsb at the last place", "mov dx, 0xED; mov si, 0xffff; .byte 0x6E"
case "rep outsb", "mov dx, 0xED; mov cx, 3; .byte 0xF3, 0x6E"
case "repne outsb", "mov dx, 0xED; mov cx, 2; .byte 0xF2, 0x6E"
case "rep outsb with CX 0", "mov dx, 0xED; mov ecx, 0xFFFF0000; .byte 0xF3, 0x6E"
case "rep outsb over the end", "mov dx, 0xED; mov si, 0xfffe; mov cx, 4; .byte 0xF3, 0x6E"
case "rep outsb of 200", "mov dx, 0xED; mov cx, 200; .byte 0xF3, 0x6E"
case "std rep outsb", "mov dx, 0xED; mov si, 0x40; mov cx, 3; std; .byte 0xF3, 0x6E"
case "std rep outsb to 0", "mov dx, 0xED; mov si, 1; mov cx, 4; std; .byte 0xF3, 0x6E"
case "a32 outsb", "mov dx, 0xED; mov esi, 0x40; .byte 0x67, 0x6E"
case "a32 outsb at 10000h", "mov dx, 0xED; mov esi, 0x10000; .byte 0x67, 0x6E"
case "a32 outsb at FFFFFFFFh", "mov dx, 0xED; mov esi, -1; .byte 0x67, 0x6E"
case "a32 rep outsb", "mov dx, 0xED; mov esi, 0x40; mov ecx, 3; .byte 0x67, 0xF3, 0x6E"
case "a32 rep outsb over FFFFh", "mov dx, 0xED; mov esi, 0xfffe; mov ecx, 0x10004; .byte 0x67, 0xF3, 0x6E"
case "a32 rep outsb with ECX 0", "mov dx, 0xED; xor ecx, ecx; .byte 0x67, 0xF3, 0x6E"
case "fs outsb", "mov dx, 0xED; .byte 0x64, 0x6E"
case "ss outsb beyond the end", "mov dx, 0xED; mov si, 0xFFFF; .byte 0x36, 0x6F"
case "step rep outsb", "mov dx, 0xED; mov cx, 3; .byte 0xF3, 0x6E; nop", STEP
case "step outsb at its end", "mov dx, 0xED; mov si, 0xffff; mov cx, 2; .byte 0xF3, 0x6E; nop", STEP
case "outsw", "mov dx, 0xED; .byte 0x6F"
case "outsw at the last place", "mov dx, 0xED; mov si, 0xfffe; .byte 0x6F"
case "outsw beyond the last place", "mov dx, 0xED; mov si, 0xffff; .byte 0x6F"
case "outsw at FFFFh", "mov dx, 0xED; mov si, 0xFFFF; .byte 0x6F"
case "rep outsw", "mov dx, 0xED; mov cx, 3; .byte 0xF3, 0x6F"
case "repne outsw", "mov dx, 0xED; mov cx, 2; .byte 0xF2, 0x6F"
case "rep outsw with CX 0", "mov dx, 0xED; mov ecx, 0xFFFF0000; .byte 0xF3, 0x6F"
case "rep outsw over the end", "mov dx, 0xED; mov si, 0xfffc; mov cx, 4; .byte 0xF3, 0x6F"
case "rep outsw through the end", "mov dx, 0xED; mov si, 0xfffd; mov cx, 4; .byte 0xF3, 0x6F"
case "rep outsw of 200", "mov dx, 0xED; mov cx, 200; .byte 0xF3, 0x6F"
case "std rep outsw", "mov dx, 0xED; mov si, 0x40; mov cx, 3; std; .byte 0xF3, 0x6F"
case "std rep outsw to 0", "mov dx, 0xED; mov si, 2; mov cx, 4; std; .byte 0xF3, 0x6F"
case "std rep outsw through 0", "mov dx, 0xED; mov si, 3; mov cx, 4; std; .byte 0xF3, 0x6F"
case "a32 outsw", "mov dx, 0xED; mov esi, 0x40; .byte 0x67, 0x6F"
case "a32 outsw at 10000h", "mov dx, 0xED; mov esi, 0x10000; .byte 0x67, 0x6F"
case "a32 outsw at FFFFFFFFh", "mov dx, 0xED; mov esi, -1; .byte 0x67, 0x6F"
case "a32 rep outsw", "mov dx, 0xED; mov esi, 0x40; mov ecx, 3; .byte 0x67, 0xF3, 0x6F"
case "a32 rep outsw over FFFFh", "mov dx, 0xED; mov esi, 0xfffc; mov ecx, 0x10004; .byte 0x67, 0xF3, 0x6F"
case "a32 rep outsw with ECX 0", "mov dx, 0xED; xor ecx, ecx; .byte 0x67, 0xF3, 0x6F"
case "fs outsw", "mov dx, 0xED; .byte 0x64, 0x6F"
case "ss outsw beyond the end", "mov dx, 0xED; mov si, 0xFFFF; .byte 0x36, 0x6F"
case "step rep outsw", "mov dx, 0xED; mov cx, 3; .byte 0xF3, 0x6F; nop", STEP
case "step outsw at its end", "mov dx, 0xED; mov si, 0xfffe; mov cx, 2; .byte 0xF3, 0x6F; nop", STEP
case "outsd", "mov dx, 0xED; .byte 0x66, 0x6F"
case "outsd at the last place", "mov dx, 0xED; mov si, 0xfffc; .byte 0x66, 0x6F"
case "outsd beyond the last place", "mov dx, 0xED; mov si, 0xfffd; .byte 0x66, 0x6F"
case "outsd at FFFFh", "mov dx, 0xED; mov si, 0xFFFF; .byte 0x66, 0x6F"
case "rep outsd", "mov dx, 0xED; mov cx, 3; .byte 0xF3, 0x66, 0x6F"
case "repne outsd", "mov dx, 0xED; mov cx, 2; .byte 0xF2, 0x66, 0x6F"
case "rep outsd with CX 0", "mov dx, 0xED; mov ecx, 0xFFFF0000; .byte 0xF3, 0x66, 0x6F"
case "rep outsd over the end", "mov dx, 0xED; mov si, 0xfff8; mov cx, 4; .byte 0xF3, 0x66, 0x6F"
case "rep outsd through the end", "mov dx, 0xED; mov si, 0xfff9; mov cx, 4; .byte 0xF3, 0x66, 0x6F"
case "rep outsd of 200", "mov dx, 0xED; mov cx, 200; .byte 0xF3, 0x66, 0x6F"
case "std rep outsd", "mov dx, 0xED; mov si, 0x40; mov cx, 3; std; .byte 0xF3, 0x66, 0x6F"
case "std rep outsd to 0", "mov dx, 0xED; mov si, 4; mov cx, 4; std; .byte 0xF3, 0x66, 0x6F"
case "std rep outsd through 0", "mov dx, 0xED; mov si, 5; mov cx, 4; std; .byte 0xF3, 0x66, 0x6F"
case "a32 outsd", "mov dx, 0xED; mov esi, 0x40; .byte 0x67, 0x66, 0x6F"
case "a32 outsd at 10000h", "mov dx, 0xED; mov esi, 0x10000; .byte 0x67, 0x66, 0x6F"
case "a32 outsd at FFFFFFFFh", "mov dx, 0xED; mov esi, -1; .byte 0x67, 0x66, 0x6F"
case "a32 rep outsd", "mov dx, 0xED; mov esi, 0x40; mov ecx, 3; .byte 0x67, 0xF3, 0x66, 0x6F"
case "a32 rep outsd over FFFFh", "mov dx, 0xED; mov esi, 0xfff8; mov ecx, 0x10004; .byte 0x67, 0xF3, 0x66, 0x6F"
case "a32 rep outsd with ECX 0", "mov dx, 0xED; xor ecx, ecx; .byte 0x67, 0xF3, 0x66, 0x6F"
case "fs outsd", "mov dx, 0xED; .byte 0x64, 0x66, 0x6F"
case "ss outsd beyond the end", "mov dx, 0xED; mov si, 0xFFFF; .byte 0x36, 0x66, 0x6F"
case "step rep outsd", "mov dx, 0xED; mov cx, 3; .byte 0xF3, 0x66, 0x6F; nop", STEP
case "step outsd at its end", "mov dx, 0xED; mov si, 0xfffc; mov cx, 2; .byte 0xF3, 0x66, 0x6F; nop", STEP
case "scratch register", "mov dx, 0x3FF; mov cx, 3; .byte 0xF3, 0x6E; in al, dx; mov di, 0x80; mov cx, 2; .byte 0xF3, 0x6C"
case "cs outsb", "mov dx, 0x3FF; mov si, CASE_IP; .byte 0x2E, 0x6E; in al, dx"
case "es outsb of the last prefix", "mov dx, 0x3FF; .byte 0x2E, 0x26, 0x6E; in al, dx"
case "rep insb over its own code", "mov dx, 0xED; push cs; pop es; mov di, CASE_IP + 100; mov cx, 8; .byte 0xF3, 0x6C; push ds; pop es"
cases_end
.code64
"#,
    options(raw)
);
