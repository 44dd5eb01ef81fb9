//! The exit qualification, with the meaning that the exit's reason gives it ("Basic VM-Exit Information", section
//! 29.2.1; for failed entries, "VM-Entry Failures During or After Loading Guest State", section 28.8).

use core::fmt;

use super::{
    ApicAccess, BasicExitReason, ControlRegisterAccess, DebugQualification, DebugRegisterAccess,
    EptViolation, ExitReason, IoQualification, TaskSwitch,
};
use crate::event::{EventKind, InterruptionInformation};

/// Why a VM entry with invalid guest state failed, as far as the processor tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EntryFailure {
    /// Any rule but the ones below.
    Unspecified,
    /// A page-directory-pointer-table entry is invalid.
    Pdpte,
    /// An NMI was to be injected while STI blocked events. With MOV SS the failure is unspecified.
    NmiInjection,
    /// The VMCS link pointer is invalid.
    LinkPointer,
    /// A number that the manual does not define.
    Undefined(u64),
}

impl EntryFailure {
    /// What this exit qualification says.
    pub const fn from_number(number: u64) -> Self {
        match number {
            0 => Self::Unspecified,
            2 => Self::Pdpte,
            3 => Self::NmiInjection,
            4 => Self::LinkPointer,
            undefined => Self::Undefined(undefined),
        }
    }

    /// The exit qualification that says so.
    pub const fn number(self) -> u64 {
        match self {
            Self::Unspecified => 0,
            Self::Pdpte => 2,
            Self::NmiInjection => 3,
            Self::LinkPointer => 4,
            Self::Undefined(number) => number,
        }
    }
}

impl fmt::Display for EntryFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unspecified => f.write_str("the processor does not say which rule"),
            Self::Pdpte => f.write_str("invalid page-directory-pointer-table entry"),
            Self::NmiInjection => f.write_str("NMI injected while STI blocks events"),
            Self::LinkPointer => f.write_str("invalid VMCS link pointer"),
            Self::Undefined(number) => write!(f, "undefined failure {number}"),
        }
    }
}

/// An exit qualification, decoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Qualification {
    /// The field has no meaning for this exit.
    None,
    /// What raised a #DB.
    Debug(DebugQualification),
    /// The linear address of a page fault or of INVLPG's operand.
    LinearAddress(u64),
    /// The vector of a start-up IPI.
    StartupVector(u8),
    /// A task switch.
    TaskSwitch(TaskSwitch),
    /// An access to a control register.
    ControlRegister(ControlRegisterAccess),
    /// A MOV DR.
    DebugRegister(DebugRegisterAccess),
    /// An I/O instruction.
    Io(IoQualification),
    /// Why guest state was refused.
    EntryFailure(EntryFailure),
    /// The entry of the MSR-load area that was refused, counted from 1.
    MsrEntry(u64),
    /// MWAIT: whether the address-range monitoring was armed.
    MonitorArmed(bool),
    /// An access to the APIC page.
    ApicAccess(ApicAccess),
    /// The vector whose EOI was virtualized.
    EoiVector(u8),
    /// The offset of a write to the APIC page.
    ApicOffset(u16),
    /// An EPT violation.
    EptViolation(EptViolation),
    /// The displacement of an instruction's memory operand.
    Displacement(u64),
    /// The MSR that the instruction names in an immediate.
    Msr(u64),
    /// Instruction timeout: whether the guest's context is lost.
    ContextInvalid(bool),
    /// A sub-page permission event: a miss (or else a misconfiguration) in the table.
    SppMiss(bool),
    /// A value that has no decoding here, or contradicts its reason.
    Raw(u64),
}

impl Qualification {
    /// Gives `raw` its meaning. `interruption` is the VM-exit interruption information, which tells a #DB and a page
    /// fault apart from other exceptions.
    pub fn decode(reason: ExitReason, interruption: InterruptionInformation, raw: u64) -> Self {
        use BasicExitReason as Reason;
        let Some(basic) = reason.basic() else {
            return Qualification::Raw(raw);
        };
        match basic {
            Reason::ExceptionOrNmi => Self::of_exception(interruption, raw),
            Reason::Sipi => Qualification::StartupVector(raw as u8),
            Reason::TaskSwitch => Qualification::TaskSwitch(TaskSwitch::decode(raw)),
            Reason::Invlpg => Qualification::LinearAddress(raw),
            Reason::ControlRegisterAccess => {
                Qualification::ControlRegister(ControlRegisterAccess::decode(raw))
            }
            Reason::MovDr => Qualification::DebugRegister(DebugRegisterAccess::decode(raw)),
            Reason::IoInstruction => {
                IoQualification::decode(raw).map_or(Qualification::Raw(raw), Qualification::Io)
            }
            Reason::InvalidGuestState => Qualification::EntryFailure(EntryFailure::from_number(raw)),
            Reason::MsrLoading => Qualification::MsrEntry(raw),
            Reason::Mwait => Qualification::MonitorArmed(raw & 1 == 1),
            Reason::ApicAccess => Qualification::ApicAccess(ApicAccess(raw)),
            Reason::VirtualizedEoi => Qualification::EoiVector(raw as u8),
            Reason::ApicWrite => Qualification::ApicOffset((raw & 0xFFF) as u16),
            Reason::EptViolation => Qualification::EptViolation(EptViolation(raw)),
            Reason::InstructionTimeout => Qualification::ContextInvalid(raw & 1 == 1),
            Reason::SppEvent => Qualification::SppMiss(raw >> 11 & 1 == 1),
            Reason::RdmsrImmediate | Reason::WrmsrnsImmediate => Qualification::Msr(raw),
            Reason::Vmclear
            | Reason::Vmptrld
            | Reason::Vmptrst
            | Reason::Vmread
            | Reason::Vmwrite
            | Reason::Vmxon
            | Reason::GdtrOrIdtrAccess
            | Reason::LdtrOrTrAccess
            | Reason::Invept
            | Reason::Invvpid
            | Reason::Invpcid
            | Reason::Xsaves
            | Reason::Xrstors => Qualification::Displacement(raw),
            // No other reason has a qualification; some processors leave an old value in the field.
            _ => Qualification::None,
        }
    }

    fn of_exception(interruption: InterruptionInformation, raw: u64) -> Self {
        const DEBUG: u8 = 1;
        const PAGE_FAULT: u8 = 14;
        match (interruption.kind(), interruption.vector()) {
            // INT1 raises #DB too, but through no condition that the qualification would report.
            (Some(EventKind::HardwareException), DEBUG) => Qualification::Debug(DebugQualification(raw)),
            (Some(EventKind::HardwareException), PAGE_FAULT) => Qualification::LinearAddress(raw),
            _ => Qualification::None,
        }
    }
}

impl fmt::Display for Qualification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Debug(debug) => write!(f, "{debug}"),
            Self::LinearAddress(address) => write!(f, "linear address {address:X}h"),
            Self::StartupVector(vector) => write!(f, "start-up vector {vector:X}h"),
            Self::TaskSwitch(switch) => write!(f, "{switch}"),
            Self::ControlRegister(access) => write!(f, "{access}"),
            Self::DebugRegister(access) => write!(f, "{access}"),
            Self::Io(io) => write!(f, "{io}"),
            Self::EntryFailure(failure) => write!(f, "{failure}"),
            Self::MsrEntry(entry) => write!(f, "entry {entry} of the MSR-load area"),
            Self::MonitorArmed(true) => f.write_str("monitoring armed"),
            Self::MonitorArmed(false) => f.write_str("monitoring not armed"),
            Self::ApicAccess(access) => write!(f, "{access}"),
            Self::EoiVector(vector) => write!(f, "EOI of vector {vector:X}h"),
            Self::ApicOffset(offset) => write!(f, "offset {offset:X}h of the APIC page"),
            Self::EptViolation(violation) => write!(f, "{violation}"),
            Self::Displacement(displacement) => write!(f, "displacement {displacement:X}h"),
            Self::Msr(msr) => write!(f, "MSR {msr:X}h"),
            Self::ContextInvalid(true) => f.write_str("the guest's context is invalid"),
            Self::ContextInvalid(false) => f.write_str("the guest's context is valid"),
            Self::SppMiss(true) => f.write_str("sub-page-permission-table miss"),
            Self::SppMiss(false) => f.write_str("sub-page-permission-table misconfiguration"),
            Self::Raw(raw) => write!(f, "{raw:X}h"),
        }
    }
}
