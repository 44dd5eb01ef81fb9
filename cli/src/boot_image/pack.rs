//! The program in one piece, and packed: a BIOS reads slowly, and an image should be small.
//!
//! The format is DEFLATE, which the loader unpacks with three hundred instructions. Its proof is a sum over the
//! unpacked bytes, since a stream itself may be damaged and still unpack. Before it is packed, the targets of calls
//! and jumps become absolute: calls of one routine are then equal bytes, which saves 3.5 KiB of 106.
//!
//! Zopfli searches for the shortest stream, which takes about a second: so what it found is kept beside the program.

use std::io::Write;
use std::num::NonZero;
use std::path::Path;

use miniz_oxide::inflate;
use tempfile::NamedTempFile;
use zopfli::{Format, Options};

use super::{BootImageError, PAGE, PAYLOAD, Segment};

/// Turns of Zopfli's search; more of them gain some 20 bytes.
const TURNS: NonZero<u64> = NonZero::new(5).unwrap();

/// What follows the stream, so that the loader may read in dwords (`INFLATE_TAIL` there).
const TAIL: [u8; 12] = [0; 12];

/// The sum is of dwords; the program is filled up to a whole one.
const DWORD: usize = 4;

/// The opcodes of a near call and jump, and the bytes of either with its operand.
const CALL: u8 = 0xe8;
const JUMP: u8 = 0xe9;
const BRANCH: usize = 5;

/// All that segments hold, with zeros between them: one piece packs best, and needs one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Physical.
    pub address: u32,
    /// A whole number of dwords.
    pub bytes: Vec<u8>,
    /// The first page that no segment reaches.
    pub behind: u32,
}

impl Piece {
    /// Of segments that all end at or below [`PAYLOAD`]; `None` if they hold nothing.
    pub(super) fn of(segments: &[Segment]) -> Result<Option<Self>, BootImageError> {
        let held = || segments.iter().filter(|segment| !segment.bytes.is_empty());
        let Some(base) = held().map(|segment| segment.address).min() else { return Ok(None) };
        let mut bytes = Vec::new();
        for segment in held() {
            let offset = usize::try_from(segment.address - base).map_err(|_| BootImageError::TooLarge)?;
            let end = offset + segment.bytes.len();
            bytes.resize(bytes.len().max(end), 0);
            bytes[offset..end].copy_from_slice(segment.bytes);
        }
        bytes.resize(bytes.len().next_multiple_of(DWORD), 0);
        let address = u32::try_from(base).map_err(|_| BootImageError::TooLarge)?;
        let behind = segments.iter().map(|segment| segment.address + segment.size).max().unwrap_or(base);
        let behind = u32::try_from(behind).map_err(|_| BootImageError::TooLarge)?.next_multiple_of(PAGE);
        Ok(Some(Self { address, bytes, behind }))
    }

    /// Packed, and where it waits until it is unpacked; `None` if that would not make it smaller.
    ///
    /// The file `kept` holds the stream of an earlier call, or will.
    pub(super) fn packed(&self, kept: Option<&Path>) -> Result<Option<Packed>, BootImageError> {
        let bytes = absolute(&self.bytes)?;
        let mut block = match kept {
            Some(path) => kept_stream(&bytes, path)?,
            None => stream(&bytes)?,
        };
        block.extend(TAIL);
        if block.len() >= self.bytes.len() {
            return Ok(None);
        }
        if block.len() > PAYLOAD.saturating_sub(self.behind) as usize {
            return Err(BootImageError::NoRoomToUnpack(block.len()));
        }
        Ok(Some(Packed { block, waits_at: self.behind }))
    }

    /// What the loader must find once it has unpacked: each dword added to the sum so far rotated left by a bit.
    /// Any damage to a single dword changes it.
    pub(super) fn sum(&self) -> u32 {
        let (dwords, _) = self.bytes.as_chunks::<DWORD>();
        dwords.iter().fold(0, |sum: u32, &dword| sum.rotate_left(1).wrapping_add(u32::from_le_bytes(dword)))
    }
}

/// The stream that `path` holds, if it is one of these bytes; else a new one, which it holds from now on.
fn kept_stream(bytes: &[u8], path: &Path) -> Result<Vec<u8>, BootImageError> {
    if let Ok(kept) = std::fs::read(path)
        && inflate::decompress_to_vec_with_limit(&kept, bytes.len()).is_ok_and(|unpacked| unpacked == bytes)
    {
        return Ok(kept);
    }
    let new = stream(bytes)?;
    // In one step, as another run may be reading. A folder that cannot be written to costs time, nothing else.
    let folder = path.parent().unwrap_or(Path::new("."));
    if let Ok(mut file) = NamedTempFile::new_in(folder)
        && file.write_all(&new).is_ok()
    {
        let _ = file.persist(path);
    }
    Ok(new)
}

/// Bytes as a DEFLATE stream.
fn stream(bytes: &[u8]) -> Result<Vec<u8>, BootImageError> {
    let mut stream = Vec::new();
    let options = Options { iteration_count: TURNS, ..Options::default() };
    zopfli::compress(options, Format::Deflate, bytes, &mut stream).map_err(|_| BootImageError::TooLarge)?;
    Ok(stream)
}

/// The same with the operand of all that looks like a call, then of all that looks like a jump, changed from the
/// distance to the target, which counts from the operand's end P, into the target, which counts from the first byte.
/// The loader turns it back.
///
/// A distance from `length - P` up to the length has no target in the piece; it is stored less the length, as -P to
/// -1. So no two distances are stored alike, and data that looks like a branch comes back too.
pub(super) fn absolute(bytes: &[u8]) -> Result<Vec<u8>, BootImageError> {
    let length = i32::try_from(bytes.len()).map_err(|_| BootImageError::TooLarge)?;
    let mut stored = bytes.to_vec();
    for looked_for in [CALL, JUMP] {
        let (mut at, mut end) = (0, BRANCH as i32);
        while let Some([opcode, operand @ ..]) =
            stored.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<BRANCH>)
        {
            let distance = i32::from_le_bytes(*operand);
            let step = if *opcode == looked_for && (-end..length).contains(&distance) {
                let target = if distance < length - end { distance + end } else { distance - length };
                *operand = target.to_le_bytes();
                BRANCH
            } else {
                1
            };
            at += step;
            end += step as i32;
        }
    }
    Ok(stored)
}

/// A piece as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Packed {
    /// A DEFLATE stream and [`TAIL`].
    pub block: Vec<u8>,
    /// Physical: above the program, below the config.
    pub waits_at: u32,
}
