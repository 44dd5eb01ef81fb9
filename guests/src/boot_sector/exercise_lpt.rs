//! `exercise-lpt`: the printer port.
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
title "LPT1"
out_port 0x378, 0x5A
in_port 0x378
in_port 0x379
in_port 0x37A
out_port 0x37A, 0x1C
in_port 0x37A
out_port 0x37A, 0x0C
in_port 0x37A
title "LPT2 is not there"
in_port 0x278
in_port 0x279
exercises_end
.code64
"#,
    options(raw)
);
