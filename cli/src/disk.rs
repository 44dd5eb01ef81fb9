//! The guest's disk: from an image file to a BIOS drive, its geometry, and the stretches that hold data.
//!
//! A file is judged by what the file system says of it before a byte of it is read, so that a directory, a pipe or a
//! sparse file of many gigabytes is refused at once. Holes are never read.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::fs::SeekFrom;
use wire::{CHUNK_SECTORS, Chunk, Geometry};

use crate::args::Drive;

mod file;
mod geometry;
pub mod keep;

pub use file::ImageFile;

/// Bytes in a sector.
const SECTOR: u64 = 512;
/// Bytes in a chunk.
const CHUNK: u64 = CHUNK_SECTORS as u64 * SECTOR;
/// The largest disk, and all of a run's disks together, in bytes: what fits into a boot image and the VMM's memory with
/// ease.
pub const LARGEST: u64 = 512 << 20;

/// A disk as the VMM will offer it to the guest.
#[derive(Clone, PartialEq, Eq)]
pub struct Disk {
    /// The drive that it is for.
    pub drive: Drive,
    /// Where it comes from.
    pub file: ImageFile,
    /// Whether the guest's writes are refused.
    pub write_protected: bool,
    /// Cylinders, heads, sectors per track.
    pub geometry: Geometry,
    /// Size in sectors of 512 bytes.
    pub sectors: u32,
    /// The chunks that hold anything but zeros, ascending.
    pub chunks: Vec<Chunk>,
    /// Their contents, one after the other; only the disk's last chunk may be short.
    pub data: Vec<u8>,
}

/// Which drive a disk is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The first floppy drive or the first hard disk, as its size says.
    BySize,
    /// This one.
    In(Drive),
}

/// Whether the boot sector must end in 55AAh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// A disk without it is refused, as most BIOSes do.
    Required,
    /// `--no-signature-check`.
    Ignored,
}

impl Signature {
    /// As `--no-signature-check` says.
    pub fn unless(waived: bool) -> Self {
        if waived { Self::Ignored } else { Self::Required }
    }
}

/// Why a file is no disk for a guest.
#[derive(Debug)]
pub struct DiskError {
    path: PathBuf,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Unreadable(io::Error),
    Directory,
    NotAFile,
    Empty,
    TooShort(u64),
    TooLong(u64),
    NoFloppy(u64),
    NoSignature([u8; 2]),
}

impl fmt::Display for DiskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path.display())?;
        match &self.problem {
            Problem::Unreadable(error) if error.kind() == io::ErrorKind::NotFound => {
                write!(f, "there is no such file; give the path of a disk image")
            }
            Problem::Unreadable(error) => write!(f, "cannot be read: {error}"),
            Problem::Directory => write!(f, "this is a directory; give the path of a disk image"),
            Problem::NotAFile => {
                write!(f, "this is not a regular file; copy the disk into one first, for example with dd")
            }
            Problem::Empty => {
                write!(f, "the file is empty; a disk image holds at least its boot sector, 512 bytes")
            }
            Problem::TooShort(bytes) => {
                write!(
                    f,
                    "the file has {bytes} bytes; a disk image holds at least its boot sector, 512 bytes"
                )
            }
            Problem::TooLong(bytes) => {
                write!(f, "the file has {bytes} bytes; a disk has at most {LARGEST} ({} MiB)", LARGEST >> 20)
            }
            Problem::NoFloppy(bytes) => {
                write!(
                    f,
                    "the file has {bytes} bytes; a floppy has at most 2949120 (2.88 MB), so it is a disk, for drive c"
                )
            }
            Problem::NoSignature([low, high]) => write!(
                f,
                "no boot signature: bytes 510 and 511 are {low:02X}h {high:02X}h instead of 55h AAh; \
                 boot it all the same with --no-signature-check"
            ),
        }
    }
}

impl std::error::Error for DiskError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            Problem::Unreadable(error) => Some(error),
            _ => None,
        }
    }
}

// The contents of half a gigabyte are no help in a message.
impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk")
            .field("drive", &self.drive)
            .field("file", &self.file)
            .field("write_protected", &self.write_protected)
            .field("geometry", &self.geometry)
            .field("sectors", &self.sectors)
            .field("chunks", &self.chunks.len())
            .field("data", &self.data.len())
            .finish()
    }
}

impl Disk {
    /// Its size in bytes.
    pub fn length(&self) -> u64 {
        u64::from(self.sectors) * SECTOR
    }
}

/// Reads an image file. Of a hard disk only what is not zero is kept; a floppy shorter than its format is as good as
/// one that ends in zeros.
///
/// # Errors
/// [`DiskError`], whose text says which file, what about it, and what to do.
pub fn load(path: &Path, place: Place, signature: Signature) -> Result<Disk, DiskError> {
    read(path, place, signature).map_err(|problem| DiskError { path: path.to_owned(), problem })
}

fn read(path: &Path, place: Place, signature: Signature) -> Result<Disk, Problem> {
    // Asked before opening: to open a pipe would wait for its writer.
    let about = path.metadata().map_err(Problem::Unreadable)?;
    let file_length = match about.len() {
        _ if about.is_dir() => return Err(Problem::Directory),
        _ if !about.is_file() => return Err(Problem::NotAFile),
        0 => return Err(Problem::Empty),
        bytes if bytes < SECTOR => return Err(Problem::TooShort(bytes)),
        bytes if bytes > LARGEST => return Err(Problem::TooLong(bytes)),
        bytes => bytes,
    };
    let file = File::open(path).map_err(Problem::Unreadable)?;
    // Before the contents: a change from now on is one.
    let image_file = ImageFile::of(path, &file).map_err(Problem::Unreadable)?;
    let mut boot_sector = [0; SECTOR as usize];
    file.read_exact_at(&mut boot_sector, 0).map_err(Problem::Unreadable)?;
    let image_sectors = file_length.div_ceil(SECTOR) as u32;
    let of_hard_disk = || (geometry::of_hard_disk(&boot_sector, image_sectors), image_sectors);
    let as_floppy =
        geometry::of_floppy(image_sectors).map(|geometry| (geometry, geometry::capacity(geometry)));
    let (drive, (geometry, sectors)) = match (place, as_floppy) {
        (Place::BySize, Some(floppy)) => (Drive::A, floppy),
        (Place::BySize, None) => (Drive::C, of_hard_disk()),
        (Place::In(drive), Some(floppy)) if drive.is_floppy() => (drive, floppy),
        (Place::In(drive), None) if drive.is_floppy() => return Err(Problem::NoFloppy(file_length)),
        (Place::In(drive), _) => (drive, of_hard_disk()),
    };
    if signature == Signature::Required && boot_sector[510..] != [0x55, 0xAA] {
        return Err(Problem::NoSignature([boot_sector[510], boot_sector[511]]));
    }
    let (chunks, data) =
        read_chunks(&file, file_length, u64::from(sectors) * SECTOR).map_err(Problem::Unreadable)?;
    Ok(Disk { drive, file: image_file, write_protected: false, geometry, sectors, chunks, data })
}

/// The chunks of a file that are not all zero. The last chunk is cut at `disk_length`; where the file ends before,
/// it is filled with zeros.
fn read_chunks(file: &File, file_length: u64, disk_length: u64) -> io::Result<(Vec<Chunk>, Vec<u8>)> {
    let (mut chunks, mut data) = (Vec::new(), Vec::new());
    let mut buffer = vec![0; CHUNK as usize];
    let mut offset = 0;
    while let Some(start) = next_data(file, offset, file_length)? {
        let index = start / CHUNK;
        let start = index * CHUNK;
        let length = CHUNK.min(disk_length - start) as usize;
        let in_file = (file_length - start).min(length as u64) as usize;
        buffer.fill(0);
        file.read_exact_at(&mut buffer[..in_file], start)?;
        if buffer[..length].iter().any(|&byte| byte != 0) {
            // 512 MiB are 8,192 chunks.
            chunks.push(Chunk(index as u16));
            data.extend_from_slice(&buffer[..length]);
        }
        offset = start + CHUNK;
    }
    Ok((chunks, data))
}

/// The first place from `offset` that is not in a hole of the file. A file system that knows nothing of holes says
/// that all of it is data.
fn next_data(file: &File, offset: u64, file_length: u64) -> io::Result<Option<u64>> {
    if offset >= file_length {
        return Ok(None);
    }
    match rustix::fs::seek(file, SeekFrom::Data(offset)) {
        Ok(start) => Ok(Some(start)),
        Err(rustix::io::Errno::NXIO) => Ok(None),
        Err(rustix::io::Errno::INVAL) => Ok(Some(offset)),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests;
