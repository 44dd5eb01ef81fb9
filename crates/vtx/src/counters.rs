//! How often the VMCS was accessed, in a program that is built to count it (feature `counters`); 0 in any other, whose
//! accesses pay nothing.

#[cfg(feature = "counters")]
use core::sync::atomic::{AtomicU32, Ordering};

#[cfg(feature = "counters")]
static READS: AtomicU32 = AtomicU32::new(0);
#[cfg(feature = "counters")]
static WRITES: AtomicU32 = AtomicU32::new(0);

/// VMREADs and VMWRITEs so far, modulo 2³².
pub fn accesses() -> (u32, u32) {
    #[cfg(feature = "counters")]
    return (READS.load(Ordering::Relaxed), WRITES.load(Ordering::Relaxed));
    #[cfg(not(feature = "counters"))]
    (0, 0)
}

/// Counts a VMREAD, of whoever does one in assembly.
#[inline(always)]
pub fn count_read() {
    #[cfg(feature = "counters")]
    READS.fetch_add(1, Ordering::Relaxed);
}

#[inline(always)]
pub(crate) fn count_write() {
    #[cfg(feature = "counters")]
    WRITES.fetch_add(1, Ordering::Relaxed);
}
