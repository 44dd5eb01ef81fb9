//! Reads the dumps of KVM's `dump_vmcs` and Xen's `vmcs_dump_vcpu`, of all their versions.
//!
//! On entry the text is clean and split into signs. A value is what follows `=`; its name is the longest known one
//! among the last words before. So neither line breaks nor what a log puts into a line matter, and a name that is not
//! known costs that value and no other. Segment rows of newer Xens (`CS: 0010 0a09b ffffffff 0000000000000000`) have
//! no signs; they are known by label and form.

use std::collections::BTreeSet;

use vmx::Field;

use super::announced::Announced;
use super::dump::{AreaEntry, Dump, Format, Note, Reading, Repetition, number};
use super::keys::{self, Label, Meaning};
use super::marks::{is_trimming, is_xen};
use super::names::Part;
use super::text::Line;
use super::tokens::{self, Section, Sign, Token};

/// Reads all dumps in the text.
pub fn read(lines: &[Line]) -> Reading {
    let tokens = tokens::split(lines);
    let mut parser = Parser { tokens: &tokens, ..Parser::default() };
    while parser.at < tokens.len() {
        parser.step();
    }
    parser.end_of_dump();
    parser.judge_strays();
    // Of a line in which something was read the names that were not known, else all of it.
    let mut unknown = parser.unknown;
    unknown.retain(|note| parser.read.contains(&note.line));
    for line in lines {
        if !parser.read.contains(&line.number) && !is_trimming(&line.text) {
            unknown.push(Note { line: line.number, text: line.text.clone() });
        }
    }
    unknown.sort_by_key(|note| note.line);
    let is_xen = lines.iter().any(|line| is_xen(&line.text));
    let format = if is_xen { Format::Xen } else { Format::Kvm };
    Reading { format, dumps: parser.dumps, unknown }
}

/// What is remarked where a dump breaks off in its guest state.
const EARLY: &str = "the next dump begins here, in the middle of this one: where lines of two processors are mixed, values \
                     may be those of the other";

/// How many words a name has at most.
const LONGEST_NAME: usize = 4;

#[derive(Default)]
struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    section: Option<Section>,
    label: Option<Label>,
    /// The words since the last value; a label among them stands there in lower case.
    words: Vec<(String, usize)>,
    note: Option<&'a str>,
    area: String,
    dump: Dump,
    /// Which value counts where the dump has two for a field.
    repetition: Repetition,
    dumps: Vec<Dump>,
    unknown: Vec<Note>,
    read: BTreeSet<usize>,
    /// What was said of the next dump.
    announced: Announced,
    /// Whether the dump began with a headline.
    has_headline: bool,
    /// A few values that stood alone: words about a dump more likely than a dump.
    strays: Vec<Dump>,
    /// How many values were filled up with zeros, or as long as their field.
    filled_values: usize,
    /// How many were cut off.
    cut_values: usize,
}

/// A dump without a headline that has fewer values is none where there is another.
const FEWEST_VALUES: usize = 4;

impl<'a> Parser<'a> {
    fn peek(&self, ahead: usize) -> Option<&'a Sign> {
        self.tokens.get(self.at + ahead).map(|token| &token.sign)
    }

    fn line(&self) -> usize {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(0, |token| token.line)
    }

    fn step(&mut self) {
        match &self.tokens[self.at].sign {
            Sign::Section(section) => self.open(*section),
            Sign::Word(word) => self.word(word),
            Sign::Colon => self.colon(),
            Sign::Note(note) => {
                self.note = Some(note);
                self.at += 1;
            }
            Sign::Equals => self.value(),
        }
    }

    fn open(&mut self, section: Section) {
        if section == Section::Guest {
            let is_done = self.dump.machine.get(Field::EXIT_REASON).is_some();
            let is_early = self.section == Some(Section::Guest) || self.has_headline && !is_done;
            if is_early {
                self.dump.note(self.line(), EARLY.to_owned());
            }
            self.end_of_dump();
            self.repetition = if is_early { Repetition::NeitherCounts } else { Repetition::FirstCounts };
            self.announced.tell(&mut self.dump);
        }
        self.has_headline = true;
        self.read.insert(self.line());
        self.section = Some(section);
        self.label = None;
        self.words.clear();
        self.at += 1;
    }

    fn word(&mut self, word: &str) {
        self.announced.hear(word, [1, 2, 3].map(|ahead| self.peek(ahead)), self.line());
        // QEMU speaks after the kernel.
        if word == "hardware" && !self.dump.machine.is_empty() {
            self.announced.tell_error(&mut self.dump);
        }
        // No name has more words than these.
        if self.words.len() >= 2 * LONGEST_NAME {
            self.words.drain(..LONGEST_NAME);
        }
        self.words.push((word.to_owned(), self.line()));
        self.at += 1;
    }

    fn colon(&mut self) {
        self.at += 1;
        let Some((word, _)) = self.words.last() else { return };
        // "MSR guest autoload:".
        if let [.., (msr, _), (whose, _), (what, _)] = &self.words[..]
            && msr == "MSR"
        {
            self.area = format!("{whose} {what}");
            self.words.clear();
            return;
        }
        if self.is_value_after_colon() {
            // Some print "RFLAGS: 0x2" instead of "RFLAGS=0x2".
            self.at -= 1;
            self.value();
            return;
        }
        let Some(label) = keys::label(word) else { return };
        // "CS:RIP=" is a name, not a label.
        if matches!(self.peek(0), Some(Sign::Word(next)) if next.eq_ignore_ascii_case("rip")) {
            return;
        }
        self.label = Some(label);
        self.words.clear();
        self.row(label);
    }

    /// Whether the colon just read stands for an equals sign: between a known name and a number with `0x`.
    fn is_value_after_colon(&self) -> bool {
        let Some(section) = self.section else { return false };
        let name = self.words.last().map(|(word, _)| word.to_ascii_lowercase()).unwrap_or_default();
        let is_number = matches!(self.peek(0), Some(Sign::Word(next)) if next.starts_with("0x"));
        is_number && keys::meaning(section, None, &name).is_some()
    }

    /// A row of bare numbers after a segment register's label.
    fn row(&mut self, label: Label) {
        let fields: Vec<Field> = match label {
            Label::Segment(segment) => {
                let fields = segment.fields();
                vec![fields.selector, fields.access_rights, fields.limit, fields.base]
            }
            Label::Gdtr => vec![Field::GUEST_GDTR_LIMIT, Field::GUEST_GDTR_BASE],
            Label::Idtr => vec![Field::GUEST_IDTR_LIMIT, Field::GUEST_IDTR_BASE],
            _ => return,
        };
        let numbers: Vec<u64> = (0..fields.len())
            .map_while(|ahead| match self.peek(ahead) {
                Some(Sign::Word(word)) if word.len() >= 4 => number(word),
                _ => None,
            })
            .collect();
        if numbers.len() < fields.len() || self.section.is_some_and(|section| section != Section::Guest) {
            return;
        }
        for (field, value) in fields.into_iter().zip(numbers) {
            self.take(field, value);
            self.at += 1;
        }
    }

    /// What follows `=`.
    fn value(&mut self) {
        self.at += 1;
        let words = std::mem::take(&mut self.words);
        let note_before = self.note.take();
        let (meaning, name) = self.meaning(&words);
        let Some(Sign::Word(word)) = self.peek(0) else {
            self.refuse(meaning, &name, "nothing");
            return;
        };
        let line = self.line();
        let Some(value) = number(word) else {
            self.refuse(meaning, &name, word);
            self.at += 1;
            return;
        };
        let Some(meaning) = meaning else {
            if self.section.is_some() && !name.is_empty() {
                self.unknown.push(Note { line, text: name });
            }
            self.at += 1;
            return;
        };
        self.read.extend(words.last().map(|(_, line)| *line));
        match meaning {
            Meaning::Field(field) => self.take_unless_noted(field, value, note_before),
            Meaning::Opens(label, field) => {
                self.label = Some(label);
                self.take(field, value);
            }
            Meaning::Sysenter(cs, rip) => {
                self.take(cs, value);
                if let (Some(Sign::Colon), Some(Sign::Word(word))) = (self.peek(1), self.peek(2))
                    && let Some(value) = number(word)
                {
                    self.at += 2;
                    self.take(rip, value);
                }
            }
            Meaning::AreaIndex => {
                self.dump.msrs.push(AreaEntry { area: self.area.clone(), index: value, value: 0 });
                self.read.insert(line);
            }
            Meaning::AreaValue => {
                if let Some(entry) = self.dump.msrs.last_mut() {
                    entry.value = value;
                }
                self.read.insert(line);
            }
            Meaning::Nothing => {
                self.read.insert(line);
            }
        }
        self.at += 1;
    }

    /// The longest known name among the last words, else the last word.
    fn meaning(&mut self, words: &[(String, usize)]) -> (Option<Meaning>, String) {
        let lower: Vec<String> = words.iter().map(|(word, _)| word.to_ascii_lowercase()).collect();
        for length in (1..=lower.len().min(LONGEST_NAME)).rev() {
            let name = lower[lower.len() - length..].join(" ");
            self.place(&name);
            let Some(section) = self.section else { continue };
            if let Some(meaning) = keys::meaning(section, self.label, &name) {
                return (Some(meaning), name);
            }
        }
        (None, words.last().map(|(word, _)| word.clone()).unwrap_or_default())
    }

    /// Finds the section by the name where its headline was lost, and where a new dump begins.
    fn place(&mut self, name: &str) {
        let set = |field: Field| self.dump.machine.get(field).is_some();
        let told = keys::section_of(self.label, name);
        if name == "actual" && self.label == Some(Label::Cr0) && set(Field::GUEST_CR0) {
            if self.section == Some(Section::Guest) && !set(Field::GUEST_RIP) {
                self.dump.note(self.line(), EARLY.to_owned());
                self.repetition = Repetition::NeitherCounts;
                return;
            }
            self.end_of_dump();
            self.section = Some(Section::Guest);
        } else if self.section == Some(Section::Guest) && name == "rip" && set(Field::GUEST_TR_BASE) {
            self.section = Some(Section::Host);
        } else if let Some(told) = told {
            let is_later = match (self.section, told) {
                (None, _) => true,
                (Some(Section::Guest), Section::Host) => set(Field::GUEST_TR_BASE),
                (Some(Section::Guest | Section::Host), Section::Control) => true,
                _ => false,
            };
            if is_later {
                self.section = Some(told);
            }
        }
    }

    /// Takes a value unless the dump says beside it that it is not the VMCS's.
    fn take_unless_noted(&mut self, field: Field, value: u64, note_before: Option<&str>) {
        let note_after = match self.peek(1) {
            Some(Sign::Note(note)) => note.as_str(),
            _ => "",
        };
        let elsewhere = [note_after, note_before.unwrap_or_default()].into_iter().find(|note| {
            let note = note.trim().to_ascii_lowercase();
            // A line break may have cut the note.
            !note.is_empty() && ["effective", "autoload", "msr ll"].iter().any(|word| word.starts_with(&note))
        });
        match elsewhere {
            Some(note) if field == Field::GUEST_IA32_EFER => {
                let line = self.line();
                self.read.insert(line);
                self.dump.note(
                    line,
                    format!("EFER {value:X}h ({note}) is not the value of a VMCS field; not checked"),
                );
            }
            _ => self.take(field, value),
        }
    }

    fn take(&mut self, field: Field, value: u64) {
        let line = self.line();
        self.read.insert(line);
        if self.is_cut(field) {
            self.dump.note(line, format!("the value of {field} is cut off; skipped"));
            return;
        }
        self.dump.set((field, Part::Whole), value, line, self.repetition);
    }

    /// Whether the text or the line ends within this value: it is shorter than its field in a dump that fills others up.
    /// Within the text somebody may have shortened it on purpose, and then it does not look filled up.
    fn is_cut(&mut self, field: Field) -> bool {
        let Some(Sign::Word(word)) = self.peek(0) else { return false };
        let digits = word.strip_prefix("0x").unwrap_or(word);
        let is_whole = digits.len() >= keys::digits(field);
        self.filled_values += usize::from(is_whole || digits.starts_with('0') && digits.len() > 5);
        let next = self.tokens.get(self.at + 1).map(|token| token.line);
        let is_filled_up = digits.starts_with('0') && digits.len() > 1
            || digits.starts_with("ffff")
            || digits.bytes().all(|digit| digit == b'f')
            || self.cut_values > 0
            || word == "0";
        let is_at_end = next.is_none() || next != Some(self.line()) && is_filled_up;
        let is_cut = !is_whole && self.filled_values > 0 && is_at_end;
        self.cut_values += usize::from(is_cut);
        is_cut
    }

    fn refuse(&mut self, meaning: Option<Meaning>, name: &str, found: &str) {
        let line = self.line();
        match meaning {
            Some(Meaning::Nothing) => {
                self.read.insert(line);
            }
            Some(_) => {
                self.read.insert(line);
                self.dump.note(line, format!("{name} has no hexadecimal value: {found:?}; skipped"));
            }
            None => {}
        }
    }

    fn end_of_dump(&mut self) {
        let dump = std::mem::take(&mut self.dump);
        let has_headline = std::mem::take(&mut self.has_headline);
        if dump.machine.is_empty() {
        } else if dump.machine.len() < FEWEST_VALUES && !has_headline {
            self.strays.push(dump);
        } else {
            self.dumps.push(dump);
        }
    }

    /// Beside a dump a few values that stand alone are not understood; without one they are all there is.
    fn judge_strays(&mut self) {
        if self.dumps.is_empty() {
            self.dumps = std::mem::take(&mut self.strays);
        }
        for line in self.strays.iter().flat_map(|stray| stray.lines.values()) {
            self.read.remove(line);
        }
    }
}
