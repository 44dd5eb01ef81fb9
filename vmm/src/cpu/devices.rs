//! The machine's screen and keyboard, used when no host tool is there.

use rt::cpu::port::{in8, out8};

/// Columns of text mode 3.
pub const TEXT_COLUMNS: u16 = 80;

/// Rows of text mode 3.
const TEXT_ROWS: usize = 25;

/// Colour text memory.
const TEXT_MEMORY: usize = 0xB_8000;

/// The CRT controller's index port; its data port follows.
const CRTC_INDEX: u16 = 0x3D4;

/// CRTC registers of the cursor's position, high and low byte.
const CRTC_CURSOR: [u8; 2] = [0x0E, 0x0F];

/// The keyboard controller (8042).
mod keyboard {
    pub const DATA: u16 = 0x60;
    pub const STATUS: u16 = 0x64;
    pub const OUTPUT_FULL: u8 = 1 << 0;
    /// The byte comes from the mouse.
    pub const AUXILIARY: u8 = 1 << 5;
}

/// Writes character and attribute of each column into `row` of the screen; what lies beyond it is dropped.
pub fn write_text_row(row: u8, cells: &[u8]) {
    let row_bytes = 2 * usize::from(TEXT_COLUMNS);
    let length = if usize::from(row) < TEXT_ROWS { cells.len().min(row_bytes) } else { 0 };
    let first = (TEXT_MEMORY + usize::from(row) * row_bytes) as *mut u8;
    for (offset, cell) in cells[..length].iter().enumerate() {
        // SAFETY: inside the 4,000 bytes of the text screen, which the runtime maps as a device and nobody else uses.
        unsafe { first.add(offset).write_volatile(*cell) };
    }
}

/// Puts the cursor at `position`, in cells from the top left.
pub fn set_text_cursor(position: u16) {
    for (register, value) in CRTC_CURSOR.into_iter().zip(position.to_be_bytes()) {
        // SAFETY: the CRT controller's ports change what the screen shows and nothing else.
        unsafe {
            out8(CRTC_INDEX, register);
            out8(CRTC_INDEX + 1, value);
        }
    }
}

/// The next byte from the keyboard, if one is there. Bytes of the mouse are dropped.
pub fn keyboard_byte() -> Option<u8> {
    loop {
        // SAFETY: reading the keyboard controller's ports takes its byte and does nothing else.
        let (status, byte) = unsafe {
            let status = in8(keyboard::STATUS);
            if status & keyboard::OUTPUT_FULL == 0 {
                return None;
            }
            (status, in8(keyboard::DATA))
        };
        if status & keyboard::AUXILIARY == 0 {
            return Some(byte);
        }
    }
}
