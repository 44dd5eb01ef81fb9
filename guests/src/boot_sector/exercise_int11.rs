//! `exercise-int11`: what the BIOS says of the machine in INT 11h and 12h, the data area and the ROM.
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
title "equipment"
call_bios 0x11
call_bios 0x12
title "data area"
dump 0x40, 0x00, 22
dump 0x40, 0x17, 8
dump 0x40, 0x3E, 2
dump 0x40, 0x41, 1
dump 0x40, 0x71, 10
dump 0x40, 0x78, 12
dump 0x40, 0x8B, 6
dump 0x40, 0x96, 2
title "extended data area"
dump 0x9FC0, 0, 48
title "ROM"
dump 0xFFFF, 0, 15
dump 0xC000, 0, 2
dump 0xC000, 0x1E, 3
dump 0xF000, 0xFF53, 1
title "vectors at the places of the first PC"
dump 0, 0x20, 8
dump 0, 0x44, 24
dump 0, 0x64, 8
dump 0, 0x100, 8
title "vectors of users"
dump 0, 0x180, 32
exercises_end
.code64
"#,
    options(raw)
);
