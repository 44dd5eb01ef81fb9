//! The person's terminal: shows the guest's screen, reads keys, is restored on every way out.

use std::io;
use std::time::Duration;

use wire::KeyItem;

use crate::screen::Screen;

/// What the person did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserInput {
    /// Typed a key that the guest's keyboard has.
    Key(KeyItem),
    /// Ctrl-]: end the run.
    Quit,
}

/// The terminal while it shows a guest. Dropping it restores the terminal.
pub struct Terminal {}

impl Terminal {
    /// Whether standard input and output are both a terminal.
    pub fn is_available() -> bool {
        false
    }

    /// Takes the terminal over.
    ///
    /// # Errors
    /// There is none, or it refuses.
    pub fn open() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Shows the guest's screen; draws what changed since the last call.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn draw(&mut self, screen: &Screen) -> io::Result<()> {
        let _ = screen;
        Ok(())
    }

    /// Shows one line of the tool's own below the guest's screen, where there is room.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn note(&mut self, line: &str) -> io::Result<()> {
        let _ = line;
        Ok(())
    }

    /// Waits for the person, at most `patience`.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn input(&mut self, patience: Duration) -> io::Result<Option<UserInput>> {
        std::thread::sleep(patience);
        Ok(None)
    }
}
