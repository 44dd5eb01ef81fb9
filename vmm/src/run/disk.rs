//! The guest's disk: the chunks that the boot image brought, zeros elsewhere, and a private copy of each chunk that
//! the guest writes.

use pc::{Disk, Disks, SECTOR_SIZE, WriteError};
use wire::{CHUNK_SECTORS, DiskImage};

use crate::memory::{Frames, OutOfMemory, PAGE_BYTES};

/// Bytes in a chunk.
const CHUNK_BYTES: usize = CHUNK_SECTORS as usize * SECTOR_SIZE;

/// Where a chunk is.
enum Slot {
    /// Nowhere: it is all zeros.
    Zero,
    /// In the module, as it was brought.
    Original(&'static [u8]),
    /// In memory of its own, since the guest wrote to it.
    Copied(&'static mut [u8]),
}

/// The disk of a run.
pub struct ModuleDisk {
    drive: u8,
    sectors: u32,
    geometry: wire::Geometry,
    slots: &'static mut [Slot],
    frames: Frames,
}

impl ModuleDisk {
    /// The disk that `image` describes, its chunks in `module` one after the other.
    ///
    /// # Errors
    /// [`OutOfMemory`]
    pub fn new(image: &DiskImage, module: &'static [u8], mut frames: Frames) -> Result<Self, OutOfMemory> {
        let count = image.sectors.div_ceil(CHUNK_SECTORS) as usize;
        let slots = frames.take_slice(count, || Slot::Zero)?;
        let chunks = module.chunks(CHUNK_BYTES);
        for (chunk, bytes) in image.chunks.iter().zip(chunks) {
            if let Some(slot) = slots.get_mut(usize::from(chunk.0)) {
                *slot = Slot::Original(bytes);
            }
        }
        Ok(Self { drive: image.drive, sectors: image.sectors, geometry: image.geometry, slots, frames })
    }
}

/// Where a sector is: index of the chunk, offset in it.
const fn place(lba: u32) -> (usize, usize) {
    ((lba / CHUNK_SECTORS) as usize, (lba % CHUNK_SECTORS) as usize * SECTOR_SIZE)
}

fn sector_at(chunk: &[u8], offset: usize) -> Option<&[u8; SECTOR_SIZE]> {
    chunk.get(offset..offset + SECTOR_SIZE)?.try_into().ok()
}

impl Disk for ModuleDisk {
    fn sector_count(&self) -> u32 {
        self.sectors
    }

    fn geometry(&self) -> Option<pc::Geometry> {
        let wire::Geometry { cylinders, heads, sectors_per_track } = self.geometry;
        Some(pc::Geometry { cylinders, heads, sectors: sectors_per_track })
    }

    fn read(&mut self, lba: u32) -> Option<&[u8; SECTOR_SIZE]> {
        let (index, offset) = place(lba);
        match self.slots.get(index)? {
            Slot::Zero => None,
            Slot::Original(chunk) => sector_at(chunk, offset),
            Slot::Copied(chunk) => sector_at(chunk, offset),
        }
    }

    fn write(&mut self, lba: u32, sector: &[u8; SECTOR_SIZE]) -> Result<(), WriteError> {
        let (index, offset) = place(lba);
        let slot = self.slots.get_mut(index).ok_or(WriteError::Failed)?;
        if !matches!(slot, Slot::Copied(_)) {
            let copy = self.frames.take_bytes(CHUNK_BYTES, PAGE_BYTES).map_err(|_| WriteError::Failed)?;
            if let Slot::Original(original) = slot {
                copy[..original.len()].copy_from_slice(original);
            }
            *slot = Slot::Copied(copy);
        }
        if let Slot::Copied(copy) = slot {
            copy[offset..offset + SECTOR_SIZE].copy_from_slice(sector);
        }
        Ok(())
    }
}

impl Disks for ModuleDisk {
    fn disk(&mut self, number: u8) -> Option<&mut dyn Disk> {
        if number == self.drive { Some(self) } else { None }
    }
}
