//! Base states: valid plans of every kind of guest, from which tests and proofs start.
//!
//! Each breaks no rule on a processor that allows its controls. All addresses are small and page aligned, the host is
//! a 64-bit one; whoever enters such a guest for real puts its own addresses in their place.

use crate::capability::Capabilities;
use crate::controls::{ControlKind, ControlRefused, entry, exit, primary, secondary, settle};
use crate::field::Field;
use crate::machine::Machine;
use crate::segment::{AccessRights, Segment, SegmentName};

/// What kind of guest it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GuestKind {
    /// Virtual-8086 mode.
    V8086,
    /// Real mode, as an unrestricted guest.
    Real,
    /// Protected mode, 16-bit code.
    Protected16,
    /// Protected mode, 32-bit code and 32-bit paging.
    Protected32,
    /// Protected mode with PAE paging.
    Pae,
    /// IA-32e mode.
    Long,
}

/// Whether a guest has extended page tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Paging {
    /// None.
    Own,
    /// EPT.
    Extended,
    /// EPT, and leave to turn the guest's own paging off.
    Unrestricted,
}

/// A base state.
#[derive(Clone, Copy, Debug)]
pub struct Base {
    /// A short name, such as `v8086`.
    pub name: &'static str,
    /// What kind of guest it is.
    pub kind: GuestKind,
    /// What it needs beside the guest's own page tables.
    pub paging: Paging,
    /// CS, SS, and what DS, ES, FS and GS have in common.
    segments: [Segment; 3],
    /// What differs from [`COMMON`].
    fields: &'static [(Field, u64)],
}

const fn segment(selector: u16, base: u64, limit: u32, access_rights: u32) -> Segment {
    Segment { selector, base, limit, access_rights: AccessRights(access_rights) }
}

/// A segment of 4 GiB at 0, in pages.
const fn flat(selector: u16, access_rights: u32) -> Segment {
    segment(selector, 0, u32::MAX, 0x8000 | access_rights)
}

/// All base states, two of each kind.
#[rustfmt::skip]
pub const ALL: [Base; 12] = [
    Base { name: "v8086", kind: GuestKind::V8086, paging: Paging::Own,
        segments: [Segment::v8086(0x1000), Segment::v8086(0x1000), Segment::v8086(0)],
        fields: &[(Field::GUEST_RFLAGS, 0x2_0002), (Field::GUEST_CR4, 0x2011)] },
    Base { name: "v8086-interrupts", kind: GuestKind::V8086, paging: Paging::Own,
        segments: [Segment::v8086(0), Segment::v8086(0xFFFF), Segment::v8086(0xB800)],
        fields: &[(Field::GUEST_RFLAGS, 0x2_3202), (Field::GUEST_CR4, 0x2011), (Field::GUEST_RIP, 0x7C00),
            (Field::GUEST_LDTR_ACCESS_RIGHTS, 1 << 16)] },
    Base { name: "real", kind: GuestKind::Real, paging: Paging::Unrestricted,
        segments: [segment(0, 0, 0xFFFF, 0x9B), segment(0, 0, 0xFFFF, 0x93), segment(0, 0, 0xFFFF, 0x93)],
        fields: &[(Field::GUEST_CR0, 0x30), (Field::GUEST_CR4, 0x2000), (Field::GUEST_RIP, 0x7C00)] },
    Base { name: "real-big", kind: GuestKind::Real, paging: Paging::Unrestricted,
        segments: [segment(0x1000, 0x1_0000, 0xFFFF, 0x93), segment(0x2000, 0x2_0000, 0xFFFF, 0x93),
            flat(0x40, 0x93)],
        fields: &[(Field::GUEST_CR0, 0x30), (Field::GUEST_CR4, 0x2000), (Field::GUEST_RFLAGS, 0x202),
            (Field::GUEST_LDTR_ACCESS_RIGHTS, 1 << 16)] },
    Base { name: "protected16", kind: GuestKind::Protected16, paging: Paging::Own,
        segments: [segment(0x08, 0x1_0000, 0xFFFF, 0x9B), segment(0x10, 0x2_0000, 0xFFFF, 0x93),
            segment(0x10, 0x2_0000, 0xFFFF, 0x93)],
        fields: &[] },
    Base { name: "protected16-user", kind: GuestKind::Protected16, paging: Paging::Own,
        segments: [segment(0x1B, 0x1_0000, 0xFFFF, 0xFB), segment(0x23, 0x2_0000, 0xFFFF, 0xF7),
            segment(0x23, 0x2_0000, 0x7FFF, 0xF1)],
        fields: &[(Field::GUEST_RFLAGS, 0x3202), (Field::GUEST_TR_ACCESS_RIGHTS, 0x83)] },
    Base { name: "protected32", kind: GuestKind::Protected32, paging: Paging::Own,
        segments: [flat(0x08, 0x409B), flat(0x10, 0x4093), flat(0x10, 0x4093)],
        fields: &[(Field::GUEST_CR4, 0x2010)] },
    Base { name: "protected32-user", kind: GuestKind::Protected32, paging: Paging::Own,
        segments: [flat(0x1B, 0x40FB), flat(0x23, 0x40F3), segment(0, 0, 0, 1 << 16)],
        fields: &[(Field::GUEST_CR4, 0x2010), (Field::GUEST_RFLAGS, 0x202)] },
    Base { name: "pae", kind: GuestKind::Pae, paging: Paging::Own,
        segments: [flat(0x08, 0x409B), flat(0x10, 0x4093), flat(0x10, 0x4093)],
        fields: &[(Field::GUEST_CR4, 0x2020)] },
    Base { name: "pae-ept", kind: GuestKind::Pae, paging: Paging::Extended,
        segments: [flat(0x08, 0x409B), flat(0x10, 0x4093), flat(0x10, 0x4093)],
        fields: &[(Field::GUEST_CR4, 0x2020), (Field::GUEST_PDPTE0, 0x6001), (Field::GUEST_PDPTE1, 0x7019),
            (Field::GUEST_PDPTE2, 0), (Field::GUEST_PDPTE3, 0)] },
    Base { name: "long", kind: GuestKind::Long, paging: Paging::Own,
        segments: [flat(0x08, 0x209B), flat(0x10, 0x4093), segment(0, 0, 0, 1 << 16)],
        fields: &[(Field::GUEST_CR4, 0x2620), (Field::GUEST_RIP, 0xFFFF_8000_0000_0000),
            (Field::GUEST_RSP, 0xFFFF_8000_0001_0000), (Field::GUEST_FS_BASE, 0xFFFF_8000_0000_0000)] },
    Base { name: "long-compatibility", kind: GuestKind::Long, paging: Paging::Own,
        segments: [flat(0x1B, 0x40FB), flat(0x23, 0x40F3), flat(0x23, 0x40F3)],
        fields: &[(Field::GUEST_CR4, 0x2620), (Field::GUEST_RFLAGS, 0x202)] },
];

/// What all base states have in common.
#[rustfmt::skip]
const COMMON: &[(Field, u64)] = &[
    (Field::IO_BITMAP_A_ADDRESS,      0x30_0000), (Field::IO_BITMAP_B_ADDRESS,      0x30_1000),
    (Field::VM_EXIT_MSR_STORE_COUNT,  0),         (Field::VM_EXIT_MSR_LOAD_COUNT,   0),
    (Field::VM_ENTRY_MSR_LOAD_COUNT,  0),         (Field::CR3_TARGET_COUNT,         0),
    (Field::EXCEPTION_BITMAP,         0xFFFF_FFFF),
    (Field::VM_ENTRY_INTERRUPTION_INFORMATION, 0), (Field::VM_ENTRY_EXCEPTION_ERROR_CODE, 0),
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
    (Field::GUEST_CR4,                0x2000),    (Field::GUEST_DR7,                0x400),
    (Field::GUEST_IA32_DEBUGCTL,      0),         (Field::GUEST_RFLAGS,             2),
    (Field::GUEST_RIP,                0),         (Field::GUEST_RSP,                0xFFFE),
    (Field::GUEST_GDTR_BASE,          0x6000),    (Field::GUEST_GDTR_LIMIT,         0xFFFF),
    (Field::GUEST_IDTR_BASE,          0x6100),    (Field::GUEST_IDTR_LIMIT,         0xFFFF),
    (Field::GUEST_IA32_SYSENTER_ESP,  0),         (Field::GUEST_IA32_SYSENTER_EIP,  0),
    (Field::GUEST_IA32_SYSENTER_CS,   0),         (Field::GUEST_ACTIVITY_STATE,     0),
    (Field::GUEST_INTERRUPTIBILITY_STATE, 0),     (Field::GUEST_PENDING_DEBUG_EXCEPTIONS, 0),
];

/// A 4-level EPT of write-back memory.
const EPT_POINTER: u64 = 0x40_001E;

impl Base {
    /// The base state of this name.
    pub fn from_name(name: &str) -> Option<&'static Base> {
        const { &ALL }.iter().find(|base| base.name == name)
    }

    /// The plan on a processor with these `capabilities`.
    ///
    /// # Errors
    ///
    /// A control that the state needs and the processor refuses, such as "unrestricted guest".
    pub fn plan(&self, capabilities: &Capabilities) -> Result<Machine, ControlRefused> {
        let mut machine = Machine::new();
        let paging = match self.paging {
            Paging::Own => 0,
            Paging::Extended => secondary::ENABLE_EPT,
            Paging::Unrestricted => secondary::ENABLE_EPT | secondary::UNRESTRICTED_GUEST,
        };
        let mode = if self.kind == GuestKind::Long { entry::IA_32E_MODE_GUEST } else { 0 };
        for (kind, wanted) in [
            (ControlKind::PinBased, 0),
            (
                ControlKind::Primary,
                primary::HLT_EXITING
                    | primary::USE_IO_BITMAPS
                    | primary::CR3_LOAD_EXITING
                    | primary::CR3_STORE_EXITING
                    | primary::ACTIVATE_SECONDARY_CONTROLS,
            ),
            (ControlKind::Secondary, paging),
            (ControlKind::Exit, exit::HOST_ADDRESS_SPACE_SIZE | exit::SAVE_DEBUG_CONTROLS),
            (ControlKind::Entry, entry::LOAD_DEBUG_CONTROLS | mode),
        ] {
            machine.set(kind.field(), settle(kind, wanted, 0, capabilities)?);
        }
        if paging != 0 {
            machine.set(Field::EPT_POINTER, EPT_POINTER);
        }
        self.write_segments(&mut machine);
        for (field, value) in COMMON.iter().chain(self.fields) {
            machine.set(*field, *value);
        }
        Ok(machine)
    }

    fn write_segments(&self, machine: &mut Machine) {
        let [cs, ss, data] = self.segments;
        for name in SegmentName::CODE_AND_DATA {
            let segment = match name {
                SegmentName::Cs => cs,
                SegmentName::Ss => ss,
                _ => data,
            };
            segment.write_to(name, machine);
        }
        segment(0x08, 0x8000, 0x2088, AccessRights::BUSY_TSS.0).write_to(SegmentName::Tr, machine);
        segment(0x10, 0x7000, 0x1F, AccessRights::LDT.0).write_to(SegmentName::Ldtr, machine);
    }
}
