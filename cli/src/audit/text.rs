//! Undoes what mail, web pages and log daemons do to text.
//!
//! On entry there are the bytes of a file. What comes out are lines with the numbers they had in the file, without
//! quote marks, time stamps, host names, HTML and colours, and with plain blanks. Line breaks that a mailer put inside
//! a line stay: the parsers read across them.

use super::callers::{caller, separate};
use super::characters::characters;
use super::keys;

/// A line of the input.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// Its number in the file, from 1.
    pub number: usize,
    /// What it says.
    pub text: String,
}

/// The lines of `bytes`, cleaned. Blank lines are left out.
pub fn lines(bytes: &[u8]) -> Vec<Line> {
    let text = characters(bytes);
    let quoted_printable = text.matches("=3D").count() > 1;
    let mut lines: Vec<Line> = Vec::new();
    let mut callers = Vec::new();
    // A line that ends in "=" goes on in the next, in quoted-printable text.
    let mut open = String::new();
    for (at, raw) in text.split('\n').enumerate() {
        let mut raw = format!("{open}{}", raw.trim_end_matches('\r'));
        open.clear();
        if quoted_printable {
            if let Some(begun) = raw.strip_suffix('=') {
                open = begun.to_owned();
                continue;
            }
            raw = without_quoted_printable(&raw);
        }
        let raw = message(&raw).unwrap_or(raw);
        let caller = caller(&raw);
        for text in without_html(&raw).split(['\n', '\r']) {
            let text = without_prefixes(text);
            if !text.is_empty() {
                lines.push(Line { number: at + 1, text });
                callers.push(caller.clone());
            }
        }
    }
    if !open.is_empty() {
        lines.push(Line { number: text.split('\n').count(), text: without_prefixes(&open) });
        callers.push(None);
    }
    separate(lines, &callers)
}

/// What a log in which each line is a JSON object calls the text of a message: `journalctl -o json`, container logs.
const MESSAGES: [&str; 4] = ["MESSAGE", "log", "message", "msg"];

/// Whether the text is such a log.
pub fn is_json_log(bytes: &[u8]) -> bool {
    let first = bytes.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    first.is_some_and(|line| message(&String::from_utf8_lossy(line)).is_some())
}

/// The message in a line that is a JSON object.
fn message(line: &str) -> Option<String> {
    let line = line.trim();
    let object: serde_json::Map<_, _> = line.starts_with('{').then(|| serde_json::from_str(line).ok())??;
    MESSAGES.iter().find_map(|name| object.get(*name)?.as_str().map(str::to_owned))
}

/// `=3D` and its like as the characters they stand for; what is no such code stays.
fn without_quoted_printable(line: &str) -> String {
    let mut parts = line.split('=');
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match code {
            Some(0x3D) => clean.push_str(&format!("={}", &part[2..])),
            // Codes beyond ASCII are bytes of one character, mostly a no-break space.
            Some(0x20 | 0x09 | 0x80..) => clean.push_str(&format!(" {}", &part[2..])),
            Some(_) | None => clean.push_str(&format!("={part}")),
        }
    }
    clean
}

/// Entities as characters, tags gone; `<br>` as the end of a line.
fn without_html(line: &str) -> String {
    if !line.contains(['&', '<']) {
        return line.to_owned();
    }
    let mut clean = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(['&', '<']) {
        let (before, from) = rest.split_at(at);
        clean.push_str(before);
        let taken = entity(from).or_else(|| tag(from));
        let (put, length) = taken.unwrap_or_else(|| (from[..1].to_owned(), 1));
        clean.push_str(&put);
        rest = &from[length..];
    }
    clean + rest
}

/// The character of the entity at the start of `text`, and the entity's length in bytes.
fn entity(text: &str) -> Option<(String, usize)> {
    let body = text.strip_prefix('&')?;
    let end = body.find(';').filter(|end| *end <= 8)?;
    let name = &body[..end];
    let letter = match name {
        "gt" => '>',
        "lt" => '<',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" | "ensp" | "emsp" | "thinsp" => ' ',
        "equals" => '=',
        "colon" => ':',
        _ => {
            let digits = name.strip_prefix('#')?;
            let hexadecimal = digits.strip_prefix(['x', 'X']);
            let code = match hexadecimal {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => digits.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    };
    let letter = if letter.is_whitespace() { ' ' } else { letter };
    Some((letter.to_string(), end + 2))
}

/// What the tag at the start of `text` becomes, and its length in bytes.
fn tag(text: &str) -> Option<(String, usize)> {
    let end = text.find('>').filter(|end| *end <= 120)?;
    let body = text[1..end].trim_start_matches('/');
    if !body.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return None;
    }
    let name: String = body.chars().take_while(char::is_ascii_alphanumeric).collect();
    let put = match name.to_ascii_lowercase().as_str() {
        "br" | "p" | "div" | "li" | "tr" | "pre" => "\n",
        "td" | "th" => " ",
        _ => "",
    };
    Some((put.to_owned(), end + 1))
}

/// The line without quote marks and without what a log puts before a message.
fn without_prefixes(line: &str) -> String {
    let mut rest = line.trim();
    loop {
        let shorter = without_one_prefix(rest).trim_start();
        if shorter.len() == rest.len() {
            return rest.to_owned();
        }
        rest = shorter;
    }
}

fn without_one_prefix(line: &str) -> &str {
    // A line that a comparison took away, or an item. In the midst of a rule of dashes there is none.
    if let Some(rest) = line.strip_prefix('-').filter(|rest| !rest.starts_with('-')) {
        return rest;
    }
    // Quote marks, with or without the initials of the one who is quoted.
    let initials = line.bytes().take_while(u8::is_ascii_alphabetic).take(3).count();
    if let Some(rest) = line[initials..].strip_prefix('>').or_else(|| line.strip_prefix(['|', '+', '│', '┃']))
    {
        return rest;
    }
    const PROGRAMS: [&str; 10] = [
        "(XEN)",
        "(xen)",
        "kvm_intel:",
        "kernel:",
        "kvm:",
        "haxm_warning:",
        "haxm_error:",
        "haxm_panic:",
        "haxm_info:",
        "…",
    ];
    for open in PROGRAMS {
        if let Some(rest) = line.strip_prefix(open) {
            return rest;
        }
    }
    bracketed(line)
        .or_else(|| numbered(line))
        .or_else(|| half_bracketed(line))
        .or_else(|| dated(line))
        .unwrap_or(line)
}

/// After `(0)`, the processor in some logs.
fn numbered(line: &str) -> Option<&str> {
    let (number, rest) = line.strip_prefix('(')?.split_once(')')?;
    (number.len() <= 3 && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
        .then_some(rest)
}

/// How grave a message is, as loggers write it in brackets.
const LEVELS: [&str; 7] = ["error", "err", "warn", "warning", "info", "debug", "trace"];

/// After `[  123.456]`, `[T12]`, `[…]`, `[Fri Jul 28 11:52:01 2023]`, `<4>` or `kvm [123]:`.
fn bracketed(line: &str) -> Option<&str> {
    if let Some(body) = line.strip_prefix('<') {
        let (level, rest) = body.split_once('>')?;
        return (level.len() <= 3 && !level.is_empty() && level.bytes().all(|byte| byte.is_ascii_digit()))
            .then_some(rest);
    }
    let (body, rest) = line.strip_prefix('[')?.split_once(']')?;
    let body = body.trim();
    let is_thread =
        body.strip_prefix(['T', 'C']).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    let is_time = body.len() <= 40
        && body.bytes().any(|byte| byte.is_ascii_digit())
        && body.contains(['.', ':'])
        && !body.contains(['x', '=']);
    // "  2804,129902", and "2024-01-02T03:04:05Z ERROR kvm::vmx".
    let is_stamp = body.contains(',') && body.bytes().all(|byte| byte.is_ascii_digit() || byte == b',');
    let is_dated = body.len() >= 10 && body.is_char_boundary(10) && is_date(&body[..10]);
    let is_level = LEVELS.iter().any(|level| body.eq_ignore_ascii_case(level));
    let is_cut = matches!(body, "…" | "..." | "");
    (is_thread || is_time || is_stamp || is_dated || is_level || is_cut).then_some(rest)
}

/// After `33.881551]`, the remainder of a time stamp that was cut off when the text was copied.
fn half_bracketed(line: &str) -> Option<&str> {
    let (stamp, rest) = line.split_once(']')?;
    (stamp.contains('.') && stamp.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')).then_some(rest)
}

/// After `Nov 22 23:11:00 host kernel:` or `2023-07-28T11:52:01+00:00 host kernel:`.
fn dated(line: &str) -> Option<&str> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let (first, rest) = word(line)?;
    let rest = if first.get(..3).is_some_and(|month| MONTHS.contains(&month.to_ascii_lowercase().as_str())) {
        let (day, rest) = word(rest)?;
        day.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
        let (time, after) = word(rest)?;
        // Without a time this is still no part of a dump.
        if is_time(time) { after } else { rest }
    } else if first.len() >= 10 && first.as_bytes().get(4) == Some(&b'-') && is_date(first) {
        if first.contains('T') { rest } else { word(rest).filter(|(time, _)| is_time(time))?.1 }
    } else if is_time(first) && first.matches(':').count() == 2 {
        rest
    } else {
        return None;
    };
    // The host, where a program's name with a colon follows. A segment register's is part of the dump.
    let program = word(rest).and_then(|(host, after)| Some((host, word(after)?)));
    match program {
        Some((host, (program, after)))
            if program
                .strip_suffix(':')
                .is_some_and(|name| !name.contains('=') && keys::label(name).is_none())
                && !host.starts_with('(') =>
        {
            Some(after)
        }
        _ => Some(rest),
    }
}

fn word(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    let end = line.find(' ').unwrap_or(line.len());
    (end > 0).then(|| line.split_at(end))
}

fn is_date(word: &str) -> bool {
    word.bytes().filter(|byte| *byte == b'-').count() >= 2
        && word.as_bytes()[..4].iter().all(u8::is_ascii_digit)
}

fn is_time(word: &str) -> bool {
    word.contains(':') && word.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.' | b','))
}

/// Enough of a line to find it again, however long it is.
pub fn shortened(line: &str) -> String {
    const LETTERS: usize = 90;
    let mut letters = line.chars();
    let start: String = letters.by_ref().take(LETTERS).collect();
    if letters.next().is_none() { start } else { start + "…" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_logs_and_mailers_add_is_gone() {
        let rows = [
            ("[  123.456789] CR3 = 0x1", "CR3 = 0x1"),
            ("> > [ 2311.49] kvm_intel: CR3 = 0x1", "CR3 = 0x1"),
            (">>> CR3 = 0x1\r", "CR3 = 0x1"),
            ("<4>[   12.5] CR3 = 0x1", "CR3 = 0x1"),
            ("[   12.5][ T812] kvm_intel: CR3 = 0x1", "CR3 = 0x1"),
            ("[…] CR3 = 0x1", "CR3 = 0x1"),
            ("33.881551] CR3 = 0x1", "CR3 = 0x1"),
            ("[Fri Jul 28 11:52:01 2023] CR3 = 0x1", "CR3 = 0x1"),
            ("Nov 22 23:11:00 host kernel: kvm_intel: CR3 = 0x1", "CR3 = 0x1"),
            ("Sep  8 22:52:20 xubuntu kernel: [10639.238026] CR3 = 0x1", "CR3 = 0x1"),
            ("Nov 22 host kernel: kvm_intel: CR3 = 0x1", "CR3 = 0x1"),
            ("2023-07-28T11:52:01.123+02:00 host kernel: CR3 = 0x1", "CR3 = 0x1"),
            ("2023-07-28 11:52:01 host kernel: CR3 = 0x1", "CR3 = 0x1"),
            ("(XEN) [2024-01-02 03:04:05] CR3 = 0x1", "CR3 = 0x1"),
            ("CR3\u{a0}=\u{202f}0x1", "CR3 = 0x1"),
            ("\tCR3\t=\t0x1  ", "CR3 = 0x1"),
            ("&gt; CR3&nbsp;=&#160;0x1", "CR3 = 0x1"),
            ("<code>CR3 = 0x1</code>", "CR3 = 0x1"),
            ("\u{1b}[31mCR3 = 0x1\u{1b}[0m", "CR3 = 0x1"),
            ("[  123.456789] (0)[123:swapper/0]CR3 = 0x1", "CR3 = 0x1"),
            ("+CR3 = 0x1", "CR3 = 0x1"),
            ("-CR3 = 0x1", "CR3 = 0x1"),
            ("--- a line", "--- a line"),
            ("04:12:33.5 (XEN)   CS: f000 0009b", "CS: f000 0009b"),
            ("2024-01-02T03:04:05Z (XEN) GDTR:   0000ffff 00", "GDTR:   0000ffff 00"),
            ("[  2804,129902] haxm_warning: 6802 GUEST_CR3: 1", "6802 GUEST_CR3: 1"),
            ("[ERROR] CR3 = 0x1", "CR3 = 0x1"),
            ("[2024-01-02T03:04:05Z ERROR kvm::vmx] CR3 = 0x1", "CR3 = 0x1"),
            ("AC> CR3 = 0x1", "CR3 = 0x1"),
            ("{\"MESSAGE\":\"[ 1.5] CR3 = 0x1\",\"PRIORITY\":\"3\"}", "CR3 = 0x1"),
            ("[0x6820] = 0x1", "[0x6820] = 0x1"),
            ("[6820] = 0x1", "[6820] = 0x1"),
            ("6820 2", "6820 2"),
        ];
        for (raw, clean) in rows {
            let read: Vec<String> = lines(raw.as_bytes()).into_iter().map(|line| line.text).collect();
            assert_eq!(read, [clean], "{raw:?}");
        }
    }

    #[test]
    fn lines_keep_their_numbers() {
        let read = lines(b"one\n\n> two<br>three\nfour");
        let read: Vec<(usize, &str)> = read.iter().map(|line| (line.number, line.text.as_str())).collect();
        assert_eq!(read, [(1, "one"), (3, "two"), (3, "three"), (4, "four")]);
    }

    #[test]
    fn quoted_printable_is_decoded() {
        let read = lines(b"CR3 =3D 0x00000000=\n0442000=20\nRSP=3D1");
        let read: Vec<&str> = read.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(read, ["CR3 = 0x000000000442000", "RSP=1"]);
    }

    #[test]
    fn utf_16_is_read() {
        let bytes: Vec<u8> = "\u{feff}CR3 = 1".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(lines(&bytes), [Line { number: 1, text: "CR3 = 1".into() }]);
    }
}
