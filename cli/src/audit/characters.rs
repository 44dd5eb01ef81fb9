//! The bytes of a file as characters: encodings undone, blanks plain, what cannot be seen gone.
//!
//! On entry there is what a browser, a terminal or an editor saved. All that comes out beside letters is `\n`, `\r` and
//! the blank; marks that look like an ASCII character are that character.

/// The bytes as text, nothing else changed: UTF-8, or UTF-16 behind its mark. The mark is gone.
pub fn decoded(bytes: &[u8]) -> String {
    match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)).into_owned(),
    }
}

/// The characters of the text that count.
pub fn characters(bytes: &[u8]) -> String {
    let text = with_line_ends(decoded(bytes));
    let mut clean = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\u{1b}' => skip_sequence(&mut letters),
            // Markdown escapes what it would take for its own.
            '\\' if letters.peek().is_some_and(|next| next.is_ascii_punctuation() && *next != '\\') => {}
            // A no-break space that was taken for Latin-1 once too often.
            '\u{c2}' if letters.peek() == Some(&'\u{a0}') => {}
            '\n' | '\r' => clean.push(letter),
            '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{ad}' | '\u{2060}' => {}
            // Those of Chinese and Japanese keyboards are ASCII at another place.
            '\u{ff01}'..='\u{ff5e}' => clean.extend(char::from_u32(u32::from(letter) - 0xFEE0)),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => clean.push('-'),
            // A byte that is not UTF-8: mostly the no-break space of Latin-1.
            '\u{fffd}' => clean.push(' '),
            _ if letter.is_whitespace() => clean.push(' '),
            _ if letter.is_control() => {}
            _ => clean.push(letter),
        }
    }
    clean
}

/// Skips a control sequence of a terminal, from behind the escape: a colour up to its final letter, a title up to its
/// bell, a character set.
fn skip_sequence(letters: &mut std::iter::Peekable<std::str::Chars>) {
    if letters.next_if_eq(&'[').is_some() {
        while letters.next_if(|next| !next.is_ascii_alphabetic() && *next != '\n').is_some() {}
        letters.next_if(char::is_ascii_alphabetic);
    } else if letters.next_if_eq(&']').is_some() {
        while letters.next_if(|next| !matches!(next, '\u{7}' | '\u{1b}' | '\n')).is_some() {}
        if letters.next_if_eq(&'\u{1b}').is_some() {
            letters.next_if_eq(&'\\');
        }
    } else if letters.next_if(|next| matches!(next, '(' | ')')).is_some() {
        letters.next_if(char::is_ascii_alphanumeric);
    }
}

/// The text with line ends where it has them as the two characters `\` and `n`: a string copied out of a program.
fn with_line_ends(text: String) -> String {
    if text.matches("\\n").count() > text.matches('\n').count() {
        return text.replace("\\r", "").replace("\\n", "\n").replace("\\t", " ");
    }
    text
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_make_of_characters_is_undone() {
        let rows: [(&[u8], &str); 11] = [
            ("CR3\u{a0}\u{ff1d}\u{3000}0x1\u{ff0c}".as_bytes(), "CR3 = 0x1,"),
            ("gh\\_mask \\*\\*\\* \\|".as_bytes(), "gh_mask *** |"),
            ("APIC\u{2013}access".as_bytes(), "APIC-access"),
            ("CR3\u{c2}\u{a0}= 1".as_bytes(), "CR3 = 1"),
            (b"CR3\xA0= 1", "CR3 = 1"),
            (b"\x1b]0;title\x07\x1b[1mCR3\x1b(B\x1b[m", "CR3"),
            (b"\x1b]0;title\x1b\\CR3", "CR3"),
            (b"one\\ntwo\\r\\nthree", "one\ntwo\nthree"),
            (b"C:\\new\nline\n", "C:\\new\nline\n"),
            (b"C\0R\x003\0", "CR3"),
            (b"\xff\xfeC\0R\x003\0", "CR3"),
        ];
        for (bytes, clean) in rows {
            assert_eq!(characters(bytes), clean, "{:?}", String::from_utf8_lossy(bytes));
        }
    }
}
