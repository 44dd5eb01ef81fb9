//! `fault-loop`: an instruction that no processor has, and nobody who handles the exception.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
    mov si, offset fault_loop_text
    call boot_print
    ud2
fault_loop_text:
    .asciz "Before the fault\r\n"
end_of_sector
.code64
"#,
    options(raw)
);
