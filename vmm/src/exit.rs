//! A VM exit, decoded once: the raw reason becomes an [`Exit`] that carries what its handler needs, read from the
//! VMCS here and nowhere else.

use core::fmt;

use vmx::Field;
use vmx::event::{Event, EventKind, InterruptionInformation, exception_name};
use vmx::exit::{ControlRegisterAccess, DebugRegisterAccess, EptViolation, ExitReason, IoQualification};
use wire::ExitRecord;

use crate::cpu::vmx::vmread;

/// Why the guest left.
#[derive(Clone, Copy, Debug)]
pub enum Exit {
    /// It raised an exception that the exception bitmap sends here.
    Exception {
        /// Vector, kind, error code.
        event: Event,
        /// Whether it came while another event was being delivered.
        while_delivering: bool,
    },
    /// A non-maskable interrupt of the machine.
    Nmi,
    /// An interrupt of the machine, acknowledged by the exit.
    ExternalInterrupt {
        /// Its vector.
        vector: u8,
    },
    /// It can take an interrupt now.
    InterruptWindow,
    /// The VMX-preemption timer has run down.
    PreemptionTimer,
    /// IN, OUT, INS or OUTS.
    Io(IoQualification),
    /// MOV to or from a control register, CLTS or LMSW.
    ControlRegister(ControlRegisterAccess),
    /// MOV to or from a debug register.
    DebugRegister(DebugRegisterAccess),
    /// CPUID.
    Cpuid,
    /// HLT at CPL 0.
    Hlt,
    /// VMCALL.
    Vmcall,
    /// RDMSR at CPL 0.
    Rdmsr,
    /// WRMSR at CPL 0.
    Wrmsr,
    /// INVD at CPL 0, or WBINVD where it exits.
    Invalidate,
    /// Triple fault.
    TripleFault,
    /// An access that the extended page tables do not allow.
    EptViolation {
        /// What kind of access.
        access: EptViolation,
        /// Guest-physical address.
        physical: u64,
    },
    /// An entry of the extended page tables is none.
    EptMisconfiguration,
    /// Any other reason.
    Other(ExitReason),
}

impl Exit {
    /// Reads what belongs to `reason`.
    pub fn decode(reason: ExitReason) -> Self {
        Self::read(reason, &mut ExitRecord::default())
    }

    /// An exit for IN, OUT, INS or OUTS.
    #[inline(always)]
    pub fn io(reason: ExitReason, qualification: u64) -> Self {
        match IoQualification::decode(qualification) {
            Some(io) => Self::Io(io),
            None => Self::Other(reason),
        }
    }

    /// An exit for an exception or an NMI, with its interruption information.
    #[inline(never)]
    pub fn exception(reason: ExitReason, interruption: u32) -> Exit {
        let information = InterruptionInformation(interruption);
        let error_code = if information.has_error_code() {
            vmread(Field::VM_EXIT_INTERRUPTION_ERROR_CODE) as u32
        } else {
            0
        };
        match information.event(error_code) {
            Some(Event { kind: EventKind::Nmi, .. }) => Exit::Nmi,
            Some(event) => {
                let delivering = InterruptionInformation(vmread(Field::IDT_VECTORING_INFORMATION) as u32);
                Exit::Exception { event, while_delivering: delivering.is_valid() }
            }
            None => Exit::Other(reason),
        }
    }

    /// Reads what belongs to `reason`, and nothing else; `record` keeps it as it was.
    #[inline(always)]
    pub fn read(reason: ExitReason, record: &mut ExitRecord) -> Self {
        let number = reason.basic_number();
        // The one place that says what a kind of exit has: `number::have`, by which the post-mortem knows it, too.
        let (qualification, interruption) = number::have(number);
        if qualification {
            record.qualification = vmread(Field::EXIT_QUALIFICATION);
        }
        if interruption {
            record.interruption = vmread(Field::VM_EXIT_INTERRUPTION_INFORMATION) as u32;
        }
        match number {
            number::EXCEPTION_OR_NMI => Self::exception(reason, record.interruption),
            number::EXTERNAL_INTERRUPT => Self::ExternalInterrupt { vector: record.interruption as u8 },
            number::IO_INSTRUCTION => Self::io(reason, record.qualification),
            number::CONTROL_REGISTER_ACCESS => {
                Self::ControlRegister(ControlRegisterAccess::decode(record.qualification))
            }
            number::MOV_DR => Self::DebugRegister(DebugRegisterAccess::decode(record.qualification)),
            number::INTERRUPT_WINDOW => Self::InterruptWindow,
            number::PREEMPTION_TIMER => Self::PreemptionTimer,
            number::CPUID => Self::Cpuid,
            number::HLT => Self::Hlt,
            number::VMCALL => Self::Vmcall,
            number::RDMSR => Self::Rdmsr,
            number::WRMSR => Self::Wrmsr,
            number::INVD | number::WBINVD => Self::Invalidate,
            number::TRIPLE_FAULT => Self::TripleFault,
            number::EPT_VIOLATION => Self::EptViolation {
                access: EptViolation(record.qualification),
                physical: vmread(Field::GUEST_PHYSICAL_ADDRESS),
            },
            number::EPT_MISCONFIGURATION => Self::EptMisconfiguration,
            _ => Self::Other(reason),
        }
    }
}

/// The reasons that are told apart, as numbers, so that one match on the number is one table.
pub mod number {
    #![allow(missing_docs)]

    use vmx::exit::BasicExitReason;

    pub const EXCEPTION_OR_NMI: u16 = BasicExitReason::ExceptionOrNmi as u16;
    pub const EXTERNAL_INTERRUPT: u16 = BasicExitReason::ExternalInterrupt as u16;
    pub const TRIPLE_FAULT: u16 = BasicExitReason::TripleFault as u16;
    pub const INTERRUPT_WINDOW: u16 = BasicExitReason::InterruptWindow as u16;
    pub const CPUID: u16 = BasicExitReason::Cpuid as u16;
    pub const HLT: u16 = BasicExitReason::Hlt as u16;
    pub const INVD: u16 = BasicExitReason::Invd as u16;
    pub const VMCALL: u16 = BasicExitReason::Vmcall as u16;
    pub const CONTROL_REGISTER_ACCESS: u16 = BasicExitReason::ControlRegisterAccess as u16;
    pub const MOV_DR: u16 = BasicExitReason::MovDr as u16;
    pub const IO_INSTRUCTION: u16 = BasicExitReason::IoInstruction as u16;
    pub const RDMSR: u16 = BasicExitReason::Rdmsr as u16;
    pub const WRMSR: u16 = BasicExitReason::Wrmsr as u16;
    pub const PREEMPTION_TIMER: u16 = BasicExitReason::PreemptionTimer as u16;
    pub const EPT_VIOLATION: u16 = BasicExitReason::EptViolation as u16;
    pub const EPT_MISCONFIGURATION: u16 = BasicExitReason::EptMisconfiguration as u16;
    pub const WBINVD: u16 = BasicExitReason::WbinvdOrWbnoinvd as u16;

    /// Whether an exit for this reason has a qualification, and whether it has interruption information:
    /// [`Exit::read`](super::Exit::read) reads what it has and nothing else.
    pub const fn have(number: u16) -> (bool, bool) {
        match number {
            EXCEPTION_OR_NMI | EXTERNAL_INTERRUPT => (false, true),
            INTERRUPT_WINDOW | PREEMPTION_TIMER | CPUID | HLT | VMCALL | RDMSR | WRMSR | INVD | WBINVD
            | TRIPLE_FAULT | EPT_MISCONFIGURATION => (false, false),
            _ => (true, false),
        }
    }
}

/// Moves RIP past the instruction that exited, ends the shadow of STI or MOV SS that it stood in, and lets a
/// single-stepping guest see its trap (SDM vol. 3, "Information for VM Exits Due to Instruction Execution").
///
/// Not for exits due to exceptions: the instruction length is undefined there.
#[inline]
pub fn skip_instruction() {
    use crate::cpu::vmx::vmwrite;
    /// Bit 14 (BS) of the pending debug exceptions.
    const SINGLE_STEP: u64 = 1 << 14;
    const TRAP_FLAG: u64 = 1 << 8;
    let rip = vmread(Field::GUEST_RIP) + vmread(Field::VM_EXIT_INSTRUCTION_LENGTH);
    // Every guest here runs 16- or 32-bit code; a 16-bit one cannot leave its segment, since limits are checked first.
    vmwrite(Field::GUEST_RIP, rip & 0xFFFF_FFFF);
    vmwrite(Field::GUEST_INTERRUPTIBILITY_STATE, 0);
    if vmread(Field::GUEST_RFLAGS) & TRAP_FLAG != 0 {
        vmwrite(Field::GUEST_PENDING_DEBUG_EXCEPTIONS, SINGLE_STEP);
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exception { event, while_delivering } => {
                let name =
                    exception_name(event.vector).unwrap_or("an exception that the manual does not define");
                write!(f, "exception or NMI (0): {name}")?;
                if let Some(error_code) = event.error_code {
                    write!(f, ", error code {error_code:X}h")?;
                }
                if *while_delivering { write!(f, ", while delivering another event") } else { Ok(()) }
            }
            Self::Nmi => write!(f, "exception or NMI (0): NMI"),
            Self::ExternalInterrupt { vector } => write!(f, "external interrupt (1), vector {vector:02X}h"),
            Self::InterruptWindow => write!(f, "interrupt window (7)"),
            Self::PreemptionTimer => write!(f, "preemption timer (52)"),
            Self::Io(io) => write!(f, "I/O instruction (30): {io}"),
            Self::ControlRegister(access) => write!(f, "control-register access (28): {access}"),
            Self::DebugRegister(access) => write!(f, "MOV DR (29): {access}"),
            Self::Cpuid => write!(f, "CPUID (10)"),
            Self::Hlt => write!(f, "HLT (12)"),
            Self::Vmcall => write!(f, "VMCALL (18)"),
            Self::Rdmsr => write!(f, "RDMSR (31)"),
            Self::Wrmsr => write!(f, "WRMSR (32)"),
            Self::Invalidate => write!(f, "INVD (13) or WBINVD (54)"),
            Self::TripleFault => write!(f, "triple fault (2)"),
            Self::EptViolation { access, physical } => {
                write!(f, "EPT violation (48) at {physical:X}h: {access}")
            }
            Self::EptMisconfiguration => write!(f, "EPT misconfiguration (49)"),
            Self::Other(reason) => write!(f, "{reason}"),
        }
    }
}
