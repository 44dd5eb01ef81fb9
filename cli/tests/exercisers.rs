//! The exercisers (`guests/src/boot_sector/exercise_*.rs`) in the VM and on a bare machine with Bochs' own BIOS: each
//! BIOS call and each port must answer alike, but for the differences that `exercisers/differences.toml` lists and
//! argues. A listed difference that is none is a failure too.

#[path = "bare/com1.rs"]
mod bare;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use cli::engine::Cpu;

/// Each with its share of the work, so that both cores have something to do.
const EXERCISERS: [&[&str]; 2] = [
    &[
        "int10",
        "int11",
        "int13",
        "int13-disk",
        "int13-protected",
        "int14",
        "int15",
        "int16",
        "int17",
        "int1a",
    ],
    &[
        "int09",
        "pic",
        "pit",
        "keyboard",
        "cmos",
        "uart",
        "lpt",
        "vga",
        "system",
        "hooks",
        "x87",
        "priorities",
        "clock",
    ],
];

/// What every exerciser says last.
const END: &str = "end\n";

/// An answer that differs, and why that is right or harmless.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Difference {
    exerciser: String,
    bare: String,
    vm: String,
}

fn listed() -> BTreeSet<Difference> {
    let text = include_str!("exercisers/differences.toml");
    let table: toml::Table = text.parse().unwrap();
    let field = |entry: &toml::Value, name: &str| entry[name].as_str().unwrap().to_owned();
    let mut differences = BTreeSet::new();
    for entry in table["difference"].as_array().unwrap() {
        assert!(!field(entry, "why").is_empty());
        for pair in entry["answers"].as_array().unwrap() {
            let [bare, vm] = [0, 1].map(|side| pair[side].as_str().unwrap().to_owned());
            let difference = Difference { exerciser: field(entry, "exerciser"), bare, vm };
            assert!(differences.insert(difference), "listed twice: {pair}");
        }
    }
    differences
}

/// What the guest `name` sends over COM1 in the VM.
fn in_the_vm(image: &Path, drives: bare::Drives<'_>, name: &str, folder: &Path) -> String {
    let serial = folder.join(name).with_extension("vm");
    let drive = |letter: char, image: &Path, options: &str| format!("{letter}={}{options}", image.display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_hyper86"));
    command.args(["run", "--headless", "--timeout", "240", "--serial"]).arg(&serial);
    command.args(["--drive", &drive('a', image, if drives.protected { ",ro" } else { "" })]);
    if let Some(disk) = drives.hard_disk {
        command.args(["--drive", &drive('c', disk, "")]);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&fs::read(&serial).unwrap_or_default()).into_owned();
    assert!(
        text.ends_with(END),
        "{name} in the VM: {text}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

/// The differing lines of the two runs of one exerciser.
fn differences(exerciser: &str, folder: &Path) -> Vec<Difference> {
    let name = format!("exercise-{exerciser}");
    let image = folder.join(&name).with_extension("img");
    let mut disk = cli::boot_image::flat(&cli::metal::guest(&name).unwrap()).unwrap();
    disk.resize(bare::FLOPPY, 0);
    fs::write(&image, disk).unwrap();
    let hard_disk = folder.join("c.img");
    let drives = bare::Drives {
        protected: exerciser.ends_with("protected"),
        hard_disk: exerciser.ends_with("disk").then_some(hard_disk.as_path()),
    };
    let vm = in_the_vm(&image, drives, &name, folder);
    let bare = bare::com1(Cpu::Core2, &image, drives, &folder.join(&name), END);
    assert!(bare.ends_with(END), "{name} on the bare machine: {bare}");
    assert_eq!(bare.lines().count(), vm.lines().count(), "{name}: a line for each row");
    let pairs = bare.lines().zip(vm.lines()).filter(|(bare, vm)| bare != vm);
    pairs
        .map(|(bare, vm)| Difference {
            exerciser: exerciser.to_owned(),
            bare: bare.to_owned(),
            vm: vm.to_owned(),
        })
        .collect()
}

#[test]
fn the_pc_answers_as_the_bare_machine_does_but_for_argued_differences() {
    let folder = tempfile::tempdir().unwrap();
    let mut disk = vec![0; 20 * 16 * 63 * 512];
    disk[510..512].copy_from_slice(&[0x55, 0xAA]);
    fs::write(folder.path().join("c.img"), disk).unwrap();
    let found: BTreeSet<Difference> = thread::scope(|scope| {
        let share = |names: &'static [&'static str]| {
            let folder = folder.path();
            scope.spawn(move || names.iter().flat_map(|name| differences(name, folder)).collect::<Vec<_>>())
        };
        let shares = EXERCISERS.map(share);
        shares.into_iter().flat_map(|share| share.join().unwrap()).collect()
    });
    let listed = listed();
    let unlisted: Vec<_> = found.difference(&listed).collect();
    let outdated: Vec<_> = listed.difference(&found).collect();
    assert!(
        unlisted.is_empty() && outdated.is_empty(),
        "not listed: {unlisted:#?}\nlisted, but not found: {outdated:#?}"
    );
}
