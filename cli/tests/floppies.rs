//! Floppies through INT 13h on every back-end: a FAT12 volume made by the crate `fatfs` is read and written by a loader
//! of our own, and a whole floppy is read within a budget of exits and instructions.

use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use fatfs::{FatType, FileSystem, FormatVolumeOptions, FsOptions};
use serde_json::Value;

/// A processor model for each back-end.
const WAYS: [(&str, &str); 3] = [("core2", "v8086"), ("lynnfield", "v8086-ept"), ("skylake", "unrestricted")];

/// Bytes and sectors of a 1.44-MB floppy.
const FLOPPY: usize = 1_474_560;
const SECTORS: usize = FLOPPY / 512;

/// The part of a boot sector that describes the volume: the volume's, not the loader's.
const PARAMETERS: std::ops::Range<usize> = 3..0x3E;

const NOTE: &str = "A note of some length, so that it fills more than a sector: ";

fn run(image: &Path, (cpu, backend): (&str, &str), more: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_hyper86"))
        .args(["run", image.to_str().unwrap(), "--json", "--cpu", cpu, "--backend", backend])
        .args(more)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let object: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(object["status"], 0, "{backend}: {object:#}");
    object
}

fn screen(object: &Value) -> String {
    let rows = object["screen"]["text"].as_array().unwrap();
    rows.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
}

fn volume(bytes: &mut Vec<u8>) -> FileSystem<Cursor<&mut Vec<u8>>> {
    FileSystem::new(Cursor::new(bytes), FsOptions::new()).unwrap()
}

/// The contents of DATA.BIN: longer than a segment, and no two sectors alike.
fn data() -> Vec<u8> {
    (0..90_000_u32).flat_map(|number| (number * 40_503).to_le_bytes()).take(150_000).collect()
}

/// A volume with our loader, whose two larger files lie on the disk piece by piece, one between the other.
fn fat_floppy() -> Vec<u8> {
    let loader = cli::boot_image::flat(&cli::metal::guest("fat-loader").unwrap()).unwrap();
    let mut bytes = vec![0; FLOPPY];
    let options = FormatVolumeOptions::new()
        .fat_type(FatType::Fat12)
        .bytes_per_cluster(512)
        .max_root_dir_entries(224)
        .sectors_per_track(18)
        .heads(2)
        .drive_num(0)
        .volume_label(*b"OF OUR OWN ");
    fatfs::format_volume(Cursor::new(&mut bytes), options).unwrap();
    let files = volume(&mut bytes);
    let root = files.root_dir();
    root.create_file("LOADER.BIN").unwrap().write_all(&loader[512..]).unwrap();
    let (mut note, mut data_file) =
        (root.create_file("NOTE.TXT").unwrap(), root.create_file("DATA.BIN").unwrap());
    let (text, data) = (NOTE.repeat(20), data());
    for (text, data) in text.as_bytes().chunks(400).zip(data.chunks(data.len().div_ceil(3))) {
        note.write_all(text).unwrap();
        data_file.write_all(data).unwrap();
    }
    drop((note, data_file, root));
    files.unmount().unwrap();
    for (index, byte) in loader[..512].iter().enumerate().filter(|(index, _)| !PARAMETERS.contains(index)) {
        bytes[index] = *byte;
    }
    bytes
}

/// A file of the volume in `bytes`.
fn file(bytes: &mut Vec<u8>, name: &str) -> Vec<u8> {
    let mut contents = Vec::new();
    volume(bytes).root_dir().open_file(name).unwrap().read_to_end(&mut contents).unwrap();
    contents
}

fn loader_reads_and_writes(way: (&str, &str)) {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("fat.img");
    let before = fat_floppy();
    fs::write(&image, &before).unwrap();
    let object = run(&image, way, &["--write"]);
    let words = data()
        .chunks_exact(2)
        .map(|word| u32::from(u16::from_le_bytes([word[0], word[1]])))
        .collect::<Vec<_>>();
    let sum = words.iter().fold(0_u32, |sum, word| sum.wrapping_add(*word));
    let shown = screen(&object).replace('\n', "");
    assert!(shown.contains(&NOTE.repeat(2)), "{way:?}: {shown}");
    assert!(shown.contains(&format!("sum of DATA.BIN: {sum:08X}")), "{way:?}: {shown}, not {sum:08X}");
    assert!(shown.contains("NOTE.TXT is written"), "{way:?}: {shown}");
    let mut after = fs::read(&image).unwrap();
    assert_eq!(String::from_utf8(file(&mut after, "NOTE.TXT")).unwrap(), NOTE.repeat(20).to_uppercase());
    assert_eq!(file(&mut after, "DATA.BIN"), data());
    assert_eq!(object["drives"][0]["outcome"], "written");
}

fn whole_floppy_is_read_within_the_budget(way: (&str, &str)) {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("floppy.img");
    let mut bytes = cli::boot_image::flat(&cli::metal::guest("floppy-read").unwrap()).unwrap();
    bytes.resize(FLOPPY, 0);
    for sector in 1..SECTORS {
        bytes[sector * 512..][..512].fill(sector as u8 | 1);
    }
    fs::write(&image, &bytes).unwrap();
    let first_words = bytes.chunks_exact(512).map(|sector| u16::from_le_bytes([sector[0], sector[1]]));
    let sum = first_words.fold(0, u16::wrapping_add);
    let object = run(&image, way, &[]);
    let shown = screen(&object);
    assert!(shown.contains(&format!("read, sum {sum:04X}")), "{way:?}: {shown}, not {sum:04X}");
    // The guest has counted the instructions from its first call to its last.
    assert!(shown.contains(": ok"), "{way:?}: {shown}");
    // One for each of the 160 calls, one that prints, one that halts; the rest is the timer, which ticks every 219,690.
    let figure = |name: &str| object["figures"][name].as_u64().unwrap();
    let ticks = figure("instructions_of_run") / 219_000 + 1;
    let exits = figure("exits");
    assert!((162..=162 + 4 * ticks).contains(&exits), "{way:?}: {exits} exits in {ticks} ticks");
}

#[test]
fn a_fat12_floppy_is_read_and_written_by_a_loader_of_our_own() {
    thread::scope(|scope| {
        WAYS.map(|way| scope.spawn(move || loader_reads_and_writes(way))).map(|run| run.join().unwrap())
    });
}

#[test]
fn reading_a_whole_floppy_takes_one_exit_a_call_and_few_instructions() {
    thread::scope(|scope| {
        WAYS.map(|way| scope.spawn(move || whole_floppy_is_read_within_the_budget(way)))
            .map(|run| run.join().unwrap())
    });
}
