//! Bad input ends in a clear line, with the right status, within a second, and before anything is built or booted.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a user sees.
struct Ending {
    status: Option<i32>,
    stdout: String,
    stderr: String,
    took: Duration,
}

fn run(command: &mut Command) -> Ending {
    let start = Instant::now();
    let output = command.stdin(Stdio::null()).output().unwrap();
    Ending {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        took: start.elapsed(),
    }
}

fn hyper86(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hyper86"));
    command.args(arguments);
    command
}

/// The one assertion: status, words on standard error, nothing on standard output, within a second.
fn assert_refused(what: &str, ending: &Ending, status: i32, words: &[&str]) {
    let Ending { stdout, stderr, took, .. } = ending;
    assert_eq!(ending.status, Some(status), "{what}: {stderr}");
    assert_eq!(stdout, "", "{what}");
    for word in words {
        assert!(stderr.contains(word), "{what}: {word:?} is not in: {stderr}");
    }
    assert!(*took < Duration::from_secs(1), "{what}: {took:?}");
}

/// A folder with one file of each kind.
fn images() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, contents: &[u8]| fs::write(folder.path().join(name), contents).unwrap();
    let mut signed = vec![0; 512];
    signed[510..].copy_from_slice(&[0x55, 0xAA]);
    file("good.img", &signed);
    file("empty.img", b"");
    file("short.img", &[0x90; 100]);
    file("unsigned.img", &[0; 1_474_560]);
    fs::create_dir(folder.path().join("folder")).unwrap();
    File::create(folder.path().join("huge.img")).unwrap().set_len(5 << 30).unwrap();
    folder
}

#[test]
fn an_unusable_image_is_refused() {
    let folder = images();
    let rows: [(&str, &[&str]); 6] = [
        ("missing.img", &["missing.img", "no such file"]),
        ("empty.img", &["empty.img", "empty", "512"]),
        ("short.img", &["short.img", "100 bytes", "512"]),
        ("folder", &["folder", "directory"]),
        ("huge.img", &["huge.img", "5368709120", "512 MiB"]),
        ("unsigned.img", &["unsigned.img", "55h AAh", "--no-signature-check"]),
    ];
    for (image, words) in rows {
        let path = folder.path().join(image);
        let ending = run(&mut hyper86(&["run", "--headless", path.to_str().unwrap()]));
        assert_refused(image, &ending, 2, words);
        assert_eq!(ending.stderr.lines().count(), 1, "{image}: {}", ending.stderr);
    }
}

#[test]
fn an_image_must_be_named() {
    assert_refused("no image", &run(&mut hyper86(&["run"])), 2, &["IMAGE"]);
}

#[test]
fn an_image_file_is_refused_by_image_too() {
    let folder = images();
    let out = folder.path().join("out.img");
    let guest = folder.path().join("short.img");
    let arguments = ["image", "-o", out.to_str().unwrap(), "--guest", guest.to_str().unwrap()];
    assert_refused("image --guest", &run(&mut hyper86(&arguments)), 2, &["short.img", "100 bytes"]);
    assert!(!out.exists());
}

#[test]
fn drives_that_cannot_be_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = images();
    let path = |name: &str| folder.path().join(name);
    fs::copy(path("good.img"), path("fixed.img")).unwrap();
    fs::set_permissions(path("fixed.img"), fs::Permissions::from_mode(0o444)).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, path("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    File::create(path("large.img")).unwrap().set_len(4 << 20).unwrap();
    let rows: [(&[&str], &[&str]); 20] = [
        (&["--drive", "a=none.img"], &["none.img", "no such file"]),
        (&["good.img", "--drive", "c=folder"], &["folder", "directory"]),
        (&["good.img", "--drive", "c=empty.img"], &["empty.img", "empty"]),
        (&["good.img", "--drive", "c=short.img"], &["short.img", "100 bytes"]),
        (&["good.img", "--drive", "c=pipe"], &["pipe", "not a regular file"]),
        (&["--drive", "a=large.img"], &["large.img", "4194304 bytes", "2.88 MB"]),
        (&["--drive", "a=unsigned.img"], &["unsigned.img", "55h AAh"]),
        (&["good.img", "--drive", "a=good.img"], &["drive a cannot hold both", "only a person"]),
        (&["--drive", "c=good.img", "--drive", "c=large.img"], &["drive c cannot hold both"]),
        (&["good.img", "--drive", "d=large.img"], &["drive d", "no drive c"]),
        (&["--drive", "b=good.img"], &["drive b", "no drive a"]),
        (&["good.img", "--drive", "g=good.img"], &["no drive g", "a and b"]),
        (&["good.img", "--drive", "good.img"], &["--drive", "a=FILE"]),
        (&["fixed.img", "--write"], &["fixed.img", "read-only", "--save"]),
        (&["--drive", "a=good.img,ro", "--write"], &["write-protected"]),
        (&["good.img", "--write", "--save", "out"], &["--write", "--save"]),
        (&["good.img", "--save", "folder"], &["folder", "directory"]),
        (&["good.img", "--save", "pipe"], &["pipe", "not a regular file"]),
        (&["good.img", "--save", "good.img"], &["good.img", "--write"]),
        (&["good.img", "--drive", "c=large.img", "--save", "out"], &["which disk", "--save a=out"]),
    ];
    for (arguments, words) in rows {
        let ending = run(hyper86(&["run", "--headless"]).args(arguments).current_dir(folder.path()));
        assert_refused(&arguments.join(" "), &ending, 2, words);
    }
    assert!(!path("out").exists());
}

#[test]
fn an_unknown_word_is_refused_with_those_that_are_known() {
    let folder = images();
    let image = folder.path().join("good.img");
    let image = image.to_str().unwrap();
    let rows: [(&[&str], &[&str]); 6] = [
        (&["run", "--headless", image, "--cpu", "core3"], &["core3", "core2", "lynnfield", "p4-32"]),
        (&["demo", "--cpu", "pentium"], &["pentium", "core2"]),
        (&["demo", "--firmware", "newest"], &["newest", "latest", "legacy"]),
        (&["demo", "vmxdem"], &["vmxdem", "vmxdemo", "trystep1"]),
        (&["demo", "--break", "cr0"], &["cr0", "cr0-shadow", "cr0-ne"]),
        (&["boot"], &["boot"]),
    ];
    for (arguments, words) in rows {
        assert_refused(&arguments.join(" "), &run(&mut hyper86(arguments)), 2, words);
    }
}

#[test]
fn an_unknown_key_is_refused_before_anything_boots() {
    let folder = images();
    let image = folder.path().join("good.img");
    let rows: [(&str, &[&str]); 4] = [
        ("dir{entre}", &["{entre}", "character 4", "enter"]),
        ("{ctl-c}", &["ctl", "ctrl"]),
        ("{enter", &["character 1", "}"]),
        ("naïve", &["'ï'", "character 3"]),
    ];
    for (keys, words) in rows {
        let ending = run(&mut hyper86(&["run", "--headless", image.to_str().unwrap(), "--keys", keys]));
        assert_refused(keys, &ending, 2, words);
    }
}

/// A search path with what builds programs, and without what runs or installs Bochs.
fn path_without_bochs(folder: &Path) -> PathBuf {
    let bin = folder.join("bin");
    fs::create_dir(&bin).unwrap();
    let path = std::env::var_os("PATH").unwrap();
    for tool in ["cargo", "rustc", "cc"] {
        let found = std::env::split_paths(&path).map(|folder| folder.join(tool)).find(|file| file.exists());
        std::os::unix::fs::symlink(found.unwrap(), bin.join(tool)).unwrap();
    }
    bin
}

/// A program that is there and refuses everything.
fn refusing(bin: &Path, tool: &str) {
    script(bin, tool, "exit 100");
}

/// A program of a few lines.
fn script(bin: &Path, tool: &str, lines: &str) {
    use std::os::unix::fs::PermissionsExt;
    let file = bin.join(tool);
    fs::write(&file, format!("#!/bin/sh\n{lines}\n")).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_missing_bochs_that_cannot_be_installed_is_refused_with_the_command_that_helps() {
    let folder = images();
    let image = folder.path().join("good.img");
    let bin = path_without_bochs(folder.path());
    let commands: [&[&str]; 2] = [&["demo"], &["run", "--headless", image.to_str().unwrap()]];
    let packages = "apt-get install --no-install-recommends bochs bochs-term bochsbios vgabios";
    for arguments in commands {
        let ending = run(hyper86(arguments).env("PATH", &bin));
        assert_refused(&arguments.join(" "), &ending, 3, &["Bochs is missing", packages]);
    }
    // The same on a machine with an apt-get that does not do it for us, whoever we are.
    refusing(&bin, "apt-get");
    refusing(&bin, "sudo");
    for arguments in commands {
        let ending = run(hyper86(arguments).env("PATH", &bin));
        assert_refused(&arguments.join(" "), &ending, 3, &["Bochs is missing", packages]);
    }
}

#[test]
fn runs_that_begin_together_on_a_fresh_machine_install_one_after_the_other() {
    let folder = images();
    let bin = path_without_bochs(folder.path());
    // As the real ones: apt-get refuses while another works, sudo takes an option and a command.
    let alone =
        "cd \"${0%/*}\"; mkdir busy || { echo >>met; exit 100; }; echo >>installed; sleep 0.2; rmdir busy";
    script(&bin, "apt-get", &format!("PATH=/usr/bin:/bin\n{alone}\nln -sf /bin/false bochs-bin"));
    script(&bin, "sudo", "shift; PATH=$PATH:/usr/bin:/bin; exec \"$@\"");
    let runs = [(); 3].map(|()| {
        let mut command = hyper86(&["demo"]);
        // Nothing needs to be built to see who installs.
        command.env("PATH", &bin).env("CARGO", "/bin/false").stdin(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    });
    for mut run in runs {
        run.wait().unwrap();
    }
    assert!(bin.join("installed").exists() && !bin.join("met").exists());
}

#[test]
fn doctor_names_what_is_missing_and_what_to_do() {
    let folder = images();
    let bin = path_without_bochs(folder.path());
    let ending = run(hyper86(&["doctor"]).env("PATH", &bin));
    assert_eq!(ending.status, Some(3), "{}", ending.stderr);
    for words in ["MISSING bochs", "do: ", "ok      rustc", "cannot run here yet"] {
        assert!(ending.stdout.contains(words), "{words:?} is not in: {}", ending.stdout);
    }
    let ending = run(hyper86(&["doctor", "--json"]).env("PATH", &bin));
    let report: serde_json::Value = serde_json::from_str(&ending.stdout).unwrap();
    assert_eq!((ending.status, &report["can_run_demo"]), (Some(3), &serde_json::Value::Bool(false)));
    let subjects: Vec<_> =
        report["findings"].as_array().unwrap().iter().map(|each| &each["subject"]).collect();
    assert!(subjects.iter().any(|subject| *subject == "kvm"), "{subjects:?}");
}
