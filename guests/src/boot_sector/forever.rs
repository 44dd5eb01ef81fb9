//! `forever`: an endless loop with interrupts off, from which nothing but a timeout gets back.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
    mov si, offset forever_text
    call boot_print
    cli
forever_loop:
    jmp forever_loop
forever_text:
    .asciz "Looping with interrupts off\r\n"
end_of_sector
.code64
"#,
    options(raw)
);
