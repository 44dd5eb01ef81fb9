//! Splits the lines of a dump into words and signs.
//!
//! Mailers break lines at blanks and terminals break them anywhere, so the parser reads words, not lines. Each word
//! keeps the number of its line.

use super::keys;
use super::text::Line;

/// A part of the dump, from its headline.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Section {
    /// `*** Guest State ***`.
    Guest,
    /// `*** Host State ***`.
    Host,
    /// `*** Control State ***`.
    Control,
}

/// A word or a sign.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sign {
    /// A headline.
    Section(Section),
    /// Letters and digits, and what stands between them without a blank.
    Word(String),
    /// `=`.
    Equals,
    /// `:`.
    Colon,
    /// What stands in brackets.
    Note(String),
}

/// A sign and its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token {
    /// What it is.
    pub sign: Sign,
    /// The line in the file.
    pub line: usize,
}

/// All signs, numbers that a hard line break cut joined again.
pub fn split(lines: &[Line]) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    for line in lines {
        let begin = tokens.len();
        if let Some(section) = headline(&line.text) {
            tokens.push(Token { sign: Sign::Section(section), line: line.number });
            continue;
        }
        split_at_headlines(line, &mut tokens);
        join(&mut tokens, begin);
    }
    tokens
}

/// Splits a line that may hold headlines among other words: a dump whose line breaks were lost.
fn split_at_headlines(line: &Line, tokens: &mut Vec<Token>) {
    let mut rest = line.text.as_str();
    while let Some((at, length, section)) = headline_in(rest) {
        split_line(&Line { number: line.number, text: rest[..at].to_owned() }, tokens);
        tokens.push(Token { sign: Sign::Section(section), line: line.number });
        rest = &rest[at + length..];
    }
    split_line(&Line { number: line.number, text: rest.to_owned() }, tokens);
}

/// The first headline in the text: its place, its length, its section.
fn headline_in(text: &str) -> Option<(usize, usize, Section)> {
    let lower = text.to_ascii_lowercase();
    HEADLINES
        .into_iter()
        .filter_map(|(words, section)| Some((lower.find(words)?, words.len(), section)))
        .min_by_key(|(at, ..)| *at)
}

const HEADLINES: [(&str, Section); 3] = [
    ("** guest state **", Section::Guest),
    ("** host state **", Section::Host),
    ("** control state **", Section::Control),
];

/// The section that a line opens.
fn headline(text: &str) -> Option<Section> {
    let words = text.trim_matches(['*', ' ', '-', '=', '#']);
    let section = match words.to_ascii_lowercase().as_str() {
        "guest state" => Section::Guest,
        "host state" => Section::Host,
        "control state" => Section::Control,
        _ => return None,
    };
    Some(section)
}

fn split_line(line: &Line, tokens: &mut Vec<Token>) {
    let mut word = String::new();
    let mut letters = line.text.chars();
    let end = |word: &mut String, tokens: &mut Vec<Token>| {
        if !word.is_empty() {
            tokens.push(Token { sign: Sign::Word(std::mem::take(word)), line: line.number });
        }
    };
    while let Some(letter) = letters.next() {
        let sign = match letter {
            '=' => Sign::Equals,
            ':' => Sign::Colon,
            '(' => Sign::Note(letters.by_ref().take_while(|letter| *letter != ')').collect()),
            ' ' | ',' | ';' | '|' | '*' | '"' | '`' | ')' => {
                end(&mut word, tokens);
                continue;
            }
            _ => {
                word.push(letter);
                continue;
            }
        };
        end(&mut word, tokens);
        tokens.push(Token { sign, line: line.number });
    }
    end(&mut word, tokens);
}

/// What KVM and Xen print with four digits.
const FOUR_DIGITS: [&str; 10] = ["sel", "cs", "ss", "ds", "es", "fs", "gs", "tr", "id", "interruptstatus"];
/// What they print with eight.
const EIGHT_DIGITS: [&str; 18] = [
    "limit",
    "pinbased",
    "cpubased",
    "secondaryexec",
    "entrycontrols",
    "exitcontrols",
    "exceptionbitmap",
    "pfecmask",
    "pfecmatch",
    "intr_info",
    "errcode",
    "ilen",
    "reason",
    "info",
    "gap",
    "window",
    "activitystate",
    "interruptibility",
];

/// Joins what a line break cut: the last word of the line before with the first of this one.
fn join(tokens: &mut Vec<Token>, begin: usize) {
    if !join_name(tokens, begin) {
        join_number(tokens, begin);
    }
}

/// Joins two halves of a name that is known where at least one of the halves says nothing.
fn join_name(tokens: &mut Vec<Token>, begin: usize) -> bool {
    let before = begin.checked_sub(1).and_then(|last| sign_at(tokens, last));
    let (Some(Sign::Word(head)), Some(Sign::Word(tail))) = (before, sign_at(tokens, begin)) else {
        return false;
    };
    let is_known = |word: &str| keys::is_word_of_name(&word.to_ascii_lowercase());
    if !is_known(&format!("{head}{tail}")) || is_known(head) && is_known(tail) {
        return false;
    }
    tokens[begin - 1].sign = Sign::Word(format!("{head}{tail}"));
    tokens.remove(begin);
    true
}

/// Joins a number at the end of the line before with digits at the start of this one, where they make a full word: of
/// 64 bits, after `0x` of 32, or as long as KVM prints a part of a segment register.
fn join_number(tokens: &mut Vec<Token>, begin: usize) {
    let signs: Vec<&Sign> = tokens[..begin].iter().rev().take(4).map(|token| &token.sign).collect();
    let (head, name) = match signs[..] {
        [Sign::Word(head), Sign::Equals, Sign::Word(name), ..] => (head, name.as_str()),
        // "CS:RIP=0010:ffffffff".
        [Sign::Word(head), Sign::Colon, Sign::Word(_), Sign::Equals, ..] => (head, ""),
        _ => return,
    };
    let (Some(Sign::Word(tail)), follows) = (sign_at(tokens, begin), sign_at(tokens, begin + 1)) else {
        return;
    };
    let digits = head.strip_prefix("0x").unwrap_or(head);
    let is_cut_in_prefix = head == "0" && tail.starts_with('x');
    let is_hexadecimal = digits.bytes().chain(tail.bytes()).all(|byte| byte.is_ascii_hexdigit());
    if !is_hexadecimal && !is_cut_in_prefix {
        return;
    }
    let length = digits.len() + tail.len();
    let name = name.to_ascii_lowercase();
    let is_full = match (name.as_str(), follows) {
        // "CS:RIP=0010:ffffffff" again.
        ("rip", Some(Sign::Colon)) => length == 4,
        (_, Some(Sign::Equals | Sign::Colon)) => return,
        ("attr", _) => length == 5,
        (name, _) if FOUR_DIGITS.contains(&name) => length == 4,
        (name, _) if EIGHT_DIGITS.contains(&name) => length == 8,
        _ => length == 16 || length == 8 && head.len() != digits.len(),
    };
    if is_full || is_cut_in_prefix {
        let joined = format!("{head}{tail}");
        tokens[begin - 1].sign = Sign::Word(joined);
        tokens.remove(begin);
    }
}

fn sign_at(tokens: &[Token], at: usize) -> Option<&Sign> {
    tokens.get(at).map(|token| &token.sign)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::text;

    fn signs(text: &str) -> Vec<String> {
        split(&text::lines(text.as_bytes()))
            .into_iter()
            .map(|token| match token.sign {
                Sign::Section(section) => format!("{section:?}"),
                Sign::Word(word) => word,
                Sign::Equals => "=".into(),
                Sign::Colon => ":".into(),
                Sign::Note(note) => format!("({note})"),
            })
            .collect()
    }

    #[test]
    fn lines_become_words_and_signs() {
        let rows: [(&str, &[&str]); 6] = [
            ("on *** Guest State *** RIP = 1 *** Host State ***", &["on", "Guest", "RIP", "=", "1", "Host"]),
            ("*** Guest State ***", &["Guest"]),
            ("CR0: actual=0x1, shadow=0x2", &["CR0", ":", "actual", "=", "0x1", "shadow", "=", "0x2"]),
            ("EFER= 0x500 (effective)", &["EFER", "=", "0x500", "(effective)"]),
            ("SVI|RVI = ec|00 ", &["SVI", "RVI", "=", "ec", "00"]),
            ("CR3 = 0x00000000\n1234ab", &["CR3", "=", "0x00000000", "1234ab"]),
        ];
        for (text, wanted) in rows {
            assert_eq!(signs(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_number_that_a_line_break_cut_is_whole_again() {
        assert_eq!(signs("CR3 = 0x00000000044\n42000"), ["CR3", "=", "0x0000000004442000"]);
        assert_eq!(signs("limit=0xffff\nffff, base=0x0"), ["limit", "=", "0xffffffff", "base", "=", "0x0"]);
        assert_eq!(signs("shadow=0x00000000\n00050032, gh_mask=1")[2], "0x0000000000050032");
        assert_eq!(signs("attr=0x0a\n09b, limit=1")[2], "0x0a09b");
        assert_eq!(signs("CS:RIP=0010:ffff\nffffbd201d90")[6], "ffffffffbd201d90");
        assert_eq!(signs("ExitControls=002b\nefff")[2], "002befff");
        assert_eq!(signs("TR=00\n40")[2], "0040");
        assert_eq!(signs("base=0\nx0000000000000010")[2], "0x0000000000000010");
        // A name, too.
        assert_eq!(signs("shadow=0x1, gh_m\nask=2")[3], "gh_mask");
        assert_eq!(signs("Virtual proc\nessor ID = 1")[1], "processor");
        assert_eq!(signs("EPT\npointer = 1"), ["EPT", "pointer", "=", "1"]);
        // Not a word that only looks like digits.
        assert_eq!(signs("sel=0x0010\na bug")[2], "0x0010");
        assert_eq!(signs("CR3 = 0x00000000044\n42000 = 1")[2], "0x00000000044");
    }
}
