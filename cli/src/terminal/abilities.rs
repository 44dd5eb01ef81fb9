//! What the person's terminal can show, as the environment tells it.

use std::env;

/// What a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Abilities {
    /// Whether it changes its cursor's shape on request. The console of Linux and old terminals print the request instead.
    pub cursor_shapes: bool,
    /// Its characters.
    pub charset: Charset,
}

/// Which characters reach the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    /// All.
    Unicode,
    /// Those of ASCII: the locale names a character set, and it is another.
    Ascii,
}

impl Abilities {
    /// Of the terminal that the environment describes.
    pub(super) fn of_environment() -> Self {
        let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable);
        Self {
            cursor_shapes: has_cursor_shapes(&env::var("TERM").unwrap_or_default()),
            charset: Charset::of_locale(locale.as_deref().unwrap_or_default()),
        }
    }
}

fn has_cursor_shapes(kind: &str) -> bool {
    const KNOWN: [&str; 9] =
        ["xterm", "tmux", "screen", "rxvt", "alacritty", "foot", "kitty", "wezterm", "ghostty"];
    KNOWN.iter().any(|known| kind.contains(known))
}

impl Charset {
    /// Of a locale such as `de_DE.ISO-8859-1`. One that names no character set says nothing: containers and ssh have `C` or
    /// none, and a terminal of today.
    fn of_locale(locale: &str) -> Self {
        let (_, named) = locale.split_once('.').unwrap_or_default();
        let (named, _) = named.split_once('@').unwrap_or((named, ""));
        match named.to_ascii_lowercase().as_str() {
            "" | "utf-8" | "utf8" => Self::Unicode,
            _ => Self::Ascii,
        }
    }

    /// The character, or what comes nearest.
    pub(super) fn nearest(self, character: char) -> char {
        if self == Self::Unicode || character.is_ascii() { character } else { ascii(character) }
    }
}

/// What comes nearest to a character of code page 437.
fn ascii(character: char) -> char {
    /// The characters of ASCII, each with those that it stands for.
    #[rustfmt::skip]
    const STANDS_FOR: [(char, &str); 40] = [
        ('-', "─═▬¬⌐"), ('|', "│║¦"), ('#', "░▒▓█▄▌▐▀■◘◙"), ('*', "☼•◘♦♣♠♥"), ('.', "·∙"), ('o', "°○ô öòóº"),
        ('>', "►→»≥"), ('<', "◄←«≤"), ('^', "▲↑∩"), ('v', "▼↓√"), ('=', "≡"), ('~', "≈"), ('/', "÷"), (' ', "\u{A0}"),
        ('C', "Ç"), ('c', "ç¢"), ('u', "üûùúµ"), ('e', "éêëèε"), ('a', "âäàåáªæα"), ('i', "ïîìí"), ('A', "ÄÅÆ"),
        ('E', "ÉΣ"), ('y', "ÿ"), ('O', "ÖΘΩΦφ"), ('U', "Ü"), ('n', "ñⁿ"), ('N', "Ñ"), ('L', "£∟"), ('Y', "¥"), ('f', "ƒ⌠⌡"),
        ('!', "¡‼"), ('P', "₧¶"), ('s', "ß§σ"), ('G', "Γ"), ('p', "π"), ('t', "τ"), ('d', "δ"), ('2', "²"), ('I', "↕↨"),
        ('8', "∞"),
    ];
    let is_box = ('\u{2500}'..='\u{257F}').contains(&character);
    let found = STANDS_FOR.iter().find(|(_, those)| those.contains(character));
    found.map_or(if is_box { '+' } else { '?' }, |&(nearest, _)| nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_with_another_character_set_gets_ascii() {
        let rows = [
            ("", Charset::Unicode),
            ("C", Charset::Unicode),
            ("C.UTF-8", Charset::Unicode),
            ("en_US.utf8", Charset::Unicode),
            ("de_DE.UTF-8@euro", Charset::Unicode),
            ("de_DE.ISO-8859-1", Charset::Ascii),
            ("ja_JP.eucJP", Charset::Ascii),
        ];
        for (locale, charset) in rows {
            assert_eq!(Charset::of_locale(locale), charset, "{locale}");
        }
    }

    #[test]
    fn every_character_of_the_code_page_has_a_neighbour_in_ascii() {
        for byte in 0..=255 {
            let character = pc::codepage437::to_char(byte);
            assert!(Charset::Ascii.nearest(character).is_ascii_graphic() || character.is_whitespace());
            assert_eq!(Charset::Unicode.nearest(character), character);
        }
        let shown: String = "╔═╗│é█→A☺".chars().map(|c| Charset::Ascii.nearest(c)).collect();
        assert_eq!(shown, "+-+|e#>A?");
    }
}
