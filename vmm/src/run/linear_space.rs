//! The linear address space of an unrestricted guest: physical memory, or what the guest's own page tables make of it
//! (SDM vol. 3, 4.3 "32-Bit Paging" and 4.4 "PAE Paging").

use v8086::{GuestMemory, vector};
use vmx::Field;
use vmx::control_register::{cr0, cr4};

use crate::cpu::registers;
use crate::cpu::vmx::vmread;
use crate::memory::PcSpace;

use super::unrestricted::raise;

/// A page fault that the processor would have raised.
#[derive(Clone, Copy, Debug)]
pub struct PageFault {
    linear: u32,
    error_code: u32,
}

impl PageFault {
    /// Raises it at the next entry.
    pub fn raise(self) {
        registers::set_cr2(self.linear.into());
        raise(vector::PAGE_FAULT, Some(self.error_code));
    }
}

/// What is done with memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Access {
    Read,
    Write,
}

/// How the guest's linear addresses are translated at this exit.
#[derive(Clone, Copy, Debug)]
pub struct LinearSpace {
    cr0: u64,
    /// Read with paging on only.
    cr3: u32,
    cr4: u64,
    user: bool,
}

/// Bits of an entry of a guest's page table or directory.
mod entry {
    pub const PRESENT: u64 = 1 << 0;
    pub const WRITABLE: u64 = 1 << 1;
    pub const USER: u64 = 1 << 2;
    pub const ACCESSED: u8 = 1 << 5;
    pub const DIRTY: u8 = 1 << 6;
    pub const LARGE: u64 = 1 << 7;
}

impl LinearSpace {
    /// As the code at CS:IP sees it.
    pub fn current() -> Self {
        let cr0 = vmread(Field::GUEST_CR0);
        if cr0 & cr0::PG == 0 {
            return Self { cr0, cr3: 0, cr4: 0, user: false };
        }
        Self {
            cr0,
            cr3: vmread(Field::GUEST_CR3) as u32,
            cr4: vmread(Field::GUEST_CR4),
            user: vmread(Field::GUEST_SS_ACCESS_RIGHTS) >> 5 & 3 == 3,
        }
    }

    /// As the processor itself sees it when it reads a descriptor or a task-state segment.
    pub fn system() -> Self {
        Self { user: false, ..Self::current() }
    }

    /// Reads `bytes` from `linear` on.
    ///
    /// # Errors
    /// [`PageFault`]; some bytes may have been read.
    pub fn read(&self, space: &mut PcSpace, linear: u32, bytes: &mut [u8]) -> Result<(), PageFault> {
        let mut done = 0;
        while done < bytes.len() {
            let (physical, length) = self.piece(space, linear, done, bytes.len(), Access::Read)?;
            space.read(physical, &mut bytes[done..done + length]);
            done += length;
        }
        Ok(())
    }

    /// Writes `bytes` from `linear` on.
    ///
    /// # Errors
    /// [`PageFault`]; nothing has been written.
    pub fn write(&self, space: &mut PcSpace, linear: u32, bytes: &[u8]) -> Result<(), PageFault> {
        self.probe(space, linear, bytes.len(), Access::Write)?;
        let mut done = 0;
        while done < bytes.len() {
            let (physical, length) = self.piece(space, linear, done, bytes.len(), Access::Write)?;
            space.write(physical, &bytes[done..done + length]);
            done += length;
        }
        Ok(())
    }

    /// Whether `length` bytes, at least 1 and less than a page, can be accessed.
    ///
    /// # Errors
    /// [`PageFault`]
    pub fn probe(
        &self,
        space: &mut PcSpace,
        linear: u32,
        length: usize,
        access: Access,
    ) -> Result<(), PageFault> {
        if self.cr0 & cr0::PG != 0 {
            self.translate(space, linear, access)?;
            self.translate(space, linear.wrapping_add(length as u32 - 1), access)?;
        }
        Ok(())
    }

    /// The next stretch of `total` bytes from `linear` on that lies in one page: its physical address and length.
    fn piece(
        &self,
        space: &mut PcSpace,
        linear: u32,
        done: usize,
        total: usize,
        access: Access,
    ) -> Result<(u32, usize), PageFault> {
        const PAGE: usize = 0x1000;
        let at = linear.wrapping_add(done as u32);
        let length = (total - done).min(PAGE - at as usize % PAGE);
        Ok((self.translate(space, at, access)?, length))
    }

    /// The physical address of `linear`, if the guest may read there. Changes nothing.
    pub fn readable(&self, space: &PcSpace, linear: u32) -> Option<u32> {
        if self.cr0 & cr0::PG == 0 {
            return Some(linear);
        }
        self.walk(space, linear, Access::Read).ok().map(|(physical, _)| physical)
    }

    /// The physical address of `linear`. Sets the flags that the processor would set in the guest's tables.
    ///
    /// # Errors
    /// [`PageFault`]
    pub fn translate(&self, space: &mut PcSpace, linear: u32, access: Access) -> Result<u32, PageFault> {
        if self.cr0 & cr0::PG == 0 {
            return Ok(linear);
        }
        let (physical, flags) = self.walk(space, linear, access)?;
        for Flag { at, wanted } in flags {
            // Both flags lie in an entry's first byte.
            let value = space.read_u8(at);
            if value & wanted != wanted {
                space.write_u8(at, value | wanted);
            }
        }
        Ok(physical)
    }

    fn walk(&self, space: &PcSpace, linear: u32, access: Access) -> Result<(u32, [Flag; 2]), PageFault> {
        const ERROR_PRESENT: u32 = 1;
        const ERROR_WRITE: u32 = 2;
        const ERROR_USER: u32 = 4;
        let write = access == Access::Write;
        let asked = if write { ERROR_WRITE } else { 0 } | if self.user { ERROR_USER } else { 0 };
        let fault = |present: u32| PageFault { linear, error_code: asked | present };
        let pae = self.cr4 & cr4::PAE != 0;
        let read = |address: u32| {
            let mut bytes = [0; 8];
            space.read_physical(address, &mut bytes[..if pae { 8 } else { 4 }]);
            u64::from_le_bytes(bytes)
        };
        let (upper_at, table_index, large_bits) = if pae {
            let pointer = read((self.cr3 & !0x1F) + 8 * (linear >> 30));
            if pointer & entry::PRESENT == 0 {
                return Err(fault(0));
            }
            ((pointer as u32 & !0xFFF) + 8 * (linear >> 21 & 0x1FF), 8 * (linear >> 12 & 0x1FF), 21)
        } else {
            ((self.cr3 & !0xFFF) + 4 * (linear >> 22), 4 * (linear >> 12 & 0x3FF), 22)
        };
        let upper = read(upper_at);
        if upper & entry::PRESENT == 0 {
            return Err(fault(0));
        }
        let large = upper & entry::LARGE != 0 && (pae || self.cr4 & cr4::PSE != 0);
        let lower_at = if large { upper_at } else { (upper as u32 & !0xFFF) + table_index };
        let lower = read(lower_at);
        if lower & entry::PRESENT == 0 {
            return Err(fault(0));
        }
        let rights = upper & lower;
        let supervisor_may = self.cr0 & cr0::WP == 0 && !self.user;
        let kept_out = self.user && rights & entry::USER == 0;
        if kept_out || write && rights & entry::WRITABLE == 0 && !supervisor_may {
            return Err(fault(ERROR_PRESENT));
        }
        let offset_mask = (1_u32 << if large { large_bits } else { 12 }) - 1;
        let used = if write { entry::ACCESSED | entry::DIRTY } else { entry::ACCESSED };
        let flags = [Flag { at: upper_at, wanted: entry::ACCESSED }, Flag { at: lower_at, wanted: used }];
        Ok((lower as u32 & !offset_mask | linear & offset_mask, flags))
    }
}

/// Where `linear` lies, or would without paging if the guest has nothing there.
pub fn physical(space: &PcSpace, linear: u32) -> u32 {
    LinearSpace::system().readable(space, linear).unwrap_or(linear)
}

/// Bits that an access leaves in the first byte of an entry.
struct Flag {
    at: u32,
    wanted: u8,
}
