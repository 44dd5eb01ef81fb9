//! The engine: a table of rows, each a rule, the settings under which it holds, the fields it looks at, and a test.
//!
//! Settings are bits of a few words: the seven control words as the processor uses them (0 where an activating control
//! is 0), and one word of facts that other fields tell ([`state`]). A bit is 1, 0, or not known, because a field is
//! absent; what is not known never breaks a rule.

use super::finding::{Demand, Evidence, Finding, Undecided, Violation, Why};
use super::memory::Memory;
use super::rule::Rule;
use super::state;
use crate::capability::Capabilities;
use crate::controls::ControlKind;
use crate::field::Field;
use crate::machine::Machine;

/// How many words of settings there are: the control words, and [`state`].
pub(super) const WORDS: usize = ControlKind::ALL.len() + 1;
const STATE: u8 = ControlKind::ALL.len() as u8;

/// Bits of one word that must be 1 and others that must be 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Term {
    word: u8,
    pub(super) ones: u64,
    pub(super) zeros: u64,
}

/// The control `mask` of `kind` is 1.
pub(super) const fn on(kind: ControlKind, mask: u64) -> Term {
    Term { word: kind as u8, ones: mask, zeros: 0 }
}

/// The control `mask` of `kind` is 0.
pub(super) const fn off(kind: ControlKind, mask: u64) -> Term {
    Term { word: kind as u8, ones: 0, zeros: mask }
}

/// These facts of [`state`] hold, and those do not.
pub(super) const fn state(ones: u64, zeros: u64) -> Term {
    Term { word: STATE, ones, zeros }
}

impl Term {
    /// The control word that the term is about.
    pub(super) fn kind(&self) -> Option<ControlKind> {
        ControlKind::ALL.get(usize::from(self.word)).copied()
    }

    /// The field that tells the term's lowest bit.
    pub(super) fn field(&self) -> Option<Field> {
        match self.kind() {
            Some(kind) => Some(kind.field()),
            None => state::source(self.ones | self.zeros),
        }
    }
}

/// A breach of a rule: what the field should be, and what else decided.
pub(super) type Breach = (Demand, Evidence);
/// What a test finds: nothing, a breach, or that it cannot decide.
pub(super) type Decision = Result<Option<Breach>, Why>;

pub(super) const HOLDS: Decision = Ok(None);

/// A breach without further evidence, where `holds` is false.
pub(super) const fn demand(holds: bool, demand: Demand) -> Decision {
    if holds { HOLDS } else { Ok(Some((demand, Evidence::None))) }
}

/// What a rule demands of each of its fields.
pub(super) enum Test {
    /// These bits 1 and those 0.
    Bits(u64, u64),
    /// This value.
    Value(u64),
    /// At least this value.
    AtLeast(u64),
    /// This control of the word 1, and in effect.
    Control(u64),
    /// A physical address within the processor's width, these bits 0.
    Address(u64),
    /// A canonical linear address.
    Canonical,
    /// What this function decides.
    Special(fn(&Audit, Field, u64) -> Decision),
}

/// A rule and how it is checked.
pub(super) struct Row {
    pub(super) rule: &'static Rule,
    /// The settings under which the rule holds: all of them.
    pub(super) when: &'static [Term],
    pub(super) fields: &'static [Field],
    pub(super) test: Test,
}

/// A plan under audit.
pub(super) struct Audit<'a> {
    pub(super) machine: &'a Machine,
    pub(super) capabilities: &'a Capabilities,
    pub(super) memory: &'a dyn Memory,
    words: [u64; WORDS],
    known: [u64; WORDS],
}

impl<'a> Audit<'a> {
    pub(super) fn new(machine: &'a Machine, capabilities: &'a Capabilities, memory: &'a dyn Memory) -> Self {
        let (words, known) = state::words(machine, capabilities);
        Audit { machine, capabilities, memory, words, known }
    }

    /// The field's value, for a rule that cannot do without.
    pub(super) fn need(&self, field: Field) -> Result<u64, Why> {
        self.machine.get(field).ok_or(Why::Absent(field))
    }

    /// Whether the control `mask` of `kind` is 1 and in effect.
    pub(super) fn has(&self, kind: ControlKind, mask: u64) -> Result<bool, Why> {
        match self.holds(&on(kind, mask)) {
            Some(holds) => Ok(holds),
            None => Err(self.why_unknown(&on(kind, mask))),
        }
    }

    /// Whether the facts of [`state`] in `mask` all hold.
    pub(super) fn is(&self, mask: u64) -> Result<bool, Why> {
        match self.holds(&state(mask, 0)) {
            Some(holds) => Ok(holds),
            None => Err(self.why_unknown(&state(mask, 0))),
        }
    }

    #[inline]
    fn holds(&self, term: &Term) -> Option<bool> {
        let (word, known) = (self.words[usize::from(term.word)], self.known[usize::from(term.word)]);
        if ((term.ones & !word) | (term.zeros & word)) & known != 0 {
            Some(false)
        } else if (term.ones | term.zeros) & !known != 0 {
            None
        } else {
            Some(true)
        }
    }

    #[cold]
    fn why_unknown(&self, term: &Term) -> Why {
        let unknown = (term.ones | term.zeros) & !self.known[usize::from(term.word)];
        match term.kind() {
            Some(kind) => match state::activating(kind) {
                Some((by, mask)) if self.holds(&on(by, mask)).is_none() => Why::Absent(by.field()),
                _ => Why::Absent(kind.field()),
            },
            None => state::source(unknown).map_or(Why::Cpu("mode at the VM entry"), Why::Absent),
        }
    }

    /// Whether the settings of a row hold; `None` where one is not known and none is known to differ.
    #[inline]
    fn applies(&self, when: &[Term]) -> Option<bool> {
        let mut applies = Some(true);
        for term in when {
            match self.holds(term) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => applies = None,
            }
        }
        applies
    }

    /// Why it is not known whether the settings of a row hold; `None` where it is.
    #[cold]
    fn why_open(&self, when: &[Term]) -> Option<Why> {
        when.iter().find(|term| self.holds(term).is_none()).map(|term| self.why_unknown(term))
    }

    /// Checks every row of `table` and reports what it finds.
    pub(super) fn check(&self, table: &'static [Row], report: &mut dyn FnMut(Finding)) {
        for row in table {
            let applies = self.applies(row.when);
            let passes = match applies {
                Some(false) => true,
                Some(true) => row.fields.iter().all(|field| self.passes(&row.test, *field)),
                None => false,
            };
            if !passes {
                self.check_row(row, self.why_open(row.when), report);
            }
        }
    }

    /// Whether the field is present and passes the test: the way of nearly every row, so it leaves no evidence.
    #[inline]
    fn passes(&self, test: &Test, field: Field) -> bool {
        let Some(value) = self.machine.get(field) else { return false };
        match *test {
            Test::Bits(ones, zeros) => (!value & ones) | (value & zeros) == 0,
            Test::Value(wanted) => value == wanted,
            Test::AtLeast(least) => value >= least,
            Test::Canonical => is_extended(value, LINEAR_BITS.0),
            Test::Address(low_bits) => value & low_bits == 0 && value >> PHYSICAL_BITS.0 == 0,
            Test::Control(_) => false,
            Test::Special(decide) => decide(self, field, value) == HOLDS,
        }
    }

    /// Checks the fields of a row. Where it is not known whether the rule holds at all (`unknown`), only a field that
    /// would break it leaves it undecided.
    #[cold]
    fn check_row(&self, row: &'static Row, unknown: Option<Why>, report: &mut dyn FnMut(Finding)) {
        let mut open = None;
        for field in row.fields {
            let Some(value) = self.machine.get(*field) else {
                open = open.or(Some(unknown.unwrap_or(Why::Absent(*field))));
                continue;
            };
            match (row.test.decide(self, *field, value), unknown) {
                (Ok(None), _) => {}
                (Ok(Some((demand, evidence))), None) => report(Finding::Violation(Violation {
                    rule: row.rule,
                    field: *field,
                    value,
                    demand,
                    evidence,
                    when: row.when,
                })),
                (Ok(Some(_)), Some(why)) => open = open.or(Some(why)),
                (Err(why), unknown) => open = open.or(Some(unknown.unwrap_or(why))),
            }
        }
        // A VMM has everything that its rules need.
        if cfg!(feature = "every-rule")
            && let Some(why) = open
        {
            report(Finding::Undecided(Undecided { rule: row.rule, why }));
        }
    }
}

impl Test {
    fn decide(&self, audit: &Audit, field: Field, value: u64) -> Decision {
        match *self {
            Self::Bits(ones, zeros) => bits(value, ones, zeros),
            Self::Value(wanted) => demand(value == wanted, Demand::Value(wanted)),
            Self::AtLeast(least) => demand(value >= least, Demand::AtLeast(least)),
            Self::Control(mask) => audit.control(field, value, mask),
            Self::Address(low_bits) => audit.physical(value, low_bits),
            Self::Canonical => audit.canonical(value),
            Self::Special(decide) => decide(audit, field, value),
        }
    }
}

impl Audit<'_> {
    /// Demands that the control `mask` of the word in `field`, whose value is `value`, is 1 and in effect.
    fn control(&self, field: Field, value: u64, mask: u64) -> Decision {
        let Some(kind) = ControlKind::ALL.into_iter().find(|kind| kind.field() == field) else {
            return HOLDS;
        };
        match (self.has(kind, mask)?, state::activating(kind)) {
            (true, _) => HOLDS,
            (false, Some((by, _))) if value & mask == mask => {
                Ok(Some((Demand::Sentence, Evidence::Field(by.field(), self.need(by.field())?))))
            }
            (false, _) => bits(value, mask, 0),
        }
    }
}

/// Demands that `ones` are 1 and `zeros` are 0.
#[inline]
pub(super) const fn bits(value: u64, ones: u64, zeros: u64) -> Decision {
    let (set, clear) = (!value & ones, value & zeros);
    demand(set | clear == 0, Demand::Bits { set, clear })
}

/// The least and the greatest width of a physical address that a processor with VT-x has, in bits.
const PHYSICAL_BITS: (u32, u32) = (32, 52);
/// The widths of a linear address, in bits.
const LINEAR_BITS: (u32, u32) = (48, 57);

/// Widths of addresses, which may be unknown.
impl Audit<'_> {
    /// Demands a physical address within the processor's width, with `low_bits` clear.
    pub(super) fn physical(&self, value: u64, low_bits: u64) -> Decision {
        let known = self.capabilities.cpu.known || self.capabilities.addresses_limited_to_32_bits();
        match bits(value, 0, low_bits | u64::MAX << self.physical_width_bits()) {
            HOLDS if !known && value >> PHYSICAL_BITS.0 != 0 => Err(Why::Cpu("physical-address width")),
            decision => decision,
        }
    }

    /// The width of physical addresses, the greatest where it is not known.
    pub(super) fn physical_width_bits(&self) -> u32 {
        let cpu = &self.capabilities.cpu;
        match (self.capabilities.addresses_limited_to_32_bits(), cpu.known) {
            (true, _) => 32,
            (false, true) => u32::from(cpu.physical_address_bits),
            (false, false) => PHYSICAL_BITS.1,
        }
    }

    /// Demands a canonical address.
    pub(super) fn canonical(&self, value: u64) -> Decision {
        self.extended(value, 0)
    }

    /// Demands that the bits from the linear-address width on are equal, of which bit `width - 1` need not be: what
    /// RIP and SSP may hold.
    pub(super) fn nearly_canonical(&self, value: u64) -> Decision {
        self.extended(value, 1)
    }

    fn extended(&self, value: u64, slack_bits: u32) -> Decision {
        let cpu = &self.capabilities.cpu;
        let (narrow, wide) = if cpu.known {
            (u32::from(cpu.linear_address_bits), u32::from(cpu.linear_address_bits))
        } else {
            LINEAR_BITS
        };
        if is_extended(value, narrow + slack_bits) {
            HOLDS
        } else if is_extended(value, wide + slack_bits) {
            Err(Why::Cpu("linear-address width"))
        } else {
            demand(false, Demand::Canonical(sign_extended(value, narrow)))
        }
    }
}

const fn sign_extended(value: u64, width_bits: u32) -> u64 {
    let unused = 64 - width_bits;
    ((value << unused) as i64 >> unused) as u64
}

const fn is_extended(value: u64, width_bits: u32) -> bool {
    sign_extended(value, width_bits) == value
}
