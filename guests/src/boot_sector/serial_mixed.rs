//! `serial-mixed`: sends the alphabet ten times over COM1, by OUT and by REP OUTSB in turn, in pieces that are shorter and
//! longer than what a VMM moves at once.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
.set MIXED_BUFFER, 0xA000
.set MIXED_LETTERS, 260

    call serial_open
    mov di, MIXED_BUFFER
    mov cx, MIXED_LETTERS
    mov al, 'a'
mixed_fill:
    stosb
    inc al
    cmp al, 'z'
    jbe mixed_filled
    mov al, 'a'
mixed_filled:
    loop mixed_fill

    mov dx, UART_DATA
    mov si, MIXED_BUFFER
    mov bx, offset mixed_pieces
mixed_next:
    lodsb
    out dx, al
    movzx cx, byte ptr [bx]
    inc bx
    jcxz mixed_end
    rep outsb
    jmp mixed_next
mixed_end:
    cli
    hlt
    jmp mixed_end
mixed_pieces:
    .byte 1, 2, 130, 64, 1, 55, 0
"#,
    include_str!("../asm/serial.s"),
    r#"
end_of_sector
.code64
"#,
    options(raw)
);
