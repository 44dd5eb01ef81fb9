//! What the VMM and the host tool say to each other.
//!
//! Three one-way roads: the host tool writes a [`BootConfig`] into the boot image; the VMM writes [`Record`]s to the
//! downlink (port E9h) and ends with a [`Verdict`]; in interactive runs the host tool writes [`Input`]s to the uplink
//! (COM1). Records and inputs travel as frames ([`frame`]): the engine prints text of its own on the same stream, so
//! each frame is delimited and checksummed. Nothing here allocates: values borrow from the buffer they came from.
#![no_std]
#![forbid(unsafe_code)]

mod config;
pub mod frame;
mod input;
mod record;

pub use config::{
    Answer, Backend, BootConfig, Break, Chunk, Chunks, Demo, DiskImage, Geometry, Items, Job, Link,
    MEASURES_LEAF, RunBreak, RunJob, Step, Told,
};
#[cfg(feature = "fuzz")]
pub use config::{FuzzJob, Plant};
pub use input::{Input, KeyItem, LETTERBOX_SECTORS, Load, Modifiers};
pub use record::{
    BiosCall, CALL_BYTES, CODE_BYTES, CallRegisters, CodeSize, Counter, Cursor, EXIT_CODE, End, ExitRecord,
    LineKind, Outcome, Record, Registers, Verdict,
};

/// Incremented whenever a type of this crate changes: both ends must come from one build.
pub const VERSION: u16 = 5;

/// Sectors in one [`Chunk`] of a disk image: 64 KiB.
pub const CHUNK_SECTORS: u32 = 128;

/// The most disks of a run.
pub const MAX_DISKS: usize = 16;
