//! The machine's own screen and keyboard, for a guest that runs without a host tool: the guest's text goes to VGA
//! text memory, and what the machine's keyboard sends goes to the guest's.
//!
//! On entry the firmware has left the screen in text mode 3 and the keyboard controller translating to scan-code
//! set 1. A guest's mode with more columns or rows is cut to the machine's.

use pc::{KeyEvent, Pc, Ticks};
use wire::Cursor;

use crate::cpu::devices::{self, TEXT_COLUMNS};

/// Prefix of an extended key.
const EXTENDED: u8 = 0xE0;

/// Set in the code of a key that goes up.
const BREAK: u8 = 0x80;

/// Shows a row of the guest's screen: character and attribute of each column.
pub fn show_row(row: u8, cells: &[u8]) {
    devices::write_text_row(row, cells);
}

/// Puts the machine's cursor where the guest's is.
pub fn move_cursor(cursor: Option<Cursor>) {
    /// Beyond the last row, where no cursor shows.
    const HIDDEN: u16 = 25 * TEXT_COLUMNS;
    let position =
        cursor.map_or(HIDDEN, |cursor| u16::from(cursor.row) * TEXT_COLUMNS + u16::from(cursor.column));
    devices::set_text_cursor(position);
}

/// Hands on what was typed since the last call; `extended` remembers a prefix from one call to the next.
pub fn type_keys(extended: &mut bool, pc: &mut Pc, now: Ticks) {
    while let Some(code) = devices::keyboard_byte() {
        if code == EXTENDED {
            *extended = true;
            continue;
        }
        let event =
            KeyEvent { scan: code & !BREAK, extended: core::mem::take(extended), pressed: code & BREAK == 0 };
        pc.key(event, now);
    }
}
