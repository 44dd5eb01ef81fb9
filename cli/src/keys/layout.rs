//! The US keyboard: which key bears which character or name. Scan codes are make codes of set 1, as the IBM PC/AT
//! Technical Reference lists them ("Keyboard scan codes, set 1").

use wire::{KeyItem, Modifiers};

/// A key, and what is held with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    scan: u8,
    extended: bool,
    modifiers: Modifiers,
}

impl Key {
    const fn plain(scan: u8) -> Self {
        Self { scan, extended: false, modifiers: Modifiers { shift: false, control: false, alt: false } }
    }

    const fn extended(scan: u8) -> Self {
        Self { extended: true, ..Self::plain(scan) }
    }

    /// The same key with more modifiers held.
    pub(super) fn with(self, more: Modifiers) -> Self {
        let held = self.modifiers;
        let modifiers = Modifiers {
            shift: held.shift || more.shift,
            control: held.control || more.control,
            alt: held.alt || more.alt,
        };
        Self { modifiers, ..self }
    }

    /// Pressed alone, or released alone; `None` if it takes other keys, too.
    pub(super) fn moved(self, pressed: bool) -> Option<KeyItem> {
        let Self { scan, extended, modifiers } = self;
        (modifiers == Modifiers::default()).then_some(KeyItem::Move { scan, extended, pressed })
    }

    /// Pressed and released.
    pub(super) fn press(self) -> KeyItem {
        KeyItem::Press { scan: self.scan, extended: self.extended, modifiers: self.modifiers }
    }
}

/// Runs of neighbouring keys: the first scan code, the characters, the same with Shift.
const ROWS: [(u8, &str, &str); 5] = [
    (0x02, "1234567890-=", "!@#$%^&*()_+"),
    (0x10, "qwertyuiop[]", "QWERTYUIOP{}"),
    (0x1E, "asdfghjkl;'`", "ASDFGHJKL:\"~"),
    (0x2B, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (0x39, " ", " "),
];

/// The key that types `c`, with Shift where it takes Shift; a line end is Enter. `None` if no key does.
pub(super) fn typed(c: char) -> Option<Key> {
    match c {
        '\n' | '\r' => return Some(Key::plain(0x1C)),
        '\t' => return Some(Key::plain(0x0F)),
        _ => {}
    }
    ROWS.iter().find_map(|&(first, plain, shifted)| {
        let index = |characters: &str| characters.bytes().position(|byte| char::from(byte) == c);
        let key = |index: usize| Key::plain(first + index as u8);
        let shift = Modifiers { shift: true, ..Modifiers::default() };
        index(plain).map(key).or_else(|| index(shifted).map(|at| key(at).with(shift)))
    })
}

const CONTROL: Modifiers = Modifiers { control: true, shift: false, alt: false };

/// The keys that have names. `kp` is the numeric keypad.
pub(super) const NAMED_KEYS: [(&str, Key); 61] = [
    ("enter", Key::plain(0x1C)),
    ("return", Key::plain(0x1C)),
    ("esc", Key::plain(0x01)),
    ("escape", Key::plain(0x01)),
    ("tab", Key::plain(0x0F)),
    ("backspace", Key::plain(0x0E)),
    ("bs", Key::plain(0x0E)),
    ("space", Key::plain(0x39)),
    ("up", Key::extended(0x48)),
    ("down", Key::extended(0x50)),
    ("left", Key::extended(0x4B)),
    ("right", Key::extended(0x4D)),
    ("home", Key::extended(0x47)),
    ("end", Key::extended(0x4F)),
    ("pgup", Key::extended(0x49)),
    ("pgdn", Key::extended(0x51)),
    ("ins", Key::extended(0x52)),
    ("insert", Key::extended(0x52)),
    ("del", Key::extended(0x53)),
    ("delete", Key::extended(0x53)),
    ("f1", Key::plain(0x3B)),
    ("f2", Key::plain(0x3C)),
    ("f3", Key::plain(0x3D)),
    ("f4", Key::plain(0x3E)),
    ("f5", Key::plain(0x3F)),
    ("f6", Key::plain(0x40)),
    ("f7", Key::plain(0x41)),
    ("f8", Key::plain(0x42)),
    ("f9", Key::plain(0x43)),
    ("f10", Key::plain(0x44)),
    ("f11", Key::plain(0x57)),
    ("f12", Key::plain(0x58)),
    ("capslock", Key::plain(0x3A)),
    ("numlock", Key::plain(0x45)),
    ("scrolllock", Key::plain(0x46)),
    ("prtsc", Key::extended(0x37)),
    // On the keyboard of the AT. A later one sends another code, which the BIOS takes for the same.
    ("pause", Key { modifiers: CONTROL, ..Key::plain(0x45) }),
    ("break", Key::extended(0x46)),
    ("menu", Key::extended(0x5D)),
    ("shift", Key::plain(0x2A)),
    ("ctrl", Key::plain(0x1D)),
    ("alt", Key::plain(0x38)),
    ("rshift", Key::plain(0x36)),
    ("rctrl", Key::extended(0x1D)),
    ("ralt", Key::extended(0x38)),
    ("kp0", Key::plain(0x52)),
    ("kp1", Key::plain(0x4F)),
    ("kp2", Key::plain(0x50)),
    ("kp3", Key::plain(0x51)),
    ("kp4", Key::plain(0x4B)),
    ("kp5", Key::plain(0x4C)),
    ("kp6", Key::plain(0x4D)),
    ("kp7", Key::plain(0x47)),
    ("kp8", Key::plain(0x48)),
    ("kp9", Key::plain(0x49)),
    ("kp.", Key::plain(0x53)),
    ("kp+", Key::plain(0x4E)),
    ("kp-", Key::plain(0x4A)),
    ("kp*", Key::plain(0x37)),
    ("kp/", Key::extended(0x35)),
    ("kpenter", Key::extended(0x1C)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_printable_ascii_character_has_exactly_one_key() {
        let mut seen = std::collections::BTreeSet::new();
        for c in ' '..='~' {
            let key = typed(c).unwrap_or_else(|| panic!("{c:?}"));
            assert!(seen.insert((key.scan, key.modifiers.shift)), "{c:?}");
        }
        assert_eq!(typed('\u{7f}'), None);
        assert_eq!(typed('€'), None);
    }

    #[test]
    fn names_are_lower_case_and_unlike_each_other() {
        let names: std::collections::BTreeSet<_> = NAMED_KEYS.iter().map(|&(name, _)| name).collect();
        assert_eq!(names.len(), NAMED_KEYS.len());
        assert!(names.iter().all(|name| name.len() > 1 && *name == name.to_lowercase()));
    }

    #[test]
    fn scan_codes_are_make_codes() {
        assert!(NAMED_KEYS.iter().all(|(_, key)| (1..=0x7F).contains(&key.scan)));
    }
}
