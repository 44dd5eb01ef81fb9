//! Keys from a terminal. A terminal reports what was typed, not which key was pressed, so Ctrl with a letter, Alt
//! (sent as ESC before the character) and the function keys come through, but bare modifiers do not.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use wire::{KeyItem, Modifiers};

use super::{layout, named};

/// The key of a terminal's event; `None` for a release and for what a PC keyboard lacks.
pub fn from_event(event: &KeyEvent) -> Option<KeyItem> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let control = event.modifiers.contains(KeyModifiers::CONTROL);
    let key = match event.code {
        // A character tells by itself whether Shift was held.
        KeyCode::Char(c) => {
            let key = layout::typed(if control { unfolded(c) } else { c })?;
            let modifiers = Modifiers {
                control,
                alt: event.modifiers.contains(KeyModifiers::ALT),
                ..Modifiers::default()
            };
            return Some(key.with(modifiers).press());
        }
        KeyCode::F(number) => named(&format!("f{number}"))?,
        code => named(name(code)?)?,
    };
    let modifiers = Modifiers {
        shift: event.modifiers.contains(KeyModifiers::SHIFT) || event.code == KeyCode::BackTab,
        control,
        alt: event.modifiers.contains(KeyModifiers::ALT),
    };
    Some(key.with(modifiers).press())
}

/// The keys of a pasted text. Characters that no key types are left out, as by a keyboard without them.
pub fn from_pasted(text: &str) -> impl Iterator<Item = KeyItem> {
    // Terminals send a pasted line end as CR, some as LF, and text copied elsewhere may hold both.
    let text = text.replace("\r\n", "\n");
    text.chars().filter_map(layout::typed).map(layout::Key::press).collect::<Vec<_>>().into_iter()
}

/// The character whose key gives a control code that crossterm reports by a digit: 1Ch to 1Fh are Ctrl with \ ] ^ _.
/// Letters come in lower case, or in upper case where Shift was seen as well.
fn unfolded(c: char) -> char {
    match c {
        '4' => '\\',
        '5' => ']',
        '6' => '6',
        '7' => '-',
        _ => c.to_ascii_lowercase(),
    }
}

fn name(code: KeyCode) -> Option<&'static str> {
    Some(match code {
        KeyCode::Enter => "enter",
        KeyCode::Esc => "esc",
        KeyCode::Tab | KeyCode::BackTab => "tab",
        KeyCode::Backspace => "backspace",
        KeyCode::Up => "up",
        KeyCode::Down => "down",
        KeyCode::Left => "left",
        KeyCode::Right => "right",
        KeyCode::Home => "home",
        KeyCode::End => "end",
        KeyCode::PageUp => "pgup",
        KeyCode::PageDown => "pgdn",
        KeyCode::Insert => "ins",
        KeyCode::Delete => "del",
        KeyCode::CapsLock => "capslock",
        KeyCode::NumLock => "numlock",
        KeyCode::ScrollLock => "scrolllock",
        KeyCode::PrintScreen => "prtsc",
        KeyCode::Pause => "break",
        KeyCode::Menu => "menu",
        KeyCode::KeypadBegin => "kp5",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::parse;

    /// The event is what the grammar's text says.
    #[test]
    fn events_agree_with_the_grammar() {
        use KeyCode::*;
        let rows = [
            (Char('a'), KeyModifiers::NONE, "a"),
            (Char('A'), KeyModifiers::SHIFT, "A"),
            (Char('{'), KeyModifiers::NONE, "{{"),
            (Char('c'), KeyModifiers::CONTROL, "{ctrl-c}"),
            (Char('h'), KeyModifiers::CONTROL, "{ctrl-h}"),
            (Char('7'), KeyModifiers::CONTROL, "{ctrl--}"),
            (Char('4'), KeyModifiers::CONTROL, "{ctrl-\\}"),
            (Char(' '), KeyModifiers::CONTROL, "{ctrl-space}"),
            (Char('x'), KeyModifiers::ALT, "{alt-x}"),
            (Char('X'), KeyModifiers::ALT | KeyModifiers::SHIFT, "{alt-shift-x}"),
            (Char('d'), KeyModifiers::ALT | KeyModifiers::CONTROL, "{ctrl-alt-d}"),
            (Enter, KeyModifiers::NONE, "\n"),
            (BackTab, KeyModifiers::NONE, "{shift-tab}"),
            (Up, KeyModifiers::NONE, "{up}"),
            (Right, KeyModifiers::CONTROL, "{ctrl-right}"),
            (Delete, KeyModifiers::NONE, "{del}"),
            (F(1), KeyModifiers::SHIFT, "{shift-f1}"),
            (F(12), KeyModifiers::NONE, "{f12}"),
            (F(4), KeyModifiers::ALT, "{alt-f4}"),
        ];
        for (code, modifiers, text) in rows {
            let event = KeyEvent::new(code, modifiers);
            assert_eq!(from_event(&event).into_iter().collect::<Vec<_>>(), parse(text).unwrap(), "{text}");
        }
    }

    #[test]
    fn what_a_pc_keyboard_lacks_is_not_typed() {
        for code in [KeyCode::F(13), KeyCode::Char('ß'), KeyCode::Null] {
            assert_eq!(from_event(&KeyEvent::new(code, KeyModifiers::NONE)), None, "{code:?}");
        }
        let release = KeyEvent::new_with_kind(KeyCode::Char('a'), KeyModifiers::NONE, KeyEventKind::Release);
        assert_eq!(from_event(&release), None);
    }

    #[test]
    fn a_paste_is_typed_literally() {
        let keys: Vec<_> = from_pasted("{f1}\r\nä\rb").collect();
        assert_eq!(keys, parse("{{f1}}\n\nb").unwrap());
    }
}
