//! `exercise-int13-protected`: disk services of a floppy that is write-protected.
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
title "a write-protected floppy"
call_bios 0x13, ax=0x0201, cx=0x0001, es=EXERCISE_BUFFER_SEGMENT
call_bios 0x13, ax=0x0301, cx=0x4005, dx=0x0100, es=EXERCISE_BUFFER_SEGMENT
call_bios 0x13, ax=0x0100
call_bios 0x13, ax=0x0401, cx=0x4005, dx=0x0100, es=EXERCISE_BUFFER_SEGMENT
call_bios 0x13, ax=0x1500
dump 0x40, 0x41, 1
exercises_end
.code64
"#,
    options(raw)
);
