//! Guests that never exit by themselves: the watchdog brings the VMM back all the same, so that time goes on, the screen
//! is looked at, and the run can be ended from outside. The proof is the VMM's own word: a run with `--save` asks it for
//! the disk when the time is over, and only a VMM that is awake hands one back. That the guest was in its loop by then, and
//! was taken out of it, is seen by its ticks and by its last exits; a run that was too short for that is made longer.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Guests, in machine code at 0:7C00, and how many bytes they execute once only.
const GUESTS: [(&str, usize, &[u8]); 8] = [
    // jmp $
    ("a loop with interrupts on", 0, &[0xEB, 0xFE]),
    // cli; jmp $
    ("a loop with interrupts off", 1, &[0xFA, 0xEB, 0xFE]),
    // popf of flags without IF, by way of iret, for ever
    ("a loop of IRET with interrupts off", 1, &[0xFA, 0x9C, 0x6A, 0x00, 0x68, 0x01, 0x7C, 0xCF]),
    // cli; again: mov cx, -1; rep lodsb; jmp again
    ("repeated string instructions", 1, &[0xFA, 0xB9, 0xFF, 0xFF, 0xF3, 0xAC, 0xEB, 0xF9]),
    // again: mov ax, ss; mov ss, ax; jmp again
    ("MOV SS again and again", 0, &[0x8C, 0xD0, 0x8E, 0xD0, 0xEB, 0xFA]),
    // mov word [4], 7c12h; mov word [6], 0; push 102h; popf; jmp $; at 7c12h: iret
    (
        "single steps through its own handler",
        16,
        &[
            0xC7, 0x06, 0x04, 0x00, 0x12, 0x7C, 0xC7, 0x06, 0x06, 0x00, 0x00, 0x00, 0x68, 0x02, 0x01, 0x9D,
            0xEB, 0xFE, 0xCF,
        ],
    ),
    // mov word [18h], 7c0ch; mov word [1ah], 0; at 7c0ch: mov sp, 0ffd0h; ud2
    (
        "an exception whose handler raises it again",
        12,
        &[
            0xC7, 0x06, 0x18, 0x00, 0x0C, 0x7C, 0xC7, 0x06, 0x1A, 0x00, 0x00, 0x00, 0xBC, 0xD0, 0xFF, 0x0F,
            0x0B,
        ],
    ),
    // mov ax, 2000h; mov ss, ax; mov word [4], 7c25h; mov word [6], 0; mov eax, 7c25h; mov dr0, eax; mov eax, 401h;
    // mov dr7, eax; jmp 7c25h; at 7c25h: jmp $. Its frames go round and round in a segment of their own.
    (
        "a breakpoint on its own handler",
        37,
        &[
            0xB8, 0x00, 0x20, 0x8E, 0xD0, 0xC7, 0x06, 0x04, 0x00, 0x25, 0x7C, 0xC7, 0x06, 0x06, 0x00, 0x00,
            0x00, 0x66, 0xB8, 0x25, 0x7C, 0x00, 0x00, 0x0F, 0x23, 0xC0, 0x66, 0xB8, 0x01, 0x04, 0x00, 0x00,
            0x0F, 0x23, 0xF8, 0xEB, 0x00, 0xEB, 0xFE,
        ],
    ),
];

/// Ticks of the guest's clock that a run is to last at least: a second.
const LEAST_TICKS: u64 = 18;

/// Seconds of wall clock that a run gets. The first are enough where nothing else runs.
const SECONDS: [&str; 3] = ["6", "24", "96"];

/// Runs the guest until it has had its second; what the VMM says at the end.
fn run(folder: &Path, code: &[u8], cpu: &str, backend: &str) -> Value {
    let image = folder.join("guest.img");
    let mut sector = code.to_vec();
    sector.resize(510, 0);
    sector.extend([0x55, 0xAA]);
    fs::write(&image, sector).unwrap();
    for seconds in SECONDS {
        let output = Command::new(env!("CARGO_BIN_EXE_hyper86"))
            .args(["run", "--headless", "--json", "--expect", "never", "--timeout", seconds])
            .args(["--cpu", cpu, "--backend", backend, "--save"])
            .arg(folder.join("saved"))
            .arg(&image)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
        let object: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(object["verdict"]["outcome"], "timeout", "{object}");
        if object["figures"]["guest_ticks"].as_u64().is_some_and(|ticks| ticks >= LEAST_TICKS) {
            return object;
        }
    }
    panic!("the guest never had {LEAST_TICKS} ticks on {backend}");
}

/// Whether an exit was at an instruction between these addresses.
fn lies_between(exit: &Value, first: usize, end: usize) -> bool {
    let rip = exit["rip"].as_str().unwrap().trim_start_matches("0x");
    exit["cs"] == "0x0000" && (first..end).contains(&usize::from_str_radix(rip, 16).unwrap())
}

/// Whether the guest was taken out of its loop, and not for anything that it did; or by an exception of its own, of which
/// some loops are made.
fn brings_the_vmm_back(exit: &Value) -> bool {
    let description = exit["description"].as_str().unwrap();
    let reasons = [": NMI", "external interrupt (1)", "preemption timer expired (52)", "(0): #"];
    reasons.iter().any(|kind| description.contains(kind))
}

fn holds(cpu: &str, backend: &str) {
    const BOOT: usize = 0x7C00;
    let folder = tempfile::tempdir().unwrap();
    for (name, once, code) in GUESTS {
        let object = run(folder.path(), code, cpu, backend);
        assert_eq!(object["drives"][0]["outcome"], "written", "{name} on {backend}: the VMM is not awake");
        let exits = object["exits"].as_array().unwrap();
        let inside = |exit: &&Value| lies_between(exit, BOOT + once, BOOT + code.len());
        let brought_back = exits.iter().filter(inside).any(brings_the_vmm_back);
        assert!(brought_back, "{name} on {backend}: not taken out of its loop: {exits:#?}");
    }
}

#[test]
fn v8086_is_never_left_alone() {
    holds("core2", "v8086");
}

#[test]
fn v8086_behind_ept_is_never_left_alone() {
    holds("lynnfield", "v8086-ept");
}

#[test]
fn alignment_checks_come_to_the_guest_and_do_not_hang_the_processor() {
    let folder = tempfile::tempdir().unwrap();
    let image = cli::boot_image::flat(&cli::metal::guest("alignment-loop").unwrap()).unwrap();
    let object = run(folder.path(), &image[..510], "skylake", "unrestricted");
    assert_eq!(object["drives"][0]["outcome"], "written", "the VMM is not awake");
    // MOV AX and MOV DS stand before the access: seven bytes.
    let shown = object["screen"]["text"][0].as_str().unwrap_or_default();
    assert_eq!(shown, "alignment check, error code and place 07", "{object}");
}

#[test]
fn unrestricted_is_never_left_alone() {
    holds("skylake", "unrestricted");
}
