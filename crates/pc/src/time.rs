//! Guest time, in the one unit that every device of a PC divides: the clock of the interval timer.

/// A moment, in PIT clocks since power-on.
///
/// 64 bits last for 490,000 years. Differences are plain numbers of clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticks(pub u64);

/// PIT clocks a second: 105/88 MHz (14.31818 MHz / 12), rounded as every PC program rounds it.
pub const TICKS_PER_SECOND: u64 = 1_193_182;

/// PIT clocks in one tick of INT 8 at its usual rate, 18.2065 Hz.
pub const GUEST_TICK: u64 = 65_536;

impl Ticks {
    /// Power-on.
    pub const ZERO: Self = Self(0);

    /// When nothing happens by itself: in 29 years. (So small that no conversion overflows.)
    pub const NEVER: Self = Self(1 << 50);

    /// The moment `clocks` PIT clocks later.
    #[must_use]
    pub const fn plus(self, clocks: u64) -> Self {
        Self(self.0.saturating_add(clocks))
    }

    /// The moment `microseconds` later, rounded up, so that a wait is never too short.
    #[must_use]
    pub const fn plus_microseconds(self, microseconds: u64) -> Self {
        self.plus((microseconds.saturating_mul(TICKS_PER_SECOND)).div_ceil(1_000_000))
    }

    /// PIT clocks since `earlier`; 0 if `earlier` is later.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Whole seconds since power-on.
    pub const fn seconds(self) -> u64 {
        self.0 / TICKS_PER_SECOND
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_in_microseconds_is_rounded_up_to_whole_clocks() {
        for (microseconds, clocks) in [(0, 0), (1, 2), (838, 1000), (1_000_000, TICKS_PER_SECOND)] {
            assert_eq!(Ticks::ZERO.plus_microseconds(microseconds), Ticks(clocks), "{microseconds} µs");
        }
    }
}
