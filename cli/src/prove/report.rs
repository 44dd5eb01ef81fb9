//! The count as text and as JSON.

use std::fmt::Write;

use serde_json::{Value, json};
use vmx::audit;

use super::Trial;
use super::departures::{ADDITIONS, Behaviour, DEPARTURES};
use super::rule_table::proved;
use super::tally::{RuleTally, Tally};
use super::unproved::reason;

/// Disagreements that are shown.
const SHOWN: usize = 20;

/// For people: agreement by rule, what is unproved and why, and the disagreements.
pub(super) fn text(trial: &Trial, tally: &Tally) -> String {
    let mut out = String::new();
    let rules = audit::rules();
    // A string takes everything, so there is no error to handle.
    let _ = writeln!(out, "{:<48} {:>9} {:>9} {:>9} {:>9}", "rule", "broken", "alone", "agreed", "named");
    for rule in rules {
        let RuleTally { broken, alone, agreed, named, .. } = of(tally, rule.id);
        if named > 0 {
            let _ = writeln!(out, "{:<48} {broken:>9} {alone:>9} {agreed:>9} {named:>9}", rule.id);
        }
    }
    let _ = writeln!(out, "\nUnproved on {}:", trial.cpu.short_name());
    for rule in rules {
        let counts = of(tally, rule.id);
        if counts.named == 0 {
            let _ = writeln!(out, "{:<48} {}", rule.id, why_unproved(rule.id, counts));
        }
    }
    for example in tally.examples.iter().take(SHOWN) {
        let _ = writeln!(
            out,
            "\nDISAGREEMENT {:?}, case {}: the processor: {:?}, the auditor: {:?}, the engine: {:?}",
            example.kind, example.number, example.observed, example.rules, example.messages
        );
    }
    let _ = writeln!(
        out,
        "\n{}, seed {}: {} cases, {} entered, {} only audited, {} not decided; {} disagreements; {} of {} rules proved",
        trial.cpu.short_name(),
        trial.seed,
        tally.cases,
        tally.entered,
        tally.not_run,
        tally.undecided,
        tally.unexplained(),
        tally.proved(),
        rules.len()
    );
    out
}

/// For programs.
pub(super) fn json(trial: &Trial, tally: &Tally) -> Value {
    let rules: Vec<_> = audit::rules()
        .iter()
        .map(|rule| {
            let counts = of(tally, rule.id);
            let why = (counts.named == 0).then(|| why_unproved(rule.id, counts));
            json!({
                "rule": rule.id, "broken": counts.broken, "alone": counts.alone, "agreed": counts.agreed,
                "named": counts.named, "proved": counts.named > 0, "why_unproved": why,
            })
        })
        .collect();
    let disagreements: Vec<_> = tally
        .examples
        .iter()
        .map(|example| {
            json!({
                "case": example.number, "kind": format!("{:?}", example.kind), "rules": example.rules,
                "observed": format!("{:?}", example.observed), "messages": example.messages,
            })
        })
        .collect();
    let additions: Vec<_> = ADDITIONS
        .iter()
        .map(|addition| json!({ "message": addition.message, "argument": addition.argument }))
        .collect();
    json!({
        "command": "audit --prove", "cpu": trial.cpu.short_name(), "seed": trial.seed, "cases": tally.cases,
        "entered": tally.entered, "only_audited": tally.not_run, "undecided": tally.undecided,
        "unexplained": tally.unexplained(), "proved": tally.proved(), "rules": rules,
        "disagreements": disagreements, "additions": additions,
    })
}

fn of(tally: &Tally, rule: &str) -> RuleTally {
    tally.rules.get(rule).copied().unwrap_or_default()
}

/// Why no case proved the rule.
fn why_unproved(rule: &str, counts: RuleTally) -> String {
    let departure = DEPARTURES.iter().find(|departure| departure.rule == rule);
    match (departure, counts) {
        (Some(departure), _) => {
            let what = match departure.behaviour {
                Behaviour::Ignores => "Bochs does not enforce it",
                Behaviour::Answers(_) => "Bochs answers otherwise",
                Behaviour::Stops => "Bochs stops over it",
            };
            format!("{what}: {}", departure.argument)
        }
        (None, counts) => match (reason(rule), proved().get(rule)) {
            (Some(reason), _) => reason.to_owned(),
            (None, Some(models)) => format!("{}; proved on {}", here(counts), models.join(", ")),
            (None, None) => here(counts).to_owned(),
        },
    }
}

/// What this trial lacks.
fn here(counts: RuleTally) -> &'static str {
    match counts {
        RuleTally { broken: 0, .. } => {
            "no case broke it: the model lacks what it is about, or the cases are too few"
        }
        RuleTally { alone: 0, .. } => "no case broke it alone",
        _ => "Bochs named another check",
    }
}
