//! `exercise-int17`: the printer services.
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
title "printer"
call_bios 0x17, ax=0x0100
call_bios 0x17, ax=0x0200
call_bios 0x17, ax=0x0041
call_bios 0x17, ax=0x0200, dx=1
call_bios 0x17, ax=0x0200, dx=3
call_bios 0x17, ax=0x0300
dump 0x40, 8, 6
exercises_end
.code64
"#,
    options(raw)
);
