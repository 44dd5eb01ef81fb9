//! `exercise-pic`: the interrupt controllers.
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
title "masks"
in_port 0x21
in_port 0xA1
out_port 0x21, 0xFF
out_port 0xA1, 0xFF
in_port 0x21
in_port 0xA1
title "request and service registers"
out_port 0x20, 0x0A
in_port 0x20, 0xFE
out_port 0x20, 0x0B
in_port 0x20
out_port 0xA0, 0x0B
in_port 0xA0
title "a timer request, polled"
run_code pic_wait_timer
out_port 0x20, 0x0A
in_port 0x20, 0x01
out_port 0x21, 0xFE
out_port 0x20, 0x0C
in_port 0x20
out_port 0x20, 0x0B
in_port 0x20
out_port 0x20, 0x60
in_port 0x20
out_port 0x21, 0xFF
out_port 0x20, 0x0C
in_port 0x20, 0x80
title "an interrupt taken"
run_code pic_take
out_port 0x20, 0x0B
in_port 0x20
title "special mask mode"
out_port 0x20, 0x68
in_port 0x21
out_port 0x20, 0x48
title "initialise"
run_code pic_init
in_port 0x21
in_port 0xA1
run_code pic_restore
in_port 0x21
.byte 14
# Until counter 0 has gone round, with interrupts off.
pic_wait_timer:
    cli
    mov cx, 2
pic_round:
    mov dx, 0xFFFF
pic_spin:
    in al, 0x61
    dec dx
    jnz pic_spin
    loop pic_round
    ret
pic_take:
    mov al, 0xFE
    out 0x21, al
    sti
    hlt
    cli
    ret
pic_init:
    mov al, 0x11
    out 0x20, al
    out 0xA0, al
    mov al, 0x08
    out 0x21, al
    mov al, 0x70
    out 0xA1, al
    mov al, 4
    out 0x21, al
    mov al, 2
    out 0xA1, al
    mov al, 1
    out 0x21, al
    out 0xA1, al
    ret
pic_restore:
    mov al, 0xB8
    out 0x21, al
    mov al, 0x8F
    out 0xA1, al
    sti
    ret
exercises_end
.code64
"#,
    options(raw)
);
