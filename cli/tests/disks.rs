//! Several drives, and what a run leaves of the disks: the files are replaced as a whole or not at all, however the run
//! ends, and the tool says which.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// What the guest `drives` writes into sector 2 of each disk.
const MARK: &[u8] = b"mark";

/// Where that is.
const SECTOR_2: std::ops::Range<usize> = 512..516;

/// A folder of images, each of which boots the guest `drives` and holds its own name four times in sector 2.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(images: &[(&str, usize)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        let guest = cli::boot_image::flat(&cli::metal::guest("drives").unwrap()).unwrap();
        for &(name, length) in images {
            let mut image = guest.clone();
            image.resize(length, 0);
            image[SECTOR_2].copy_from_slice(&[name.as_bytes()[0]; 4]);
            fs::write(folder.path(name), image).unwrap();
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What stands in sector 2 of an image.
    fn mark(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()[SECTOR_2].to_vec()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hyper86"));
        command.args(["run", "--headless"]).args(arguments).current_dir(self.0.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// A run whose guest has written to its disks.
    fn start_and_wait(&self, command: &mut Command) -> Child {
        let told = self.path("stderr");
        let child = command.stderr(fs::File::create(&told).unwrap()).spawn().unwrap();
        let start = Instant::now();
        while !fs::read_to_string(&told).unwrap().contains("back-end") {
            assert!(start.elapsed() < Duration::from_secs(60), "no guest was started");
            thread::sleep(Duration::from_millis(20));
        }
        // It begins with its disks, and is done with them in a moment.
        thread::sleep(Duration::from_secs(2));
        child
    }

    /// The end of such a run, and what it told.
    fn end_of(&self, child: Child) -> (Option<i32>, String) {
        let output = child.wait_with_output().unwrap();
        (output.status.code(), fs::read_to_string(self.path("stderr")).unwrap())
    }

    /// Processes named Bochs that work in our temporary folder.
    fn engines(&self) -> Vec<Pid> {
        let mut engines = Vec::new();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let Ok(id) = entry.file_name().to_string_lossy().parse::<i32>() else { continue };
            let is_bochs =
                fs::read_to_string(entry.path().join("comm")).is_ok_and(|name| name.starts_with("bochs"));
            let is_ours = fs::read_link(entry.path().join("cwd"))
                .is_ok_and(|folder| folder.starts_with(self.path("tmp")));
            if is_bochs && is_ours {
                engines.extend(Pid::from_raw(id));
            }
        }
        engines
    }
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn several_drives_are_there_and_those_that_may_be_written_are_kept() {
    let folder = Folder::with(&[("a", 1_474_560), ("b", 737_280), ("c", 10 << 20), ("d", 5_000_000)]);
    let drives = ["a", "--drive", "b=b,ro", "--drive", "c=c", "--drive", "d=d", "--expect", "Ready"];
    let output = folder.run(&[&drives[..], &["--screen", "private"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    // Number, type, drives of its kind, status of reading, what was there, status of writing.
    let screen = ["00 01 02 00 aaaa 00", "01 01 02 00 bbbb 03", "80 03 02 00 cccc 00", "81 03 02 00 dddd 00"];
    let shown = fs::read_to_string(folder.path("private")).unwrap();
    assert_eq!(shown.lines().take(4).collect::<Vec<_>>(), screen);
    assert_eq!(["a", "b", "c", "d"].map(|name| folder.mark(name)), [*b"aaaa", *b"bbbb", *b"cccc", *b"dddd"]);

    let output = folder.run(&[&drives[..], &["--write", "--json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    assert_eq!(["a", "b", "c", "d"].map(|name| folder.mark(name)), [*b"mark", *b"bbbb", *b"mark", *b"mark"]);
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = ["a", "c", "d"].map(
        |drive| serde_json::json!({ "drive": drive, "file": drive, "outcome": "written", "sectors": 1 }),
    );
    assert_eq!(object["drives"], serde_json::Value::from(expected.to_vec()));
}

#[test]
fn what_a_guest_wrote_is_kept_however_the_run_ends() {
    // Its own end, an unmet step, the end of the time, a guest that cannot go on.
    let rows: [(&[&str], i32); 4] = [
        (&["--keys", "{esc}"], 0),
        (&["--expect", "Ready", "--keys", "{esc}", "--expect", "never shown"], 1),
        (&["--timeout", "5"], 1),
        (&["--keys", "p"], 3),
    ];
    for (arguments, status) in rows {
        let folder = Folder::with(&[("a", 163_840)]);
        let output = folder.run(&[&["a", "--write"], arguments].concat());
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {}", words(&output));
        assert!(words(&output).contains("drive a: a written, 1 sector"), "{arguments:?}: {}", words(&output));
        assert_eq!(folder.mark("a"), MARK, "{arguments:?}");
    }
}

#[test]
fn a_signal_ends_the_run_and_what_the_guest_wrote_is_saved() {
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let folder = Folder::with(&[("c", 4 << 20)]);
        fs::create_dir(folder.path("tmp")).unwrap();
        let mut command = folder.command(&["c", "--save", "out"]);
        let child = folder.start_and_wait(command.env("TMPDIR", folder.path("tmp")));
        kill_process(Pid::from_child(&child), signal).unwrap();
        let (found, words) = folder.end_of(child);
        assert_eq!(found, Some(status), "{words}");
        assert!(words.contains("drive c: out written, 1 sector"), "{words}");
        assert_eq!((folder.mark("c").as_slice(), folder.mark("out").as_slice()), (&b"cccc"[..], MARK));
    }
}

#[test]
fn a_machine_that_does_not_answer_changes_nothing() {
    let folder = Folder::with(&[("c", 4 << 20)]);
    fs::create_dir(folder.path("tmp")).unwrap();
    let mut command = folder.command(&["c", "--write"]);
    let child = folder.start_and_wait(command.env("TMPDIR", folder.path("tmp")));
    let engine = folder.engines()[0];
    kill_process(engine, Signal::STOP).unwrap();
    let start = Instant::now();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let (found, words) = folder.end_of(child);
    assert_eq!(found, Some(130), "{words}");
    let reason = "drive c: c not written, because the VMM did not hand back what the guest wrote";
    assert!(words.contains(reason), "{words}");
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    assert_eq!(folder.mark("c"), b"cccc");
}

#[test]
fn a_file_that_somebody_else_changes_meanwhile_is_left_alone() {
    let folder = Folder::with(&[("c", 4 << 20)]);
    fs::create_dir(folder.path("tmp")).unwrap();
    let mut command = folder.command(&["c", "--write", "--timeout", "8"]);
    let child = folder.start_and_wait(command.env("TMPDIR", folder.path("tmp")));
    fs::write(folder.path("c"), b"mine now").unwrap();
    let (found, words) = folder.end_of(child);
    assert_eq!(found, Some(3), "{words}");
    let reason = "drive c: c not written, because c was changed by somebody else during the run";
    assert!(words.contains(reason), "{words}");
    assert_eq!(fs::read(folder.path("c")).unwrap(), b"mine now");
}

#[test]
fn a_saved_result_repeats_to_the_byte() {
    let folder = Folder::with(&[("a", 1_474_560), ("c", 4 << 20)]);
    let arguments = ["a", "--drive", "c=c", "--keys", "{esc}", "--json"];
    let run = |a: &str, c: &str| {
        let output = folder.run(&[&arguments[..], &["--save", a, "--save", c]].concat());
        let mut object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(object["drives"][1]["sectors"], 1);
        object["drives"].take();
        object
    };
    assert_eq!(run("a=1a", "c=1c"), run("a=2a", "c=2c"));
    let read = |name: &str| fs::read(folder.path(name)).unwrap();
    assert!(read("1a") == read("2a") && read("1c") == read("2c"));
    assert_eq!(
        ["a", "c", "1a", "1c"].map(|name| folder.mark(name)),
        [*b"aaaa", *b"cccc", *b"mark", *b"mark"]
    );
}

#[test]
fn a_traced_extended_read_tells_what_its_packet_says() {
    /// mov si, 7C20h; mov ah, 42h; mov dl, 80h; int 13h; cli; hlt
    const CODE: &[u8] = &[0xBE, 0x20, 0x7C, 0xB4, 0x42, 0xB2, 0x80, 0xCD, 0x13, 0xFA, 0xF4];
    /// At 7C20h: three sectors from 5 to 0900:0010.
    const PACKET: &[u8] = &[16, 0, 3, 0, 0x10, 0, 0, 9, 5, 0, 0, 0, 0, 0, 0, 0];
    let folder = Folder::with(&[("c", 4 << 20)]);
    let mut disk = fs::read(folder.path("c")).unwrap();
    disk[..CODE.len()].copy_from_slice(CODE);
    disk[0x20..][..PACKET.len()].copy_from_slice(PACKET);
    fs::write(folder.path("c"), disk).unwrap();
    let output = folder.run(&["c", "--trace-bios", "--json"]);
    let line = "bios: INT 13h AH=42h extended read from 0000:7C09: DL=80h DS:SI=0000:7C20 LBA=00000005h COUNT=0003h \
                BUFFER=0900:0010 -> CF=0 AH=00h COUNT=0003h";
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains(line), "{words}");
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(object["bios_calls"][0]["inputs"]["BUFFER"], "0900:0010");
}
