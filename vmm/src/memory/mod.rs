//! Physical memory: who owns which frame.
//!
//! On entry all RAM is mapped one to one, writable and not executable, and nothing above the program and the modules
//! is in use. [`Frames`] hands out each frame once; [`GuestRam`] is memory that a guest writes behind Rust's back and
//! is therefore touched through raw copies only. All `unsafe` about memory is in this folder.

mod a20;
mod firmware;
mod first_mib;
mod frames;
mod guest_ram;
pub mod integrity;
mod kept;
mod space;

pub use a20::a20_is_on;
pub use firmware::FirmwareSpace;
pub use first_mib::FirstMib;
pub use frames::{Frame, Frames, OutOfMemory, PAGE_BYTES};
pub use guest_ram::GuestRam;
pub use kept::Kept;
pub use space::{ComponentSpace, RealModeSpace, Tables};

/// A physical address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(transparent)]
pub struct PhysicalAddress(pub u64);
