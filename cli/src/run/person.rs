//! A person who watches a run: sees the guest's screen, and types.

use std::io;
use std::time::Duration;

use wire::{Input, LineKind, Record};

use crate::screen::Screen;
use crate::session::Observer;
use crate::terminal::{Terminal, UserInput};

/// Keys that are passed on in one turn, so that a pasted text does not hold up the screen.
const KEYS_A_TURN: usize = 32;

/// A person at the terminal.
pub(super) struct Person(Terminal);

impl Person {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self(Terminal::open()?))
    }
}

impl Observer for Person {
    fn record(&mut self, record: &Record, screen: &Screen) -> io::Result<()> {
        match record {
            Record::ScreenEnd => self.0.draw(screen),
            Record::Line(LineKind::Log | LineKind::Error, text) => self.0.note(text),
            Record::Line(LineKind::Heading | LineKind::Step | LineKind::Detail, _)
            | Record::Figure(..)
            | Record::Machine(..)
            | Record::Result(..)
            | Record::Exit(_)
            | Record::Registers(_)
            | Record::BiosCall(_)
            | Record::Count(..)
            | Record::Pulse { .. }
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
        while inputs.len() < KEYS_A_TURN
            && let Some(input) = self.0.input(Duration::ZERO)?
        {
            inputs.push(match input {
                UserInput::Key(key) => Input::Key(key),
                UserInput::Quit => Input::Stop,
            });
        }
        Ok(inputs)
    }
}
