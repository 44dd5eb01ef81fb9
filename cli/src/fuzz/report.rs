//! What a hunt came to, for people and for programs. The same hunt gives the same text, byte by byte.

use std::collections::BTreeMap;
use std::fmt::Write;

use fuzz::Outcome;
use serde::Serialize;

use super::Case;
use super::hunt::{MOST_FINDINGS, Tally};
use super::minimise::bytes_that_matter;
use crate::args::FuzzArgs;
use crate::status::Status;

/// How the command ends.
pub fn status(tally: &Tally) -> Status {
    match tally.signal {
        Some(signal) => Status::Interrupted(signal),
        None if tally.findings.is_empty() => Status::Done,
        None => Status::NotMet,
    }
}

/// For people.
pub fn text(arguments: &FuzzArgs, tally: &Tally, found: &[Case]) -> String {
    let cpu = arguments.machine.cpu.short_name();
    // Not known before the first boot's end.
    let backend = if tally.backend.is_empty() { "" } else { &format!(", back-end {}", tally.backend) };
    let mut text = format!("{} hostile programs on {cpu}{backend}, seed {}\n\n", tally.tried, arguments.seed);
    // Writing to a string cannot fail.
    for (outcome, count) in &tally.outcomes {
        let _ = writeln!(text, "{count:>10}  {}", outcome.sentence());
    }
    let _ = writeln!(text, "\nchecksum over the outcomes: {:016X}h", tally.sum.value());
    for Case { finding, file, minimised } in found {
        let _ = writeln!(
            text,
            "\nprogram {} ({}) {}\n  {}\n  {}: {} bytes",
            finding.case,
            finding.kind.name(),
            finding.outcome.sentence(),
            finding.said,
            file.display(),
            bytes_that_matter(&finding.sector)
        );
        let _ = match minimised {
            Some((path, bytes)) => {
                writeln!(text, "  {}: the {bytes} bytes of it that matter", path.display())
            }
            None if tally.signal.is_some() => Ok(()),
            None => {
                writeln!(text, "  by itself it does nothing of the kind: it takes the programs before it")
            }
        };
    }
    if tally.is_given_up() {
        let _ = writeln!(text, "\ngiven up after {MOST_FINDINGS} findings");
    }
    if let Some(signal) = tally.signal {
        let _ = writeln!(text, "\nended by signal {signal}; {} were to be tried", arguments.cases);
    }
    let _ = match found.len() {
        0 if tally.signal.is_some() => writeln!(text, "\nnothing was found until then"),
        0 => writeln!(text, "\ndone: nothing was found"),
        count => writeln!(text, "\nfound: {count} program(s) did what no guest may"),
    };
    text
}

/// For programs.
#[derive(Serialize)]
pub struct Object<'a> {
    command: &'static str,
    cpu: String,
    backend: &'a str,
    seed: u64,
    status: u8,
    cases: u64,
    /// How often each outcome came, those included that did not.
    outcomes: BTreeMap<&'static str, u64>,
    kinds: &'a BTreeMap<&'static str, u64>,
    /// Over the outcomes, in order.
    checksum: String,
    findings: Vec<FindingObject<'a>>,
}

#[derive(Serialize)]
struct FindingObject<'a> {
    case: u64,
    kind: &'static str,
    outcome: &'static str,
    reason: &'a str,
    file: String,
    bytes: usize,
    minimised: Option<String>,
    minimised_bytes: Option<usize>,
}

/// See [`Object`].
pub fn json<'a>(arguments: &FuzzArgs, tally: &'a Tally, found: &'a [Case]) -> Object<'a> {
    let count = |outcome: Outcome| (outcome.name(), tally.outcomes.get(&outcome).copied().unwrap_or(0));
    let finding = |case: &'a Case| FindingObject {
        case: case.finding.case,
        kind: case.finding.kind.name(),
        outcome: case.finding.outcome.name(),
        reason: &case.finding.said,
        file: case.file.display().to_string(),
        bytes: bytes_that_matter(&case.finding.sector),
        minimised: case.minimised.as_ref().map(|(path, _)| path.display().to_string()),
        minimised_bytes: case.minimised.as_ref().map(|(_, bytes)| *bytes),
    };
    Object {
        command: "fuzz",
        cpu: arguments.machine.cpu.short_name(),
        backend: &tally.backend,
        seed: arguments.seed,
        status: status(tally).code(),
        cases: tally.tried,
        outcomes: Outcome::ALL.into_iter().map(count).collect(),
        kinds: &tally.kinds,
        checksum: format!("{:016X}", tally.sum.value()),
        findings: found.iter().map(finding).collect(),
    }
}
