//! A non-maskable interrupt on order: the I/O APIC turns the next tick of the interval timer into one.
//!
//! On entry the timer's line is masked in the interrupt controllers, so that the tick arrives as nothing else. An NMI
//! that comes outside of a guest would end the VMM: whoever arms it enters a guest at once. I/O APIC data sheet
//! (82093AA), 3.0 "Registers"; SDM vol. 3, "APIC".

use rt::cpu::cpuid;
use rt::paging;

use super::timer;

/// Where a PC has its first I/O APIC.
const IO_APIC: u64 = 0xFEC0_0000;
/// Offsets of its two windows, in bytes.
const INDEX: u64 = 0x00;
const DATA: u64 = 0x10;
const LENGTH: u64 = 0x20;

/// Its version register: bits 23:16 are the number of the last pin.
const VERSION: u32 = 0x01;
/// The pin that PCs wire the interval timer to.
const TIMER_PIN: u32 = 2;

/// Redirection entries, two registers each.
const REDIRECTION: u32 = 0x10;
/// Delivery mode NMI; edge, active high, physical destination, vector 0, not masked.
const DELIVER_NMI: u32 = 0b100 << 8;
const MASKED: u32 = 1 << 16;

/// The I/O APIC, mapped.
pub struct TimerNmi {
    before: u32,
}

impl TimerNmi {
    /// Restarts the timer with its longest period, 55 ms, at whose end an NMI comes. `None` without an I/O APIC.
    pub fn arm() -> Option<Self> {
        paging::map_device(IO_APIC, LENGTH);
        let last_pin = read(VERSION) >> 16 & 0xFF;
        // An address that nobody answers reads all ones.
        if last_pin < TIMER_PIN || last_pin == 0xFF {
            return None;
        }
        let entry = REDIRECTION + 2 * TIMER_PIN;
        let before = read(entry);
        let this_processor = cpuid(1, 0).ebx >> 24;
        write(entry, MASKED);
        write(entry + 1, this_processor << 24);
        timer::start_periodic(0);
        write(entry, DELIVER_NMI);
        Some(Self { before })
    }

    /// No more NMIs; the pin is as it was.
    pub fn disarm(self) {
        write(REDIRECTION + 2 * TIMER_PIN, self.before | MASKED);
    }
}

fn read(register: u32) -> u32 {
    // SAFETY: both windows are mapped as a device by `arm`, which precedes every access, and hold no Rust object.
    unsafe {
        ((IO_APIC + INDEX) as *mut u32).write_volatile(register);
        ((IO_APIC + DATA) as *const u32).read_volatile()
    }
}

fn write(register: u32, value: u32) {
    // SAFETY: as in `read`; what is written concerns interrupts alone.
    unsafe {
        ((IO_APIC + INDEX) as *mut u32).write_volatile(register);
        ((IO_APIC + DATA) as *mut u32).write_volatile(value);
    }
}
