//! Code page 437, the characters of a PC's text screen, as Unicode.

/// What the screen shows for each byte. NUL is shown as a space, as on the screen.
const CHARACTERS: [char; 256] = [
    ' ', '☺', '☻', '♥', '♦', '♣', '♠', '•', '◘', '○', '◙', '♂', '♀', '♪', '♫', '☼', //
    '►', '◄', '↕', '‼', '¶', '§', '▬', '↨', '↑', '↓', '→', '←', '∟', '↔', '▲', '▼', //
    ' ', '!', '"', '#', '$', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/', //
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?', //
    '@', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', //
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', '[', '\\', ']', '^', '_', //
    '`', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', //
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', '{', '|', '}', '~', '⌂', //
    'Ç', 'ü', 'é', 'â', 'ä', 'à', 'å', 'ç', 'ê', 'ë', 'è', 'ï', 'î', 'ì', 'Ä', 'Å', //
    'É', 'æ', 'Æ', 'ô', 'ö', 'ò', 'û', 'ù', 'ÿ', 'Ö', 'Ü', '¢', '£', '¥', '₧', 'ƒ', //
    'á', 'í', 'ó', 'ú', 'ñ', 'Ñ', 'ª', 'º', '¿', '⌐', '¬', '½', '¼', '¡', '«', '»', //
    '░', '▒', '▓', '│', '┤', '╡', '╢', '╖', '╕', '╣', '║', '╗', '╝', '╜', '╛', '┐', //
    '└', '┴', '┬', '├', '─', '┼', '╞', '╟', '╚', '╔', '╩', '╦', '╠', '═', '╬', '╧', //
    '╨', '╤', '╥', '╙', '╘', '╒', '╓', '╫', '╪', '┘', '┌', '█', '▄', '▌', '▐', '▀', //
    'α', 'ß', 'Γ', 'π', 'Σ', 'σ', 'µ', 'τ', 'Φ', 'Θ', 'Ω', 'δ', '∞', 'φ', 'ε', '∩', //
    '≡', '±', '≥', '≤', '⌠', '⌡', '÷', '≈', '°', '∙', '·', '√', 'ⁿ', '²', '■', '\u{A0}',
];

/// The character that the screen shows for `byte`.
pub const fn to_char(byte: u8) -> char {
    CHARACTERS[byte as usize]
}

/// The byte that the screen shows as `character`, if there is one; a space is 20h.
pub fn from_char(character: char) -> Option<u8> {
    if matches!(character, ' '..='~') {
        return Some(character as u8);
    }
    CHARACTERS.iter().position(|&shown| shown == character).map(|index| index as u8)
}

/// A row of screen bytes without what looks blank at its right end: spaces and NULs.
pub fn trim_row(row: &[u8]) -> &[u8] {
    let length = row.iter().rposition(|&byte| !matches!(byte, 0 | b' ')).map_or(0, |last| last + 1);
    &row[..length]
}

/// Whether a row of screen bytes, shown and right-trimmed, contains `text`.
pub fn row_contains(row: &[u8], text: &str) -> bool {
    let row = trim_row(row);
    let Some(first) = text.chars().next() else { return true };
    let Some(first) = from_char(first) else { return false };
    let matches_at = |start: usize| {
        let mut rest = row[start..].iter();
        text.chars().all(|wanted| rest.next().is_some_and(|&byte| to_char(byte) == wanted))
    };
    // Most cells are not the first character: comparing bytes is what a look at the whole screen costs.
    let starts = row.iter().enumerate().filter(|&(_, &byte)| byte == first || byte == 0 && first == b' ');
    starts.map(|(start, _)| start).any(matches_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;

    #[test]
    fn every_shown_character_leads_back_to_its_byte() {
        for byte in 1..=255 {
            assert_eq!(from_char(to_char(byte)), Some(byte), "{byte:02X}");
        }
        assert_eq!(from_char('\0'), None);
        assert_eq!(from_char('€'), None);
    }

    #[test]
    fn landmarks_are_where_the_manuals_have_them() {
        // IBM's character chart: single and double frames, shades, letters of three alphabets.
        for (byte, character) in [
            (0x00, ' '),
            (0x01, '☺'),
            (0x7F, '⌂'),
            (0xB0, '░'),
            (0xC4, '─'),
            (0xCD, '═'),
            (0xDB, '█'),
            (0xE1, 'ß'),
        ] {
            assert_eq!(to_char(byte), character, "{byte:02X}");
        }
    }

    #[test]
    fn a_row_matches_as_it_is_shown_and_trimmed() {
        for (row, text, found) in [
            (&b"C:\\>  \0\0"[..], "C:\\>", true),
            (b"C:\\>  \0\0", "C:\\> ", false),
            (b"a\0b  ", "a b", true),
            (b"abcab", "cab", true),
            (b"abcab", "CAB", false),
            (b"a\0b  ", " b", true),
            (b"\xC9\xCD\xBB", "╔═╗", true),
            (b"x", "€", false),
            (b"", "", true),
            (b"", "x", false),
        ] {
            assert_eq!(row_contains(row, text), found, "{} in {row:?}", String::from(text));
        }
    }
}
