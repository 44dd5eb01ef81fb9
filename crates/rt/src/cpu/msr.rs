//! Model-specific registers. Where one may be absent, use [`crate::trap::try_rdmsr`].

use core::arch::asm;
#[cfg(feature = "counters")]
use core::sync::atomic::{AtomicU32, Ordering};

/// Accesses so far.
#[cfg(feature = "counters")]
static ACCESSES: AtomicU32 = AtomicU32::new(0);

/// How many accesses there were so far, modulo 2³²: 0 where they are not counted.
pub fn accesses() -> u32 {
    #[cfg(feature = "counters")]
    return ACCESSES.load(Ordering::Relaxed);
    #[cfg(not(feature = "counters"))]
    0
}

#[inline(always)]
fn count() {
    #[cfg(feature = "counters")]
    ACCESSES.fetch_add(1, Ordering::Relaxed);
}

/// RDMSR.
///
/// # Safety
/// The MSR exists on this CPU; otherwise this is #GP, and so the end of the program.
pub unsafe fn rdmsr(msr: u32) -> u64 {
    count();
    let (low, high): (u32, u32);
    // SAFETY: the caller's duty; no MSR that exists changes memory by being read.
    unsafe {
        asm!("rdmsr", in("ecx") msr, out("eax") low, out("edx") high, options(nomem, nostack, preserves_flags));
    }
    u64::from(high) << 32 | u64::from(low)
}

/// WRMSR.
///
/// # Safety
/// The MSR exists, takes this value, and what it switches does not pull the ground from under compiled code.
pub unsafe fn wrmsr(msr: u32, value: u64) {
    count();
    // SAFETY: the caller's duty.
    unsafe {
        asm!("wrmsr", in("ecx") msr, in("eax") value as u32, in("edx") (value >> 32) as u32,
            options(nostack, preserves_flags));
    }
}
