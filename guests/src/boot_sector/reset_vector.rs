//! `reset-vector`: ends by a jump to the reset vector, FFFF:0.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
    mov si, offset reset_text
    call boot_print
    .byte 0xEA                          # JMP FFFF:0
    .word 0, 0xFFFF
reset_text:
    .asciz "Resetting\r\n"
end_of_sector
.code64
"#,
    options(raw)
);
