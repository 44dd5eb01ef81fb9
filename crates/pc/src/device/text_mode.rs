//! What differs between text modes in the registers of a VGA.

use super::vga::crtc::*;

/// Maximum scan line bit 7: each line is drawn twice; bit 6: line compare bit 9.
pub const DOUBLE_SCAN: u8 = 0x80;
const LINE_COMPARE_9: u8 = 0x40;

/// A text mode's values for the registers that differ between modes.
#[derive(Clone, Copy, Debug)]
pub struct TextMode {
    pub columns: u8,
    pub monochrome: bool,
    pub lines: ScanLines,
}

/// How many scan lines 25 rows of text have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanLines {
    /// Each drawn twice.
    Lines200,
    Lines350,
    Lines400,
}

impl ScanLines {
    /// Scan lines in a character.
    pub const fn character_height(self) -> u8 {
        match self {
            Self::Lines200 => 8,
            Self::Lines350 => 14,
            Self::Lines400 => 16,
        }
    }

    /// The registers that follow: maximum scan line, cursor start and end, vertical display end.
    pub const fn registers(self) -> [(usize, u8); 4] {
        let height = self.character_height();
        let (maximum_scan_line, display_end) = match self {
            Self::Lines200 => (DOUBLE_SCAN | LINE_COMPARE_9 | 0x07, 0x8F),
            Self::Lines350 => (LINE_COMPARE_9 | 0x0D, 0x5D),
            Self::Lines400 => (LINE_COMPARE_9 | 0x0F, 0x8F),
        };
        [
            (MAXIMUM_SCAN_LINE, maximum_scan_line),
            (CURSOR_START, height - 2),
            (CURSOR_END, height - 1),
            (VERTICAL_DISPLAY_END, display_end),
        ]
    }
}
