//! Events: what a VM entry injects, and what a VM exit reports about interruptions.
//!
//! The three words have one layout ("VM-Entry Controls for Event Injection", section 26.8.3;
//! "Information for VM Exits Due to Vectored Events", 26.9.2; "Information for VM Exits That Occur During Event
//! Delivery", 26.9.3): vector 7:0, type 10:8, error code 11, valid 31.

use core::fmt;

use crate::field::Field;
use crate::machine::Machine;

/// What kind of event it is: bits 10:8.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum EventKind {
    /// An interrupt from a controller.
    ExternalInterrupt = 0,
    /// A non-maskable interrupt.
    Nmi = 2,
    /// A fault, trap or abort that the processor raised.
    HardwareException = 3,
    /// INT n.
    SoftwareInterrupt = 4,
    /// INT1, once called ICEBP.
    PrivilegedSoftwareException = 5,
    /// INT3 or INTO.
    SoftwareException = 6,
    /// Injected: a pending MTF exit (vector 0); with FRED, SYSCALL (1) and SYSENTER (2) too.
    OtherEvent = 7,
}

impl EventKind {
    #[inline(always)]
    const fn from_bits(bits: u32) -> Option<Self> {
        match bits & 7 {
            0 => Some(Self::ExternalInterrupt),
            2 => Some(Self::Nmi),
            3 => Some(Self::HardwareException),
            4 => Some(Self::SoftwareInterrupt),
            5 => Some(Self::PrivilegedSoftwareException),
            6 => Some(Self::SoftwareException),
            7 => Some(Self::OtherEvent),
            _ => None,
        }
    }

    /// Whether an instruction raises it, so that injection needs the instruction's length.
    pub const fn is_software(self) -> bool {
        matches!(self, Self::SoftwareInterrupt | Self::PrivilegedSoftwareException | Self::SoftwareException)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::ExternalInterrupt => "external interrupt",
            Self::Nmi => "NMI",
            Self::HardwareException => "hardware exception",
            Self::SoftwareInterrupt => "software interrupt",
            Self::PrivilegedSoftwareException => "privileged software exception",
            Self::SoftwareException => "software exception",
            Self::OtherEvent => "other event",
        })
    }
}

/// An event that is delivered through the guest's IDT or, in virtual-8086 mode, its interrupt vectors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Event {
    /// The interrupt vector.
    pub vector: u8,
    /// What kind of event.
    pub kind: EventKind,
    /// The error code it pushes.
    pub error_code: Option<u32>,
}

const ERROR_CODE: u32 = 1 << 11;
const NMI_UNBLOCKING: u32 = 1 << 12;
const VALID: u32 = 1 << 31;

impl Event {
    /// An external interrupt.
    pub const fn external_interrupt(vector: u8) -> Self {
        Event { vector, kind: EventKind::ExternalInterrupt, error_code: None }
    }

    /// INT n. In virtual-8086 mode with CR4.VME the redirection bitmap sends it through the real-mode vectors.
    pub const fn software_interrupt(vector: u8) -> Self {
        Event { vector, kind: EventKind::SoftwareInterrupt, error_code: None }
    }

    /// The word for the VM-entry interruption-information field.
    #[inline(always)]
    pub const fn entry_information(&self) -> u32 {
        let error_code = if self.error_code.is_some() { ERROR_CODE } else { 0 };
        VALID | error_code | (self.kind as u32) << 8 | self.vector as u32
    }

    /// Plans the injection: information, error code and, for software events, the instruction's length (0–15).
    pub const fn write_to(&self, instruction_length: u8, machine: &mut Machine) {
        machine.set(Field::VM_ENTRY_INTERRUPTION_INFORMATION, self.entry_information() as u64);
        if let Some(error_code) = self.error_code {
            machine.set(Field::VM_ENTRY_EXCEPTION_ERROR_CODE, error_code as u64);
        }
        if self.kind.is_software() {
            machine.set(Field::VM_ENTRY_INSTRUCTION_LENGTH, instruction_length as u64);
        }
    }
}

/// An interruption word as a VM exit records it, or as an entry finds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InterruptionInformation(pub u32);

impl InterruptionInformation {
    /// Whether the word says anything.
    #[inline(always)]
    pub const fn is_valid(self) -> bool {
        self.0 & VALID != 0
    }

    /// The vector, bits 7:0.
    #[inline(always)]
    pub const fn vector(self) -> u8 {
        self.0 as u8
    }

    /// The kind, bits 10:8; `None` for the reserved type 1.
    #[inline(always)]
    pub const fn kind(self) -> Option<EventKind> {
        EventKind::from_bits(self.0 >> 8)
    }

    /// Whether an error code comes with it.
    #[inline(always)]
    pub const fn has_error_code(self) -> bool {
        self.0 & ERROR_CODE != 0
    }

    /// In a VM exit's interruption information: IRET had unblocked NMIs before the event occurred.
    pub const fn nmi_unblocking_by_iret(self) -> bool {
        self.0 & NMI_UNBLOCKING != 0
    }

    /// Bits 30:12, which a VM entry requires to be 0 (bit 13 apart, with FRED).
    pub const fn reserved_bits(self) -> u32 {
        self.0 & 0x7FFF_F000
    }

    /// The event, with `error_code` from the field beside; `None` when the word is not valid or the type reserved.
    #[inline(always)]
    pub const fn event(self, error_code: u32) -> Option<Event> {
        if !self.is_valid() {
            return None;
        }
        match self.kind() {
            Some(kind) => Some(Event {
                vector: self.vector(),
                kind,
                error_code: if self.has_error_code() { Some(error_code) } else { None },
            }),
            None => None,
        }
    }
}

/// In words, such as `hardware exception 13 (#GP, general protection), with error code`.
impl fmt::Display for InterruptionInformation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_valid() {
            return f.write_str("none");
        }
        match self.kind() {
            Some(kind) => write!(f, "{kind} {}", self.vector())?,
            None => write!(f, "reserved event type 1, vector {}", self.vector())?,
        }
        if matches!(self.kind(), Some(EventKind::HardwareException | EventKind::SoftwareException))
            && let Some(name) = exception_name(self.vector())
        {
            write!(f, " ({name})")?;
        }
        if self.has_error_code() {
            f.write_str(", with error code")?;
        }
        if self.nmi_unblocking_by_iret() {
            f.write_str(", NMIs unblocked by IRET")?;
        }
        Ok(())
    }
}

/// The mnemonic and meaning of an exception ("Exception and Interrupt Reference", section 6.15); `None` for other
/// vectors.
pub const fn exception_name(vector: u8) -> Option<&'static str> {
    Some(match vector {
        0 => "#DE, divide error",
        1 => "#DB, debug",
        2 => "NMI",
        3 => "#BP, breakpoint",
        4 => "#OF, overflow",
        5 => "#BR, bound range exceeded",
        6 => "#UD, invalid opcode",
        7 => "#NM, device not available",
        8 => "#DF, double fault",
        9 => "coprocessor segment overrun",
        10 => "#TS, invalid TSS",
        11 => "#NP, segment not present",
        12 => "#SS, stack segment",
        13 => "#GP, general protection",
        14 => "#PF, page fault",
        16 => "#MF, x87 floating-point error",
        17 => "#AC, alignment check",
        18 => "#MC, machine check",
        19 => "#XM, SIMD floating-point exception",
        20 => "#VE, virtualization",
        21 => "#CP, control protection",
        _ => return None,
    })
}
