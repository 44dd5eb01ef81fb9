//! The last line of the terminal: the tool's own words.

/// A line, and where the cursor stands in it while the person types there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bar {
    /// What it says.
    pub text: String,
    /// Column of the cursor; `None` while it is the guest's.
    pub cursor: Option<u16>,
}

impl Bar {
    /// Words.
    pub fn text(text: String) -> Self {
        Self { text, cursor: None }
    }

    /// A question and what was typed so far, of which the end is shown if it is too long.
    pub fn prompt(question: &str, typed: &str, width: usize) -> Self {
        let room = width.saturating_sub(question.chars().count() + 1);
        let length = typed.chars().count();
        let shown: String = typed.chars().skip(length.saturating_sub(room)).collect();
        let text = format!("{question}{shown}");
        let cursor = text.chars().count().min(width.saturating_sub(1));
        Self { text, cursor: u16::try_from(cursor).ok() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_shows_its_end_and_the_cursor_behind_it() {
        assert_eq!(Bar::prompt("File: ", "abc", 20), Bar { text: "File: abc".to_owned(), cursor: Some(9) });
        assert_eq!(
            Bar::prompt("File: ", "abcdef", 10),
            Bar { text: "File: def".to_owned(), cursor: Some(9) }
        );
        assert_eq!(Bar::prompt("File: ", "abc", 3), Bar { text: "File: ".to_owned(), cursor: Some(2) });
    }
}
