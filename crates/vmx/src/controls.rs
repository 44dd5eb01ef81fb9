//! The control words of a VM, and the manual's algorithm for settling them.
//!
//! Which control bits a processor lets be 0 or 1 is not a constant: the capability MSRs say it, and a VM entry with
//! any other setting fails. [`settle`] therefore takes what the caller wants and what it cannot bear, asks the
//! capabilities, and refuses by name. Reserved bits follow the manual's default ("Reserved Controls and Default
//! Settings", section A.2): what the processor demands, else 0.

mod bits;

use core::error::Error;
use core::fmt;

pub use bits::{entry, exit, pin, primary, secondary, secondary_exit, tertiary};

use crate::capability::Capabilities;
use crate::field::Field;

/// One of the seven control words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ControlKind {
    /// Pin-based VM-execution controls.
    PinBased,
    /// Primary processor-based VM-execution controls.
    Primary,
    /// Secondary processor-based VM-execution controls.
    Secondary,
    /// Tertiary processor-based VM-execution controls (64 bits).
    Tertiary,
    /// Primary VM-exit controls.
    Exit,
    /// Secondary VM-exit controls (64 bits).
    SecondaryExit,
    /// VM-entry controls.
    Entry,
}

impl ControlKind {
    /// All seven, in the manual's order.
    pub const ALL: [ControlKind; 7] = [
        ControlKind::PinBased,
        ControlKind::Primary,
        ControlKind::Secondary,
        ControlKind::Tertiary,
        ControlKind::Exit,
        ControlKind::SecondaryExit,
        ControlKind::Entry,
    ];

    /// The VMCS field that holds the word.
    pub const fn field(self) -> Field {
        match self {
            Self::PinBased => Field::PIN_BASED_VM_EXECUTION_CONTROLS,
            Self::Primary => Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
            Self::Secondary => Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
            Self::Tertiary => Field::TERTIARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
            Self::Exit => Field::PRIMARY_VM_EXIT_CONTROLS,
            Self::SecondaryExit => Field::SECONDARY_VM_EXIT_CONTROLS,
            Self::Entry => Field::VM_ENTRY_CONTROLS,
        }
    }

    /// The masks and names of the word's defined bits, ascending.
    pub const fn names(self) -> &'static [(u64, &'static str)] {
        match self {
            Self::PinBased => pin::NAMES,
            Self::Primary => primary::NAMES,
            Self::Secondary => secondary::NAMES,
            Self::Tertiary => tertiary::NAMES,
            Self::Exit => exit::NAMES,
            Self::SecondaryExit => secondary_exit::NAMES,
            Self::Entry => entry::NAMES,
        }
    }

    /// All bits that the manual defines.
    pub const fn defined(self) -> u64 {
        let names = self.names();
        let mut defined = 0;
        let mut at = 0;
        while at < names.len() {
            defined |= names[at].0;
            at += 1;
        }
        defined
    }
}

impl fmt::Display for ControlKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::PinBased => "pin-based controls",
            Self::Primary => "primary processor-based controls",
            Self::Secondary => "secondary processor-based controls",
            Self::Tertiary => "tertiary processor-based controls",
            Self::Exit => "primary VM-exit controls",
            Self::SecondaryExit => "secondary VM-exit controls",
            Self::Entry => "VM-entry controls",
        })
    }
}

/// One bit of one control word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Control {
    /// The word.
    pub kind: ControlKind,
    /// The bit's position, 0–63.
    pub bit: u8,
}

impl Control {
    /// The control whose mask is `mask`, a constant of [`controls`](crate::controls).
    ///
    /// # Panics
    ///
    /// When `mask` is not exactly one bit.
    pub const fn new(kind: ControlKind, mask: u64) -> Self {
        assert!(mask.is_power_of_two(), "a control is one bit");
        Control { kind, bit: mask.trailing_zeros() as u8 }
    }

    /// The bit as a mask of its word.
    pub const fn mask(self) -> u64 {
        1 << self.bit
    }

    /// The manual's name; `None` for a bit that the manual reserves.
    pub fn name(self) -> Option<&'static str> {
        self.kind.names().iter().find(|(mask, _)| *mask == self.mask()).map(|(_, name)| *name)
    }
}

impl fmt::Display for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "\"{name}\" ({} bit {})", self.kind, self.bit),
            None => write!(f, "reserved bit {} of the {}", self.bit, self.kind),
        }
    }
}

/// The settings of one control word that a processor allows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Allowed {
    /// Bits that must be 1.
    pub must_be_1: u64,
    /// Bits that may be 1.
    pub may_be_1: u64,
}

impl Allowed {
    /// Whether a word of this value passes.
    pub const fn accepts(self, value: u64) -> bool {
        value & self.must_be_1 == self.must_be_1 && value & !self.may_be_1 == 0
    }

    /// The bits of `value` that do not pass: set but not allowed, or clear but demanded.
    pub const fn refused_bits(self, value: u64) -> u64 {
        (value & !self.may_be_1) | (!value & self.must_be_1)
    }
}

/// Why a control cannot have the setting that was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// The processor does not allow the bit to be 1.
    MustBe0,
    /// The processor does not allow the bit to be 0.
    MustBe1,
}

/// The processor does not allow a setting that the VM needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ControlRefused {
    /// The control, the lowest of those refused.
    pub control: Control,
    /// What the processor demands of it.
    pub why: Why,
    /// The address of the capability MSR that says so.
    pub msr: u32,
    /// The allowed settings from that MSR; all 0 where the MSR does not exist.
    pub capability: Allowed,
}

impl fmt::Display for ControlRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let demand = match self.why {
            Why::MustBe0 => "must be 0",
            Why::MustBe1 => "must be 1",
        };
        let Allowed { must_be_1, may_be_1 } = self.capability;
        write!(f, "{} {demand} on this processor (MSR {:X}h: must be 1 ", self.control, self.msr)?;
        write!(f, "{must_be_1:X}h, may be 1 {may_be_1:X}h)")
    }
}

impl Error for ControlRefused {}

/// The value of a control word: the bits `wanted`, the bits that the processor demands, and no other.
///
/// # Errors
///
/// A bit of `wanted` that must be 0, or a bit of `forbidden` that must be 1.
///
/// # Panics
///
/// When a bit is both wanted and forbidden.
pub fn settle(
    kind: ControlKind,
    wanted: u64,
    forbidden: u64,
    capabilities: &Capabilities,
) -> Result<u64, ControlRefused> {
    assert!(wanted & forbidden == 0, "controls both wanted and forbidden: {:#x}", wanted & forbidden);
    let capability = capabilities.allowed(kind);
    let value = (wanted | capability.must_be_1) & capability.may_be_1;
    let refuse = |bits: u64, why: Why| ControlRefused {
        control: Control { kind, bit: bits.trailing_zeros() as u8 },
        why,
        msr: capabilities.allowed_msr(kind),
        capability,
    };
    let lost = wanted & !value;
    if lost != 0 {
        return Err(refuse(lost, Why::MustBe0));
    }
    let forced = forbidden & value;
    if forced != 0 {
        return Err(refuse(forced, Why::MustBe1));
    }
    Ok(value)
}
