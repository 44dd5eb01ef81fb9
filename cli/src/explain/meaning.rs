//! Questions of more than one word: an exit qualification with its reason, a control by its name, an event, an MSR.

use vmx::audit;
use vmx::controls::ControlKind;
use vmx::event::InterruptionInformation;

use super::ask::{Subject, compact};
use crate::audit::dump::number;

/// `exit 48 qualification 0x181`, in any order and with any signs between: the reason as text, and the value.
pub fn qualification(what: &str) -> Option<(&str, u64)> {
    const SIGNS: [char; 6] = [' ', '=', ':', ',', ';', '_'];
    let at = what.find("qualification")?;
    let (before, behind) = (&what[..at], &what[at + "qualification".len()..]);
    let before = before.trim_end_matches(SIGNS).trim_end_matches("exit").trim_matches(SIGNS);
    let behind = behind.trim_matches(SIGNS);
    let (value, rest) = behind.split_once(SIGNS).unwrap_or((behind, ""));
    let reason = if before.is_empty() { rest.trim_matches(SIGNS) } else { before };
    let reason = reason.trim_start_matches("with ").trim_start_matches("for ").trim_end_matches(" with");
    if reason.is_empty() { None } else { Some((reason, number(value)?)) }
}

/// The controls of this name: "load IA32_PAT" is one at entries and one at exits.
pub fn controls(name: &str) -> Vec<Subject> {
    let wanted = compact(name);
    named_controls()
        .filter(|(.., name)| compact(name) == wanted)
        .map(|(kind, mask, _)| Subject::Control(kind, mask))
        .collect()
}

/// All controls with their words, masks and names.
pub fn named_controls() -> impl Iterator<Item = (ControlKind, u64, &'static str)> {
    ControlKind::ALL
        .into_iter()
        .flat_map(|kind| kind.names().iter().map(move |(mask, name)| (kind, *mask, *name)))
}

/// A valid event: bit 31, a type, and nothing in the reserved bits. A failed entry's exit reason looks like an external
/// interrupt, so 80000021h, 80000022h and 80000029h are no events.
pub fn event(value: u64) -> Option<Subject> {
    const RESERVED: u64 = 0x7FFF_C000;
    let word = u32::try_from(value).ok()?;
    let is_event = InterruptionInformation(word).is_valid()
        && value & RESERVED == 0
        && !matches!(value & 0x7FFF_FFFF, 33 | 34 | 41);
    is_event.then_some(Subject::Event(word))
}

/// An MSR that an area may load, by number or name.
pub fn other_msr(what: &str) -> Option<Subject> {
    let wanted = compact(what);
    let address = number(what).and_then(|value| u32::try_from(value).ok());
    audit::judged_msrs().find_map(|(first, last, name)| match address {
        Some(address) => (first..=last).contains(&address).then_some(Subject::OtherMsr(address)),
        // "IA32_LSTAR and IA32_CSTAR" are two, in the order of their numbers.
        None => (first..=last)
            .zip(name.split(" and "))
            .find(|(_, name)| compact(name) == wanted)
            .map(|(address, _)| Subject::OtherMsr(address)),
    })
}
