//! Reads lists: a field's name or encoding, then its value, one or more on a line.
//!
//! `guest_cr0 = 0x80000031`, `GUEST_CS_AR_BYTES: 9b`, `6820 2`, `[0x6820] GUEST_RFLAGS = 2h`,
//! `vmread(0x6820) = 0x2`: whoever writes a hypervisor prints its VMCS once, each in another way.

use super::dump::{Dump, Format, Note, Reading, Repetition, number};
use super::likes;
use super::pairs::{field, pairs, without_dots};
use super::text::Line;

/// Unknown names for which near ones are looked for, which takes long: a text with more is no list.
const MOST_LIKES: usize = 100;

/// Reads all lines. The reading holds one dump, which may be empty.
pub fn read(lines: &[Line]) -> Reading {
    let mut dump = Dump::default();
    let mut unknown = Vec::new();
    // bhyve's report of an exit has in decimal what does not begin with "0x".
    let value_of = match lines.iter().any(|line| line.text.starts_with("vm exit[")) {
        true => |word: &str| if word.starts_with("0x") { number(word) } else { word.parse().ok() },
        false => |word: &str| binary(word).or_else(|| number(word)),
    };
    for line in lines {
        let text = without_dots(&line.text);
        let pairs = pairs(text.trim_start_matches(['#', '/', ';', '*', '-']));
        let is_comment = line.text.starts_with(['#', '/', ';', '*', '-']);
        for (name, value) in &pairs {
            match (field(name), value_of(value)) {
                (Some(field), Some(value)) => dump.set(field, value, line.number, Repetition::LastCounts),
                (Some((field, _)), None) => {
                    dump.note(line.number, format!("{field} has no hexadecimal value: {value:?}; skipped"));
                }
                (None, value) if is_comment && value.is_none() => {}
                (None, _) => {
                    let text = if unknown.len() < MOST_LIKES {
                        likes::with_likes(name)
                    } else {
                        name.trim().to_owned()
                    };
                    unknown.push(Note { line: line.number, text });
                }
            }
        }
        if pairs.is_empty() && !is_comment {
            unknown.push(Note { line: line.number, text: line.text.clone() });
        }
    }
    Reading { format: Format::List, dumps: vec![dump], unknown }
}

/// A number as Rust writes it in binary. With few digits it may as well be hexadecimal.
fn binary(word: &str) -> Option<u64> {
    const FEWEST_DIGITS: usize = 5;
    let digits: String = word
        .trim_end_matches([',', ';', ')'])
        .strip_prefix("0b")?
        .chars()
        .filter(|letter| *letter != '_')
        .collect();
    (digits.len() >= FEWEST_DIGITS).then(|| u64::from_str_radix(&digits, 2).ok())?
}

#[cfg(test)]
mod tests {
    use vmx::Field;

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
            "GUEST_CR0: 0x80000031, GUEST_RFLAGS: 0x2",
            "GUEST_CR0: 0x80000031, foo: 0x31, GUEST_RFLAGS: 0x2",
            "GUEST_CR0 0x80000031 GUEST_RFLAGS 0x2",
            "GUEST_CR0=0x80000031; GUEST_RFLAGS=0x2",
            "0x6820;0x2",
            "{0x6820, 0x2},",
            "{ GUEST_RFLAGS, 0x2 },",
            "{ .field = 0x6820, .value = 0x2 },",
            "vmcs_writel(GUEST_RFLAGS, 0x2UL);",
            "VMWRITE 0x6820 <- 0x2",
            "vmwrite 6820 := 2",
            "Guest.RFLAGS -> 0x2",
            "set guest_rflags to 0x2",
            "let guest_rflags = 0x2;",
            "GUEST_RFLAGS = 0b00010",
            "| `0x6820` | Guest RFLAGS | `0x2` | ok |",
        ];
        for row in rows {
            let reading = read(&text::lines(row.as_bytes()));
            assert_eq!(reading.dumps[0].machine.get(Field::GUEST_RFLAGS), Some(2), "{row}: {reading:?}");
        }
    }

    #[test]
    fn no_value_reaches_another_field() {
        let rows = [
            ("GUEST_CR0: 0x80000031, GUEST_CR3: 0x1000", Field::GUEST_CR0, Some(0x8000_0031)),
            ("GUEST_CR0: 0x80000031, foo: 0x1000", Field::GUEST_CR0, Some(0x8000_0031)),
            ("foo: 0x1000, GUEST_CR0: 0x80000031", Field::GUEST_CR0, Some(0x8000_0031)),
            ("GUEST_RFLAGS 0x00000000 0x00000002", Field::GUEST_RFLAGS, None),
            ("GUEST_CR0 0x31 foo 0x1000", Field::GUEST_CR0, None),
        ];
        for (row, field, value) in rows {
            let reading = read(&text::lines(row.as_bytes()));
            assert_eq!(reading.dumps[0].machine.get(field), value, "{row}: {reading:?}");
        }
    }

    #[test]
    fn a_name_that_is_not_known_comes_with_its_like() {
        let reading = read(&text::lines(b"guest_cs_acces_rights = 0x9b\n"));
        assert!(
            reading.unknown[0].text.contains("did you mean guest_cs_access_rights"),
            "{:?}",
            reading.unknown
        );
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
