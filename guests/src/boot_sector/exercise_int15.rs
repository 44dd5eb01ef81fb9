//! `exercise-int15`: the system services.
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
title "A20"
call_bios 0x15, ax=0x2402
call_bios 0x15, ax=0x2403
call_bios 0x15, ax=0x2400
in_port 0x92, 0x02
call_bios 0x15, ax=0x2402
call_bios 0x15, ax=0x2401
in_port 0x92, 0x02
call_bios 0x15, ax=0x2404
title "keyboard intercept"
call_bios 0x15, ax=0x4F1E
title "memory"
call_bios 0x15, ax=0x8800, hide=HIDE_AX
call_bios 0x15, ax=0xE801, hide=HIDE_AX|HIDE_BX|HIDE_CX|HIDE_DX
title "block move"
run_code int15_table
call_bios 0x15, ax=0x8700, cx=4, es=EXERCISE_BUFFER_SEGMENT
dump EXERCISE_BUFFER_SEGMENT, 0x120, 10
call_bios 0x15, ax=0x2400
run_code int15_table_up
call_bios 0x15, ax=0x8700, cx=4, es=EXERCISE_BUFFER_SEGMENT
run_code int15_table_down
call_bios 0x15, ax=0x8700, cx=5, es=EXERCISE_BUFFER_SEGMENT
dump EXERCISE_BUFFER_SEGMENT, 0x140, 10
call_bios 0x15, ax=0x2402
call_bios 0x15, ax=0x2401
title "waits"
call_bios 0x15, ax=0x8600, cx=0, dx=2000
call_bios 0x15, ax=0x8300, cx=2, dx=0, es=EXERCISE_BUFFER_SEGMENT, bx=0x200
call_bios 0x15, ax=0x8300, cx=2, dx=0, es=EXERCISE_BUFFER_SEGMENT, bx=0x200
call_bios 0x15, ax=0x8600, cx=0, dx=100
run_code int15_wait
dump EXERCISE_BUFFER_SEGMENT, 0x200, 1
dump 0x40, 0xA0, 1
call_bios 0x15, ax=0x8300, cx=0x000F, dx=0, es=EXERCISE_BUFFER_SEGMENT, bx=0x201
call_bios 0x15, ax=0x8301
dump EXERCISE_BUFFER_SEGMENT, 0x201, 1
dump 0x40, 0xA0, 1
title "hooks of operating systems"
call_bios 0x15, ax=0x8000
call_bios 0x15, ax=0x8100
call_bios 0x15, ax=0x8200
call_bios 0x15, ax=0x8500
call_bios 0x15, ax=0x9000
call_bios 0x15, ax=0x9100
title "joystick"
call_bios 0x15, ax=0x8400, dx=0
call_bios 0x15, ax=0x8400, dx=1
title "configuration"
call_bios 0x15, ax=0xC000, hide=HIDE_BX|HIDE_ES
dump 0xF000, 0xE6F5, 10
call_bios 0x15, ax=0xC100
title "pointing device"
call_bios 0x15, ax=0xC205, bx=0x0300
call_bios 0x15, ax=0xC200, bx=0x0100
call_bios 0x15, ax=0xC201
call_bios 0x15, ax=0xC202, bx=0x0200
call_bios 0x15, ax=0xC203, bx=0x0300
call_bios 0x15, ax=0xC204
call_bios 0x15, ax=0xC206
call_bios 0x15, ax=0xC206, bx=0x0100
call_bios 0x15, ax=0xC207, es=0xF000, bx=0xFF53
call_bios 0x15, ax=0xC200
call_bios 0x15, ax=0xC208
title "power management"
call_bios 0x15, ax=0x5300
call_bios 0x15, ax=0x5301
call_bios 0x15, ax=0x530E, cx=0x0102
call_bios 0x15, ax=0x530B
call_bios 0x15, ax=0x5304
title "what nobody has"
call_bios 0x15, ax=0x0000
call_bios 0x15, ax=0x4100
call_bios 0x15, ax=0xC300
call_bios 0x15, ax=0xE8FF
call_bios 0x15, ax=0xFE00
.byte 14
# The descriptors of a block move: 20100h to 20120h.
int15_table:
    push es
    mov ax, EXERCISE_BUFFER_SEGMENT
    mov es, ax
    xor di, di
    mov cx, 0x100
    xor ax, ax
    rep stosw
    mov word ptr es:[0x10], 0xFFFF
    mov word ptr es:[0x12], 0x0100
    mov word ptr es:[0x14], 0x9302
    mov word ptr es:[0x18], 0xFFFF
    mov word ptr es:[0x1A], 0x0120
    mov word ptr es:[0x1C], 0x9302
    mov dword ptr es:[0x100], 0x44332211
    mov dword ptr es:[0x104], 0x88776655
    pop es
    ret
# From 20100h to 108200h, which A20 hides, and back to 20140h.
int15_table_up:
    push es
    mov ax, EXERCISE_BUFFER_SEGMENT
    mov es, ax
    mov word ptr es:[0x1A], 0x8200
    mov word ptr es:[0x1C], 0x9310
    pop es
    ret
int15_table_down:
    push es
    mov ax, EXERCISE_BUFFER_SEGMENT
    mov es, ax
    mov word ptr es:[0x12], 0x8200
    mov word ptr es:[0x14], 0x9310
    mov word ptr es:[0x1A], 0x0140
    mov word ptr es:[0x1C], 0x9302
    pop es
    ret
# Waits until four ticks have begun.
int15_wait:
    mov cx, 4
int15_tick:
    mov ax, [0x46C]
int15_same:
    hlt
    cmp ax, [0x46C]
    je int15_same
    loop int15_tick
    ret
exercises_end
.code64
"#,
    options(raw)
);
