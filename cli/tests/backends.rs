//! One guest, three ways to run it: the same screen, the same serial bytes, the same end.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// A processor model and a back-end that it can run.
const WAYS: [(&str, &str); 5] = [
    ("core2", "v8086"),
    ("lynnfield", "v8086-ept"),
    ("arrandale", "unrestricted"),
    ("haswell", "v8086-ept"),
    ("skylake", "unrestricted"),
];

/// Guests of the `guests` package, and what is typed.
const GUESTS: [(&str, &[&str]); 10] = [
    ("hello", &[]),
    ("disk-read", &[]),
    ("timer", &[]),
    ("int1a", &[]),
    ("scribble", &[]),
    ("reset-vector", &[]),
    ("reset-8042", &[]),
    ("random", &[]),
    (
        "snake",
        &["--expect", "♦", "--keys", "{right}{right}{right}{up}{up}{up}{left}", "--expect", "Game over"],
    ),
    ("echo", &["--expect", "Type", "--keys", "same{esc}"]),
];

/// What must not differ: screen, serial bytes, how it ended.
fn run(image: &Path, keys: &[&str], (cpu, backend): (&str, &str)) -> [Value; 3] {
    let output = Command::new(env!("CARGO_BIN_EXE_hyper86"))
        .args(["run", image.to_str().unwrap(), "--json", "--cpu", cpu, "--backend", backend])
        .args(keys)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let object: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(object["status"], 0, "{image:?} {cpu} {backend}: {object:#}");
    let backends = format!("back-end: {backend}");
    let lines = object["lines"].as_array().unwrap();
    assert!(lines.iter().any(|line| line["text"] == backends.as_str()), "not run by {backend}");
    [object["screen"].clone(), object["serial"].clone(), object["verdict"]["guest_end"].clone()]
}

#[test]
fn every_back_end_shows_the_same() {
    let folder = tempfile::tempdir().unwrap();
    for (guest, keys) in GUESTS {
        let image = folder.path().join(guest).with_extension("img");
        let elf = cli::metal::guest(guest).unwrap();
        fs::write(&image, cli::boot_image::flat(&elf).unwrap()).unwrap();
        let expected = run(&image, keys, WAYS[0]);
        for way in &WAYS[1..] {
            assert_eq!(run(&image, keys, *way), expected, "{guest} on {way:?}");
        }
    }
}

#[test]
fn an_impossible_back_end_is_refused_by_the_capability_that_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("hello.img");
    let elf = cli::metal::guest("hello").unwrap();
    fs::write(&image, cli::boot_image::flat(&elf).unwrap()).unwrap();
    for (cpu, backend, lacking) in [
        ("core2", "v8086-ept", "EPT"),
        ("core2", "unrestricted", "EPT"),
        ("lynnfield", "unrestricted", "unrestricted guest"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_hyper86"))
            .args(["run", image.to_str().unwrap(), "--headless", "--cpu", cpu, "--backend", backend])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{error}");
        assert!(error.contains(&format!("the {backend} back-end needs {lacking}")), "{error}");
    }
}
