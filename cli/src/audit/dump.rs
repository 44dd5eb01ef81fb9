//! What a dump says, whatever wrote it.

use std::collections::{BTreeMap, BTreeSet};

use vmx::{Field, Machine};

use super::names::Part;

/// One VMCS, as a dump prints it.
#[derive(Clone, Default, Debug)]
pub struct Dump {
    /// The fields that it prints.
    pub machine: Machine,
    /// The line of each field's value.
    pub lines: BTreeMap<Field, usize>,
    /// Whose it is, where the dump says so, such as `domain 3, VCPU 0`.
    pub label: Option<String>,
    /// What is known of the memory that the VMCS points to: 8 bytes at each address, a multiple of 8.
    pub memory: BTreeMap<u64, u64>,
    /// The entries of MSR areas that it prints.
    pub msrs: Vec<AreaEntry>,
    /// Fields that have two values, of which neither counts.
    pub disputed: BTreeSet<Field>,
    /// Values that it prints though they are not the VMCS's, and other things to know.
    pub notes: Vec<Note>,
}

/// An entry of an MSR area.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AreaEntry {
    /// The area, in the dump's words, such as `guest autoload`.
    pub area: String,
    /// The MSR's address.
    pub index: u64,
    /// The value.
    pub value: u64,
}

/// Something that was not taken as a field's value, or not without remark.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// The line in the file.
    pub line: usize,
    /// One sentence without its full stop.
    pub text: String,
}

/// What a file holds.
#[derive(Clone, Debug)]
pub struct Reading {
    /// What wrote it.
    pub format: Format,
    /// The VMCSs in it, one or more.
    pub dumps: Vec<Dump>,
    /// The lines that were not understood.
    pub unknown: Vec<Note>,
}

/// Who writes such a dump.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// KVM's kernel log.
    Kvm,
    /// Xen's console.
    Xen,
    /// Names or encodings with values.
    List,
    /// Our own JSON.
    Json,
    /// The guest's registers, as QEMU and VirtualBox show them.
    Registers,
}

impl Format {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kvm => "KVM dump",
            Self::Xen => "Xen dump",
            Self::List => "list of fields",
            Self::Json => "JSON snapshot",
            Self::Registers => "register dump",
        }
    }

    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Xen => "xen",
            Self::List => "list",
            Self::Json => "json",
            Self::Registers => "registers",
        }
    }
}

/// Which of two values of one field counts.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub enum Repetition {
    /// The first: what follows a dump in a log is something else.
    #[default]
    FirstCounts,
    /// The last: later lines correct earlier ones.
    LastCounts,
    /// Neither: the lines of two dumps are mixed.
    NeitherCounts,
}

impl Dump {
    /// Takes a value over. One that does not fit the field is noted and left out.
    pub fn set(&mut self, (field, part): (Field, Part), value: u64, line: usize, repetition: Repetition) {
        let earlier = self.machine.get(field);
        let value = match part {
            Part::Whole => value,
            Part::High if value > 0xFFFF_FFFF => {
                self.note(line, format!("{value:X}h does not fit the high half of {field}; skipped"));
                return;
            }
            Part::High => value << 32 | earlier.unwrap_or(0) & 0xFFFF_FFFF,
        };
        if value & !field.width().mask() != 0 {
            self.note(
                line,
                format!("{value:X}h does not fit {field}, which has {} bits; skipped", field.width().bits()),
            );
            return;
        }
        if let (Some(earlier), Part::Whole) = (earlier, part)
            && earlier != value
        {
            let counts = match repetition {
                Repetition::FirstCounts => "the first counts",
                Repetition::LastCounts => "the last counts",
                Repetition::NeitherCounts => "neither counts",
            };
            self.note(line, format!("{field} again, {value:X}h after {earlier:X}h; {counts}"));
            match repetition {
                Repetition::FirstCounts => return,
                Repetition::LastCounts => {}
                Repetition::NeitherCounts => {
                    self.machine.remove(field);
                    self.lines.remove(&field);
                    self.disputed.insert(field);
                }
            }
        }
        if self.disputed.contains(&field) {
            return;
        }
        self.machine.set(field, value);
        self.lines.insert(field, line);
    }

    /// Adds a remark.
    pub fn note(&mut self, line: usize, text: String) {
        self.notes.push(Note { line, text });
    }
}

/// A number in hexadecimal, as dumps print them: with `0x` or `h` or neither, digits grouped or not.
pub fn number(word: &str) -> Option<u64> {
    let word = word.trim_matches(['"', '\'', ',', ';', '.', '`', ')']);
    let lower = word.to_ascii_lowercase();
    let digits = lower.strip_prefix("0x").unwrap_or(&lower);
    let digits = digits.strip_suffix("ull").or_else(|| digits.strip_suffix("ul")).unwrap_or(digits);
    let digits = digits.strip_suffix('h').unwrap_or(digits);
    let digits: String = digits.chars().filter(|letter| !matches!(letter, '_' | '`' | '\'')).collect();
    let significant = digits.trim_start_matches('0');
    if digits.is_empty() || significant.len() > 16 || digits.starts_with('+') {
        return None;
    }
    u64::from_str_radix(&digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_hexadecimal_in_any_dress() {
        let rows = [
            ("0x2", Some(2)),
            ("0X1f", Some(0x1F)),
            ("10", Some(0x10)),
            ("80000021h", Some(0x8000_0021)),
            ("ffffffff`81000000", Some(0xFFFF_FFFF_8100_0000)),
            ("8005_0033,", Some(0x8005_0033)),
            ("0x80000031);", Some(0x8000_0031)),
            ("0x0000000000000000000001", Some(1)),
            ("0x", None),
            ("", None),
            ("+1", None),
            ("-1", None),
            ("11111111111111111", None),
            ("INVALID", None),
        ];
        for (word, value) in rows {
            assert_eq!(number(word), value, "{word}");
        }
    }
}
