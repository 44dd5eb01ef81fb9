//! Rules on controls and on event injection.

use vmx::Field;
use vmx::capability::Profile;
use vmx::controls::{ControlKind, entry, exit, pin, primary, secondary};
use vmx::event::{Event, EventKind};

use crate::plan::{flip, rules, try_changes, v8086};

#[test]
fn control_words_are_held_to_the_capability_msrs() {
    let core2 = &Profile::CORE2;
    let lynnfield = &Profile::LYNNFIELD;
    let secondary_off = flip(core2, ControlKind::Primary, primary::ACTIVATE_SECONDARY_CONTROLS);
    let nonsense = (Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, secondary::ENABLE_VPID);
    try_changes(
        core2,
        &[
            (&[flip(core2, ControlKind::PinBased, 1 << 1)], &["control.pin_based.allowed"]),
            (&[flip(core2, ControlKind::PinBased, 1 << 7)], &["control.pin_based.allowed"]),
            (&[flip(core2, ControlKind::PinBased, pin::NMI_EXITING)], &[]),
            (&[flip(core2, ControlKind::Primary, 1 << 4)], &["control.primary.allowed"]),
            (&[flip(core2, ControlKind::Primary, primary::CR3_LOAD_EXITING)], &[]),
            (&[flip(core2, ControlKind::Secondary, secondary::WBINVD_EXITING)], &[]),
            (&[nonsense], &["control.secondary.allowed"]),
            (&[nonsense, secondary_off], &[]),
            (&[flip(core2, ControlKind::Exit, 1 << 18)], &["control.exit.allowed"]),
            (&[flip(core2, ControlKind::Exit, 1 << 0)], &["control.exit.allowed"]),
            (&[flip(core2, ControlKind::Entry, 1 << 14)], &["control.entry.allowed"]),
            (&[flip(core2, ControlKind::Entry, 1 << 12)], &["control.entry.allowed"]),
            (&[flip(core2, ControlKind::Entry, entry::ENTRY_TO_SMM)], &["control.entry.outside_smm"]),
        ],
    );
    let timer = flip(lynnfield, ControlKind::PinBased, pin::ACTIVATE_VMX_PREEMPTION_TIMER);
    let save = flip(lynnfield, ControlKind::Exit, exit::SAVE_VMX_PREEMPTION_TIMER_VALUE);
    try_changes(
        lynnfield,
        &[(&[save], &["control.exit.save_preemption_timer"]), (&[timer, save], &[]), (&[timer], &[])],
    );
}

#[test]
fn execution_controls_agree_with_each_other() {
    let core2 = &Profile::CORE2;
    let primary_field = ControlKind::Primary.field();
    let io_off = flip(core2, ControlKind::Primary, primary::USE_IO_BITMAPS);
    let (_, msr_bitmaps) = flip(core2, ControlKind::Primary, primary::USE_MSR_BITMAPS);
    let (_, nmi_window) = flip(core2, ControlKind::Primary, primary::NMI_WINDOW_EXITING);
    let nmis = |mask| flip(core2, ControlKind::PinBased, mask);
    try_changes(
        core2,
        &[
            (&[(Field::CR3_TARGET_COUNT, 4)], &[]),
            (&[(Field::CR3_TARGET_COUNT, 5)], &["control.cr3_target_count"]),
            (&[(Field::IO_BITMAP_A_ADDRESS, 0x800)], &["control.io_bitmaps.address"]),
            (&[(Field::IO_BITMAP_B_ADDRESS, 1 << 40)], &["control.io_bitmaps.address"]),
            (&[(Field::IO_BITMAP_B_ADDRESS, 0xFF_FFFF_F000)], &[]),
            (&[(Field::IO_BITMAP_A_ADDRESS, 0x800), io_off], &[]),
            (&[(primary_field, msr_bitmaps), (Field::MSR_BITMAPS_ADDRESS, 0x1000)], &[]),
            (
                &[(primary_field, msr_bitmaps), (Field::MSR_BITMAPS_ADDRESS, 1)],
                &["control.msr_bitmaps.address"],
            ),
            (&[nmis(pin::VIRTUAL_NMIS)], &["control.virtual_nmis"]),
            (&[nmis(pin::VIRTUAL_NMIS | pin::NMI_EXITING)], &[]),
            (&[(primary_field, nmi_window)], &["control.nmi_window"]),
            (&[(primary_field, nmi_window), nmis(pin::VIRTUAL_NMIS | pin::NMI_EXITING)], &[]),
        ],
    );
}

#[test]
fn vpid_and_ept_are_checked_where_enabled() {
    let skylake = &Profile::SKYLAKE;
    let vpid = flip(skylake, ControlKind::Secondary, secondary::ENABLE_VPID);
    let ept = flip(skylake, ControlKind::Secondary, secondary::ENABLE_EPT);
    let unrestricted = flip(skylake, ControlKind::Secondary, secondary::UNRESTRICTED_GUEST);
    let id = Field::VIRTUAL_PROCESSOR_ID;
    let pointer = Field::EPT_POINTER;
    try_changes(
        skylake,
        &[
            (&[vpid, (id, 0)], &["control.vpid"]),
            (&[vpid, (id, 1)], &[]),
            (&[(id, 0)], &[]),
            (&[unrestricted], &["control.unrestricted_guest"]),
            (&[ept, (pointer, 0x1E)], &[]),
            (&[ept, (pointer, 0x18)], &[]),
            (&[ept, (pointer, 0x5E)], &[]),
            (&[ept, (pointer, 0x9E)], &["control.ept_pointer.flags"]),
            (&[ept, (pointer, 0x19)], &["control.ept_pointer.memory_type"]),
            (&[ept, (pointer, 0x26)], &["control.ept_pointer.walk"]),
            (&[ept, (pointer, 0x11E)], &["control.ept_pointer.reserved"]),
            (&[ept, (pointer, 1 << 40 | 0x1E)], &["control.ept_pointer.reserved"]),
            (&[ept, (pointer, 0xFF_FFFF_F01E)], &[]),
        ],
    );
    let lynnfield = &Profile::LYNNFIELD;
    let ept = flip(lynnfield, ControlKind::Secondary, secondary::ENABLE_EPT);
    try_changes(lynnfield, &[(&[ept, (pointer, 0x5E)], &["control.ept_pointer.flags"])]);
}

#[test]
fn msr_areas_are_checked_where_they_have_entries() {
    for (count, address, rule) in [
        (Field::VM_EXIT_MSR_STORE_COUNT, Field::VM_EXIT_MSR_STORE_ADDRESS, "control.exit.msr_store"),
        (Field::VM_EXIT_MSR_LOAD_COUNT, Field::VM_EXIT_MSR_LOAD_ADDRESS, "control.exit.msr_load"),
        (Field::VM_ENTRY_MSR_LOAD_COUNT, Field::VM_ENTRY_MSR_LOAD_ADDRESS, "control.entry.msr_load"),
    ] {
        try_changes(
            &Profile::CORE2,
            &[
                (&[(count, 0), (address, 8)], &[]),
                (&[(count, 1), (address, 8)], &[rule]),
                (&[(count, 1), (address, 16)], &[]),
                (&[(count, 1), (address, 0xFF_FFFF_FFF0)], &[]),
                (&[(count, 2), (address, 0xFF_FFFF_FFF0)], &[&format!("{rule}.last")]),
                (&[(count, 2), (address, 0xFFFF_FFFF_FFFF_FFF0)], &[rule]),
                (&[(count, u64::from(u32::MAX)), (address, 0xF0_0000_0000)], &[]),
                (&[(count, u64::from(u32::MAX)), (address, 0xF0_0000_0020)], &[&format!("{rule}.last")]),
            ],
        );
    }
}

#[test]
fn injected_events_are_well_formed() {
    const WORD: Field = Field::VM_ENTRY_INTERRUPTION_INFORMATION;
    const LENGTH: Field = Field::VM_ENTRY_INSTRUCTION_LENGTH;
    const ERROR: Field = Field::VM_ENTRY_EXCEPTION_ERROR_CODE;
    const IF: (Field, u64) = (Field::GUEST_RFLAGS, 0x2_0202);
    try_changes(
        &Profile::CORE2,
        &[
            (&[(WORD, 0x8000_0008), IF], &[]),
            (&[(WORD, 0x8000_0008)], &["guest.rflags.if"]),
            (&[(WORD, 0x0000_0008)], &[]),
            (&[(WORD, 0x8000_0108)], &["control.entry.event.type"]),
            (&[(WORD, 0x8000_0700)], &["control.entry.event.type"]),
            (&[(WORD, 0x8000_0202)], &[]),
            (&[(WORD, 0x8000_0203)], &["control.entry.event.vector"]),
            (&[(WORD, 0x8000_031F)], &[]),
            (&[(WORD, 0x8000_0320)], &["control.entry.event.vector"]),
            (&[(WORD, 0x8000_0306)], &[]),
            (&[(WORD, 0x8000_0B06), (ERROR, 0)], &["control.entry.event.no_error_code"]),
            (&[(WORD, 0x8000_0B0D), (ERROR, 0xFFFF)], &[]),
            (&[(WORD, 0x8000_030D)], &["control.entry.event.deliver_error_code"]),
            (&[(WORD, 0x8000_0B0D), (ERROR, 0x1_0000)], &["control.entry.event.error_code"]),
            (&[(WORD, 0x8000_1306)], &["control.entry.event.reserved"]),
            (&[(WORD, 0x8000_0408), (LENGTH, 1)], &[]),
            (&[(WORD, 0x8000_0408), (LENGTH, 15)], &[]),
            (&[(WORD, 0x8000_0408), (LENGTH, 16)], &["control.entry.event.instruction_length"]),
            (&[(WORD, 0x8000_0408), (LENGTH, 0)], &["control.entry.event.instruction_length"]),
        ],
    );
    try_changes(&Profile::SKYLAKE, &[(&[(WORD, 0x8000_0408), (LENGTH, 0)], &[])]);
    let core2 = Profile::CORE2.capabilities;
    let mut machine = v8086(&core2);
    Event { vector: 13, kind: EventKind::HardwareException, error_code: Some(0) }.write_to(0, &mut machine);
    assert_eq!(rules(&machine, &core2), [] as [&str; 0]);
}
