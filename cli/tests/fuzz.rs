//! Hostile programs: 20,000 on each back-end, in which nothing may be found, and defects that are planted in the VMM,
//! each of which must be found, attributed, written and minimised.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn fuzz(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hyper86"))
        .args(["fuzz", "--output"])
        .arg(folder)
        .args(arguments)
        .output()
        .unwrap()
}

/// The object of `--json`.
fn object(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("no object: {}", String::from_utf8_lossy(&output.stderr)))
}

/// Runs 20,000 programs, of which none may do what no guest may.
fn holds(cpu: &str, backend: &str) {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--json", "--cpu", cpu, "--backend", backend, "--cases", "20000", "--seed", "7"];
    let output = fuzz(folder.path(), &arguments);
    let found = object(&output);
    assert_eq!(found["findings"], Value::Array(Vec::new()), "{cpu}, {backend}");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!((&found["cases"], &found["backend"]), (&20_000.into(), &backend.into()));
    // Programs of all kinds ran, and ended in many ways.
    let outcomes = found["outcomes"].as_object().unwrap();
    let seen = outcomes.values().filter(|count| count.as_u64().unwrap() > 0).count();
    assert!(seen >= 8, "{outcomes:?}");
    assert_eq!(found["kinds"].as_object().unwrap().len(), 4, "{}", found["kinds"]);
    assert!(folder.path().read_dir().unwrap().next().is_none(), "nothing is written where nothing is found");
}

#[test]
fn v8086_on_core2_holds_20000_hostile_programs() {
    holds("core2", "v8086");
}

#[test]
fn v8086_behind_ept_on_lynnfield_holds_20000_hostile_programs() {
    holds("lynnfield", "v8086-ept");
}

#[test]
fn unrestricted_on_skylake_holds_20000_hostile_programs() {
    holds("skylake", "unrestricted");
}

/// A planted defect is found in the program that meets it, which is written, and replayed, and minimised.
fn finds(plant: &str, outcome: &str, cpu: &str, words: &str) {
    let folder = tempfile::tempdir().unwrap();
    let output = fuzz(folder.path(), &["--json", "--plant", plant, "--cases", "600", "--cpu", cpu]);
    let found = object(&output);
    assert_eq!(output.status.code(), Some(1), "{plant}");
    let [finding] = found["findings"].as_array().unwrap().as_slice() else {
        panic!("{plant}: {:#}", found["findings"]);
    };
    assert_eq!((&finding["case"], &finding["outcome"]), (&400.into(), &outcome.into()), "{plant}");
    assert!(finding["reason"].as_str().unwrap().contains(words), "{plant}: {finding:#}");
    assert_eq!(found["cases"], 600, "{plant}: the hunt goes on behind it");
    // mov dx, port; mov eax, magic; out dx, eax: eleven bytes, and the prefix of the last is not needed.
    let least = finding["minimised_bytes"].as_u64().unwrap();
    assert!((9..=14).contains(&least), "{plant}: {finding:#}");
    let least = std::fs::read(finding["minimised"].as_str().unwrap()).unwrap();
    assert_eq!(least.len(), 512);
    assert!(least[9..14].contains(&0xEF), "{plant}: out dx, eax");
    // An ordinary VMM has no such defect: the file boots.
    let run = Command::new(env!("CARGO_BIN_EXE_hyper86"))
        .args(["run", "--headless", "--cpu", cpu, finding["file"].as_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(0), "{plant}: {}", String::from_utf8_lossy(&run.stderr));
}

#[test]
fn damage_to_another_guest_is_bisected() {
    finds("other-guest", "damaged", "core2", "second, idle guest");
}

#[test]
fn a_write_next_to_the_guest_is_found() {
    finds("canary", "canary-written", "lynnfield", "");
}

#[test]
fn a_changed_msr_is_found() {
    finds("msr", "host-changed", "core2", "an MSR");
}

#[test]
fn a_page_of_another_guest_that_is_mapped_is_found() {
    finds("leak", "lost", "lynnfield", "not the guest's own");
}

#[test]
fn an_entry_that_fails_is_found_with_the_rule_that_it_breaks() {
    finds("entry", "entry-failed", "skylake", "VM entry failed");
}

#[test]
fn a_crash_of_the_vmm_is_attributed() {
    finds("panic", "lost", "core2", "planted");
}

#[test]
fn a_vmm_that_hangs_is_attributed() {
    finds("hang", "lost", "core2", "silent");
}

#[test]
fn two_hunts_with_one_seed_are_the_same_and_a_corpus_is_mutated() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = folder.path().join("corpus");
    std::fs::create_dir(&corpus).unwrap();
    // mov ah, 0eh; mov al, '!'; int 10h; jmp start
    std::fs::write(corpus.join("shout"), [0xB4, 0x0E, 0xB0, 0x21, 0xCD, 0x10, 0xEB, 0xF8]).unwrap();
    let corpus = corpus.to_str().unwrap();
    let hunt = |seed| fuzz(folder.path(), &["--cases", "600", "--seed", seed, "--corpus", corpus]).stdout;
    let first = hunt("5");
    assert_eq!(String::from_utf8_lossy(&first), String::from_utf8_lossy(&hunt("5")));
    assert_ne!(first, hunt("6"));
}

#[test]
fn what_cannot_be_fuzzed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().to_str().unwrap();
    let nowhere = folder.path().join("nowhere");
    let rows: [(&Path, &[&str], i32, &str); 4] = [
        (folder.path(), &["--corpus", empty], 2, "holds no file"),
        (folder.path(), &["--cases", "0"], 2, "--cases"),
        (
            folder.path(),
            &["--backend", "unrestricted", "--cpu", "lynnfield"],
            3,
            "unrestricted guest (MSR 48Bh bit 39)",
        ),
        (&nowhere, &[], 2, "no folder"),
    ];
    for (output, arguments, status, words) in rows {
        let output = fuzz(output, arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}
