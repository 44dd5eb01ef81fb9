//! `unknown-service`: calls BIOS services that do not exist and prints the carry flag that each returned. A BIOS that has
//! no such service sets it; it must neither hang nor stop.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
.macro absent vector, service
    mov ax, \service
    stc
    int \vector
    mov si, offset unknown_\vector
    call show_carry
.endm

    absent 0x13, 0xEE00
    absent 0x15, 0xEE00
    absent 0x1A, 0xEE00
    mov si, offset unknown_end_text
    call boot_print
    cli
unknown_end:
    hlt
    jmp unknown_end

# Prints the text at SI and the carry flag. Changes AX, BX, SI.
show_carry:
    sbb al, al
    and al, 1
    push ax
    call boot_print
    pop ax
    add al, '0'
    call boot_put
    mov si, offset unknown_line_end
    jmp boot_print

unknown_0x13:
    .asciz "INT 13h EEh: CF="
unknown_0x15:
    .asciz "INT 15h EEh: CF="
unknown_0x1A:
    .asciz "INT 1Ah EEh: CF="
unknown_line_end:
    .asciz "\r\n"
unknown_end_text:
    .asciz "Still here\r\n"
end_of_sector
.code64
"#,
    options(raw)
);
