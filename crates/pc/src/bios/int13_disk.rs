//! INT 13h: disks by cylinder, head and sector. A whole transfer is one exit.

use super::data_area::{FLOPPY_MOTORS, FLOPPY_STATUS, MOTOR_TICKS};
use super::drives::{self, Drive, Geometry};
use super::{Context, int13_extended, rom};
use crate::{Pc, SECTOR_SIZE, WriteError};
use v8086::{FarPointer, General, SegmentRegister};

/// BIOS disk status, as AH returns it.
pub(super) mod status {
    pub const OK: u8 = 0x00;
    pub const INVALID: u8 = 0x01;
    pub const WRITE_PROTECTED: u8 = 0x03;
    pub const SECTOR_NOT_FOUND: u8 = 0x04;
    pub const DISK_CHANGED: u8 = 0x06;
    pub const DMA_BOUNDARY: u8 = 0x09;
    pub const BAD_MEDIUM: u8 = 0x0C;
    pub const CONTROLLER_FAILED: u8 = 0x20;
    pub const NO_DRIVE: u8 = 0x80;
    pub const NOT_REMOVABLE: u8 = 0xB2;
}

/// What a transfer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transfer {
    Read,
    Write,
    Verify,
}

/// A failed transfer: how many sectors were done before, and why it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub done: u32,
    pub status: u8,
}

/// The most sectors that a call may move: 64 KiB.
const MOST_SECTORS: u8 = 128;

pub(super) fn service(pc: &mut Pc, context: &mut Context<'_>) {
    let general = *context.registers();
    let number = general.dl();
    let drive = pc.bios.drives.get(number);
    if drive.is_some_and(|drive| drive.is_floppy()) && matches!(general.ah(), 0x02..=0x05) {
        start_motor(pc, context, number);
    }
    match (general.ah(), drive) {
        (0x01, _) => {
            let last = context.memory.read_u8(drives::status_address(number));
            context.registers().set_ah(last);
            context.set_carry(last != status::OK);
        }
        // Reset: of floppies, whether there or not; a disk must be there.
        (0x00, _) if number < 0x80 => finish(context, number, status::OK),
        (0x08, _) => parameters(pc, context, number),
        (0x15, None) if number < 0x80 => {
            // No such floppy drive: no error, type 0.
            context.registers().set_ah(0);
            context.set_carry(false);
        }
        (0x41..=0x4F, Some(drive)) if !drive.is_floppy() => int13_extended::service(pc, context, drive),
        (0x41..=0x4F, _) => finish(context, number, status::INVALID),
        (function, None) => {
            if !is_known(function) {
                pc.refuse(context, 0x13);
            }
            finish(context, number, absent(number));
            if number < 0x80 && matches!(function, 0x02..=0x04) {
                context.registers().set_al(0);
            }
        }
        (0x02..=0x05, Some(_)) if take_change(pc, number) => finish(context, number, status::DISK_CHANGED),
        (0x02, Some(drive)) => transfer(context, &general, drive, Transfer::Read),
        (0x03, Some(drive)) => transfer(context, &general, drive, Transfer::Write),
        (0x04, Some(drive)) => transfer(context, &general, drive, Transfer::Verify),
        (0x05, Some(drive)) => format_track(context, &general, drive),
        (0x15, Some(drive)) => drive_type(context, drive),
        // The change line.
        (0x16, Some(drive)) if drive.is_floppy() => {
            let changed = pc.bios.exchanged[usize::from(number)];
            finish(context, number, if changed { status::DISK_CHANGED } else { status::OK });
        }
        // Set the type for formatting; both are accepted for what the disk is.
        (0x17 | 0x18, Some(drive)) if drive.is_floppy() => set_format_type(context, &general, drive),
        // Initialise, seek, alternate reset, ready, recalibrate, diagnose: the disk is always there and ready.
        (0x00 | 0x09 | 0x0C | 0x0D | 0x10 | 0x11 | 0x14, Some(drive)) if !drive.is_floppy() => {
            finish(context, number, status::OK);
        }
        _ => {
            pc.refuse(context, 0x13);
            finish(context, number, status::INVALID);
        }
    }
}

/// A floppy drive is about to be used: its motor runs until INT 8 has counted the ticks down.
fn start_motor(pc: &mut Pc, context: &mut Context<'_>, number: u8) {
    /// As the table has it that INT 1Eh points to.
    const MOTOR_OFF_AFTER: u8 = 37;
    context.memory.write_u8(MOTOR_TICKS, MOTOR_OFF_AFTER);
    context.memory.write_u8(FLOPPY_MOTORS, 1 << number);
    // Reset and DMA stay as a BIOS has them: no reset, with DMA.
    pc.devices.floppy_output = 0x0C | 0x10 << number | number;
}

/// Whether some drive has the function.
const fn is_known(function: u8) -> bool {
    matches!(function, 0x00..=0x05 | 0x08 | 0x09 | 0x0C | 0x0D | 0x10 | 0x11 | 0x14..=0x18)
}

/// The status for a drive that is not there: a floppy never gets ready, a hard disk's number is wrong.
const fn absent(number: u8) -> u8 {
    if number < 0x80 { status::NO_DRIVE } else { status::INVALID }
}

/// Returns `code` in AH, in the data area and as carry.
pub(super) fn finish(context: &mut Context<'_>, number: u8, code: u8) {
    drives::store_status(context.memory, number, code);
    context.registers().set_ah(code);
    context.set_carry(code != status::OK);
}

/// Whether the disk was exchanged; the transfer that notices makes the change line inactive.
fn take_change(pc: &mut Pc, number: u8) -> bool {
    pc.bios.exchanged.get_mut(usize::from(number)).is_some_and(core::mem::take)
}

fn transfer(context: &mut Context<'_>, general: &General, drive: Drive, kind: Transfer) {
    let outcome = chs_transfer(context, general, drive, kind);
    let (done, code) = match outcome {
        Ok(()) => (general.al(), status::OK),
        // A hard disk that was not even asked leaves AL as it is.
        Err(Failure { done: 0, status: status::INVALID }) if !drive.is_floppy() => {
            (general.al(), status::INVALID)
        }
        Err(failure) => (failure.done as u8, failure.status),
    };
    finish(context, drive.number, code);
    context.registers().set_al(done);
}

fn chs_transfer(
    context: &mut Context<'_>,
    general: &General,
    drive: Drive,
    kind: Transfer,
) -> Result<(), Failure> {
    let refused = |status| Err(Failure { done: 0, status });
    let count = general.al();
    if count == 0 || count > MOST_SECTORS {
        return refused(status::INVALID);
    }
    let (cylinder, sector) = cylinder_and_sector(general);
    if sector == 0 || drive.is_floppy() && general.dh() > 1 {
        return refused(status::INVALID);
    }
    let Some(first) = drive.geometry.lba(cylinder, general.dh(), sector) else {
        return refused(if drive.is_floppy() { status::SECTOR_NOT_FOUND } else { status::INVALID });
    };
    let buffer = context.es(general.bx());
    if drive.is_floppy() && kind != Transfer::Verify && crosses_dma_page(buffer, count) {
        return refused(status::DMA_BOUNDARY);
    }
    move_sectors(context, drive, u64::from(first), u32::from(count), buffer, kind)
}

/// Bits 7:6 of CL are bits 9:8 of the cylinder.
fn cylinder_and_sector(general: &General) -> (u16, u8) {
    let cylinder = u16::from(general.ch()) | u16::from(general.cl() & 0xC0) << 2;
    (cylinder, general.cl() & 0x3F)
}

/// The floppy's DMA channel can't count from one 64-KiB page into the next.
fn crosses_dma_page(buffer: FarPointer, count: u8) -> bool {
    let first = buffer.linear();
    let last = first + u32::from(count) * SECTOR_SIZE as u32 - 1;
    first >> 16 != last >> 16
}

/// Moves `count` sectors from `first` on; `buffer` grows through segments, as a BIOS that normalises it has it.
pub(super) fn move_sectors(
    context: &mut Context<'_>,
    drive: Drive,
    first: u64,
    count: u32,
    buffer: FarPointer,
    kind: Transfer,
) -> Result<(), Failure> {
    let inside = u64::from(drive.sectors).saturating_sub(first).min(u64::from(count)) as u32;
    let disk = context.disks.disk(drive.number).ok_or(Failure { done: 0, status: status::NO_DRIVE })?;
    let mut done = 0;
    while done < inside {
        // Below the drive's size, so it fits.
        let lba = first as u32 + done;
        let address = buffer.linear() + done * SECTOR_SIZE as u32;
        done += match kind {
            Transfer::Verify => inside,
            Transfer::Read => {
                let run = disk.read(lba, inside - done).unwrap_or(&[0; SECTOR_SIZE]);
                context.memory.write(address, run);
                (run.len() / SECTOR_SIZE) as u32
            }
            Transfer::Write => {
                let mut sector = [0; SECTOR_SIZE];
                context.memory.read(address, &mut sector);
                disk.write(lba, &sector).map_err(|error| Failure { done, status: refusal(error) })?;
                1
            }
        };
    }
    if inside == count {
        return Ok(());
    }
    let status = match (drive.is_floppy(), inside) {
        (true, _) => status::SECTOR_NOT_FOUND,
        (false, 0) => status::INVALID,
        (false, _) => status::BAD_MEDIUM,
    };
    Err(Failure { done: inside, status })
}

const fn refusal(error: WriteError) -> u8 {
    match error {
        WriteError::Protected => status::WRITE_PROTECTED,
        WriteError::Failed => status::CONTROLLER_FAILED,
    }
}

/// AH=05h. The sectors of a track get the fill byte of a fresh floppy; a hard disk keeps its data, as IDE disks do.
fn format_track(context: &mut Context<'_>, general: &General, drive: Drive) {
    let (cylinder, _) = cylinder_and_sector(general);
    let Some(first) = drive.geometry.lba(cylinder, general.dh(), 1) else {
        return finish(context, drive.number, status::SECTOR_NOT_FOUND);
    };
    let mut code = status::OK;
    if drive.is_floppy()
        && let Some(disk) = context.disks.disk(drive.number)
    {
        for sector in 0..u32::from(drive.geometry.sectors) {
            if let Err(error) = disk.write(first + sector, &[0xF6; SECTOR_SIZE]) {
                code = refusal(error);
            }
        }
    }
    finish(context, drive.number, code);
}

/// AH=08h: the geometry of a drive and how many there are.
fn parameters(pc: &Pc, context: &mut Context<'_>, number: u8) {
    let table = &pc.bios.drives;
    let floppy = number < 0x80;
    let count = if floppy { table.floppies() } else { table.hard_disks() };
    let Some(drive) = table.get(number) else {
        if floppy {
            // An absent floppy drive has type 0 and no parameters, which is not an error.
            let registers = context.registers();
            registers.set_ax(0);
            registers.set_bx(0);
            registers.set_cx(0);
            registers.set_dx(u16::from(count));
            registers.set_di(rom::FLOPPY_PARAMETERS.offset);
            context.cpu.set_segment(SegmentRegister::Es, rom::FLOPPY_PARAMETERS.segment);
            context.memory.write_u8(FLOPPY_STATUS, status::OK);
            context.set_carry(false);
        } else {
            finish(context, number, absent(number));
        }
        return;
    };
    let geometry = drive.geometry;
    let [cylinder_low, cylinder_high] = (geometry.cylinders - 1).to_le_bytes();
    let registers = context.registers();
    registers.set_al(0);
    registers.set_ch(cylinder_low);
    registers.set_cl(geometry.sectors | cylinder_high << 6);
    registers.set_dh(geometry.heads - 1);
    registers.set_dl(count);
    if floppy {
        let drive_type = drives::floppy_format(drive.sectors).map_or(0, |format| format.drive_type);
        registers.set_bx(u16::from(drive_type));
        registers.set_di(rom::FLOPPY_PARAMETERS.offset);
        context.cpu.set_segment(SegmentRegister::Es, rom::FLOPPY_PARAMETERS.segment);
    }
    finish(context, number, status::OK);
}

/// AH=15h: 1 = floppy without change line, 2 = with one, 3 = hard disk with its sectors in CX:DX.
fn drive_type(context: &mut Context<'_>, drive: Drive) {
    let exchangeable = context.disks.disk(drive.number).is_some_and(|disk| disk.is_exchangeable());
    let kind = match (drive.is_floppy(), exchangeable) {
        (false, _) => 3,
        (true, true) => 2,
        (true, false) => 1,
    };
    context.registers().set_ah(kind);
    if !drive.is_floppy() {
        // The last cylinder is for diagnostics, and not counted.
        let Geometry { cylinders, heads, sectors } = drive.geometry;
        let sectors = u32::from(cylinders - 1) * u32::from(heads) * u32::from(sectors);
        context.registers().set_cx((sectors >> 16) as u16);
        context.registers().set_dx(sectors as u16);
    }
    drives::store_status(context.memory, drive.number, status::OK);
    context.set_carry(false);
}

/// AH=17h and 18h; 18h also returns the parameter table, if the format is the drive's own.
fn set_format_type(context: &mut Context<'_>, general: &General, drive: Drive) {
    if general.ah() == 0x18 {
        let (last_cylinder, sectors) = cylinder_and_sector(general);
        if (last_cylinder + 1, sectors) != (drive.geometry.cylinders, drive.geometry.sectors) {
            return finish(context, drive.number, status::BAD_MEDIUM);
        }
        context.registers().set_di(rom::FLOPPY_PARAMETERS.offset);
        context.cpu.set_segment(SegmentRegister::Es, rom::FLOPPY_PARAMETERS.segment);
    }
    finish(context, drive.number, status::OK);
}

#[cfg(test)]
#[path = "int13_tests.rs"]
mod tests;
