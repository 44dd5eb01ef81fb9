//! A VM exit, decoded once: the raw reason becomes an [`Exit`] that carries what its handler needs, read from the
//! VMCS here and nowhere else.

use core::fmt;

use vmx::Field;
use vmx::event::{Event, EventKind, InterruptionInformation, exception_name};
use vmx::exit::{
    BasicExitReason, ControlRegisterAccess, DebugRegisterAccess, EptViolation, ExitReason, IoQualification,
};

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
    /// Any other reason.
    Other(ExitReason),
}

impl Exit {
    /// Reads what belongs to `reason`.
    #[inline]
    pub fn decode(reason: ExitReason) -> Self {
        let Some(basic) = reason.basic() else { return Self::Other(reason) };
        match basic {
            BasicExitReason::ExceptionOrNmi => exception(reason),
            BasicExitReason::ExternalInterrupt => {
                Self::ExternalInterrupt { vector: vmread(Field::VM_EXIT_INTERRUPTION_INFORMATION) as u8 }
            }
            BasicExitReason::IoInstruction => {
                match IoQualification::decode(vmread(Field::EXIT_QUALIFICATION)) {
                    Some(io) => Self::Io(io),
                    None => Self::Other(reason),
                }
            }
            BasicExitReason::ControlRegisterAccess => {
                Self::ControlRegister(ControlRegisterAccess::decode(vmread(Field::EXIT_QUALIFICATION)))
            }
            BasicExitReason::MovDr => {
                Self::DebugRegister(DebugRegisterAccess::decode(vmread(Field::EXIT_QUALIFICATION)))
            }
            BasicExitReason::InterruptWindow => Self::InterruptWindow,
            BasicExitReason::Cpuid => Self::Cpuid,
            BasicExitReason::Hlt => Self::Hlt,
            BasicExitReason::Vmcall => Self::Vmcall,
            BasicExitReason::Rdmsr => Self::Rdmsr,
            BasicExitReason::Wrmsr => Self::Wrmsr,
            BasicExitReason::Invd | BasicExitReason::WbinvdOrWbnoinvd => Self::Invalidate,
            BasicExitReason::TripleFault => Self::TripleFault,
            BasicExitReason::EptViolation => Self::EptViolation {
                access: EptViolation(vmread(Field::EXIT_QUALIFICATION)),
                physical: vmread(Field::GUEST_PHYSICAL_ADDRESS),
            },
            _ => Self::Other(reason),
        }
    }
}

fn exception(reason: ExitReason) -> Exit {
    let information = InterruptionInformation(vmread(Field::VM_EXIT_INTERRUPTION_INFORMATION) as u32);
    let error_code =
        if information.has_error_code() { vmread(Field::VM_EXIT_INTERRUPTION_ERROR_CODE) as u32 } else { 0 };
    match information.event(error_code) {
        Some(Event { kind: EventKind::Nmi, .. }) => Exit::Nmi,
        Some(event) => {
            let delivering = InterruptionInformation(vmread(Field::IDT_VECTORING_INFORMATION) as u32);
            Exit::Exception { event, while_delivering: delivering.is_valid() }
        }
        None => Exit::Other(reason),
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
            Self::Other(reason) => write!(f, "{reason}"),
        }
    }
}
