//! `new` writes a program that builds anywhere, and that `run-app` boots.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn hyper86(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hyper86")).args(arguments).current_dir(folder).output().unwrap()
}

/// A cargo as a user calls it, free of what `cargo test` sets.
fn cargo_build(folder: &Path) -> Command {
    let mut command = Command::new("cargo");
    command.arg("build").arg("--offline").current_dir(folder);
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_TARGET_DIR", "CARGO_BUILD_TARGET"] {
        command.env_remove(variable);
    }
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A fresh program in a folder that knows nothing of ours.
fn new_program(name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let output = hyper86(&["new", name], folder.path());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let program = folder.path().join(name);
    (folder, program)
}

#[test]
fn a_new_program_builds_with_plain_cargo_from_its_folder_and_below() {
    let (_folder, program) = new_program("vmx-lab");
    for folder in [program.clone(), program.join("src")] {
        let output = cargo_build(&folder).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    assert!(program.join("target/x86_64-unknown-linux-gnu/debug/vmx-lab").exists());
    for file in [".cargo/config.toml", "rt/Cargo.toml", "Cargo.toml"] {
        let contents = fs::read_to_string(program.join(file)).unwrap();
        assert!(!contents.contains(env!("CARGO_MANIFEST_DIR")), "{file}");
    }
}

#[test]
fn a_new_program_refuses_to_build_without_its_flags() {
    let (_folder, program) = new_program("lab");
    let output = cargo_build(&program).env("RUSTFLAGS", "-Copt-level=1").output().unwrap();
    assert!(!output.status.success());
    assert!(
        text(&output.stderr).contains("the flags of .cargo/config.toml are missing"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn run_app_boots_the_exercise() {
    let (folder, _program) = new_program("lab");
    let output = hyper86(&["run-app", "lab"], folder.path());
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}{}", text(&output.stderr));
    for line in [
        "lab: in 64-bit mode",
        "IA32_FEATURE_CONTROL = 5h",
        "A20 is open",
        "VMXON succeeded",
        "VMXOFF succeeded",
        "lab: done",
    ] {
        assert!(said.contains(line), "{line:?} is not in: {said}");
    }
}

#[test]
fn run_app_tells_a_machine_without_vt_x_by_its_status() {
    let (folder, _program) = new_program("lab");
    let output = hyper86(&["run-app", "lab", "--cpu", "p4"], folder.path());
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{said}{}", text(&output.stderr));
    assert!(said.contains("this CPU has no VT-x") && !said.contains("done"), "{said}");
}

#[test]
fn an_exception_in_the_students_code_is_reported_with_its_registers() {
    let (folder, program) = new_program("lab");
    let main = program.join("src/main.rs");
    let source = fs::read_to_string(&main).unwrap();
    let place = "    leave_vmx_operation();\n    Ok(())";
    assert!(source.contains(place));
    let broken =
        source.replace(place, &format!("    unsafe {{ asm!(\"ud2\", in(\"r15\") 0xF00Du64) }};\n{place}"));
    fs::write(&main, broken).unwrap();
    let output = hyper86(&["run-app", "lab"], folder.path());
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    for words in ["VMXON succeeded", "#UD", "RIP", "CR4", "000000000000F00D"] {
        assert!(said.contains(words), "{words:?} is not in: {said}");
    }
    assert!(!said.contains("VMXOFF"), "{said}");
}

#[test]
fn a_program_is_never_written_over_something() {
    let (folder, program) = new_program("lab");
    let before = fs::read(program.join("src/main.rs")).unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    for (name, status, words) in [
        ("lab", 2, "exists and is not empty"),
        ("file", 2, "exists and is no folder"),
        ("2fast", 2, "must start with a letter"),
        ("struct", 2, "the word is taken"),
        ("a/b c", 2, "letters a to z"),
    ] {
        let output = hyper86(&["new", name], folder.path());
        assert_eq!(output.status.code(), Some(status), "{name}");
        assert!(text(&output.stderr).contains(words), "{name}: {}", text(&output.stderr));
    }
    assert_eq!(fs::read(program.join("src/main.rs")).unwrap(), before);
    assert_eq!(
        hyper86(&["new", "empty"], folder.path()).status.code(),
        Some(0),
        "an empty folder may be used"
    );
}
