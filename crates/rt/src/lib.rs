//! The bare-metal runtime: everything from the boot sector's first instruction to a program's `main` in
//! 64-bit mode, and what that `main` stands on.
//!
//! A program is a `#![no_std] #![no_main]` crate that depends on this one:
//!
//! ```ignore
//! rt::entry!(main);
//!
//! fn main(boot: &'static rt::boot::BootInfo) {
//!     rt::println!("started from drive {:02X}h", boot.boot_drive);
//! }
//! ```
//!
//! It is linked by `link.ld` with the flags in `flags.txt`, and the image builder writes the load table into
//! stage 2 by its symbols. Returning from `main` shuts down. There is one CPU, interrupts are off but in
//! [`irq::wait`], and physical addresses equal linear addresses.

#![no_std]

pub mod boot;
pub mod console;
pub mod cpu;
pub mod failure;
pub mod irq;
mod memory;
pub mod paging;
pub mod power;
mod screen;
pub mod serial;
mod start;
pub mod trap;

pub use start::layout;

/// Names the program's main function, a `fn(&'static BootInfo)`.
#[macro_export]
macro_rules! entry {
    ($main:path) => {
        #[unsafe(export_name = "main")]
        fn __rt_entry(boot: &'static $crate::boot::BootInfo) {
            let main: fn(&'static $crate::boot::BootInfo) = $main;
            main(boot)
        }
    };
}
