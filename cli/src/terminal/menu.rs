//! The menu behind Ctrl-]: what it offers on the last line of the terminal, and what a key does there.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::bar::Bar;
use crate::args::Drive;

/// What the person wants of the tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The end of the run.
    Quit,
    /// The guest switched off and on.
    Reset,
    /// The disk image of this path in a floppy drive.
    Insert(Drive, String),
    /// A floppy in a drive that the guest lacks.
    NoDrive,
    /// The guest's screen in a file of this path.
    SaveScreen(String),
    /// Ctrl-] for the guest.
    SendBracket,
    /// The status line hidden, or shown again.
    ToggleStatus,
}

/// Where the person is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Menu {
    /// In the guest.
    #[default]
    Closed,
    /// Choosing a command.
    Open,
    /// Choosing one of two floppy drives.
    Drive,
    /// Typing the path of a floppy.
    Floppy(Drive, String),
    /// Typing the path of a file for the screen.
    Screen(String),
}

/// What the path of a screen is unless the person changes it.
const SCREEN_FILE: &str = "screen.txt";

/// The second floppy drive.
const B: Drive = Drive(1);

impl Menu {
    /// Whether keys are the guest's.
    pub fn is_closed(&self) -> bool {
        *self == Self::Closed
    }

    /// Takes a key while the menu is open; `floppies` is how many floppy drives the guest has.
    pub fn key(&mut self, key: &KeyEvent, floppies: usize) -> Option<Command> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if key.code == KeyCode::Esc || control && key.code == KeyCode::Char('c') {
            *self = Self::Closed;
            return None;
        }
        match self {
            Self::Closed => None,
            Self::Open => self.choose(key, floppies),
            Self::Drive => {
                *self = match key.code {
                    KeyCode::Char('a' | 'A') => Self::Floppy(Drive::A, String::new()),
                    KeyCode::Char('b' | 'B') => Self::Floppy(B, String::new()),
                    _ => Self::Closed,
                };
                None
            }
            Self::Floppy(_, text) | Self::Screen(text) => {
                match key.code {
                    KeyCode::Enter => return self.enter(),
                    KeyCode::Char('u') if control => text.clear(),
                    KeyCode::Char(c) if !control => text.push(c),
                    KeyCode::Backspace => drop(text.pop()),
                    _ => {}
                }
                None
            }
        }
    }

    fn choose(&mut self, key: &KeyEvent, floppies: usize) -> Option<Command> {
        let KeyCode::Char(letter) = key.code else {
            *self = Self::Closed;
            return None;
        };
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        let (next, command) = match letter.to_ascii_lowercase() {
            'q' => (Self::Closed, Some(Command::Quit)),
            // Ctrl-] once more, which crossterm calls Ctrl-5.
            ']' | '5' if is_control => (Self::Closed, Some(Command::Quit)),
            'r' => (Self::Closed, Some(Command::Reset)),
            'i' if floppies == 1 => (Self::Floppy(Drive::A, String::new()), None),
            'i' if floppies > 1 => (Self::Drive, None),
            'i' => (Self::Closed, Some(Command::NoDrive)),
            's' => (Self::Screen(SCREEN_FILE.to_owned()), None),
            'h' => (Self::Closed, Some(Command::ToggleStatus)),
            ']' => (Self::Closed, Some(Command::SendBracket)),
            _ => (Self::Closed, None),
        };
        *self = next;
        command
    }

    /// A path was typed. None at all is a change of mind.
    fn enter(&mut self) -> Option<Command> {
        match std::mem::take(self) {
            Self::Floppy(drive, path) if !path.is_empty() => Some(Command::Insert(drive, path)),
            Self::Screen(path) if !path.is_empty() => Some(Command::SaveScreen(path)),
            _ => None,
        }
    }

    /// Takes a paste while a path is typed. Its first line counts.
    pub fn paste(&mut self, pasted: &str) {
        if let Self::Floppy(_, text) | Self::Screen(text) = self {
            text.push_str(pasted.lines().next().unwrap_or_default());
        }
    }

    /// The last line of the terminal, `width` columns wide; `None` while it is the status line's.
    pub fn bar(&self, floppies: usize, width: usize) -> Option<Bar> {
        Some(match self {
            Self::Closed => return None,
            Self::Open => {
                let (long, short) = if floppies > 0 { ("i insert floppy  ", "i floppy ") } else { ("", "") };
                let all =
                    format!(" q quit  r reset  {long}s save screen  h status line  ] Ctrl-]  Esc back ");
                let some = format!(" q quit r reset {short}s save h status");
                Bar::text(if all.len() <= width { all } else { some })
            }
            Self::Drive => Bar::text(" Which drive, a or b? ".to_owned()),
            Self::Floppy(drive, path) => Bar::prompt(&format!(" Floppy for {drive}: "), path, width),
            Self::Screen(path) => Bar::prompt(" Screen to: ", path, width),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    /// What a row of typed characters leads to; `\n` is Enter, `<` Backspace, `!` Esc.
    fn typed(text: &str, floppies: usize) -> (Menu, Option<Command>) {
        let mut menu = Menu::Open;
        let mut command = None;
        for c in text.chars() {
            let code = match c {
                '\n' => KeyCode::Enter,
                '<' => KeyCode::Backspace,
                '!' => KeyCode::Esc,
                c => KeyCode::Char(c),
            };
            command = command.or(menu.key(&press(code), floppies));
        }
        (menu, command)
    }

    #[test]
    fn each_letter_does_what_the_line_says() {
        let insert = |drive, path: &str| Some(Command::Insert(drive, path.to_owned()));
        let rows = [
            ("q", 1, Some(Command::Quit)),
            ("R", 1, Some(Command::Reset)),
            ("h", 1, Some(Command::ToggleStatus)),
            ("]", 1, Some(Command::SendBracket)),
            ("x", 1, None),
            ("!", 1, None),
            ("idos.img\n", 1, insert(Drive::A, "dos.img")),
            ("iax<y\n", 2, insert(Drive::A, "y")),
            ("ib/x y\n", 2, insert(B, "/x y")),
            ("ic", 2, None),
            ("i", 0, Some(Command::NoDrive)),
            ("i\n", 1, None),
            ("idos!", 1, None),
            ("s\n", 1, Some(Command::SaveScreen("screen.txt".to_owned()))),
            ("s<<<md\n", 1, Some(Command::SaveScreen("screen.md".to_owned()))),
        ];
        for (text, floppies, command) in rows {
            assert_eq!(typed(text, floppies), (Menu::Closed, command), "{text:?}");
        }
    }

    #[test]
    fn ctrl_bracket_again_quits_and_a_paste_is_a_path() {
        let mut menu = Menu::Open;
        let bracket = KeyEvent::new(KeyCode::Char('5'), KeyModifiers::CONTROL);
        assert_eq!(menu.key(&bracket, 1), Some(Command::Quit));
        let mut menu = Menu::Floppy(Drive::A, "/tmp/".to_owned());
        menu.paste("a b.img\nrest");
        assert_eq!(
            menu.key(&press(KeyCode::Enter), 1),
            Some(Command::Insert(Drive::A, "/tmp/a b.img".to_owned()))
        );
    }

    #[test]
    fn the_line_fits_and_offers_a_floppy_only_where_there_is_a_drive() {
        let shown = |floppies, width| Menu::Open.bar(floppies, width).unwrap().text;
        assert!(shown(1, 120).contains("i insert floppy") && !shown(0, 120).contains("floppy"));
        for width in [40, 80] {
            assert!(shown(2, width).len() <= width, "{}", shown(2, width));
        }
        assert_eq!(Menu::Closed.bar(1, 80), None);
    }
}
