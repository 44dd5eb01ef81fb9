//! The address space of a guest component: one 4-MiB page at 0, where the component finds its own TSS and tables.

use v8086::GuestMemory;

use super::paging::entry;
use super::{Frame, Frames, GuestRam, OutOfMemory};

/// See the module.
pub struct ComponentSpace {
    ram: GuestRam,
    directory: Frame,
}

impl ComponentSpace {
    const BYTES: usize = 4 << 20;

    /// 4 MiB of zeros.
    ///
    /// # Errors
    /// [`OutOfMemory`]
    pub fn new(frames: &mut Frames) -> Result<Self, OutOfMemory> {
        let ram = GuestRam::new(frames, Self::BYTES, Self::BYTES)?;
        let mut directory = frames.take()?;
        directory.set_u32(0, ram.address().0 as u32 | entry::READ_WRITE | entry::LARGE);
        Ok(Self { ram, directory })
    }

    /// For CR3.
    pub fn directory(&self) -> &Frame {
        &self.directory
    }

    /// The guest's memory.
    pub fn ram(&self) -> &GuestRam {
        &self.ram
    }
}

impl GuestMemory for ComponentSpace {
    fn read(&self, linear: u32, bytes: &mut [u8]) {
        self.ram.read(linear as usize, bytes);
    }

    fn write(&mut self, linear: u32, bytes: &[u8]) {
        self.ram.write(linear as usize, bytes);
    }
}
