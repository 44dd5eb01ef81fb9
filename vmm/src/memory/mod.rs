//! Physical memory: who owns which frame.
//!
//! On entry all RAM is mapped one to one, writable and not executable, and nothing above the program and the modules
//! is in use. [`Frames`] hands out each frame once; [`GuestRam`] is memory that a guest writes behind Rust's back and
//! is therefore touched through raw copies only. All `unsafe` about memory is in this folder.

mod a20;
mod component_space;
mod ept;
mod firmware;
mod first_mib;
mod frames;
mod guest_ram;
pub mod integrity;
mod kept;
mod last_words;
mod paging;
mod pc_space;
mod tss;
#[cfg(feature = "fuzz")]
mod written_pages;

pub use a20::a20_is_on;
pub use component_space::ComponentSpace;
pub use ept::Mode;
pub use firmware::FirmwareSpace;
pub use first_mib::FirstMib;
pub use frames::{Frame, Frames, OutOfMemory, PAGE_BYTES};
pub use guest_ram::GuestRam;
pub use kept::Kept;
pub use last_words::{LastWords, watched};
pub use pc_space::{PcSpace, Translation};

use crate::component::Table;

/// A physical address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(transparent)]
pub struct PhysicalAddress(pub u64);

/// What a guest may do with a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing: each access is told.
    None,
    /// Read and execute.
    Read,
    /// Read, execute and write.
    Write,
}

impl Access {
    /// What an access needs that is a write, or else a read or a fetch.
    pub fn of(write: bool) -> Self {
        if write { Self::Write } else { Self::Read }
    }
}

/// Where the processor finds the tables of a guest.
#[derive(Clone, Copy, Debug)]
pub struct Tables {
    /// For CR3, if the guest runs in virtual-8086 mode.
    pub directory: PhysicalAddress,
    /// The TSS, at a linear address, if the guest runs in virtual-8086 mode.
    pub tss: Table,
    /// The EPT pointer, if there are extended page tables.
    pub ept: Option<u64>,
}
