//! Text for people: colours where a terminal shows them, and lines that it holds.

use std::io::IsTerminal;

/// Whether text is coloured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Paint {
    /// With colours.
    Coloured,
    /// Without.
    Plain,
}

impl Paint {
    /// Coloured where standard output is a terminal and the environment does not forbid it (`NO_COLOR`).
    pub fn of_output() -> Self {
        let is_wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        if std::io::stdout().is_terminal() && is_wanted { Self::Coloured } else { Self::Plain }
    }

    /// A headline.
    pub fn heading(self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// What is wrong.
    pub fn bad(self, text: &str) -> String {
        self.wrap("1;31", text)
    }

    /// What is well, and what makes it so.
    pub fn good(self, text: &str) -> String {
        self.wrap("32", text)
    }

    /// What is open.
    pub fn open(self, text: &str) -> String {
        self.wrap("33", text)
    }

    /// What matters less.
    pub fn faint(self, text: &str) -> String {
        self.wrap("2", text)
    }

    fn wrap(self, code: &str, text: &str) -> String {
        match self {
            Self::Coloured => format!("\x1b[{code}m{text}\x1b[0m"),
            Self::Plain => text.to_owned(),
        }
    }
}

/// `begin` and the words with commas, in lines that a terminal holds, each `indent` columns in.
pub fn wrapped<T: AsRef<str>>(begin: &str, words: &[T], indent: usize) -> String {
    const COLUMNS: usize = 100;
    let mut text = format!("{:indent$}{begin}", "");
    let mut width = text.len();
    for (at, word) in words.iter().enumerate() {
        let comma = if at + 1 < words.len() { "," } else { "" };
        if width + word.as_ref().len() > COLUMNS {
            text.push_str(&format!("\n{:1$}", "", indent + 1));
            width = indent + 1;
        }
        text.push_str(&format!(" {}{comma}", word.as_ref()));
        width += word.as_ref().len() + 2;
    }
    text + "\n"
}
