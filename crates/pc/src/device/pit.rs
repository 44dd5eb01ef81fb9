//! The 8254 interval timer: three 16-bit counters that run on the clock of [`Ticks`].
//!
//! Nothing counts here: a counter is the moment at which it was loaded, and what it shows is computed from the time
//! that has passed. Intel 8254 data sheet. One simplification: a count is loaded on the clock at which it is written,
//! not one clock later.

use crate::time::Ticks;

mod channel;

use channel::Channel;

/// The control word's channel field that means the read-back command.
const READ_BACK: u8 = 3;

/// The three counters: 0 requests IRQ 0, 1 once refreshed memory, 2 drives the speaker.
#[derive(Clone, Debug)]
pub struct Pit {
    channels: [Channel; 3],
}

impl Pit {
    /// Not programmed: nothing runs.
    pub const fn new() -> Self {
        Self { channels: [Channel::new(true), Channel::new(true), Channel::new(false)] }
    }

    /// Clocks between two timer interrupts.
    pub const fn period(&self) -> u64 {
        self.channels[0].length
    }

    /// The first moment after `now` at which the timer requests an interrupt, of which `rise`, not after `now`, was one.
    #[inline(always)]
    pub fn timer_rise_after(&mut self, rise: Ticks, now: Ticks) -> Ticks {
        let channel = &mut self.channels[0];
        if let (true, Some(run), None) = (channel.repeats(), channel.run, channel.next_run) {
            let next = Ticks(rise.0.wrapping_add(run.length));
            if next > now {
                return next;
            }
        }
        self.settle_timer(now)
    }

    #[inline(never)]
    fn settle_timer(&mut self, now: Ticks) -> Ticks {
        self.channels[0].settle(now);
        self.next_timer_rise(now)
    }

    /// The first moment after `from` at which the timer requests an interrupt, or [`Ticks::NEVER`].
    #[inline(never)]
    pub fn next_timer_rise(&self, from: Ticks) -> Ticks {
        self.channels[0].next_rise(from).unwrap_or(Ticks::NEVER)
    }

    /// The OUT pin of `channel`.
    pub fn output(&mut self, channel: usize, now: Ticks) -> bool {
        self.channels[channel].settle(now);
        self.channels[channel].shown(now).output
    }

    /// The gate of the speaker's counter, bit 0 of port 61h.
    pub fn set_speaker_gate(&mut self, gate: bool, now: Ticks) {
        self.channels[2].set_gate(gate, now);
    }

    /// Reads counter `channel`, 0 to 2.
    pub fn read(&mut self, channel: usize, now: Ticks) -> u8 {
        self.channels[channel].settle(now);
        self.channels[channel].read(now)
    }

    /// Writes counter `channel`, 0 to 2. Returns whether the timer's interrupts may come at other times than before.
    pub fn write(&mut self, channel: usize, value: u8, now: Ticks) -> bool {
        self.channels[channel].write(value, now) && channel == 0
    }

    /// Writes counter `channel` if that changes nothing but when a count that runs already runs anew. `false`: it does, and
    /// nothing is done.
    #[inline(always)]
    pub fn write_again(&mut self, channel: usize, value: u8, now: impl FnOnce() -> Ticks) -> bool {
        self.channels[channel].write_again(value, now)
    }

    /// Writes the control word register.
    pub fn write_control(&mut self, value: u8, now: Ticks) {
        let selected = value >> 6;
        if selected == READ_BACK {
            for (number, channel) in self.channels.iter_mut().enumerate() {
                if value & 2 << number != 0 {
                    channel.settle(now);
                    // Both bits are active low.
                    if value & 0x20 == 0 {
                        channel.latch_count(now);
                    }
                    if value & 0x10 == 0 {
                        channel.latch_status(now);
                    }
                }
            }
            return;
        }
        let channel = &mut self.channels[usize::from(selected)];
        channel.settle(now);
        if value & 0x30 == 0 { channel.latch_count(now) } else { channel.write_control(value) }
    }
}

#[cfg(test)]
#[path = "pit_tests.rs"]
mod tests;
