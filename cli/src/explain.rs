//! `explain`: says what an exit reason, an instruction error, a field, a value of it, or a capability MSR is.
//!
//! All of it comes from the tables that the VMM and the auditor use, without a machine.

pub mod ask;
mod bits;
mod meaning;
pub mod parts;
pub mod place;

use std::io::Write;

use vmx::Field;
use vmx::audit::{self, Rule};
use vmx::capability::Profile;
use vmx::controls::ControlKind;
use vmx::exit::ExitReason;
use vmx::field::Access;
use vmx::instruction_error::InstructionError;

use crate::caps::profile::msr_name;
use crate::caps::words;
use crate::paint::{Paint, wrapped};
use crate::status::{Failure, Status};
use ask::{Subject, Unknown};
use parts::Anatomy;

/// Carries out `explain`; the words of `what` make one question.
///
/// # Errors
/// Status 2 and near matches for what is not known; status 3 when standard output is gone.
pub fn explain(what: &[String]) -> Result<Status, Failure> {
    let subjects = ask::subjects(&what.join(" ")).map_err(|unknown| Failure::usage(complaint(&unknown)))?;
    let paint = Paint::of_output();
    let texts: Vec<String> = subjects.into_iter().map(|subject| text(subject, paint)).collect();
    std::io::stdout().write_all(texts.join("\n").as_bytes()).map_err(Failure::refused)?;
    Ok(Status::Done)
}

fn complaint(unknown: &Unknown) -> String {
    let what = &unknown.what;
    let mut complaint = match &unknown.why {
        Some(why) => format!("{what}: {why}"),
        None => format!(
            "{what:?} is not known; give an exit reason (48, 0x80000021), \"error 7\", a field (0x6820, guest_rflags), \
             a value of it (cs_access_rights=0x9b), an MSR (\"msr 0x482=0x...\"), a control (\"unrestricted guest\"), an \
             event (0x80000b0e), or an exit qualification (\"exit 48 qualification 0x181\")"
        ),
    };
    if !unknown.near.is_empty() {
        complaint.push_str(&format!("; did you mean: {}?", unknown.near.join(", ")));
    }
    complaint
}

/// The explanation, with its line end.
pub fn text(subject: Subject, paint: Paint) -> String {
    match subject {
        Subject::Exit(reason) => exit(reason, paint),
        Subject::Error(number) => error(number, paint),
        Subject::Field(field, None) => field_text(field, paint),
        Subject::Field(field, Some(value)) => value_text(field, value, paint),
        Subject::Msr(address, value) => msr(address, value, paint),
        Subject::Rule(rule) => rule_text(rule, paint),
        Subject::Qualification(reason, value) => qualification(reason, value, paint),
        Subject::Control(kind, mask) => control(kind, mask, paint),
        Subject::Event(word) => event(word, paint),
        Subject::OtherMsr(address) => other_msr(address, paint),
    }
}

fn rule_text(rule: &Rule, paint: Paint) -> String {
    let heading = paint.heading(&format!("rule {}", rule.id));
    let section = (rule.section.number, rule.section.title);
    format!("{heading}\n  {}\n  when broken: {}\n", rule.sentence, rule.outcome) + &cite(section, paint)
}

fn cite((number, title): (&str, &str), paint: Paint) -> String {
    let kind = if number.len() == 1 { "Appendix" } else { "section" };
    paint.faint(&format!("  {kind} {number}, \"{title}\"\n"))
}

fn exit(raw: u32, paint: Paint) -> String {
    let reason = ExitReason(raw);
    let mut text = paint.heading(&format!("exit reason {raw:X}h: {reason}"));
    text.push('\n');
    text.push_str(&rows(&parts::anatomy(Field::EXIT_REASON, u64::from(raw)), paint));
    if let Some(advice) = advice(reason) {
        text.push_str(&format!("  {advice}\n"));
    }
    text + &cite(("C", "VMX Basic Exit Reasons"), paint)
        + &cite(("26.9.1", "Basic VM-Exit Information"), paint)
}

/// What a failed entry means and what to do.
fn advice(reason: ExitReason) -> Option<&'static str> {
    match (reason.basic_number(), reason.entry_failed()) {
        (33, true) => Some(
            "The guest never ran: guest state in the VMCS breaks a rule. The exit qualification tells no more\n  than 2 \
             (PDPTE), 3 (NMI injection), 4 (link pointer) or 0 (any other). `hyper86 audit` names the rule.",
        ),
        (34, true) => Some(
            "The guest never ran: an entry of the VM-entry MSR-load area was refused; the exit qualification\n  is its \
             number, counted from 1.",
        ),
        (41, true) => Some("The guest never ran: a machine check came during the entry."),
        (33 | 34 | 41, false) => Some("This reason comes with bit 31 set only: the entry failed."),
        _ => None,
    }
}

fn error(number: u32, paint: Paint) -> String {
    let mut text = paint.heading(&format!("VM-instruction {}", InstructionError(number)));
    text.push('\n');
    match number {
        7 => text.push_str("  A control breaks a rule of VM entry; `hyper86 audit` names it in a dump.\n"),
        8 => text.push_str("  Host state breaks a rule of VM entry; `hyper86 audit` names it in a dump.\n"),
        _ => {}
    }
    text + &cite(("32.4", "VM Instruction Error Numbers"), paint)
}

/// What a field is, in one line.
fn field_line(field: Field) -> String {
    let access = match field.access() {
        Access::ReadWrite => "",
        Access::ReadOnly => ", read-only",
    };
    let width = match field.width() {
        vmx::field::Width::Natural => "natural width".to_owned(),
        width => format!("{} bits", width.bits()),
    };
    let high = field.high_encoding().map_or_else(String::new, |high| format!(", high half {high:04X}h"));
    format!("{} {:04X}h{high}: {width}{access}", place::area(field.kind()), field.encoding())
}

fn field_text(field: Field, paint: Paint) -> String {
    let mut text = paint.heading(field.name());
    text.push_str(&format!(
        "\n  {}\n  it exists {}\n",
        field_line(field),
        place::existence(field.requirement())
    ));
    let models: Vec<&str> = Profile::ALL
        .iter()
        .filter(|profile| profile.capabilities.has_field(field))
        .map(|profile| profile.name)
        .collect();
    let models = if models.is_empty() { "none".to_owned() } else { models.join(", ") };
    text.push_str(&format!("  of the engine's models: {models}\n"));
    let Anatomy { parts, clear, .. } = parts::anatomy(field, 0);
    let named =
        parts.iter().filter(|part| part.name != "-").map(|part| place_of(part.high, part.low, &part.name));
    let names: Vec<String> = named.chain(clear).collect();
    if !names.is_empty() {
        text.push_str(&wrapped("bits:", &names, 2));
    }
    text + &cite(place::section(field), paint)
}

fn place_of(high: u8, low: u8, name: &str) -> String {
    if high == low { format!("{name} ({low})") } else { format!("{name} ({high}:{low})") }
}

fn value_text(field: Field, value: u64, paint: Paint) -> String {
    let mut text = paint.heading(&format!("{field} = {value:X}h"));
    text.push_str(&format!("\n  {}\n", field_line(field)));
    let anatomy = parts::anatomy(field, value);
    if !anatomy.summary.is_empty() {
        text.push_str(&format!("  {}\n", anatomy.summary));
    }
    text.push_str(&rows(&anatomy, paint));
    text + &cite(place::section(field), paint)
}

/// The parts of a value, one a line, and the flags that are 0.
pub fn rows(anatomy: &Anatomy, paint: Paint) -> String {
    let mut text = String::new();
    for part in &anatomy.parts {
        let bits =
            if part.high == part.low { part.low.to_string() } else { format!("{}:{}", part.high, part.low) };
        let value = format!("{:X}", part.value);
        let value = if part.high == part.low { value } else { format!("{value}h") };
        let row = format!("  {bits:>6}  {value:>5}  {:<24} {}", part.name, part.meaning);
        let row = row.trim_end();
        let is_wrong = part.name == "-";
        text.push_str(&if is_wrong { paint.open(row) } else { row.to_owned() });
        text.push('\n');
    }
    if !anatomy.clear.is_empty() {
        text.push_str(&paint.faint(&wrapped("0:", &anatomy.clear, 2)));
    }
    text
}

fn msr(address: u32, value: Option<u64>, paint: Paint) -> String {
    let name = msr_name(address);
    let mut text = match value {
        Some(value) => paint.heading(&format!("MSR {address:X}h, {name} = {value:016X}h")),
        None => paint.heading(&format!("MSR {address:X}h, {name}")),
    };
    text.push('\n');
    let lines = match value {
        Some(value) => words::lines(address, value),
        None => models(address),
    };
    for line in lines {
        text.push_str(&format!("  {line}\n"));
    }
    text + &cite(words::section(address), paint)
}

fn qualification(reason: u32, value: u64, paint: Paint) -> String {
    let heading = format!("exit reason {reason:X}h: {}; exit qualification {value:X}h", ExitReason(reason));
    format!("{}\n  {}\n", paint.heading(&heading), parts::qualification(u64::from(reason), 0, value))
        + &cite(place::section(Field::EXIT_QUALIFICATION), paint)
}

fn control(kind: ControlKind, mask: u64, paint: Paint) -> String {
    let bit = mask.trailing_zeros();
    let name = kind.names().iter().find(|(known, _)| *known == mask).map_or("", |(_, name)| name);
    let mut text = paint.heading(&format!("{name}: {kind}, bit {bit}"));
    text.push_str(&format!("\n  of {}\n", field_line(kind.field())));
    for (setting, wanted) in
        [("free", (false, true)), ("must be 1", (true, true)), ("must be 0", (false, false))]
    {
        let is_so = |profile: &&Profile| {
            let allowed = profile.capabilities.allowed(kind);
            (allowed.must_be_1 & mask != 0, allowed.may_be_1 & mask != 0) == wanted
        };
        let models: Vec<&str> = Profile::ALL.iter().filter(is_so).map(|profile| profile.name).collect();
        if !models.is_empty() {
            text.push_str(&format!("  {setting} on {}\n", models.join(", ")));
        }
    }
    let rules: Vec<&str> = audit::rules()
        .iter()
        .filter(|rule| rule.sentence.to_ascii_lowercase().contains(&name.to_ascii_lowercase()))
        .map(|rule| rule.id)
        .collect();
    if !rules.is_empty() {
        text.push_str(&wrapped("rules that name it:", &rules, 2));
    }
    text + &cite(place::section(kind.field()), paint)
}

fn event(word: u32, paint: Paint) -> String {
    let field = Field::VM_ENTRY_INTERRUPTION_INFORMATION;
    let anatomy = parts::anatomy(field, u64::from(word));
    let heading = paint.heading(&format!("event {word:X}h: {}", anatomy.summary));
    let of = "as a VM entry injects it, and as VM exits tell it (interruption information, IDT-vectoring information)";
    format!("{heading}\n  {of}\n{}", rows(&anatomy, paint)) + &cite(place::section(field), paint)
}

fn other_msr(address: u32, paint: Paint) -> String {
    let name = audit::judged_msrs()
        .find(|(first, last, _)| (*first..=*last).contains(&address))
        .map_or("", |(.., name)| name);
    let mut text = paint.heading(&format!("MSR {address:X}h, {name}"));
    text.push('\n');
    let ending = name.to_ascii_lowercase();
    let fields: Vec<&str> =
        Field::ALL.into_iter().map(Field::name).filter(|field| field.ends_with(&ending)).collect();
    if !fields.is_empty() {
        text.push_str(&wrapped("in the VMCS:", &fields, 2));
    }
    text.push_str("  rule load.msr.value judges what an entry of the VM-entry MSR-load area gives it\n");
    text + &cite(("28.4", "Loading MSRs"), paint)
}

/// An MSR's values on the engine's models.
fn models(address: u32) -> Vec<String> {
    Profile::ALL
        .iter()
        .map(|profile| match profile.capabilities.get(address) {
            Some(value) => format!("{:<10} {value:016X}h", profile.name),
            None => format!("{:<10} does not have it", profile.name),
        })
        .collect()
}
