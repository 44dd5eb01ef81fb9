//! The host's own timer: channel 0 of the machine's interval timer. It interrupts just after the guest's devices next
//! have something to do, and at least 18.2 times a second, so that a guest that never exits comes back, a guest that
//! sleeps in HLT is woken in time, and neither sees its ticks in bunches.

use pc::{Pc, Ticks};
use rt::irq;

use crate::cpu::timer;

/// The timer's interrupt line.
const IRQ: u8 = 0;

/// The shortest time between two interrupts, in timer clocks: 1 kHz. A guest that asks for more gets its ticks in
/// bunches.
const SHORTEST: u64 = 1193;

/// The longest that the counter holds; for the fuzzer, half of what a program may take.
const LONGEST: u64 = if cfg!(feature = "fuzz") { 1_500 } else { 65_536 };

/// Clocks after an event at which its interrupt comes, so that it does not come a moment too early.
const JUST_AFTER: u64 = 32;

/// Lets the timer interrupt just after the PC's next event, and just after somebody wants to look at it.
pub fn follow(pc: &Pc, now: Ticks, look_at: Option<Ticks>) {
    let next = [pc.next_event(), look_at].into_iter().flatten().min();
    start(next.map_or(LONGEST, |event| event.since(now) + JUST_AFTER));
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
