//! The conformers (`guests/src/boot_sector/conform_*.rs`) on every back-end and on a bare machine with the same
//! processor: each instruction must leave the same registers, flags, memory and system registers, and cause the same
//! events with the same frames, but for the differences that `conformance/differences.toml` lists and argues. A listed
//! difference that is none is a failure too.
//!
//! In virtual-8086 mode at IOPL 3 flags in memory show IOPL 3, where real mode shows what was last loaded. That one
//! difference is in nearly every answer, so it is a rule here and no list there.

#[path = "bare/com1.rs"]
mod bare;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cli::engine::Cpu;

/// A processor and a back-end; the first of each back-end is that of its own kind.
const WAYS: [(Cpu, &str); 3] =
    [(Cpu::Core2, "v8086"), (Cpu::Lynnfield, "v8086-ept"), (Cpu::Skylake, "unrestricted")];

/// What every conformer says last.
const END: &str = "end\n";

/// The IOPL bits.
const IOPL: u32 = 3 << 12;

/// What differs in the answer to a case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Difference {
    backend: String,
    case: String,
    bare: String,
    vm: String,
}

/// The differences that are listed for a conformer.
fn listed(conformer: &str) -> BTreeSet<Difference> {
    let table: toml::Table = include_str!("conformance/differences.toml").parse().unwrap();
    let mut differences = BTreeSet::new();
    let entries = table["difference"].as_array().unwrap();
    for entry in entries.iter().filter(|entry| entry["conformer"].as_str() == Some(conformer)) {
        assert!(!entry["why"].as_str().unwrap().is_empty());
        for backend in entry["backends"].as_array().unwrap() {
            for answer in entry["answers"].as_array().unwrap() {
                let [case, bare, vm] = [0, 1, 2].map(|part| answer[part].as_str().unwrap().to_owned());
                let backend = backend.as_str().unwrap().to_owned();
                let difference = Difference { backend, case, bare, vm };
                assert!(differences.insert(difference), "listed twice: {answer}");
            }
        }
    }
    differences
}

/// The text that the guest at `image` sends over COM1 in the VM.
fn in_the_vm(image: &Path, (cpu, backend): (Cpu, &str), options: &[&str]) -> String {
    let serial = image.with_extension(backend);
    let output = Command::new(env!("CARGO_BIN_EXE_hyper86"))
        .args(["run", "--headless", "--timeout", "120", "--cpu", &cpu.short_name(), "--backend", backend])
        .args(options)
        .args([Path::new("--serial"), &serial, image])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&fs::read(&serial).unwrap_or_default()).into_owned();
    assert!(
        text.ends_with(END),
        "{image:?} on {backend}: {text}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

/// `vm` with the IOPL bits of `bare` in each flags image that shows IOPL 3: the last number of a token `F=…` or `S…=…`,
/// and the second of an event.
fn with_iopl_of(vm: &str, bare: &str) -> String {
    if vm.len() != bare.len() {
        return vm.to_owned();
    }
    let flags = if vm.contains('@') {
        let start = vm.find(',').map_or(0, |comma| comma + 1);
        start..start + 4
    } else if vm.starts_with("F=") || vm.starts_with('S') && vm.contains('=') {
        vm.len() - 4..vm.len()
    } else {
        return vm.to_owned();
    };
    let number = |text: &str| u32::from_str_radix(&text[flags.clone()], 16).unwrap_or(0);
    if number(vm) & IOPL != IOPL {
        return vm.to_owned();
    }
    let mut text = vm.to_owned();
    text.replace_range(flags.clone(), &format!("{:04X}", number(vm) & !IOPL | number(bare) & IOPL));
    text
}

/// What differs between two answers to one case, as lists of words.
fn difference(backend: &str, bare: &str, vm: &str) -> Option<Difference> {
    let (case, bare) = bare.split_once(": ").unwrap_or((bare, ""));
    let (same_case, vm) = vm.split_once(": ").unwrap_or((vm, ""));
    assert_eq!(case, same_case);
    let bare: Vec<&str> = bare.split(' ').collect();
    let mut vm: Vec<String> = vm.split(' ').map(str::to_owned).collect();
    if backend.starts_with("v8086") {
        for word in &mut vm {
            let same = bare.iter().find(|bare| with_iopl_of(word, bare) == **bare);
            *word = same.map_or(word.clone(), |bare| (*bare).to_owned());
        }
    }
    let missing: Vec<&str> =
        bare.iter().copied().filter(|word| !vm.iter().any(|other| other == word)).collect();
    let added: Vec<&str> = vm.iter().map(String::as_str).filter(|word| !bare.contains(word)).collect();
    let same = missing.is_empty() && added.is_empty() && vm.len() == bare.len();
    (!same).then(|| Difference {
        backend: backend.to_owned(),
        case: case.to_owned(),
        bare: missing.join(" "),
        vm: added.join(" "),
    })
}

fn image(conformer: &str, folder: &Path) -> PathBuf {
    let name = format!("conform-{conformer}");
    let path = folder.join(&name).with_extension("img");
    let mut disk = cli::boot_image::flat(&cli::metal::guest(&name).unwrap()).unwrap();
    disk.resize(bare::FLOPPY, 0);
    fs::write(&path, disk).unwrap();
    path
}

/// The differences of one conformer on one way.
fn differences(image: &Path, (cpu, backend): (Cpu, &str)) -> Vec<Difference> {
    let vm = in_the_vm(image, (cpu, backend), &[]);
    let folder = image.with_extension(format!("{backend}-bare"));
    let bare = bare::com1(cpu, image, bare::Drives::default(), &folder, END);
    assert!(bare.ends_with(END), "{image:?} on the bare {cpu:?}: {bare}");
    if let Some(folder) = std::env::var_os("HYPER86_KEEP_ANSWERS") {
        let name = image.file_stem().unwrap().to_string_lossy();
        fs::write(Path::new(&folder).join(format!("{name}.{backend}.vm")), &vm).unwrap();
        fs::write(Path::new(&folder).join(format!("{name}.{backend}.bare")), &bare).unwrap();
    }
    assert_eq!(bare.lines().count(), vm.lines().count(), "{image:?} on {backend}: a line for each case");
    bare.lines().zip(vm.lines()).filter_map(|(bare, vm)| difference(backend, bare, vm)).collect()
}

#[test]
fn smsw_shows_pe_or_not_as_the_command_line_says() {
    let folder = tempfile::tempdir().unwrap();
    let image = image("system", folder.path());
    let [shown, hidden] = ["1", "0"].map(|pe| in_the_vm(&image, WAYS[0], &["--smsw-pe", pe]));
    let pairs = shown.lines().zip(hidden.lines()).filter(|(shown, hidden)| shown != hidden);
    let cases: Vec<&str> = pairs.map(|(shown, _)| shown.split(':').next().unwrap()).collect();
    // As many as `differences.toml` lists for this reason.
    assert_eq!(cases.len(), 8, "{cases:?}");
    assert!(cases.iter().all(|case| case.contains("smsw")), "{cases:?}");
    assert!(hidden.contains("smsw ax: AX=A1A20010 "), "{hidden}");
}

/// Runs a conformer that only the unrestricted back-end can carry; nothing may differ.
fn conforms_in_protected_mode(conformer: &str) {
    let folder = tempfile::tempdir().unwrap();
    let image = image(conformer, folder.path());
    let (cpu, backend) = WAYS[2];
    let bare = bare::com1(cpu, &image, bare::Drives::default(), &folder.path().join("bare"), END);
    assert!(bare.ends_with(END), "{bare}");
    let vm = in_the_vm(&image, (cpu, backend), &[]);
    for (vm, bare) in vm.lines().zip(bare.lines()) {
        assert_eq!(vm, bare);
    }
    assert_eq!(vm, bare);
}

#[test]
fn protected_mode_its_tasks_and_what_it_leaves_are_what_they_are_without_a_vm() {
    conforms_in_protected_mode("protected");
}

#[test]
fn what_a_task_switch_refuses_and_its_trap_are_what_they_are_without_a_vm() {
    conforms_in_protected_mode("tasks");
}

#[test]
fn a_switch_to_protected_mode_is_reported_where_it_cannot_be_carried() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("protected-reset.img");
    fs::write(&image, cli::boot_image::flat(&cli::metal::guest("protected-reset").unwrap()).unwrap())
        .unwrap();
    for (cpu, backend) in &WAYS[..2] {
        let output = Command::new(env!("CARGO_BIN_EXE_hyper86"))
            .args(["run", "--headless", "--cpu", &cpu.short_name(), "--backend", backend])
            .arg(&image)
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{error}");
        for part in ["protected mode (LMSW r/m16 at 0000:", "the unrestricted back-end could", backend] {
            assert!(error.contains(part), "{part:?} is not in {error}");
        }
    }
}

/// Runs a conformer every way; what differs must be what is listed.
fn conforms(conformer: &str) {
    let folder = tempfile::tempdir().unwrap();
    let image = image(conformer, folder.path());
    let found: BTreeSet<_> = WAYS.iter().flat_map(|way| differences(&image, *way)).collect();
    let listed = listed(conformer);
    let unlisted: Vec<_> = found.difference(&listed).collect();
    let outdated: Vec<_> = listed.difference(&found).collect();
    assert!(
        unlisted.is_empty() && outdated.is_empty(),
        "not listed: {unlisted:#?}\nlisted, but not found: {outdated:#?}"
    );
}

#[test]
fn system_instructions_do_in_a_vm_what_they_do_without() {
    conforms("system");
}

#[test]
fn interrupts_and_exceptions_are_in_a_vm_what_they_are_without() {
    conforms("events");
}

#[test]
fn segments_end_in_a_vm_where_they_do_without() {
    conforms("edges");
}

#[test]
fn string_io_does_in_a_vm_what_it_does_without() {
    conforms("io");
}

#[test]
fn single_steps_and_breakpoints_are_in_a_vm_where_they_are_without() {
    conforms("step");
}
