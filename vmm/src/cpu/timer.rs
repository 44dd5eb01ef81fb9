//! The machine's interval timer (82C54 data sheet): channel 0 for interrupts, channel 2 to measure the TSC.

use rt::cpu::port::{in8, out8};

mod ports {
    pub const CHANNEL_0: u16 = 0x40;
    pub const CHANNEL_2: u16 = 0x42;
    pub const COMMAND: u16 = 0x43;
    /// Port B of the PC's peripheral interface.
    pub const PORT_B: u16 = 0x61;
}

/// Channel 0, both bytes, mode 2 (rate generator), binary.
const CHANNEL_0_PERIODIC: u8 = 0b0011_0100;

/// Channel 2, both bytes, mode 0 (the output rises at the end), binary.
const CHANNEL_2_ONCE: u8 = 0b1011_0000;

/// Bits of port B.
mod port_b {
    pub const GATE: u8 = 1 << 0;
    pub const SPEAKER: u8 = 1 << 1;
    pub const OUTPUT: u8 = 1 << 5;
}

/// Channel 0 interrupts every `count` clocks; 0 stands for 65536.
pub fn start_periodic(count: u16) {
    let [low, high] = count.to_le_bytes();
    // SAFETY: the timer's ports change its counters alone; IRQ 0 arrives through a gate of the runtime.
    unsafe {
        out8(ports::COMMAND, CHANNEL_0_PERIODIC);
        out8(ports::CHANNEL_0, low);
        out8(ports::CHANNEL_0, high);
    }
}

/// Channel 2 starts to count `count` clocks down, silently.
pub fn start_once(count: u16) {
    let [low, high] = count.to_le_bytes();
    // SAFETY: the timer's ports change its counters alone; port B's other bits are written back as read.
    unsafe {
        out8(ports::PORT_B, in8(ports::PORT_B) & !port_b::SPEAKER | port_b::GATE);
        out8(ports::COMMAND, CHANNEL_2_ONCE);
        out8(ports::CHANNEL_2, low);
        out8(ports::CHANNEL_2, high);
    }
}

/// Whether channel 2 has counted down.
pub fn once_is_over() -> bool {
    // SAFETY: reading port B toggles its refresh bit at most.
    unsafe { in8(ports::PORT_B) & port_b::OUTPUT != 0 }
}
