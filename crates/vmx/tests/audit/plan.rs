//! The valid plan from which every test starts, and what a change of it breaks.

use vmx::audit::{self, Violation};
use vmx::capability::Profile;
use vmx::controls::{ControlKind, entry, exit, primary, settle};
use vmx::segment::{AccessRights, Segment, SegmentName};
use vmx::{Capabilities, Field, Machine};

/// The plan of the course's demonstration: a 64-bit host, a guest in virtual-8086 mode, no EPT.
pub fn v8086(capabilities: &Capabilities) -> Machine {
    let mut machine = Machine::new();
    let mut control = |kind: ControlKind, wanted: u64| {
        machine.set(kind.field(), settle(kind, wanted, 0, capabilities).unwrap());
    };
    control(ControlKind::PinBased, 0);
    let exits = primary::HLT_EXITING | primary::USE_IO_BITMAPS | primary::ACTIVATE_SECONDARY_CONTROLS;
    control(ControlKind::Primary, exits | primary::CR3_LOAD_EXITING | primary::CR3_STORE_EXITING);
    control(ControlKind::Secondary, 0);
    control(ControlKind::Exit, exit::HOST_ADDRESS_SPACE_SIZE | exit::SAVE_DEBUG_CONTROLS);
    control(ControlKind::Entry, entry::LOAD_DEBUG_CONTROLS);
    for (name, selector) in [
        (SegmentName::Cs, 0x1000),
        (SegmentName::Ss, 0x1000),
        (SegmentName::Ds, 0),
        (SegmentName::Es, 0xB800),
        (SegmentName::Fs, 0),
        (SegmentName::Gs, 0xFFFF),
    ] {
        Segment::v8086(selector).write_to(name, &mut machine);
    }
    let tr = Segment { selector: 8, base: 0x8000, limit: 0x2088, access_rights: AccessRights::BUSY_TSS };
    tr.write_to(SegmentName::Tr, &mut machine);
    let ldtr = Segment { selector: 0x10, base: 0x7000, limit: 0x1F, access_rights: AccessRights::LDT };
    ldtr.write_to(SegmentName::Ldtr, &mut machine);
    for (field, value) in REMAINDER {
        machine.set(*field, *value);
    }
    machine
}

#[rustfmt::skip]
const REMAINDER: &[(Field, u64)] = &[
    (Field::IO_BITMAP_A_ADDRESS,      0x30_0000), (Field::IO_BITMAP_B_ADDRESS,      0x30_1000),
    (Field::VM_EXIT_MSR_STORE_COUNT,  0),         (Field::VM_EXIT_MSR_STORE_ADDRESS, 1),
    (Field::VM_EXIT_MSR_LOAD_COUNT,   0),         (Field::VM_EXIT_MSR_LOAD_ADDRESS,  1),
    (Field::VM_ENTRY_MSR_LOAD_COUNT,  0),         (Field::VM_ENTRY_MSR_LOAD_ADDRESS, 1),
    (Field::CR3_TARGET_COUNT,         0),         (Field::EXCEPTION_BITMAP,         0xFFFF_FFFF),
    (Field::VM_ENTRY_INTERRUPTION_INFORMATION, 0), (Field::VM_ENTRY_EXCEPTION_ERROR_CODE, 0xFFFF_FFFF),
    (Field::VM_ENTRY_INSTRUCTION_LENGTH, 0),      (Field::VMCS_LINK_POINTER,        u64::MAX),
    (Field::HOST_CR0,                 0x8000_0031), (Field::HOST_CR3,               0x10_2000),
    (Field::HOST_CR4,                 0x2620),    (Field::HOST_RIP,                 0x10_0000),
    (Field::HOST_RSP,                 0x20_0000), (Field::HOST_CS_SELECTOR,         0x08),
    (Field::HOST_SS_SELECTOR,         0x10),      (Field::HOST_DS_SELECTOR,         0x10),
    (Field::HOST_ES_SELECTOR,         0x10),      (Field::HOST_FS_SELECTOR,         0),
    (Field::HOST_GS_SELECTOR,         0),         (Field::HOST_TR_SELECTOR,         0x18),
    (Field::HOST_FS_BASE,             0),         (Field::HOST_GS_BASE,             0),
    (Field::HOST_TR_BASE,             0x9000),    (Field::HOST_GDTR_BASE,           0xA000),
    (Field::HOST_IDTR_BASE,           0xB000),    (Field::HOST_IA32_SYSENTER_ESP,   0),
    (Field::HOST_IA32_SYSENTER_EIP,   0),         (Field::HOST_IA32_SYSENTER_CS,    0),
    (Field::GUEST_CR0,                0x8000_0031), (Field::GUEST_CR3,              0x5000),
    (Field::GUEST_CR4,                0x2011),    (Field::GUEST_DR7,                0x400),
    (Field::GUEST_IA32_DEBUGCTL,      0),         (Field::GUEST_RFLAGS,             0x2_0002),
    (Field::GUEST_RIP,                0),         (Field::GUEST_RSP,                0xFFFE),
    (Field::GUEST_GDTR_BASE,          0x6000),    (Field::GUEST_GDTR_LIMIT,         0xFFFF),
    (Field::GUEST_IDTR_BASE,          0x6100),    (Field::GUEST_IDTR_LIMIT,         0xFFFF),
    (Field::GUEST_IA32_SYSENTER_ESP,  0),         (Field::GUEST_IA32_SYSENTER_EIP,  0),
    (Field::GUEST_IA32_SYSENTER_CS,   0),         (Field::GUEST_ACTIVITY_STATE,     0),
    (Field::GUEST_INTERRUPTIBILITY_STATE, 0),     (Field::GUEST_PENDING_DEBUG_EXCEPTIONS, 0),
];

pub fn violations(machine: &Machine, capabilities: &Capabilities) -> Vec<Violation> {
    let mut all = Vec::new();
    audit::check(machine, capabilities, &mut |violation| all.push(violation));
    all
}

pub fn rules(machine: &Machine, capabilities: &Capabilities) -> Vec<&'static str> {
    violations(machine, capabilities).iter().map(|violation| violation.rule.id).collect()
}

/// The fields set, and the rules that then break.
pub type Row<'a> = (&'a [(Field, u64)], &'a [&'a str]);

/// Tries each change on the valid plan of `profile`.
pub fn try_changes(profile: &Profile, rows: &[Row]) {
    for (changes, wanted) in rows {
        let mut machine = v8086(&profile.capabilities);
        for (field, value) in *changes {
            machine.set(*field, *value);
        }
        assert_eq!(rules(&machine, &profile.capabilities), *wanted, "{} {changes:X?}", profile.name);
    }
}

/// The valid plan's word of `kind`, with `mask` flipped.
pub fn flip(profile: &Profile, kind: ControlKind, mask: u64) -> (Field, u64) {
    (kind.field(), v8086(&profile.capabilities).get(kind.field()).unwrap() ^ mask)
}
