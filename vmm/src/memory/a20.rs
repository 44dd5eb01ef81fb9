//! The A20 gate of the machine itself.

use super::PhysicalAddress;

/// A free byte of low memory, and the one that it becomes with address line 20 held low.
const LOW: PhysicalAddress = PhysicalAddress(0x600);
const HIGH: PhysicalAddress = PhysicalAddress(LOW.0 | 1 << 20);

/// Whether address line 20 is on: a write below 1 MiB does not show above.
pub fn a20_is_on() -> bool {
    let (low, high) = (LOW.0 as *mut u8, HIGH.0 as *const u8);
    // SAFETY: low memory is free after the start and mapped to be written; the byte above lies in the program's image,
    // which is mapped to be read. The byte below is put back.
    unsafe {
        let (kept, above) = (low.read_volatile(), high.read_volatile());
        low.write_volatile(!above);
        let on = high.read_volatile() == above;
        low.write_volatile(kept);
        on
    }
}
