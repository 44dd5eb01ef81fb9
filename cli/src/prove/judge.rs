//! Computes each case again, audits it, and compares.

use vmx::audit::{self, Finding, Outcome, Permitted, Undecided, Violation};
use vmx::exit::EntryFailure;
use vmx::instruction_error::InstructionError;
use vmx::mutate::{Case, Cases, Observed};
use vmx::{Capabilities, Machine};

use crate::engine::Cpu;

use super::departures::{self, Behaviour};
use super::messages::Message;
use super::run::Observation;
use super::tally::Tally;

/// In which way auditor and processor disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// No rule is broken, yet the entry failed.
    Unpredicted,
    /// Rules are broken, yet the guest ran.
    Entered,
    /// The entry failed in a way that no broken rule explains.
    OtherOutcome,
    /// The engine named a check that is not that of the only broken rule.
    OtherCheck,
    /// The machine did not survive.
    Lost,
}

/// A case on which auditor and processor disagree.
#[derive(Clone, Debug)]
pub struct Disagreement {
    /// The case.
    pub number: u64,
    /// In which way.
    pub kind: Kind,
    /// The rules that the auditor finds broken.
    pub rules: Vec<&'static str>,
    /// What the processor did.
    pub observed: Observed,
    /// What the engine named.
    pub messages: Vec<&'static str>,
}

/// Judges observations of the cases from `first` on.
pub fn judge(
    (cpu, capabilities): (Cpu, &Capabilities),
    seed: u64,
    first: u64,
    observations: &[Observation],
    tally: &mut Tally,
) {
    let cases = Cases::new(*capabilities);
    for (number, observation) in (first..).zip(observations) {
        judge_one(&cases, cpu, number, (&cases.case(seed, number), observation), tally);
    }
}

/// What the auditor says of a case.
#[derive(Default)]
struct Audit {
    violations: Vec<Violation>,
    undecided: Vec<Undecided>,
}

impl Audit {
    fn of(case: &Case, capabilities: &Capabilities) -> Self {
        let mut audit = Audit::default();
        let revision = capabilities.revision();
        let memory = |address| case.memory(address, revision);
        audit::check_with(&case.machine, capabilities, &memory, &mut |finding| match finding {
            Finding::Violation(violation) => audit.violations.push(violation),
            Finding::Undecided(undecided) => audit.undecided.push(undecided),
        });
        audit
    }
}

fn judge_one(
    cases: &Cases,
    cpu: Cpu,
    number: u64,
    (case, observation): (&Case, &Observation),
    tally: &mut Tally,
) {
    let Audit { violations, undecided } = Audit::of(case, cases.capabilities());
    let expected = Expected::of(&violations, &case.machine, cpu);
    // What the auditor cannot decide, it cannot predict: those cases count for nothing.
    let verdict = if undecided.is_empty() { expected.verdict(observation) } else { None };
    tally.undecided += u64::from(!undecided.is_empty());
    tally.count(
        &expected.rules,
        &expected.ignored,
        expected.additions.is_empty(),
        observation,
        verdict.is_none(),
    );
    if let Some(kind) = verdict {
        tally.disagree(Disagreement {
            number,
            kind,
            rules: expected.rules,
            observed: observation.observed,
            messages: observation.messages.iter().map(|message| message.text()).collect(),
        });
    }
}

/// What the engine should do: what the manual permits, put right by the engine's departures.
struct Expected {
    /// The broken rules that it enforces.
    rules: Vec<&'static str>,
    /// Those that it does not.
    ignored: Vec<&'static str>,
    permitted: Permitted,
    /// Refusals that are its own.
    answers: Vec<Outcome>,
    /// Its own checks that the case fails.
    additions: Vec<&'static str>,
}

impl Expected {
    fn of(violations: &[Violation], machine: &Machine, cpu: Cpu) -> Self {
        let mut expected = Expected {
            rules: Vec::new(),
            ignored: Vec::new(),
            permitted: Permitted::new(),
            answers: Vec::new(),
            additions: Vec::new(),
        };
        for violation in violations {
            let rule = violation.rule.id;
            match departures::of(violation, machine, cpu).map(|departure| departure.behaviour) {
                None | Some(Behaviour::Stops) => {
                    expected.rules.push(rule);
                    expected.permitted.add(violation);
                }
                Some(Behaviour::Answers(outcome)) => {
                    expected.rules.push(rule);
                    expected.answers.push(outcome);
                }
                Some(Behaviour::Ignores) => expected.ignored.push(rule),
            }
        }
        expected.rules.dedup();
        expected.ignored.dedup();
        for addition in departures::additions(machine) {
            expected.additions.push(addition.message);
            expected.answers.push(addition.outcome);
        }
        expected
    }

    fn contains(&self, outcome: Outcome) -> bool {
        let is_error = |outcome: &Outcome| matches!(outcome, Outcome::Fails(_));
        // The engine's own answers all concern guest state, which comes after controls and host state.
        if self.answers.is_empty() || self.permitted.outcomes().any(|permitted| is_error(&permitted)) {
            return self.permitted.contains(outcome);
        }
        self.answers.contains(&outcome)
            || (matches!(outcome, Outcome::Exits(_)) && self.permitted.contains(outcome))
    }

    /// The disagreement, if there is one.
    fn verdict(&self, observation: &Observation) -> Option<Kind> {
        let outcome = match observation.observed {
            Observed::NotRun => return None,
            Observed::Lost => return Some(Kind::Lost),
            Observed::Entered => Outcome::Enters,
            Observed::FailedInvalid => Outcome::FailsInvalid,
            Observed::Failed(error) => Outcome::Fails(InstructionError(error.into())),
            Observed::InvalidGuest(number) => Outcome::Exits(EntryFailure::from_number(number.into())),
            Observed::MsrLoading(entry) => Outcome::LoadingFails(entry.into()),
            Observed::MachineCheck => Outcome::MachineCheck,
        };
        if !self.contains(outcome) {
            return Some(match (&self.rules[..], outcome) {
                ([], _) => Kind::Unpredicted,
                (_, Outcome::Enters) => Kind::Entered,
                _ => Kind::OtherOutcome,
            });
        }
        let is_explained = |message: &Message| {
            self.rules.iter().any(|rule| message.rules().contains(rule))
                || self.additions.contains(&message.text())
                || message.rules().is_empty() && !self.answers.is_empty()
        };
        let named = observation.messages.iter().any(is_explained);
        (!observation.messages.is_empty() && !named && !self.rules.is_empty()).then_some(Kind::OtherCheck)
    }
}
