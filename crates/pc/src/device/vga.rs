//! The registers of a VGA in text mode. What they show lies in guest memory; see [`crate::Screen`].

use crate::screen::{Cursor, Layout, MAX_COLUMNS};
use crate::time::Ticks;

/// Index of a CRT controller register.
pub mod crtc {
    pub const HORIZONTAL_DISPLAY_END: usize = 0x01;
    pub const OVERFLOW: usize = 0x07;
    pub const MAXIMUM_SCAN_LINE: usize = 0x09;
    pub const CURSOR_START: usize = 0x0A;
    pub const CURSOR_END: usize = 0x0B;
    pub const START_HIGH: usize = 0x0C;
    pub const CURSOR_HIGH: usize = 0x0E;
    pub const VERTICAL_RETRACE_END: usize = 0x11;
    pub const VERTICAL_DISPLAY_END: usize = 0x12;
    pub const OFFSET: usize = 0x13;
    pub const COUNT: usize = 0x19;
}
use crtc::*;

use super::text_mode::DOUBLE_SCAN;
pub use super::text_mode::{ScanLines, TextMode};

/// Miscellaneous output bit 0: the CRTC is at 3D4h, not 3B4h.
const COLOR_ADDRESSES: u8 = 0x01;
/// Vertical retrace end bit 7: registers 0 to 7 can't be written.
const PROTECT: u8 = 0x80;
const CURSOR_OFF: u8 = 0x20;

/// Clocks in a frame of 70.09 Hz, and its 449 lines of which the first 400 show something.
const FRAME: u64 = 17_024;
const LINES: u64 = 449;
const LINES_SHOWN: u64 = 400;
/// The vertical retrace lasts from here to the end of the frame, rather than two lines: a guest that polls for it
/// pays an exit for each look, and must not miss it.
const RETRACE_LINE: u64 = 412;

const CRTC_80: [u8; COUNT] = [
    0x5F, 0x4F, 0x50, 0x82, 0x55, 0x81, 0xBF, 0x1F, 0x00, 0x4F, 0x0E, 0x0F, 0x00, 0x00, 0x00, 0x00, 0x9C,
    0x8E, 0x8F, 0x28, 0x1F, 0x96, 0xB9, 0xA3, 0xFF,
];
const CRTC_40: [u8; COUNT] = [
    0x2D, 0x27, 0x28, 0x90, 0x2B, 0xA0, 0xBF, 0x1F, 0x00, 0x4F, 0x0E, 0x0F, 0x00, 0x00, 0x00, 0x00, 0x9C,
    0x8E, 0x8F, 0x14, 0x1F, 0x96, 0xB9, 0xA3, 0xFF,
];
const ATTRIBUTES: [u8; 21] = [
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F, 0x0C,
    0x00, 0x0F, 0x08, 0x00,
];
const SEQUENCER: [u8; 5] = [0x03, 0x00, 0x03, 0x00, 0x02];
const GRAPHICS: [u8; 9] = [0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0E, 0x0F, 0xFF];

/// The bits that the registers of sequencer and graphics controller have, and those of the attribute controller from
/// 10h on.
const SEQUENCER_BITS: [u8; 5] = [0x03, 0x3D, 0x0F, 0x3F, 0x0E];
const GRAPHICS_BITS: [u8; 9] = [0x0F, 0x0F, 0x0F, 0x1F, 0x03, 0x7B, 0x0F, 0x0F, 0xFF];
const ATTRIBUTE_BITS: [u8; 5] = [0xEF, 0x3F, 0x0F, 0x0F, 0x0F];

/// All registers.
#[derive(Clone, Debug)]
pub struct Vga {
    miscellaneous: u8,
    crtc_index: u8,
    crtc: [u8; COUNT],
    sequencer_index: u8,
    sequencer: [u8; 5],
    graphics_index: u8,
    graphics: [u8; 9],
    attribute_index: u8,
    attribute: [u8; 21],
    /// The next write to 3C0h is data. Reading 3DAh sets it back to the index.
    attribute_data_next: bool,
    dac: [u8; 768],
    dac_mask: u8,
    dac_index: usize,
    dac_reading: bool,
    /// A program asked for a mode with pixels since the last text mode was set.
    pixels_wanted: bool,
}

impl Vga {
    /// Mode 3: 80 × 25 in colour.
    pub const fn new() -> Self {
        Self {
            miscellaneous: 0x67,
            crtc_index: 0,
            crtc: CRTC_80,
            sequencer_index: 0,
            sequencer: SEQUENCER,
            graphics_index: 0,
            graphics: GRAPHICS,
            attribute_index: 0x20,
            attribute: ATTRIBUTES,
            attribute_data_next: false,
            dac: default_palette(),
            dac_mask: 0xFF,
            dac_index: 0,
            dac_reading: false,
            pixels_wanted: false,
        }
    }

    /// Loads every register for `mode`.
    pub fn set_mode(&mut self, mode: TextMode) {
        *self = Self::new();
        if mode.columns == 40 {
            self.crtc = CRTC_40;
        }
        for (index, value) in mode.lines.registers() {
            self.crtc[index] = value;
        }
        if mode.monochrome {
            self.miscellaneous &= !COLOR_ADDRESSES;
            self.crtc[0x14] = 0x0F;
            self.graphics[6] = 0x0A;
        }
    }

    /// A program asks for a mode with pixels, which nobody shows; its memory is there all the same.
    pub const fn want_pixels(&mut self) {
        self.pixels_wanted = true;
    }

    /// Whether there is memory at A0000h to AFFFFh: not in text modes.
    pub const fn has_pixel_memory(&self) -> bool {
        self.pixels_wanted || self.graphics[6] >> 2 & 3 <= 1
    }

    /// A CRT controller register.
    pub const fn crtc(&self, index: usize) -> u8 {
        self.crtc[index]
    }

    /// Sets a CRT controller register, protected or not.
    pub fn set_crtc(&mut self, index: usize, value: u8) {
        self.crtc[index] = value;
    }

    /// Sets a pair of CRT controller registers, high byte first.
    pub fn set_crtc_word(&mut self, index: usize, value: u16) {
        let [low, high] = value.to_le_bytes();
        self.crtc[index] = high;
        self.crtc[index + 1] = low;
    }

    fn crtc_word(&self, index: usize) -> u32 {
        u32::from(u16::from_be_bytes([self.crtc[index], self.crtc[index + 1]]))
    }

    /// Scan lines in a character.
    pub fn character_height(&self) -> u16 {
        u16::from(self.crtc[MAXIMUM_SCAN_LINE] & 0x1F) + 1
    }

    /// Rows of text that fit into the scan lines shown.
    pub fn rows(&self) -> u16 {
        let overflow = u16::from(self.crtc[OVERFLOW]);
        let last_line =
            u16::from(self.crtc[VERTICAL_DISPLAY_END]) | overflow << 7 & 0x100 | overflow << 3 & 0x200;
        let drawn = if self.crtc[MAXIMUM_SCAN_LINE] & DOUBLE_SCAN != 0 { 2 } else { 1 };
        ((last_line + 1) / drawn / self.character_height()).max(1)
    }

    /// Whether the CRT controller answers at `port`, one of 3B4h, 3B5h, 3BAh, 3D4h, 3D5h, 3DAh.
    pub const fn answers_at(&self, port: u16) -> bool {
        (port & 0xFFF0 == 0x3D0) == (self.miscellaneous & COLOR_ADDRESSES != 0)
    }

    /// The text screen as programmed.
    pub(crate) fn layout(&self) -> Layout {
        let (base, window) = match self.graphics[6] >> 2 & 3 {
            0 => (0xA0000, 0x2_0000),
            1 => (0xA0000, 0x1_0000),
            2 => (0xB0000, 0x8000),
            _ => (0xB8000, 0x8000),
        };
        let columns = (u16::from(self.crtc[HORIZONTAL_DISPLAY_END]) + 1).min(MAX_COLUMNS as u16);
        let start = self.crtc_word(START_HIGH);
        let pitch = match u32::from(self.crtc[OFFSET]) * 2 {
            0 => u32::from(columns),
            cells => cells,
        };
        let behind_start = (self.crtc_word(CURSOR_HIGH) + 0x1_0000 - start) & 0xFFFF;
        let first_line = self.crtc[CURSOR_START] & 0x1F;
        let last_line = self.crtc[CURSOR_END] & 0x1F;
        let cursor = Cursor {
            row: (behind_start / pitch) as u16,
            column: (behind_start % pitch) as u16,
            first_line,
            last_line,
            visible: self.crtc[CURSOR_START] & CURSOR_OFF == 0 && first_line <= last_line,
        };
        let start = start * 2;
        Layout { base, window, start, pitch: pitch * 2, columns, rows: self.rows(), cursor }
    }

    /// Reads input status 1 (3DAh): display disabled in bit 0, vertical retrace in bit 3.
    pub fn read_status(&mut self, now: Ticks) -> u8 {
        self.attribute_data_next = false;
        let in_frame = now.0 % FRAME * LINES;
        let (line, in_line) = (in_frame / FRAME, in_frame % FRAME);
        // The last fifth of a line is its horizontal blank.
        let blank = line >= LINES_SHOWN || in_line >= FRAME / 5 * 4;
        let retrace = line >= RETRACE_LINE;
        u8::from(blank) | if retrace { 0x08 } else { 0 }
    }

    /// Reads the CRT controller's index.
    pub const fn read_crtc_index(&self) -> u8 {
        self.crtc_index
    }

    /// Selects a CRT controller register.
    pub fn write_crtc_index(&mut self, value: u8) {
        self.crtc_index = value & 0x3F;
    }

    /// Reads the selected CRT controller register.
    pub fn read_crtc(&self) -> u8 {
        self.crtc.get(usize::from(self.crtc_index)).copied().unwrap_or(0)
    }

    /// Writes the selected CRT controller register, unless it is protected.
    pub fn write_crtc(&mut self, value: u8) {
        let index = usize::from(self.crtc_index);
        if index <= OVERFLOW && self.crtc[VERTICAL_RETRACE_END] & PROTECT != 0 {
            // Line compare bit 8 alone stays writable.
            if index == OVERFLOW {
                self.crtc[OVERFLOW] = self.crtc[OVERFLOW] & !0x10 | value & 0x10;
            }
        } else if let Some(register) = self.crtc.get_mut(index) {
            *register = value;
        }
    }

    /// Writes 3C0h: an index, then its data.
    pub fn write_attribute(&mut self, value: u8) {
        if self.attribute_data_next {
            let index = usize::from(self.attribute_index & 0x1F);
            if let Some(register) = self.attribute.get_mut(index) {
                let bits = index.checked_sub(0x10).map_or(0xFF, |index| ATTRIBUTE_BITS[index]);
                *register = value & bits;
            }
        } else {
            self.attribute_index = value & 0x3F;
        }
        self.attribute_data_next = !self.attribute_data_next;
    }

    /// Reads 3C0h: the index.
    pub const fn read_attribute_index(&self) -> u8 {
        self.attribute_index
    }

    /// Reads 3C1h: the indexed attribute register.
    pub fn read_attribute(&self) -> u8 {
        self.attribute.get(usize::from(self.attribute_index & 0x1F)).copied().unwrap_or(0)
    }

    /// The attribute register `index`; 0 where there is none.
    pub fn attribute(&self, index: u8) -> u8 {
        self.attribute.get(usize::from(index)).copied().unwrap_or(0)
    }

    /// Sets the attribute register `index`, if there is one.
    pub fn set_attribute(&mut self, index: u8, value: u8) {
        if let Some(register) = self.attribute.get_mut(usize::from(index)) {
            *register = value;
        }
    }

    /// Selects the fonts of characters with attribute bit 3 clear and set.
    pub const fn set_font_blocks(&mut self, blocks: u8) {
        self.sequencer[3] = blocks;
    }

    /// Red, green and blue of colour `index` (bits 7:0), 6 bits each.
    pub fn color(&self, index: u16) -> [u8; 3] {
        let at = usize::from(index & 0xFF) * 3;
        [self.dac[at], self.dac[at + 1], self.dac[at + 2]]
    }

    /// Sets colour `index` (bits 7:0).
    pub fn set_color(&mut self, index: u16, color: [u8; 3]) {
        let at = usize::from(index & 0xFF) * 3;
        self.dac[at..at + 3].copy_from_slice(&color.map(|part| part & 0x3F));
    }

    /// Reads 3CCh.
    pub const fn read_miscellaneous(&self) -> u8 {
        self.miscellaneous
    }

    /// Writes 3C2h.
    pub fn write_miscellaneous(&mut self, value: u8) {
        self.miscellaneous = value;
    }

    /// Reads 3C4h (`data` false) or 3C5h.
    pub fn read_sequencer(&self, data: bool) -> u8 {
        if !data {
            return self.sequencer_index;
        }
        self.sequencer.get(usize::from(self.sequencer_index)).copied().unwrap_or(0)
    }

    /// Writes 3C4h (`data` false) or 3C5h.
    pub fn write_sequencer(&mut self, data: bool, value: u8) {
        if !data {
            self.sequencer_index = value & 7;
        } else if let Some(register) = self.sequencer.get_mut(usize::from(self.sequencer_index)) {
            *register = value & SEQUENCER_BITS[usize::from(self.sequencer_index)];
        }
    }

    /// Reads 3CEh (`data` false) or 3CFh.
    pub fn read_graphics(&self, data: bool) -> u8 {
        if !data {
            return self.graphics_index;
        }
        self.graphics.get(usize::from(self.graphics_index)).copied().unwrap_or(0)
    }

    /// Writes 3CEh (`data` false) or 3CFh.
    pub fn write_graphics(&mut self, data: bool, value: u8) {
        if !data {
            self.graphics_index = value & 0x0F;
        } else if let Some(register) = self.graphics.get_mut(usize::from(self.graphics_index)) {
            *register = value & GRAPHICS_BITS[usize::from(self.graphics_index)];
        }
    }

    /// Reads 3C6h.
    pub const fn read_dac_mask(&self) -> u8 {
        self.dac_mask
    }

    /// Writes 3C6h.
    pub fn write_dac_mask(&mut self, value: u8) {
        self.dac_mask = value;
    }

    /// Reads 3C7h: 3 after a read index was written, else 0.
    pub const fn read_dac_state(&self) -> u8 {
        if self.dac_reading { 3 } else { 0 }
    }

    /// Reads 3C8h: the colour that is accessed.
    pub const fn read_dac_index(&self) -> u8 {
        (self.dac_index / 3) as u8
    }

    /// Writes 3C7h (`reading`) or 3C8h: the colour to access from its red part on.
    pub fn write_dac_index(&mut self, value: u8, reading: bool) {
        self.dac_index = usize::from(value) * 3;
        self.dac_reading = reading;
    }

    /// Reads 3C9h: the next part of a colour.
    pub fn read_dac(&mut self) -> u8 {
        let value = self.dac[self.dac_index];
        self.dac_index = (self.dac_index + 1) % self.dac.len();
        value
    }

    /// Writes 3C9h: the next part of a colour, 6 bits.
    pub fn write_dac(&mut self, value: u8) {
        self.dac[self.dac_index] = value & 0x3F;
        self.dac_index = (self.dac_index + 1) % self.dac.len();
    }
}

/// The 64 colours of the EGA, `rgbRGB` with the capital bits worth two thirds; the rest black.
const fn default_palette() -> [u8; 768] {
    let mut dac = [0; 768];
    let mut color = 0;
    while color < 64 {
        dac[color * 3] = shade(color >> 2 & 1, color >> 5 & 1);
        dac[color * 3 + 1] = shade(color >> 1 & 1, color >> 4 & 1);
        dac[color * 3 + 2] = shade(color & 1, color >> 3 & 1);
        color += 1;
    }
    dac
}

const fn shade(high: usize, low: usize) -> u8 {
    (high * 0x2A + low * 0x15) as u8
}

#[cfg(test)]
#[path = "vga_tests.rs"]
mod tests;
