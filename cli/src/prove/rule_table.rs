//! The table of all rules, for the book: each with its sentence, its section, and whether Bochs confirms it.

use std::collections::BTreeMap;
use std::fmt::Write;

use vmx::audit::{Outcome, judged_msrs, not_checked, rules};

use super::departures::DEPARTURES;
use super::unproved::reason;

/// A line for each rule that trials proved, and the models on which they did: what `audit --prove --json` said of
/// 200,000 cases on each model.
const PROVED: &str = include_str!("proved.txt");

/// Rule id → the models that proved it.
pub fn proved() -> BTreeMap<&'static str, Vec<&'static str>> {
    PROVED
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            words.next().map(|rule| (rule, words.collect()))
        })
        .collect()
}

/// The table as Markdown.
pub fn markdown() -> String {
    let proved = proved();
    let all = rules();
    let mut out = format!(
        "# The rules of VM entry\n\n\
         Every rule that the auditor knows, in the manual's order. *Confirmed* names the models of Bochs 2.7 on which a case \
         broke this rule alone, ended as predicted, and was refused by the check of this rule by name: {} of {} rules \
         ({} %). The others say why not.\n\n\
         | rule | what it says | section | when broken | confirmed |\n|---|---|---|---|---|\n",
        proved.len(),
        all.len(),
        100 * proved.len() / all.len()
    );
    for rule in all {
        let outcome = match rule.outcome {
            Outcome::Fails(error) => format!("error {}", error.0),
            Outcome::Exits(failure) => format!("exit 33, qualification {}", failure.number()),
            Outcome::LoadingFails(_) => "exit 34".to_owned(),
            Outcome::Enters | Outcome::FailsInvalid | Outcome::MachineCheck => String::new(),
        };
        let confirmed = match proved.get(rule.id) {
            Some(models) => models.join(", "),
            None => format!("no: {}", why_not(rule.id)),
        };
        // A string takes everything, so there is no error to handle.
        let _ = writeln!(
            out,
            "| `{}` | {} | {} {} | {outcome} | {confirmed} |",
            rule.id, rule.sentence, rule.section.number, rule.section.title
        );
    }
    out.push_str(&msrs());
    out.push_str(&gaps());
    out
}

/// Which MSRs' values the last rule judges.
fn msrs() -> String {
    let mut out = "\n## The MSRs whose values `load.msr.value` judges\n\n\
                   What WRMSR accepts depends on the model. For these MSRs the manual says it once for all; an entry with \
                   another MSR is left undecided.\n\n"
        .to_owned();
    for (first, last, name) in judged_msrs() {
        let _ = match first == last {
            true => writeln!(out, "* {first:X}h: {name}"),
            false => writeln!(out, "* {first:X}h to {last:X}h: {name}"),
        };
    }
    out
}

/// What the chapter requires and no rule checks.
fn gaps() -> String {
    let mut out =
        "\n## What no rule checks\n\n| section | requirement | why no rule checks it |\n|---|---|---|\n"
            .to_owned();
    for gap in not_checked() {
        let _ = writeln!(
            out,
            "| {} {} | {} | {} |",
            gap.section.number, gap.section.title, gap.requirement, gap.why
        );
    }
    out
}

/// Why no trial proves the rule: the engine departs from the manual, or has no such thing.
pub fn why_not(rule: &str) -> &'static str {
    match DEPARTURES.iter().find(|departure| departure.rule == rule) {
        Some(departure) => departure.argument,
        None => reason(rule).unwrap_or_default(),
    }
}
