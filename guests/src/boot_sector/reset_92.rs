//! `reset-92`: ends by bit 0 of system control port A.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
    mov si, offset reset_text
    call boot_print
.set SYSTEM_CONTROL_A, 0x92
.set FAST_RESET, 1 << 0
    in al, SYSTEM_CONTROL_A
    or al, FAST_RESET
    out SYSTEM_CONTROL_A, al
reset_end:
    jmp reset_end
reset_text:
    .asciz "Resetting\r\n"
end_of_sector
.code64
"#,
    options(raw)
);
