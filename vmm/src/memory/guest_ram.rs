//! Memory that belongs to a guest.

use super::{Frames, OutOfMemory, PAGE_BYTES, PhysicalAddress};

/// What a canary page is filled with.
const CANARY: u8 = 0xC5;

/// A contiguous run of guest-physical memory from 0 on, between two canary pages that no guest maps.
///
/// The guest writes it while it runs, so no Rust reference into it ever exists: bytes are copied in and out.
pub struct GuestRam {
    base: *mut u8,
    length: usize,
}

impl GuestRam {
    /// `length` zeroed bytes, a multiple of the page size, aligned to `alignment`.
    ///
    /// # Errors
    /// [`OutOfMemory`]
    pub fn new(frames: &mut Frames, length: usize, alignment: usize) -> Result<Self, OutOfMemory> {
        assert!(length.is_multiple_of(PAGE_BYTES) && alignment >= PAGE_BYTES);
        let whole = frames.take_bytes(alignment + length + PAGE_BYTES, alignment)?;
        whole[alignment - PAGE_BYTES..alignment].fill(CANARY);
        whole[alignment + length..].fill(CANARY);
        Ok(Self { base: whole[alignment..].as_mut_ptr(), length })
    }

    /// Host-physical address of guest-physical 0.
    pub fn address(&self) -> PhysicalAddress {
        PhysicalAddress(self.base as u64)
    }

    /// Size in bytes.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Copies out of guest memory; what lies beyond its end reads all ones.
    pub fn read(&self, address: usize, bytes: &mut [u8]) {
        let inside = self.length.saturating_sub(address).min(bytes.len());
        bytes[inside..].fill(0xFF);
        if inside > 0 {
            // SAFETY: [address, address + inside) lies inside the allocation, which `bytes`, a Rust slice, cannot
            // overlap, since no reference into guest memory exists.
            unsafe { core::ptr::copy_nonoverlapping(self.base.add(address), bytes.as_mut_ptr(), inside) };
        }
    }

    /// Copies into guest memory; what lies beyond its end is dropped.
    pub fn write(&mut self, address: usize, bytes: &[u8]) {
        let inside = self.length.saturating_sub(address).min(bytes.len());
        if inside > 0 {
            // SAFETY: as in `read`.
            unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), self.base.add(address), inside) };
        }
    }

    /// Whether nobody wrote the canary pages before and behind.
    pub fn canaries_are_whole(&self) -> bool {
        // SAFETY: both pages lie inside the allocation made in `new` and are no part of guest memory.
        let [before, behind] = unsafe {
            [
                core::slice::from_raw_parts(self.base.sub(PAGE_BYTES), PAGE_BYTES),
                core::slice::from_raw_parts(self.base.add(self.length), PAGE_BYTES),
            ]
        };
        before.iter().chain(behind).all(|&byte| byte == CANARY)
    }
}
