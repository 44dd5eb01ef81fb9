//! One running machine: a Bochs in a folder of its own, which are both gone when the value is.
//!
//! The child is first this tool itself, as `hyper86 __engine`: it asks the kernel for a death together with its parent
//! and then becomes Bochs. So not even a kill of this tool leaves a Bochs behind.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::OFlags;
use rustix::process::Signal;
use rustix::pty::OpenptFlags;
use rustix::termios::OptionalActions;

use super::configuration::{DEBUGGER_COMMANDS, Machine, Pace, Wiring, bochsrc};
use super::{Engine, folder};

/// The hidden command that becomes the engine.
pub const ENGINE_COMMAND: &str = "__engine";

/// What stands before the engine's own last words on its standard error.
const LAST_WORDS: &str = "Bochs is exiting with the following message:";

/// Whether somebody is at the other end of COM1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Com1 {
    /// A line to us.
    Line,
    /// A port without a partner.
    Unconnected,
}

/// What the machine said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Port E9h, mixed with the engine's own text.
    Console(Vec<u8>),
    /// COM1.
    Com1(Vec<u8>),
    /// Nothing in the time given.
    Silence,
    /// The engine has ended.
    End,
}

/// A running machine. Dropping it ends it and removes its files.
pub struct Bochs {
    child: Child,
    stdout: ChildStdout,
    /// The pseudo-terminal that is its display.
    display: OwnedFd,
    com1: Option<File>,
    folder: folder::RunFolder,
    /// When a key may be pressed again; `None`: nobody waits for this machine.
    next_key: Option<Instant>,
}

impl Bochs {
    /// Starts a machine with `disk` as its boot disk, a whole number of cylinders long.
    ///
    /// # Errors
    /// A file or a process cannot be created.
    pub fn start(engine: &Engine, machine: &Machine, disk: &[u8], com1: Com1) -> anyhow::Result<Self> {
        let folder = folder::RunFolder::create().context("cannot create a folder for the run")?;
        let in_folder = |name: &str| folder.path().join(name);
        let disk_path = in_folder("disk");
        write_sparse(&disk_path, disk)
            .context("cannot write the boot disk (is the temporary folder full?)")?;
        let display = PseudoTerminal::open().context("cannot open a pseudo-terminal")?;
        let line = match com1 {
            Com1::Line => Some(PseudoTerminal::open().context("cannot open a pseudo-terminal")?),
            Com1::Unconnected => None,
        };
        let wiring = Wiring {
            disk: &disk_path,
            disk_bytes: disk.len(),
            log: &in_folder("log"),
            com1: line.as_ref().map(|line| line.name.as_path()),
        };
        fs::write(in_folder("bochsrc"), bochsrc(machine, &wiring))?;
        fs::write(in_folder("commands"), DEBUGGER_COMMANDS)?;

        let mut child = Command::new("/proc/self/exe")
            .arg(ENGINE_COMMAND)
            .arg(std::process::id().to_string())
            .arg(&engine.program)
            .args(["-q", "-f", "bochsrc", "-rc", "commands"])
            .current_dir(folder.path())
            .env("TERM", "vt100")
            .env("LC_ALL", "C")
            .env("GUEST", "guest")
            .stdin(fs::OpenOptions::new().read(true).write(true).open(&display.name)?)
            .stdout(Stdio::piped())
            .stderr(File::create(in_folder("stderr"))?)
            // A Ctrl-C of the person is for us alone.
            .process_group(0)
            .spawn()
            .context("cannot start the engine")?;
        let stdout = child.stdout.take().context("the engine has no output")?;
        let com1 = line.map(|line| File::from(line.ours));
        let next_key = (machine.pace == Pace::Interactive).then(Instant::now);
        Ok(Self { child, stdout, display: display.ours, com1, folder, next_key })
    }

    /// Waits for the machine to say something, at most `patience`. Returns early, with silence, on a signal.
    ///
    /// # Errors
    /// The operating system refuses to read.
    pub fn listen(&mut self, patience: Duration) -> io::Result<Output> {
        let deadline = Instant::now() + patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let [console, display, com1] = match self.poll(left) {
                Ok(ready) => ready,
                Err(rustix::io::Errno::INTR) => return Ok(Output::Silence),
                Err(error) => return Err(error.into()),
            };
            if console {
                return Ok(match read_some(&mut self.stdout)? {
                    Some(bytes) => Output::Console(bytes),
                    None => Output::End,
                });
            }
            if com1 && let Some(bytes) = self.com1.as_mut().map(read_some).transpose()?.flatten() {
                return Ok(Output::Com1(bytes));
            }
            if display {
                // The machine's own screen is not shown, but an unread terminal would stop the engine.
                let _ = rustix::io::read(&self.display, &mut [0; 4096]);
            }
            if left.is_zero() {
                return Ok(Output::Silence);
            }
        }
    }

    /// Presses a key of the machine's own keyboard, now and then, if a person waits for the machine: its BIOS spends three
    /// seconds waiting for one. Time is nothing to a script, whose runs shall be equal.
    pub fn hurry(&mut self) {
        const A_WHILE: Duration = Duration::from_millis(150);
        let now = Instant::now();
        if self.next_key.is_some_and(|next| now >= next) {
            self.next_key = Some(now + A_WHILE);
            // One that is not taken is no loss.
            let _ = rustix::io::write(&self.display, b" ");
        }
    }

    /// What COM1 still holds once the engine has ended.
    ///
    /// # Errors
    /// The operating system refuses to read.
    pub fn listen_com1(&mut self) -> io::Result<Output> {
        let [_, _, com1] = self.poll(Duration::ZERO)?;
        let bytes = if com1 { self.com1.as_mut().map(read_some).transpose()?.flatten() } else { None };
        Ok(bytes.map_or(Output::Silence, Output::Com1))
    }

    /// Which of console, display and COM1 can be read.
    fn poll(&self, patience: Duration) -> rustix::io::Result<[bool; 3]> {
        let mut waiting = vec![
            PollFd::new(&self.stdout, PollFlags::IN | PollFlags::HUP),
            PollFd::new(&self.display, PollFlags::IN),
        ];
        if let Some(com1) = &self.com1 {
            waiting.push(PollFd::new(com1, PollFlags::IN));
        }
        let patience = Timespec {
            tv_sec: patience.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: patience.subsec_nanos().into(),
        };
        rustix::event::poll(&mut waiting, Some(&patience))?;
        let readable = |index: usize| waiting.get(index).is_some_and(|fd| !fd.revents().is_empty());
        // A pseudo-terminal whose other end is closed polls as hung up for ever; only what it holds counts.
        let holds = |index: usize| waiting.get(index).is_some_and(|fd| fd.revents().contains(PollFlags::IN));
        Ok([readable(0), holds(1), holds(2)])
    }

    /// The file that is the machine's boot disk. What is written to it is there when the machine next reads it.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn disk(&self) -> io::Result<File> {
        File::options().write(true).open(self.folder.path().join("disk"))
    }

    /// Sends bytes to the machine's COM1.
    ///
    /// # Errors
    /// There is no line, or the engine is gone.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.com1.as_mut().ok_or(io::ErrorKind::NotConnected)?.write_all(bytes)
    }

    /// How much time of the processor the engine has had; zero once it has ended.
    pub fn processor_time(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        // Behind the name in parentheses; fields 14 and 15 of the whole are the times, in ticks of the kernel's clock.
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let ticks: u64 = fields.split_whitespace().skip(11).take(2).flat_map(str::parse::<u64>).sum();
        Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second())
    }

    /// The engine's own last words, such as why it stopped; without them, the end of its log.
    pub fn last_words(&self) -> String {
        let stderr = fs::read(self.folder.path().join("stderr")).unwrap_or_default();
        let stderr = String::from_utf8_lossy(&stderr);
        if let Some((_, words)) = stderr.rsplit_once(LAST_WORDS) {
            return words.trim_matches(|c: char| c == '=' || c.is_whitespace()).to_owned();
        }
        let log = fs::read(self.folder.path().join("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let tail: Vec<_> = log.lines().chain(stderr.lines()).filter(|line| !line.trim().is_empty()).collect();
        tail[tail.len().saturating_sub(5)..].join("\n")
    }

    /// The signal that somebody ended the engine with, once its output has ended; waits at most `patience`.
    pub fn killer(&mut self, patience: Duration) -> Option<u8> {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            match self.child.try_wait() {
                Ok(Some(status)) => return status.signal().and_then(|signal| signal.try_into().ok()),
                Ok(None) => thread::sleep(Duration::from_millis(5)),
                Err(_) => break,
            }
        }
        None
    }

    /// Waits for the engine to end by itself, at most `patience`, then ends it.
    pub fn finish(&mut self, patience: Duration) {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            match self.listen(deadline.saturating_duration_since(Instant::now())) {
                Ok(Output::End) | Err(_) => break,
                Ok(_) => {}
            }
        }
        self.end();
    }

    fn end(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Bochs {
    fn drop(&mut self) {
        self.end();
    }
}

/// A read that takes what is there. `None` at the end, which a pseudo-terminal shows as an error.
fn read_some(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = vec![0; 16 * 1024];
    match from.read(&mut bytes) {
        Ok(0) => Ok(None),
        Ok(length) => {
            bytes.truncate(length);
            Ok(Some(bytes))
        }
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a file whose empty stretches take no room.
fn write_sparse(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::FileExt;

    const STRETCH: usize = 64 * 1024;
    let file = File::create_new(path)?;
    file.set_len(bytes.len() as u64)?;
    for (index, stretch) in bytes.chunks(STRETCH).enumerate() {
        if stretch.iter().any(|&byte| byte != 0) {
            file.write_all_at(stretch, (index * STRETCH) as u64)?;
        }
    }
    Ok(())
}

/// Our end of a pseudo-terminal, and the name of the other end.
struct PseudoTerminal {
    ours: OwnedFd,
    name: PathBuf,
}

impl PseudoTerminal {
    /// Opens one that passes bytes as they are.
    fn open() -> io::Result<Self> {
        let ours = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        rustix::pty::grantpt(&ours)?;
        rustix::pty::unlockpt(&ours)?;
        let name = PathBuf::from(OsString::from_vec(rustix::pty::ptsname(&ours, Vec::new())?.into_bytes()));
        let theirs = rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY, rustix::fs::Mode::empty())?;
        let mut attributes = rustix::termios::tcgetattr(theirs.as_fd())?;
        attributes.make_raw();
        rustix::termios::tcsetattr(&theirs, OptionalActions::Now, &attributes)?;
        Ok(Self { ours, name })
    }
}

/// Becomes the engine: `PARENT PROGRAM ARGUMENTS…`. Returns only on failure, with the reason.
pub fn become_engine(arguments: &[OsString]) -> io::Error {
    let [parent, program, rest @ ..] = arguments else { return io::ErrorKind::InvalidInput.into() };
    if let Err(error) = rustix::process::set_parent_process_death_signal(Some(Signal::KILL)) {
        return error.into();
    }
    // The parent may have died before the request was made.
    let alive = rustix::process::getppid().map(|pid| pid.as_raw_pid().to_string());
    if alive.as_deref() != parent.to_str() {
        return io::ErrorKind::NotFound.into();
    }
    Command::new(program).args(rest).exec()
}
