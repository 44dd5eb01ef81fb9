//! A person who watches a run: sees the guest's screen, types, and has the tool do things through the menu.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::time::{Duration, Instant};

use wire::{Input, LineKind, Record};

use super::floppies::Floppies;
use super::paste::Paste;
use crate::bios_calls;
use crate::disk::keep::Keeper;
use crate::keys;
use crate::print;
use crate::screen::Screen;
use crate::session::Observer;
use crate::terminal::{Command, Terminal, UserInput};

/// Things that the person did which are passed on in one turn, so that a pasted text does not hold up the screen.
const INPUTS_A_TURN: usize = 32;

/// A person at the terminal.
pub(super) struct Person {
    terminal: Terminal,
    /// What runs, for the status line.
    name: String,
    floppies: Floppies,
    paste: Paste,
    rate: Rate,
    backend: String,
    /// The guest's screen, as last shown.
    screen: Screen,
    trace: Trace,
}

/// Where lines about BIOS calls go.
enum Trace {
    /// To standard error at once: it is not the terminal.
    Now,
    /// To standard error when the terminal is given back.
    Later(Vec<String>),
}

/// Exits a second, from one report to the next.
#[derive(Default)]
struct Rate {
    last: Option<(Instant, u64)>,
    a_second: Option<u64>,
}

impl Rate {
    /// There were so many exits by now.
    fn report(&mut self, exits: u64) {
        /// A shorter time tells little.
        const LEAST: Duration = Duration::from_millis(500);
        let now = Instant::now();
        let Some((then, before)) = self.last else {
            self.last = Some((now, exits));
            return;
        };
        let passed = now - then;
        if passed >= LEAST {
            let new = exits.saturating_sub(before) as f64;
            self.a_second = Some((new / passed.as_secs_f64()).round() as u64);
            self.last = Some((now, exits));
        }
    }
}

impl Person {
    pub(super) fn new(floppies: Floppies) -> io::Result<Self> {
        let mut person = Self {
            terminal: Terminal::open(floppies.drives())?,
            name: floppies.title(),
            floppies,
            paste: Paste::default(),
            rate: Rate::default(),
            backend: "starting".to_owned(),
            screen: Screen::default(),
            trace: if io::stderr().is_terminal() { Trace::Later(Vec::new()) } else { Trace::Now },
        };
        person.show_status()?;
        Ok(person)
    }

    /// Gives the terminal back; what is to be kept of the floppies that the person brought.
    pub(super) fn leave(self) -> Vec<Keeper> {
        drop(self.terminal);
        if let Trace::Later(lines) = self.trace {
            lines.iter().for_each(|line| print::note(line));
        }
        self.floppies.into_keepers()
    }

    fn show_status(&mut self) -> io::Result<()> {
        let Self { name, backend, .. } = self;
        let rate = match self.rate.a_second {
            Some(exits) => format!(" | {exits} exits/s"),
            None => String::new(),
        };
        let drives = self.floppies.in_drives();
        self.terminal.status(&format!(" Ctrl-] menu | {name} | {backend}{rate} | {drives} "))
    }

    fn trace(&mut self, line: String) {
        match &mut self.trace {
            Trace::Now => print::note(&line),
            Trace::Later(lines) => lines.push(line),
        }
    }

    fn obey(&mut self, command: Command, inputs: &mut Vec<Input>) -> io::Result<()> {
        match command {
            Command::Quit => inputs.push(Input::Stop),
            Command::Reset => {
                self.paste.drop_rest(inputs);
                inputs.push(Input::Reset);
            }
            Command::SendBracket => {
                inputs.extend(keys::parse("{ctrl-]}").unwrap_or_default().into_iter().map(Input::Key));
            }
            Command::Insert(drive, path) => match self.floppies.insert(drive, &path) {
                Ok((input, note)) => {
                    inputs.push(input);
                    self.terminal.note(&note.unwrap_or_else(|| format!("{path} goes into drive {drive}")))?;
                    self.show_status()?;
                }
                Err(complaint) => self.terminal.note(&complaint)?,
            },
            Command::NoDrive => self.terminal.note("no floppy drive: --drive a=FILE gives the guest one")?,
            Command::SaveScreen(path) => match self.screen.save(Path::new(&path)) {
                Ok(()) => self.terminal.note(&format!("the screen is in {path}"))?,
                Err(error) => self.terminal.note(&format!("{path} cannot be written: {error}"))?,
            },
            // The terminal's own affair.
            Command::ToggleStatus => {}
        }
        Ok(())
    }
}

impl Observer for Person {
    fn record(&mut self, record: &Record, screen: &Screen) -> io::Result<()> {
        match record {
            Record::ScreenEnd => {
                self.screen.clone_from(screen);
                self.terminal.draw(screen)
            }
            Record::Line(LineKind::Log | LineKind::Error, text) => self.terminal.note(text),
            Record::BiosCall(call) => {
                self.trace(format!("  bios: {}", bios_calls::line(call)));
                Ok(())
            }
            Record::Pulse { backend, exits, pasted } => {
                self.paste.taken(*pasted);
                self.rate.report(*exits);
                (*backend).clone_into(&mut self.backend);
                self.show_status()
            }
            Record::Loaded { disk, inserted } => {
                let note = self.floppies.loaded(*disk, *inserted);
                self.terminal.note(&note)?;
                self.show_status()
            }
            Record::Line(LineKind::Heading | LineKind::Step | LineKind::Detail, _)
            | Record::Figure(..)
            | Record::Machine(..)
            | Record::Result(..)
            | Record::Exit(_)
            | Record::Registers(_)
            | Record::Count(..)
            | Record::Serial(_)
            | Record::Screen { .. }
            | Record::ScreenRow { .. }
            | Record::DiskSector { .. }
            | Record::DiskEnd { .. }
            | Record::Verdict(_) => Ok(()),
        }
    }

    fn inputs(&mut self) -> io::Result<Vec<Input>> {
        let mut inputs = Vec::new();
        while inputs.len() < INPUTS_A_TURN
            && let Some(input) = self.terminal.input(Duration::ZERO)?
        {
            match input {
                UserInput::Key(key) => self.paste.typed(key, &mut inputs),
                UserInput::Paste(keys) => self.paste.extend(keys),
                UserInput::Command(command) => self.obey(command, &mut inputs)?,
            }
        }
        self.paste.send(&mut inputs);
        Ok(inputs)
    }
}
