//! The text screen of a PC, 80 by 25 at B8000h, for reports. In a graphics mode this shows nothing and
//! harms nothing.

const VIDEO: *mut u16 = 0xb8000 as *mut u16;
const COLUMNS: usize = 80;
const CELLS: usize = COLUMNS * 25;
/// Bright white on red.
const ATTRIBUTE: u16 = 0x4f00;

/// A position on the screen.
pub(crate) struct Screen {
    cell: usize,
}

impl Screen {
    /// Clears the screen; the position is its first cell.
    pub(crate) fn clear() -> Self {
        for cell in 0..CELLS {
            put(cell, b' ');
        }
        Self { cell: 0 }
    }

    /// Writes ASCII text; what does not fit is left out.
    pub(crate) fn write(&mut self, text: &str) {
        for byte in text.bytes() {
            match byte {
                b'\n' => self.cell = (self.cell / COLUMNS + 1) * COLUMNS,
                _ => {
                    put(self.cell, byte);
                    self.cell += 1;
                }
            }
        }
    }
}

fn put(cell: usize, byte: u8) {
    if cell < CELLS {
        // SAFETY: video memory is mapped, belongs to no Rust object, and the cell lies on the screen.
        unsafe { VIDEO.add(cell).write_volatile(ATTRIBUTE | u16::from(byte)) };
    }
}
