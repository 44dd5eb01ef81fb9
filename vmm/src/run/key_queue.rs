//! What a person has typed or pasted and the guest's keyboard has no room for yet.

use pc::script::KeyPress;
use pc::{GUEST_TICK, Pc, Ticks};
use v8086::GuestMemory;

/// Keys that wait.
const KEYS: usize = 64;

/// Guest ticks for which a person holds Shift, Ctrl and Alt after the key: programs ask for them when they take it.
const HELD_TICKS: u64 = 2;

/// A key that waits.
#[derive(Clone, Copy, Default)]
struct Waiting {
    press: KeyPress,
    /// It is part of a paste, and waits until the program has read those before.
    pasted: bool,
}

/// See the module.
pub struct KeyQueue {
    waiting: [Waiting; KEYS],
    count: usize,
    /// Keys of a paste that were pressed, or dropped.
    pasted: u32,
    /// The key that was pressed last, if its modifiers are still down, and until when.
    held: Option<(KeyPress, Ticks)>,
}

impl KeyQueue {
    /// Nobody has typed.
    pub fn new() -> Self {
        Self { waiting: [Waiting::default(); KEYS], count: 0, pasted: 0, held: None }
    }

    /// Whether no key waits.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Keys of a paste that wait no more.
    pub fn pasted(&self) -> u32 {
        self.pasted
    }

    /// A key comes last. Without room it is lost.
    pub fn push(&mut self, press: KeyPress, pasted: bool) {
        if let Some(place) = self.waiting.get_mut(self.count) {
            *place = Waiting { press, pasted };
            self.count += 1;
        }
    }

    /// Nothing waits any more.
    pub fn drop_all(&mut self) {
        let waiting = self.waiting[..self.count].iter();
        self.pasted += waiting.filter(|waiting| waiting.pasted).count() as u32;
        self.count = 0;
    }

    /// Presses what the keyboard has room for.
    pub fn press(&mut self, pc: &mut Pc, memory: &dyn GuestMemory, now: Ticks) {
        if self.held.is_some_and(|(_, until)| now >= until) {
            self.release_held(pc, now);
        }
        while self.count > 0 && pc.keyboard_has_room() {
            let Waiting { press, pasted } = self.waiting[0];
            if pasted && !pc.keyboard_is_followed(memory) {
                break;
            }
            self.release_held(pc, now);
            press.press().for_each(|event| pc.key(event, now));
            self.held = Some((press, now.plus(HELD_TICKS * GUEST_TICK)));
            self.waiting.copy_within(1..self.count, 0);
            self.count -= 1;
            self.pasted += u32::from(pasted);
        }
    }

    fn release_held(&mut self, pc: &mut Pc, now: Ticks) {
        if let Some((press, _)) = self.held.take() {
            press.release().for_each(|event| pc.key(event, now));
        }
    }
}
