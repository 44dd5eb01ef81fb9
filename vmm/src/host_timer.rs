//! The host's own timer: channel 0 of the machine's interval timer, at the rate of the guest's, so that a guest that
//! never exits comes back at least 18.2 times a second, and a guest that sleeps in HLT is woken in time.

use rt::irq;

use crate::cpu::timer;

/// The timer's interrupt line.
const IRQ: u8 = 0;

/// The shortest period, in timer clocks: 1 kHz. A guest that asks for more gets its ticks in bunches.
const SHORTEST: u64 = 1193;

/// The longest that the counter holds.
const LONGEST: u64 = 65_536;

/// Starts the timer, or changes its period, given in timer clocks.
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
