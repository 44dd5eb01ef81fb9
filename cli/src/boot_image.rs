//! From a bare-metal ELF file and its payload to a raw image that a BIOS boots.
//!
//! The program's segments below 64 KiB are the image's first sectors (stage 1 and the loader); the others follow as
//! one packed piece, then the boot config, then modules. The loader finds them by a table that is filled in here. Where the table lies
//! is asked of the ELF file's symbols, so that no offset is written twice.

mod elf;
mod pack;
#[cfg(test)]
mod tests;

use std::fmt;

use elf::{Program, Segment};
use pack::Piece;

/// Bytes of a sector.
pub const SECTOR: usize = 512;

/// Where stage 1 runs.
const STAGE1: u64 = 0x7c00;

/// Segments below this address are the first sectors of the image.
const LOW_END: u64 = 0x1_0000;

/// Where the boot config and the modules go, up from here, each on a page of its own.
pub const PAYLOAD: u32 = 4 << 20;

const PAGE: u32 = 4096;

/// The loader's table: entries and their size in bytes, as in `crates/rt`.
const LOAD_LIMIT: usize = 16;
const LOAD_ENTRY: usize = 32;

/// Where the code of a boot sector must end for a partition table to fit behind it.
const PARTITION_TABLE: usize = 446;

/// The greatest program, so that it fits a small stick's first cylinder and loads in a blink. In bytes.
pub const PROGRAM_LIMIT: usize = 512 << 10;

/// What our own program promises: it stays below this. In bytes.
pub const VMM_LIMIT: usize = 128 << 10;

/// How the image is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// It is a whole disk: the BIOS reads its first sector.
    Disk,
    /// It is a partition: a boot manager reads its first sector and leaves the partition's entry at DS:SI.
    Partition,
}

/// Whether the program is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Yes: a real BIOS reads slowly, and an image should be small.
    Packed,
    /// No: an engine reads in no time, and unpacking takes it 25 million instructions.
    Loose,
}

/// What a load entry holds, for the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    /// A part of the program, at its place as soon as it is loaded.
    Program = 0,
    Config = 1,
    Guest = 2,
    /// A part of the program that the loader unpacks.
    Packed = 3,
}

/// A bare-metal program as the compiler left it.
#[derive(Clone, Debug)]
pub struct Elf {
    /// The file.
    pub bytes: Vec<u8>,
}

/// A finished image.
#[derive(Clone, Debug)]
pub struct BootImage {
    /// A whole number of sectors.
    pub bytes: Vec<u8>,
    /// Bytes of stage 1, loader and program, without config and modules.
    pub program_bytes: usize,
    /// What these bytes would be if nothing were packed.
    pub unpacked_bytes: usize,
    /// Physical address behind the last byte that is loaded.
    pub payload_end: usize,
}

impl BootImage {
    /// Itself, if its program is below `limit` bytes.
    ///
    /// # Errors
    /// [`BootImageError::ProgramTooLarge`].
    pub fn below(self, limit: usize) -> Result<Self, BootImageError> {
        match self.program_bytes {
            bytes if bytes >= limit => Err(BootImageError::ProgramTooLarge { bytes, limit }),
            _ => Ok(self),
        }
    }

    /// The program's size, for people.
    pub fn program_size(&self) -> String {
        format!("{} bytes ({} unpacked)", self.program_bytes, self.unpacked_bytes)
    }
}

/// Why an ELF file cannot become an image. All are faults of the build, not of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BootImageError {
    /// The file cannot be read as an ELF file.
    NotElf(String),
    /// A symbol of the loader is missing or lies elsewhere than in the image's first sectors.
    Symbol(&'static str),
    /// No segment at 7C00h, or one that does not start there.
    NoStage1,
    /// The boot sector's code reaches into the partition table.
    Stage1TooLong,
    /// A program segment lies where config and modules go.
    SegmentTooHigh {
        /// Its address.
        address: u64,
        /// Its size in memory in bytes.
        size: u64,
    },
    /// More parts than the loader's table holds.
    TooManyParts(usize),
    /// The program is not below a limit.
    ProgramTooLarge {
        /// What it has.
        bytes: usize,
        /// What it must be below.
        limit: usize,
    },
    /// The packed program, of this many bytes, has no room between the program and the config.
    NoRoomToUnpack(usize),
    /// Sectors or addresses beyond 32 bits.
    TooLarge,
}

impl fmt::Display for BootImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotElf(why) => write!(f, "the program is no ELF file: {why}"),
            Self::Symbol(name) => write!(f, "the program has no symbol {name} in its boot sectors"),
            Self::NoStage1 => write!(f, "the program has no segment at {STAGE1:#x}"),
            Self::Stage1TooLong => write!(f, "the boot sector is longer than {PARTITION_TABLE} bytes"),
            Self::SegmentTooHigh { address, size } => {
                write!(f, "the segment at {address:#x} with {size} bytes reaches beyond {PAYLOAD:#x}")
            }
            Self::TooManyParts(count) => write!(f, "{count} parts are more than the loader's {LOAD_LIMIT}"),
            Self::ProgramTooLarge { bytes, limit } => {
                write!(f, "the program has {bytes} bytes, which is not below {} KiB", limit >> 10)
            }
            Self::NoRoomToUnpack(bytes) => {
                write!(f, "the {bytes} bytes of the packed program find no room below {PAYLOAD:#x}")
            }
            Self::TooLarge => f.write_str("the image is too large"),
        }
    }
}

impl std::error::Error for BootImageError {}

/// Lays out an image: `config` and `guest` are left out where they are `None`.
///
/// # Errors
/// See [`BootImageError`].
pub fn build(
    elf: &Elf,
    start: Start,
    packing: Packing,
    config: Option<&[u8]>,
    guest: Option<&[u8]>,
) -> Result<BootImage, BootImageError> {
    let program = Program::read(&elf.bytes)?;
    let (low, high) = split(&program)?;
    let mut image = Layout { bytes: low.bytes.to_vec(), entries: Vec::new() };
    image.pad();
    let low_sectors = image.sectors()?;
    let mut unpacked_bytes = image.bytes.len();
    if let Some(piece) = Piece::of(&high)? {
        unpacked_bytes += piece.bytes.len();
        match packing {
            Packing::Packed => image.append_program(&piece)?,
            Packing::Loose => image.append(Content::Program, piece.address, &piece.bytes)?,
        }
    }
    let program_bytes = image.bytes.len();
    let mut destination = PAYLOAD;
    for (content, bytes) in [(Content::Config, config), (Content::Guest, guest)] {
        let Some(bytes) = bytes else { continue };
        image.append(content, destination, bytes)?;
        let end = u32::try_from(bytes.len()).ok().and_then(|length| destination.checked_add(length));
        destination =
            end.and_then(|end| end.checked_next_multiple_of(PAGE)).ok_or(BootImageError::TooLarge)?;
    }
    let bytes = image.finish(&program, start, low_sectors)?;
    BootImage { bytes, program_bytes, unpacked_bytes, payload_end: destination as usize }.below(PROGRAM_LIMIT)
}

/// The segment that holds the boot sector, and the others.
fn split<'a>(program: &Program<'a>) -> Result<(Segment<'a>, Vec<Segment<'a>>), BootImageError> {
    let (low, high): (Vec<_>, Vec<_>) =
        program.segments.iter().copied().partition(|segment| segment.address < LOW_END);
    let [low] = low[..] else { return Err(BootImageError::NoStage1) };
    if low.address != STAGE1 || low.bytes.len() <= SECTOR {
        return Err(BootImageError::NoStage1);
    }
    if let Some(&Segment { address, size, .. }) =
        high.iter().find(|segment| segment.address.saturating_add(segment.size) > u64::from(PAYLOAD))
    {
        return Err(BootImageError::SegmentTooHigh { address, size });
    }
    Ok((low, high))
}

/// An image that grows by whole sectors.
struct Layout {
    bytes: Vec<u8>,
    /// The loader's table, field by field.
    entries: Vec<[u32; LOAD_ENTRY / size_of::<u32>()]>,
}

impl Layout {
    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(SECTOR), 0);
    }

    fn sectors(&self) -> Result<u32, BootImageError> {
        u32::try_from(self.bytes.len() / SECTOR).map_err(|_| BootImageError::TooLarge)
    }

    fn append_program(&mut self, piece: &Piece) -> Result<(), BootImageError> {
        let Some(packed) = piece.packed()? else {
            return self.append(Content::Program, piece.address, &piece.bytes);
        };
        let length = u32::try_from(piece.bytes.len()).map_err(|_| BootImageError::TooLarge)?;
        let unpacked = [piece.address, length, piece.sum()];
        self.append_with(Content::Packed, packed.waits_at, &packed.stream, unpacked)
    }

    fn append(&mut self, content: Content, destination: u32, bytes: &[u8]) -> Result<(), BootImageError> {
        self.append_with(content, destination, bytes, [0; 3])
    }

    fn append_with(
        &mut self,
        content: Content,
        destination: u32,
        bytes: &[u8],
        unpacked: [u32; 3],
    ) -> Result<(), BootImageError> {
        let first = self.sectors()?;
        self.bytes.extend_from_slice(bytes);
        self.pad();
        let length = u32::try_from(bytes.len()).map_err(|_| BootImageError::TooLarge)?;
        let sectors = self.sectors()? - first;
        let [place, place_length, sum] = unpacked;
        self.entries.push([content as u32, first, sectors, destination, length, place, place_length, sum]);
        Ok(())
    }

    /// Fills in what the loader must know.
    fn finish(
        mut self,
        program: &Program,
        start: Start,
        low_sectors: u32,
    ) -> Result<Vec<u8>, BootImageError> {
        if self.entries.len() > LOAD_LIMIT {
            return Err(BootImageError::TooManyParts(self.entries.len()));
        }
        let low_bytes = low_sectors as usize * SECTOR;
        let table: Vec<u8> =
            self.entries.as_flattened().iter().flat_map(|field| field.to_le_bytes()).collect();
        let count = u16::try_from(self.entries.len()).map_err(|_| BootImageError::TooLarge)?;
        let stage2_sectors = u16::try_from(low_sectors - 1).map_err(|_| BootImageError::TooLarge)?;
        let from_partition = u8::from(start == Start::Partition);
        let patches: [(&'static str, &[u8]); 4] = [
            ("boot_load_table", &table),
            ("boot_load_count", &count.to_le_bytes()),
            ("boot_stage2_sectors", &stage2_sectors.to_le_bytes()),
            ("boot_from_partition", &[from_partition]),
        ];
        for (name, value) in patches {
            let address = program.symbol(name).ok_or(BootImageError::Symbol(name))?;
            let offset = address.checked_sub(STAGE1).ok_or(BootImageError::Symbol(name))? as usize;
            let place = self.bytes[..low_bytes].get_mut(offset..offset + value.len());
            place.ok_or(BootImageError::Symbol(name))?.copy_from_slice(value);
        }
        if self.bytes[PARTITION_TABLE..SECTOR - 2].iter().any(|&byte| byte != 0) {
            return Err(BootImageError::Stage1TooLong);
        }
        if start == Start::Disk {
            let entry = active_entry(self.sectors()?);
            self.bytes[PARTITION_TABLE..PARTITION_TABLE + entry.len()].copy_from_slice(&entry);
        }
        self.bytes[SECTOR - 2..SECTOR].copy_from_slice(&[0x55, 0xaa]);
        Ok(self.bytes)
    }
}

/// One active partition over the whole image: many a BIOS boots a stick as a disk only if it sees one.
/// The type 7Fh is free for one's own use.
fn active_entry(sectors: u32) -> [u8; 16] {
    let mut entry = [0x80, 0, 1, 0, 0x7f, 0xfe, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0];
    // The entry starts behind the boot record: a partition that holds its own table confuses other tools.
    entry[2] = 2;
    entry[8..12].copy_from_slice(&1_u32.to_le_bytes());
    entry[12..].copy_from_slice(&sectors.saturating_sub(1).to_le_bytes());
    entry
}

/// A guest's ELF file as it lies in memory, from its lowest address.
///
/// # Errors
/// The file is no ELF file, or has no segment.
pub fn flat(elf: &[u8]) -> Result<Vec<u8>, BootImageError> {
    let program = Program::read(elf)?;
    let mut segments = program.segments;
    segments.sort_by_key(|segment| segment.address);
    let base = segments.first().ok_or(BootImageError::NoStage1)?.address;
    let mut bytes = Vec::new();
    for segment in segments {
        let offset = usize::try_from(segment.address - base).map_err(|_| BootImageError::TooLarge)?;
        if offset > PROGRAM_LIMIT {
            return Err(BootImageError::ProgramTooLarge { bytes: offset, limit: PROGRAM_LIMIT });
        }
        bytes.resize(bytes.len().max(offset + segment.bytes.len()), 0);
        bytes[offset..offset + segment.bytes.len()].copy_from_slice(segment.bytes);
    }
    Ok(bytes)
}
