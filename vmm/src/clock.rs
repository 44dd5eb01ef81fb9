//! Time: the TSC, measured once against the machine's timer, counted in clocks of that timer.

use pc::Ticks;
use rt::cpu::rdtsc;

use crate::cpu::timer;

/// Clocks that the measurement takes: 10 ms.
const MEASURED_CLOCKS: u16 = 11_932;

/// A timer that never ends is given up after this many reads, far beyond 10 ms on any machine.
const PATIENCE: u32 = 50_000_000;

/// The guest's time: clocks of the timer since the clock was started.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: u64,
    /// Timer clocks per TSC tick, times 2³².
    rate: u64,
    /// TSC ticks per timer clock, times 2³², rounded up.
    ticks_per_clock: u64,
}

/// The machine's timer does not count.
#[derive(Clone, Copy, Debug)]
pub struct NoTimer;

impl Clock {
    /// Measures the TSC.
    ///
    /// # Errors
    /// [`NoTimer`]
    pub fn measure() -> Result<Self, NoTimer> {
        timer::start_once(MEASURED_CLOCKS);
        let start = rdtsc();
        let done = (0..PATIENCE).any(|_| timer::once_is_over());
        let end = rdtsc();
        if !done || end <= start {
            return Err(NoTimer);
        }
        let rate = (u64::from(MEASURED_CLOCKS) << 32) / (end - start);
        // A timer that is faster than the TSC would give 0; there is none.
        let rate = rate.max(1);
        Ok(Self { start: end, rate, ticks_per_clock: u64::MAX / rate + 1 })
    }

    /// The same clock, which shows this time now.
    pub fn showing(self, time: Ticks) -> Self {
        Self { start: rdtsc().wrapping_sub(self.tsc_in(time.0)), ..self }
    }

    /// Leaves out a time during which nothing of the guest's went on, in TSC ticks.
    pub fn stand_still(&mut self, tsc_ticks: u64) {
        self.start = self.start.wrapping_add(tsc_ticks);
    }

    /// Time since the start.
    pub fn now(&self) -> Ticks {
        self.at(rdtsc())
    }

    /// Time since the start, when the TSC was `tsc`.
    #[inline(always)]
    pub fn at(&self, tsc: u64) -> Ticks {
        let elapsed = tsc.wrapping_sub(self.start);
        Ticks(((u128::from(elapsed) * u128::from(self.rate)) >> 32) as u64)
    }

    /// The TSC at which `time` will have come: never before it, and hardly later.
    #[inline(always)]
    pub fn tsc_at(&self, time: Ticks) -> u64 {
        self.start.wrapping_add(self.tsc_in(time.0)).wrapping_add(1)
    }

    /// How many TSC ticks so many clocks of the timer take, rounded down. They fit up to [`Ticks::NEVER`], with a
    /// TSC of up to 16,384 ticks in a clock.
    #[inline(always)]
    pub fn tsc_in(&self, clocks: u64) -> u64 {
        ((u128::from(clocks) * u128::from(self.ticks_per_clock)) >> 32) as u64
    }
}
