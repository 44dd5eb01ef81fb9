//! INT 13h, AH=41h to 48h: hard disks by sector number.
//!
//! "BIOS Enhanced Disk Drive Specification" 1.1.

use super::Context;
use super::drives::Drive;
use super::int13_disk::{Transfer, finish, move_sectors, status};
use crate::{Pc, SECTOR_SIZE};
use v8086::{FarPointer, General};

/// A packet without the flat 64-bit buffer address.
const PACKET_SIZE: u8 = 16;
/// The result buffer of version 1.x, and of later ones: a far pointer to how the controller is wired comes behind.
const PARAMETERS_SIZE: u16 = 26;
const LONG_PARAMETERS_SIZE: u16 = 30;

pub(super) fn service(pc: &mut Pc, context: &mut Context<'_>, drive: Drive) {
    let general = *context.registers();
    match general.ah() {
        0x41 if general.bx() == 0x55AA => {
            // Version 3.0; packets, the calls of removable media, and the parameters of version 2.
            finish(context, drive.number, status::OK);
            let registers = context.registers();
            registers.set_ah(0x30);
            registers.set_bx(0xAA55);
            registers.set_cx(0x0007);
        }
        0x42 => transfer(context, &general, drive, Transfer::Read),
        0x43 => transfer(context, &general, drive, Transfer::Write),
        0x44 => transfer(context, &general, drive, Transfer::Verify),
        // Lock and unlock, change line: of a disk that stays. Seek: there is nothing to move.
        0x45 | 0x47 | 0x49 => finish(context, drive.number, status::OK),
        0x46 => finish(context, drive.number, status::NOT_REMOVABLE),
        0x48 => parameters(context, &general, drive),
        // Prefetch and DMA off, and PIO as it is: so it is.
        0x4E if matches!(general.al(), 0x01 | 0x03 | 0x04 | 0x06) => {
            finish(context, drive.number, status::OK)
        }
        _ => {
            pc.refuse(context, 0x13);
            finish(context, drive.number, status::INVALID);
        }
    }
}

/// AH=42h to 44h: the packet at DS:SI. Its sector count becomes the number of sectors done.
fn transfer(context: &mut Context<'_>, general: &General, drive: Drive, kind: Transfer) {
    let packet = context.ds(general.si()).linear();
    let count = context.memory.read_u16(packet + 2);
    if context.memory.read_u8(packet) < PACKET_SIZE || count == 0 {
        return finish(context, drive.number, status::INVALID);
    }
    let buffer = FarPointer::new(context.memory.read_u16(packet + 6), context.memory.read_u16(packet + 4));
    let first = u64::from(context.memory.read_u32(packet + 8))
        | u64::from(context.memory.read_u32(packet + 12)) << 32;
    match move_sectors(context, drive, first, u32::from(count), buffer, kind) {
        Ok(()) => finish(context, drive.number, status::OK),
        Err(failure) => {
            context.memory.write_u16(packet + 2, failure.done as u16);
            finish(context, drive.number, failure.status);
        }
    }
}

/// AH=48h: the drive's size and geometry at DS:SI.
fn parameters(context: &mut Context<'_>, general: &General, drive: Drive) {
    let buffer = context.ds(general.si()).linear();
    let size = match context.memory.read_u16(buffer) {
        0..PARAMETERS_SIZE => return finish(context, drive.number, status::INVALID),
        PARAMETERS_SIZE..LONG_PARAMETERS_SIZE => PARAMETERS_SIZE,
        _ => {
            // There is no controller to describe.
            context.memory.write_u32(buffer + 26, 0xFFFF_FFFF);
            LONG_PARAMETERS_SIZE
        }
    };
    let geometry = drive.geometry;
    context.memory.write_u16(buffer, size);
    // The geometry below is valid.
    context.memory.write_u16(buffer + 2, 0x0002);
    context.memory.write_u32(buffer + 4, u32::from(geometry.cylinders));
    context.memory.write_u32(buffer + 8, u32::from(geometry.heads));
    context.memory.write_u32(buffer + 12, u32::from(geometry.sectors));
    context.memory.write_u32(buffer + 16, drive.sectors);
    context.memory.write_u32(buffer + 20, 0);
    context.memory.write_u16(buffer + 24, SECTOR_SIZE as u16);
    finish(context, drive.number, status::OK);
}
