//! `exercise-int13-disk`: disk services of a hard disk of 20 cylinders, 16 heads and 63 sectors.
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
call_bios 0x11
call_bios 0x13, ax=0x0800, dx=0x0080
call_bios 0x13, ax=0x0800, dx=0x0081
call_bios 0x13, ax=0x1500, dx=0x0080
call_bios 0x13, ax=0x1500, dx=0x0081
dump 0x40, 0x74, 4
dump 0, 0x104, 4
dump 0, 0x118, 4
dump 0x9FC0, 0x3D, 32
in_indexed 0x70, 0x12
in_indexed 0x70, 0x19
in_indexed 0x70, 0x1B
in_indexed 0x70, 0x1C
in_indexed 0x70, 0x1D
in_indexed 0x70, 0x23
title "what needs no transfer"
call_bios 0x13, ax=0x0000, dx=0x0080
call_bios 0x13, ax=0x0100, dx=0x0080
call_bios 0x13, ax=0x0900, dx=0x0080
call_bios 0x13, ax=0x0C00, dx=0x0080
call_bios 0x13, ax=0x0D00, dx=0x0080
call_bios 0x13, ax=0x0E00, dx=0x0080
call_bios 0x13, ax=0x0F00, dx=0x0080
call_bios 0x13, ax=0x1000, dx=0x0080
call_bios 0x13, ax=0x1100, dx=0x0080
call_bios 0x13, ax=0x1200, dx=0x0080
call_bios 0x13, ax=0x1300, dx=0x0080
call_bios 0x13, ax=0x1400, dx=0x0080
call_bios 0x13, ax=0x1600, dx=0x0080
call_bios 0x13, ax=0x1700, dx=0x0080
call_bios 0x13, ax=0x1800, dx=0x0080
call_bios 0x13, ax=0x1900, dx=0x0080
call_bios 0x13, ax=0x0600, dx=0x0080
call_bios 0x13, ax=0x0700, dx=0x0080
call_bios 0x13, ax=0x0A00, dx=0x0080
call_bios 0x13, ax=0x0B00, dx=0x0080
call_bios 0x13, ax=0x0500, dx=0x0080
title "read"
call_bios 0x13, ax=0x0201, cx=0x0001, dx=0x0080, es=EXERCISE_BUFFER_SEGMENT
dump EXERCISE_BUFFER_SEGMENT, 510, 2
call_bios 0x13, ax=0x0280, cx=0x0001, dx=0x0080, es=EXERCISE_BUFFER_SEGMENT
call_bios 0x13, ax=0x0281, cx=0x0001, dx=0x0080, es=EXERCISE_BUFFER_SEGMENT
call_bios 0x13, ax=0x0201, cx=0x0000, dx=0x0080, es=EXERCISE_BUFFER_SEGMENT
call_bios 0x13, ax=0x0100, dx=0x0080
call_bios 0x13, ax=0x0201, cx=0x1301, dx=0x0080, es=EXERCISE_BUFFER_SEGMENT
call_bios 0x13, ax=0x0201, cx=0x1401, dx=0x0080, es=EXERCISE_BUFFER_SEGMENT
call_bios 0x13, ax=0x0201, cx=0x0001, dx=0x1080, es=EXERCISE_BUFFER_SEGMENT
call_bios 0x13, ax=0x0202, cx=0x133F, dx=0x0F80, es=EXERCISE_BUFFER_SEGMENT
call_bios 0x13, ax=0x0201, cx=0x0001, dx=0x0080, bx=0xFF00, es=EXERCISE_BUFFER_SEGMENT
call_bios 0x13, ax=0x0201, cx=0x0001, dx=0x0081, es=EXERCISE_BUFFER_SEGMENT
title "write and verify"
poke EXERCISE_BUFFER_SEGMENT, 0, 0x3412
call_bios 0x13, ax=0x0301, cx=0x0005, dx=0x0180, es=EXERCISE_BUFFER_SEGMENT
poke EXERCISE_BUFFER_SEGMENT, 0, 0
call_bios 0x13, ax=0x0401, cx=0x0005, dx=0x0180, es=EXERCISE_BUFFER_SEGMENT
call_bios 0x13, ax=0x0201, cx=0x0005, dx=0x0180, es=EXERCISE_BUFFER_SEGMENT
dump EXERCISE_BUFFER_SEGMENT, 0, 2
call_bios 0x13, ax=0x0401, cx=0x1401, dx=0x0080, es=EXERCISE_BUFFER_SEGMENT
title "extensions"
call_bios 0x13, ax=0x4100, bx=0x55AA, dx=0x0080
call_bios 0x13, ax=0x4100, bx=0x55AB, dx=0x0080
call_bios 0x13, ax=0x4100, bx=0x55AA, dx=0x0081
run_code disk_packet
call_bios 0x13, ax=0x4200, dx=0x0080, ds=EXERCISE_BUFFER_SEGMENT, si=0x800
dump EXERCISE_BUFFER_SEGMENT, 0x800, 16
call_bios 0x13, ax=0x4300, dx=0x0080, ds=EXERCISE_BUFFER_SEGMENT, si=0x800
call_bios 0x13, ax=0x4302, dx=0x0080, ds=EXERCISE_BUFFER_SEGMENT, si=0x800
call_bios 0x13, ax=0x4400, dx=0x0080, ds=EXERCISE_BUFFER_SEGMENT, si=0x800
call_bios 0x13, ax=0x4700, dx=0x0080, ds=EXERCISE_BUFFER_SEGMENT, si=0x800
poke EXERCISE_BUFFER_SEGMENT, 0x808, 0x4EBF
call_bios 0x13, ax=0x4200, dx=0x0080, ds=EXERCISE_BUFFER_SEGMENT, si=0x800
dump EXERCISE_BUFFER_SEGMENT, 0x800, 16
poke EXERCISE_BUFFER_SEGMENT, 0x802, 1
poke EXERCISE_BUFFER_SEGMENT, 0x808, 0x4EC0
call_bios 0x13, ax=0x4200, dx=0x0080, ds=EXERCISE_BUFFER_SEGMENT, si=0x800
dump EXERCISE_BUFFER_SEGMENT, 0x800, 16
poke EXERCISE_BUFFER_SEGMENT, 0x808, 0
poke EXERCISE_BUFFER_SEGMENT, 0x80C, 1
call_bios 0x13, ax=0x4200, dx=0x0080, ds=EXERCISE_BUFFER_SEGMENT, si=0x800
poke EXERCISE_BUFFER_SEGMENT, 0x80C, 0
poke EXERCISE_BUFFER_SEGMENT, 0x802, 0x80
call_bios 0x13, ax=0x4200, dx=0x0080, ds=EXERCISE_BUFFER_SEGMENT, si=0x800
poke EXERCISE_BUFFER_SEGMENT, 0x800, 0x000F
call_bios 0x13, ax=0x4200, dx=0x0080, ds=EXERCISE_BUFFER_SEGMENT, si=0x800
title "extended parameters"
poke EXERCISE_BUFFER_SEGMENT, 0x900, 0x19
call_bios 0x13, ax=0x4800, dx=0x0080, ds=EXERCISE_BUFFER_SEGMENT, si=0x900
dump EXERCISE_BUFFER_SEGMENT, 0x900, 26
poke EXERCISE_BUFFER_SEGMENT, 0x900, 0x1A
call_bios 0x13, ax=0x4800, dx=0x0080, ds=EXERCISE_BUFFER_SEGMENT, si=0x900
dump EXERCISE_BUFFER_SEGMENT, 0x900, 26
poke EXERCISE_BUFFER_SEGMENT, 0x900, 0x1E
call_bios 0x13, ax=0x4800, dx=0x0080, ds=EXERCISE_BUFFER_SEGMENT, si=0x900
dump EXERCISE_BUFFER_SEGMENT, 0x900, 26
poke EXERCISE_BUFFER_SEGMENT, 0x900, 0x42
call_bios 0x13, ax=0x4800, dx=0x0080, ds=EXERCISE_BUFFER_SEGMENT, si=0x900
dump EXERCISE_BUFFER_SEGMENT, 0x900, 26
call_bios 0x13, ax=0x4500, dx=0x0080, ds=EXERCISE_BUFFER_SEGMENT, si=0x900
call_bios 0x13, ax=0x4501, dx=0x0080, ds=EXERCISE_BUFFER_SEGMENT, si=0x900
call_bios 0x13, ax=0x4502, dx=0x0080, ds=EXERCISE_BUFFER_SEGMENT, si=0x900
call_bios 0x13, ax=0x4600, dx=0x0080, ds=EXERCISE_BUFFER_SEGMENT, si=0x900
call_bios 0x13, ax=0x4900, dx=0x0080, ds=EXERCISE_BUFFER_SEGMENT, si=0x900
call_bios 0x13, ax=0x4E00, dx=0x0080, ds=EXERCISE_BUFFER_SEGMENT, si=0x900
call_bios 0x13, ax=0x4E03, dx=0x0080, ds=EXERCISE_BUFFER_SEGMENT, si=0x900
call_bios 0x13, ax=0x5000, dx=0x0080, ds=EXERCISE_BUFFER_SEGMENT, si=0x900
.byte 14
# A packet at 20800h: two sectors from the first on, to 20A00h.
disk_packet:
    push es
    mov ax, EXERCISE_BUFFER_SEGMENT
    mov es, ax
    mov word ptr es:[0x800], 0x10
    mov word ptr es:[0x802], 2
    mov word ptr es:[0x804], 0xA00
    mov word ptr es:[0x806], ax
    mov dword ptr es:[0x808], 0
    mov dword ptr es:[0x80C], 0
    pop es
    ret
exercises_end
.code64
"#,
    options(raw)
);
