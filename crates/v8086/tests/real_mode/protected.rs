//! The way into protected mode, which ends at its first step.

use v8086::{FarPointer, ModeSwitch, Outcome};

use crate::fake::{Row, check, same};

const fn entering(by: ModeSwitch, cr0: u32) -> Outcome {
    Outcome::EnterProtectedMode { at: FarPointer::new(0x1000, 0x100), by, cr0 }
}

#[test]
fn setting_pe_is_reported_and_changes_nothing() {
    check(&[
        Row {
            name: "mov cr0,eax",
            code: &[0x0F, 0x22, 0xC0],
            before: |w| w.cpu.general.rax = 0x11,
            after: same,
            outcome: entering(ModeSwitch::MovCr0, 0x11),
        },
        Row {
            name: "o32 mov cr0,ebp with paging",
            code: &[0x66, 0x0F, 0x22, 0xC5],
            before: |w| w.cpu.general.rbp = 0x8000_0001,
            after: same,
            outcome: entering(ModeSwitch::MovCr0, 0x8000_0011),
        },
        Row {
            name: "lmsw bx",
            code: &[0x0F, 0x01, 0xF3],
            before: |w| w.cpu.general.rbx = 0xFFF1,
            after: same,
            outcome: entering(ModeSwitch::Lmsw, 0x11),
        },
        Row {
            name: "lmsw [20h], stepped",
            code: &[0x0F, 0x01, 0x36, 0x20, 0x00],
            before: |w| {
                w.cpu.eflags |= 0x100;
                w.data(0x20, &[0x03, 0x00]);
            },
            after: same,
            outcome: entering(ModeSwitch::Lmsw, 0x13),
        },
    ]);
    assert_eq!(ModeSwitch::MovCr0.text(), "MOV CR0, r32");
    assert_eq!(ModeSwitch::Lmsw.text(), "LMSW r/m16");
}
