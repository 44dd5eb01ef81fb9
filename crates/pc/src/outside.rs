//! What the PC needs from whoever runs it: disks behind its drives, somewhere for its serial bytes and its log.

use core::fmt;

use crate::Geometry;

/// Bytes in a sector, on every drive of this PC.
pub const SECTOR_SIZE: usize = 512;

/// Why a sector could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// The medium is write-protected.
    Protected,
    /// The private copy is full, or the medium failed.
    Failed,
}

/// A disk behind a drive: a row of 512-byte sectors.
pub trait Disk {
    /// Sectors that the image holds, a last incomplete one included.
    fn sector_count(&self) -> u32;

    /// The geometry of a hard disk, where its partition table or boot sector tells it; `None` leaves it to the size.
    fn geometry(&self) -> Option<Geometry> {
        None
    }

    /// Sectors from `lba` on: as many of `count`, at least one, as lie in one piece. `None`: the sector `lba` is all
    /// zeros, such as one inside the drive's geometry but beyond the image.
    fn read(&mut self, lba: u32, count: u32) -> Option<&[u8]>;

    /// Stores the sector `lba`, which lies inside the drive's geometry but perhaps beyond the image.
    ///
    /// # Errors
    /// [`WriteError`], which the guest sees as the BIOS status of the same meaning.
    fn write(&mut self, lba: u32, sector: &[u8; SECTOR_SIZE]) -> Result<(), WriteError>;

    /// Whether another disk may take its place: see [`crate::Pc::exchange_floppy`].
    fn is_exchangeable(&self) -> bool {
        false
    }
}

/// The disks of a PC by BIOS drive number.
pub trait Disks {
    /// The disk in drive `number` (00h and 01h floppies, 80h to 83h hard disks), if there is one.
    fn disk(&mut self, number: u8) -> Option<&mut dyn Disk>;
}

/// No drive holds a disk.
pub struct NoDisks;

impl Disks for NoDisks {
    fn disk(&mut self, _number: u8) -> Option<&mut dyn Disk> {
        None
    }
}

/// Where a PC's output goes.
pub trait Host {
    /// A byte that the guest sent over COM1.
    fn serial(&mut self, byte: u8);
    /// Bytes that the guest sent to COM1, in order.
    fn serial_all(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.serial(byte));
    }

    /// One line of the log, without a line end.
    fn log(&mut self, line: fmt::Arguments<'_>);
}
