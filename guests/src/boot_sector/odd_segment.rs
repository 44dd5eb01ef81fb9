//! `odd-segment`: goes to protected mode and back from a segment whose number would be a selector of privilege level 3.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
.set ODD_SEGMENT, 3
.set CODE_SELECTOR, 0x08
.set CR0_PE, 1 << 0

    .byte 0xEA                          # JMP ODD_SEGMENT:odd_start
    .word odd_start - 16 * ODD_SEGMENT, ODD_SEGMENT
odd_start:
    cli
    lgdt [odd_table]
    mov eax, cr0
    or al, CR0_PE
    mov cr0, eax
    .byte 0xEA                          # JMP CODE_SELECTOR:odd_protected
    .word odd_protected, CODE_SELECTOR
odd_protected:
    mov bx, cs
    mov eax, cr0
    and al, ~CR0_PE & 0xFF
    mov cr0, eax
    .byte 0xEA                          # JMP 0:odd_back
    .word odd_back, 0
odd_back:
    mov ax, bx
    call boot_print_hex
    mov si, offset odd_text
    call boot_print
    cli
    hlt

odd_text:
    .asciz " was the code segment in protected mode"
    .balign 8, 0
odd_descriptors:
    .quad 0
    .quad 0x00009A000000FFFF            # code: base 0
odd_descriptors_end:
odd_table:
    .word odd_descriptors_end - odd_descriptors - 1
    .long odd_descriptors
end_of_sector
.code64
"#,
    options(raw)
);
