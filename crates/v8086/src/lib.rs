//! The 16-bit CPU as a monitor sees it.
//!
//! On entry nothing is known about how the guest runs: under virtual-8086 mode, with or without EPT, or as an
//! unrestricted guest. This crate therefore sees a guest only through two traits, [`Cpu`] and [`GuestMemory`],
//! and is responsible for what real mode would do: interrupt frames, and the instructions that virtual-8086 mode
//! refuses, decoded and carried out. It knows no other crate of this project.
#![no_std]
#![forbid(unsafe_code)]

mod cpu;
mod decode;
mod execute;
pub mod interrupt;
mod memory;
mod monitor;
mod operation;
mod outcome;
mod stack;
pub mod step;
pub mod string_io;
mod system;
pub mod vector;

pub use cpu::{Cpu, Flags, General, SegmentRegister};
pub use decode::Size;
pub use memory::{FarPointer, GuestMemory};
pub use monitor::{Exception, ModelSpecificRegisters, Monitor};
pub use outcome::{Change, ModeSwitch, Outcome, Shutdown};
pub use system::{CR4_DE, Cr0, Debug, SystemRegisters, TableRegister};
