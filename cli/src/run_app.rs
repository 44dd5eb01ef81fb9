//! `run-app` and `pc`: programs that speak plain text, shown as it comes.

use std::fs;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::args::{AppArgs, PcArgs};
use crate::boot_image::{self, Packing, Start};
use crate::engine::install;
use crate::engine::process::{Bochs, Output};
use crate::machine::{self, Needs};
use crate::metal;
use crate::print;
use crate::session::{Signals, is_engines};
use crate::status::{Failure, Status};

/// How often the clock and signals are looked at while the machine is silent.
const TURN: Duration = Duration::from_millis(50);

/// The engine's last words when a program has shut down.
const SHUTDOWN: &str = "shutdown requested";

/// What the runtime says begins so; then the program has failed.
const RUNTIME_COMPLAINT: &str = "hyper86: ";

/// Carries out `run-app`: status 0 when the program shut down, 3 when the runtime reported its failure.
///
/// # Errors
/// Status 2: no such program. Status 3: the build or the engine fails.
pub fn run_app(arguments: &AppArgs) -> Result<Status, Failure> {
    let engine = install::ensure()?;
    let elf = metal::app(&arguments.folder)?;
    let image =
        boot_image::build(&elf, Start::Disk, Packing::Packed, None, None).map_err(Failure::refused)?;
    let signals = Signals::note().map_err(anyhow::Error::from)?;
    let mut machine = machine::start(&engine, arguments.machine, image, Needs::SCRIPTED)?;
    let ending = follow(&mut machine, Ear::Console, arguments.timeout.unattended(), &signals)?;
    tell(ending)
}

/// Carries out `pc`: as [`run_app`], for any image, with the eyes of a serial cable.
///
/// # Errors
/// Status 2: the image cannot be read. Status 3: the engine fails.
pub fn pc(arguments: &PcArgs) -> Result<Status, Failure> {
    let disk = fs::read(&arguments.image)
        .map_err(|error| Failure::usage(format!("{} cannot be read: {error}", arguments.image.display())))?;
    let engine = install::ensure()?;
    let signals = Signals::note().map_err(anyhow::Error::from)?;
    let mut machine = machine::start_pc(&engine, arguments.machine, disk)?;
    let ending = follow(&mut machine, Ear::Com1, arguments.timeout.unattended(), &signals)?;
    tell(ending)
}

/// How a program ended.
enum Ending {
    Shutdown,
    /// It shut down after the runtime reported a failure.
    Complaint,
    /// The engine's last words.
    Stopped(String),
    TimedOut,
    Interrupted(u8),
}

/// Where a program's text is heard.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ear {
    /// Port E9h, which takes it at once; the engine's own text is there too.
    Console,
    /// COM1, as on a PC.
    Com1,
}

fn follow(machine: &mut Bochs, ear: Ear, patience: Duration, signals: &Signals) -> anyhow::Result<Ending> {
    let deadline = Instant::now() + patience;
    let mut text = Text::default();
    loop {
        if let Some(signal) = signals.take() {
            return Ok(Ending::Interrupted(signal));
        }
        if Instant::now() >= deadline {
            text.flush()?;
            return Ok(Ending::TimedOut);
        }
        match machine.listen(TURN)? {
            Output::Console(bytes) if ear == Ear::Console => text.take(&bytes)?,
            Output::Com1(bytes) if ear == Ear::Com1 => text.take(&bytes)?,
            Output::Console(_) | Output::Com1(_) | Output::Silence => {}
            Output::End => break,
        }
    }
    // What COM1 still holds.
    while let Output::Com1(bytes) = machine.listen_com1()? {
        text.take(&bytes)?;
    }
    text.flush()?;
    let words = machine.last_words();
    Ok(match (words.contains(SHUTDOWN), text.has_complaint) {
        (true, false) => Ending::Shutdown,
        (true, true) => Ending::Complaint,
        (false, _) => Ending::Stopped(words),
    })
}

fn tell(ending: Ending) -> Result<Status, Failure> {
    match ending {
        Ending::Shutdown => Ok(Status::Done),
        Ending::Complaint => Ok(Status::Refused),
        Ending::Stopped(words) if words.contains("exception with no resolution") => {
            Err(Failure::refused("the machine triple-faulted"))
        }
        Ending::Stopped(words) => Err(Failure::refused(format!(
            "the machine ended without a shutdown; the engine's last words: {words}"
        ))),
        Ending::TimedOut => {
            print::note("hyper86: the time for the run is over (--timeout)");
            Ok(Status::NotMet)
        }
        Ending::Interrupted(signal) => Ok(Status::Interrupted(signal)),
    }
}

/// Text in lines, from which the engine's own are left out.
#[derive(Default)]
struct Text {
    line: Vec<u8>,
    has_complaint: bool,
}

impl Text {
    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        for &byte in bytes {
            match byte {
                b'\n' => self.flush()?,
                _ => self.line.push(byte),
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        let shown = match std::str::from_utf8(line) {
            Ok(text) if !text.contains(char::is_control) => text.to_owned(),
            _ => print::visible(line),
        };
        if is_engines(&shown) {
            return Ok(());
        }
        self.has_complaint |= shown.starts_with(RUNTIME_COMPLAINT);
        let mut out = io::stdout().lock();
        writeln!(out, "{shown}")?;
        out.flush()
    }
}
