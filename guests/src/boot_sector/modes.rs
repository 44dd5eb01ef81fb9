//! `modes`: text in 40 columns and in colours, then in 50 lines, then without a cursor; a key goes on.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
    mov ax, 0x0001              /* 40 columns */
    int 0x10
    mov ax, 0xB800
    mov es, ax
    mov word ptr es:[2 * 39], 0x1E00 + 'X'      /* yellow on blue, in the last column */
    mov si, offset modes_forty
    call boot_print
    xor ah, ah
    int 0x16
    mov ax, 0x0003
    int 0x10
    mov ax, 0x1112              /* the 8 x 8 font: 50 lines */
    xor bl, bl
    int 0x10
    mov ah, 2                   /* the last line */
    xor bh, bh
    mov dx, 0x3100
    int 0x10
    mov si, offset modes_fifty
    call boot_print
    mov ah, 1                   /* a cursor that fills its cell */
    mov cx, 0x0007
    int 0x10
    xor ah, ah
    int 0x16
    mov ah, 1                   /* and none */
    mov cx, 0x2000
    int 0x10
    mov si, offset modes_hidden
    call boot_print
modes_stop:
    hlt
    jmp modes_stop
modes_forty:
    .asciz "forty columns"
modes_fifty:
    .asciz "line fifty"
modes_hidden:
    .asciz ", no cursor"
end_of_sector
.code64
"#,
    options(raw)
);
