//! Waiting and not being disturbed.

use core::arch::asm;

/// CLI.
pub fn disable() {
    // SAFETY: interrupts are off throughout rt but in `wait`, so this can only restore that.
    unsafe { asm!("cli", options(nomem, nostack)) };
}

/// STI, HLT, CLI: sleeps until an interrupt was served. No interrupt can come between STI and HLT, so a
/// caller that finds nothing to do with interrupts off does not miss the one that brings work.
#[inline(always)]
pub fn wait() {
    // SAFETY: every vector has a gate on a stack of its own that restores all registers.
    unsafe { asm!("sti", "hlt", "cli", options(nostack)) };
}

/// STI, NOP, CLI: an interrupt that is pending is served in between.
pub fn accept() {
    // SAFETY: as for `wait`.
    unsafe { asm!("sti", "nop", "cli", options(nostack)) };
}

/// CLI and HLT, for good. NMIs still wake the CPU; it goes back to sleep.
pub fn stop() -> ! {
    loop {
        // SAFETY: halting changes nothing.
        unsafe { asm!("cli", "hlt", options(nomem, nostack)) };
    }
}
