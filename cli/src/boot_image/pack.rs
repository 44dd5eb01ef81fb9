//! The program in one piece, and packed: a BIOS reads slowly, and an image should be small.
//!
//! The format is LZMA without a header, which the loader unpacks with three hundred instructions. Its proof is a sum
//! over the unpacked bytes, since a stream itself may be damaged and still unpack. Before it is packed, the targets of
//! calls and jumps become absolute, their highest byte first: branches to one place are then equal bytes, and those to places
//! near each other begin alike, which saves nearly 5 KiB of 131.

use std::io::Write;

use lzma_rust2::{EncodeMode, LzmaOptions, LzmaWriter, MfType};

use super::{BootImageError, PAGE, PAYLOAD, Segment};

/// What the loader's `lzma.s` is written for: a literal's context is the top three bits of the byte before it, and
/// where a byte lies says nothing.
pub(super) const CONTEXT_BITS: u32 = 3;
pub(super) const LITERAL_POSITION_BITS: u32 = 0;
pub(super) const POSITION_BITS: u32 = 0;

/// The least dictionary that the format has; ours is the whole program.
const DICTIONARY: u32 = 4096;

/// How far the packer searches. More of it gains nothing.
const NICE_LENGTH: u32 = LzmaOptions::NICE_LEN_MAX;
const DEPTH: i32 = 1000;

/// The sum is of dwords; the program is filled up to a whole one.
const DWORD: usize = 4;

/// The operand of a near branch: a distance.
const OPERAND: usize = 4;

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
    pub(super) fn packed(&self) -> Result<Option<Packed>, BootImageError> {
        let stream = stream(&absolute(&self.bytes)?)?;
        if stream.len() >= self.bytes.len() {
            return Ok(None);
        }
        if stream.len() > PAYLOAD.saturating_sub(self.behind) as usize {
            return Err(BootImageError::NoRoomToUnpack(stream.len()));
        }
        Ok(Some(Packed { stream, waits_at: self.behind }))
    }

    /// What the loader must find once it has unpacked: each dword added to the sum so far rotated left by a bit.
    /// Any damage to a single dword changes it.
    pub(super) fn sum(&self) -> u32 {
        let (dwords, _) = self.bytes.as_chunks::<DWORD>();
        dwords.iter().fold(0, |sum: u32, &dword| sum.rotate_left(1).wrapping_add(u32::from_le_bytes(dword)))
    }
}

/// Bytes as an LZMA stream without header and end marker: the loader's table says how many they are.
fn stream(bytes: &[u8]) -> Result<Vec<u8>, BootImageError> {
    let too_large = |_| BootImageError::TooLarge;
    let length = u32::try_from(bytes.len()).map_err(|_| BootImageError::TooLarge)?;
    let options = LzmaOptions::new(
        length.max(DICTIONARY),
        CONTEXT_BITS,
        LITERAL_POSITION_BITS,
        POSITION_BITS,
        EncodeMode::Normal,
        NICE_LENGTH,
        MfType::Bt4,
        DEPTH,
    );
    let mut writer = LzmaWriter::new_no_header(Vec::new(), &options, false).map_err(too_large)?;
    writer.write_all(bytes).map_err(too_large)?;
    writer.finish().map_err(too_large)
}

/// The same with the operand of all that looks like a call or jump changed from the distance to the target, which
/// counts from the operand's end P, into the target, which counts from the first byte. The loader turns it back.
///
/// A distance from `length - P` up to the length has no target in the piece; it is stored less the length, as -P to
/// -1. What looks like neither, but would if its highest byte came first, is turned round, too. So no two operands are
/// stored alike, none overlaps another, and data that looks like a branch comes back.
pub(super) fn absolute(bytes: &[u8]) -> Result<Vec<u8>, BootImageError> {
    let length = i32::try_from(bytes.len()).map_err(|_| BootImageError::TooLarge)?;
    let mut stored = bytes.to_vec();
    let mut at = 0;
    while at < stored.len() {
        let Some(opcode) = opcode(&stored[at..]) else {
            at += 1;
            continue;
        };
        at += opcode;
        let Some(operand) = stored[at..].first_chunk_mut::<OPERAND>() else { break };
        let distance = i32::from_le_bytes(*operand);
        let end = (at + OPERAND) as i32;
        let leads_somewhere = -end..length;
        if leads_somewhere.contains(&distance) {
            let target = if distance < length - end { distance + end } else { distance - length };
            *operand = target.to_be_bytes();
        } else if leads_somewhere.contains(&distance.swap_bytes()) {
            operand.reverse();
        }
        at += OPERAND;
    }
    Ok(stored)
}

/// How many bytes at the start look like the opcode of a near call, jump or conditional jump.
fn opcode(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [0xe8 | 0xe9, ..] => Some(1),
        [0x0f, 0x80..=0x8f, ..] => Some(2),
        _ => None,
    }
}

/// A piece as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Packed {
    /// LZMA.
    pub stream: Vec<u8>,
    /// Physical: above the program, below the config.
    pub waits_at: u32,
}
