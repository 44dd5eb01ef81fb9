//! Power-on: everything in memory and devices as a BIOS leaves it before it boots.

use super::data_area::*;
use super::drives::DriveTable;
use super::{Bios, Context, Geometry, drives, int1a_clock, rom};
use crate::device::Devices;
use crate::device::cmos::register;
use crate::device::pic::Which;
use crate::ports;
use crate::{End, Pc, PcConfig};
use v8086::{General, SegmentRegister};

/// KiB of conventional memory below the extended BIOS data area.
pub(super) const BASE_MEMORY_KIB: u16 = 639;
/// Segment of the extended BIOS data area, 1 KiB below 640 KiB.
pub(super) const EBDA: u16 = 0x9FC0;
/// Offset of the first hard disk's parameter table in the extended BIOS data area.
const DISK_PARAMETERS: u16 = 0x3D;

const DISK_PARAMETERS_SIZE: u8 = 16;

/// Where the CMOS describes a hard disk.
struct CmosDisk {
    kind: u8,
    parameters: u8,
}

const CMOS_DISK_C: CmosDisk = CmosDisk { kind: 0x19, parameters: 0x1B };
const CMOS_DISK_D: CmosDisk = CmosDisk { kind: 0x1A, parameters: 0x24 };

/// In the equipment: 80 × 25 in colour. In the CMOS, where a display with a BIOS of its own is none of the BIOS's
/// business, it is left out.
const EQUIPMENT_DISPLAY: u8 = 0x30;

/// Vectors of the two interrupt controllers' first inputs.
const MASTER_VECTORS: u8 = 0x08;
const SLAVE_VECTORS: u8 = 0x70;
/// Timer, keyboard, cascade and floppy are open; COM1 and the clock are for their users to open.
const MASTER_MASK: u8 = 0xB8;
const SLAVE_MASK: u8 = 0x8F;

/// Equipment: floppy present, coprocessor, PS/2 mouse, 80×25 colour, two serial ports, one printer.
const EQUIPMENT_FLOPPY: u16 = 0x0001;
const EQUIPMENT_WORD: u16 = 0x4426;

impl Pc {
    /// Switches the PC on, or resets it: devices, interrupt table, data areas, screen and registers stand as a BIOS
    /// leaves them before it boots. Guest memory below 640 KiB is not cleared but for the BIOS's areas, and the ROM
    /// is the caller's to map; see [`crate::write_rom`].
    ///
    /// Time goes on: `context.now` must not be earlier than any time that this PC has seen.
    pub fn power_on(&mut self, config: PcConfig, context: &mut Context<'_>) {
        self.config = config;
        self.end = None::<End>;
        self.devices = Devices::new(config.unix_time);
        self.devices.advance(context.now);
        self.bios = Bios::new();
        self.bios.drives = DriveTable::detect(context.disks);
        write_vectors(context);
        self.write_data_area(context);
        self.write_disk_parameters(context);
        self.write_cmos(context);
        self.start_devices(context);
        super::int10_video::set_mode(self, context, 0x03);
        *context.registers() = General::default();
        for register in [
            SegmentRegister::Es,
            SegmentRegister::Ss,
            SegmentRegister::Ds,
            SegmentRegister::Fs,
            SegmentRegister::Gs,
        ] {
            context.cpu.set_segment(register, 0);
        }
    }

    fn write_data_area(&mut self, context: &mut Context<'_>) {
        let memory = &mut *context.memory;
        memory.write(COM_PORTS, &[0; (END - COM_PORTS) as usize]);
        memory.write_u16(COM_PORTS, ports::COM1);
        memory.write_u16(COM_PORTS + 2, ports::COM2);
        memory.write_u16(LPT_PORTS, ports::LPT1_DATA);
        memory.write_u16(EBDA_SEGMENT, EBDA);
        memory.write_u16(EQUIPMENT, self.equipment());
        memory.write_u16(BASE_MEMORY, BASE_MEMORY_KIB);
        for address in [KEY_HEAD, KEY_TAIL, KEY_BUFFER_FIRST] {
            memory.write_u16(address, KEY_BUFFER);
        }
        memory.write_u16(KEY_BUFFER_LAST, KEY_BUFFER_END);
        // No retries, as the tables of the disks have it.
        memory.write_u8(DISK_CONTROL, 0xC0);
        memory.write_u8(DISK_COUNT, self.bios.drives.hard_disks());
        memory.write_u8(LPT_TIMEOUTS, 0x14);
        memory.write_u16(COM_TIMEOUTS, 0x0A0A);
        memory.write_u8(FLOPPY_CAPABILITIES, 0x07);
        if self.bios.drives.floppies() > 0 {
            // The heads have been at track 0; the medium is known, at 500 kbit/s.
            memory.write_u8(FLOPPY_RECALIBRATED, 0x01);
            memory.write_u8(FLOPPY_MEDIUM, 0x17);
        }
        memory.write_u8(VIDEO_SWITCHES, 0xF9);
        memory.write_u8(VIDEO_FLAGS, 0x51);
        memory.write_u8(DISPLAY_COMBINATION, 0x08);
        // A 101-key keyboard.
        memory.write_u8(KEYBOARD_STATE, 0x10);
        memory.write_u32(TICKS, int1a_clock::ticks_of_day(self.devices.cmos.time(context.now)));
        memory.write(u32::from(EBDA) * 16, &[0; 1024]);
        memory.write_u8(u32::from(EBDA) * 16, 1);
    }

    fn equipment(&self) -> u16 {
        match self.bios.drives.floppies() {
            0 => EQUIPMENT_WORD,
            count => EQUIPMENT_WORD | EQUIPMENT_FLOPPY | u16::from(count - 1) << 6,
        }
    }

    /// The tables that INT 41h and INT 46h point to, for the first two hard disks, and what the CMOS says of these.
    fn write_disk_parameters(&mut self, context: &mut Context<'_>) {
        for (index, vector, disk) in [(0, 0x41, CMOS_DISK_C), (1, 0x46, CMOS_DISK_D)] {
            let offset = DISK_PARAMETERS + index * u16::from(DISK_PARAMETERS_SIZE);
            context.memory.write_u16(vector * 4, offset);
            context.memory.write_u16(vector * 4 + 2, EBDA);
            let Some(drive) = self.bios.drives.get(0x80 + index as u8) else { continue };
            let [low, high] = drive.geometry.cylinders.to_le_bytes();
            let Geometry { heads, sectors, .. } = drive.geometry;
            // No write precompensation; no retries, and more than eight heads; the heads land behind the last cylinder.
            let control = 0xC0 | if heads > 8 { 0x08 } else { 0 };
            let table = [low, high, heads, 0, 0, 0xFF, 0xFF, 0, control, 0, 0, 0, low, high, sectors, 0];
            context.memory.write(u32::from(EBDA) * 16 + u32::from(offset), &table);
            // A type of the user's own, in four bits and then in eight; the table again, without what is empty there.
            let cmos = &mut self.devices.cmos;
            let types = cmos.get(register::DISK_TYPES, context.now);
            cmos.set(register::DISK_TYPES, types | 0xF0 >> (4 * index), context.now);
            cmos.set(disk.kind, 0x2F, context.now);
            let parameters = [low, high, heads, 0xFF, 0xFF, control, low, high, sectors];
            for (address, value) in (disk.parameters..).zip(parameters) {
                cmos.set(address, value, context.now);
            }
        }
    }

    fn write_cmos(&mut self, context: &mut Context<'_>) {
        let floppy_type = |number: u8| {
            let drive = self.bios.drives.get(number);
            drive.and_then(|drive| drives::floppy_format(drive.sectors)).map_or(0, |format| format.drive_type)
        };
        let floppies = floppy_type(0) << 4 | floppy_type(1);
        let equipment = self.equipment() as u8 & !EQUIPMENT_DISPLAY;
        // The word counts KiB up to 64 MiB; what lies above 16 MiB is counted again in 64-KiB units.
        let extended = self.config.extended_kib.min(0xFFFF) as u16;
        let above_16m = (self.config.extended_kib.saturating_sub(15 * 1024) / 64).min(0xFFFF) as u16;
        let cmos = &mut self.devices.cmos;
        cmos.set(register::FLOPPY_TYPES, floppies, context.now);
        cmos.set(register::EQUIPMENT, equipment, context.now);
        cmos.set_word(register::BASE_MEMORY, 640);
        cmos.set_word(register::EXTENDED_MEMORY, extended);
        cmos.set_word(register::EXTENDED_MEMORY_FOUND, extended);
        cmos.set_word(register::MEMORY_ABOVE_16M, above_16m);
        cmos.seal();
    }

    fn start_devices(&mut self, context: &mut Context<'_>) {
        let now = context.now;
        for (which, vectors, wiring, mask) in [
            (Which::Master, MASTER_VECTORS, 0x04, MASTER_MASK),
            (Which::Slave, SLAVE_VECTORS, 0x02, SLAVE_MASK),
        ] {
            // Edges, both controllers, 8086 mode.
            self.devices.pics.write_command(which, 0x11);
            for word in [vectors, wiring, 0x01, mask] {
                self.devices.pics.write_data(which, word);
            }
        }
        // Counter 0: square wave, 18.2 Hz. Counter 1: the refresh. Counter 2: as the speaker wants it, silent.
        for (control, channel, count) in [(0x36, 0, 0x0000_u16), (0x74, 1, 0x0012), (0xB6, 2, 0x0528)] {
            self.devices.pit.write_control(control, now);
            for byte in count.to_le_bytes() {
                self.devices.pit.write(channel, byte, now);
            }
        }
        self.devices.settle();
    }
}

fn write_vectors(context: &mut Context<'_>) {
    for vector in 0..=255 {
        let target = rom::vector_target(vector);
        let entry = u32::from(target.segment) << 16 | u32::from(target.offset);
        context.memory.write_u32(u32::from(vector) * 4, entry);
    }
}
