//! A guest that waits for a key by asking again and again, as a DOS prompt does, sleeps for the rest of the tick. On a PC
//! it would keep the processor busy, which costs nothing there; here somebody else could have it.
//!
//! Only where a person watches: a script takes no real time anyway.

use pc::{GUEST_TICK, Ticks};

/// Vain questions in one tick, 55 ms, after which the guest has nothing else to do. A program that asks between frames
/// of what it draws asks less often, or draws through the BIOS.
const MANY: u32 = 6;

/// INT 16h, and its functions that ask whether there is a key.
const KEYBOARD: u8 = 0x16;
const IS_A_KEY_THERE: u8 = 0x01;
const IS_AN_ENHANCED_KEY_THERE: u8 = 0x11;

/// Questions of this tick.
pub struct Idle {
    wanted: bool,
    tick: u64,
    vain: u32,
}

impl Idle {
    /// Whether it is `wanted` that a guest that only waits sleeps.
    pub const fn new(wanted: bool) -> Self {
        Self { wanted, tick: 0, vain: 0 }
    }

    /// Whether that is wanted.
    pub const fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// A BIOS service was given AH = `function` and left the zero flag so. Whether the guest has nothing else to do.
    pub fn served(&mut self, vector: u8, function: u8, zero: impl FnOnce() -> bool, now: Ticks) -> bool {
        if !self.wanted {
            return false;
        }
        match vector {
            KEYBOARD if matches!(function, IS_A_KEY_THERE | IS_AN_ENHANCED_KEY_THERE) && zero() => {
                let tick = now.0 / GUEST_TICK;
                if tick != self.tick {
                    self.tick = tick;
                    self.vain = 0;
                }
                self.vain += 1;
                self.vain > MANY
            }
            // It read a key, showed something, or moved data.
            KEYBOARD | 0x10 | 0x13 | 0x14 | 0x17 => {
                self.vain = 0;
                false
            }
            _ => false,
        }
    }
}
