//! `exercise-uart`: the UART of COM1, in loopback where bytes are sent.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    include_str!("../asm/exerciser.s"),
    include_str!("../asm/serial.s"),
    r#"
exercises:
title "registers"
out_port 0x3F9, 0x00
out_port 0x3FC, 0x00
in_port 0x3F9
in_port 0x3FA
in_port 0x3FB
in_port 0x3FC
out_port 0x3FF, 0xA5
in_port 0x3FF
out_port 0x3FB, 0x83
out_port 0x3F8, 0x01
out_port 0x3F9, 0x00
in_port 0x3F8
in_port 0x3F9
out_port 0x3FB, 0x03
in_port 0x3FB
out_port 0x3F9, 0xFF
in_port 0x3F9
out_port 0x3F9, 0x00
out_port 0x3FC, 0xFF
in_port 0x3FC
title "loopback: modem lines"
out_port 0x3FC, 0x10
in_port 0x3FE, 0xF0
in_port 0x3FE
out_port 0x3FC, 0x1F
in_port 0x3FE
in_port 0x3FE
out_port 0x3FC, 0x1A
in_port 0x3FE
title "loopback: a byte"
out_port 0x3FC, 0x10
run_code uart_drain
out_port 0x3F8, 0x41
run_code uart_wait
in_port 0x3FD
in_port 0x3F8
in_port 0x3FD
title "loopback: overrun"
out_port 0x3F8, 0x42
run_code uart_wait
out_port 0x3F8, 0x43
run_code uart_wait
in_port 0x3FD, 0x63
in_port 0x3FD, 0x63
in_port 0x3F8
title "FIFO"
out_port 0x3FA, 0xC7
in_port 0x3FA
out_port 0x3F8, 0x44
run_code uart_wait
out_port 0x3F8, 0x45
run_code uart_wait
in_port 0x3F8
in_port 0x3FD
in_port 0x3F8
in_port 0x3FD
out_port 0x3FA, 0x00
in_port 0x3FA
title "interrupt identification"
out_port 0x3F9, 0x02
in_port 0x3FA
in_port 0x3FA
out_port 0x3F9, 0x01
out_port 0x3F8, 0x46
run_code uart_wait
in_port 0x3FA
in_port 0x3F8
in_port 0x3FA
out_port 0x3F9, 0x00
out_port 0x3FC, 0x03
.byte 14
uart_drain:
    mov dx, 0x3FD
    in al, dx
    mov dx, 0x3F8
    in al, dx
    ret
# Waits until what was sent has come back.
uart_wait:
    mov dx, 0x3FD
    in al, dx
    test al, 0x40
    jz uart_wait
    mov cx, 0x1000
uart_settle:
    in al, 0x61
    loop uart_settle
    ret
exercises_end
.code64
"#,
    options(raw)
);
