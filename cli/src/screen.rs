//! The guest's screen, rebuilt from the VMM's records.

use std::io;
use std::path::Path;

use wire::Record;

/// A text screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Screen {
    /// Columns of the current mode, 0 before the first record.
    pub columns: u8,
    /// Rows of the current mode, 0 before the first record.
    pub rows: u8,
    /// Column and row of the cursor, or `None` when it is hidden.
    pub cursor: Option<(u8, u8)>,
    /// Character (code page 437) and attribute, row by row.
    pub cells: Vec<(u8, u8)>,
}

impl Screen {
    /// Takes a screen record; others leave the screen as it is. Returns whether the screen is whole (after `ScreenEnd`).
    pub fn apply(&mut self, record: &Record) -> bool {
        matches!(record, Record::ScreenEnd)
    }

    /// One string per row of the mode: UTF-8, NUL as space, right-trimmed.
    pub fn text_rows(&self) -> Vec<String> {
        Vec::new()
    }

    /// Writes `--screen FILE`: the rows, each ended by LF.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        std::fs::write(path, self.text_rows().iter().map(|row| format!("{row}\n")).collect::<String>())
    }
}
