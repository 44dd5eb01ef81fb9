//! A key that is held repeats: the last one that went down, until it comes up.

use super::keyboard::KeyEvent;
use crate::time::{TICKS_PER_SECOND, Ticks};

/// After a reset: half a second, then 10.9 a second.
pub const DEFAULT: u8 = 0x2B;

/// What is held, and when it repeats.
#[derive(Clone, Copy, Debug)]
pub struct Typematic {
    setting: u8,
    held: Option<KeyEvent>,
    due: Ticks,
}

impl Typematic {
    /// As after a reset, with no key down.
    pub const fn new() -> Self {
        Self { setting: DEFAULT, held: None, due: Ticks::ZERO }
    }

    /// Sets delay (bits 6:5) and rate (bits 4:0), as command F3h has them.
    pub const fn set(&mut self, setting: u8) {
        self.setting = setting;
    }

    /// Clocks from a key's press to its first repetition: a quarter of a second to a whole one.
    const fn delay(&self) -> u64 {
        (self.setting as u64 >> 5 & 3) * (TICKS_PER_SECOND / 4) + TICKS_PER_SECOND / 4
    }

    /// Clocks between repetitions: (8 + A) · 2^B · 4.17 ms, A in bits 2:0, B in bits 4:3.
    const fn interval(&self) -> u64 {
        let (a, b) = (self.setting as u64 & 7, self.setting >> 3 & 3);
        ((8 + a) << b) * TICKS_PER_SECOND / 240
    }

    /// A key moved.
    pub fn note(&mut self, event: KeyEvent, now: Ticks) {
        if event.pressed {
            self.held = Some(event);
            self.due = now.plus(self.delay());
        } else if self.holds(event) {
            self.held = None;
        }
    }

    /// Whether the key of `event` is the one that repeats.
    pub fn holds(&self, event: KeyEvent) -> bool {
        self.held.is_some_and(|held| (held.scan, held.extended) == (event.scan, event.extended))
    }

    /// When the held key next repeats.
    pub fn due(&self) -> Option<Ticks> {
        self.held.map(|_| self.due)
    }

    /// The held key, if it is time to send it again. What was due while nobody looked is not made up for.
    pub fn repeat(&mut self, now: Ticks) -> Option<KeyEvent> {
        let held = self.held.filter(|_| now >= self.due)?;
        self.due = now.plus(self.interval());
        Some(held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delay_and_rate_are_those_of_the_reference() {
        // IBM PS/2 keyboard reference, "Set Typematic Rate/Delay": milliseconds, and tenths of a repetition a second.
        for (setting, delay, rate) in [
            (0x00, 250, 300),
            (0x2B, 500, 109),
            (0x7F, 1000, 20),
            (0x4C, 750, 100),
            (0x1A, 250, 30),
            (0x20, 500, 300),
        ] {
            let mut typematic = Typematic::new();
            typematic.set(setting);
            let milliseconds = typematic.delay() * 1000 / TICKS_PER_SECOND;
            assert!(milliseconds.abs_diff(delay) <= 1, "{setting:02X}: {milliseconds} ms");
            let tenths = (TICKS_PER_SECOND * 10 + typematic.interval() / 2) / typematic.interval();
            assert_eq!(tenths, rate, "{setting:02X}");
        }
    }

    #[test]
    fn the_last_key_repeats_until_it_comes_up() {
        let key = |scan, pressed| KeyEvent { scan, extended: false, pressed };
        let mut typematic = Typematic::new();
        assert_eq!(typematic.due(), None);
        typematic.note(key(0x2A, true), Ticks(0));
        typematic.note(key(0x1E, true), Ticks(1000));
        let delay = TICKS_PER_SECOND / 2 / 2 * 2;
        assert_eq!(typematic.repeat(Ticks(1000 + delay - 2)), None);
        assert_eq!(typematic.repeat(Ticks(1000 + delay)), Some(key(0x1E, true)));
        assert_eq!(typematic.due(), Some(Ticks(1000 + delay + typematic.interval())));
        // Another key that comes up is none of its business.
        typematic.note(key(0x2A, false), Ticks(1000 + delay));
        assert!(typematic.due().is_some());
        typematic.note(key(0x1E, false), Ticks(1000 + delay));
        assert_eq!(typematic.due(), None);
    }
}
