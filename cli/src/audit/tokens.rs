//! Splits the lines of a dump into words and signs.
//!
//! Mailers break lines at blanks and terminals break them anywhere, so the parser reads words, not lines. Each word
//! keeps the number of its line.

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
        split_line(line, &mut tokens);
        join(&mut tokens, begin);
    }
    tokens
}

/// The section that a line opens.
fn headline(text: &str) -> Option<Section> {
    let words = text.trim_matches(['*', ' ', '-', '=', '#']);
    let section = match words.to_ascii_lowercase().as_str() {
        "guest state" => Section::Guest,
        "host state" => Section::Host,
        "control state" => Section::Control,
        _ => {
            let lower = text.to_ascii_lowercase();
            return [("guest", Section::Guest), ("host", Section::Host), ("control", Section::Control)]
                .into_iter()
                .find(|(name, _)| lower.contains(&format!("** {name} state **")))
                .map(|(_, section)| section);
        }
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

/// Joins a number at the end of the line before with digits at the start of this one, where they make a full word of
/// 64 bits or, after `0x`, of 32.
fn join(tokens: &mut Vec<Token>, begin: usize) {
    let [.., before, last] = &tokens[..begin] else { return };
    let (Sign::Word(head), Some(Sign::Word(tail))) = (&last.sign, tokens.get(begin).map(|token| &token.sign))
    else {
        return;
    };
    let follows = tokens.get(begin + 1).map(|token| &token.sign);
    if before.sign != Sign::Equals
        || matches!(follows, Some(Sign::Equals | Sign::Colon))
        || tail.starts_with("0x")
    {
        return;
    }
    let digits = head.strip_prefix("0x").unwrap_or(head);
    let length = digits.len() + tail.len();
    let is_full = length == 16 && digits.len() != 8 || length == 8 && head.len() != digits.len();
    if is_full && (digits.bytes().chain(tail.bytes())).all(|byte| byte.is_ascii_hexdigit()) {
        let joined = format!("{head}{tail}");
        tokens[begin - 1].sign = Sign::Word(joined);
        tokens.remove(begin);
    }
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
        let rows: [(&str, &[&str]); 5] = [
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
        assert_eq!(signs("CR3 = 0x00000000044\n42000 = 1")[2], "0x00000000044");
    }
}
