//! `conform-edges`: accesses, jumps and string instructions at the ends of segments, with 16- and 32-bit operands and
//! addresses; far transfers; what a segment register loads.
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
# Data
case "mov al, [FFFFh]", "mov al, [0xFFFF]"
case "mov ax, [FFFEh]", "mov ax, [0xFFFE]"
case "mov ax, [FFFFh]", "mov ax, [0xFFFF]"
case "mov [FFFFh], ax", "mov [0xFFFF], ax"
case "mov eax, [FFFDh]", "mov eax, [0xFFFD]"
case "mov eax, [FFFCh]", "mov eax, [0xFFFC]"
case "add [FFFFh], ax", "add [0xFFFF], ax"
case "xchg [FFFFh], ax", "xchg [0xFFFF], ax"
case "mov es:[FFFFh], ax", "mov es:[0xFFFF], ax"
case "mov ss:[FFFFh], ax", "mov ss:[0xFFFF], ax"
case "mov cs:[FFFFh], ax", "mov cs:[0xFFFF], ax"
case "mov ax, [bp] at FFFFh", "mov bp, 0xFFFF; mov ax, [bp]"
case "mov ds:[bp], ax at FFFFh", "mov bp, 0xFFFF; mov ds:[bp], ax"
case "mov ax, [bx+si] that wraps", "mov bx, 0xFFF0; mov si, 0x20; mov ax, [bx + si]"
case "a32 mov al, [10000h]", "mov ebx, 0x10000; mov al, [ebx]"
case "a32 mov al, [FFFFh]", "mov ebx, 0xFFFF; mov al, [ebx]"
case "a32 mov [FFFFFFFFh], al", "mov ebx, -1; mov [ebx], al"
case "a32 mov al, [ebp+10000h]", "mov ebp, 0; mov al, [ebp + 0x10000]"
case "a32 mov al, [esp]", "mov al, [esp]"
case "a32 lea", "mov ebx, 0x12345; lea eax, [ebx + ecx * 4]"
case "les di, [FFFCh]", "les di, [0xFFFC]"
case "les di, [FFFDh]", "les di, [0xFFFD]"
case "o32 lfs ebx, [FFFAh]", "lfs ebx, [0xFFFA]"
case "o32 lfs ebx, [FFFBh]", "lfs ebx, [0xFFFB]"
case "lds bx, [40h]", "mov dword ptr [0x40], 0x50201234; lds bx, [0x40]"
case "lss sp, [40h]", "mov dword ptr [0x40], 0x60000700; lss sp, [0x40]; push ax"
case "fld [FFFDh]", "fld dword ptr [0xFFFD]"
case "fst [bp] at FFFDh", "mov bp, 0xFFFD; fld1; fst dword ptr [bp]"
case "cmpxchg8b [FFF9h]", ".byte 0x0F, 0xC7, 0x0E, 0xF9, 0xFF"
case "bt [40h] far off", "mov eax, 0xFFFFFF; bts dword ptr [0x40], eax"
case "xlat that wraps", "mov bx, 0xFFFF; mov al, 2; xlatb"
# Stack
case "push with SP 0", "mov sp, 0; push ax"
case "push with SP 1", "mov sp, 1; push ax", RESETS
case "o32 push with SP 0", "mov sp, 0; push eax"
case "o32 push with SP 2", "mov sp, 2; push eax"
case "o32 push with SP 3", "mov sp, 3; push eax", RESETS
case "push imm8, o32 and o16", ".byte 0x66, 0x6A, 0xFE, 0x6A, 0xFD"
case "push ds, o32", ".byte 0x66; push ds"
case "pop with SP FFFEh", "mov sp, 0xFFFE; pop ax"
case "pop with SP FFFFh", "mov sp, 0xFFFF; pop ax"
case "o32 pop with SP FFFDh", "mov sp, 0xFFFD; pop eax"
case "pop [FFFFh]", "pop word ptr [0xFFFF]"
case "pusha with SP 10h", "mov sp, 0x10; pusha"
case "pusha with SP 0", "mov sp, 0; pusha"
case "pusha with SP 7", "mov sp, 7; pusha"
case "pusha with SP Fh", "mov sp, 0xF; pusha"
case "popa with SP FFF0h", "mov sp, 0xFFF0; popa"
case "popa with SP FFF8h", "mov sp, 0xFFF8; popa; xor esi, esi"
case "popa with SP FFF1h", "mov sp, 0xFFF1; popa"
case "pushad with SP 10h", "mov sp, 0x10; pushad"
case "enter and leave", "enter 0x10, 0; leave"
case "enter, level 3", "enter 0x10, 3"
case "enter with SP 0", "mov sp, 0; enter 0x10, 0"
case "enter with SP 1", "mov sp, 1; enter 0x10, 0", RESETS
case "leave with BP FFFFh", "mov bp, 0xFFFF; leave"
case "call with SP 1", "mov sp, 1; .byte 0xE8, 0, 0", RESETS
case "call and ret", ".byte 0xE8, 2, 0, 0xEB, 1, 0xC3"
case "ret with SP FFFFh", "mov sp, 0xFFFF; .byte 0xC3"
case "ret 4", "push 0xAAAA; .byte 0xE8, 2, 0, 0xEB, 3, 0xC2, 4, 0"
case "o32 call and ret", ".byte 0x66, 0xE8, 2, 0, 0, 0, 0xEB, 2, 0x66, 0xC3"
case "o32 ret beyond FFFFh", ".byte 0x66, 0x68; .long 0x10100; .byte 0x66, 0xC3"
# Jumps
case "o32 jmp beyond FFFFh", ".byte 0x66, 0xE9; .long 0x10000"
case "o32 jmp far beyond FFFFh", ".byte 0x66, 0xEA; .long 0x10000; .word CASE_CODE"
case "o32 call far beyond FFFFh", ".byte 0x66, 0x9A; .long 0x10000; .word CASE_CODE"
case "o32 jmp eax beyond FFFFh", "mov eax, 0x10000; .byte 0x66, 0xFF, 0xE0"
case "jmp ax", "mov ax, 0x105; .byte 0xFF, 0xE0; nop"
case "jmp far", ".byte 0xEA; .word CASE_IP + 16 + 5, CASE_CODE - 1"
case "call far and retf", ".byte 0x9A; .word CASE_IP + 7, CASE_CODE; .byte 0xEB, 1, 0xCB"
case "o32 call far and retf", ".byte 0x66, 0x9A; .long CASE_IP + 10; .word CASE_CODE; .byte 0xEB, 2, 0x66, 0xCB"
case "retf 2", "push 0xAAAA; .byte 0x9A; .word CASE_IP + 10, CASE_CODE; .byte 0xEB, 3, 0xCA, 2, 0"
case "call far with SP 2", "mov sp, 2; .byte 0x9A; .word CASE_IP + 8, CASE_CODE; nop"
case "call far with SP 3", "mov sp, 3; .byte 0x9A; .word CASE_IP + 8, CASE_CODE; nop", RESETS
case "retf with SP FFFDh", "mov sp, 0xFFFD; .byte 0xCB"
case "call far [FFFDh]", ".byte 0xFF, 0x1E, 0xFD, 0xFF"
case "jmp far [FFFDh]", ".byte 0xFF, 0x2E, 0xFD, 0xFF"
case "jmp [FFFFh]", ".byte 0xFF, 0x26, 0xFF, 0xFF"
case "loop that wraps", "mov cx, 2; nop; nop; nop; loop 90b + 3", 0, 0xFFF6
case "jmp short back over 0", "jmp 1f; 1: nop", 0, 0xFFFD
case "nop at FFFFh", "nop", 0, 0xFFFF
case "mov that wraps", "mov ax, 0x1234", 0, 0xFFFE
# Segment registers
case "mov es, 0 and FFFFh", "xor ax, ax; mov es, ax; mov ebx, es:[0x0]; mov ax, 0xFFFF; mov es, ax; xor ebx, ebx"
case "mov fs, gs from each other", "mov ax, fs; mov gs, ax; push gs; pop fs; mov bl, fs:[0]; mov bh, gs:[1]"
case "mov ax, ss and o32", ".byte 0x66, 0x8C, 0xD0"
case "mov [40h], o32 ds", ".byte 0x66, 0x8C, 0x1E, 0x40, 0"
# String instructions
case "lodsw at FFFFh", "mov si, 0xFFFF; lodsw"
case "lodsb at FFFFh", "mov si, 0xFFFF; lodsb; lodsb"
case "stosw at FFFFh", "mov di, 0xFFFF; stosw"
case "rep stosw from FFFCh", "mov di, 0xFFFC; mov cx, 4; rep stosw"
case "rep stosw from FFFBh", "mov di, 0xFFFB; mov cx, 4; rep stosw"
case "rep stosd from FFFAh", "mov di, 0xFFF6; mov cx, 4; rep stosd"
case "rep movsb over the end", "mov si, 0xFFFD; mov di, 0xFFFE; mov cx, 6; rep movsb"
case "rep movsw to FFFFh", "mov si, 0; mov di, 0xFFFB; mov cx, 6; rep movsw"
case "rep movsw from FFFFh", "mov di, 0; mov si, 0xFFFB; mov cx, 6; rep movsw"
case "std rep movsw", "mov di, 6; mov si, 0x106; mov cx, 6; std; rep movsw"
case "std rep movsw from 1", "mov di, 0x200; mov si, 5; mov cx, 6; std; rep movsw"
case "rep movsb with CX 0", "xor cx, cx; rep movsb"
case "repe cmpsb", "mov si, 0x10; mov di, 0x10; mov cx, 5; repe cmpsb"
case "repne scasb to the end", "mov di, 0xFFF0; mov cx, 0x20; mov al, 1; repne scasb"
case "scasw at FFFFh", "mov di, 0xFFFF; scasw"
case "cmpsw at FFFFh", "mov si, 0xFFFF; mov di, 0; cmpsw"
case "a32 stosb at 10000h", "mov edi, 0x10000; .byte 0x67; stosb"
case "a32 rep stosb over FFFFh", "mov edi, 0xFFFE; mov ecx, 4; .byte 0x67; rep stosb"
case "a32 rep movsb with ECX 10002h", "mov esi, 0xFFFC; mov edi, 0; mov ecx, 0x10002; .byte 0x67; rep movsb"
case "rep movsb with upper halves", "mov esi, 0x10010; mov edi, 0x20020; mov ecx, 0x30003; rep movsb"
case "fs rep movsb", "mov si, 0; mov di, 0x40; mov cx, 3; .byte 0x64; rep movsb"
case "lock movsb", ".byte 0xF0; movsb"
case "in al", "in al, 0xED"
case "in ax", "in ax, 0xED"
case "in eax", "in eax, 0xED"
case "in ax, FFFFh", "mov dx, 0xFFFF; in ax, dx"
case "in eax, FFFDh", "mov dx, 0xFFFD; in eax, dx"
case "out FFFFh, ax", "mov dx, 0xFFFF; out dx, ax"
case "fsave at FFF0h", "fnsave [0xFFF0]"
case "fxsave at FF00h", "mov eax, 0x200; mov cr4, eax; fxsave [0xFF00]"
case "fxsave at FE08h", "mov eax, 0x200; mov cr4, eax; fxsave [0xFE08]"
case "movaps at 41h", "mov eax, 0x200; mov cr4, eax; movaps xmm0, [0x41]"
cases_end
.code64
"#,
    options(raw)
);
