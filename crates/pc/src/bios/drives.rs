//! Drives by BIOS number, and the geometry that the BIOS gives each.

use super::data_area;
use crate::{Disk, Disks};
use v8086::GuestMemory;

/// Cylinders, heads and sectors of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// 1 to 1024.
    pub cylinders: u16,
    /// 1 to 255.
    pub heads: u8,
    /// Sectors in a track, 1 to 63.
    pub sectors: u8,
}

/// A floppy format: its geometry and the drive type that INT 13h, AH=08h and the CMOS give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FloppyFormat {
    pub geometry: Geometry,
    pub drive_type: u8,
}

const fn floppy(cylinders: u16, heads: u8, sectors: u8, drive_type: u8) -> FloppyFormat {
    FloppyFormat { geometry: Geometry { cylinders, heads, sectors }, drive_type }
}

/// The standard formats, smallest first: 160, 180, 320, 360, 720 KiB, 1.2, 1.44, 2.88 MiB.
const FLOPPY_FORMATS: [FloppyFormat; 8] = [
    floppy(40, 1, 8, 1),
    floppy(40, 1, 9, 1),
    floppy(40, 2, 8, 1),
    floppy(40, 2, 9, 1),
    floppy(80, 2, 9, 3),
    floppy(80, 2, 15, 2),
    floppy(80, 2, 18, 4),
    floppy(80, 2, 36, 5),
];

/// Sectors of the largest floppy format; a larger image is a hard disk.
const LARGEST_FLOPPY: u32 = 5760;
/// Cylinders that INT 13h can name.
const MAX_CYLINDERS: u32 = 1024;

impl Geometry {
    /// Sectors in all.
    pub const fn sector_count(self) -> u32 {
        self.cylinders as u32 * self.heads as u32 * self.sectors as u32
    }

    /// The standard floppy geometry for an image of `sectors`, or the smallest that holds it; `None` if it is too
    /// large for a floppy.
    pub fn of_floppy(sectors: u32) -> Option<Self> {
        floppy_format(sectors).map(|format| format.geometry)
    }

    /// The geometry of a hard disk of `sectors` of which nothing else is known: 63 sectors a track and as many heads
    /// as 1024 cylinders need, 16 at least.
    pub fn of_hard_disk(sectors: u32) -> Self {
        let heads =
            [16, 32, 64, 128].into_iter().find(|&heads| sectors <= MAX_CYLINDERS * u32::from(heads) * 63);
        let heads = heads.unwrap_or(255);
        let cylinders = (sectors / (u32::from(heads) * 63)).clamp(1, MAX_CYLINDERS) as u16;
        Self { cylinders, heads, sectors: 63 }
    }

    /// The sector number of a place, `None` if there is no such place.
    pub fn lba(self, cylinder: u16, head: u8, sector: u8) -> Option<u32> {
        let inside = cylinder < self.cylinders && head < self.heads && (1..=self.sectors).contains(&sector);
        let track = u32::from(cylinder) * u32::from(self.heads) + u32::from(head);
        inside.then(|| track * u32::from(self.sectors) + u32::from(sector) - 1)
    }
}

pub(super) fn floppy_format(sectors: u32) -> Option<&'static FloppyFormat> {
    FLOPPY_FORMATS.iter().find(|format| sectors <= format.geometry.sector_count())
}

/// A drive that holds a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Drive {
    pub number: u8,
    pub geometry: Geometry,
    /// Sectors that the image holds, or the whole format of a floppy.
    pub sectors: u32,
}

impl Drive {
    pub const fn is_floppy(self) -> bool {
        self.number < 0x80
    }
}

/// BIOS numbers of the drives that a PC may have.
const NUMBERS: [u8; 6] = [0x00, 0x01, 0x80, 0x81, 0x82, 0x83];

/// The drives as the BIOS found them at power-on.
#[derive(Clone)]
pub(super) struct DriveTable {
    drives: [Option<Drive>; NUMBERS.len()],
}

impl DriveTable {
    pub const fn new() -> Self {
        Self { drives: [None; NUMBERS.len()] }
    }

    /// Looks which drives hold disks.
    pub fn detect(disks: &mut dyn Disks) -> Self {
        Self { drives: NUMBERS.map(|number| disks.disk(number).and_then(|disk| drive(number, disk))) }
    }

    /// Looks again at the disk in one drive.
    pub fn look_again(&mut self, number: u8, disks: &mut dyn Disks) {
        for (entry, known) in self.drives.iter_mut().zip(NUMBERS) {
            if known == number {
                *entry = disks.disk(number).and_then(|disk| drive(number, disk));
            }
        }
    }

    pub fn get(&self, number: u8) -> Option<Drive> {
        self.drives.iter().flatten().find(|drive| drive.number == number).copied()
    }

    pub fn floppies(&self) -> u8 {
        self.drives.iter().flatten().filter(|drive| drive.is_floppy()).count() as u8
    }

    pub fn hard_disks(&self) -> u8 {
        self.drives.iter().flatten().filter(|drive| !drive.is_floppy()).count() as u8
    }
}

fn drive(number: u8, disk: &mut dyn Disk) -> Option<Drive> {
    let sectors = disk.sector_count();
    if number < 0x80 {
        let geometry = Geometry::of_floppy(sectors)?;
        Some(Drive { number, geometry, sectors: geometry.sector_count() })
    } else {
        let geometry = disk.geometry().unwrap_or_else(|| Geometry::of_hard_disk(sectors));
        Some(Drive { number, geometry, sectors })
    }
}

/// The BIOS number of the drive for an image of `sectors`: floppy up to 2.88 MB, else hard disk.
pub const fn drive_number(sectors: u32) -> u8 {
    if sectors <= LARGEST_FLOPPY { 0x00 } else { 0x80 }
}

/// Where the data area keeps the status of the last operation of drive `number`.
pub(super) fn status_address(number: u8) -> u32 {
    if number < 0x80 { data_area::FLOPPY_STATUS } else { data_area::DISK_STATUS }
}

/// Stores the status of an operation.
pub(super) fn store_status(memory: &mut dyn GuestMemory, number: u8, status: u8) {
    memory.write_u8(status_address(number), status);
}

#[cfg(test)]
#[path = "drives_tests.rs"]
mod tests;
