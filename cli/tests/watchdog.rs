//! Guests that never exit by themselves: the watchdog brings the VMM back all the same, so that time goes on, the screen
//! is looked at, and the run can be ended from outside. The proof is the VMM's own word: a run with `--save` asks it for
//! the disk when the time is over, and only a VMM that is awake hands one back.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Guests, in machine code at 0:7C00.
const GUESTS: [(&str, &[u8]); 8] = [
    // jmp $
    ("a loop with interrupts on", &[0xEB, 0xFE]),
    // cli; jmp $
    ("a loop with interrupts off", &[0xFA, 0xEB, 0xFE]),
    // popf of flags without IF, by way of iret, for ever
    ("a loop of IRET with interrupts off", &[0xFA, 0x9C, 0x6A, 0x00, 0x68, 0x01, 0x7C, 0xCF]),
    // cli; again: mov cx, -1; rep lodsb; jmp again
    ("repeated string instructions", &[0xFA, 0xB9, 0xFF, 0xFF, 0xF3, 0xAC, 0xEB, 0xF9]),
    // again: mov ax, ss; mov ss, ax; jmp again
    ("MOV SS again and again", &[0x8C, 0xD0, 0x8E, 0xD0, 0xEB, 0xFA]),
    // mov word [4], 7c12h; mov word [6], 0; push 102h; popf; jmp $; at 7c12h: iret
    (
        "single steps through its own handler",
        &[
            0xC7, 0x06, 0x04, 0x00, 0x12, 0x7C, 0xC7, 0x06, 0x06, 0x00, 0x00, 0x00, 0x68, 0x02, 0x01, 0x9D,
            0xEB, 0xFE, 0xCF,
        ],
    ),
    // mov word [18h], 7c0ch; mov word [1ah], 0; at 7c0ch: mov sp, 0ffd0h; ud2
    (
        "an exception whose handler raises it again",
        &[
            0xC7, 0x06, 0x18, 0x00, 0x0C, 0x7C, 0xC7, 0x06, 0x1A, 0x00, 0x00, 0x00, 0xBC, 0xD0, 0xFF, 0x0F,
            0x0B,
        ],
    ),
    // mov word [4], 7c20h; mov word [6], 0; mov eax, 7c20h; mov dr0, eax; mov eax, 401h; mov dr7, eax; jmp 7c20h;
    // at 7c20h: jmp $
    (
        "a breakpoint on its own handler",
        &[
            0xC7, 0x06, 0x04, 0x00, 0x20, 0x7C, 0xC7, 0x06, 0x06, 0x00, 0x00, 0x00, 0x66, 0xB8, 0x20, 0x7C,
            0x00, 0x00, 0x0F, 0x23, 0xC0, 0x66, 0xB8, 0x01, 0x04, 0x00, 0x00, 0x0F, 0x23, 0xF8, 0xEB, 0x00,
            0xEB, 0xFE,
        ],
    ),
];

/// Runs the guest for a second or two; what the VMM says at the end.
fn run(folder: &Path, code: &[u8], cpu: &str, backend: &str) -> serde_json::Value {
    let image = folder.join("guest.img");
    let mut sector = code.to_vec();
    sector.resize(510, 0);
    sector.extend([0x55, 0xAA]);
    fs::write(&image, sector).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_hyper86"))
        .args(["run", "--headless", "--json", "--expect", "never", "--timeout", "6"])
        .args(["--cpu", cpu, "--backend", backend, "--save"])
        .arg(folder.join("saved"))
        .arg(&image)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn holds(cpu: &str, backend: &str) {
    let folder = tempfile::tempdir().unwrap();
    for (name, code) in GUESTS {
        let object = run(folder.path(), code, cpu, backend);
        assert_eq!(object["verdict"]["outcome"], "timeout", "{name} on {backend}");
        assert_eq!(object["drives"][0]["outcome"], "written", "{name} on {backend}: the VMM is not awake");
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
    assert_eq!(object["verdict"]["outcome"], "timeout");
    assert_eq!(object["drives"][0]["outcome"], "written", "the VMM is not awake");
    // MOV AX and MOV DS stand before the access: seven bytes.
    let shown = object["screen"]["text"][0].as_str().unwrap_or_default();
    assert_eq!(shown, "alignment check, error code and place 07", "{object}");
}

#[test]
fn unrestricted_is_never_left_alone() {
    holds("skylake", "unrestricted");
}
