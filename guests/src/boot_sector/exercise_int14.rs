//! `exercise-int14`: the serial services, on a port without a partner that answers, and on one that is not there.
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
title "initialise"
call_bios 0x14, ax=0x00E3
out_port 0x3FB, 0x83
in_port 0x3F8
in_port 0x3F9
out_port 0x3FB, 0x03
call_bios 0x14, ax=0x001F
in_port 0x3FB
out_port 0x3FB, 0x9F
in_port 0x3F8
in_port 0x3F9
out_port 0x3FB, 0x03
call_bios 0x14, ax=0x00E3
in_port 0x3F9
title "status"
call_bios 0x14, ax=0x0300
call_bios 0x14, ax=0x0300, dx=1
title "send"
call_bios 0x14, ax=0x0155, dx=1
call_bios 0x14, ax=0x0200, dx=1
title "read without a byte"
call_bios 0x14, ax=0x0200
title "ports that are not there"
call_bios 0x14, ax=0x0300, dx=2
call_bios 0x14, ax=0x0155, dx=3
call_bios 0x14, ax=0x00E3, dx=4
title "what nobody has"
call_bios 0x14, ax=0x0600
exercises_end
.code64
"#,
    options(raw)
);
