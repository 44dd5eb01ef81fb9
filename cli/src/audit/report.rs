//! How an audit is shown: to people grouped by area with the fix last, to programs as one JSON object.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};
use vmx::Field;
use vmx::audit::Outcome;
use vmx::exit::ExitReason;
use vmx::instruction_error::InstructionError;

use super::dump::{Dump, Note, Reading};
use super::judge::{Broken, Judgement, Lack, Open};
use super::likely::Likely;
use super::text::shortened;
use crate::caps::profile::Processor;
use crate::explain::parts;
use crate::paint::{Paint, wrapped};

/// How many lines of one kind people are shown; `--json` has them all.
const SHOWN: usize = 12;
/// How many rules that one group of lacks leaves open are named to people.
const MOST_RULES: usize = 80;

/// A file's dumps and what the audit says about each.
pub struct Report<'a> {
    /// The file's name.
    pub file: &'a str,
    /// What it holds.
    pub reading: &'a Reading,
    /// What is known of the processor.
    pub processor: &'a Processor,
    /// The judgement of each dump, in the file's order.
    pub judgements: &'a [Judgement],
}

impl Report<'_> {
    /// How many rules are broken, in all dumps.
    pub fn broken(&self) -> usize {
        self.judgements.iter().map(|judgement| judgement.broken.len()).sum()
    }

    /// For people.
    pub fn text(&self, paint: Paint) -> String {
        let mut text = String::new();
        for (at, (dump, judgement)) in self.reading.dumps.iter().zip(self.judgements).enumerate() {
            if at > 0 {
                text.push('\n');
            }
            text.push_str(&paint.heading(&self.title(at, dump)));
            text.push('\n');
            text.push_str(&told(dump));
            text.push_str(&findings(&judgement.broken, paint));
            text.push_str(&repairs(judgement, paint));
            text.push_str(&open(&judgement.open, paint));
            text.push_str(&notes("note", &dump.notes, paint));
            text.push_str(&verdict(judgement, paint));
            text.push_str(&doubts(dump, judgement));
        }
        text.push_str(&notes("not understood", &self.reading.unknown, paint));
        text
    }

    fn title(&self, at: usize, dump: &Dump) -> String {
        let first = dump.lines.values().min().copied().unwrap_or(0);
        let number = if self.reading.dumps.len() > 1 { format!(" {}", at + 1) } else { String::new() };
        let owner = dump.label.as_ref().map_or_else(String::new, |label| format!(" ({label})"));
        let processor = match &self.processor.name {
            Some(name) => format!("capabilities of {name}"),
            None if self.processor.is_known() => "with capabilities".into(),
            None => "no capabilities given".into(),
        };
        let format = self.reading.format.name();
        let fields = dump.machine.len();
        format!("{}: {format}{number}{owner}, from line {first}, {fields} fields; {processor}", self.file)
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let dumps: Vec<Value> = self
            .reading
            .dumps
            .iter()
            .zip(self.judgements)
            .map(|(dump, judgement)| dump_object(dump, judgement))
            .collect();
        json!({
            "command": "audit",
            "file": self.file,
            "format": self.reading.format.word(),
            "processor": self.processor.name,
            "status": i32::from(self.broken() > 0),
            "violations": self.broken(),
            "dumps": dumps,
            "unknown": note_objects(&self.reading.unknown),
        })
    }
}

/// What the dump itself says about the exit and the last error.
fn told(dump: &Dump) -> String {
    let get = |field: Field| dump.machine.get(field);
    let mut text = String::new();
    if let Some(reason) = get(Field::EXIT_REASON) {
        let qualification = get(Field::EXIT_QUALIFICATION).map_or_else(String::new, |raw| {
            let interruption = get(Field::VM_EXIT_INTERRUPTION_INFORMATION).unwrap_or(0);
            format!("; exit qualification {raw:X}h: {}", parts::qualification(reason, interruption, raw))
        });
        let words = ExitReason(reason as u32);
        text.push_str(&format!("  the dump says: exit reason {reason:X}h, {words}{qualification}\n"));
    }
    if let Some(error) = get(Field::VM_INSTRUCTION_ERROR).filter(|error| *error != 0) {
        text.push_str(&format!("  the dump says: VM-instruction {}\n", InstructionError(error as u32)));
    }
    text
}

/// The area of a rule, from its name.
fn area(id: &str) -> &'static str {
    match id.split('.').next() {
        Some("host") => "Host state",
        Some("guest") => "Guest state",
        Some("control" | "controls") => "Controls",
        _ => "MSR loading and the rest",
    }
}

fn findings(broken: &[Broken], paint: Paint) -> String {
    let mut text = String::new();
    let mut last = "";
    for one in broken {
        let area = area(one.rule.id);
        if area != last {
            let _ = writeln!(text, "\n{}", paint.heading(area));
            last = area;
        }
        text.push_str(&finding(one, paint));
    }
    text
}

fn finding(one: &Broken, paint: Paint) -> String {
    let Broken { rule, field, value, demand, evidence, outcome, fix } = one;
    let summary = parts::anatomy(*field, *value).summary;
    let summary = if summary.is_empty() { summary } else { format!(" ({summary})") };
    let mut text = format!("  {}\n", paint.bad(&format!("{field} = {value:X}h{summary}")));
    let _ = writeln!(
        text,
        "    {demand}{}",
        evidence.as_ref().map_or_else(String::new, |also| format!("; {also}"))
    );
    let _ = writeln!(text, "    rule: {}", rule.sentence);
    let _ = writeln!(text, "    {}", paint.faint(&format!("{}; {}", rule.id, rule.section)));
    let _ = writeln!(text, "    processor: {outcome}");
    let _ = writeln!(text, "    {}", paint.good(&format!("fix: {fix}")));
    text
}

/// Values that satisfy all broken rules of a field at once.
fn repairs(judgement: &Judgement, paint: Paint) -> String {
    let line = |(field, value): &(Field, u64)| {
        let summary = parts::anatomy(*field, *value).summary;
        let summary = if summary.is_empty() { summary } else { format!(" ({summary})") };
        format!("  {}\n", paint.good(&format!("for all rules on {field}: write {value:X}h{summary}")))
    };
    judgement.repairs.iter().map(line).collect()
}

/// Rules that are open, grouped by what they lack.
fn open(open: &[Open], paint: Paint) -> String {
    if open.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{}\n", paint.heading(&format!("Not decided: {} rules", open.len())));
    for (group, lacking) in GROUPS.into_iter().enumerate() {
        let of_group: Vec<&Open> = open.iter().filter(|one| lacked(one.lack).0 == group).collect();
        if of_group.is_empty() {
            continue;
        }
        let mut lacks: Vec<String> = Vec::new();
        for one in &of_group {
            let name = lacked(one.lack).1;
            if !lacks.contains(&name) {
                lacks.push(name);
            }
        }
        let ids: Vec<&str> = of_group.iter().map(|one| one.rule.id).collect();
        text.push_str(&paint.open(&wrapped(lacking, &lacks, 2)));
        // Of a list of a few registers nearly nothing can be decided, and all names would bury what can.
        match ids.len() {
            0..=MOST_RULES => text.push_str(&wrapped("rules:", &ids, 4)),
            count => text.push_str(&format!("    {count} rules; --json names them\n")),
        }
    }
    for Open { rule, likely, .. } in open {
        if let Some(likely) = likely {
            let Likely { field, value, .. } = *likely;
            let summary = parts::anatomy(field, value).summary;
            let summary = if summary.is_empty() { summary } else { format!(" ({summary})") };
            let words = format!(
                "  On {} {field} = {value:X}h{summary} would break {}:",
                likely.processors(),
                rule.id
            );
            let _ = writeln!(text, "{}\n    {}", paint.open(&words), rule.sentence);
        }
    }
    text
}

/// What leaves rules open, for people.
const GROUPS: [&str; 4] = [
    "The dump does not print:",
    "Not known of the processor (give --caps):",
    "Not in the dump: memory at",
    "What these MSRs accept is not known:",
];

/// The group of a lack, and its name there.
fn lacked(lack: Lack) -> (usize, String) {
    match lack {
        Lack::Field(field) => (0, field.name().to_owned()),
        Lack::Capability(msr) => (1, format!("MSR {msr:X}h")),
        Lack::Processor(fact) => (1, fact.to_owned()),
        Lack::Memory(address) => (2, format!("{address:X}h")),
        Lack::Msr(msr) => (3, format!("{msr:X}h")),
    }
}

fn notes(what: &str, notes: &[Note], paint: Paint) -> String {
    let mut text = String::new();
    for note in notes.iter().take(SHOWN) {
        let _ = writeln!(
            text,
            "{}",
            paint.faint(&format!("  {what}, line {}: {}", note.line, shortened(&note.text)))
        );
    }
    if notes.len() > SHOWN {
        let _ = writeln!(text, "  {what}: {} more lines; --json lists them", notes.len() - SHOWN);
    }
    text
}

fn verdict(judgement: &Judgement, paint: Paint) -> String {
    let outcomes = judgement.outcomes.join(", or ");
    match (judgement.broken.len(), judgement.open.len()) {
        (0, 0) => format!("{}\n", paint.good("No rule of VM entry is broken.")),
        (0, open) => format!(
            "{}\n",
            paint.good(&format!("No rule is broken that could be decided; {open} could not."))
        ),
        (1, _) => format!("{} Expect: {outcomes}.\n", paint.bad("1 rule of VM entry is broken.")),
        (count, _) => {
            format!("{} Expect: {outcomes}.\n", paint.bad(&format!("{count} rules of VM entry are broken.")))
        }
    }
}

/// What the dump's own report of the failure says about the findings. A failed entry with an exit reason has passed the
/// checks on controls and host state, one with an instruction error has not.
fn doubts(dump: &Dump, judgement: &Judgement) -> String {
    const INVALID_FIELDS: std::ops::RangeInclusive<u64> = 7..=8;
    let get = |field: Field| dump.machine.get(field);
    let error = get(Field::VM_INSTRUCTION_ERROR).filter(|error| INVALID_FIELDS.contains(error));
    let failed = get(Field::EXIT_REASON).is_some_and(|reason| ExitReason(reason as u32).entry_failed());
    let is_early = |broken: &Broken| matches!(broken.rule.outcome, Outcome::Fails(_));
    let has_early = judgement.broken.iter().any(is_early);
    match (error, failed, &judgement.broken[..]) {
        (Some(error), ..) if !has_early => format!(
            "  The dump tells of VM-instruction error {error}: the cause is among what is not decided, or the state has \
             changed since.\n"
        ),
        (Some(_), ..) => String::new(),
        (None, true, []) => {
            "  The dump tells of an entry that failed: the cause is among what is not decided, or the state has \
             changed since.\n"
                .into()
        }
        (None, true, _) if has_early => {
            "  The dump tells of an entry that failed later, after the checks on controls and host state: its processor has \
             other\n  capabilities than those given, or the state has changed since.\n"
                .into()
        }
        _ => String::new(),
    }
}

fn dump_object(dump: &Dump, judgement: &Judgement) -> Value {
    let machine: Vec<Value> =
        dump.machine.entries().map(|(field, value)| field_object(dump, field, value)).collect();
    let msrs: Vec<Value> = dump
        .msrs
        .iter()
        .map(|entry| {
            json!({
                "area": entry.area,
                "msr": format!("{:#x}", entry.index),
                "value": format!("{:#x}", entry.value),
            })
        })
        .collect();
    json!({
        "label": dump.label,
        "machine": machine,
        "msrs": msrs,
        "memory": dump.memory.iter().map(|(at, bytes)| (format!("{at:#x}"), format!("{bytes:#x}"))).collect::<BTreeMap<_, _>>(),
        "violations": judgement.broken.iter().map(broken_object).collect::<Vec<_>>(),
        "outcomes": judgement.outcomes,
        "repairs": judgement.repairs.iter().map(|(field, value)| field_object(dump, *field, *value)).collect::<Vec<_>>(),
        "doubt": Some(doubts(dump, judgement)).filter(|doubt| !doubt.is_empty()).map(|doubt| one_line(&doubt)),
        "undecided": judgement.open.iter().map(open_object).collect::<Vec<_>>(),
        "notes": note_objects(&dump.notes),
    })
}

/// Text for people as one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn field_object(dump: &Dump, field: Field, value: u64) -> Value {
    json!({
        "field": format!("{:#06x}", field.encoding()),
        "name": field.name(),
        "value": format!("{value:#x}"),
        "line": dump.lines.get(&field),
    })
}

fn broken_object(one: &Broken) -> Value {
    json!({
        "rule": one.rule.id,
        "field": one.field.name(),
        "encoding": format!("{:#06x}", one.field.encoding()),
        "value": format!("{:#x}", one.value),
        "demand": one.demand,
        "evidence": one.evidence,
        "sentence": one.rule.sentence,
        "section": { "number": one.rule.section.number, "title": one.rule.section.title },
        "outcome": one.outcome,
        "fix": one.fix,
    })
}

fn open_object(one: &Open) -> Value {
    let likely =
        one.likely.map(|one| json!({ "field": one.field.name(), "value": format!("{:#x}", one.value), "models": one.models }));
    json!({ "rule": one.rule.id, "sentence": one.rule.sentence, "why": one.why, "likely": likely })
}

fn note_objects(notes: &[Note]) -> Value {
    notes.iter().map(|note| json!({ "line": note.line, "text": note.text })).collect()
}
