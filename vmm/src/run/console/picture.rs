//! What of the guest's screen is sent, or shown on the machine's own: what has changed since.

use pc::{MAX_COLUMNS, Pc};
use v8086::GuestMemory;
use wire::{Cursor, Record};

use super::{Console, Head, MAX_ROWS, Who};
use crate::local;
use crate::report::Reporter;

/// A cell that nobody wrote to, as the host tool has it: a space, grey on black.
const BLANK: [u8; 2] = [b' ', 0x07];

impl Console<'_> {
    /// Sends what has changed on the screen.
    pub(super) fn show(&mut self, pc: &Pc, memory: &dyn GuestMemory, report: &mut Reporter) {
        let screen = pc.screen(memory);
        let (columns, rows) = (screen.columns() as u8, screen.rows().min(MAX_ROWS as u16) as u8);
        let cursor = screen.cursor();
        let shown = cursor.visible && cursor.row < u16::from(rows) && cursor.column < u16::from(columns);
        let lines = cursor.last_line.saturating_sub(cursor.first_line) + 1;
        let cursor = Cursor { column: cursor.column as u8, row: cursor.row as u8, lines };
        let head = (columns, rows, shown.then_some(cursor));
        let resized =
            self.head.is_none_or(|(old_columns, old_rows, _)| (old_columns, old_rows) != (columns, rows));
        let mut begun = self.head != Some(head);
        if begun {
            self.begin(head, report);
        }
        // The host tool has blank rows then; the machine's own screen has whatever was there.
        if resized && self.who != Who::Local {
            let mut blank = [0; 2 * MAX_COLUMNS];
            blank.as_chunks_mut().0.fill(BLANK);
            let blank = &blank[..2 * usize::from(columns)];
            self.cells[..usize::from(rows)]
                .iter_mut()
                .for_each(|row| row[..blank.len()].copy_from_slice(blank));
        }
        let all = resized && self.who == Who::Local;
        for row in 0..rows {
            let before = &mut self.cells[usize::from(row)][..2 * usize::from(columns)];
            if !all && screen.row_is(row.into(), before) {
                continue;
            }
            let mut cells = [0; 2 * MAX_COLUMNS];
            let length = screen.row(row.into(), &mut cells).len();
            if all || *before != cells[..length] {
                before.copy_from_slice(&cells[..length]);
                if !begun {
                    begun = true;
                    self.begin(head, report);
                }
                self.show_row(row, &cells[..length], report);
            }
        }
        if begun {
            report.record(&Record::ScreenEnd);
        }
    }

    fn begin(&mut self, head: Head, report: &mut Reporter) {
        let (columns, rows, cursor) = head;
        self.head = Some(head);
        match self.who {
            Who::Local => local::move_cursor(cursor),
            Who::Script | Who::Person => report.record(&Record::Screen { columns, rows, cursor }),
        }
    }

    fn show_row(&self, row: u8, cells: &[u8], report: &mut Reporter) {
        match self.who {
            Who::Local => local::show_row(row, cells),
            Who::Script | Who::Person => report.record(&Record::ScreenRow { row, cells }),
        }
    }
}
