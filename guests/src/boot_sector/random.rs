//! `random`: noise with a signature. The 510 bytes come from a linear congruential generator with a fixed start, so that
//! every build has the same.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    r#"
.set RANDOM_START, 0x86868686
.set RANDOM_FACTOR, 1664525
.set RANDOM_STEP, 1013904223

.section .boot_sector, "awx"
boot_sector:
.set random_state, RANDOM_START
.rept 510
.set random_state, (random_state * RANDOM_FACTOR + RANDOM_STEP) & 0xFFFFFFFF
    .byte random_state >> 24
.endr
    .word 0xAA55
.code64
"#,
    options(raw)
);
