//! The proof that a guest stayed inside: a checksum over everything that neither a guest nor the VMM's own working
//! data may change while a guest runs, taken before and compared after.
//!
//! Sealed are the VMM's code and constants, its page tables, the guest's page tables and
//! bitmaps (frames that belong to the VMM), and the canary pages around guest memory.

use core::fmt;
use core::ops::Range;

use rt::{layout, paging};

use super::{Frame, GuestRam};

/// Something was written that no guest may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The checksum over code, constants and tables has changed.
    Checksum {
        /// As it was sealed.
        before: u64,
        /// As it is.
        after: u64,
    },
    /// A page next to guest memory was written.
    Canary,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checksum { before, after } => write!(
                f,
                "the VMM's code or tables were changed while the guest ran: checksum {before:016X}h before, \
                 {after:016X}h after"
            ),
            Self::Canary => write!(f, "a page next to guest memory was written while the guest ran"),
        }
    }
}

/// A checksum that was taken before a guest ran.
#[derive(Clone, Copy, Debug)]
pub struct Seal(u64);

impl Seal {
    /// Seals the VMM and `frames`.
    pub fn new<'a>(frames: impl Iterator<Item = &'a Frame>) -> Self {
        Self(checksum(frames))
    }

    /// The checksum.
    pub fn checksum(self) -> u64 {
        self.0
    }

    /// Compares with what is there now.
    ///
    /// # Errors
    /// [`Damage`]
    pub fn verify<'a>(self, frames: impl Iterator<Item = &'a Frame>, ram: &GuestRam) -> Result<(), Damage> {
        let after = checksum(frames);
        if after != self.0 {
            return Err(Damage::Checksum { before: self.0, after });
        }
        if ram.canaries_are_whole() { Ok(()) } else { Err(Damage::Canary) }
    }
}

fn checksum<'a>(frames: impl Iterator<Item = &'a Frame>) -> u64 {
    let own = [layout::text(), layout::rodata(), paging::tables()].map(mapped);
    let others = frames.map(|frame| &frame.bytes()[..]);
    own.into_iter().chain(others).fold(OFFSET_BASIS, fold)
}

/// Memory of the program that nobody writes any more.
fn mapped(range: Range<u64>) -> &'static [u8] {
    // SAFETY: code, constants and the runtime's page tables are mapped for reading; the tables change in `map_device`
    // only, which no seal spans.
    unsafe { core::slice::from_raw_parts(range.start as *const u8, (range.end - range.start) as usize) }
}

/// Start value of the 64-bit FNV-1a hash.
const OFFSET_BASIS: u64 = 0xCBF2_9CE4_8422_2325;

/// FNV-1a with eight bytes a step. The rotation lets high bits reach low ones.
fn fold(hash: u64, bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x100_0000_01B3;
    let (words, rest) = bytes.as_chunks::<8>();
    let hash = words
        .iter()
        .fold(hash, |hash, word| (hash ^ u64::from_le_bytes(*word)).wrapping_mul(PRIME).rotate_left(29));
    rest.iter().fold(hash, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}
