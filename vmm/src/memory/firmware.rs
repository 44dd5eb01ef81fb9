//! The address space of a VM that calls the machine's own firmware: the first MiB of the machine itself, one to one.
//!
//! This is the one guest that is given memory which is not its own: vectors, BIOS data, video memory and ROM are the
//! firmware's to use. Nothing of the VMM lies there; what lies above 1 MiB is not mapped.

use super::paging::entry;
use super::{FirstMib, Frame, Frames, OutOfMemory, PAGE_BYTES};

/// Pages of the first MiB.
const PAGES: usize = 0x100;

/// See the module.
pub struct FirmwareSpace {
    memory: FirstMib,
    directory: Frame,
    table: Frame,
}

impl FirmwareSpace {
    /// Maps the first MiB.
    ///
    /// # Errors
    /// [`OutOfMemory`]
    pub fn new(frames: &mut Frames, memory: FirstMib) -> Result<Self, OutOfMemory> {
        let (mut directory, mut table) = (frames.take()?, frames.take()?);
        directory.set_u32(0, table.address().0 as u32 | entry::READ_WRITE);
        for page in 0..PAGES {
            table.set_u32(page, (page * PAGE_BYTES) as u32 | entry::READ_WRITE);
        }
        Ok(Self { memory, directory, table })
    }

    /// For CR3.
    pub fn directory(&self) -> &Frame {
        &self.directory
    }

    /// The tables, which the guest must not change.
    pub fn guarded(&self) -> [&Frame; 2] {
        [&self.directory, &self.table]
    }

    /// The machine's memory.
    pub fn memory(&self) -> &FirstMib {
        &self.memory
    }
}
