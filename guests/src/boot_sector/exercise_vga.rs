//! `exercise-vga`: the registers of the VGA in mode 3.
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
call_bios 0x10, ax=0x0003
title "CRT controller"
in_indexed 0x3D4, 0
in_indexed 0x3D4, 1
in_indexed 0x3D4, 2
in_indexed 0x3D4, 3
in_indexed 0x3D4, 4
in_indexed 0x3D4, 5
in_indexed 0x3D4, 6
in_indexed 0x3D4, 7
in_indexed 0x3D4, 8
in_indexed 0x3D4, 9
in_indexed 0x3D4, 10
in_indexed 0x3D4, 11
in_indexed 0x3D4, 12
in_indexed 0x3D4, 13
in_indexed 0x3D4, 14
in_indexed 0x3D4, 15
in_indexed 0x3D4, 16
in_indexed 0x3D4, 17
in_indexed 0x3D4, 18
in_indexed 0x3D4, 19
in_indexed 0x3D4, 20
in_indexed 0x3D4, 21
in_indexed 0x3D4, 22
in_indexed 0x3D4, 23
in_indexed 0x3D4, 24
in_port 0x3D4
title "sequencer"
in_indexed 0x3C4, 0
in_indexed 0x3C4, 1
in_indexed 0x3C4, 2
in_indexed 0x3C4, 3
in_indexed 0x3C4, 4
title "graphics controller"
in_indexed 0x3CE, 0
in_indexed 0x3CE, 1
in_indexed 0x3CE, 2
in_indexed 0x3CE, 3
in_indexed 0x3CE, 4
in_indexed 0x3CE, 5
in_indexed 0x3CE, 6
in_indexed 0x3CE, 7
in_indexed 0x3CE, 8
title "attribute controller"
in_port 0x3DA, 0
out_port 0x3C0, 0
in_port 0x3C1
in_port 0x3DA, 0
out_port 0x3C0, 1
in_port 0x3C1
in_port 0x3DA, 0
out_port 0x3C0, 2
in_port 0x3C1
in_port 0x3DA, 0
out_port 0x3C0, 3
in_port 0x3C1
in_port 0x3DA, 0
out_port 0x3C0, 4
in_port 0x3C1
in_port 0x3DA, 0
out_port 0x3C0, 5
in_port 0x3C1
in_port 0x3DA, 0
out_port 0x3C0, 6
in_port 0x3C1
in_port 0x3DA, 0
out_port 0x3C0, 7
in_port 0x3C1
in_port 0x3DA, 0
out_port 0x3C0, 8
in_port 0x3C1
in_port 0x3DA, 0
out_port 0x3C0, 9
in_port 0x3C1
in_port 0x3DA, 0
out_port 0x3C0, 10
in_port 0x3C1
in_port 0x3DA, 0
out_port 0x3C0, 11
in_port 0x3C1
in_port 0x3DA, 0
out_port 0x3C0, 12
in_port 0x3C1
in_port 0x3DA, 0
out_port 0x3C0, 13
in_port 0x3C1
in_port 0x3DA, 0
out_port 0x3C0, 14
in_port 0x3C1
in_port 0x3DA, 0
out_port 0x3C0, 15
in_port 0x3C1
in_port 0x3DA, 0
out_port 0x3C0, 16
in_port 0x3C1
in_port 0x3DA, 0
out_port 0x3C0, 17
in_port 0x3C1
in_port 0x3DA, 0
out_port 0x3C0, 18
in_port 0x3C1
in_port 0x3DA, 0
out_port 0x3C0, 19
in_port 0x3C1
in_port 0x3DA, 0
out_port 0x3C0, 20
in_port 0x3C1
in_port 0x3DA, 0
out_port 0x3C0, 0x20
in_port 0x3C0
title "others"
in_port 0x3CC
in_port 0x3C2, 0x6F
in_port 0x3CA
in_port 0x3C6
in_port 0x3DA, 0xC6
title "DAC"
out_port 0x3C8, 0x40
out_port 0x3C9, 0x11
out_port 0x3C9, 0x22
out_port 0x3C9, 0xFF
in_port 0x3C8
out_port 0x3C7, 0x40
in_port 0x3C7
in_port 0x3C9
in_port 0x3C9
in_port 0x3C9
out_port 0x3C8, 0x00
in_port 0x3C7
title "the protected registers"
out_port 0x3D4, 0x01
out_port 0x3D5, 0x27
in_port 0x3D5
out_port 0x3D4, 0x0C
out_port 0x3D5, 0x08
in_port 0x3D5
out_port 0x3D5, 0x00
title "the other address"
in_port 0x3B4
in_port 0x3B5
in_port 0x3BA
title "retrace and display"
run_code vga_retrace
.byte 14
# Waits for a change of both bits of the input status.
vga_retrace:
    mov dx, 0x3DA
vga_on:
    in al, dx
    test al, 8
    jz vga_on
vga_off:
    in al, dx
    test al, 8
    jnz vga_off
vga_blank:
    in al, dx
    test al, 1
    jz vga_blank
    mov al, '+'
    jmp exercise_put
exercises_end
.code64
"#,
    options(raw)
);
