//! A person at a terminal: sees the guest's screen, types into it, leaves with Ctrl-], and has the terminal back.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStringExt;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::pty::OpenptFlags;
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

/// Ctrl-].
const QUIT: &[u8] = b"\x1d";

/// A run on a pseudo-terminal.
struct Session {
    ours: File,
    theirs: File,
    shown: Arc<Mutex<Vec<u8>>>,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Session {
    fn start(guest: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("guest.img");
        fs::write(&image, cli::boot_image::flat(&cli::metal::guest(guest).unwrap()).unwrap()).unwrap();
        let ours =
            rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        rustix::pty::unlockpt(&ours).unwrap();
        let name = OsString::from_vec(rustix::pty::ptsname(&ours, Vec::new()).unwrap().into_bytes());
        let theirs = OpenOptions::new().read(true).write(true).open(name).unwrap();
        tcsetwinsize(&theirs, Winsize { ws_row: 30, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_hyper86"))
            .arg("run")
            .arg(&image)
            .env("TERM", "xterm-256color")
            .stdin(theirs.try_clone().unwrap())
            .stdout(theirs.try_clone().unwrap())
            .stderr(theirs.try_clone().unwrap())
            .spawn()
            .unwrap();
        let ours = File::from(ours);
        let shown = Arc::new(Mutex::new(Vec::new()));
        let (mut reader, writer) = (ours.try_clone().unwrap(), Arc::clone(&shown));
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = reader.read(&mut bytes) {
                writer.lock().unwrap().extend_from_slice(&bytes[..length]);
            }
        });
        Self { ours, theirs, shown, child, _folder: folder }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    fn wait_for(&self, text: &str) {
        let start = Instant::now();
        while !self.text().contains(text) {
            assert!(start.elapsed() < Duration::from_secs(60), "{text:?} does not come: {:?}", self.text());
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn type_keys(&mut self, keys: &[u8]) {
        self.ours.write_all(keys).unwrap();
    }

    fn status(&mut self) -> Option<i32> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            if start.elapsed() > Duration::from_secs(10) {
                self.child.kill().unwrap();
                panic!("the run goes on: {:?}", self.text());
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Whether keys are shown and lines edited, as a shell expects it.
    fn is_usual(&self) -> bool {
        tcgetattr(&self.theirs).unwrap().local_modes.contains(LocalModes::ECHO | LocalModes::ICANON)
    }
}

#[test]
fn keys_reach_the_guest_and_ctrl_bracket_ends_the_run() {
    let mut session = Session::start("echo");
    session.wait_for("Type");
    assert!(!session.is_usual());
    session.type_keys(b"q");
    session.wait_for("q");
    session.type_keys(QUIT);
    assert_eq!(session.status(), Some(0));
    assert!(session.is_usual());
}

#[test]
fn a_reset_restarts_the_guest() {
    let mut session = Session::start("reset-8042");
    session.wait_for("Resetting");
    thread::sleep(Duration::from_millis(500));
    assert_eq!(session.child.try_wait().unwrap(), None, "{:?}", session.text());
    session.type_keys(QUIT);
    assert_eq!(session.status(), Some(0));
}
