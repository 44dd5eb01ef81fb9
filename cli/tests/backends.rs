//! One guest, three ways to run it: the same screen, the same serial bytes, the same end. Every scenario that runs a
//! disk image (`scenarios/*.toml`) and every other boot sector of the `guests` package goes through all of them; what
//! is left out, or may differ, is listed here with its reason, and a list that names what is not there fails.

#[path = "scenario/fixture.rs"]
#[allow(dead_code, reason = "the scenarios want more of it")]
mod fixture;
#[path = "scenario/row.rs"]
#[allow(dead_code, reason = "the scenarios look at all that a row expects")]
mod row;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use fixture::Missing;
use serde_json::Value;

/// A processor model and a back-end that it can run.
const WAYS: [(&str, &str); 3] = [("core2", "v8086"), ("lynnfield", "v8086-ept"), ("skylake", "unrestricted")];

/// The models that offer several back-ends run one guest on each of theirs.
const ALL_WAYS: [(&str, &str); 12] = [
    ("core2", "v8086"),
    ("lynnfield", "v8086"),
    ("lynnfield", "v8086-ept"),
    ("arrandale", "v8086"),
    ("arrandale", "v8086-ept"),
    ("arrandale", "unrestricted"),
    ("haswell", "v8086"),
    ("haswell", "v8086-ept"),
    ("haswell", "unrestricted"),
    ("skylake", "v8086"),
    ("skylake", "v8086-ept"),
    ("skylake", "unrestricted"),
];

/// Guests that are not run here, and why.
const LEFT_OUT: [(&str, &str); 13] = [
    ("alignment-loop", "it never ends; watchdog.rs runs it where it can run"),
    ("forever", "it shows nothing and never ends; watchdog.rs runs its like on every back-end"),
    ("conform-protected", "conformance.rs compares it with the bare machine where it can run"),
    ("conform-tasks", "conformance.rs compares it with the bare machine where it can run"),
    ("drives", "it wants several disks, and disks.rs gives it those"),
    ("bench", "it measures instructions, which differ from back-end to back-end"),
    (
        "compute",
        "it measures instructions, and compute.rs compares them with the bare machine's on every back-end",
    ),
    ("floppy-read", "it shows how many instructions it took, and floppies.rs runs it"),
    ("conform-system", "conformance.rs compares it with the bare machine, on every back-end"),
    ("conform-events", "conformance.rs compares it with the bare machine, on every back-end"),
    ("conform-edges", "conformance.rs compares it with the bare machine, on every back-end"),
    ("conform-io", "conformance.rs compares it with the bare machine, on every back-end"),
    ("conform-step", "conformance.rs compares it with the bare machine, on every back-end"),
];

/// Guests that want keys which no scenario has.
const PLAYED: [(&str, &[&str]); 3] = [
    ("key-codes", &["--keys", "a{f1}{ctrl-c}{alt-x}"]),
    ("modes", &["--keys", "a", "--expect", "line fifty", "--keys", "b", "--expect", ", no cursor"]),
    (
        "snake",
        &["--expect", "♦", "--keys", "{right}{right}{right}{up}{up}{up}{left}", "--expect", "Game over"],
    ),
];

/// Guests and scenarios, by a part of their names, that may end otherwise in virtual-8086 mode, and why.
const UNRESTRICTED_ONLY: [(&str, &str); 9] = [
    ("guest beyond", "it goes through protected mode for segments of 4 GiB"),
    ("guest high-memory", "so does this one"),
    ("guest paging", "it switches to protected mode, with page tables of its own"),
    ("last-byte", "it runs 32-bit code"),
    ("odd-segment", "it switches to protected mode, as the next"),
    ("protected-reset", "it switches to protected mode, which ends with a report in virtual-8086 mode"),
    ("guest virtual-8086", "it switches to protected mode first"),
    ("syslinux 6", "it switches to protected mode before its prompt"),
    ("GRUB", "its second stage switches to protected mode"),
];

/// Scenarios that are not run here, by a part of their names, and why.
const TIMED: [(&str, &str); 2] = [
    ("a key that is held repeats", "how often it repeats depends on how long the guest takes to show it"),
    ("an expectation that is met ends the run at once", "the guest is looked at while it writes"),
];

/// A run of a disk image.
struct Run {
    name: String,
    /// Commands that come first.
    prepare: Vec<Vec<String>>,
    /// With the words in braces that scenarios have.
    command: Vec<String>,
}

/// What must not differ: status, screen, serial bytes, how it ended.
type Shown = [Value; 4];

/// The scenarios that run a disk image and do not choose a back-end.
fn scenarios() -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for case in row::read_all() {
        let command = &case.row.command;
        let chosen = ["--backend", "--cpu", "--timeout", "--break"]
            .iter()
            .any(|option| command.iter().any(|word| word == option));
        let known = runs.iter().any(|run| run.command == *command && run.prepare == case.row.prepare);
        let timed = TIMED.iter().any(|(part, _)| case.name.contains(part));
        if command.first().is_some_and(|verb| verb == "run") && !chosen && !known && !timed {
            runs.push(Run {
                name: case.name.clone(),
                prepare: case.row.prepare.clone(),
                command: command.clone(),
            });
        }
    }
    runs
}

/// The boot sectors of the `guests` package, by its manifest.
fn guests() -> BTreeSet<String> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guests/Cargo.toml");
    let manifest: toml::Table = fs::read_to_string(manifest).unwrap().parse().unwrap();
    let bins = manifest["bin"].as_array().unwrap().iter();
    let boots = bins.filter(|bin| bin["path"].as_str().unwrap().starts_with("src/boot_sector/"));
    boots.map(|bin| bin["name"].as_str().unwrap().to_owned()).collect()
}

/// All that is to be run.
fn runs() -> Vec<Run> {
    let (mut runs, guests) = (scenarios(), guests());
    for (name, _) in LEFT_OUT {
        assert!(guests.contains(name), "{name} is left out, but there is no such guest");
    }
    for guest in guests {
        let image = format!("{{guest:{guest}}}");
        let left_out = LEFT_OUT.iter().any(|(name, _)| *name == guest);
        let keys = PLAYED.iter().find(|(name, _)| *name == guest).map(|(_, keys)| *keys);
        if !left_out && (keys.is_some() || !runs.iter().any(|run| run.command.contains(&image))) {
            let mut command = vec!["run".to_owned(), image];
            command.extend(keys.unwrap_or_default().iter().map(|&key| key.to_owned()));
            runs.push(Run { name: format!("guest {guest}"), prepare: Vec::new(), command });
        }
    }
    for (part, _) in UNRESTRICTED_ONLY {
        assert!(runs.iter().any(|run| run.is(part)), "nothing is called {part}");
    }
    runs
}

fn hyper86(arguments: &[String]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hyper86")).args(arguments).stdin(Stdio::null()).output().unwrap()
}

impl Run {
    fn is(&self, part: &str) -> bool {
        self.name.contains(part) || self.command.iter().any(|word| word.contains(part))
    }

    /// Runs it one way, in a folder of its own.
    fn shown(&self, (cpu, backend): (&str, &str)) -> Result<Shown, Missing> {
        let folder = tempfile::tempdir().unwrap();
        for command in &self.prepare {
            let command = fixture::fill(command, folder.path())?;
            match &command[..] {
                [chain, from, to] if chain == "chain" => fixture::chain(Path::new(from), Path::new(to)),
                [write, to, text] if write == "write" => fs::write(to, text).unwrap(),
                _ => assert!(hyper86(&command).status.success(), "{command:?}"),
            }
        }
        let mut command = fixture::fill(&self.command, folder.path())?;
        command.retain(|word| word != "--json");
        command.extend(["--json", "--cpu", cpu, "--backend", backend].map(str::to_owned));
        let output = hyper86(&command);
        let object: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("{}: {error}: {}", self.name, String::from_utf8_lossy(&output.stderr))
        });
        let chosen = format!("back-end: {backend}");
        let lines = object["lines"].as_array().unwrap();
        assert!(
            lines.iter().any(|line| line["text"] == chosen.as_str()),
            "{} on {backend}: {object:#}",
            self.name
        );
        let end = &object["verdict"]["guest_end"];
        let mut screen = object["screen"].clone();
        if end.is_null()
            && let Some(screen) = screen.as_object_mut()
        {
            // The script's last step ended it, wherever the guest was then: it may have moved its cursor on or not.
            screen.remove("cursor");
        }
        Ok([object["status"].clone(), screen, object["serial"].clone(), end.clone()])
    }

    /// What differs, in words.
    fn differences(&self) -> Option<String> {
        let mut expected: Option<Shown> = None;
        for way in WAYS {
            if way.1 != "unrestricted" && UNRESTRICTED_ONLY.iter().any(|(part, _)| self.is(part)) {
                continue;
            }
            match self.shown(way) {
                // The scenario itself is counted as not run.
                Err(Missing(what)) => {
                    println!("not run: {}: {what}", self.name);
                    return None;
                }
                Ok(shown) => match &expected {
                    None => expected = Some(shown),
                    Some(expected) if *expected == shown => {}
                    Some(expected) => {
                        return Some(format!("{} on {way:?}:\n{shown:#?}\nnot\n{expected:#?}", self.name));
                    }
                },
            }
        }
        None
    }
}

#[test]
fn every_scenario_and_every_guest_shows_the_same_on_every_back_end() {
    let (runs, next) = (runs(), AtomicUsize::new(0));
    let complaints = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(run) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let difference = run.differences();
                    complaints.lock().unwrap().extend(difference);
                }
            });
        }
    });
    let complaints = complaints.into_inner().unwrap();
    assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
}

#[test]
fn every_model_runs_the_same_guest_on_each_of_its_back_ends() {
    let command = ["run", "{guest:timer}"].map(str::to_owned).to_vec();
    let run = Run { name: "timer".to_owned(), prepare: Vec::new(), command };
    let shown = |way| run.shown(way).unwrap_or_else(|Missing(what)| panic!("{what}"));
    let expected = shown(ALL_WAYS[0]);
    for way in &ALL_WAYS[1..] {
        assert_eq!(shown(*way), expected, "{way:?}");
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
        let image = image.to_str().unwrap();
        let arguments = ["run", image, "--headless", "--cpu", cpu, "--backend", backend];
        let output = hyper86(&arguments.map(str::to_owned));
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{error}");
        assert!(error.contains(&format!("the {backend} back-end needs {lacking}")), "{error}");
    }
}
