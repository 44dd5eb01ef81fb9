//! `reset-8042`: ends by the keyboard controller's pulse of the reset line.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
    mov si, offset reset_text
    call boot_print
.set KEYBOARD_STATUS, 0x64
.set KEYBOARD_COMMAND, 0x64
.set KEYBOARD_INPUT_FULL, 1 << 1
.set KEYBOARD_PULSE_RESET, 0xFE
reset_wait:
    in al, KEYBOARD_STATUS
    test al, KEYBOARD_INPUT_FULL
    jnz reset_wait
    mov al, KEYBOARD_PULSE_RESET
    out KEYBOARD_COMMAND, al
reset_end:
    jmp reset_end
reset_text:
    .asciz "Resetting\r\n"
end_of_sector
.code64
"#,
    options(raw)
);
