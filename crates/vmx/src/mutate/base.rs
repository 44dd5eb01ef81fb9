//! Valid states, one for each kind of guest and once more with every feature on: what cases start from.

use super::arena;
use crate::capability::Capabilities;
use crate::control_register::{cr0, cr4, efer};
use crate::controls::{ControlKind, entry, exit, pin, primary, secondary, settle};
use crate::field::Field;
use crate::machine::Machine;
use crate::segment::{AccessRights, Segment, SegmentName};

/// A kind of guest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Kind {
    V8086,
    Real,
    Protected16,
    Protected32,
    Pae,
    Compatibility,
    Long,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 7] = [
        Kind::V8086,
        Kind::Real,
        Kind::Protected16,
        Kind::Protected32,
        Kind::Pae,
        Kind::Compatibility,
        Kind::Long,
    ];

    /// Whether the guest is in IA-32e mode.
    const fn is_ia_32e(self) -> bool {
        matches!(self, Self::Compatibility | Self::Long)
    }

    /// CR3: the tables that fit the guest's paging.
    pub(super) const fn tables(self) -> u64 {
        match self {
            Self::V8086 | Self::Real | Self::Protected16 | Self::Protected32 => arena::DIRECTORY,
            Self::Pae => arena::POINTERS,
            Self::Compatibility | Self::Long => arena::ROOT,
        }
    }
}

/// How much of what the processor offers a state uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Equipment {
    /// What the guest needs.
    Plain,
    /// EPT too, where there is one.
    Ept,
    /// Everything.
    Full,
}

impl Equipment {
    /// All of them.
    pub const ALL: [Equipment; 3] = [Equipment::Plain, Equipment::Ept, Equipment::Full];
}

/// The host's control registers, selectors and EFER, as `crates/rt` has them; the exit stub loads its own.
const HOST_CR0: u64 = cr0::PG | cr0::WP | cr0::NE | cr0::ET | cr0::MP | cr0::PE;
const HOST_CR4: u64 = cr4::VMXE | cr4::OSXMMEXCPT | cr4::OSFXSR | cr4::PAE;
const HOST_EFER: u64 = efer::NXE | efer::LMA | efer::LME;
const HOST_CODE: u64 = 0x08;
const HOST_DATA: u64 = 0x10;
const HOST_TASK: u64 = 0x18;

/// The power-on value of IA32_PAT.
const PAT: u64 = 0x0007_0406_0007_0406;

/// The state of this kind; `None` where the processor cannot have it.
pub fn state(kind: Kind, equipment: Equipment, capabilities: &Capabilities) -> Option<Machine> {
    let ept = equipment != Equipment::Plain;
    if (ept && !capabilities.ept()) || (kind == Kind::Real && !(ept && capabilities.unrestricted_guest())) {
        return None;
    }
    let mut machine = Machine::new();
    for field in Field::ALL.into_iter().filter(|field| capabilities.has_field(*field)) {
        if field.access() == crate::field::Access::ReadWrite {
            machine.set(field, 0);
        }
    }
    addresses(&mut machine);
    // EPTP switching, which counts where VM functions are enabled.
    machine.set(Field::VM_FUNCTION_CONTROLS, capabilities.vm_functions() & 1);
    control_words(&mut machine, kind, equipment, capabilities)?;
    host(&mut machine);
    guest(&mut machine, kind, capabilities);
    // What the processor lacks goes out again.
    for field in Field::ALL.into_iter().filter(|field| !capabilities.has_field(*field)) {
        machine.remove(field);
    }
    Some(machine)
}

/// Every address is valid whether or not a control uses it, so that one control alone can be turned on.
fn addresses(machine: &mut Machine) {
    for (field, value) in [
        (Field::IO_BITMAP_A_ADDRESS, arena::IO_BITMAPS[0]),
        (Field::IO_BITMAP_B_ADDRESS, arena::IO_BITMAPS[1]),
        (Field::MSR_BITMAPS_ADDRESS, arena::MSR_BITMAPS),
        (Field::VM_EXIT_MSR_STORE_ADDRESS, arena::EXIT_STORE),
        (Field::VM_EXIT_MSR_LOAD_ADDRESS, arena::EXIT_LOAD),
        (Field::VM_ENTRY_MSR_LOAD_ADDRESS, arena::ENTRY_LOAD),
        (Field::PML_ADDRESS, arena::PML),
        (Field::VIRTUAL_APIC_ADDRESS, arena::VIRTUAL_APIC),
        (Field::APIC_ACCESS_ADDRESS, arena::APIC_ACCESS),
        (Field::POSTED_INTERRUPT_DESCRIPTOR_ADDRESS, arena::POSTED_INTERRUPTS),
        (Field::EPTP_LIST_ADDRESS, arena::EPTP_LIST),
        (Field::VMREAD_BITMAP_ADDRESS, arena::VMREAD_BITMAP),
        (Field::VMWRITE_BITMAP_ADDRESS, arena::VMWRITE_BITMAP),
        (Field::VIRTUALIZATION_EXCEPTION_INFORMATION_ADDRESS, arena::VIRTUALIZATION_EXCEPTION),
        // Walk length 4, write-back.
        (Field::EPT_POINTER, arena::EPT_ROOT | 0x1E),
        (Field::VIRTUAL_PROCESSOR_ID, 1),
        (Field::TSC_MULTIPLIER, 1 << 48),
        (Field::PML_INDEX, 511),
        (Field::EXCEPTION_BITMAP, u32::MAX as u64),
        (Field::TPR_THRESHOLD, arena::TASK_PRIORITY_CLASS),
        (Field::CR0_GUEST_HOST_MASK, u64::MAX),
        (Field::CR4_GUEST_HOST_MASK, u64::MAX),
    ] {
        machine.set(field, value);
    }
}

fn control_words(
    machine: &mut Machine,
    kind: Kind,
    equipment: Equipment,
    capabilities: &Capabilities,
) -> Option<()> {
    let full = equipment == Equipment::Full;
    let mut pin = pin::EXTERNAL_INTERRUPT_EXITING | pin::NMI_EXITING;
    let mut primary = primary::HLT_EXITING;
    let mut secondary = 0;
    let mut exit = exit::HOST_ADDRESS_SPACE_SIZE;
    let mut entry = if kind.is_ia_32e() { entry::IA_32E_MODE_GUEST } else { 0 };
    if equipment != Equipment::Plain {
        primary |= primary::ACTIVATE_SECONDARY_CONTROLS;
        secondary |= secondary::ENABLE_EPT;
        if kind == Kind::Real {
            secondary |= secondary::UNRESTRICTED_GUEST;
        }
    }
    // The timer is 0 and ends the guest's turn before it begins.
    pin |= capabilities.allowed(ControlKind::PinBased).may_be_1 & pin::ACTIVATE_VMX_PREEMPTION_TIMER;
    if full {
        let may = |kind: ControlKind| capabilities.allowed(kind).may_be_1 & kind.defined();
        pin |= may(ControlKind::PinBased) & !pin::PROCESS_POSTED_INTERRUPTS;
        primary |= may(ControlKind::Primary)
            & !(primary::INTERRUPT_WINDOW_EXITING | primary::NMI_WINDOW_EXITING | primary::MONITOR_TRAP_FLAG);
        // Not with APIC accesses; and what Bochs would let the guest do with its own memory stays out.
        secondary |= may(ControlKind::Secondary)
            & !(secondary::VIRTUALIZE_X2APIC_MODE | secondary::MODE_BASED_EXECUTE_CONTROL_FOR_EPT);
        exit |= may(ControlKind::Exit);
        entry |= may(ControlKind::Entry)
            & !(entry::ENTRY_TO_SMM | entry::DEACTIVATE_DUAL_MONITOR_TREATMENT | entry::IA_32E_MODE_GUEST);
    }
    for (word, wanted) in [
        (ControlKind::PinBased, pin),
        (ControlKind::Primary, primary),
        (ControlKind::Secondary, secondary),
        (ControlKind::Exit, exit),
        (ControlKind::Entry, entry),
    ] {
        machine.set(word.field(), settle(word, wanted, 0, capabilities).ok()?);
    }
    Some(())
}

fn host(machine: &mut Machine) {
    for (field, value) in [
        (Field::HOST_CR0, HOST_CR0),
        (Field::HOST_CR3, arena::HOST_ROOT),
        (Field::HOST_CR4, HOST_CR4),
        (Field::HOST_ES_SELECTOR, HOST_DATA),
        (Field::HOST_CS_SELECTOR, HOST_CODE),
        (Field::HOST_SS_SELECTOR, HOST_DATA),
        (Field::HOST_DS_SELECTOR, HOST_DATA),
        (Field::HOST_FS_SELECTOR, HOST_DATA),
        (Field::HOST_GS_SELECTOR, HOST_DATA),
        (Field::HOST_TR_SELECTOR, HOST_TASK),
        (Field::HOST_TR_BASE, arena::HOST_TSS),
        (Field::HOST_GDTR_BASE, arena::HOST_GDT),
        (Field::HOST_IDTR_BASE, arena::HOST_IDT),
        (Field::HOST_RSP, arena::HOST_TSS),
        (Field::HOST_RIP, arena::STUB),
        (Field::HOST_IA32_PAT, PAT),
        (Field::HOST_IA32_EFER, HOST_EFER),
    ] {
        machine.set(field, value);
    }
}

fn guest(machine: &mut Machine, kind: Kind, capabilities: &Capabilities) {
    segments(machine, kind);
    let (cr0_mode, cr4_mode, efer) = match kind {
        Kind::V8086 => (0, cr4::VME | cr4::PSE, 0),
        Kind::Real | Kind::Protected16 | Kind::Protected32 => (0, cr4::PSE, 0),
        Kind::Pae => (0, cr4::PAE, efer::NXE),
        Kind::Compatibility | Kind::Long => (0, cr4::PAE, efer::LMA | efer::LME),
    };
    let cr0 = cr0_mode | cr0::ET | capabilities.cr0_fixed().must_be_1;
    let cr0 = if kind == Kind::Real { cr0 & !(cr0::PE | cr0::PG) } else { cr0 };
    let flags = if kind == Kind::V8086 { 1 << 17 } else { 0 };
    let pointer = arena::POINTERS;
    for (field, value) in [
        (Field::GUEST_CR0, cr0),
        (Field::GUEST_CR3, kind.tables()),
        (Field::GUEST_CR4, cr4_mode | capabilities.cr4_fixed().must_be_1),
        (Field::GUEST_DR7, 0x400),
        (Field::GUEST_RFLAGS, flags | 1 << 1),
        (Field::GUEST_RSP, 0x800),
        (Field::GUEST_IA32_PAT, PAT),
        (Field::GUEST_IA32_EFER, efer),
        (Field::GUEST_GDTR_LIMIT, 0xFFFF),
        (Field::GUEST_IDTR_LIMIT, 0xFFFF),
        (Field::VMCS_LINK_POINTER, u64::MAX),
        (Field::GUEST_PDPTE0, arena::read(pointer, 0).unwrap_or(0)),
        (Field::GUEST_PDPTE1, arena::read(pointer, 0).unwrap_or(0)),
    ] {
        machine.set(field, value);
    }
}

fn segments(machine: &mut Machine, kind: Kind) {
    let (code, data) = match kind {
        Kind::V8086 => (Segment::v8086(0x1000), Segment::v8086(0x2000)),
        Kind::Real => (flat(0, 0xFFFF, 0x9B), flat(0, 0xFFFF, 0x93)),
        Kind::Protected16 => (flat(8, 0xFFFF, 0x9B), flat(16, 0xFFFF, 0x93)),
        Kind::Protected32 | Kind::Pae | Kind::Compatibility => {
            (flat(8, u32::MAX, 0xC09B), flat(16, u32::MAX, 0xC093))
        }
        Kind::Long => (flat(8, u32::MAX, 0xA09B), flat(16, u32::MAX, 0xC093)),
    };
    for name in SegmentName::CODE_AND_DATA {
        let segment = if matches!(name, SegmentName::Cs) { code } else { data };
        segment.write_to(name, machine);
    }
    // A usable LDTR, whose rules then hold, in half of the kinds.
    let ldtr = match kind {
        Kind::V8086 | Kind::Protected32 | Kind::Long => flat(0x20, 0xFFF, AccessRights::LDT.0),
        Kind::Real | Kind::Protected16 | Kind::Pae | Kind::Compatibility => Segment::UNUSABLE,
    };
    ldtr.write_to(SegmentName::Ldtr, machine);
    flat(0x28, 0xFFF, AccessRights::BUSY_TSS.0).write_to(SegmentName::Tr, machine);
}

const fn flat(selector: u16, limit: u32, access_rights: u32) -> Segment {
    Segment { selector, base: 0, limit, access_rights: AccessRights(access_rights) }
}
