//! The 16-bit PC that a guest sees.
//!
//! On entry nothing is known about how the guest runs: this crate meets it only as a [`v8086::Cpu`] and as
//! [`v8086::GuestMemory`]. It is responsible for everything that a program may take for a PC: the devices behind
//! the I/O ports (`device/`), the BIOS whose services are Rust (`bios/`), the time that both share, and the
//! [`script`] that plays the user. It runs no guest code and touches no hardware, so all of it is tested on the
//! host.
//!
//! Life of a service: the guest's `INT n` goes through its interrupt table into the [`rom`](write_rom), where a
//! `VMCALL` exits; the monitor calls [`Pc::service`], which answers in registers, memory and the FLAGS on the
//! guest's stack, and sets the instruction pointer to where the guest goes on, usually the `IRET` behind.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod bios;
mod bus;
pub mod codepage437;
mod device;
mod outside;
pub mod ports;
mod screen;
pub mod script;
mod time;

#[cfg(test)]
mod fakes;

pub use bios::{
    BootError, Context, FirstMib, Geometry, ServiceOutcome, Signature, VIDEO_ROM, VIDEO_ROM_ADDRESS,
    drive_number, service_vector, write_rom,
};
pub use bus::Width;
pub use device::keyboard::KeyEvent;
pub use outside::{Disk, Disks, Host, NoDisks, SECTOR_SIZE, WriteError};
pub use screen::{Cell, Cursor, MAX_COLUMNS, Screen};
pub use time::{GUEST_TICK, TICKS_PER_SECOND, Ticks};

use bios::Bios;
use device::Devices;
use device::pic::Irq;
use v8086::{FarPointer, GuestMemory};

/// What a PC is built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PcConfig {
    /// What the clock of the PC shows at power-on, in seconds since 1970-01-01 00:00:00.
    pub unix_time: u64,
    /// Memory above 1 MiB, in KiB.
    pub extended_kib: u32,
}

impl PcConfig {
    /// 2000-01-01 00:00:00, no extended memory: what scripted runs start from, so that they repeat.
    pub const FIXED: Self = Self { unix_time: 946_684_800, extended_kib: 0 };
}

/// How a guest asked for its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The guest asked for a restart.
    Reboot(RebootCause),
    /// The guest switched the machine off.
    PowerOff,
    /// INT 18h: the guest found nothing to boot.
    NothingToBoot,
    /// The instruction at `address` raised exception `vector` again and again with nobody to handle it.
    FaultLoop {
        /// The exception's vector.
        vector: u8,
        /// The faulting instruction.
        address: FarPointer,
    },
}

/// The way in which a guest asked for a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RebootCause {
    /// INT 19h, the bootstrap loader.
    BootstrapService,
    /// A jump to the reset vector FFFF:0000 or to F000:E05B behind it.
    ResetVector,
    /// Command FEh of the keyboard controller.
    KeyboardController,
    /// Bit 0 of port 92h.
    SystemControlPort,
    /// Ctrl-Alt-Del, as the BIOS keyboard interrupt saw it.
    CtrlAltDel,
}

/// Accesses to ports that no device answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnassignedAccesses {
    /// Reads, each answered with all ones.
    pub reads: u64,
    /// Writes, each dropped.
    pub writes: u64,
}

/// A whole PC but for its processor, memory and disks. A clone is the same PC at the same moment.
#[derive(Clone)]
pub struct Pc {
    config: PcConfig,
    devices: Devices,
    bios: Bios,
    end: Option<End>,
    unassigned: UnassignedAccesses,
}

impl Pc {
    /// A PC that is switched off; [`Self::power_on`] brings it to life.
    pub const fn new(config: PcConfig) -> Self {
        Self {
            config,
            devices: Devices::new(config.unix_time),
            bios: Bios::new(),
            end: None,
            unassigned: UnassignedAccesses { reads: 0, writes: 0 },
        }
    }

    /// How the guest asked for its end, if it did. It stays until [`Self::power_on`].
    pub const fn end(&self) -> Option<End> {
        self.end
    }

    /// Accesses to unassigned ports so far.
    pub const fn unassigned_accesses(&self) -> UnassignedAccesses {
        self.unassigned
    }

    /// Whether address line 20 is enabled. When off, the MiB above 1 MiB is an alias of the first.
    pub const fn a20(&self) -> bool {
        self.devices.a20()
    }

    /// Whether there is memory at A0000h to AFFFFh, where modes with pixels have theirs.
    pub const fn pixel_memory(&self) -> bool {
        self.devices.vga.has_pixel_memory()
    }

    /// Runs the devices up to `now`. Every other method that takes a time does so itself.
    pub fn advance(&mut self, now: Ticks) {
        self.devices.advance(now);
    }

    /// [`Self::advance`], for who counts instructions.
    #[inline(always)]
    pub fn advance_here(&mut self, now: Ticks) {
        self.devices.advance_here(now);
    }

    /// The INTR line: an interrupt waits to be acknowledged, as of the last [`Self::advance`].
    #[inline(always)]
    pub fn interrupt_pending(&self) -> bool {
        self.devices.pics.interrupt_pending()
    }

    /// The interrupt-acknowledge cycle: the vector to deliver. A request that went away yields the spurious vector.
    #[inline(always)]
    pub fn acknowledge(&mut self) -> u8 {
        self.devices.pics.acknowledge()
    }

    /// The coprocessor reports an error on its own line, IRQ 13, as it does with CR0.NE = 0.
    pub fn raise_x87_error(&mut self) {
        self.devices.pics.latch(Irq::COPROCESSOR);
    }

    /// When a device next acts by itself; [`Ticks::NEVER`] if only the guest or the outside can make something happen. A guest
    /// in HLT sleeps until then, unless [`Self::interrupt_pending`].
    #[inline(always)]
    pub fn next_event(&self) -> Ticks {
        self.devices.next_event()
    }

    /// PIT clocks between two timer interrupts, 1 to 65536, as channel 0 is programmed.
    pub fn timer_period(&self) -> u64 {
        self.devices.pit.period()
    }

    /// A key goes down or comes up on the keyboard.
    pub fn key(&mut self, event: KeyEvent, now: Ticks) {
        self.devices.advance(now);
        self.devices.key(event, now);
    }

    /// Whether the keyboard can take a whole key press (up to 16 bytes) without losing it.
    pub fn keyboard_has_room(&self) -> bool {
        self.devices.keyboard.has_room()
    }

    /// Whether a key of a longer text can go down without being lost: those before it were read, and the BIOS buffer has
    /// room for some.
    pub fn keyboard_is_followed(&self, memory: &dyn GuestMemory) -> bool {
        /// The buffer has room for 15.
        const ENOUGH: u16 = 10;
        self.devices.keyboard.presses_read() && bios::keys_in_buffer(memory) < ENOUGH
    }

    /// Whether the last key was taken: its press was read from the controller, and either the BIOS buffer is empty or
    /// the guest itself read port 60h for it. The key may still be coming up: a guest that ends at once never sees
    /// that.
    pub fn keyboard_idle(&self, memory: &dyn GuestMemory) -> bool {
        self.devices.keyboard.presses_taken()
            && (self.devices.keyboard.read_by_guest() || bios::keyboard_buffer_is_empty(memory))
    }

    /// Whether the last key that went down was taken, though it may not have come up yet: how a guest is found that
    /// ends as soon as it has a key.
    pub fn key_press_taken(&self, memory: &dyn GuestMemory) -> bool {
        self.devices.keyboard.presses_read()
            && (self.devices.keyboard.read_by_guest() || bios::keyboard_buffer_is_empty(memory))
    }

    /// Whether a program is ready for bytes at COM1. Who sends any before loses them.
    pub const fn serial_listens(&self) -> bool {
        self.devices.com1.listens()
    }

    /// A byte arrives at COM1. False if the receiver is full: the byte was not taken.
    pub fn serial_input(&mut self, byte: u8, now: Ticks) -> bool {
        self.devices.advance(now);
        self.devices.serial_input(byte)
    }

    /// What the monitor shows.
    pub fn screen<'a>(&self, memory: &'a dyn GuestMemory) -> Screen<'a> {
        Screen::new(&self.devices.vga, memory)
    }
}
