//! The MC146818 clock with its battery-backed memory: time, alarm, periodic interrupt, and the bytes in which a BIOS
//! keeps what the machine has.

use super::calendar::{DateTime, SECONDS_PER_DAY};
use crate::time::{TICKS_PER_SECOND, Ticks};

/// Registers and bytes by their address behind port 70h.
pub mod register {
    pub const SECONDS: u8 = 0x00;
    pub const SECONDS_ALARM: u8 = 0x01;
    pub const MINUTES: u8 = 0x02;
    pub const MINUTES_ALARM: u8 = 0x03;
    pub const HOURS: u8 = 0x04;
    pub const HOURS_ALARM: u8 = 0x05;
    pub const WEEKDAY: u8 = 0x06;
    pub const DAY: u8 = 0x07;
    pub const MONTH: u8 = 0x08;
    pub const YEAR: u8 = 0x09;
    pub const STATUS_A: u8 = 0x0A;
    pub const STATUS_B: u8 = 0x0B;
    pub const STATUS_C: u8 = 0x0C;
    pub const STATUS_D: u8 = 0x0D;
    /// What the BIOS is to do after a reset.
    pub const SHUTDOWN: u8 = 0x0F;
    pub const FLOPPY_TYPES: u8 = 0x10;
    pub const DISK_TYPES: u8 = 0x12;
    pub const EQUIPMENT: u8 = 0x14;
    pub const BASE_MEMORY: u8 = 0x15;
    pub const EXTENDED_MEMORY: u8 = 0x17;
    pub const CHECKSUM: u8 = 0x2E;
    pub const EXTENDED_MEMORY_FOUND: u8 = 0x30;
    pub const CENTURY: u8 = 0x32;
    pub const MEMORY_ABOVE_16M: u8 = 0x34;
}
use register::*;

/// Status A: the time is about to change.
const UPDATE_IN_PROGRESS: u8 = 0x80;
/// Status B.
pub const DATA_BINARY: u8 = 0x04;
pub const HOURS_24: u8 = 0x02;
const SET: u8 = 0x80;
pub const PERIODIC: u8 = 0x40;
const ALARM: u8 = 0x20;
const UPDATE_ENDED: u8 = 0x10;
/// Status C: one of the enabled flags is set.
const INTERRUPT: u8 = 0x80;
/// Status D: the battery is good.
const VALID: u8 = 0x80;
/// Afternoon, in 12-hour mode.
const PM: u8 = 0x80;

/// The clock announces an update 244 µs ahead and takes 1984 µs for it.
const UPDATE_TIME: u64 = TICKS_PER_SECOND * 2228 / 1_000_000;

/// Clock and memory.
#[derive(Clone, Debug)]
pub struct Cmos {
    index: u8,
    bytes: [u8; 128],
    /// What the clock showed at power-on, in seconds since 1970.
    base: u64,
    /// The registers of the time were written in this second since power-on, and hold what was written until the next
    /// one begins, or while status B keeps the clock still.
    written_in: Option<u64>,
    flags: u8,
    /// Up to when the flags are right.
    seen: Ticks,
}

impl Cmos {
    /// A clock that shows `unix_time` at power-on: BCD, 24 hours, periodic rate 1024 Hz but not enabled.
    pub const fn new(unix_time: u64) -> Self {
        let mut bytes = [0; 128];
        bytes[STATUS_A as usize] = 0x26;
        bytes[STATUS_B as usize] = HOURS_24;
        Self { index: STATUS_D, bytes, base: unix_time, written_in: None, flags: 0, seen: Ticks::ZERO }
    }

    /// Whether IRQ 8 is requested.
    pub const fn interrupt(&self) -> bool {
        self.flags & self.bytes[STATUS_B as usize] & (PERIODIC | ALARM | UPDATE_ENDED) != 0
    }

    /// Selects a byte (port 70h; bit 7 masks NMI, of which there are none).
    pub fn select(&mut self, value: u8) {
        self.index = value & 0x7F;
    }

    /// The selected address.
    pub const fn selected(&self) -> u8 {
        self.index
    }

    /// Reads the selected byte (port 71h).
    pub fn read(&mut self, now: Ticks) -> u8 {
        self.get(self.index, now)
    }

    /// Writes the selected byte (port 71h).
    pub fn write(&mut self, value: u8, now: Ticks) {
        self.set(self.index, value, now);
    }

    /// The byte at `address`, as the guest reads it; reading status C clears it.
    pub fn get(&mut self, address: u8, now: Ticks) -> u8 {
        match address {
            SECONDS | MINUTES | HOURS | WEEKDAY..=YEAR | CENTURY => self.time_field(address, now),
            STATUS_A => {
                let updating =
                    self.status_b() & SET == 0 && now.0 % TICKS_PER_SECOND >= TICKS_PER_SECOND - UPDATE_TIME;
                self.bytes[usize::from(STATUS_A)] | if updating { UPDATE_IN_PROGRESS } else { 0 }
            }
            STATUS_C => {
                self.advance(now);
                let requested = if self.interrupt() { INTERRUPT } else { 0 };
                requested | core::mem::take(&mut self.flags)
            }
            STATUS_D => VALID,
            _ => self.bytes[usize::from(address & 0x7F)],
        }
    }

    /// Stores `value` at `address`. A date is set field by field, so it may be none for a while.
    pub fn set(&mut self, address: u8, value: u8, now: Ticks) {
        if let STATUS_A | STATUS_B = address {
            self.advance(now);
        }
        match address {
            SECONDS | MINUTES | HOURS | WEEKDAY..=YEAR | CENTURY => {
                self.hold(now);
                self.bytes[usize::from(address)] = value;
            }
            STATUS_B => self.set_status_b(value, now),
            STATUS_A => self.bytes[usize::from(STATUS_A)] = value & !UPDATE_IN_PROGRESS,
            STATUS_C | STATUS_D => {}
            _ => self.bytes[usize::from(address & 0x7F)] = value,
        }
    }

    /// Stores a little-endian word in two bytes that are not part of the clock.
    pub fn set_word(&mut self, address: u8, value: u16) {
        let [low, high] = value.to_le_bytes();
        self.bytes[usize::from(address)] = low;
        self.bytes[usize::from(address) + 1] = high;
    }

    /// Makes the checksum over bytes 10h to 2Dh right, high byte first, as a BIOS does after it changed them.
    pub fn seal(&mut self) {
        let sum = self.bytes[0x10..0x2E].iter().fold(0_u16, |sum, &byte| sum.wrapping_add(u16::from(byte)));
        self.set_word(CHECKSUM, sum.swap_bytes());
    }

    /// What the clock shows at `now`.
    pub fn time(&self, now: Ticks) -> DateTime {
        match self.written_in {
            None => DateTime::from_unix(self.base + now.seconds()),
            Some(_) if self.holds(now) => self.written(),
            Some(second) => DateTime::from_unix(self.written().to_unix() + now.seconds() - second),
        }
    }

    /// Sets what the clock shows at `now`.
    pub fn set_time(&mut self, time: DateTime, now: Ticks) {
        self.base = time.to_unix().saturating_sub(now.seconds());
        self.written_in = None;
        if self.status_b() & SET != 0 {
            self.hold(now);
        }
    }

    /// Whether the registers still hold what was written.
    fn holds(&self, now: Ticks) -> bool {
        self.written_in.is_some_and(|second| self.status_b() & SET != 0 || second == now.seconds())
    }

    /// What was written, as a time.
    fn written(&self) -> DateTime {
        let field = |address: u8| self.bytes[usize::from(address)];
        DateTime {
            year: u16::from(from_bcd(field(CENTURY))) * 100 + u16::from(self.decode(field(YEAR))),
            month: self.decode(field(MONTH)).max(1),
            day: self.decode(field(DAY)),
            hour: self.decode_hour(field(HOURS)),
            minute: self.decode(field(MINUTES)),
            second: self.decode(field(SECONDS)),
        }
    }

    /// Lets the registers hold the time, so that they can be written one by one.
    fn hold(&mut self, now: Ticks) {
        if !self.holds(now) {
            let time = self.time(now);
            self.write_fields(time);
        }
        self.written_in = Some(now.seconds());
    }

    fn write_fields(&mut self, time: DateTime) {
        for address in [SECONDS, MINUTES, HOURS, WEEKDAY, DAY, MONTH, YEAR, CENTURY] {
            self.bytes[usize::from(address)] = self.encode_field(address, time);
        }
    }

    /// Starts, stops or converts the clock.
    fn set_status_b(&mut self, value: u8, now: Ticks) {
        let held = self.holds(now);
        let time = self.time(now);
        if !held {
            self.set_time(time, now);
        }
        let converts = (self.status_b() ^ value) & (DATA_BINARY | HOURS_24) != 0;
        self.bytes[usize::from(STATUS_B)] = value;
        if value & SET != 0 || held {
            if !held || converts {
                self.write_fields(time);
            }
            self.written_in = Some(now.seconds());
        }
    }

    const fn status_b(&self) -> u8 {
        self.bytes[STATUS_B as usize]
    }

    fn encode(&self, value: u8) -> u8 {
        if self.status_b() & DATA_BINARY != 0 { value } else { to_bcd(value) }
    }

    fn decode(&self, value: u8) -> u8 {
        if self.status_b() & DATA_BINARY != 0 { value } else { from_bcd(value) }
    }

    fn encode_hour(&self, hour: u8) -> u8 {
        if self.status_b() & HOURS_24 != 0 {
            return self.encode(hour);
        }
        let twelve = if hour.is_multiple_of(12) { 12 } else { hour % 12 };
        self.encode(twelve) | if hour >= 12 { PM } else { 0 }
    }

    fn decode_hour(&self, value: u8) -> u8 {
        if self.status_b() & HOURS_24 != 0 {
            return self.decode(value);
        }
        self.decode(value & !PM) % 12 + if value & PM != 0 { 12 } else { 0 }
    }

    fn time_field(&self, address: u8, now: Ticks) -> u8 {
        if self.holds(now) {
            return self.bytes[usize::from(address)];
        }
        let time = match address {
            // Programs wait for the next second by reading these: no date needs to be made for them.
            SECONDS | MINUTES | HOURS if self.written_in.is_none() => {
                DateTime::from_unix((self.base + now.seconds()) % SECONDS_PER_DAY)
            }
            _ => self.time(now),
        };
        self.encode_field(address, time)
    }

    fn encode_field(&self, address: u8, time: DateTime) -> u8 {
        match address {
            SECONDS => self.encode(time.second),
            MINUTES => self.encode(time.minute),
            HOURS => self.encode_hour(time.hour),
            WEEKDAY => self.encode(time.weekday()),
            DAY => self.encode(time.day),
            MONTH => self.encode(time.month),
            YEAR => self.encode((time.year % 100) as u8),
            _ => to_bcd((time.year / 100) as u8),
        }
    }

    /// Clocks between two periodic interrupts; `None` if the rate selection is 0.
    fn period(&self) -> Option<u64> {
        // Rates 1 and 2 are those of 8 and 9 with the 32768-Hz time base of a PC.
        let shift = match self.bytes[usize::from(STATUS_A)] & 0x0F {
            0 => return None,
            rate @ 1..=2 => rate + 6,
            rate => rate - 1,
        };
        Some((TICKS_PER_SECOND << shift) / 32_768)
    }

    /// When the clock next requests an interrupt that is enabled.
    pub fn next_event(&self, now: Ticks) -> Option<Ticks> {
        let enabled = self.status_b();
        let after = |period: u64| Ticks((now.0 / period + 1) * period);
        let periodic = self.period().filter(|_| enabled & PERIODIC != 0).map(after);
        let second = (enabled & (ALARM | UPDATE_ENDED) != 0).then(|| after(TICKS_PER_SECOND));
        periodic.into_iter().chain(second).min()
    }

    /// Sets the flags of what happened up to `now`.
    pub fn advance(&mut self, now: Ticks) {
        let from = core::mem::replace(&mut self.seen, now);
        let passed = |period: u64| from.0 / period != now.0 / period;
        if self.period().is_some_and(passed) {
            self.flags |= PERIODIC;
        }
        if passed(TICKS_PER_SECOND) && self.status_b() & SET == 0 {
            self.flags |= UPDATE_ENDED;
            if self.alarm_matches(now) {
                self.flags |= ALARM;
            }
        }
    }

    fn alarm_matches(&self, now: Ticks) -> bool {
        [(SECONDS_ALARM, SECONDS), (MINUTES_ALARM, MINUTES), (HOURS_ALARM, HOURS)].into_iter().all(
            |(alarm, field)| {
                let wanted = self.bytes[usize::from(alarm)];
                // C0h to FFh match any value.
                wanted >= 0xC0 || wanted == self.time_field(field, now)
            },
        )
    }
}

/// `value`, below 100, as two decimal digits.
pub const fn to_bcd(value: u8) -> u8 {
    ((value / 10 % 10) << 4) | (value % 10)
}

/// Two decimal digits as a number.
pub const fn from_bcd(value: u8) -> u8 {
    (value >> 4) * 10 + (value & 0x0F)
}

#[cfg(test)]
#[path = "cmos_tests.rs"]
mod tests;
