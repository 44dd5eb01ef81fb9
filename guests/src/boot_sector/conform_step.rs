//! `conform-step`: single steps over every kind of instruction, hardware breakpoints, and what holds them back.
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
case "step over nop", "nop; nop", STEP
case "step over sti", "sti; nop; nop", STEP
case "step over cli", "cli; nop", STEP | ENABLED
case "step over pushf", ".byte 0x9C; pop ax; nop", STEP
case "step over pushfd", ".byte 0x66, 0x9C; pop eax; nop", STEP
case "step over popf of TF", "push 0x102; .byte 0x9D; nop; nop; push 2; .byte 0x9D; nop; nop"
case "step over popf of no TF", "push 2; .byte 0x9D; nop; nop", STEP
case "step over popfd of TF", ".byte 0x66, 0x68; .long 0x102; .byte 0x66, 0x9D; nop; nop; push 2; .byte 0x9D"
case "step over iret to TF", "push 0x102; push cs; push_1f; .byte 0xCF; ud2; 1: nop; nop; push 2; .byte 0x9D"
case "step over iretd to TF", ".byte 0x66, 0x68; .long 0x102; .byte 0x66; push cs; pushd_1f; .byte 0x66, 0xCF; ud2; 1: nop; nop; push 2; .byte 0x9D"
case "step over iret to no TF", "push 2; push cs; push_1f; .byte 0xCF; ud2; 1: nop; nop", STEP
case "step over int 20h", "int 0x20; nop; nop", STEP
case "step over int3", "int3; nop; nop", STEP
case "step over into", "mov al, 0x7F; inc al; into; nop", STEP
case "step over into, not taken", "xor al, al; into; nop", STEP
case "step over icebp", ".byte 0xF1; nop; nop", STEP
case "step over mov ss", "mov ax, ss; mov ss, ax; nop; nop", STEP
case "step over pop ss", "push ss; pop ss; nop; nop", STEP
case "step over mov ss twice", "mov ax, ss; mov ss, ax; mov ss, ax; nop; nop", STEP
case "step over mov ss and int 20h", "mov ax, ss; mov ss, ax; int 0x20; nop", STEP
case "step over mov ss and cpuid", "mov ax, ss; mov ss, ax; cpuid; xor ebx, ebx; xor ecx, ecx; xor edx, edx; xor eax, eax", STEP
case "step over mov ss and in", "mov ax, ss; mov ss, ax; in al, 0xED; nop", STEP
case "step over mov ss and mov from cr0", "mov ax, ss; mov ss, ax; mov eax, cr0; nop", STEP
case "step over lss", "mov dword ptr [0x40], 0x60000700; lss sp, [0x40]; nop; nop", STEP
case "step over mov ds", "mov ax, ds; mov ds, ax; nop", STEP
case "step over cpuid", "xor eax, eax; cpuid; nop; xor ebx, ebx; xor ecx, ecx; xor edx, edx", STEP
case "step over rdtsc", "rdtsc; xor eax, eax; xor edx, edx", STEP
case "step over in", "in al, 0xED; nop", STEP
case "step over out", "out 0xED, al; nop", STEP
case "step over rep movsb", "mov cx, 3; rep movsb; nop", STEP
case "step over rep movsb with CX 0", "xor cx, cx; rep movsb; nop", STEP
case "step over rep stosw", "mov cx, 3; rep stosw; nop", STEP
case "step over repe cmpsb", "mov si, di; mov cx, 3; repe cmpsb; nop", STEP
case "step over rep stosw to a fault", "mov di, 0xFFFB; mov cx, 4; rep stosw; nop", STEP
case "step over mov from cr0", "mov eax, cr0; nop", STEP
case "step over mov to cr0", "mov eax, 0x12; mov cr0, eax; nop", STEP
case "step over mov to cr4", "xor eax, eax; mov cr4, eax; nop", STEP
case "step over clts", "clts; nop", STEP
case "step over lmsw", "xor ax, ax; .byte 0x0F, 0x01, 0xF0; nop", STEP
case "step over sgdt", ".byte 0x0F, 0x01, 0x06, 0x40, 0; nop", STEP
case "step over lidt", "mov word ptr [0x40], 0x3FF; mov dword ptr [0x42], 0; .byte 0x0F, 0x01, 0x1E, 0x40, 0; nop", STEP
case "step over wbinvd", "wbinvd; nop", STEP
case "step over invlpg", ".byte 0x0F, 0x01, 0x3E, 0, 0; nop", STEP
case "step over rdmsr", "mov ecx, 0x174; rdmsr; nop", STEP
case "step over mov from dr6", "mov eax, dr6; nop", STEP
case "step over mov to dr7", "mov eax, 0x400; mov dr7, eax; nop", STEP
case "step over jmp far", ".byte 0xEA; .word CASE_IP + 5, CASE_CODE; nop", STEP
case "step over call and ret", ".byte 0xE8, 2, 0, 0xEB, 1, 0xC3; nop", STEP
case "step over div by 0", "xor bx, bx; div bx", STEP
case "step over ud2", "nop; ud2", STEP
case "step over mov ax, [FFFFh]", "nop; mov ax, [0xFFFF]", STEP
case "step over loop", "mov cx, 3; 1: loop 1b", STEP
case "step over write to ROM", "push 0xF000; pop es; mov es:[0x10], ax; nop; push ds; pop es", STEP
case "write to ROM", "push 0xF000; pop es; mov es:[0x10], ax; mov ax, es:[0x10]; mov ax, 0; push ds; pop es"
case "write to a hole", "push 0xD800; pop es; mov es:[0x10], ax; mov ax, es:[0x10]; push ds; pop es"
case "write to ROM, then popf of TF", "push 0xF000; pop es; push 0x102; mov es:[0x10], ax; .byte 0x9D; nop; push 2; .byte 0x9D; push ds; pop es"
case "pushf to ROM", "mov ax, 0xF000; mov ss, ax; mov sp, 0x100; .byte 0x9C; mov ax, CASE_STACK; mov ss, ax; mov sp, 0x800"
case "rep movsw to ROM", "push 0xF000; pop es; mov di, 0x10; mov cx, 4; rep movsw; push ds; pop es"
case "rep movsw to ROM, stepped", "push 0xF000; pop es; mov di, 0x10; mov cx, 4; rep movsw; push ds; pop es", STEP
# Where nothing is
case "read of a hole", "push 0xD800; pop es; mov ax, es:[0x10]; push ds; pop es"
case "step over read of a hole", "push 0xD800; pop es; mov ax, es:[0x10]; nop; push ds; pop es", STEP
case "read over two pages of a hole", "push 0xD800; pop es; mov eax, es:[0xFFE]; push ds; pop es"
case "add to a hole", "push 0xD800; pop es; mov ax, 5; add es:[0x10], ax; mov ax, es:[0x10]; push ds; pop es"
case "xchg with a hole", "push 0xD800; pop es; mov ax, 5; xchg es:[0x10], ax; push ds; pop es"
case "rep movsb from a hole", "push 0xD800; pop ds; xor si, si; mov di, 0x40; mov cx, 4; rep movsb; push es; pop ds"
case "rep movsb from a hole, stepped", "push 0xD800; pop ds; xor si, si; mov di, 0x40; mov cx, 4; rep movsb; push es; pop ds", STEP
case "repe scasw in a hole", "push 0xD800; pop es; mov ax, -1; xor di, di; mov cx, 5; repe scasw; push ds; pop es"
case "div by a hole", "push 0xD800; pop es; mov dx, -1; div word ptr es:[0x10]"
case "div by a hole, stepped", "push 0xD800; pop es; mov dx, -1; div word ptr es:[0x10]", STEP
case "bound in a hole", "push 0xD800; pop es; mov ax, 5; bound ax, es:[0x10]"
case "les of a hole", "push 0xD800; pop es; les di, es:[0x10]; mov ax, es; push ds; pop es"
case "pop from a hole", "mov ax, 0xD800; mov ss, ax; mov sp, 0x100; pop bx; mov ax, CASE_STACK; mov ss, ax; mov sp, 0x800"
case "lgdt of a hole", "push 0xD800; pop es; .byte 0x26, 0x0F, 0x01, 0x16, 0x10, 0; push ds; pop es"
case "jmp far into a hole", ".byte 0xEA, 0x10, 0, 0, 0xD8"
case "fld of a hole", "push 0xD800; pop es; fninit; fld qword ptr es:[0x10]; fstp qword ptr [0x40]; push ds; pop es"
# Hardware breakpoints
.macro breakpoint address, control
    mov eax, \address
    mov dr0, eax
    mov eax, \control
    mov dr7, eax
.endm
case "execution", "breakpoint (CASE_CODE << 4) + CASE_IP + 30, 0x402; .org 90b + 28, 0x90; nop; nop; nop; nop"
case "execution of int 20h", "breakpoint (CASE_CODE << 4) + CASE_IP + 30, 0x402; .org 90b + 30, 0x90; int 0x20; nop"
case "execution of cli", "breakpoint (CASE_CODE << 4) + CASE_IP + 30, 0x402; .org 90b + 30, 0x90; cli; nop"
case "execution of mov from cr0", "breakpoint (CASE_CODE << 4) + CASE_IP + 30, 0x402; .org 90b + 30, 0x90; mov eax, cr0; nop"
case "execution after mov ss", "breakpoint (CASE_CODE << 4) + CASE_IP + 32, 0x402; mov ax, ss; .org 90b + 30, 0x90; mov ss, ax; nop; nop"
case "execution, global", "breakpoint (CASE_CODE << 4) + CASE_IP + 30, 0x402; .org 90b + 28, 0x90; nop; nop; nop", STEP
case "data write", "breakpoint (CASE_DATA << 4) + 0x40, 0xD0402; mov [0x40], ax; nop; nop"
case "data write, elsewhere", "breakpoint (CASE_DATA << 4) + 0x40, 0xD0402; mov [0x44], ax; nop; nop"
case "data read", "breakpoint (CASE_DATA << 4) + 0x40, 0xF0402; mov bx, [0x40]; nop; nop"
case "data write by push", "breakpoint (CASE_STACK << 4) + CASE_SP - 2, 0xD0402; push ax; nop; nop"
case "data write by rep stosw", "breakpoint (CASE_DATA << 4) + 0x44, 0xD0402; mov di, 0x40; mov cx, 5; rep stosw; nop"
case "data write by insb", "breakpoint (CASE_DATA << 4) + 0x40, 0xD0402; mov di, 0x40; mov dx, 0xED; insb; nop"
case "data write by sgdt", "breakpoint (CASE_DATA << 4) + 0x40, 0xD0402; .byte 0x0F, 0x01, 0x06, 0x40, 0; nop"
case "data write by mov ss's neighbour", "breakpoint (CASE_DATA << 4) + 0x40, 0xD0402; mov ax, ss; mov [0x40], ss; mov ss, ax; nop; nop"
case "data read by lmsw", "breakpoint (CASE_DATA << 4) + 0x40, 0xF0402; mov word ptr [0x42], 0; .byte 0x0F, 0x01, 0x36, 0x42, 0; nop"
case "disabled", "breakpoint (CASE_DATA << 4) + 0x40, 0xD0400; mov [0x40], ax; nop"
case "general detect", "mov eax, 0x2400; mov dr7, eax; mov eax, dr6; mov eax, dr7"
case "general detect, stepped", "mov eax, 0x2400; mov dr7, eax; nop; mov eax, dr6", STEP
cases_end
.code64
"#,
    options(raw)
);
