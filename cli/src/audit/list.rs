//! Reads lists: a field's name or encoding, then its value, one or more on a line.
//!
//! `guest_cr0 = 0x80000031`, `GUEST_CS_AR_BYTES: 9b`, `6820 2`, `[0x6820] GUEST_RFLAGS = 2h`,
//! `vmread(0x6820) = 0x2`: whoever writes a hypervisor prints its VMCS once, each in another way.

use vmx::Field;

use super::dump::{Dump, Format, Note, Reading, Repetition, number};
use super::names::{self, Part};
use super::text::Line;

/// Reads all lines. The reading holds one dump, which may be empty.
pub fn read(lines: &[Line]) -> Reading {
    let mut dump = Dump::default();
    let mut unknown = Vec::new();
    // bhyve's report of an exit has in decimal what does not begin with "0x".
    let value_of = match lines.iter().any(|line| line.text.starts_with("vm exit[")) {
        true => |word: &str| if word.starts_with("0x") { number(word) } else { word.parse().ok() },
        false => number,
    };
    for line in lines {
        let text = without_dots(&line.text);
        let text = text.trim_start_matches(['#', '/', ';', '*', '-']).trim_matches(['|', ' ']);
        let pairs = pairs(text);
        let is_comment = line.text.starts_with(['#', '/', ';', '*', '-']);
        for (name, value) in &pairs {
            match (field(name), value_of(value)) {
                (Some(field), Some(value)) => dump.set(field, value, line.number, Repetition::LastCounts),
                (Some((field, _)), None) => {
                    dump.note(line.number, format!("{field} has no hexadecimal value: {value:?}; skipped"));
                }
                (None, value) if is_comment && value.is_none() => {}
                (None, _) => unknown.push(Note { line: line.number, text: name.trim().to_owned() }),
            }
        }
        if pairs.is_empty() && !is_comment {
            unknown.push(Note { line: line.number, text: line.text.clone() });
        }
    }
    Reading { format: Format::List, dumps: vec![dump], unknown }
}

/// The line with a blank for each run of dots that leads from a name to its value.
fn without_dots(line: &str) -> String {
    let mut clean = String::with_capacity(line.len());
    for part in line.split("..") {
        if !clean.is_empty() && !clean.ends_with(' ') {
            clean.push(' ');
        }
        clean.push_str(part.trim_start_matches('.'));
    }
    clean
}

/// The names and values on a line.
fn pairs(line: &str) -> Vec<(&str, &str)> {
    if line.contains('=') {
        return pairs_at(line, '=');
    }
    let at_colon = line.rsplit_once(": ").or_else(|| line.rsplit_once(':'));
    if let Some((name, rest)) = at_colon
        && let Some(value) = rest.split_whitespace().next()
        && number(value).is_some()
        && field(name).is_some()
    {
        return vec![(name, value)];
    }
    let line = line.trim_end();
    let Some((name, value)) = line.rsplit_once([' ', ',', '|']) else { return Vec::new() };
    if number(value).is_some() {
        vec![(name.trim_end_matches([' ', ',', '|', ':']), value)]
    } else {
        Vec::new()
    }
}

/// Each name before a `separator` with the word after it.
fn pairs_at(line: &str, separator: char) -> Vec<(&str, &str)> {
    let mut pairs = Vec::new();
    let mut rest = line;
    while let Some((name, after)) = rest.split_once(separator) {
        let after = after.trim_start_matches([separator, '>', ' ']);
        let end = after.find([' ', ',', ';', '(']).unwrap_or(after.len());
        let (value, next) = after.split_at(end);
        pairs.push((name.trim_start_matches([',', ';', ' ']), value));
        rest = next;
    }
    pairs
}

/// The field that a name, an encoding, or both mean.
fn field(name: &str) -> Option<(Field, Part)> {
    let name = name.trim().trim_matches(['"', '\'', '`', ',', ';', '.', ':', '=']);
    let outside: String = outside_brackets(name);
    let candidates =
        [name, &outside].into_iter().chain(name.split(['[', ']', '(', ')', '{', '}', ':', ',', '|', '>']));
    // In a sentence "2" is a number and no encoding.
    let is_encoding =
        |candidate: &str| !name.contains(' ') || candidate.len() >= 4 || candidate.starts_with("0x");
    candidates.map(str::trim).filter(|candidate| !candidate.is_empty()).find_map(|candidate| {
        let by_encoding = || names::field_by_encoding(u32::try_from(number(candidate)?).ok()?);
        names::field(candidate)
            .or_else(|| is_encoding(candidate).then(by_encoding).flatten())
            .or_else(|| with_encoding(candidate))
    })
}

/// `0x6820 GUEST_RFLAGS`, or the other way round.
fn with_encoding(name: &str) -> Option<(Field, Part)> {
    let (first, rest) = name.split_once(' ')?;
    let (before, last) = name.rsplit_once(' ')?;
    let known = |encoding: &str, name: &str| {
        let by_encoding = names::field_by_encoding(u32::try_from(number(encoding)?).ok()?)?;
        (names::field(name)? == by_encoding).then_some(by_encoding)
    };
    known(first, rest).or_else(|| known(last, before))
}

fn outside_brackets(name: &str) -> String {
    let mut depth = 0_u32;
    name.chars()
        .filter(|letter| match letter {
            '[' | '(' => {
                depth += 1;
                false
            }
            ']' | ')' => {
                depth = depth.saturating_sub(1);
                false
            }
            _ => depth == 0,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::text;

    #[test]
    fn bhyve_writes_its_exit_reason_in_decimal() {
        let text = "vm exit[0]\n\treason\t\tVMX\n\trip\t\t0x10\n\texit_reason\t33\n\tqualification\t0x0\n";
        let reading = read(&text::lines(text.as_bytes()));
        assert_eq!(reading.dumps[0].machine.get(Field::EXIT_REASON), Some(33));
        assert_eq!(reading.dumps[0].machine.get(Field::GUEST_RIP), Some(0x10));
    }

    #[test]
    fn each_way_to_write_a_list_is_read() {
        let rows = [
            "guest_rflags = 0x2",
            "GUEST_RFLAGS: 2",
            "Guest RFLAGS        2h",
            "0x6820 2",
            "6820h: 2",
            "00006820 0000000000000002",
            "[0x6820] GUEST_RFLAGS = 2",
            "GUEST_RFLAGS (0x6820) = 0x2",
            "guest_rflags........0x2",
            "vmwrite(GUEST_RFLAGS, 0x2);",
            "0x6820 GUEST_RFLAGS 0x2",
            "GUEST_RFLAGS 0x6820 0x2",
            "vmread(0x6820) = 0x2",
            "vmread(GUEST_RFLAGS) = 0x2",
            "# GUEST_RFLAGS = 0x2",
            "guest_cr3=0x1000, guest_rflags=0x2",
            "6820,2",
            "| 6820 | guest_rflags | 2",
            "| 0x6820 | GUEST_RFLAGS | 0x2 |",
            "\"GUEST_RFLAGS\": \"0x2\",",
            "[ 9021.315024]  # GUEST_RFLAGS = 0x2",
            "VMCS[6820]=2",
            "guest rflags => 0x2",
        ];
        for row in rows {
            let reading = read(&text::lines(row.as_bytes()));
            assert_eq!(reading.dumps[0].machine.get(Field::GUEST_RFLAGS), Some(2), "{row}: {reading:?}");
        }
    }

    #[test]
    fn halves_make_a_whole() {
        let reading =
            read(&text::lines(b"MSR_BITMAP = 0x1000\nMSR_BITMAP_HIGH = 0x1\n0x2001: 2\n0x2000: 0x200003000"));
        let machine = &reading.dumps[0].machine;
        assert_eq!(machine.get(Field::MSR_BITMAPS_ADDRESS), Some(0x1_0000_1000));
        assert_eq!(machine.get(Field::IO_BITMAP_A_ADDRESS), Some(0x2_0000_3000));
    }

    #[test]
    fn what_is_not_known_is_named() {
        let reading = read(&text::lines(
            b"guest_cr0 = 0x31\nfoo = 1\nguest_cr3 = INVALID_VALUE\nsome words\nguest_cs_selector = 0x12345",
        ));
        let dump = &reading.dumps[0];
        assert_eq!(dump.machine.len(), 1);
        let unknown: Vec<(usize, &str)> =
            reading.unknown.iter().map(|note| (note.line, note.text.as_str())).collect();
        assert_eq!(unknown, [(2, "foo"), (4, "some words")]);
        assert_eq!(dump.notes.iter().map(|note| note.line).collect::<Vec<_>>(), [3, 5]);
    }
}
