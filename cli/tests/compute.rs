//! Programs that only compute (`guests/src/boot_sector/compute.rs`) take in a VM what they take on a bare machine with
//! the same processor: at most one instruction in a hundred more, with the timer's ticks.

#[path = "bare/com1.rs"]
mod bare;

use std::fs;
use std::path::Path;
use std::process::Command;

use cli::engine::Cpu;

/// A processor for each back-end.
const WAYS: [(Cpu, &str); 3] =
    [(Cpu::Core2, "v8086"), (Cpu::Lynnfield, "v8086-ept"), (Cpu::Skylake, "unrestricted")];

/// What the guest says last.
const END: &str = "end\n";

/// The programs, and what comes of them. Odd primes up to 16383, by any table: 1899; the rest by the like of it in Rust.
fn expected() -> [(&'static str, u64); 3] {
    let mut state: u32 = 1;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state
    };
    let text: Vec<u8> = (0..60_000).map(|_| b'a' + (next() >> 30) as u8).collect();
    let words = text.windows(4).filter(|word| word == b"abba").count();
    let mut product: u32 = 1;
    for _ in 0..2_500_000 {
        product = product.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    }
    [("sieve", 1899), ("search", words as u64), ("multiply", product.into())]
}

/// One more instruction in so many is allowed.
const MORE: u64 = 100;

/// Each program runs over dozens of the timer's ticks, of which there is one every 220,000 instructions or so.
const LONG: u64 = 30 * 220_000;

/// Of each program: its name, what came of it, the instructions that it took.
fn read(text: &str) -> Vec<(&str, u64, u64)> {
    let program = |line: &'_ str| -> Option<(usize, u64, u64)> {
        let (name, numbers) = line.split_once(' ')?;
        let (result, instructions) = numbers.split_once(' ')?;
        Some((name.len(), result.parse().ok()?, instructions.parse().ok()?))
    };
    let lines = text.strip_suffix(END).unwrap_or_default().lines();
    lines.filter_map(|line| program(line).map(|(name, result, took)| (&line[..name], result, took))).collect()
}

/// A text that is never on the screen, so that it is looked for all the time.
const EXPECT: [&str; 2] = ["--expect", "Xyzzy"];

fn in_the_vm(image: &Path, (cpu, backend): (Cpu, &str), script: &[&str]) -> String {
    let serial = image.with_extension(backend);
    let output = Command::new(env!("CARGO_BIN_EXE_hyper86"))
        .args(["run", "--headless", "--timeout", "120", "--cpu", &cpu.short_name(), "--backend", backend])
        .args(script)
        .args([Path::new("--serial"), &serial, image])
        .output()
        .unwrap();
    let text = fs::read_to_string(&serial).unwrap_or_default();
    assert!(text.ends_with(END), "{backend}: {text}\n{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn programs_that_only_compute_take_one_instruction_in_a_hundred_more_at_most() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("compute.img");
    let mut disk = cli::boot_image::flat(&cli::metal::guest("compute").unwrap()).unwrap();
    disk.resize(bare::FLOPPY, 0);
    fs::write(&image, disk).unwrap();
    for way @ (cpu, backend) in WAYS {
        let folder = image.with_extension(format!("{backend}-bare"));
        let bare = bare::com1(cpu, &image, bare::Drives::default(), &folder, END);
        let bare = read(&bare);
        for script in [&[][..], &EXPECT] {
            let vm = in_the_vm(&image, way, script);
            let vm = read(&vm);
            for (index, (name, result)) in expected().into_iter().enumerate() {
                assert_eq!((vm[index].0, vm[index].1), (name, result), "{backend}");
                assert_eq!((bare[index].0, bare[index].1), (name, result), "bare {cpu:?}");
                let (with, without) = (vm[index].2, bare[index].2);
                assert!(without >= LONG, "{name} is too short: {without} instructions");
                println!("{backend} {script:?}: {name}: {with} instructions, {without} bare");
                assert!(
                    with <= without + without / MORE,
                    "{name} on {backend}, {script:?}: {with}, bare {without}"
                );
            }
        }
    }
}
