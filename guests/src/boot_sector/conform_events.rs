//! `conform-events`: software interrupts and exceptions, through the table at 0, through another, and through none; what
//! an interrupted instruction saves; and LOCK, length and prefixes.
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
# Software interrupts
case "int 20h", "int 0x20", ENABLED
case "int FEh", "int 0xFE"
case "o32 int 20h", ".byte 0x66, 0xCD, 0x20"
case "rep ds int 20h", ".byte 0xF3, 0x3E, 0xCD, 0x20"
case "lock int 20h", ".byte 0xF0, 0xCD, 0x20"
case "int 3, two bytes", ".byte 0xCD, 3"
case "int3", "int3"
case "o32 int3", ".byte 0x66, 0xCC"
case "es int3", ".byte 0x26, 0xCC"
case "lock int3", ".byte 0xF0, 0xCC"
case "int 1, two bytes", ".byte 0xCD, 1"
case "icebp", ".byte 0xF1"
case "o32 icebp", ".byte 0x66, 0xF1"
case "rep icebp", ".byte 0xF3, 0xF1"
case "lock icebp", ".byte 0xF0, 0xF1"
case "into without OF", "xor ax, ax; into"
case "into with OF", "mov al, 0x7F; inc al; into"
case "o32 into with OF", "mov al, 0x7F; inc al; .byte 0x66, 0xCE"
case "lock into", ".byte 0xF0, 0xCE"
case "int 4, two bytes", ".byte 0xCD, 4"
case "int 0Dh", ".byte 0xCD, 0x0D"
case "int 8", ".byte 0xCD, 8"
case "int 20h with all flags", "push 0x4ED7; .byte 0x9D; int 0x20"
case "int 20h with AC", ".byte 0x66, 0x68; .long 0x240002; .byte 0x66, 0x9D; int 0x20; .byte 0x66, 0x9C"
case "int 20h at the segment's end", "int 0x20", 0, 0xFFFE
case "int3 at the segment's end", "int3", 0, 0xFFFF
case "int 20h that wraps", "int 0x20", 0, 0xFFFF
case "int 20h with SP 0", "mov sp, 0; int 0x20"
case "int 20h with SP 6", "mov sp, 6; int 0x20"
case "int 20h with SP 4", "mov sp, 4; int 0x20"
case "int 20h with SP 2", "mov sp, 2; int 0x20"
case "int 20h with SP 7", "mov sp, 7; int 0x20"
case "int 20h with SP 5", "mov sp, 5; int 0x20", RESETS
case "int 20h with SP 1", "mov sp, 1; int 0x20", RESETS
case "int3 with SP 3", "mov sp, 3; int3", RESETS
case "int 20h with SP 9", "mov sp, 9; int 0x20"
# Interrupts of the machine
.macro await_tick
    mov al, 0x0A
    out PIC1_COMMAND, al
5:  in al, PIC1_COMMAND
    test al, 1
    jz 5b
.endm
case "timer after sti", "await_tick; sti; nop; nop", TIMER
case "timer after sti and cli", "await_tick; sti; cli; nop; sti; nop; nop", TIMER
case "timer after sti twice", "await_tick; sti; sti; nop; nop", TIMER
case "timer after sti and mov ss", "await_tick; mov ax, ss; sti; mov ss, ax; nop; nop", TIMER
case "timer after sti and pop ss", "await_tick; push ss; sti; pop ss; nop; nop", TIMER
case "timer after popf", "await_tick; push 0x202; .byte 0x9D; nop; nop", TIMER
case "timer after popfd", "await_tick; .byte 0x66, 0x68; .long 0x202; .byte 0x66, 0x9D; nop; nop", TIMER
case "timer after iret", "await_tick; push 0x202; push cs; push_1f; .byte 0xCF; ud2; 1: nop; nop", TIMER
case "timer after iretd", "await_tick; .byte 0x66, 0x68; .long 0x202; .byte 0x66; push cs; pushd_1f; .byte 0x66, 0xCF; ud2; 1: nop; nop", TIMER
case "timer after sti and in", "await_tick; sti; in al, 0xED; nop; nop", TIMER
case "timer after sti and mov from cr0", "await_tick; sti; mov eax, cr0; nop; nop", TIMER
case "timer after sti and int 20h", "await_tick; sti; int 0x20; nop", TIMER
case "timer after sti and div by 0", "await_tick; xor bx, bx; sti; div bx", TIMER
case "timer within rep movsb", "await_tick; mov cx, 4; sti; rep movsb; nop", TIMER
case "timer within rep outsb", "await_tick; mov cx, 4; mov dx, 0xED; sti; .byte 0xF3, 0x6E; nop", TIMER
case "timer with TF", "await_tick; push 0x302; .byte 0x9D; nop; nop", TIMER
case "timer with all flags", "await_tick; push 0x4ED7; .byte 0x9D; nop; nop", TIMER
case "timer with SP 0", "mov sp, 0; sti; hlt", TIMER
case "timer with SP 4", "mov sp, 4; sti; hlt", TIMER
case "timer at the segment's end", "sti; hlt", TIMER, 0xFFFE
# Exceptions
case "div by 0", "xor bx, bx; div bx"
case "o32 div by 0", "xor ebx, ebx; div ebx"
case "idiv overflow", "mov ax, 0x8000; cwd; mov bx, -1; idiv bx"
case "div byte overflow", "mov ax, 0x200; mov bl, 1; div bl"
case "aam 0", ".byte 0xD4, 0"
case "div by 0 in memory", "mov word ptr [0x40], 0; .byte 0x2E, 0x26, 0xF7, 0x36, 0x40, 0"
case "bound, within", "mov word ptr [0x40], 0; mov word ptr [0x42], 10; mov ax, 5; bound ax, [0x40]"
case "bound, below", "mov word ptr [0x40], 0; mov word ptr [0x42], 10; mov ax, -1; bound ax, [0x40]"
case "bound, above", "mov word ptr [0x40], 0; mov word ptr [0x42], 10; mov ax, 11; bound ax, [0x40]"
case "bound of a register", ".byte 0x62, 0xC0"
case "les of a register", ".byte 0xC4, 0xC0"
case "mov cs, ax", ".byte 0x8E, 0xC8"
case "mov to segment 6", ".byte 0x8E, 0xF0"
case "lea of a register", ".byte 0x8D, 0xC0"
case "FE /7", ".byte 0xFE, 0xF8"
case "FF /7", ".byte 0xFF, 0xF8"
case "call far of a register", ".byte 0xFF, 0xD8"
case "nm by EM", "mov eax, 0x14; mov cr0, eax; fnop"
case "nm by TS", "mov eax, 0x18; mov cr0, eax; fnop"
case "wait with TS", "mov eax, 0x18; mov cr0, eax; fwait; mov ebx, 1"
case "wait with TS and MP", "mov eax, 0x1A; mov cr0, eax; fwait"
case "wait with EM and MP", "mov eax, 0x16; mov cr0, eax; fwait; mov ebx, 1"
case "fninit with EM", "mov eax, 0x14; mov cr0, eax; fninit"
case "mmx with EM", "mov eax, 0x14; mov cr0, eax; emms"
case "mmx with TS", "mov eax, 0x18; mov cr0, eax; emms"
case "mmx", "movd mm0, eax; movd ebx, mm0; emms"
case "sse without OSFXSR", "xorps xmm0, xmm0"
case "sse with OSFXSR", "mov eax, 0x200; mov cr4, eax; xorps xmm0, xmm0; cvttss2si ebx, xmm0"
case "sse with OSFXSR and TS", "mov eax, 0x200; mov cr4, eax; mov eax, 0x18; mov cr0, eax; xorps xmm0, xmm0"
case "sse with OSFXSR and EM", "mov eax, 0x200; mov cr4, eax; mov eax, 0x14; mov cr0, eax; xorps xmm0, xmm0"
case "sse error without OSXMMEXCPT", "mov eax, 0x200; mov cr4, eax; mov dword ptr [0x40], 0x1D80; ldmxcsr [0x40]; xorps xmm0, xmm0; divss xmm0, xmm0"
case "sse error with OSXMMEXCPT", "mov eax, 0x600; mov cr4, eax; mov dword ptr [0x40], 0x1D80; ldmxcsr [0x40]; xorps xmm0, xmm0; divss xmm0, xmm0"
case "x87", "fninit; fldpi; fstp dword ptr [0x40]; fnstcw [0x50]; fnstsw ax"
case "x87 error with NE", "mov eax, 0x30; mov cr0, eax; mov word ptr [0x40], 0x37B; fldcw [0x40]; fld1; fldz; fdivp st(1), st; fwait"
case "x87 error with NE, at the next instruction", "mov eax, 0x30; mov cr0, eax; mov word ptr [0x40], 0x37B; fldcw [0x40]; fld1; fldz; fdivp st(1), st; nop; cs fld1"
case "x87 error without NE", "sti; mov word ptr [0x40], 0x37B; fldcw [0x40]; fld1; fldz; fdivp st(1), st; fwait; nop; nop", COPROCESSOR
case "x87 error without NE, ignored", "mov word ptr [0x40], 0x37B; fldcw [0x40]; fld1; fldz; fdivp st(1), st; fnclex"
case "ac does not exist", "mov eax, 0x40010; mov cr0, eax; .byte 0x66, 0x68; .long 0x40002; .byte 0x66, 0x9D; mov ax, [0x41]"
# Another interrupt table; its entry n leads where entry n ^ 80h of the first does
.macro load_table limit
    mov word ptr [0x40], \limit
    mov dword ptr [0x42], CASE_TABLE << 4
    .byte 0x66, 0x0F, 0x01, 0x1E, 0x40, 0
.endm
case "table elsewhere, int 21h", "load_table 0x3FF; int 0x21"
case "table elsewhere, int3", "load_table 0x3FF; int3"
case "table elsewhere, icebp", "load_table 0x3FF; .byte 0xF1"
case "table elsewhere, div by 0", "load_table 0x3FF; xor bx, bx; div bx"
case "table elsewhere, ud2", "load_table 0x3FF; ud2"
case "table elsewhere, mov ax, [FFFFh]", "load_table 0x3FF; mov ax, [0xFFFF]"
case "table elsewhere, hlt", "load_table 0x3FF; sti; hlt", TIMER
case "table elsewhere, step", "load_table 0x3FF; push 0x102; .byte 0x9D; nop; int 0x21; push 2; .byte 0x9D"
case "table elsewhere, int 21h with SP 4", "load_table 0x3FF; mov sp, 4; int 0x21"
case "table elsewhere, int 21h at the segment's end", "load_table 0x3FF; jmp 1f; .org 90b + 0xFE, 0x90; 1: int 0x21", 0, 0xFF00
case "short table, int 1Fh", "load_table 0x7F; .byte 0xCD, 0x1F"
case "short table, int 20h", "load_table 0x7F; int 0x20"
case "short table, int 20h at the last byte", "load_table 0x82; int 0x20"
case "short table, into", "load_table 0x0F; mov al, 0x7F; inc al; into", RESETS
case "short table, ud2 without #UD", "load_table 0x17; ud2", RESETS
case "no table, int 20h", "load_table 0; int 0x20", RESETS
case "no table, nop", "load_table 0; nop"
case "long table, int 21h", "mov word ptr [0x40], 0xFFFF; mov dword ptr [0x42], 0; .byte 0x66, 0x0F, 0x01, 0x1E, 0x40, 0; int 0x21"
# LOCK, length, prefixes
case "lock nop", ".byte 0xF0, 0x90"
case "lock mov", ".byte 0xF0, 0x89, 0xC3"
case "lock add register", ".byte 0xF0, 0x01, 0xC3"
case "lock add memory", ".byte 0xF0, 0x01, 0x06, 0x40, 0"
case "lock add from memory", ".byte 0xF0, 0x03, 0x06, 0x40, 0"
case "lock cmp memory", ".byte 0xF0, 0x39, 0x06, 0x40, 0"
case "lock xchg memory", ".byte 0xF0, 0x87, 0x06, 0x40, 0"
case "lock in", ".byte 0xF0, 0xE4, 0x40"
case "lock out", ".byte 0xF0, 0xE6, 0x80"
case "lock insb", ".byte 0xF0, 0x6C"
case "lock fnop", ".byte 0xF0, 0xD9, 0xD0"
case "lock ud2", ".byte 0xF0, 0x0F, 0x0B"
case "15 bytes of nop", ".fill 14, 1, 0x2E; nop"
case "16 bytes of nop", ".fill 15, 1, 0x2E; nop"
case "15 bytes of cli", ".fill 14, 1, 0x66; cli", ENABLED
case "16 bytes of cli", ".fill 15, 1, 0x66; cli", ENABLED
case "15 bytes of mov from cr0", ".fill 12, 1, 0x66; .byte 0x0F, 0x20, 0xC3"
case "16 bytes of mov from cr0", ".fill 13, 1, 0x66; .byte 0x0F, 0x20, 0xC3"
case "15 bytes of cpuid", ".fill 13, 1, 0x2E; .byte 0x0F, 0xA2; xor eax, eax; xor ebx, ebx; xor ecx, ecx; xor edx, edx"
case "15 bytes of in", ".fill 13, 1, 0x2E; .byte 0xE4, 0xED"
case "16 bytes of in", ".fill 14, 1, 0x2E; .byte 0xE4, 0xED"
case "15 bytes of outsb", ".fill 14, 1, 0x2E; .byte 0x6E"
case "16 bytes of outsb", ".fill 15, 1, 0x2E; .byte 0x6E"
case "15 bytes of int 20h", ".fill 13, 1, 0x2E; .byte 0xCD, 0x20"
case "16 bytes of int 20h", ".fill 14, 1, 0x2E; .byte 0xCD, 0x20"
case "15 bytes of int3", ".fill 14, 1, 0x2E; int3"
case "nops to the segment's end", ".fill 15, 1, 0x2E", 0, 0xFFF1
case "hlt at the segment's end", "sti; hlt", TIMER, 0xFFFE
case "clts at the segment's end", "clts", 0, 0xFFFE
case "cpuid at the segment's end", "cpuid", 0, 0xFFFE
case "in at the segment's end", "in al, 0xED", 0, 0xFFFE
case "clts beyond the segment's end", "clts", 0, 0xFFFF
case "jmp near beyond FFFFh", "jmp 1f; 1:", 0, 0xFFFE
cases_end
.code64
"#,
    options(raw)
);
