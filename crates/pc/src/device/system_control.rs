//! Ports 61h and 92h: the speaker's gate and the refresh signal, A20 and the fast reset.

use crate::time::Ticks;

const GATE_2: u8 = 0x01;
const WRITABLE_B: u8 = 0x0F;
const REFRESH: u8 = 0x10;
const TIMER_2_OUTPUT: u8 = 0x20;

const FAST_RESET: u8 = 0x01;
const A20: u8 = 0x02;

/// Clocks between two changes of the refresh bit: 15.09 µs.
const REFRESH_PERIOD: u64 = 18;

/// Both ports.
#[derive(Clone, Debug)]
pub struct SystemControl {
    port_b: u8,
    port_a: u8,
    reset_requested: bool,
}

impl SystemControl {
    /// As a BIOS leaves them: speaker silent, A20 on.
    pub const fn new() -> Self {
        Self { port_b: 0, port_a: A20, reset_requested: false }
    }

    /// Whether address line 20 is enabled.
    pub const fn a20(&self) -> bool {
        self.port_a & A20 != 0
    }

    /// Sets the A20 line, whoever asks.
    pub fn set_a20(&mut self, enabled: bool) {
        self.port_a = self.port_a & !A20 | if enabled { A20 } else { 0 };
    }

    /// Whether bit 0 of port 92h reset the machine.
    pub const fn reset_requested(&self) -> bool {
        self.reset_requested
    }

    /// The reset is over.
    pub const fn release_reset(&mut self) {
        self.reset_requested = false;
    }

    /// Reads port 61h; `timer_output` is OUT of counter 2.
    pub fn read_b(&self, timer_output: bool, now: Ticks) -> u8 {
        let refresh = if now.0 / REFRESH_PERIOD % 2 == 1 { REFRESH } else { 0 };
        self.port_b | refresh | if timer_output { TIMER_2_OUTPUT } else { 0 }
    }

    /// Writes port 61h; returns the gate of counter 2.
    pub fn write_b(&mut self, value: u8) -> bool {
        self.port_b = value & WRITABLE_B;
        value & GATE_2 != 0
    }

    /// Reads port 92h.
    pub const fn read_a(&self) -> u8 {
        self.port_a
    }

    /// Writes port 92h.
    pub fn write_a(&mut self, value: u8) {
        self.reset_requested |= value & FAST_RESET != 0;
        self.port_a = value & !FAST_RESET;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_61_shows_what_was_written_the_timer_and_a_toggling_refresh_bit() {
        let mut system = SystemControl::new();
        assert!(system.write_b(0xFF));
        for (timer, now, value) in [(false, 0, 0x0F), (true, 0, 0x2F), (false, 18, 0x1F), (false, 36, 0x0F)] {
            assert_eq!(system.read_b(timer, Ticks(now)), value, "at {now}");
        }
        assert!(!system.write_b(0x02));
    }

    #[test]
    fn port_92_switches_a20_and_resets_on_bit_0_only() {
        for (written, a20, reset) in
            [(0x00, false, false), (0x02, true, false), (0x03, true, true), (0x01, false, true)]
        {
            let mut system = SystemControl::new();
            system.write_a(written);
            assert_eq!((system.a20(), system.reset_requested()), (a20, reset), "{written:02X}");
        }
    }
}
