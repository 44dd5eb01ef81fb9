//! What a rule of VM entry is, and what a broken one says about itself.

use core::fmt;

use crate::exit::EntryFailure;
use crate::field::Field;
use crate::instruction_error::InstructionError;

/// A section of the manual, in the numbering that the crate's root pins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Section {
    /// Such as `28.3.1.2`.
    pub number: &'static str,
    /// Such as `Checks on Guest Segment Registers`.
    pub title: &'static str,
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "section {}, \"{}\"", self.number, self.title)
    }
}

/// What the processor does about a broken rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The VM-entry instruction fails with this VM-instruction error: 7 for controls, 8 for host state.
    Fails(InstructionError),
    /// The VM exits at once with reason 80000021h and this in the exit qualification.
    Exits(EntryFailure),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fails(error) => write!(f, "VMLAUNCH or VMRESUME fails, {error}"),
            Self::Exits(failure) => write!(f, "VM exit 80000021h, invalid guest state ({failure})"),
        }
    }
}

/// One rule of VM entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    /// A stable name, such as `guest.segment.v8086.access_rights`.
    pub id: &'static str,
    /// The rule, in one sentence.
    pub sentence: &'static str,
    /// Where the manual states it.
    pub section: Section,
    /// What the processor does when it is broken.
    pub outcome: Outcome,
}

/// What a rule demands of the offending field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Demand {
    /// This value and no other.
    Value(u64),
    /// At most this value.
    AtMost(u64),
    /// These bits 1 and those 0; the masks hold only bits that are wrong.
    Bits {
        /// Bits that are 0 and must be 1.
        set: u64,
        /// Bits that are 1 and must be 0.
        clear: u64,
    },
    /// What the rule's sentence says.
    Sentence,
}

impl fmt::Display for Demand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => write!(f, "must be {value:X}h"),
            Self::AtMost(value) => write!(f, "must be at most {value:X}h"),
            Self::Bits { set, clear: 0 } => write!(f, "must set {set:X}h"),
            Self::Bits { set: 0, clear } => write!(f, "must clear {clear:X}h"),
            Self::Bits { set, clear } => write!(f, "must set {set:X}h and clear {clear:X}h"),
            Self::Sentence => f.write_str("breaks the rule"),
        }
    }
}

/// A broken rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The rule.
    pub rule: &'static Rule,
    /// The field that breaks it.
    pub field: Field,
    /// The field's value.
    pub value: u64,
    /// What the value should be.
    pub demand: Demand,
}

/// In words, such as `guest_cs_access_rights is 9Bh and must be F3h: In virtual-8086 mode ... (guest.segment...)`.
impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { rule, field, value, demand } = self;
        write!(f, "{field} is {value:X}h and {demand}: {} ", rule.sentence)?;
        write!(f, "(rule {}, {})", rule.id, rule.section)
    }
}

impl Rule {
    /// A rule on VM-execution, VM-exit or VM-entry controls.
    pub(super) const fn control(id: &'static str, section: Section, sentence: &'static str) -> Self {
        let outcome = Outcome::Fails(InstructionError::ENTRY_INVALID_CONTROL);
        Rule { id, sentence, section, outcome }
    }

    /// A rule on host state.
    pub(super) const fn host(id: &'static str, section: Section, sentence: &'static str) -> Self {
        let outcome = Outcome::Fails(InstructionError::ENTRY_INVALID_HOST_STATE);
        Rule { id, sentence, section, outcome }
    }

    /// A rule on guest state that the processor does not single out.
    pub(super) const fn guest(id: &'static str, section: Section, sentence: &'static str) -> Self {
        Rule { id, sentence, section, outcome: Outcome::Exits(EntryFailure::Unspecified) }
    }
}

/// The sections of chapter 28 that state rules.
#[rustfmt::skip]
pub(super) mod section {
    use super::Section;

    const fn of(number: &'static str, title: &'static str) -> Section {
        Section { number, title }
    }

    pub const EXECUTION_CONTROLS:  Section = of("28.2.1.1", "VM-Execution Control Fields");
    pub const EXIT_CONTROLS:       Section = of("28.2.1.2", "VM-Exit Control Fields");
    pub const ENTRY_CONTROLS:      Section = of("28.2.1.3", "VM-Entry Control Fields");
    pub const HOST_REGISTERS:      Section = of("28.2.2",   "Checks on Host Control Registers, MSRs, and SSP");
    pub const HOST_SEGMENTS:       Section = of("28.2.3",   "Checks on Host Segment and Descriptor-Table Registers");
    pub const ADDRESS_SPACE_SIZE:  Section = of("28.2.4",   "Checks Related to Address-Space Size");
    pub const GUEST_REGISTERS:     Section = of("28.3.1.1", "Checks on Guest Control Registers, Debug Registers, and MSRs");
    pub const GUEST_SEGMENTS:      Section = of("28.3.1.2", "Checks on Guest Segment Registers");
    pub const GUEST_TABLES:        Section = of("28.3.1.3", "Checks on Guest Descriptor-Table Registers");
    pub const GUEST_RIP_RFLAGS:    Section = of("28.3.1.4", "Checks on Guest RIP, RFLAGS, and SSP");
    pub const GUEST_NON_REGISTER:  Section = of("28.3.1.5", "Checks on Guest Non-Register State");
}
