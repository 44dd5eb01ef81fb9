//! One counter of the timer.

use crate::time::Ticks;

/// How the two bytes of a count are accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Low,
    High,
    LowThenHigh,
}

/// A running count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// When the counter held `length`.
    start: Ticks,
    /// Clocks in a period, 1 to 65536.
    pub(super) length: u64,
}

impl Run {
    /// When the period in which `now` lies is over.
    #[inline(always)]
    const fn period_end(self, now: Ticks) -> Ticks {
        self.start.plus((now.since(self.start) / self.length + 1) * self.length)
    }
}

/// A counter's value and its OUT pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    count: u64,
    pub(super) output: bool,
}

/// One counter.
#[derive(Clone, Debug)]
pub(super) struct Channel {
    mode: u8,
    /// Bits 5:0 of the control word.
    control: u8,
    bcd: bool,
    access: Access,
    /// The low byte of a count of which the high byte is still to come.
    low_byte: Option<u8>,
    /// The next read gives the high byte.
    high_next: bool,
    latched_count: Option<u16>,
    latched_status: Option<u8>,
    /// The count register: what was written last.
    pub(super) length: u64,
    /// No count was written since the control word.
    awaits_count: bool,
    pub(super) run: Option<Run>,
    /// In modes 2 and 3: a new count that takes over when the period ends.
    pub(super) next_run: Option<Run>,
    gate: bool,
    /// While a low gate holds the counter: since when.
    held_since: Option<Ticks>,
    /// A binary count of two bytes runs again and again.
    runs_plainly: bool,
}

impl Channel {
    pub(super) const fn new(gate: bool) -> Self {
        Self {
            mode: 3,
            control: 0x36,
            bcd: false,
            access: Access::LowThenHigh,
            low_byte: None,
            high_next: false,
            latched_count: None,
            latched_status: None,
            length: 0x1_0000,
            awaits_count: true,
            run: None,
            next_run: None,
            gate,
            held_since: None,
            runs_plainly: false,
        }
    }

    /// What lies behind a count of 0.
    const fn modulus(&self) -> u64 {
        if self.bcd { 10_000 } else { 0x1_0000 }
    }

    /// Modes 1 and 5 count after a rising gate only.
    const fn gate_starts(&self) -> bool {
        matches!(self.mode, 1 | 5)
    }

    pub(super) const fn repeats(&self) -> bool {
        matches!(self.mode, 2 | 3)
    }

    /// Clocks since the start of the run, as of `now`.
    fn elapsed(&self, run: Run, now: Ticks) -> u64 {
        self.held_since.unwrap_or(now).since(run.start)
    }

    /// Makes a new count take over if its time has come.
    pub(super) fn settle(&mut self, now: Ticks) {
        if let Some(next) = self.next_run
            && now >= next.start
        {
            self.run = Some(next);
            self.next_run = None;
        }
    }

    pub(super) fn shown(&self, now: Ticks) -> Shown {
        let idle = Shown { count: self.length, output: self.mode != 0 };
        let Some(run) = self.run else { return idle };
        let (length, elapsed) = (run.length, self.elapsed(run, now));
        let down = (length % self.modulus() + self.modulus() - elapsed % self.modulus()) % self.modulus();
        let phase = elapsed % length;
        match self.mode {
            0 | 1 => Shown { count: down, output: elapsed >= length },
            2 => Shown {
                count: length - phase,
                output: self.held_since.is_some() || phase + 1 != length || length == 1,
            },
            3 => {
                // Counts down by two, twice a period; an odd length has the longer half high.
                let high = length.div_ceil(2);
                let output = phase < high || self.held_since.is_some();
                let in_half = if phase < high { phase } else { phase - high };
                Shown { count: (length & !1).saturating_sub(2 * in_half), output }
            }
            _ => Shown { count: down, output: elapsed != length },
        }
    }

    /// The first moment after `from` at which OUT rises.
    pub(super) fn next_rise(&self, from: Ticks) -> Option<Ticks> {
        let run = self.run?;
        if self.held_since.is_some() {
            return None;
        }
        let rise = match self.mode {
            2 | 3 => {
                let periods = from.since(run.start) / run.length + 1;
                let rise = run.start.plus(periods * run.length);
                match self.next_run {
                    // The old period ends with a rise, the new one starts there.
                    Some(next) if from >= next.start => {
                        next.start.plus((from.since(next.start) / next.length + 1) * next.length)
                    }
                    _ => rise,
                }
            }
            0 | 1 => run.start.plus(run.length),
            _ => run.start.plus(run.length + 1),
        };
        (rise > from).then_some(rise)
    }

    pub(super) fn write_control(&mut self, value: u8) {
        self.control = value & 0x3F;
        self.mode = match value >> 1 & 7 {
            mode @ 0..=5 => mode,
            mode => mode - 4, // 6 and 7 are 2 and 3.
        };
        self.bcd = value & 1 != 0;
        self.access = match value >> 4 & 3 {
            1 => Access::Low,
            2 => Access::High,
            _ => Access::LowThenHigh,
        };
        self.low_byte = None;
        self.high_next = false;
        self.latched_count = None;
        self.latched_status = None;
        self.awaits_count = true;
        self.run = None;
        self.next_run = None;
        self.held_since = None;
        self.runs_plainly = false;
    }

    /// Returns whether OUT may rise at another time than before, or at another rate.
    pub(super) fn write(&mut self, value: u8, now: Ticks) -> bool {
        let count = match (self.access, self.low_byte) {
            (Access::Low, _) => u16::from(value),
            (Access::High, _) => u16::from(value) << 8,
            (Access::LowThenHigh, Some(low)) => u16::from_le_bytes([low, value]),
            (Access::LowThenHigh, None) => {
                self.low_byte = Some(value);
                // The first byte stops a count in mode 0.
                if self.mode == 0 {
                    self.run = None;
                }
                return self.mode == 0;
            }
        };
        self.low_byte = None;
        let length = self.length;
        self.length = match if self.bcd { from_bcd(count) } else { u64::from(count) } {
            0 => self.modulus(),
            length => length,
        };
        self.load(now) || self.length != length
    }

    /// [`Self::write`] where a count is written again while it runs, which programs do to start a period anew. `false`: it is
    /// anything else, and nothing is done.
    #[inline(always)]
    pub(super) fn write_again(&mut self, value: u8, now: impl FnOnce() -> Ticks) -> bool {
        let Some(run) = self.run.filter(|_| self.runs_plainly) else { return false };
        let Some(low) = self.low_byte else {
            self.low_byte = Some(value);
            return true;
        };
        let count = u64::from(u16::from_le_bytes([low, value]));
        if if count == 0 { 0x1_0000 } else { count } != self.length {
            return false;
        }
        let now = now();
        if self.next_run.is_some_and(|next| now >= next.start) {
            return false;
        }
        self.low_byte = None;
        self.next_run = Some(Run { start: run.period_end(now), length: self.length });
        true
    }

    /// A whole count was written. Returns whether OUT may rise at another time: not if the running period ends first.
    fn load(&mut self, now: Ticks) -> bool {
        self.settle(now);
        let fresh = self.awaits_count;
        self.awaits_count = false;
        if self.gate_starts() {
            return false;
        }
        match self.run {
            Some(run) if self.repeats() && !fresh => {
                let start = run.period_end(self.held_since.unwrap_or(now));
                self.next_run = Some(Run { start, length: self.length });
                false
            }
            _ => {
                self.run = Some(Run { start: now, length: self.length });
                self.held_since = if self.gate { None } else { Some(now) };
                let two_bytes = self.access == Access::LowThenHigh;
                self.runs_plainly = self.repeats() && two_bytes && !self.bcd && self.gate;
                true
            }
        }
    }

    pub(super) fn set_gate(&mut self, gate: bool, now: Ticks) {
        if gate == self.gate {
            return;
        }
        self.settle(now);
        self.gate = gate;
        self.runs_plainly = false;
        match (gate, self.mode) {
            (true, 1 | 5) if !self.awaits_count => self.run = Some(Run { start: now, length: self.length }),
            (_, 1 | 5) => {}
            (true, 2 | 3) => {
                self.held_since = None;
                self.next_run = None;
                if !self.awaits_count {
                    self.run = Some(Run { start: now, length: self.length });
                }
            }
            (true, _) => {
                if let (Some(run), Some(since)) = (&mut self.run, self.held_since.take()) {
                    run.start = run.start.plus(now.since(since));
                }
            }
            (false, _) => self.held_since = Some(now),
        }
    }

    fn count(&self, now: Ticks) -> u16 {
        let count = self.shown(now).count % self.modulus();
        if self.bcd { to_bcd(count) } else { count as u16 }
    }

    fn status(&self, now: Ticks) -> u8 {
        u8::from(self.shown(now).output) << 7
            | u8::from(self.awaits_count || self.next_run.is_some()) << 6
            | self.control
    }

    pub(super) fn latch_count(&mut self, now: Ticks) {
        if self.latched_count.is_none() {
            self.latched_count = Some(self.count(now));
        }
    }

    pub(super) fn latch_status(&mut self, now: Ticks) {
        if self.latched_status.is_none() {
            self.latched_status = Some(self.status(now));
        }
    }

    pub(super) fn read(&mut self, now: Ticks) -> u8 {
        if let Some(status) = self.latched_status.take() {
            return status;
        }
        let [low, high] = self.latched_count.unwrap_or_else(|| self.count(now)).to_le_bytes();
        let (byte, is_last) = match self.access {
            Access::Low => (low, true),
            Access::High => (high, true),
            Access::LowThenHigh if self.high_next => (high, true),
            Access::LowThenHigh => (low, false),
        };
        self.high_next = !is_last;
        if is_last {
            self.latched_count = None;
        }
        byte
    }
}

fn from_bcd(count: u16) -> u64 {
    (0..4).rev().fold(0, |value, digit| value * 10 + u64::from(count >> (4 * digit) & 0xF))
}

fn to_bcd(count: u64) -> u16 {
    let digit = |divisor: u64| (count / divisor % 10) as u16;
    digit(1000) << 12 | digit(100) << 8 | digit(10) << 4 | digit(1)
}
