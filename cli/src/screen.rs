//! The guest's screen, rebuilt from the VMM's records.
//!
//! The VMM sends the size and the cursor, then the rows that differ from what it sent last, then an end mark. So the
//! screen is whole only after the end mark; after a change of size every row comes anew.

use std::io;
use std::path::Path;

use pc::codepage437;
use wire::{Cursor, Record};

/// What stands in a cell that nobody wrote to: a space, grey on black.
const BLANK: (u8, u8) = (b' ', 0x07);

/// A text screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Screen {
    /// Columns of the current mode, 0 before the first record.
    pub columns: u8,
    /// Rows of the current mode, 0 before the first record.
    pub rows: u8,
    /// The cursor, or `None` when it is hidden.
    pub cursor: Option<Cursor>,
    /// Character (code page 437) and attribute, row by row.
    pub cells: Vec<(u8, u8)>,
}

impl Screen {
    /// Takes a screen record; others leave the screen as it is. Returns whether the screen is whole (after
    /// `ScreenEnd`).
    pub fn apply(&mut self, record: &Record) -> bool {
        match *record {
            Record::Screen { columns, rows, cursor } => {
                if (columns, rows) != (self.columns, self.rows) {
                    (self.columns, self.rows) = (columns, rows);
                    self.cells = vec![BLANK; usize::from(columns) * usize::from(rows)];
                }
                self.cursor = cursor;
                false
            }
            Record::ScreenRow { row, cells } => {
                for (shown, cell) in self.row_mut(row).iter_mut().zip(cells.chunks_exact(2)) {
                    *shown = (cell[0], cell[1]);
                }
                false
            }
            Record::ScreenEnd => true,
            _ => false,
        }
    }

    /// The cells of a row; none below the last row.
    pub fn row(&self, row: u8) -> &[(u8, u8)] {
        let columns = usize::from(self.columns);
        let start = usize::from(row) * columns;
        self.cells.get(start..start + columns).unwrap_or_default()
    }

    fn row_mut(&mut self, row: u8) -> &mut [(u8, u8)] {
        let columns = usize::from(self.columns);
        let start = usize::from(row) * columns;
        self.cells.get_mut(start..start + columns).unwrap_or_default()
    }

    /// One string per row of the mode: UTF-8, NUL as space, right-trimmed.
    pub fn text_rows(&self) -> Vec<String> {
        (0..self.rows)
            .map(|row| {
                let characters: Vec<u8> = self.row(row).iter().map(|&(character, _)| character).collect();
                codepage437::trim_row(&characters).iter().map(|&byte| codepage437::to_char(byte)).collect()
            })
            .collect()
    }

    /// Writes `--screen FILE`: the rows, each ended by LF.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        std::fs::write(path, self.text_rows().iter().map(|row| format!("{row}\n")).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(columns: u8, rows: u8) -> Screen {
        let mut screen = Screen::default();
        assert!(!screen.apply(&Record::Screen { columns, rows, cursor: Some(Cursor::default()) }));
        screen
    }

    fn write(screen: &mut Screen, row: u8, text: &[u8]) {
        let cells: Vec<u8> = text.iter().flat_map(|&byte| [byte, 0x1F]).collect();
        assert!(!screen.apply(&Record::ScreenRow { row, cells: &cells }));
    }

    #[test]
    fn rows_are_shown_in_unicode_and_right_trimmed() {
        let rows: [(&[u8], &str); 6] = [
            (b"Hello   ", "Hello"),
            (b"a\0b\0\0\0\0\0", "a b"),
            (b"\xC9\xCD\xBB     ", "╔═╗"),
            (b"\x01\x7F\x1F     ", "☺⌂▼"),
            (b"        ", ""),
            (b"  12345678", "  123456"),
        ];
        let mut screen = screen(8, rows.len() as u8);
        for (row, (bytes, _)) in rows.iter().enumerate() {
            write(&mut screen, row as u8, bytes);
        }
        assert_eq!(screen.text_rows(), rows.map(|(_, text)| text));
        assert!(screen.apply(&Record::ScreenEnd));
    }

    #[test]
    fn only_the_rows_that_come_change_until_the_size_does() {
        let mut screen = screen(4, 2);
        write(&mut screen, 0, b"one ");
        write(&mut screen, 1, b"two ");
        screen.apply(&Record::Screen { columns: 4, rows: 2, cursor: None });
        write(&mut screen, 1, b"2   ");
        assert_eq!((screen.text_rows(), screen.cursor), (vec!["one".into(), "2".into()], None));
        screen.apply(&Record::Screen { columns: 8, rows: 1, cursor: None });
        assert_eq!((screen.text_rows(), &screen.cells[..]), (vec![String::new()], &[BLANK; 8][..]));
    }

    #[test]
    fn a_row_that_is_not_there_is_ignored() {
        let mut screen = screen(4, 2);
        write(&mut screen, 2, b"down");
        assert_eq!(screen.text_rows(), ["", ""]);
        assert_eq!(screen.row(2), []);
    }

    #[test]
    fn a_saved_screen_has_a_line_for_each_row() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("screen.txt");
        let mut screen = screen(4, 3);
        write(&mut screen, 1, b"\xE9 \x01 ");
        screen.save(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), "\nΘ ☺\n\n".as_bytes());
    }
}
