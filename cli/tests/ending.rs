//! Whatever ends the tool, Bochs goes with it: a timeout, Ctrl-C, SIGTERM, even SIGKILL. What can be cleaned up is.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// An engine that has not started by then never will. What it boots may have to be built first.
const PATIENCE: Duration = Duration::from_secs(300);

/// A run of a guest that never ends, with a temporary folder of its own.
struct EndlessRun {
    folder: tempfile::TempDir,
    child: Child,
    said: BufReader<ChildStderr>,
}

impl EndlessRun {
    fn start() -> Self {
        Self::with(&[])
    }

    fn with(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("forever.img");
        let elf = cli::metal::guest("forever").unwrap();
        fs::write(&image, cli::boot_image::flat(&elf).unwrap()).unwrap();
        let image = image.to_str().unwrap().to_owned();
        let arguments = [&["run", "--headless", "--timeout", "60"], options, &[&image]].concat();
        Self::of(folder, &arguments)
    }

    /// Another command that takes long.
    fn of(folder: tempfile::TempDir, arguments: &[&str]) -> Self {
        let temporary = folder.path().join("tmp");
        fs::create_dir(&temporary).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_hyper86"))
            .args(arguments)
            .env("TMPDIR", &temporary)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stderr.take().unwrap());
        Self { folder, child, said }
    }

    /// One whose guest runs.
    fn under_way() -> Self {
        let mut run = Self::with(&["--json"]);
        let mut line = String::new();
        while !line.contains("back-end") {
            line.clear();
            assert_ne!(run.said.read_line(&mut line).unwrap(), 0, "the run has ended");
        }
        thread::sleep(Duration::from_secs(1));
        run
    }

    /// What it says until its end, and the object.
    fn end(mut self) -> (ExitStatus, String, serde_json::Value) {
        let (mut object, mut said) = (String::new(), String::new());
        self.said.read_to_string(&mut said).unwrap();
        self.child.stdout.take().unwrap().read_to_string(&mut object).unwrap();
        (self.wait(), said, serde_json::from_str(&object).unwrap())
    }

    /// The engine's process, once it runs.
    fn engine(&self) -> u32 {
        let start = Instant::now();
        loop {
            if let Some(engine) = self.engines().first() {
                return *engine;
            }
            assert!(start.elapsed() < PATIENCE, "no engine was started");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Processes named Bochs that work in our temporary folder.
    fn engines(&self) -> Vec<u32> {
        let mut engines = Vec::new();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let Ok(id) = entry.file_name().to_string_lossy().parse() else { continue };
            let is_bochs =
                fs::read_to_string(entry.path().join("comm")).is_ok_and(|name| name.starts_with("bochs"));
            let is_ours = fs::read_link(entry.path().join("cwd"))
                .is_ok_and(|folder| folder.starts_with(self.folder.path()));
            if is_bochs && is_ours {
                engines.push(id);
            }
        }
        engines
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < Duration::from_secs(20), "the run goes on");
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn left_files(&self) -> Vec<PathBuf> {
        fs::read_dir(self.folder.path().join("tmp")).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

fn assert_gone(engine: u32) {
    let start = Instant::now();
    while Path::new(&format!("/proc/{engine}/cwd")).read_link().is_ok() {
        assert!(start.elapsed() < Duration::from_secs(3), "process {engine} is still there");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn ctrl_c_and_a_request_to_end_leave_no_engine_and_no_files() {
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let mut run = EndlessRun::start();
        let engine = run.engine();
        run.signal(signal);
        assert_eq!(run.wait().code(), Some(status));
        assert_gone(engine);
        assert_eq!(run.left_files(), Vec::<PathBuf>::new());
    }
}

#[test]
fn a_hunt_and_a_proof_end_in_order_too() {
    let fuzz: &[&str] = &["fuzz", "--cases", "1000000"];
    let prove: &[&str] = &["audit", "--prove", "--cases", "1000000"];
    for (arguments, said) in [(fuzz, "ended by signal 2; 1000000 were to be tried"), (prove, "")] {
        let mut run = EndlessRun::of(tempfile::tempdir().unwrap(), arguments);
        let engine = run.engine();
        run.signal(Signal::INT);
        assert_eq!(run.wait().code(), Some(130));
        assert_gone(engine);
        assert_eq!(run.left_files(), Vec::<PathBuf>::new());
        let mut output = String::new();
        run.child.stdout.take().unwrap().read_to_string(&mut output).unwrap();
        assert!(output.contains(said), "{output}");
    }
}

#[test]
fn a_kill_leaves_no_engine_and_the_next_run_removes_the_files() {
    let mut run = EndlessRun::start();
    let engine = run.engine();
    run.signal(Signal::KILL);
    assert_eq!(run.wait().signal(), Some(9));
    assert_gone(engine);
    assert_eq!(run.left_files().len(), 1);
    let next = Command::new(env!("CARGO_BIN_EXE_hyper86"))
        .args(["demo", "vmxon"])
        .env("TMPDIR", run.folder.path().join("tmp"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(next.status.success());
    assert_eq!(run.left_files(), Vec::<PathBuf>::new());
}

#[test]
fn two_runs_at_once_do_not_disturb_each_other_and_open_no_port() {
    let mut runs = [EndlessRun::start(), EndlessRun::start()];
    for run in &runs {
        assert_eq!(listening_sockets_of(run.engine()), 0);
        assert_eq!(listening_sockets_of(run.child.id()), 0);
    }
    for run in &mut runs {
        assert_eq!(run.engines().len(), 1);
        run.signal(Signal::TERM);
        assert_eq!(run.wait().code(), Some(143));
    }
}

/// Sockets of any kind that a process holds: a run needs none.
fn listening_sockets_of(process: u32) -> usize {
    let files = fs::read_dir(format!("/proc/{process}/fd")).unwrap();
    let sockets = files.flatten().filter(|file| {
        fs::read_link(file.path()).is_ok_and(|target| target.to_string_lossy().starts_with("socket:"))
    });
    sockets.count()
}

#[test]
fn an_interrupted_run_prints_its_one_object_all_the_same() {
    let run = EndlessRun::with(&["--json"]);
    run.engine();
    run.signal(Signal::TERM);
    let (status, _, object) = run.end();
    assert_eq!(status.code(), Some(143));
    assert_eq!((&object["status"], &object["verdict"]["outcome"]), (&143.into(), &"interrupted".into()));
}

#[test]
fn an_interrupted_run_says_where_the_guest_was() {
    let run = EndlessRun::under_way();
    // As timeout(1) does it: to the process, and to its group.
    run.signal(Signal::INT);
    run.signal(Signal::INT);
    let (status, said, object) = run.end();
    assert_eq!(status.code(), Some(130));
    for words in ["The guest's registers", "jmp short", "The last", "The guest's screen", "Looping"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(object["registers"]["cs"], "0x0");
}

#[test]
fn an_engine_that_somebody_kills_ends_the_run_by_name() {
    let run = EndlessRun::under_way();
    let engine = Pid::from_raw(run.engine() as i32).unwrap();
    kill_process(engine, Signal::KILL).unwrap();
    let (status, said, object) = run.end();
    assert_eq!(status.code(), Some(3));
    assert!(said.contains("the machine is gone, so nothing is known"), "{said}");
    assert_eq!(object["verdict"]["outcome"], "no-verdict");
    assert_eq!(object["verdict"]["reason"], "the engine was ended by signal 9, without a verdict");
}

#[test]
fn files_that_cannot_be_written_are_told_in_the_object_and_by_the_status() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("hello.img");
    fs::write(&image, cli::boot_image::flat(&cli::metal::guest("hello").unwrap()).unwrap()).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_hyper86"))
        .args(["run", "--json", "--screen", "/nowhere/screen", "--serial"])
        .arg(folder.path())
        .arg(&image)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &object["status"]), (Some(3), &3.into()));
    assert_eq!(object["verdict"]["guest_end"], "halted");
    for words in ["/nowhere/screen cannot be written", "Hello from a boot sector"] {
        assert!(object.to_string().contains(words), "{object}");
    }
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr.matches("cannot be written").count(), 2, "{stderr}");
}
