//! Port I/O.
//!
//! All of it is unsafe: behind a port may sit a DMA controller, the A20 gate or the reset line.

use core::arch::asm;

/// IN, 8 bits.
///
/// # Safety
/// Reading this port, in the state its device is in, has no effect on memory that Rust knows of.
pub unsafe fn in8(port: u16) -> u8 {
    let value;
    // SAFETY: the caller's duty.
    unsafe { asm!("in al, dx", in("dx") port, out("al") value, options(nostack, preserves_flags)) };
    value
}

/// OUT, 8 bits.
///
/// # Safety
/// What the device does with this value leaves memory that Rust knows of alone.
pub unsafe fn out8(port: u16, value: u8) {
    // SAFETY: the caller's duty.
    unsafe { asm!("out dx, al", in("dx") port, in("al") value, options(nostack, preserves_flags)) };
}

/// IN, 16 bits.
///
/// # Safety
/// Reading this port, in the state its device is in, has no effect on memory that Rust knows of.
pub unsafe fn in16(port: u16) -> u16 {
    let value;
    // SAFETY: the caller's duty.
    unsafe { asm!("in ax, dx", in("dx") port, out("ax") value, options(nostack, preserves_flags)) };
    value
}

/// OUT, 16 bits.
///
/// # Safety
/// What the device does with this value leaves memory that Rust knows of alone.
pub unsafe fn out16(port: u16, value: u16) {
    // SAFETY: the caller's duty.
    unsafe { asm!("out dx, ax", in("dx") port, in("ax") value, options(nostack, preserves_flags)) };
}

/// IN, 32 bits.
///
/// # Safety
/// Reading this port, in the state its device is in, has no effect on memory that Rust knows of.
pub unsafe fn in32(port: u16) -> u32 {
    let value;
    // SAFETY: the caller's duty.
    unsafe { asm!("in eax, dx", in("dx") port, out("eax") value, options(nostack, preserves_flags)) };
    value
}

/// OUT, 32 bits.
///
/// # Safety
/// What the device does with this value leaves memory that Rust knows of alone.
pub unsafe fn out32(port: u16, value: u32) {
    // SAFETY: the caller's duty.
    unsafe { asm!("out dx, eax", in("dx") port, in("eax") value, options(nostack, preserves_flags)) };
}

/// REP OUTSB: all of `bytes`, in order.
///
/// # Safety
/// As [`out8`], for each byte.
pub unsafe fn out8_all(port: u16, bytes: &[u8]) {
    // SAFETY: the slice is readable for its length; the rest is the caller's duty. DF is clear in Rust code.
    unsafe {
        asm!("rep outsb", in("dx") port, inout("rsi") bytes.as_ptr() => _, inout("rcx") bytes.len() => _,
            options(nostack, preserves_flags));
    }
}
