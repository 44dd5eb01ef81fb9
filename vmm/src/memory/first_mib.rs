//! The machine's own first MiB: real-mode vectors, BIOS data, free RAM, video memory, ROM.
//!
//! On entry the runtime keeps nothing there any more. The testbed puts the guest component where the course has it,
//! at physical 10000h, and a VM that calls the firmware runs in this memory as it is.

use core::arch::asm;

use rt::boot::BootInfo;
use v8086::GuestMemory;

use crate::component::Component;

/// Size of an arena, in bytes.
const ARENA_BYTES: u64 = 0x1_0000;

/// One MiB, in bytes.
const SIZE: usize = 1 << 20;

/// Where RAM and video memory end and ROM begins.
const ROM: usize = 0xC_0000;

/// The first MiB. No Rust object lies in it and no reference into it exists: bytes are copied in and out.
pub struct FirstMib(());

impl FirstMib {
    /// `None` where the firmware does not leave the 64 KiB of a component's arena free.
    pub fn new(boot: &BootInfo) -> Option<Self> {
        let start = u64::from(Component::ARENA);
        let free = boot
            .memory_map
            .iter()
            .any(|region| region.is_usable() && region.base <= start && start + ARENA_BYTES <= region.end());
        free.then_some(Self(()))
    }
}

/// Copies with string instructions, which may address 0, unlike a Rust pointer.
///
/// # Safety
/// Both areas hold `length` bytes, and what is written is not a Rust object, or is exclusively borrowed.
unsafe fn copy(from: usize, to: usize, length: usize) {
    // SAFETY: the caller's duty; DF is clear in Rust code.
    unsafe {
        asm!("rep movsb", inout("rsi") from => _, inout("rdi") to => _, inout("rcx") length => _,
            options(nostack, preserves_flags));
    }
}

impl GuestMemory for FirstMib {
    fn read(&self, linear: u32, bytes: &mut [u8]) {
        let inside = SIZE.saturating_sub(linear as usize).min(bytes.len());
        bytes[inside..].fill(0xFF);
        // SAFETY: the first MiB is mapped one to one; `bytes` is exclusively borrowed and lies elsewhere.
        unsafe { copy(linear as usize, bytes.as_mut_ptr() as usize, inside) };
    }

    fn write(&mut self, linear: u32, bytes: &[u8]) {
        let inside = ROM.saturating_sub(linear as usize).min(bytes.len());
        // SAFETY: the first MiB is mapped one to one and holds no Rust object, and nothing that the runtime uses.
        unsafe { copy(bytes.as_ptr() as usize, linear as usize, inside) };
    }
}
