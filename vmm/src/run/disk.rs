//! The guest's disks: the chunks that the boot image brought, zeros elsewhere, and a private copy of each chunk that
//! the guest writes. What the guest wrote goes back to the host tool at the end, if the job says so.

use pc::{Disk, Disks, SECTOR_SIZE, WriteError};
use wire::{CHUNK_SECTORS, DiskImage, LETTERBOX_SECTORS, Load, MAX_DISKS, Record, RunJob};

use crate::cpu::letterbox::{Letterbox, NoDisk};
use crate::memory::{Frames, OutOfMemory, PAGE_BYTES};
use crate::report::Reporter;

/// Bytes in a chunk.
const CHUNK_BYTES: usize = CHUNK_SECTORS as usize * SECTOR_SIZE;

/// Where a chunk is.
enum Slot {
    /// Nowhere: it is all zeros.
    Zero,
    /// In the module, as it was brought.
    Original(&'static [u8]),
    /// In memory of its own, since the guest wrote to it; behind the bytes a mark for each sector that it wrote.
    Copied(&'static mut [u8]),
}

/// What a private copy of a chunk takes.
const COPY_BYTES: usize = CHUNK_BYTES + CHUNK_SECTORS as usize;

/// A disk, in its drive or out of it.
struct Medium {
    drive: u8,
    inserted: bool,
    write_protected: bool,
    handed_back: bool,
    sectors: u32,
    geometry: wire::Geometry,
    slots: &'static mut [Slot],
}

/// The disks of a run. As a [`Disk`] it is the one that was asked for last.
pub struct ModuleDisks {
    media: &'static mut [Medium],
    asked: usize,
    frames: Frames,
    /// Whether a person may bring more floppies.
    letterbox: bool,
}

/// A floppy cannot be loaded: the disk that it lies on does not answer, or there is no memory or no place for it.
pub struct NotLoaded;

impl ModuleDisks {
    /// The disks that the job describes, their chunks in `module` one after the other.
    ///
    /// # Errors
    /// [`OutOfMemory`]
    pub fn new(job: &RunJob, mut module: &'static [u8], mut frames: Frames) -> Result<Self, OutOfMemory> {
        let media = frames.take_slice(MAX_DISKS, Medium::none)?;
        for (index, image) in job.disks.iter().take(MAX_DISKS).enumerate() {
            let slots = frames.take_slice(image.sectors.div_ceil(CHUNK_SECTORS) as usize, || Slot::Zero)?;
            for chunk in image.chunks.iter() {
                let before = u32::from(chunk.0) * CHUNK_SECTORS;
                let sectors = image.sectors.saturating_sub(before).min(CHUNK_SECTORS);
                let (bytes, rest) =
                    module.split_at_checked(sectors as usize * SECTOR_SIZE).unwrap_or_default();
                module = rest;
                if let Some(slot) = slots.get_mut(usize::from(chunk.0)) {
                    *slot = Slot::Original(bytes);
                }
            }
            let DiskImage { drive, write_protected, handed_back, geometry, sectors, .. } = image;
            let inserted = media[..index].iter().all(|other| other.drive != drive);
            media[index] = Medium { drive, inserted, write_protected, handed_back, sectors, geometry, slots };
        }
        Ok(Self { media, asked: 0, frames, letterbox: job.letterbox })
    }

    /// Takes a floppy out of the letterbox; it lies beside its drive then.
    ///
    /// # Errors
    /// [`NotLoaded`]
    pub fn load(&mut self, load: Load) -> Result<(), NotLoaded> {
        let Load { disk, drive, write_protected, handed_back, geometry, sectors } = load;
        let place = self.media.get(usize::from(disk)).filter(|medium| medium.slots.is_empty()).is_some();
        if !place || !self.letterbox || sectors > LETTERBOX_SECTORS {
            return Err(NotLoaded);
        }
        let letterbox = Letterbox::find().map_err(|NoDisk| NotLoaded)?;
        let count = sectors.div_ceil(CHUNK_SECTORS) as usize;
        let slots = self.frames.take_slice(count, || Slot::Zero).map_err(|_| NotLoaded)?;
        for (first, slot) in (0..).step_by(CHUNK_SECTORS as usize).zip(slots.iter_mut()) {
            let length = (sectors - first).min(CHUNK_SECTORS) as usize * SECTOR_SIZE;
            let chunk = self.frames.take_bytes(length, PAGE_BYTES).map_err(|_| NotLoaded)?;
            for (number, sector) in (first..).zip(chunk.as_chunks_mut().0) {
                letterbox.read(number, sector).map_err(|NoDisk| NotLoaded)?;
            }
            *slot = Slot::Original(chunk);
        }
        self.media[usize::from(disk)] =
            Medium { drive, inserted: false, write_protected, handed_back, sectors, geometry, slots };
        Ok(())
    }

    /// Puts a disk into its drive, in place of the one that is there. Returns the drive's number.
    pub fn insert(&mut self, index: u8) -> Option<u8> {
        let drive = self.media.get(usize::from(index))?.drive;
        for (number, medium) in self.media.iter_mut().enumerate() {
            if medium.drive == drive {
                medium.inserted = number == usize::from(index);
            }
        }
        Some(drive)
    }

    /// Sends what the guest wrote, disk by disk, where the job wants it.
    pub fn hand_back(&self, report: &mut Reporter) {
        for (disk, medium) in (0..).zip(self.media.iter()).filter(|(_, medium)| medium.handed_back) {
            let mut sectors = 0;
            for (first, slot) in (0..).step_by(CHUNK_SECTORS as usize).zip(medium.slots.iter()) {
                let Slot::Copied(copy) = slot else { continue };
                let (bytes, written) = copy.split_at(CHUNK_BYTES);
                for ((number, bytes), written) in (0..).zip(bytes.chunks(SECTOR_SIZE)).zip(written) {
                    if *written != 0 {
                        report.record(&Record::DiskSector { disk, lba: first + number, bytes });
                        sectors += 1;
                    }
                }
            }
            report.record(&Record::DiskEnd { disk, sectors });
        }
    }
}

#[cfg(feature = "fuzz")]
impl ModuleDisks {
    /// Makes every disk blank again, and `sector` the boot sector of the first.
    pub fn renew(&mut self, sector: &[u8; SECTOR_SIZE]) {
        for slot in self.media.iter_mut().flat_map(|medium| medium.slots.iter_mut()) {
            let Slot::Copied(copy) = slot else { continue };
            let (bytes, marks) = copy.split_at_mut(CHUNK_BYTES);
            let groups = bytes.chunks_mut(8 * SECTOR_SIZE).zip(marks.as_chunks_mut::<8>().0);
            for (sectors, marks) in groups.filter(|(_, marks)| **marks != [0; 8]) {
                sectors.fill(0);
                *marks = [0; 8];
            }
        }
        self.asked = 0;
        self.write(0, sector).expect("the floppy can be written, and there is memory for it");
    }
}

impl Medium {
    /// In no drive, until it is filled in.
    fn none() -> Self {
        Self {
            drive: 0xFF,
            inserted: false,
            write_protected: true,
            handed_back: false,
            sectors: 0,
            geometry: wire::Geometry { cylinders: 0, heads: 0, sectors_per_track: 0 },
            slots: &mut [],
        }
    }
}

/// Where a sector is: index of the chunk, number of the sector in it.
const fn place(lba: u32) -> (usize, usize) {
    ((lba / CHUNK_SECTORS) as usize, (lba % CHUNK_SECTORS) as usize)
}

impl Disk for ModuleDisks {
    fn sector_count(&self) -> u32 {
        self.media[self.asked].sectors
    }

    fn geometry(&self) -> Option<pc::Geometry> {
        let wire::Geometry { cylinders, heads, sectors_per_track } = self.media[self.asked].geometry;
        Some(pc::Geometry { cylinders, heads, sectors: sectors_per_track })
    }

    fn read(&mut self, lba: u32, count: u32) -> Option<&[u8]> {
        let (index, sector) = place(lba);
        let chunk = match self.media[self.asked].slots.get(index)? {
            Slot::Zero => return None,
            Slot::Original(chunk) => *chunk,
            Slot::Copied(copy) => &copy[..CHUNK_BYTES],
        };
        let rest = chunk.get(sector * SECTOR_SIZE..).filter(|rest| !rest.is_empty())?;
        Some(&rest[..rest.len().min(count as usize * SECTOR_SIZE)])
    }

    fn write(&mut self, lba: u32, sector: &[u8; SECTOR_SIZE]) -> Result<(), WriteError> {
        let medium = &mut self.media[self.asked];
        if medium.write_protected {
            return Err(WriteError::Protected);
        }
        let (index, number) = place(lba);
        let slot = medium.slots.get_mut(index).ok_or(WriteError::Failed)?;
        if !matches!(slot, Slot::Copied(_)) {
            let copy = self.frames.take_bytes(COPY_BYTES, PAGE_BYTES).map_err(|_| WriteError::Failed)?;
            if let Slot::Original(original) = slot {
                copy[..original.len()].copy_from_slice(original);
            }
            *slot = Slot::Copied(copy);
        }
        if let Slot::Copied(copy) = slot {
            copy[number * SECTOR_SIZE..][..SECTOR_SIZE].copy_from_slice(sector);
            copy[CHUNK_BYTES + number] = 1;
        }
        Ok(())
    }

    fn is_exchangeable(&self) -> bool {
        const FIRST_HARD_DISK: u8 = 0x80;
        let drive = self.media[self.asked].drive;
        if self.letterbox && drive < FIRST_HARD_DISK {
            return true;
        }
        self.media.iter().filter(|medium| medium.drive == drive).count() > 1
    }
}

impl Disks for ModuleDisks {
    fn disk(&mut self, number: u8) -> Option<&mut dyn Disk> {
        self.asked = self.media.iter().position(|medium| medium.drive == number && medium.inserted)?;
        Some(self)
    }
}
