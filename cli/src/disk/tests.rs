//! Image files of every kind, good and bad.

use std::fs;
use std::time::{Duration, Instant};

use super::*;

/// A boot sector with a signature.
fn boot_sector() -> Vec<u8> {
    let mut bytes = vec![0x90; 512];
    bytes[510..].copy_from_slice(&[0x55, 0xAA]);
    bytes
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// The message for a file of these contents.
fn refusal(contents: &[u8]) -> String {
    let folder = folder();
    let path = folder.path().join("disk.img");
    fs::write(&path, contents).unwrap();
    load(&path, Place::BySize, Signature::Required).unwrap_err().to_string()
}

#[test]
fn sizes_decide_drive_and_geometry() {
    let folder = folder();
    let path = folder.path().join("disk.img");
    let rows = [
        (512, 0x00, 2880, (80, 2, 18)),
        (513, 0x00, 2880, (80, 2, 18)),
        (163_840, 0x00, 320, (40, 1, 8)),
        (1_474_560, 0x00, 2880, (80, 2, 18)),
        (2_949_120, 0x00, 5760, (80, 2, 36)),
        (2_949_121, 0x80, 5761, (5, 16, 63)),
        (512 << 20, 0x80, 1 << 20, (520, 32, 63)),
    ];
    for (length, drive, sectors, (cylinders, heads, sectors_per_track)) in rows {
        fs::write(&path, boot_sector()).unwrap();
        File::options().write(true).open(&path).unwrap().set_len(length).unwrap();
        let disk = load(&path, Place::BySize, Signature::Required).unwrap();
        let expected = Geometry { cylinders, heads, sectors_per_track };
        assert_eq!((disk.drive.0, disk.sectors, disk.geometry), (drive, sectors, expected), "{length}");
        assert_eq!(disk.chunks, [Chunk(0)], "{length}");
        assert_eq!(disk.data.len(), CHUNK as usize, "{length}");
        assert_eq!(disk.data[..512], boot_sector(), "{length}");
    }
}

#[test]
fn only_chunks_that_hold_data_are_kept_and_the_last_may_be_short() {
    let folder = folder();
    let path = folder.path().join("disk.img");
    fs::write(&path, boot_sector()).unwrap();
    let file = File::options().write(true).open(&path).unwrap();
    // Zeros that are written are no hole, and still no data. The last chunk of 100 MiB and 3 bytes is one sector.
    file.write_all_at(&[0; 4096], 5 * CHUNK).unwrap();
    file.write_all_at(b"seven", 7 * CHUNK + 9).unwrap();
    file.write_all_at(b"end", 100 << 20).unwrap();
    let disk = load(&path, Place::BySize, Signature::Required).unwrap();
    assert_eq!(disk.sectors, (100 << 11) + 1);
    assert_eq!(disk.chunks, [Chunk(0), Chunk(7), Chunk(1600)]);
    assert_eq!(disk.data.len(), 2 * CHUNK as usize + 512);
    assert_eq!(&disk.data[CHUNK as usize + 9..][..5], b"seven");
    assert_eq!(&disk.data[2 * CHUNK as usize..][..4], b"end\0");
}

#[test]
fn a_short_floppy_ends_in_zeros() {
    let folder = folder();
    let path = folder.path().join("disk.img");
    let mut contents = boot_sector();
    contents.resize(163_840 - 1, 7);
    fs::write(&path, &contents).unwrap();
    let disk = load(&path, Place::BySize, Signature::Required).unwrap();
    contents.push(0);
    // 160 KB are two chunks and a half.
    assert_eq!(disk.chunks, [Chunk(0), Chunk(1), Chunk(2)]);
    assert_eq!(disk.data, contents);
}

#[test]
fn bad_files_are_refused_in_words() {
    assert!(
        refusal(b"").ends_with("the file is empty; a disk image holds at least its boot sector, 512 bytes")
    );
    assert!(refusal(&[1; 100]).contains("the file has 100 bytes"));
    assert!(refusal(&[1; 511]).contains("the file has 511 bytes"));
    let unsigned = refusal(&[1; 512]);
    assert!(unsigned.contains("bytes 510 and 511 are 01h 01h instead of 55h AAh"), "{unsigned}");
    assert!(unsigned.contains("--no-signature-check"), "{unsigned}");
}

#[test]
fn what_is_no_file_is_refused_without_opening_it() {
    let folder = folder();
    let message = |path: &Path| load(path, Place::BySize, Signature::Required).unwrap_err().to_string();
    assert!(message(folder.path()).ends_with("this is a directory; give the path of a disk image"));
    assert!(message(&folder.path().join("none")).contains("there is no such file"));
    assert!(message(Path::new("/dev/zero")).contains("not a regular file"));
    let pipe = folder.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    assert!(message(&pipe).contains("not a regular file"));
}

#[test]
fn the_signature_check_can_be_switched_off() {
    let folder = folder();
    let path = folder.path().join("disk.img");
    fs::write(&path, [1; 512]).unwrap();
    assert_eq!(load(&path, Place::BySize, Signature::Ignored).unwrap().data[..512], [1; 512]);
}

#[test]
fn large_sparse_files_take_no_time() {
    let folder = folder();
    let path = folder.path().join("disk.img");
    fs::write(&path, boot_sector()).unwrap();
    let file = File::options().write(true).open(&path).unwrap();
    let start = Instant::now();
    file.set_len(5 << 30).unwrap();
    let message = load(&path, Place::BySize, Signature::Required).unwrap_err().to_string();
    assert!(
        message.ends_with("the file has 5368709120 bytes; a disk has at most 536870912 (512 MiB)"),
        "{message}"
    );
    file.set_len((512 << 20) + 1).unwrap();
    assert!(load(&path, Place::BySize, Signature::Required).is_err());
    file.set_len(512 << 20).unwrap();
    assert!(load(&path, Place::BySize, Signature::Required).is_ok());
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}
