//! What an audit says: rules that are broken, with their evidence, and rules that it could not decide, with the reason.

use core::fmt;

use super::engine::Term;
use super::fix::Fix;
use super::rule::{Outcome, Rule};
use crate::field::Field;

/// What a rule demands of the offending field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Demand {
    /// This value and no other.
    Value(u64),
    /// At most this value.
    AtMost(u64),
    /// At least this value.
    AtLeast(u64),
    /// These bits 1 and those 0; the masks hold only bits that are wrong.
    Bits {
        /// Bits that are 0 and must be 1.
        set: u64,
        /// Bits that are 1 and must be 0.
        clear: u64,
    },
    /// In these bits, one of these values (both masks and values in place).
    OneOf(u64, &'static [u64]),
    /// A canonical address, of which this is the nearest.
    Canonical(u64),
    /// What the rule's sentence says.
    Sentence,
}

impl fmt::Display for Demand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => write!(f, "must be {value:X}h"),
            Self::AtMost(value) => write!(f, "must be at most {value:X}h"),
            Self::AtLeast(value) => write!(f, "must be at least {value:X}h"),
            Self::Bits { set, clear: 0 } => write!(f, "must set {set:X}h"),
            Self::Bits { set: 0, clear } => write!(f, "must clear {clear:X}h"),
            Self::Bits { set, clear } => write!(f, "must set {set:X}h and clear {clear:X}h"),
            Self::OneOf(mask, values) => {
                write!(f, "must hold in {mask:X}h ")?;
                for (at, value) in values.iter().enumerate() {
                    write!(f, "{}{value:X}h", if at == 0 { "" } else { " or " })?;
                }
                Ok(())
            }
            Self::Canonical(_) => f.write_str("must be canonical"),
            Self::Sentence => f.write_str("breaks the rule"),
        }
    }
}

/// What else decided, beside the offending field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Evidence {
    /// Nothing.
    None,
    /// Another field and its value.
    Field(Field, u64),
    /// 8 bytes of memory.
    Memory {
        /// Their physical address.
        address: u64,
        /// What they hold.
        value: u64,
    },
    /// An entry of the VM-entry MSR-load area.
    Entry {
        /// Its number, from 1.
        number: u32,
        /// Its first 8 bytes, which name the MSR.
        msr: u64,
        /// Its last 8 bytes, the MSR's value.
        value: u64,
    },
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Field(field, value) => write!(f, "{field} is {value:X}h"),
            Self::Memory { address, value } => write!(f, "the 8 bytes at {address:X}h are {value:X}h"),
            Self::Entry { number, msr, value } => {
                write!(f, "entry {number} loads MSR {msr:X}h with {value:X}h")
            }
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
    /// What else decided.
    pub evidence: Evidence,
    /// Under which settings the rule holds at all.
    pub(super) when: &'static [Term],
}

impl Violation {
    /// What the processor does about it. [`Rule::outcome`] does not know the number of an MSR-load entry.
    pub const fn outcome(&self) -> Outcome {
        match (self.rule.outcome, self.evidence) {
            (Outcome::LoadingFails(_), Evidence::Entry { number, .. }) => Outcome::LoadingFails(number),
            (outcome, _) => outcome,
        }
    }

    /// A change that would satisfy the rule.
    pub const fn fix(&self) -> Fix<'_> {
        Fix(self)
    }

    /// The fields that took part: the offending one, the one beside it, and those whose setting makes the rule hold.
    pub fn fields(&self) -> impl Iterator<Item = Field> + '_ {
        let beside = match self.evidence {
            Evidence::Field(field, _) => Some(field),
            Evidence::None | Evidence::Memory { .. } | Evidence::Entry { .. } => None,
        };
        [Some(self.field), beside].into_iter().flatten().chain(self.when.iter().filter_map(Term::field))
    }
}

/// In words, such as `guest_cs_access_rights is 9Bh and must be F3h: In virtual-8086 mode ... (guest.segment...)`.
impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { rule, field, value, demand, evidence, when: _ } = self;
        write!(f, "{field} is {value:X}h and {demand}")?;
        if *evidence != Evidence::None {
            write!(f, " ({evidence})")?;
        }
        let separator = if rule.sentence.is_empty() { "" } else { ": " };
        write!(f, "{separator}{} (rule {}, {})", rule.sentence, rule.id, rule.section)
    }
}

/// Why a rule could not be decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// This field is absent.
    Absent(Field),
    /// The profile does not tell this capability MSR.
    Capability(u32),
    /// The profile does not tell this about the processor.
    Cpu(&'static str),
    /// These 8 bytes of memory are not known.
    Memory(u64),
    /// Whether this MSR takes this value is not among the rules here.
    Msr(u32),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(field) => write!(f, "{field} is absent"),
            Self::Capability(msr) => write!(f, "capability MSR {msr:X}h is not known"),
            Self::Cpu(fact) => write!(f, "the processor's {fact} is not known"),
            Self::Memory(address) => write!(f, "the memory at {address:X}h is not known"),
            Self::Msr(msr) => write!(f, "what MSR {msr:X}h accepts is not known"),
        }
    }
}

/// A rule that could not be decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Undecided {
    /// The rule.
    pub rule: &'static Rule,
    /// The first reason met.
    pub why: Why,
}

impl fmt::Display for Undecided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule.id, self.why)
    }
}

/// One thing that an audit says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Finding {
    /// A rule is broken.
    Violation(Violation),
    /// A rule could not be decided.
    Undecided(Undecided),
}
