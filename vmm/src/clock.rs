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
        Ok(Self { start: end, rate: (u64::from(MEASURED_CLOCKS) << 32) / (end - start) })
    }

    /// The same clock, started now.
    pub fn restarted(self) -> Self {
        Self { start: rdtsc(), ..self }
    }

    /// Leaves out a time during which nothing of the guest's went on, in TSC ticks.
    pub fn stand_still(&mut self, tsc_ticks: u64) {
        self.start = self.start.wrapping_add(tsc_ticks);
    }

    /// Time since the start.
    #[inline]
    pub fn now(&self) -> Ticks {
        let elapsed = rdtsc().wrapping_sub(self.start);
        Ticks(((u128::from(elapsed) * u128::from(self.rate)) >> 32) as u64)
    }
}
