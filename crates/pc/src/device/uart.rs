//! A 16550A UART. Its line is infinitely fast: a byte that is written has left at once. Only the interrupt that says so
//! takes its time, else a program that sends without end from its handler would never do anything else.
//!
//! National Semiconductor PC16550D data sheet.

use crate::time::{TICKS_PER_SECOND, Ticks};

mod line_control {
    pub const DIVISOR_ACCESS: u8 = 0x80;
}

mod line_status {
    pub const DATA_READY: u8 = 0x01;
    pub const OVERRUN: u8 = 0x02;
    /// Holding register and shift register empty.
    pub const TRANSMITTER_EMPTY: u8 = 0x60;
}

mod interrupt_enable {
    pub const RECEIVED: u8 = 0x01;
    pub const TRANSMITTER: u8 = 0x02;
    pub const LINE_STATUS: u8 = 0x04;
    pub const MODEM_STATUS: u8 = 0x08;
}

mod modem_control {
    pub const DTR: u8 = 0x01;
    pub const RTS: u8 = 0x02;
    pub const OUT_1: u8 = 0x04;
    /// On a PC it connects the interrupt output to the bus.
    pub const OUT_2: u8 = 0x08;
    pub const LOOPBACK: u8 = 0x10;
}

/// CTS and DSR: a terminal that is there, by a cable that has no carrier to detect.
const MODEM_LINES: u8 = 0x30;
const FIFO: usize = 16;
/// The interrupt identification of the transmitter.
const TRANSMITTER_EMPTY: u8 = 0x02;

/// The registers of one port.
#[derive(Clone, Debug)]
pub struct Uart {
    divisor: u16,
    interrupt_enable: u8,
    line_control: u8,
    modem_control: u8,
    scratch: u8,
    fifo_enabled: bool,
    trigger: usize,
    received: [u8; FIFO],
    waiting: usize,
    overrun: bool,
    /// The transmitter became empty and nobody read that in the interrupt identification.
    transmitter_interrupt: bool,
    /// That comes then.
    sent_at: Option<Ticks>,
    modem_deltas: u8,
}

impl Uart {
    /// 9600 baud, 8 data bits, no parity, 1 stop bit; DTR and RTS off.
    pub const fn new() -> Self {
        Self {
            divisor: 12,
            interrupt_enable: 0,
            line_control: 3,
            modem_control: 0,
            scratch: 0,
            fifo_enabled: false,
            trigger: 1,
            received: [0; FIFO],
            waiting: 0,
            overrun: false,
            transmitter_interrupt: false,
            sent_at: None,
            modem_deltas: 0,
        }
    }

    /// Whether IRQ 4 is requested.
    pub fn interrupt(&self) -> bool {
        self.modem_control & modem_control::OUT_2 != 0
            && self.modem_control & modem_control::LOOPBACK == 0
            && self.pending().is_some()
    }

    /// When the interrupt of the transmitter comes, if bytes are on their way.
    pub const fn next_event(&self) -> Option<Ticks> {
        self.sent_at
    }

    /// Lets the interrupt of the transmitter come if it is due.
    pub fn advance(&mut self, now: Ticks) {
        if self.sent_at.is_some_and(|sent_at| sent_at <= now) {
            self.sent_at = None;
            self.transmitter_interrupt = true;
        }
    }

    /// PIT clocks in which a byte leaves: ten bits.
    const fn byte_time(&self) -> u64 {
        (self.divisor as u64 * 10 * TICKS_PER_SECOND).div_ceil(115_200)
    }

    /// A byte arrives; false if there is no room for it.
    pub fn receive(&mut self, byte: u8) -> bool {
        if self.modem_control & modem_control::LOOPBACK != 0 || self.waiting >= self.capacity() {
            return false;
        }
        self.take_in(byte);
        true
    }

    /// Whether the program at the port is ready for bytes: it holds RTS.
    pub const fn listens(&self) -> bool {
        self.modem_control & modem_control::RTS != 0
    }

    const fn capacity(&self) -> usize {
        if self.fifo_enabled { FIFO } else { 1 }
    }

    fn take_in(&mut self, byte: u8) {
        if self.waiting >= self.capacity() {
            self.overrun = true;
            // Without a FIFO the new byte takes the place of the old one; a full FIFO keeps what it has.
            if !self.fifo_enabled {
                self.received[0] = byte;
            }
        } else {
            self.received[self.waiting] = byte;
            self.waiting += 1;
        }
    }

    /// The identification of the most urgent interrupt.
    fn pending(&self) -> Option<u8> {
        let enabled = |bit: u8| self.interrupt_enable & bit != 0;
        if enabled(interrupt_enable::LINE_STATUS) && self.overrun {
            Some(0x06)
        } else if enabled(interrupt_enable::RECEIVED) && self.waiting >= self.trigger.min(self.capacity()) {
            Some(0x04)
        } else if enabled(interrupt_enable::RECEIVED) && self.waiting > 0 {
            // Fewer than the trigger level: the time-out that would come four characters later comes at once.
            Some(0x0C)
        } else if enabled(interrupt_enable::TRANSMITTER) && self.transmitter_interrupt {
            Some(TRANSMITTER_EMPTY)
        } else if enabled(interrupt_enable::MODEM_STATUS) && self.modem_deltas != 0 {
            Some(0x00)
        } else {
            None
        }
    }

    /// Whether a byte that is written to the data register goes out on the line and does nothing else that shows: no
    /// divisor, no loopback, no interrupt that it could raise.
    #[inline(always)]
    pub const fn sends_plainly(&self) -> bool {
        self.line_control & line_control::DIVISOR_ACCESS == 0
            && self.modem_control & modem_control::LOOPBACK == 0
            && self.interrupt_enable == 0
    }

    /// Such a byte was written.
    #[inline(always)]
    pub const fn note_sent(&mut self) {
        self.transmitter_interrupt = true;
    }

    /// The line status, unless reading it changes something: an overrun is told once.
    #[inline(always)]
    pub const fn plain_line_status(&self) -> Option<u8> {
        if self.overrun {
            return None;
        }
        let data_ready = if self.waiting > 0 { line_status::DATA_READY } else { 0 };
        Some(data_ready | line_status::TRANSMITTER_EMPTY)
    }

    /// Reads the register at `offset`, 0 to 7.
    pub fn read(&mut self, offset: u16) -> u8 {
        let divisor_access = self.line_control & line_control::DIVISOR_ACCESS != 0;
        match offset {
            0 if divisor_access => self.divisor.to_le_bytes()[0],
            1 if divisor_access => self.divisor.to_le_bytes()[1],
            0 => self.read_received(),
            1 => self.interrupt_enable,
            2 => self.read_identification(),
            3 => self.line_control,
            4 => self.modem_control,
            5 => {
                let data_ready = if self.waiting > 0 { line_status::DATA_READY } else { 0 };
                let overrun = if core::mem::take(&mut self.overrun) { line_status::OVERRUN } else { 0 };
                data_ready | overrun | line_status::TRANSMITTER_EMPTY
            }
            6 => self.modem_lines() | core::mem::take(&mut self.modem_deltas),
            _ => self.scratch,
        }
    }

    fn read_received(&mut self) -> u8 {
        let byte = self.received[0];
        if self.waiting > 0 {
            self.received.copy_within(1..self.waiting, 0);
            self.waiting -= 1;
        }
        byte
    }

    fn read_identification(&mut self) -> u8 {
        let fifo = if self.fifo_enabled { 0xC0 } else { 0 };
        let pending = self.pending();
        if pending == Some(TRANSMITTER_EMPTY) {
            self.transmitter_interrupt = false;
        }
        fifo | pending.unwrap_or(0x01)
    }

    fn modem_lines(&self) -> u8 {
        if self.modem_control & modem_control::LOOPBACK == 0 {
            return MODEM_LINES;
        }
        // RTS → CTS, DTR → DSR, OUT1 → RI, OUT2 → DCD.
        [
            (modem_control::RTS, 0x10),
            (modem_control::DTR, 0x20),
            (modem_control::OUT_1, 0x40),
            (modem_control::OUT_2, 0x80),
        ]
        .into_iter()
        .filter(|&(output, _)| self.modem_control & output != 0)
        .fold(0, |lines, (_, input)| lines | input)
    }

    /// Writes the register at `offset`, 0 to 7. Returns a byte that goes out on the line.
    pub fn write(&mut self, offset: u16, value: u8, now: Ticks) -> Option<u8> {
        let divisor_access = self.line_control & line_control::DIVISOR_ACCESS != 0;
        match offset {
            0 if divisor_access => self.divisor = self.divisor & 0xFF00 | u16::from(value),
            1 if divisor_access => self.divisor = self.divisor & 0xFF | u16::from(value) << 8,
            0 => return self.transmit(value, now),
            1 => self.write_interrupt_enable(value),
            2 => self.write_fifo_control(value),
            3 => self.line_control = value,
            4 => self.write_modem_control(value),
            7 => self.scratch = value,
            _ => {} // The status registers are not written.
        }
        None
    }

    fn transmit(&mut self, byte: u8, now: Ticks) -> Option<u8> {
        if self.modem_control & modem_control::LOOPBACK != 0 {
            self.transmitter_interrupt = true;
            self.take_in(byte);
            return None;
        }
        // Nobody waits for an interrupt that is not enabled.
        self.transmitter_interrupt = self.interrupt_enable & interrupt_enable::TRANSMITTER == 0;
        if !self.transmitter_interrupt {
            self.sent_at = Some(self.sent_at.unwrap_or(now).max(now).plus(self.byte_time()));
        }
        Some(byte)
    }

    fn write_interrupt_enable(&mut self, value: u8) {
        // Enabling the transmitter's interrupt while it is empty, as it always is, requests it.
        if value & !self.interrupt_enable & interrupt_enable::TRANSMITTER != 0 {
            self.transmitter_interrupt = true;
        }
        self.interrupt_enable = value & 0x0F;
    }

    fn write_fifo_control(&mut self, value: u8) {
        let enabled = value & 1 != 0;
        if enabled != self.fifo_enabled || value & 2 != 0 {
            self.waiting = 0;
        }
        self.fifo_enabled = enabled;
        self.trigger = if enabled { [1, 4, 8, 14][usize::from(value >> 6)] } else { 1 };
    }

    fn write_modem_control(&mut self, value: u8) {
        let before = self.modem_lines();
        self.modem_control = value & 0x1F;
        let after = self.modem_lines();
        // Deltas of CTS, DSR and DCD; RI counts only when it ends.
        let changed = (before ^ after) & 0xB0 | before & !after & 0x40;
        self.modem_deltas |= changed >> 4;
    }
}

#[cfg(test)]
#[path = "uart_tests.rs"]
mod tests;
