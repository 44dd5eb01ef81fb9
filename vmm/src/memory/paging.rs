//! 32-bit page tables of the VMM for a guest in virtual-8086 mode (SDM vol. 3, 4.3 "32-Bit Paging").
//!
//! They map the guest's own frames and nothing else. Tables and TSS lie in frames that the guest does not map, or maps
//! for the supervisor only while it runs at CPL 3, so nothing the guest does can change what it sees.

use super::tss::V8086Tss;
use super::{Access, Frame, Frames, OutOfMemory, PAGE_BYTES, PhysicalAddress, Tables};

/// Bits of a 32-bit page-directory or page-table entry (SDM vol. 3, tables 4-4 to 4-6).
pub(super) mod entry {
    pub const PRESENT: u32 = 1 << 0;
    pub const WRITABLE: u32 = 1 << 1;
    pub const USER: u32 = 1 << 2;
    /// Set in advance, so that the processor never writes a table and its checksum stays.
    pub const ACCESSED: u32 = 1 << 5;
    pub const DIRTY: u32 = 1 << 6;
    /// In a directory entry: maps 4 MiB.
    pub const LARGE: u32 = 1 << 7;

    pub const READ_ONLY: u32 = PRESENT | USER | ACCESSED | DIRTY;
    pub const READ_WRITE: u32 = READ_ONLY | WRITABLE;
    pub const SUPERVISOR: u32 = PRESENT | WRITABLE | ACCESSED | DIRTY;
}

/// Linear base of the TSS, beyond what virtual-8086 mode can address.
const TSS_BASE: u32 = 0x20_0000;

/// One directory and one table: linear 0 to 4 MiB.
pub struct PageTables {
    directory: Frame,
    table: Frame,
    tss: V8086Tss,
}

impl PageTables {
    /// Tables that map the TSS and nothing else yet.
    ///
    /// # Errors
    /// [`OutOfMemory`]
    pub fn new(frames: &mut Frames) -> Result<Self, OutOfMemory> {
        let tss = V8086Tss::new(frames)?;
        let (mut directory, mut table) = (frames.take()?, frames.take()?);
        directory.set_u32(0, table.address().0 as u32 | entry::READ_WRITE);
        let first = TSS_BASE as usize / PAGE_BYTES;
        for (index, page) in tss.pages().enumerate() {
            table.set_u32(first + index, page.0 as u32 | entry::SUPERVISOR);
        }
        Ok(Self { directory, table, tss })
    }

    /// Maps the guest's page number `page`, 0 to 10Fh.
    pub fn map(&mut self, page: usize, frame: PhysicalAddress, access: Access) {
        let rights = match access {
            Access::None => 0,
            Access::Write => entry::READ_WRITE,
            Access::Read => entry::READ_ONLY,
        };
        self.table.set_u32(page, frame.0 as u32 | rights);
    }

    /// Where the processor finds them.
    pub fn tables(&self) -> Tables {
        Tables { directory: self.directory.address(), tss: V8086Tss::table(TSS_BASE), ept: None }
    }

    /// The TSS.
    pub fn tss(&mut self) -> &mut V8086Tss {
        &mut self.tss
    }

    /// The frames that the guest must not change.
    pub fn guarded(&self) -> [&Frame; 2] {
        [&self.directory, &self.table]
    }
}
