//! What the guests share on the Rust side: nothing but the panic handler that every program without `std` must have.
//!
//! The guests are assembly. *Components* (`component/`) are what the demonstrations run: a ring-3 task in virtual-8086
//! mode with the descriptor tables, the task-state segment and the ring-0 #GP handler that it needs, all in one arena
//! of 64 KiB at linear address 10000h. *Boot sectors* (`boot_sector/`) are disks for `run`. Pieces that several guests
//! need stand in `asm/`, once.
#![no_std]

use core::panic::PanicInfo;

/// Never reached: no guest contains Rust code.
#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    loop {}
}
