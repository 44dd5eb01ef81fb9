//! A person at a terminal: sees the guest's screen, types and pastes into it, uses the menu behind Ctrl-], and has the
//! terminal back whatever ends the run. The terminal is a pseudo-terminal, and what it shows is read by the crate vt100.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::OpenptFlags;
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

/// Ctrl-], and q in the menu that it opens.
const MENU: &[u8] = b"\x1d";
const QUIT: &[u8] = b"\x1dq";

/// A run on a pseudo-terminal.
struct Session {
    ours: File,
    theirs: File,
    shown: Arc<Mutex<vt100::Parser>>,
    child: Child,
    folder: tempfile::TempDir,
}

impl Session {
    fn start(guest: &str) -> Self {
        Self::on(guest, (30, 100), &[])
    }

    /// With a terminal of so many rows and columns, and these options.
    fn on(guest: &str, size: (u16, u16), options: &[&str]) -> Self {
        Self::at(guest, size, options, &[("TERM", "xterm-256color")])
    }

    /// The same with a terminal of which these variables tell what it can.
    fn at(guest: &str, (rows, columns): (u16, u16), options: &[&str], about: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let image = image(&folder, guest);
        let ours =
            rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        rustix::pty::unlockpt(&ours).unwrap();
        let name = OsString::from_vec(rustix::pty::ptsname(&ours, Vec::new()).unwrap().into_bytes());
        let theirs = OpenOptions::new().read(true).write(true).open(name).unwrap();
        tcsetwinsize(&theirs, size(rows, columns)).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_hyper86"))
            .arg("run")
            .arg(&image)
            .args(options)
            .current_dir(folder.path())
            .env_remove("LC_ALL")
            .envs(about.iter().copied())
            .stdin(theirs.try_clone().unwrap())
            .stdout(theirs.try_clone().unwrap())
            .stderr(theirs.try_clone().unwrap())
            .spawn()
            .unwrap();
        let ours = File::from(ours);
        let shown = Arc::new(Mutex::new(vt100::Parser::new(some(rows), some(columns), 0)));
        let (mut reader, writer) = (ours.try_clone().unwrap(), Arc::clone(&shown));
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = reader.read(&mut bytes) {
                writer.lock().unwrap().process(&bytes[..length]);
            }
        });
        Self { ours, theirs, shown, child, folder }
    }

    /// The terminal's rows, right-trimmed.
    fn rows(&self) -> Vec<String> {
        let shown = self.shown.lock().unwrap();
        let (_, columns) = shown.screen().size();
        shown.screen().rows(0, columns.get()).map(|row| row.trim_end().to_owned()).collect()
    }

    fn last_row(&self) -> String {
        self.rows().pop().unwrap()
    }

    fn wait_until(&self, what: &str, is_met: impl Fn(&[String]) -> bool) {
        let start = Instant::now();
        while !is_met(&self.rows()) {
            assert!(start.elapsed() < Duration::from_secs(90), "{what} does not come: {:#?}", self.rows());
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn wait_for(&self, text: &str) {
        self.wait_until(text, |rows| rows.iter().any(|row| row.contains(text)));
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
            if start.elapsed() > Duration::from_secs(20) {
                self.child.kill().unwrap();
                panic!("the run goes on: {:#?}", self.rows());
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Whether keys are shown and lines edited, as a shell expects it, on the screen where the shell is.
    fn is_usual(&self) -> bool {
        let modes = tcgetattr(&self.theirs).unwrap().local_modes;
        let shown = self.shown.lock().unwrap();
        let screen = shown.screen();
        modes.contains(LocalModes::ECHO | LocalModes::ICANON)
            && !screen.alternate_screen()
            && !screen.bracketed_paste()
            && !screen.hide_cursor()
    }

    /// Whether it becomes so: what the tool wrote last may still be on its way to us.
    fn gets_usual(&self) -> bool {
        let start = Instant::now();
        while !self.is_usual() && start.elapsed() < Duration::from_secs(5) {
            thread::sleep(Duration::from_millis(20));
        }
        self.is_usual()
    }

    /// The engine's process.
    fn engine(&self) -> u32 {
        let parent = format!("PPid:\t{}\n", self.child.id());
        let status = |id: u32| fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let mut ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.find(|&id| status(id).contains(&parent)).unwrap()
    }
}

fn some(length: u16) -> NonZero<u16> {
    NonZero::new(length).unwrap()
}

fn size(rows: u16, columns: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

/// A guest's program as a disk image.
fn image(folder: &tempfile::TempDir, guest: &str) -> PathBuf {
    let image = folder.path().join(format!("{guest}.img"));
    fs::write(&image, cli::boot_image::flat(&cli::metal::guest(guest).unwrap()).unwrap()).unwrap();
    image
}

/// CPU time of a process, in seconds.
fn cpu_seconds(process: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // Behind the name: user and system time are fields 14 and 15, in hundredths.
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11..13].iter().map(|field| field.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

#[test]
fn keys_reach_the_guest_and_the_menu_ends_the_run() {
    let mut session = Session::start("echo");
    session.wait_for("Type");
    assert!(!session.is_usual());
    session.type_keys(b"q");
    session.wait_until("q", |rows| rows[1] == "q");
    assert!(session.last_row().contains("Ctrl-] menu | echo.img | v8086"), "{}", session.last_row());
    session.type_keys(QUIT);
    assert_eq!(session.status(), Some(0));
    assert!(session.gets_usual());
    session.wait_for("done: ended from the keyboard");
}

#[test]
fn keys_with_modifiers_and_function_keys_reach_the_guest() {
    // As xterm sends them but where another terminal is named, and what a PC's BIOS gives for the key.
    let keys: [(&[u8], &str); 16] = [
        (b"\x03", "2E03"),      // Ctrl-C
        (b"\x1bx", "2D00"),     // Alt-X
        (b"\x1bOP", "3B00"),    // F1
        (b"\x1b[24~", "8600"),  // F12
        (b"\x1b[1;2Q", "5500"), // Shift-F2
        (b"\x1b[1;3S", "6B00"), // Alt-F4
        (b"\x1b[A", "48E0"),    // up
        (b"\x1b[1;5C", "74E0"), // Ctrl-right
        (b"\x1b[3~", "53E0"),   // Del
        (b"\x1b[Z", "0F00"),    // Shift-Tab
        (b"\x1b[[B", "3C00"),   // F2 of the Linux console
        (b"\x1b[13~", "3D00"),  // F3 of rxvt
        (b"\x1b[1~", "47E0"),   // Home of the Linux console
        (b"\x1b[8~", "4FE0"),   // End of rxvt
        (b"\x7f", "0E08"),      // Backspace
        (b"\x1d]", "1B1D"),     // Ctrl-], from the menu
    ];
    let mut session = Session::start("key-codes");
    session.wait_for("Keys:");
    let mut expected = "Keys:".to_owned();
    for (bytes, code) in keys {
        session.type_keys(bytes);
        expected.push_str(&format!(" {code}"));
        // The guest's row ends at 80 columns.
        session.wait_until(&expected, |rows| rows.concat().starts_with(&expected));
    }
    session.type_keys(QUIT);
    assert_eq!(session.status(), Some(0));
}

#[test]
fn a_long_paste_arrives_whole() {
    let mut session = Session::start("echo");
    session.wait_for("Type");
    let line = |number: u32| {
        format!("{number:03} The quick brown fox jumps over the lazy dog (and back) ~{number:03}")
    };
    let text: Vec<_> = (0..12).map(line).collect();
    session.type_keys(format!("\x1b[200~{}\x1b[201~!", text.join("\r")).as_bytes());
    let expected = format!("{}!", text[11]);
    session.wait_for(&expected);
    let rows = session.rows();
    assert_eq!(rows[1..12], text[..11], "{rows:#?}");
    session.type_keys(QUIT);
    assert_eq!(session.status(), Some(0));
}

#[test]
fn the_menu_saves_the_screen_brings_any_floppy_and_resets() {
    let mut session = Session::start("echo");
    image(&session.folder, "hello");
    session.wait_for("Type");
    session.type_keys(MENU);
    session.wait_for("i insert floppy");
    session.type_keys(b"s\x15saved.txt\r");
    session.wait_for("the screen is in saved.txt");
    let saved = fs::read_to_string(session.folder.path().join("saved.txt")).unwrap();
    assert!(saved.starts_with("Type, Esc ends\n") && saved.lines().count() == 25, "{saved}");
    session.type_keys(b"\x1dinowhere.img\r");
    session.wait_for("nowhere.img: there is no such file");
    session.type_keys(b"\x1dihello.img\r");
    session.wait_for("inserted: a:hello.img");
    session.type_keys(b"\x1dr");
    // The other floppy boots, and its guest halts.
    assert_eq!(session.status(), Some(0));
    session.wait_for("done: the guest halted");
    session.wait_for("Hello from a boot sector");
    assert!(session.gets_usual());
}

#[test]
fn a_floppy_that_a_person_brings_is_kept_like_the_others() {
    let mut session = Session::on("echo", (30, 100), &["--write"]);
    let brought = image(&session.folder, "drives");
    session.wait_for("Type");
    session.type_keys(b"\x1didrives.img\r");
    session.wait_for("inserted: a:drives.img");
    session.type_keys(b"\x1dr");
    // Its guest writes to the disk in each drive.
    session.wait_for("Ready");
    session.type_keys(QUIT);
    assert_eq!(session.status(), Some(0));
    session.wait_for("drive a: drives.img written, 1 sector");
    session.wait_for("echo.img left as it is");
    assert!(fs::read(brought).unwrap().windows(4).any(|bytes| bytes == b"mark"));
}

#[test]
fn a_small_terminal_shows_the_guest_alone_and_the_status_line_on_request() {
    let mut session = Session::on("echo", (25, 80), &[]);
    session.wait_for("Type");
    session.wait_until("room for the guest", |rows| rows[24].is_empty());
    session.type_keys(b"\x1dh");
    session.wait_until("the status line", |rows| rows[24].contains("Ctrl-] menu"));
    session.type_keys(b"\x1dh");
    session.wait_until("no status line", |rows| rows[24].is_empty());
    // The cursor goes below the last row that a terminal of ten rows shows from the top.
    session.type_keys(b"\r\r\r\r\r\r\r\r\r\r\r\r\rend");
    session.wait_for("end");
    tcsetwinsize(&session.theirs, size(10, 20)).unwrap();
    session.shown.lock().unwrap().screen_mut().set_size(some(10), some(20));
    kill_process(Pid::from_child(&session.child), Signal::WINCH).unwrap();
    session.wait_until("the rows around the cursor", |rows| rows.len() == 10 && rows[9] == "end");
    session.type_keys(QUIT);
    assert_eq!(session.status(), Some(0));
}

#[test]
fn columns_lines_colours_and_cursor_are_the_guests() {
    let mut session = Session::on("modes", (60, 100), &[]);
    session.wait_for("forty columns");
    session.wait_until("the last column", |rows| rows[0].ends_with('X'));
    {
        let shown = session.shown.lock().unwrap();
        let cell = shown.screen().cell(0, 39).unwrap();
        let colours = (cell.fgcolor(), cell.bgcolor());
        assert_eq!((cell.contents(), colours), ("X", (vt100::Color::Idx(11), vt100::Color::Idx(4))));
        assert_eq!(shown.screen().cursor_position(), (0, "forty columns".len() as u16));
    }
    session.type_keys(b" ");
    session.wait_until("line fifty", |rows| rows[49] == "line fifty");
    session.wait_until("a visible cursor", |_| !session.shown.lock().unwrap().screen().hide_cursor());
    session.type_keys(b" ");
    session.wait_until("no cursor", |rows| rows[49] == "line fifty, no cursor");
    session.wait_until("a hidden cursor", |_| session.shown.lock().unwrap().screen().hide_cursor());
    session.type_keys(QUIT);
    assert_eq!(session.status(), Some(0));
}

#[test]
fn whatever_ends_the_run_the_terminal_is_given_back() {
    for (signal, status) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::QUIT, 131), (Signal::INT, 130)]
    {
        let mut session = Session::start("forever");
        session.wait_for("Looping");
        kill_process(Pid::from_child(&session.child), signal).unwrap();
        assert_eq!(session.status(), Some(status), "{signal:?}");
        assert!(session.gets_usual(), "{signal:?}");
    }
    let mut session = Session::start("forever");
    session.wait_for("Looping");
    kill_process(Pid::from_raw(session.engine() as i32).unwrap(), Signal::KILL).unwrap();
    assert_eq!(session.status(), Some(3));
    assert!(session.gets_usual());
    session.wait_for("the engine was ended by signal 9");
}

#[test]
fn a_guest_that_never_gives_way_has_the_menu_all_the_same() {
    let mut session = Session::start("forever");
    session.wait_for("Looping");
    session.type_keys(MENU);
    session.wait_until("the menu", |rows| rows[29].contains("q quit"));
    session.type_keys(b"r");
    session.wait_until("the status line", |rows| rows[29].contains("Ctrl-] menu"));
    session.wait_for("Looping");
    // A second Ctrl-] quits.
    session.type_keys(&[MENU, MENU].concat());
    assert_eq!(session.status(), Some(0));
    assert!(session.gets_usual());
}

#[test]
fn an_old_terminal_and_one_without_unicode_get_what_they_can_show() {
    let about = [("TERM", "vt100"), ("LC_ALL", "de_DE.ISO-8859-1")];
    let mut session = Session::at("echo", (25, 80), &[], &about);
    session.wait_for("Type");
    session.type_keys(b"plain");
    session.wait_for("plain");
    session.type_keys(QUIT);
    assert_eq!(session.status(), Some(0));
    assert!(session.gets_usual());
}

#[test]
fn a_terminal_that_cannot_place_text_is_left_alone() {
    let mut session = Session::at("hello", (25, 80), &[], &[("TERM", "dumb")]);
    assert_eq!(session.status(), Some(0));
    assert!(session.gets_usual());
    session.wait_for("done: the guest halted");
}

#[test]
fn a_guest_that_waits_for_a_key_costs_little() {
    /// Of a core.
    const MOST: f64 = 0.08;
    let mut session = Session::start("echo");
    session.wait_for("Type");
    let processes = [session.engine(), session.child.id()];
    let spent = || processes.into_iter().map(cpu_seconds).sum::<f64>();
    // Other work on the machine can only make it more.
    let share = (0..4)
        .map(|_| {
            let (before, start) = (spent(), Instant::now());
            thread::sleep(Duration::from_secs(2));
            (spent() - before) / start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min);
    session.type_keys(QUIT);
    assert_eq!(session.status(), Some(0));
    assert!(share <= MOST, "{share}");
}

#[test]
fn a_reset_restarts_the_guest() {
    let mut session = Session::start("reset-8042");
    session.wait_for("Resetting");
    thread::sleep(Duration::from_millis(500));
    assert_eq!(session.child.try_wait().unwrap(), None, "{:#?}", session.rows());
    session.type_keys(QUIT);
    assert_eq!(session.status(), Some(0));
}
