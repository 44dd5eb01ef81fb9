//! `last-byte`: runs a 32-bit instruction whose first byte is the last of the address space, of which nobody has memory, and
//! whose second is the first; the next one writes to ROM.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
.set CODE32, 0x08
.set DATA, 0x10
.set CODE16, 0x18
.set CR0_PE, 1
.set LAST, 0xFFFFFFFF
.set ROM, 0xF0000

    cli
    xor di, di
    mov si, offset last_code
    .byte 0xB9                          # mov cx, length
    .word last_code_end - last_code
    rep movsb
    lgdt [last_table]
    mov eax, cr0
    or al, CR0_PE
    mov cr0, eax
    mov bx, DATA
    mov ds, bx
    mov ss, bx
    mov esp, 0x7000
    .byte 0x66, 0xEA                    # JMP CODE32:LAST
    .long LAST
    .word CODE32

# What comes to address 0: with the byte FFh before it a PUSH EBP.
last_code:
    .byte 0xF5
    .byte 0xA2                          # mov [ROM], al
    .long ROM
    .byte 0xEA                          # JMP CODE16:last_back
    .long last_back
    .word CODE16
last_code_end:

last_back:
    mov eax, cr0
    and al, ~CR0_PE & 0xFF
    mov cr0, eax
    .byte 0xEA                          # JMP 0:last_real
    .word last_real, 0
last_real:
    xor ax, ax
    mov ds, ax
    mov ss, ax
    mov ax, sp
    call boot_print_hex
    mov si, offset last_text
    call boot_print
    cli
    hlt

last_text:
    .asciz " behind the end is the start"
    .balign 8, 0
last_descriptors:
    .quad 0
    .quad 0x00CF9A000000FFFF            # code: 32 bits, base 0, 4 GiB
    .quad 0x00CF92000000FFFF            # data: the same
    .quad 0x00009A000000FFFF            # code: 16 bits, base 0
last_table:
    .word last_table - last_descriptors - 1
    .long last_descriptors
end_of_sector
.code64
"#,
    options(raw)
);
