//! `echo`: prints what is typed (INT 16h) until Esc, then asks for another boot (INT 19h).
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
    mov si, offset echo_text
    call boot_print
echo_key:
    xor ah, ah
    int 0x16
    cmp al, ESC
    je echo_end
    push ax
    call boot_put
    pop ax
    cmp al, CR
    jne echo_key
    mov al, LF
    call boot_put
    jmp echo_key
echo_end:
    mov si, offset echo_bye
    call boot_print
    int 0x19
echo_stop:
    jmp echo_stop
echo_text:
    .asciz "Type, Esc ends\r\n"
echo_bye:
    .asciz "\r\nBye\r\n"
end_of_sector
.code64
"#,
    options(raw)
);
