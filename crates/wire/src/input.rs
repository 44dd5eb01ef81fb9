//! What a person or a script types.

use serde::{Deserialize, Serialize};

use crate::config::Geometry;

/// From the host tool to a running VMM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Input {
    /// A key was typed: pressed as soon as the keyboard has room, as on a PC whose program does not read.
    Key(KeyItem),
    /// A key of a pasted text: pressed once the program has read what came before. See [`crate::Record::Pulse`].
    Paste(KeyItem),
    /// Forget the keys that wait.
    DropKeys,
    /// Power the guest off and on again.
    Reset,
    /// Put this disk, by its place among the job's disks, into its floppy drive.
    Insert(u8),
    /// Put the floppy that lies in the letterbox into its drive.
    Load(Load),
    /// End the run.
    Stop,
}

/// A floppy in the letterbox: the last [`LETTERBOX_SECTORS`] of the boot disk, of which it takes the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Its place among the run's disks: the first that is free.
    pub disk: u8,
    /// BIOS drive number: 00h or 01h.
    pub drive: u8,
    /// Whether the guest's writes are refused.
    pub write_protected: bool,
    /// Whether the sectors that the guest wrote are sent at the end.
    pub handed_back: bool,
    /// Its geometry.
    pub geometry: Geometry,
    /// Its size in sectors of 512 bytes.
    pub sectors: u32,
}

/// Sectors of the letterbox: the largest floppy, 2.88 MB, and some more to make whole cylinders of 16 heads and 63
/// sectors.
pub const LETTERBOX_SECTORS: u32 = 6 * 16 * 63;

/// One item of typed text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyItem {
    /// Press the modifiers, press and release the key, release the modifiers.
    Press {
        /// Make code of scan-code set 1, 01h to 7Fh.
        scan: u8,
        /// Whether E0h goes before it.
        extended: bool,
        /// Held meanwhile.
        modifiers: Modifiers,
    },
    /// Move one key and no other: held keys stay as they are.
    Move {
        /// Make code of scan-code set 1, 01h to 7Fh.
        scan: u8,
        /// Whether E0h goes before it.
        extended: bool,
        /// Whether it goes down, or comes up.
        pressed: bool,
    },
    /// Let the guest run.
    Wait {
        /// Guest time.
        milliseconds: u32,
    },
}

/// Keys that change others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Modifiers {
    pub shift: bool,
    pub control: bool,
    pub alt: bool,
}
