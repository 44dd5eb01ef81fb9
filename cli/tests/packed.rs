//! The VMM travels packed. Damage to it on the way is told by the loader, never executed.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use object::read::elf::ElfFile64;
use object::{Endianness, Object, ObjectSegment, ObjectSymbol};

/// What the loader says.
const DAMAGED: &str = "hyper86: the image's load table is damaged";

const SECTOR: usize = 512;

/// Where stage 1 is linked.
const STAGE1: u64 = 0x7c00;

/// Fields of an entry of the load table.
const LENGTH: usize = 16;
const UNPACKED_LENGTH: usize = 24;
const SUM: usize = 28;

/// Status 3.
const REFUSED: i32 = 3;

fn hyper86(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hyper86")).args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// Where the VMM ends in an image that `image` wrote to `path`: what it says.
fn write_image(path: &Path) -> usize {
    let output = hyper86(&["image", "-o", path.to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let (_, size) = text.split_once("the VMM takes ").unwrap();
    size.split_once(' ').unwrap().0.parse().unwrap()
}

/// Boots as a PC does.
fn boot(path: &Path) -> (Option<i32>, String) {
    let output = hyper86(&["pc", path.to_str().unwrap(), "--timeout", "60"]);
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn damage_to_the_packed_vmm_is_told_and_not_executed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pc.img");
    let end = write_image(&path);
    assert!(end < 128 << 10, "{end}");
    let good = fs::read(&path).unwrap();
    let (status, text) = boot(&path);
    assert_eq!(status, Some(0), "{text}");

    let (start, table) = (packed_start(), load_table());
    let word = |at: usize| u32::from_le_bytes(*good[at..].first_chunk().unwrap());
    let (length, unpacked) = (word(table + LENGTH), word(table + UNPACKED_LENGTH));
    assert!(start + (64 << 10) < end, "{start}..{end}");
    // The byte that is always 0, and the number's first ones. Then what follows, and near the end; a bit, all bits, and
    // a sector of zeros.
    let middle = start.midpoint(end);
    for (at, bytes) in [
        (start, vec![1]),
        (start + 1, vec![!good[start + 1]]),
        (start + 1, vec![0xff; 4]),
        (start + 1, vec![0; 4]),
        (start + 7, vec![good[start + 7] ^ 1]),
        (start + 5000, vec![good[start + 5000] ^ 0x80]),
        (middle, vec![!good[middle]; 2]),
        (middle / SECTOR * SECTOR, vec![0; SECTOR]),
        (end - 2 * SECTOR, vec![0xff; SECTOR]),
        // The table's only packed entry: a byte less than there is, and one more; no bytes; less room, more room;
        // another sum.
        (table + LENGTH, (length - 1).to_le_bytes().to_vec()),
        (table + LENGTH, (length + 1).to_le_bytes().to_vec()),
        (table + LENGTH, vec![0; 4]),
        (table + UNPACKED_LENGTH, (unpacked - 4).to_le_bytes().to_vec()),
        (table + UNPACKED_LENGTH, (unpacked + 4).to_le_bytes().to_vec()),
        (table + SUM, vec![good[table + SUM] ^ 1]),
    ] {
        assert_ne!(good[at..at + bytes.len()], bytes, "{at:#x}");
        let mut bad = good.clone();
        bad[at..at + bytes.len()].copy_from_slice(&bytes);
        fs::write(&path, &bad).unwrap();
        let (status, text) = boot(&path);
        assert_eq!(status, Some(REFUSED), "{at:#x}: {text}");
        assert_eq!(text.trim_end(), DAMAGED, "{at:#x}");
    }
}

/// Where the load table lies in an image. Its first entry is the packed VMM.
fn load_table() -> usize {
    let elf = cli::metal::vmm().unwrap();
    let program = ElfFile64::<Endianness>::parse(&*elf.bytes).unwrap();
    let table = program.symbols().find(|symbol| symbol.name() == Ok("boot_load_table")).unwrap();
    (table.address() - STAGE1) as usize
}

/// Where the packed VMM starts: behind the sectors that hold the program's lowest segment.
fn packed_start() -> usize {
    let elf = cli::metal::vmm().unwrap();
    let program = ElfFile64::<Endianness>::parse(&*elf.bytes).unwrap();
    let boot = program.segments().min_by_key(|segment| segment.address()).unwrap();
    (boot.size() as usize).next_multiple_of(SECTOR)
}
