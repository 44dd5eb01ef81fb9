//! What `explain` is asked about.

use vmx::Field;
use vmx::audit::{self, Rule};
use vmx::capability::msr;
use vmx::controls::ControlKind;
use vmx::exit::BasicExitReason;

use super::meaning::{self, controls, named_controls, other_msr};
use crate::audit::dump::number;
use crate::audit::likes;
use crate::audit::names::{self, Part};
use crate::caps::profile::MSR_NAMES;
use crate::caps::read::address;

/// Something that can be explained.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject {
    /// An exit reason, with all its bits.
    Exit(u32),
    /// A VM-instruction error.
    Error(u32),
    /// A field, and perhaps a value of it.
    Field(Field, Option<u64>),
    /// A capability MSR, and perhaps its value.
    Msr(u32, Option<u64>),
    /// A rule of VM entry.
    Rule(&'static Rule),
    /// An exit reason and its qualification.
    Qualification(u32, u64),
    /// A control: its word and its bit.
    Control(ControlKind, u64),
    /// An event as a VM entry injects it and a VM exit tells it.
    Event(u32),
    /// An MSR that is no capability MSR.
    OtherMsr(u32),
}

/// Why nothing can be explained.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unknown {
    /// What was asked.
    pub what: String,
    /// What is wrong with it, when it is half understood.
    pub why: Option<String>,
    /// What resembles it.
    pub near: Vec<String>,
}

/// What `what` means: mostly one thing; a bare number may mean several.
///
/// # Errors
/// It means nothing that is known here.
pub fn subjects(what: &str) -> Result<Vec<Subject>, Unknown> {
    let subjects = asked(what.trim())?;
    // A value of a field is told bit by bit, whatever it is.
    let is_value = what.contains('=');
    match undefined(&subjects).filter(|_| !is_value) {
        Some(near) => {
            Err(Unknown { what: what.trim().to_owned(), why: Some("not defined by the manual".into()), near })
        }
        None => Ok(subjects),
    }
}

/// The last number that is defined, where only an exit reason or an error behind it was meant. What the manual leaves
/// out between others is explained as such.
fn undefined(subjects: &[Subject]) -> Option<Vec<String>> {
    const LAST_ERROR: u32 = 28;
    let last_reason = BasicExitReason::ALL.iter().map(|reason| *reason as u16).max()?;
    match subjects {
        [Subject::Error(error)] if *error > LAST_ERROR => Some(vec![format!("error {LAST_ERROR}")]),
        [Subject::Exit(reason)] if *reason as u16 > last_reason => Some(vec![format!("exit {last_reason}")]),
        _ => None,
    }
}

fn asked(what: &str) -> Result<Vec<Subject>, Unknown> {
    if let Some(rule) = audit::rules().iter().find(|rule| rule.id.eq_ignore_ascii_case(what)) {
        return Ok(vec![Subject::Rule(rule)]);
    }
    let lower = what.to_ascii_lowercase();
    if let Some((reason, value)) = meaning::qualification(&lower)
        && let Some(Subject::Exit(reason)) = exit(without_keyword(&reason.replace(['=', ':'], " ")))
    {
        return Ok(vec![Subject::Qualification(reason, value)]);
    }
    if let Some((name, value)) = what.split_once('=') {
        return with_value(name.trim(), value.trim()).map(|subject| vec![subject]);
    }
    for (prefixes, make) in KEYWORDS {
        let rest = prefixes.iter().find_map(|prefix| lower.strip_prefix(prefix));
        if let Some(rest) = rest.map(str::trim).filter(|rest| !rest.is_empty())
            && let Some(subject) = make(rest)
        {
            return Ok(vec![subject]);
        }
    }
    let bare = bare(what);
    if !bare.is_empty() {
        return Ok(bare);
    }
    match what.rsplit_once(' ') {
        Some((name, value)) if number(value).is_some() => {
            let of_field = with_value(name, value).map(|subject| vec![subject]);
            // Two numbers: an exit reason and its qualification.
            match (exit(without_keyword(name)), number(value)) {
                (Some(Subject::Exit(reason)), Some(value)) if of_field.is_err() => {
                    Ok(vec![Subject::Qualification(reason, value)])
                }
                _ => of_field,
            }
        }
        _ => Err(unknown(what, None)),
    }
}

/// An exit reason without the words that say that it is one.
fn without_keyword(reason: &str) -> &str {
    KEYWORDS[0].0.iter().find_map(|word| reason.strip_prefix(word)).unwrap_or(reason).trim()
}

type Make = fn(&str) -> Option<Subject>;

/// Words before a number, longest first, and what they make of it.
const KEYWORDS: &[(&[&str], Make)] = &[
    (
        &["basic exit reason ", "exit reason ", "exit_reason ", "vm exit ", "vm-exit ", "exit ", "reason "],
        exit,
    ),
    (&["vm-instruction error ", "vm instruction error ", "instruction error ", "error "], error),
    (&["msr "], capability),
    (&["vmcs field ", "field "], field),
];

fn exit(rest: &str) -> Option<Subject> {
    decimal_or_hexadecimal(rest).map(Subject::Exit).or_else(|| exit_by_name(rest))
}

fn error(rest: &str) -> Option<Subject> {
    decimal_or_hexadecimal(rest).map(Subject::Error)
}

fn capability(rest: &str) -> Option<Subject> {
    let (address, value) = rest.split_once(' ').unwrap_or((rest, ""));
    match self::address(address) {
        Some(address) => Some(Subject::Msr(address, number(value))),
        None => other_msr(rest),
    }
}

fn field(rest: &str) -> Option<Subject> {
    let by_encoding = || names::field_by_encoding(u32::try_from(number(rest)?).ok()?);
    names::field(rest).or_else(by_encoding).map(|(field, _)| Subject::Field(field, None))
}

/// A name or a number without a word that tells its kind.
fn bare(what: &str) -> Vec<Subject> {
    let mut subjects = Vec::new();
    // Decimal digits that are no exit reason are an encoding without its "0x".
    let is_number = what.parse().is_ok_and(|number: u16| BasicExitReason::try_from(number).is_ok());
    if let Some(address) = address(what).filter(|_| what.len() > 2 && !is_number || what.contains('_')) {
        subjects.push(Subject::Msr(address, None));
    }
    if let Some((field, _)) = names::field(what) {
        subjects.push(Subject::Field(field, None));
    }
    if !is_number
        && let Some(encoding) = number(what).and_then(|encoding| u32::try_from(encoding).ok())
        && let Some((field, _)) = names::field_by_encoding(encoding)
    {
        subjects.push(Subject::Field(field, None));
    }
    if let Some(reason) = decimal_or_hexadecimal(what) {
        let is_reason = BasicExitReason::try_from(reason as u16).is_ok() && reason & 0x41FF_0000 == 0;
        // A number of four digits that is a field or an MSR is no exit reason.
        if is_reason || subjects.is_empty() && is_decimal(what) {
            subjects.push(Subject::Exit(reason));
        }
    }
    if let Some(event) = number(what).filter(|_| !is_decimal(what)).and_then(meaning::event) {
        subjects.retain(|subject| !matches!(subject, Subject::Exit(_)));
        subjects.push(event);
    }
    subjects.extend(controls(what));
    if subjects.is_empty() {
        subjects.extend(exit_by_name(what).or_else(|| other_msr(what)));
    }
    subjects
}

fn is_decimal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number as people write reasons and errors: decimal unless it looks like hexadecimal.
fn decimal_or_hexadecimal(text: &str) -> Option<u32> {
    if is_decimal(text) {
        return text.parse().ok().or_else(|| u32::from_str_radix(text, 16).ok()).map(|value: u32| {
            // 80000021 without its "0x".
            if text.len() == 8 { u32::from_str_radix(text, 16).unwrap_or(value) } else { value }
        });
    }
    let looks_hexadecimal =
        text.starts_with("0x") || text.starts_with("0X") || text.ends_with(['h', 'H']) || text.len() == 8;
    looks_hexadecimal.then(|| number(text)).flatten().and_then(|value| u32::try_from(value).ok())
}

fn exit_by_name(name: &str) -> Option<Subject> {
    let wanted = compact(name);
    BasicExitReason::ALL
        .iter()
        .find(|reason| compact(reason.name()) == wanted || compact(&format!("{reason:?}")) == wanted)
        .map(|reason| Subject::Exit(u32::from(*reason as u16)))
}

/// Letters and digits alone.
pub(super) fn compact(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

/// `NAME=VALUE`.
fn with_value(name: &str, text: &str) -> Result<Subject, Unknown> {
    let lower = name.to_ascii_lowercase();
    let what = format!("{name}={text}");
    let Some(value) = number(text) else {
        return Err(Unknown {
            what,
            why: Some(format!("{text:?} is not a hexadecimal number")),
            near: Vec::new(),
        });
    };
    let is_msr = lower.starts_with("msr ") || lower.contains("vmx_") && names::field(name).is_none();
    if is_msr || number(name).is_some_and(|number| (0x480..=0x493).contains(&number)) {
        let bare = lower.strip_prefix("msr ").unwrap_or(&lower).trim();
        return match address(bare) {
            Some(address) => Ok(Subject::Msr(address, Some(value))),
            None => Err(unknown(name, Some("no capability MSR (480h to 493h)".into()))),
        };
    }
    let by_encoding = || names::field_by_encoding(u32::try_from(number(name)?).ok()?);
    match names::field(name).or_else(by_encoding) {
        Some((Field::EXIT_REASON, _)) => {
            u32::try_from(value).map(Subject::Exit).map_err(|_| too_wide(&what, Field::EXIT_REASON))
        }
        Some((field, Part::Whole)) if value & !field.width().mask() != 0 => Err(too_wide(&what, field)),
        Some((field, Part::Whole)) => Ok(Subject::Field(field, Some(value))),
        Some((field, Part::High)) => Ok(Subject::Field(field, Some(value << 32))),
        None => Err(unknown(name, None)),
    }
}

fn too_wide(what: &str, field: Field) -> Unknown {
    let why = format!("the value does not fit {field}, which has {} bits", field.width().bits());
    Unknown { what: what.to_owned(), why: Some(why), near: Vec::new() }
}

fn unknown(what: &str, why: Option<String>) -> Unknown {
    let mut near: Vec<String> = likes::near(what).into_iter().map(str::to_owned).collect();
    let wanted = what.to_ascii_lowercase();
    let likeness = |name: &str| strsim::jaro_winkler(&wanted, &name.to_ascii_lowercase());
    near.extend(
        BasicExitReason::ALL
            .iter()
            .map(|reason| reason.name())
            .filter(|name| likeness(name) > 0.85)
            .map(|name| format!("exit {name}")),
    );
    near.extend(named_controls().map(|(.., name)| name.to_owned()).filter(|name| likeness(name) > 0.88));
    near.extend(MSR_NAMES.into_iter().filter(|name| likeness(name) > 0.9).map(|name| format!("msr {name}")));
    near.extend(audit::rules().iter().map(|rule| rule.id.to_owned()).filter(|id| likeness(id) > 0.93));
    near.truncate(6);
    Unknown { what: what.to_owned(), why, near }
}

/// Whether `address` is that of a capability MSR.
pub fn is_capability(address: u32) -> bool {
    (msr::BASIC..=msr::EXIT_CTLS2).contains(&address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(id: &str) -> &'static Rule {
        audit::rules().iter().find(|rule| rule.id == id).unwrap()
    }

    #[test]
    fn what_people_ask_is_understood() {
        const RFLAGS: Subject = Subject::Field(Field::GUEST_RFLAGS, None);
        const UNRESTRICTED: Subject = Subject::Control(ControlKind::Secondary, 1 << 7);
        let rows: [(&str, &[Subject]); 41] = [
            ("0x80000b0e", &[Subject::Event(0x8000_0B0E)]),
            ("800000d1h", &[Subject::Event(0x8000_00D1)]),
            ("0x80000022", &[Subject::Exit(0x8000_0022)]),
            ("unrestricted guest", &[UNRESTRICTED]),
            ("Unrestricted-Guest", &[UNRESTRICTED]),
            (
                "load IA32_PAT",
                &[
                    Subject::Control(ControlKind::Exit, 1 << 19),
                    Subject::Control(ControlKind::Entry, 1 << 14),
                ],
            ),
            ("exit 48 qualification 0x181", &[Subject::Qualification(48, 0x181)]),
            ("reason=30h qualification=181", &[Subject::Qualification(48, 0x181)]),
            ("ept violation, qualification 0x181", &[Subject::Qualification(48, 0x181)]),
            ("qualification 0x181 for exit 48", &[Subject::Qualification(48, 0x181)]),
            ("28 0x10", &[Subject::Qualification(28, 0x10)]),
            ("msr 0xc0000080", &[Subject::OtherMsr(0xC000_0080)]),
            ("IA32_LSTAR", &[Subject::OtherMsr(0xC000_0082)]),
            ("0x80000021", &[Subject::Exit(0x8000_0021)]),
            ("80000021h", &[Subject::Exit(0x8000_0021)]),
            ("80000021", &[Subject::Exit(0x8000_0021)]),
            ("48", &[Subject::Exit(48)]),
            ("exit 48", &[Subject::Exit(48)]),
            ("Exit Reason 0x30", &[Subject::Exit(48)]),
            ("ept violation", &[Subject::Exit(48)]),
            ("EPT_VIOLATION", &[Subject::Exit(48)]),
            ("exit cpuid", &[Subject::Exit(10)]),
            ("6820", &[RFLAGS]),
            ("480", &[Subject::Msr(0x480, None)]),
            ("error 7", &[Subject::Error(7)]),
            ("instruction error 0x8", &[Subject::Error(8)]),
            ("0x6820", &[RFLAGS]),
            ("6820h", &[RFLAGS]),
            ("guest_rflags", &[RFLAGS]),
            ("Guest RFLAGS", &[RFLAGS]),
            ("field 6820", &[RFLAGS]),
            ("0x6820=2", &[Subject::Field(Field::GUEST_RFLAGS, Some(2))]),
            ("guest_rflags 0x2", &[Subject::Field(Field::GUEST_RFLAGS, Some(2))]),
            ("cs_access_rights=0x9b", &[Subject::Field(Field::GUEST_CS_ACCESS_RIGHTS, Some(0x9B))]),
            ("exit_reason=0x80000021", &[Subject::Exit(0x8000_0021)]),
            ("msr 0x482=0x1", &[Subject::Msr(0x482, Some(1))]),
            ("0x482=1", &[Subject::Msr(0x482, Some(1))]),
            ("IA32_VMX_BASIC", &[Subject::Msr(0x480, None)]),
            ("msr 480", &[Subject::Msr(0x480, None)]),
            ("guest.rflags.if", &[Subject::Rule(rule("guest.rflags.if"))]),
            ("0x2", &[Subject::Field(Field::POSTED_INTERRUPT_NOTIFICATION_VECTOR, None), Subject::Exit(2)]),
        ];
        for (what, wanted) in rows {
            assert_eq!(subjects(what).as_deref(), Ok(wanted), "{what}");
        }
    }

    #[test]
    fn what_is_not_known_has_near_matches() {
        let rows = [
            ("guest_rflag", "guest_rflags"),
            ("cs_acces_rights=0x9b", "guest_cs_access_rights"),
            ("ept violaton", "exit EPT violation"),
            ("error 99", "error 28"),
        ];
        for (what, near) in rows {
            let unknown = subjects(what).unwrap_err();
            assert!(unknown.near.iter().any(|name| name == near), "{what}: {unknown:?}");
        }
        for what in [
            "",
            "zzz",
            "guest_cr0=xyz",
            "guest_cs_selector=0x12345",
            "msr 0x100=1",
            "0xFFFF",
            "999",
            "exit 0x800003e7",
        ] {
            assert!(subjects(what).is_err(), "{what}");
        }
    }
}
