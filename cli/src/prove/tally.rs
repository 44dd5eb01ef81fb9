//! The count, rule by rule.

use std::collections::BTreeMap;

use vmx::mutate::Observed;

use super::judge::{Disagreement, Kind};
use super::run::Observation;

/// Disagreements that are kept whole.
const KEPT: usize = 2000;

/// What became of one rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleTally {
    /// Cases that break it.
    pub broken: u64,
    /// Cases that break it alone.
    pub alone: u64,
    /// Cases that break it alone, in which the processor did what was predicted.
    pub agreed: u64,
    /// Cases that break it alone, in which the engine named its check.
    pub named: u64,
    /// Cases that break it where the engine is known not to look.
    pub ignored: u64,
}

/// All counts of a trial.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Cases that were tried.
    pub cases: u64,
    /// Cases that the processor accepted.
    pub entered: u64,
    /// Cases that were audited but not run.
    pub not_run: u64,
    /// Cases with a rule that the auditor could not decide.
    pub undecided: u64,
    /// By rule id.
    pub rules: BTreeMap<&'static str, RuleTally>,
    /// Disagreements by kind.
    pub disagreements: BTreeMap<Kind, u64>,
    /// The first of them.
    pub examples: Vec<Disagreement>,
}

impl Tally {
    pub(super) fn count(
        &mut self,
        rules: &[&'static str],
        ignored: &[&'static str],
        by_rules_alone: bool,
        observation: &Observation,
        agreed: bool,
    ) {
        self.cases += 1;
        self.entered += u64::from(observation.observed == Observed::Entered);
        self.not_run += u64::from(observation.observed == Observed::NotRun);
        for rule in ignored {
            self.rules.entry(rule).or_default().ignored += 1;
        }
        for rule in rules {
            self.rules.entry(rule).or_default().broken += 1;
        }
        let ([only], [], true) = (rules, ignored, by_rules_alone) else { return };
        let named = observation.messages.iter().any(|message| message.rules().contains(only));
        let rule = self.rules.entry(only).or_default();
        rule.alone += 1;
        rule.agreed += u64::from(agreed);
        rule.named += u64::from(named && agreed);
    }

    pub(super) fn disagree(&mut self, disagreement: Disagreement) {
        *self.disagreements.entry(disagreement.kind).or_default() += 1;
        if self.examples.len() < KEPT {
            self.examples.push(disagreement);
        }
    }

    /// Rules that are proved: named by the engine in a case that breaks nothing else.
    pub fn proved(&self) -> usize {
        self.rules.values().filter(|rule| rule.named > 0).count()
    }

    /// Cases on which auditor and processor disagree.
    pub fn unexplained(&self) -> u64 {
        self.disagreements.values().sum()
    }
}
