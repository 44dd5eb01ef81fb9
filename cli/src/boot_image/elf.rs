//! What an image builder wants to know of an ELF file: its segments, and where its symbols are.

use object::elf::{FileHeader64, PT_LOAD};
use object::read::elf::{ElfFile64, FileHeader, ProgramHeader};
use object::{Endianness, Object, ObjectSymbol};

use super::BootImageError;

/// A part of a program.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'a> {
    /// Physical.
    pub address: u64,
    /// In memory, in bytes.
    pub size: u64,
    /// What the file holds of it.
    pub bytes: &'a [u8],
}

/// A program.
pub(super) struct Program<'a> {
    pub segments: Vec<Segment<'a>>,
    symbols: ElfFile64<'a>,
}

impl<'a> Program<'a> {
    pub(super) fn read(elf: &'a [u8]) -> Result<Self, BootImageError> {
        Self::parse(elf).map_err(|error| BootImageError::NotElf(error.to_string()))
    }

    fn parse(elf: &'a [u8]) -> Result<Self, object::Error> {
        let header = FileHeader64::<Endianness>::parse(elf)?;
        let endian = header.endian()?;
        let mut segments = Vec::new();
        for segment in header.program_headers(endian, elf)? {
            let size = segment.p_memsz(endian);
            if segment.p_type(endian) != PT_LOAD || size == 0 {
                continue;
            }
            let bytes = segment.data(endian, elf).unwrap_or_default();
            segments.push(Segment { address: segment.p_paddr(endian), size, bytes });
        }
        Ok(Self { segments, symbols: ElfFile64::parse(elf)? })
    }

    /// A symbol's address.
    pub(super) fn symbol(&self, name: &str) -> Option<u64> {
        self.symbols.symbols().find(|symbol| symbol.name() == Ok(name)).map(|symbol| symbol.address())
    }
}
