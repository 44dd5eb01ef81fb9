//! What Bochs says about a failed entry, and which rules it means.

pub mod table;

use table::MESSAGES;

/// A message, by its place in [`MESSAGES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Message(u16);

impl Message {
    /// The message in a line of the engine's log; `None` when the line is about something else. A line about a VM entry
    /// that the table does not know is an error of the table, returned as the text.
    pub fn in_line(line: &str) -> Option<Result<Self, &str>> {
        let (_, text) = line.split_once("] ")?;
        let text = text.trim_end();
        if !["VMFAIL", "VMENTER", "FAIL: VMCS", "VMX LoadMSRs"].iter().any(|start| text.starts_with(start)) {
            return None;
        }
        let found = MESSAGES.iter().position(|(pattern, _)| matches(pattern, text));
        Some(found.map(|at| Message(at as u16)).ok_or(text))
    }

    /// The text, with `*` for what varies.
    pub fn text(self) -> &'static str {
        MESSAGES[usize::from(self.0)].0
    }

    /// The rules that the check behind this message enforces.
    pub fn rules(self) -> &'static [&'static str] {
        MESSAGES[usize::from(self.0)].1
    }
}

/// Whether `text` is `pattern`, in which `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|after| {
            (0..=after.len()).any(|at| after.is_char_boundary(at) && matches(rest, &after[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, expected) in [
            ("bad CR4 *", "bad CR4 0x00002620", true),
            ("bad CR4 *", "bad CR3", false),
            ("guest *.BASE bad", "guest CS.BASE bad", true),
            ("guest *.BASE bad", "guest CS.BASE good", false),
            ("bad", "bad", true),
            ("bad", "bad luck", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} and {text}");
        }
    }
}
