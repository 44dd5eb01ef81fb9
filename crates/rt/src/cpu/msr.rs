//! Model-specific registers. Where one may be absent, use [`crate::trap::try_rdmsr`].

use core::arch::asm;

/// RDMSR.
///
/// # Safety
/// The MSR exists on this CPU; otherwise this is #GP, and so the end of the program.
pub unsafe fn rdmsr(msr: u32) -> u64 {
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
    // SAFETY: the caller's duty.
    unsafe {
        asm!("wrmsr", in("ecx") msr, in("eax") value as u32, in("edx") (value >> 32) as u32,
            options(nostack, preserves_flags));
    }
}
