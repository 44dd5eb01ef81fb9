//! What a log says of a dump before its first headline: whose it is, and how the entry failed.
//!
//! Xen writes `Domain 3`, `VCPU 0` and `d2v0 VMLAUNCH error: 0x7` ahead of a dump, QEMU `hardware error 0x7` at about the
//! same time as the kernel its dump. The error is the VMCS's own VM-instruction error, which neither dump prints.

use vmx::Field;

use super::dump::{Dump, Repetition, number};
use super::names::Part;
use super::tokens::Sign;

/// What was heard since the last dump began.
#[derive(Default)]
pub struct Announced {
    domain: Option<String>,
    vcpu: Option<String>,
    /// The VM-instruction error and its line.
    error: Option<(u64, usize)>,
}

impl Announced {
    /// Takes in a word, given what follows it.
    pub fn hear(&mut self, word: &str, next: [Option<&Sign>; 3], line: usize) {
        match (word, next) {
            // "Domain 2 (vcpu#0) crashed" is about the dump before.
            (_, [_, Some(Sign::Note(_)), _]) if word.eq_ignore_ascii_case("domain") => {}
            (_, [Some(Sign::Word(domain)), ..])
                if word.eq_ignore_ascii_case("domain") && is_decimal(domain) =>
            {
                (self.domain, self.vcpu) = (Some(domain.clone()), None);
            }
            ("VCPU", [Some(Sign::Word(vcpu)), ..]) if is_decimal(vcpu) => self.vcpu = Some(vcpu.clone()),
            (
                "VMLAUNCH" | "VMRESUME",
                [Some(Sign::Word(error)), Some(Sign::Colon), Some(Sign::Word(value))],
            ) if error == "error" => {
                self.hear_error(value, line);
            }
            ("hardware", [Some(Sign::Word(error)), Some(Sign::Word(value)), _]) if error == "error" => {
                self.hear_error(value, line);
            }
            (_, [Some(Sign::Word(next)), ..]) if next == "vmentry" || next.starts_with("VM") => {
                if let Some((domain, vcpu)) = word.strip_prefix('d').and_then(|rest| rest.split_once('v'))
                    && is_decimal(domain)
                    && is_decimal(vcpu)
                {
                    (self.domain, self.vcpu) = (Some(domain.to_owned()), Some(vcpu.to_owned()));
                }
            }
            _ => {}
        }
    }

    fn hear_error(&mut self, value: &str, line: usize) {
        // What is larger is an exit reason, which the dump prints.
        const LAST_ERROR: u64 = 28;
        self.error =
            number(value).filter(|error| (1..=LAST_ERROR).contains(error)).map(|error| (error, line));
    }

    /// Tells the dump that now begins.
    pub fn tell(&mut self, dump: &mut Dump) {
        let parts = [("domain", &self.domain), ("VCPU", &self.vcpu)];
        let label: Vec<String> =
            parts.iter().filter_map(|(what, number)| Some(format!("{what} {}", number.as_ref()?))).collect();
        dump.label = Some(label.join(", ")).filter(|label| !label.is_empty());
        self.vcpu = None;
        self.tell_error(dump);
    }

    /// Tells a dump how the entry failed.
    pub fn tell_error(&mut self, dump: &mut Dump) {
        if let Some((error, line)) = self.error.take() {
            dump.set((Field::VM_INSTRUCTION_ERROR, Part::Whole), error, line, Repetition::FirstCounts);
        }
    }
}

fn is_decimal(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}
