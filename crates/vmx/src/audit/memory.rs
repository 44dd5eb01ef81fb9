//! The memory that some rules look into: MSR-load areas, page-directory pointers, the VMCS behind the link pointer.

/// Physical memory, as far as it is at hand.
pub trait Memory {
    /// The 8 bytes at `address`, a multiple of 8, as a little-endian number; `None` where they are not known.
    fn read(&self, address: u64) -> Option<u64>;
}

/// No memory at all: what a dump of registers has.
pub struct NoMemory;

impl Memory for NoMemory {
    fn read(&self, _: u64) -> Option<u64> {
        None
    }
}

impl<F: Fn(u64) -> Option<u64>> Memory for F {
    fn read(&self, address: u64) -> Option<u64> {
        self(address)
    }
}
