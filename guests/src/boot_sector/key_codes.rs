//! `key-codes`: shows what INT 16h, AH=10h gives for each key, in hexadecimal, until Esc.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
    mov si, offset key_codes_text
    call boot_print
key_codes_next:
    mov ah, 0x10
    int 0x16
    cmp al, ESC
    je key_codes_end
    call boot_print_hex
    mov al, ' '
    call boot_put
    jmp key_codes_next
key_codes_end:
    int 0x19
key_codes_text:
    .asciz "Keys: "
end_of_sector
.code64
"#,
    options(raw)
);
