//! The BIOS: interrupt services as Rust functions.
//!
//! On entry the guest executed `VMCALL` in a stub of the ROM, with the caller's IP, CS and FLAGS on its stack. A
//! service answers in registers, in memory and in that FLAGS image, and the stub's `IRET` goes back. Where code of
//! the guest must run in between (a hooked INT 1Ch, a wait that lets interrupts in), the service continues at a
//! routine in the ROM that comes back with another `VMCALL`.

mod call;
mod data_area;
mod defaults;
mod drives;
mod fonts;
mod int08_timer;
mod int09_keyboard;
mod int10_palette;
mod int10_state;
mod int10_text;
mod int10_video;
mod int11_equipment;
mod int13_disk;
mod int13_extended;
mod int14_serial;
mod int15_memory;
mod int15_pointing;
mod int15_system;
mod int16_keys;
mod int17_printer;
mod int19_boot;
mod int1a_clock;
mod key_table;
mod power_on;
mod quick;
mod rom;

pub use drives::{Geometry, drive_number};
pub use int19_boot::{BootError, Signature};
pub use quick::FirstMib;
pub use rom::{VIDEO_ROM, VIDEO_ROM_ADDRESS, service_vector, write_rom};

use crate::time::Ticks;
use crate::{Disks, Host, Pc};
use drives::DriveTable;
use rom::Entry;
use v8086::{Cpu, FarPointer, GuestMemory, SegmentRegister};

/// What a service works on.
pub struct Context<'a> {
    /// The guest's processor, at the `VMCALL`.
    pub cpu: &'a mut dyn Cpu,
    /// The guest's memory.
    pub memory: &'a mut dyn GuestMemory,
    /// The disks in the drives.
    pub disks: &'a mut dyn Disks,
    /// Where serial bytes and the log go.
    pub host: &'a mut dyn Host,
    /// The time.
    pub now: Ticks,
}

/// What became of a `VMCALL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceOutcome {
    /// A service ran, entered through interrupt `vector`. The instruction pointer is set to where the guest goes on.
    Served {
        /// The interrupt vector.
        vector: u8,
        /// Whether it was one that may have changed what the devices do next, or the A20 gate. The mode of the screen is
        /// no such thing.
        moves_devices: bool,
    },
    /// No stub of the ROM is there: the instruction is the guest's own, and undefined.
    NotAService,
}

/// Whether the keyboard buffer of the BIOS holds no key.
pub(crate) fn keyboard_buffer_is_empty(memory: &dyn GuestMemory) -> bool {
    memory.read_u16(data_area::KEY_HEAD) == memory.read_u16(data_area::KEY_TAIL)
}

/// Keys in the keyboard buffer of the BIOS; 0 where a program has made something else of it.
pub(crate) fn keys_in_buffer(memory: &dyn GuestMemory) -> u16 {
    let [head, tail, first, last] =
        [data_area::KEY_HEAD, data_area::KEY_TAIL, data_area::KEY_BUFFER_FIRST, data_area::KEY_BUFFER_LAST]
            .map(|address| memory.read_u16(address));
    let buffer = first..last;
    match (buffer.contains(&head), buffer.contains(&tail)) {
        (true, true) if head <= tail => (tail - head) / 2,
        (true, true) => (last - head + (tail - first)) / 2,
        _ => 0,
    }
}

/// How many different calls of unknown functions are named in the log.
const NAMED_CALLS: usize = 64;

/// What the BIOS remembers outside the guest's memory.
#[derive(Clone)]
pub(crate) struct Bios {
    drives: DriveTable,
    /// Whose change line is active: floppy drives whose disk was exchanged, and no transfer has noticed yet.
    exchanged: [bool; 2],
    /// End of the wait that INT 15h, AH=86h runs.
    delay_until: Option<Ticks>,
    /// End of the wait that INT 15h, AH=83h runs, if the data area says that one does.
    event_at: Ticks,
    /// Unknown functions that the log has named already, as vector << 8 | AH.
    named: [u16; NAMED_CALLS],
    named_count: usize,
    fault: Option<RepeatedFault>,
}

/// An unhandled exception that comes again and again.
#[derive(Clone, Copy)]
struct RepeatedFault {
    vector: u8,
    address: FarPointer,
    times: u32,
}

impl Bios {
    pub const fn new() -> Self {
        Self {
            drives: DriveTable::new(),
            exchanged: [false; 2],
            delay_until: None,
            event_at: Ticks::ZERO,
            named: [0; NAMED_CALLS],
            named_count: 0,
            fault: None,
        }
    }

    /// Whether this call was not seen before and should be named in the log.
    fn names(&mut self, vector: u8, function: u8) -> bool {
        let call = u16::from_be_bytes([vector, function]);
        if self.named_count == NAMED_CALLS || self.named[..self.named_count].contains(&call) {
            return false;
        }
        self.named[self.named_count] = call;
        self.named_count += 1;
        true
    }
}

/// Whether the service of `vector`, called with this AX, moves no interrupt line and no gate. To look at all of them is
/// what most of these services would cost.
const fn only_looks(vector: u8, ax: u16) -> bool {
    let [function, sub] = ax.to_be_bytes();
    match vector {
        0x10..=0x13 => true,
        0x15 => match function {
            0x24 => sub >= 0x02,
            0x4F | 0x80..=0x82 | 0x85 | 0x87 | 0x88 | 0x90 | 0x91 | 0xC0 | 0xC1 | 0xE8 => true,
            _ => false,
        },
        0x16 => function != 0x03,
        0x1A => matches!(function, 0x00 | 0x01 | 0x02 | 0x04),
        _ => false,
    }
}

impl Pc {
    /// Answers a `VMCALL` of the guest. The processor stands at the instruction; afterwards it stands where the guest
    /// goes on. Check [`Self::end`] then.
    pub fn service(&mut self, context: &mut Context<'_>) -> ServiceOutcome {
        let place = FarPointer::new(context.cpu.segment(SegmentRegister::Cs), context.cpu.eip() as u16);
        self.service_at(place, context)
    }

    /// Where the word lies that the service at `cs:ip` returns in AX, if that is all it does.
    #[inline(always)]
    pub fn looked_up(cs: u32, ip: u32) -> Option<u32> {
        const MEMORY_SIZE: FarPointer = rom::service_call(0x12);
        const EQUIPMENT: FarPointer = rom::service_call(0x11);
        let word = if ip == MEMORY_SIZE.offset as u32 {
            data_area::BASE_MEMORY
        } else if ip == EQUIPMENT.offset as u32 {
            data_area::EQUIPMENT
        } else {
            return None;
        };
        (cs == MEMORY_SIZE.segment as u32).then_some(word)
    }

    /// As [`Self::service`], with the place of the `VMCALL`.
    pub fn service_at(&mut self, place: FarPointer, context: &mut Context<'_>) -> ServiceOutcome {
        let Some(entry) = rom::entry_at(place) else {
            return ServiceOutcome::NotAService;
        };
        self.devices.advance(context.now);
        let function = context.registers().ax();
        // Past the VMCALL; a service that goes on elsewhere sets the pointer itself.
        context.cpu.set_eip(u32::from(place.offset) + rom::VMCALL.len() as u32);
        let vector = match entry {
            Entry::Vector(vector) => {
                self.interrupt_service(vector, context);
                vector
            }
            Entry::Reset => {
                int19_boot::reset_vector(self);
                0x19
            }
            Entry::DelayOver => {
                int15_system::continue_delay(self, context);
                0x15
            }
            Entry::TickHookDone => {
                int08_timer::end(self);
                0x08
            }
            Entry::KeyInterceptDone => {
                int09_keyboard::intercepted(self, context);
                0x09
            }
        };
        let moves_devices = !matches!(entry, Entry::Vector(vector) if only_looks(vector, function));
        if vector == 0x08 {
            // A tick tells the interrupt controller that it is over, and nothing else.
            self.devices.expect_keyboard();
        } else if moves_devices {
            self.after_write();
        }
        ServiceOutcome::Served { vector, moves_devices }
    }

    /// A person has put another disk into floppy drive `number`, 00h or 01h; `disks` has it already.
    pub fn exchange_floppy(&mut self, number: u8, disks: &mut dyn Disks) {
        self.bios.drives.look_again(number, disks);
        if let Some(exchanged) = self.bios.exchanged.get_mut(usize::from(number)) {
            *exchanged = true;
        }
    }

    fn interrupt_service(&mut self, vector: u8, context: &mut Context<'_>) {
        match vector {
            0x05 => defaults::print_screen(self, context),
            0x08 => int08_timer::tick(self, context),
            0x09 => int09_keyboard::key(self, context),
            0x10 => int10_video::service(self, context),
            0x11 => int11_equipment::equipment(context),
            0x12 => int11_equipment::base_memory(context),
            0x13 => int13_disk::service(self, context),
            0x14 => int14_serial::service(self, context),
            0x15 => int15_system::service(self, context),
            0x16 => int16_keys::service(self, context),
            0x17 => int17_printer::service(self, context),
            0x18 => int19_boot::nothing_to_boot(self, context),
            0x19 => int19_boot::bootstrap(self),
            0x1A => int1a_clock::service(self, context),
            0x70 => int1a_clock::clock_interrupt(self, context),
            0x74 => int15_pointing::interrupt(self, context),
            0x75 => defaults::coprocessor(self, context),
            0x0A..=0x0F | 0x71..=0x77 => defaults::hardware(self, context, vector),
            _ => defaults::unexpected(self, context, vector),
        }
    }

    /// Answers a function that is not there: carry, and one line in the log. `AH` is for the caller to set.
    fn refuse(&mut self, context: &mut Context<'_>, vector: u8) {
        defaults::name_call(self, context, vector);
        context.set_carry(true);
    }
}
