//! The way into protected mode, which ends at its first step.

use v8086::{Change, FarPointer, ModeSwitch, Outcome};

use crate::fake::{GP, Row, World, check, same};

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

#[test]
fn lmsw_of_what_smsw_showed_is_no_switch() {
    // Whether SMSW shows PE, CR0 before, the value, and CR0 afterwards; `None`: protected mode.
    let rows = [
        (true, 0x10, 0x13, Some(0x12)),
        (true, 0x1A, 0x11, Some(0x10)),
        (true, 0x10, 0x1F, Some(0x1E)),
        (true, 0x10, 0x12, Some(0x12)),
        // Nothing but PE is left to be wanted.
        (true, 0x10, 0x11, None),
        (true, 0x12, 0x13, None),
        // Not what SMSW showed: ET is 0, or NE is another.
        (true, 0x10, 0x03, None),
        (true, 0x10, 0x33, None),
        (false, 0x10, 0x13, None),
        (false, 0x10, 0x12, Some(0x12)),
    ];
    for (smsw_shows_pe, before, value, after) in rows {
        let mut world = World::with_code(&[0x0F, 0x01, 0xF0]);
        world.system.smsw_shows_pe = smsw_shows_pe;
        world.system.cr0 = before;
        world.cpu.general.rax = value;
        let outcome = world.exception(GP);
        match after {
            Some(cr0) => {
                assert_eq!(outcome, Outcome::Done(Change::ControlRegisters), "{before:X}h, {value:X}h");
                assert_eq!(world.system.cr0, cr0, "{before:X}h, {value:X}h");
            }
            None => {
                assert!(matches!(outcome, Outcome::EnterProtectedMode { .. }), "{before:X}h, {value:X}h");
                assert_eq!(world.system.cr0, before);
            }
        }
    }
}
