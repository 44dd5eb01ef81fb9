//! `exercise-system`: ports 61h and 92h, the DMA controllers, the floppy controller, and ports that nobody has.
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
title "port 61h"
in_port 0x61, 0x0F
out_port 0x61, 0x02
in_port 0x61, 0x0F
out_port 0x61, 0x00
title "port 92h"
in_port 0x92
out_port 0x92, 0x00
in_port 0x92
run_code system_a20
out_port 0x92, 0x02
in_port 0x92
run_code system_a20
title "DMA page registers"
out_port 0x81, 0x12
in_port 0x81
out_port 0x87, 0x34
in_port 0x87
out_port 0x8B, 0x56
in_port 0x8B
out_port 0x84, 0x78
in_port 0x84
title "DMA counters"
out_port 0x0C, 0x00
out_port 0x04, 0x34
out_port 0x04, 0x12
out_port 0x05, 0xFF
out_port 0x05, 0x01
out_port 0x0C, 0x00
in_port 0x04
in_port 0x04
in_port 0x05
in_port 0x05
out_port 0xD8, 0x00
out_port 0xCC, 0x78
out_port 0xCC, 0x56
out_port 0xD8, 0x00
in_port 0xCC
in_port 0xCC
in_port 0x08, 0xF0
in_port 0xD0, 0xF0
title "floppy controller"
in_port 0x3F2, 0
in_port 0x3F4
title "nobody"
in_port 0x2F0
in_port 0x300
in_port 0x330
in_port 0x1000
in_port 0xE8
in_port 0x201
.byte 14
# Shows whether a write at FFFF:0510 arrives at 0:0500.
system_a20:
    mov ax, 0xFFFF
    mov es, ax
    mov byte ptr [0x500], 0x11
    mov byte ptr es:[0x510], 0x22
    mov al, [0x500]
    xor bx, bx
    mov es, bx
    call exercise_hex_byte
    jmp exercise_line_end
exercises_end
.code64
"#,
    options(raw)
);
