//! `exercise-int13`: disk services of a 1.44-MB floppy, and of a drive that is not there.
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
title "parameters"
call_bios 0x13, ax=0x0800
call_bios 0x13, ax=0x0800, dx=0x0001
call_bios 0x13, ax=0x0800, dx=0x0080
call_bios 0x13, ax=0x1500
call_bios 0x13, ax=0x1500, dx=0x0001
call_bios 0x13, ax=0x1500, dx=0x0080
title "reset and status"
call_bios 0x13, ax=0x0000
call_bios 0x13, ax=0x0100
call_bios 0x13, ax=0x0000, dx=0x0080
call_bios 0x13, ax=0x0100, dx=0x0080
title "read"
call_bios 0x13, ax=0x0201, cx=0x0001, es=EXERCISE_BUFFER_SEGMENT
dump EXERCISE_BUFFER_SEGMENT, 510, 2
call_bios 0x13, ax=0x0212, cx=0x0001, dx=0x0100, es=EXERCISE_BUFFER_SEGMENT
call_bios 0x13, ax=0x0202, cx=0x0012, es=EXERCISE_BUFFER_SEGMENT
call_bios 0x13, ax=0x0201, cx=0x0013, es=EXERCISE_BUFFER_SEGMENT
call_bios 0x13, ax=0x0100
call_bios 0x13, ax=0x0201, cx=0x0000, es=EXERCISE_BUFFER_SEGMENT
call_bios 0x13, ax=0x0200, cx=0x0001, es=EXERCISE_BUFFER_SEGMENT
call_bios 0x13, ax=0x0201, cx=0x0001, dx=0x0200, es=EXERCISE_BUFFER_SEGMENT
call_bios 0x13, ax=0x0201, cx=0x0001, dx=0x0001, es=EXERCISE_BUFFER_SEGMENT
call_bios 0x13, ax=0x0201, cx=0x0001, dx=0x0080, es=EXERCISE_BUFFER_SEGMENT
call_bios 0x13, ax=0x0201, cx=0x0001, bx=0xFF00, es=EXERCISE_BUFFER_SEGMENT
call_bios 0x13, ax=0x0201, cx=0x0001, bx=0xFE00, es=EXERCISE_BUFFER_SEGMENT
title "the motor runs for some ticks more"
dump 0x40, 0x3F, 2
in_port 0x3F2, 0xF0
poke 0x40, 0x40, 0x0002
run_code int13_wait
dump 0x40, 0x3F, 2
in_port 0x3F2, 0xF0
title "write and verify"
poke EXERCISE_BUFFER_SEGMENT, 0, 0x3412
poke EXERCISE_BUFFER_SEGMENT, 510, 0x7856
call_bios 0x13, ax=0x0301, cx=0x4005, dx=0x0100, es=EXERCISE_BUFFER_SEGMENT
poke EXERCISE_BUFFER_SEGMENT, 0, 0
poke EXERCISE_BUFFER_SEGMENT, 510, 0
call_bios 0x13, ax=0x0201, cx=0x4005, dx=0x0100, es=EXERCISE_BUFFER_SEGMENT
dump EXERCISE_BUFFER_SEGMENT, 0, 2
dump EXERCISE_BUFFER_SEGMENT, 510, 2
call_bios 0x13, ax=0x0401, cx=0x4005, dx=0x0100, es=EXERCISE_BUFFER_SEGMENT
call_bios 0x13, ax=0x0412, cx=0x4001, dx=0x0100, es=EXERCISE_BUFFER_SEGMENT
title "format"
run_code int13_table
call_bios 0x13, ax=0x0512, cx=0x4000, dx=0x0100, es=EXERCISE_BUFFER_SEGMENT
call_bios 0x13, ax=0x0201, cx=0x4005, dx=0x0100, bx=0x400, es=EXERCISE_BUFFER_SEGMENT
dump EXERCISE_BUFFER_SEGMENT, 0x400, 4
title "format types and the change line"
call_bios 0x13, ax=0x1600
call_bios 0x13, ax=0x1600, dx=0x0001
call_bios 0x13, ax=0x1704
call_bios 0x13, ax=0x1703, dx=0x0001
call_bios 0x13, ax=0x1800, cx=0x4F12
call_bios 0x13, ax=0x1800, cx=0x4F0F
title "services of hard disks, on a floppy"
call_bios 0x13, ax=0x0900
call_bios 0x13, ax=0x0C00
call_bios 0x13, ax=0x0D00
call_bios 0x13, ax=0x1000
call_bios 0x13, ax=0x1100
call_bios 0x13, ax=0x1400
call_bios 0x13, ax=0x4100, bx=0x55AA
call_bios 0x13, ax=0x4200, ds=EXERCISE_BUFFER_SEGMENT
call_bios 0x13, ax=0x4800, ds=EXERCISE_BUFFER_SEGMENT
title "services of hard disks, without one"
call_bios 0x13, ax=0x0C00, dx=0x0080
call_bios 0x13, ax=0x0D00, dx=0x0080
call_bios 0x13, ax=0x1000, dx=0x0080
call_bios 0x13, ax=0x1100, dx=0x0080
call_bios 0x13, ax=0x4100, bx=0x55AA, dx=0x0080
call_bios 0x13, ax=0x4800, dx=0x0080, ds=EXERCISE_BUFFER_SEGMENT
title "what nobody has"
call_bios 0x13, ax=0x0600
call_bios 0x13, ax=0x1A00
call_bios 0x13, ax=0x7F00
call_bios 0x13, ax=0x0200, dx=0x0090
dump 0x40, 0x41, 1
dump 0, 0x78, 4
dump 0xF000, 0xEFDE, 11
dump 0xF000, 0xEFC7, 11
dump 0x40, 0x74, 2
.byte 14
# Waits for three ticks. INT 8 has changed 40:41 no more than the poke has.
int13_wait:
    sti
    mov cx, 3
int13_tick:
    mov ax, [0x46C]
int13_same:
    cmp ax, [0x46C]
    je int13_same
    loop int13_tick
    ret
# A format table for a track: cylinder 64, head 1, sectors 1 to 18 of 512 bytes.
int13_table:
    push es
    mov ax, EXERCISE_BUFFER_SEGMENT
    mov es, ax
    xor di, di
    mov cx, 18
    mov dl, 1
int13_sector:
    mov ax, 0x0140
    stosw
    mov al, dl
    mov ah, 2
    stosw
    inc dl
    loop int13_sector
    pop es
    ret
exercises_end
.code64
"#,
    options(raw)
);
