//! The frame allocator: one pass upwards through the largest piece of free RAM. Nothing is ever given back, since a
//! VM lives as long as the VMM.

use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};

use rt::boot::{BootInfo, MemoryRegion};
use rt::cpu::rdtsc;

use super::PhysicalAddress;

/// Size of a frame and of a small page, in bytes.
pub const PAGE_BYTES: usize = 4096;

/// The end of what 32-bit guest page tables can name.
const FOUR_GIB: u64 = 1 << 32;

/// A 4-KiB frame with one owner.
pub struct Frame(&'static mut [u8; PAGE_BYTES]);

impl Frame {
    /// Where it is.
    pub fn address(&self) -> PhysicalAddress {
        PhysicalAddress(self.0.as_ptr() as u64)
    }

    /// Its contents.
    pub fn bytes(&self) -> &[u8; PAGE_BYTES] {
        self.0
    }

    /// Its contents, to be changed.
    pub fn bytes_mut(&mut self) -> &mut [u8; PAGE_BYTES] {
        self.0
    }

    /// The little-endian quadword at entry `index`, 0 to 511.
    pub fn u64(&self, index: usize) -> u64 {
        u64::from_le_bytes(self.0.as_chunks().0[index])
    }

    /// Stores a little-endian quadword at entry `index`, 0 to 511.
    pub fn set_u64(&mut self, index: usize, value: u64) {
        self.0[8 * index..8 * index + 8].copy_from_slice(&value.to_le_bytes());
    }

    /// Stores a little-endian doubleword at entry `index`, 0 to 1023.
    pub fn set_u32(&mut self, index: usize, value: u32) {
        self.0[4 * index..4 * index + 4].copy_from_slice(&value.to_le_bytes());
    }
}

/// There is not as much contiguous free RAM below 4 GiB.
#[derive(Clone, Copy, Debug)]
pub struct OutOfMemory {
    /// What was asked for, in bytes.
    pub wanted: usize,
    /// What is left, in bytes.
    pub left: u64,
}

impl fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not enough memory: {} KiB wanted, {} KiB left", self.wanted / 1024, self.left / 1024)
    }
}

/// Free RAM.
pub struct Frames {
    next: u64,
    end: u64,
    /// TSC ticks spent on zeroing so far.
    clear_ticks: u64,
}

/// Whether [`Frames::new`] was called.
static TAKEN: AtomicBool = AtomicBool::new(false);

impl Frames {
    /// Takes possession of the largest stretch of usable RAM below 4 GiB that lies above the program and the modules.
    ///
    /// # Panics
    /// When called twice.
    pub fn new(boot: &BootInfo) -> Self {
        assert!(!TAKEN.swap(true, Ordering::Relaxed), "the frame allocator exists already");
        let program_end = rt::layout::image().end;
        let modules_end = boot.modules.iter().map(|module| module.bytes.as_ptr_range().end as u64).max();
        let floor = program_end.max(modules_end.unwrap_or(0)).next_multiple_of(PAGE_BYTES as u64);
        let stretch = |region: &MemoryRegion| {
            let end = region.end().min(FOUR_GIB) & !(PAGE_BYTES as u64 - 1);
            (region.base.next_multiple_of(PAGE_BYTES as u64).max(floor).min(end), end)
        };
        let usable = boot.memory_map.iter().filter(|region| region.is_usable()).map(stretch);
        let (next, end) = usable.max_by_key(|(start, end)| end - start).unwrap_or((0, 0));
        Self { next, end, clear_ticks: 0 }
    }

    /// Everything that is left.
    #[must_use]
    pub fn rest(&mut self) -> Self {
        Self { next: core::mem::replace(&mut self.next, self.end), ..*self }
    }

    /// TSC ticks spent on zeroing so far.
    pub fn clear_ticks(&self) -> u64 {
        self.clear_ticks
    }

    /// A zeroed frame.
    ///
    /// # Errors
    /// [`OutOfMemory`]
    pub fn take(&mut self) -> Result<Frame, OutOfMemory> {
        let bytes = self.take_bytes(PAGE_BYTES, PAGE_BYTES)?;
        // A slice of exactly PAGE_BYTES: the conversion cannot fail.
        Ok(Frame(bytes.try_into().expect("one page")))
    }

    /// `length` zeroed bytes, aligned to `alignment`, a power of two of at least a page.
    ///
    /// # Errors
    /// [`OutOfMemory`]
    pub fn take_bytes(&mut self, length: usize, alignment: usize) -> Result<&'static mut [u8], OutOfMemory> {
        assert!(alignment.is_power_of_two() && alignment >= PAGE_BYTES);
        let start = self.next.next_multiple_of(alignment as u64);
        let end = start + length.next_multiple_of(PAGE_BYTES) as u64;
        if end > self.end {
            return Err(OutOfMemory { wanted: length, left: self.end.saturating_sub(self.next) });
        }
        self.next = end;
        // SAFETY: [start, end) is usable RAM above everything that was loaded, mapped one to one by the runtime, and
        // was never handed out: there is one allocator (its rest aside, which starts where it ends), and `next` only
        // grows.
        let bytes = unsafe { core::slice::from_raw_parts_mut(start as *mut u8, length) };
        let before = rdtsc();
        bytes.fill(0);
        self.clear_ticks += rdtsc() - before;
        Ok(bytes)
    }

    /// `count` values of their own.
    ///
    /// # Errors
    /// [`OutOfMemory`]
    pub fn take_slice<T>(
        &mut self,
        count: usize,
        value: impl Fn() -> T,
    ) -> Result<&'static mut [T], OutOfMemory> {
        const { assert!(align_of::<T>() <= PAGE_BYTES) };
        let bytes = self.take_bytes(count * size_of::<T>(), PAGE_BYTES)?;
        let first = bytes.as_mut_ptr().cast::<T>();
        for index in 0..count {
            // SAFETY: inside `bytes`, which is aligned for T.
            unsafe { first.add(index).write(value()) };
        }
        // SAFETY: `count` values were just written there, and `bytes`, the only other way in, ends here.
        Ok(unsafe { core::slice::from_raw_parts_mut(first, count) })
    }
}
