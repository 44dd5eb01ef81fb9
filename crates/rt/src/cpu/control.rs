//! Control registers, and the TLB that follows them.

use core::arch::asm;

/// CR0.
pub fn cr0() -> u64 {
    let value;
    // SAFETY: reading a control register changes nothing.
    unsafe { asm!("mov {}, cr0", out(reg) value, options(nomem, nostack, preserves_flags)) };
    value
}

/// CR2, the linear address of the last page fault.
pub fn cr2() -> u64 {
    let value;
    // SAFETY: reading a control register changes nothing.
    unsafe { asm!("mov {}, cr2", out(reg) value, options(nomem, nostack, preserves_flags)) };
    value
}

/// CR3, the physical address of the page tables, with its flags.
pub fn cr3() -> u64 {
    let value;
    // SAFETY: reading a control register changes nothing.
    unsafe { asm!("mov {}, cr3", out(reg) value, options(nomem, nostack, preserves_flags)) };
    value
}

/// CR4.
pub fn cr4() -> u64 {
    let value;
    // SAFETY: reading a control register changes nothing.
    unsafe { asm!("mov {}, cr4", out(reg) value, options(nomem, nostack, preserves_flags)) };
    value
}

/// Writes CR0.
///
/// # Safety
/// The new value keeps what compiled code stands on: PE, PG, WP, MP set and EM, TS clear.
pub unsafe fn set_cr0(value: u64) {
    // SAFETY: the caller's duty.
    unsafe { asm!("mov cr0, {}", in(reg) value, options(nostack, preserves_flags)) };
}

/// Writes CR3, which also flushes the TLB.
///
/// # Safety
/// The tables at that address map the running code, its stack and its data where they are now.
pub unsafe fn set_cr3(value: u64) {
    // SAFETY: the caller's duty.
    unsafe { asm!("mov cr3, {}", in(reg) value, options(nostack, preserves_flags)) };
}

/// Writes CR4.
///
/// # Safety
/// The new value keeps PAE, OSFXSR and OSXMMEXCPT set and sets no bit that this CPU reserves.
pub unsafe fn set_cr4(value: u64) {
    // SAFETY: the caller's duty.
    unsafe { asm!("mov cr4, {}", in(reg) value, options(nostack, preserves_flags)) };
}

/// Forgets the translation of the page at `linear`. Always harmless: the next access walks the tables.
pub fn invlpg(linear: u64) {
    // SAFETY: drops a cached translation and nothing else.
    unsafe { asm!("invlpg [{}]", in(reg) linear, options(nostack, preserves_flags)) };
}
