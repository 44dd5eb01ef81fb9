//! `hello`: greets through INT 10h, then stops with interrupts off.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
    mov si, offset hello_text
    call boot_print
    cli
hello_end:
    hlt
    jmp hello_end
hello_text:
    .asciz "Hello from a boot sector\r\n"
end_of_sector
.code64
"#,
    options(raw)
);
