//! A guest in HLT: the VMM sleeps until an interrupt waits for it.
//!
//! On entry the guest has its interrupts enabled. A tick of the guest's timer, which is what nearly every guest sleeps for,
//! takes a few dozen instructions here; what concerns more than the timer is left to [`super::Life`].

use rt::cpu::rdtsc;

use super::vm::Vm;

impl Vm {
    /// Sleeps until an interrupt waits for the guest, which exited at this TSC. `false`: the console wants its turn, or devices have
    /// changed, and no interrupt waits.
    #[inline(always)]
    pub fn sleep(&mut self, mut tsc: u64) -> bool {
        if !self.sleeps_alone {
            return false;
        }
        while !self.pc.interrupt_pending() {
            if tsc < self.due {
                tsc = self.rest(self.event);
                continue;
            }
            if tsc >= self.turn {
                return false;
            }
            self.pc.advance_here(self.clock.at(tsc));
            self.find_event();
            // The timer stood still meanwhile, and mostly still ends the turn in time.
            if self.event < tsc + self.wound {
                self.wind_timer();
            }
        }
        true
    }

    /// Sleeps until the machine's timer interrupts, just after this TSC: the TSC then.
    #[inline(always)]
    pub fn rest(&mut self, until: u64) -> u64 {
        self.host_timer.follow(until, self.timer_period, &self.clock);
        self.host_timer.open();
        if self.watch.is_on() {
            self.watch.end();
        }
        let (asleep, awake) = rt::irq::sleep();
        self.host_timer.ticked(awake);
        self.slept += awake - asleep;
        awake
    }

    /// The TSC after which the machine's timer should interrupt: for a device, or for a look at the screen.
    pub fn wake_at(&self) -> u64 {
        self.look_at.map_or(self.event, |look_at| self.event.min(self.clock.tsc_at(look_at)))
    }

    /// Finds out when a device next has something to do, and so when the turns pause, and lets the guest's own timer end
    /// its turn then.
    #[inline(always)]
    pub fn expect_event(&mut self) {
        self.find_event();
        if self.aids.timer.is_some() {
            self.wind_timer();
        }
    }

    #[inline(always)]
    fn find_event(&mut self) {
        self.event = self.clock.tsc_at(self.pc.next_event());
        self.due = self.event.min(self.turn);
    }

    /// Lets the guest's own timer end its turn when a device or an early look is due, and once a tick at least. The console
    /// has no exit of its own: its ticks and those of the guest's timer differ in phase.
    #[inline(never)]
    fn wind_timer(&mut self) {
        let ticks = self.wake_at().saturating_sub(rdtsc());
        self.wound = ticks.saturating_sub(self.host_timer.tolerance());
        self.aids.wind(ticks);
    }
}
