//! A pasted text on its way to the guest: no more keys go out than the VMM has room for, and it takes the next when the
//! guest has read those before. So nothing is lost, however long the text is and however slow the guest.

use std::collections::VecDeque;

use wire::{Input, KeyItem, Modifiers};

/// Keys that are under way at once.
const UNDER_WAY: u32 = 16;

/// Scan codes of Esc, C and Break.
const ESC: u8 = 0x01;
const C: u8 = 0x2E;
const BREAK: u8 = 0x46;

/// The keys that wait.
#[derive(Debug, Default)]
pub(super) struct Paste {
    waiting: VecDeque<KeyItem>,
    /// Keys that went out, and of those that the guest's keyboard took, since the start; they wrap.
    sent: u32,
    taken: u32,
}

impl Paste {
    /// More text.
    pub(super) fn extend(&mut self, keys: impl IntoIterator<Item = KeyItem>) {
        self.waiting.extend(keys);
    }

    /// The VMM says how many keys the guest's keyboard has taken.
    pub(super) fn taken(&mut self, count: u32) {
        self.taken = count;
    }

    /// Whether all of it has arrived.
    pub(super) fn is_over(&self) -> bool {
        self.waiting.is_empty() && self.sent == self.taken
    }

    /// A key that was typed: it goes behind what was pasted, but for those that end something, which end the paste.
    pub(super) fn typed(&mut self, key: KeyItem, inputs: &mut Vec<Input>) {
        if self.is_over() {
            inputs.push(Input::Key(key));
        } else if interrupts(key) {
            self.drop_rest(inputs);
            inputs.push(Input::Key(key));
        } else {
            self.waiting.push_back(key);
        }
    }

    /// Forgets what has not arrived.
    pub(super) fn drop_rest(&mut self, inputs: &mut Vec<Input>) {
        self.waiting.clear();
        inputs.push(Input::DropKeys);
    }

    /// The keys that may go out now.
    pub(super) fn send(&mut self, inputs: &mut Vec<Input>) {
        while self.sent.wrapping_sub(self.taken) < UNDER_WAY
            && let Some(key) = self.waiting.pop_front()
        {
            self.sent = self.sent.wrapping_add(1);
            inputs.push(Input::Paste(key));
        }
    }
}

fn interrupts(key: KeyItem) -> bool {
    let KeyItem::Press { scan, modifiers: Modifiers { control, .. }, .. } = key else { return false };
    scan == ESC || control && matches!(scan, C | BREAK)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(scan: u8) -> KeyItem {
        KeyItem::Press { scan, extended: false, modifiers: Modifiers::default() }
    }

    #[test]
    fn no_more_keys_go_out_than_there_is_room_for_and_all_arrive_in_order() {
        let mut paste = Paste::default();
        paste.extend((0..100).map(|number| key(number + 2)));
        let mut out = Vec::new();
        paste.send(&mut out);
        assert_eq!(out.len(), 16);
        paste.typed(key(0x7F), &mut out);
        for taken in 1..=101 {
            paste.taken(taken);
            paste.send(&mut out);
            assert!(out.len() <= (taken + 16) as usize);
        }
        let expected: Vec<_> =
            (0..100).map(|number| key(number + 2)).chain([key(0x7F)]).map(Input::Paste).collect();
        assert_eq!(out, expected);
        assert!(paste.is_over());
        let mut typed = Vec::new();
        paste.typed(key(9), &mut typed);
        assert_eq!(typed, [Input::Key(key(9))]);
    }

    #[test]
    fn esc_and_ctrl_c_end_a_paste() {
        let control = Modifiers { control: true, ..Modifiers::default() };
        let ctrl_c = KeyItem::Press { scan: C, extended: false, modifiers: control };
        for ender in [key(ESC), ctrl_c] {
            let mut paste = Paste::default();
            paste.extend([key(2); 40]);
            let mut out = Vec::new();
            paste.send(&mut out);
            out.clear();
            paste.typed(ender, &mut out);
            assert_eq!(out, [Input::DropKeys, Input::Key(ender)]);
            // The VMM counts what it dropped as taken.
            paste.taken(16);
            assert!(paste.is_over());
        }
    }
}
