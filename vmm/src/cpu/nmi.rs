//! A non-maskable interrupt on order: the I/O APIC turns the next tick of the interval timer into one.
//!
//! An NMI that comes outside of a guest would end the VMM, but for a hook of the runtime. I/O APIC data sheet (82093AA),
//! 3.0 "Registers"; SDM vol. 3, "APIC".

use core::arch::asm;

use rt::cpu::cpuid;
use rt::paging;

use super::timer;

/// Where a PC has its first I/O APIC.
const ADDRESS: u64 = 0xFEC0_0000;
/// Offsets of its two windows, in bytes.
const INDEX: u64 = 0x00;
const DATA: u64 = 0x10;
const LENGTH: u64 = 0x20;

/// Its version register: bits 23:16 are the number of the last pin.
const VERSION: u32 = 0x01;
/// The pin that PCs wire the interval timer to.
const TIMER_PIN: u32 = 2;

/// The timer's redirection entry; the next register holds its upper half. Each has two registers.
const ENTRY: u32 = 0x10 + 2 * TIMER_PIN;
/// Delivery mode NMI; edge, active high, physical destination, vector 0, not masked.
const DELIVER_NMI: u32 = 0b100 << 8;
const MASKED: u32 = 1 << 16;

/// The I/O APIC, mapped.
pub struct IoApic(());

impl IoApic {
    /// Maps it, which changes the VMM's page tables. `None` if there is none.
    pub fn map() -> Option<Self> {
        paging::map_device(ADDRESS, LENGTH);
        let last_pin = read(VERSION) >> 16 & 0xFF;
        // An address that nobody answers reads all ones.
        if last_pin < TIMER_PIN || last_pin == 0xFF {
            return None;
        }
        let this_processor = cpuid(1, 0).ebx >> 24;
        write(ENTRY + 1, this_processor << 24);
        Some(Self(()))
    }

    /// Restarts the timer with its longest period, 55 ms, at whose end an NMI comes.
    pub fn arm(&self) {
        self.disarm();
        timer::start_periodic(0);
        self.deliver();
    }

    /// Every tick of the timer is an NMI from now on.
    pub fn deliver(&self) {
        write(ENTRY, DELIVER_NMI);
    }

    /// No more NMIs.
    pub fn disarm(&self) {
        write(ENTRY, MASKED);
    }
}

/// Lets further NMIs in after an exit for one. Such an exit blocks them until an IRET; the manual has a VM entry end that,
/// Bochs 2.7 does not (SDM vol. 3, "Loading Guest Non-Register State"). So here is an IRET to the next instruction.
pub fn unblock() {
    // SAFETY: the frame holds our own SS, RSP, RFLAGS and CS, and the label as RIP, so only the block on NMIs changes.
    // The stack is used below RSP, where nothing lies, since there is no red zone.
    unsafe {
        asm!(
            "mov {0}, ss",
            "push {0}",
            "lea {0}, [rsp + 8]",
            "push {0}",
            "pushfq",
            "mov {0}, cs",
            "push {0}",
            "lea {0}, [rip + 2f]",
            "push {0}",
            "iretq",
            "2:",
            out(reg) _,
        );
    }
}

fn read(register: u32) -> u32 {
    // SAFETY: both windows are mapped as a device by `map`, which comes first, and hold no Rust object.
    unsafe {
        ((ADDRESS + INDEX) as *mut u32).write_volatile(register);
        ((ADDRESS + DATA) as *const u32).read_volatile()
    }
}

fn write(register: u32, value: u32) {
    // SAFETY: as in `read`; what is written concerns interrupts alone.
    unsafe {
        ((ADDRESS + INDEX) as *mut u32).write_volatile(register);
        ((ADDRESS + DATA) as *mut u32).write_volatile(value);
    }
}
