//! Memory that belongs to a guest.

use pc::FirstMib;

use super::{Frames, OutOfMemory, PAGE_BYTES, PhysicalAddress};

/// What a canary page is filled with.
const CANARY: u8 = 0xC5;

/// Every guest has as much.
const LEAST: usize = 1 << 20;

/// A contiguous run of guest-physical memory from 0 on, between two canary pages that no guest maps.
///
/// The guest writes it while it runs, so no Rust reference into it ever exists: bytes are copied in and out.
pub struct GuestRam {
    base: *mut u8,
    length: usize,
    /// What the VMM wrote, and what the guest did as far as its tables tell.
    #[cfg(feature = "fuzz")]
    pub written: super::written_pages::WrittenPages,
}

impl GuestRam {
    /// `length` zeroed bytes, a multiple of the page size, aligned to `alignment`.
    ///
    /// # Errors
    /// [`OutOfMemory`]
    pub fn new(frames: &mut Frames, length: usize, alignment: usize) -> Result<Self, OutOfMemory> {
        assert!(length >= LEAST && length.is_multiple_of(PAGE_BYTES) && alignment >= PAGE_BYTES);
        let whole = frames.take_bytes(alignment + length + PAGE_BYTES, alignment)?;
        whole[alignment - PAGE_BYTES..alignment].fill(CANARY);
        whole[alignment + length..].fill(CANARY);
        Ok(Self {
            base: whole[alignment..].as_mut_ptr(),
            length,
            #[cfg(feature = "fuzz")]
            written: super::written_pages::WrittenPages::new(),
        })
    }

    /// Every write of the VMM comes by here.
    #[inline]
    fn note(&mut self, address: usize, length: usize) {
        #[cfg(feature = "fuzz")]
        self.written.note(address, length);
        #[cfg(not(feature = "fuzz"))]
        let _ = (address, length);
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

    /// Whether guest memory holds these bytes; what lies beyond its end is not equal to any.
    pub fn holds(&self, address: usize, bytes: &[u8]) -> bool {
        unsafe extern "C" {
            fn memcmp(left: *const u8, right: *const u8, length: usize) -> i32;
        }
        let inside = self.length.saturating_sub(address) >= bytes.len();
        // SAFETY: as in `read`; the runtime's function takes pointers and makes no reference of them.
        inside && unsafe { memcmp(self.base.add(address), bytes.as_ptr(), bytes.len()) } == 0
    }

    /// Copies into guest memory; what lies beyond its end is dropped.
    pub fn write(&mut self, address: usize, bytes: &[u8]) {
        let inside = self.length.saturating_sub(address).min(bytes.len());
        if inside > 0 {
            self.note(address, inside);
            // SAFETY: as in `read`.
            unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), self.base.add(address), inside) };
        }
    }

    /// Copies inside guest memory; the two may overlap, and must lie inside.
    pub fn copy_within(&mut self, from: usize, to: usize, length: usize) {
        assert!(from.max(to) <= self.length && length <= self.length - from.max(to));
        self.note(to, length);
        // SAFETY: both lie inside the allocation, as just asserted; `copy` allows them to overlap.
        unsafe { core::ptr::copy(self.base.add(from), self.base.add(to), length) };
    }

    /// Fills `length` bytes, which must lie inside, with `value`; what is filled already is the source of the rest.
    pub fn fill_u16(&mut self, address: usize, value: u16, length: usize) {
        const FIRST: usize = 8;
        assert!(address <= self.length && length <= self.length - address);
        let first = (u64::from(value) * 0x0001_0001_0001_0001).to_le_bytes();
        let mut filled = FIRST.min(length);
        if filled == FIRST {
            self.store(address, first);
        } else {
            self.write(address, &first[..filled]);
        }
        while filled < length {
            let piece = filled.min(length - filled);
            self.copy_within(address, address + filled, piece);
            filled += piece;
        }
    }

    /// The bytes at `address`, by one load, if all of them exist.
    #[inline]
    pub fn load<const N: usize>(&self, address: usize) -> Option<[u8; N]> {
        // SAFETY: the bytes lie inside the allocation; an array of bytes has no alignment and no invalid value.
        (address <= self.length - N).then(|| unsafe { self.base.add(address).cast::<[u8; N]>().read() })
    }

    /// The bytes at `address` in the first MiB, by one load: it is always there.
    #[inline(always)]
    pub fn conventional<const N: usize>(&self, address: u32) -> [u8; N] {
        // SAFETY: masked, the address lies below the least length, which `new` has seen to; the few bytes that could lie
        // beyond are in the canary page. See `load`.
        unsafe { self.base.add(address as usize & (LEAST - 1)).cast::<[u8; N]>().read() }
    }

    /// Stores bytes at `address` by one store; `false`, and nothing stored, if some of them do not exist.
    #[inline]
    pub fn store<const N: usize>(&mut self, address: usize, bytes: [u8; N]) -> bool {
        let inside = address <= self.length - N;
        if inside {
            self.note(address, N);
            // SAFETY: as in `load`.
            unsafe { self.base.add(address).cast::<[u8; N]>().write(bytes) };
        }
        inside
    }

    /// Stores bytes in the first MiB, by one store.
    #[inline(always)]
    fn store_conventional<const N: usize>(&mut self, address: u32, bytes: [u8; N]) {
        let address = address as usize & (LEAST - 1);
        self.note(address, N);
        // SAFETY: as in `conventional`.
        unsafe { self.base.add(address).cast::<[u8; N]>().write(bytes) };
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
        // Each byte is as the one eight before it, and the first eight are right.
        let whole = |page: &[u8]| page[..8] == [CANARY; 8] && page[8..] == page[..PAGE_BYTES - 8];
        whole(before) && whole(behind)
    }

    /// Writes to the canary page behind, as no program may.
    #[cfg(feature = "fuzz")]
    pub fn break_canary(&mut self) {
        // SAFETY: the page lies inside the allocation made in `new`.
        unsafe { self.base.add(self.length).write(0) };
    }
}

impl FirstMib for GuestRam {
    #[inline(always)]
    fn load<const N: usize>(&self, address: u32) -> [u8; N] {
        self.conventional(address)
    }

    #[inline(always)]
    fn store<const N: usize>(&mut self, address: u32, bytes: [u8; N]) {
        self.store_conventional(address, bytes);
    }

    fn fill(&mut self, address: u32, word: u16, count: u32) {
        self.fill_u16(address as usize, word, 2 * count as usize);
    }
}
