//! Floppies that a person brings while the guest runs: the end of the machine's boot disk is their way in.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use wire::{CHUNK_SECTORS, LETTERBOX_SECTORS, Load};

use crate::disk::Disk;

/// Bytes in a sector, and in a chunk of a disk.
const SECTOR: usize = 512;
const CHUNK: usize = CHUNK_SECTORS as usize * SECTOR;

/// What the letterbox takes on the boot disk.
pub(super) const LETTERBOX_BYTES: usize = LETTERBOX_SECTORS as usize * SECTOR;

/// Puts a floppy into the letterbox of this boot disk; what the VMM is to be told.
///
/// # Errors
/// The boot disk cannot be written.
pub(super) fn post(boot_disk: &File, place: u8, disk: &Disk, is_kept: bool) -> io::Result<Load> {
    let mut bytes = vec![0; disk.sectors as usize * SECTOR];
    for (chunk, data) in disk.chunks.iter().zip(disk.data.chunks(CHUNK)) {
        let start = usize::from(chunk.0) * CHUNK;
        bytes[start..start + data.len()].copy_from_slice(data);
    }
    let start = boot_disk.metadata()?.len() - LETTERBOX_BYTES as u64;
    boot_disk.write_all_at(&bytes, start)?;
    Ok(Load {
        disk: place,
        drive: disk.drive.0,
        write_protected: disk.write_protected,
        handed_back: is_kept,
        geometry: disk.geometry,
        sectors: disk.sectors,
    })
}
