//! The host's own timer: channel 0 of the machine's interval timer. It interrupts just after the guest's devices next
//! have something to do, and at least 18.2 times a second, so that a guest that never exits comes back, a guest that
//! sleeps in HLT is woken in time, and neither sees its ticks in bunches.

use pc::{Pc, Ticks};
use rt::cpu::rdtsc;
use rt::irq;

use crate::clock::Clock;
use crate::cpu::timer;

/// The timer's interrupt line.
const IRQ: u8 = 0;

/// The shortest time between two interrupts, in timer clocks: 1 kHz. A guest that asks for more gets its ticks in
/// bunches.
const SHORTEST: u64 = if cfg!(feature = "fuzz") { LONGEST } else { 1193 };

/// The longest that the counter holds; for the fuzzer, a quarter of what a program may take.
pub const LONGEST: u64 = if cfg!(feature = "fuzz") { 750 } else { 65_536 };

/// Clocks after an event at which its interrupt comes, so that it does not come a moment too early.
const JUST_AFTER: u64 = 32;

/// The timer of a run, which is started only when its next interrupt would come at a wrong time: it is periodic, as what it
/// follows mostly is.
pub struct HostTimer {
    /// When it next interrupts, in TSC ticks; 0: never.
    next: u64,
    /// From one interrupt to the next, in TSC ticks and in clocks, once it is in step.
    period: u64,
    clocks: u64,
    /// Whether it has been started just after an event, to go on with the period of the guest's timer.
    in_step: bool,
    /// Whether its interrupts are kept out.
    shut: bool,
    /// How long after an event its interrupt may come: twice [`JUST_AFTER`].
    tolerance: u64,
}

impl HostTimer {
    /// Not started. Its interrupts do nothing but wake the VMM, or end the guest's turn.
    pub fn new(clock: &Clock) -> Self {
        irq::let_wake(IRQ);
        Self {
            next: 0,
            period: 0,
            clocks: LONGEST,
            in_step: false,
            shut: false,
            tolerance: clock.tsc_in(2 * JUST_AFTER),
        }
    }

    /// How long after an event its interrupt may come, in TSC ticks.
    pub const fn tolerance(&self) -> u64 {
        self.tolerance
    }

    /// Keeps its interrupts out: the guest runs, and has a timer of its own.
    pub fn shut(&mut self) {
        stop();
        self.shut = true;
    }

    /// Forgets when it next interrupts: what follows starts it.
    #[cfg(feature = "fuzz")]
    pub fn start_anew(&mut self) {
        self.next = 0;
    }

    /// Lets its interrupts in again.
    #[inline(always)]
    pub fn open(&mut self) {
        if self.shut {
            irq::unmask(IRQ);
            self.shut = false;
        }
    }

    /// An interrupt came at this TSC.
    #[inline(always)]
    pub fn ticked(&mut self, tsc: u64) {
        self.next = tsc + self.period;
        if !self.in_step {
            self.step_in();
        }
    }

    /// What was started for an event alone, which has just come, is started for those that follow.
    #[inline(never)]
    fn step_in(&mut self) {
        self.in_step = true;
        timer::start_periodic(self.clocks as u16);
        self.next = rdtsc() + self.period;
    }

    /// Lets it interrupt just after an event, which is at this TSC; most events come every `period` clocks.
    #[inline(always)]
    pub fn follow(&mut self, event: u64, period: u64, clock: &Clock) {
        if self.next.wrapping_sub(event) > self.tolerance {
            self.restart(event, period, clock);
        }
    }

    #[inline(never)]
    fn restart(&mut self, event: u64, period: u64, clock: &Clock) {
        let now = rdtsc();
        let first = clock.at(event).since(clock.at(now)) + JUST_AFTER;
        // One that came a moment too early comes again at once, unless the guest wants too many.
        let first = if period < SHORTEST { first.max(SHORTEST) } else { first }.min(LONGEST);
        let then = period.clamp(SHORTEST, LONGEST);
        timer::start_periodic(first as u16);
        irq::unmask(IRQ);
        self.next = now + clock.tsc_in(first);
        self.period = clock.tsc_in(then);
        self.clocks = then;
        self.in_step = false;
    }
}

/// Lets the timer interrupt just after the PC's next event.
pub fn follow(pc: &Pc, now: Ticks) {
    start(pc.next_event().since(now) + JUST_AFTER);
}

/// Lets the timer interrupt every so many of its clocks, as near as it can.
pub fn start(period: u64) {
    // 65536 becomes 0, which is how the chip spells it.
    timer::start_periodic(period.clamp(SHORTEST, LONGEST) as u16);
    irq::unmask(IRQ);
}

/// No more interrupts.
pub fn stop() {
    irq::mask(IRQ);
}

/// Ends the interrupt that a VM exit acknowledged. Only the timer's line is open; anything else is spurious.
pub fn acknowledge(vector: u8) {
    if vector == irq::FIRST_VECTOR + IRQ {
        irq::end_of_interrupt(IRQ);
    }
}
