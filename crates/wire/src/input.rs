//! What a person or a script types.

use serde::{Deserialize, Serialize};

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
    /// End the run.
    Stop,
}

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
    /// Let the guest run.
    Wait {
        /// Guest seconds.
        seconds: u32,
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
