//! What a VM entry may do, given the rules that it breaks.
//!
//! The manual leaves open in which order a processor checks controls and host state ("Checks on VMX Controls and
//! Host-State Area", section 28.2), so that either error may come where both are wrong; and likewise in which order it
//! checks guest state. But guest state is checked only when those are right, and MSRs are loaded only after that, in
//! the order of the area.

use super::finding::Violation;
use super::rule::Outcome;
use crate::exit::EntryFailure;
use crate::instruction_error::InstructionError;

/// The outcomes that the manual permits: a set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Permitted {
    /// Bits 7 and 8: the instruction errors of these numbers; bits 16 to 20: the exit qualifications 0 to 4.
    found: u32,
    /// The number of the first MSR-load entry that is refused; 0 for none.
    entry: u32,
    /// All that is broken need not be refused by every processor.
    maybe_enters: u32,
}

const ERRORS: u32 = 0xFFFF;
const EXITS: u32 = 0xFFFF_0000;
const FIRST_EXIT: u32 = 16;

impl Permitted {
    /// What a plan that breaks no rule may do: enter.
    pub const fn new() -> Self {
        Permitted { found: 0, entry: 0, maybe_enters: 0 }
    }

    /// Adds what one broken rule permits.
    pub fn add(&mut self, violation: &Violation) {
        let bit = match violation.outcome() {
            Outcome::Fails(InstructionError(number)) => 1 << (number & 0xF),
            Outcome::Exits(failure) => 1 << (FIRST_EXIT + failure.number() as u32 % 8),
            Outcome::LoadingFails(entry) => {
                self.entry = if self.entry == 0 { entry } else { self.entry.min(entry) };
                return;
            }
            Outcome::Enters | Outcome::FailsInvalid | Outcome::MachineCheck => return,
        };
        if violation.rule.id == LENIENT {
            self.maybe_enters |= bit;
        } else {
            self.found |= bit;
        }
    }

    /// Whether the manual permits `outcome`. A VMfailInvalid or a machine check does not come from any field.
    pub fn contains(&self, outcome: Outcome) -> bool {
        self.outcomes().any(|permitted| permitted == outcome)
    }

    /// Whether only one outcome is permitted.
    pub fn is_certain(&self) -> bool {
        self.outcomes().nth(1).is_none()
    }

    /// The outcomes, at least one.
    pub fn outcomes(&self) -> impl Iterator<Item = Outcome> + '_ {
        let errors = self.found & ERRORS;
        let exits = if errors != 0 { 0 } else { (self.found | self.maybe_enters) & EXITS };
        // What comes after guest state is reached only if nothing is certain to fail before it.
        let passes = errors == 0 && self.found & EXITS == 0;
        let end = match (passes, self.entry) {
            (false, _) => None,
            (true, 0) => Some(Outcome::Enters),
            (true, entry) => Some(Outcome::LoadingFails(entry)),
        };
        (0..u32::BITS)
            .filter(move |bit| (errors | exits) >> bit & 1 == 1)
            .map(|bit| match bit {
                0..FIRST_EXIT => Outcome::Fails(InstructionError(bit)),
                _ => Outcome::Exits(EntryFailure::from_number(u64::from(bit - FIRST_EXIT))),
            })
            .chain(end)
    }
}

/// The rule that some processors do not have: an NMI injected while STI blocks events.
const LENIENT: &str = "guest.interruptibility.nmi_sti";

/// What the manual permits a processor to do about these broken rules.
pub fn predict<'a>(violations: impl IntoIterator<Item = &'a Violation>) -> Permitted {
    let mut permitted = Permitted::new();
    for violation in violations {
        permitted.add(violation);
    }
    permitted
}
