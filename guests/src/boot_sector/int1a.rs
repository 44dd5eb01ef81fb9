//! `int1a`: waits by INT 1Ah, prints a dot for each of 18 ticks, and then stops.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
.set CLOCK_READ_TICKS, 0
.set TICKS_WANTED, 18

    mov si, offset clock_text
    call boot_print
    mov di, TICKS_WANTED
    call clock_ticks
    mov bp, dx
clock_wait:
    call clock_ticks
    cmp dx, bp
    je clock_wait
    mov bp, dx
    mov al, '.'
    call boot_put
    dec di
    jnz clock_wait
    mov si, offset clock_end_text
    call boot_print
    cli
clock_end:
    hlt
    jmp clock_end

# CX:DX = ticks since midnight. Changes AX.
clock_ticks:
    mov ah, CLOCK_READ_TICKS
    int 0x1A
    ret

clock_text:
    .asciz "Waiting "
clock_end_text:
    .asciz " 18 ticks\r\n"
end_of_sector
.code64
"#,
    options(raw)
);
