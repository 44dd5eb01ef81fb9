//! INT 10h: modes, cursor, pages, fonts; text itself is in [`super::int10_text`], colours in [`super::int10_palette`].

use super::data_area::*;
use super::{Context, int10_palette, int10_state, int10_text};
use crate::Pc;
use crate::device::vga::{ScanLines, TextMode, crtc};
use crate::ports::{COLOR_CRTC_INDEX, MONO_CRTC_INDEX};

/// Bytes from a page to the next, in 80 and in 40 columns.
const PAGE_SIZE_80: u16 = 0x1000;
const PAGE_SIZE_40: u16 = 0x0800;
const MODE_MONOCHROME: u8 = 0x07;
/// Bit 7 of a mode number, and of the data area's video control: video memory is not cleared.
const KEEP_MEMORY: u8 = 0x80;
/// What AL holds after a text mode was set.
const TEXT_MODE_SET: u8 = 0x30;
/// Attribute of an empty screen: light grey on black.
pub(super) const DEFAULT_ATTRIBUTE: u8 = 0x07;
const PAGES: u8 = 8;

pub(super) fn service(pc: &mut Pc, context: &mut Context<'_>) {
    let general = *context.registers();
    let page = general.bh();
    match general.ah() {
        0x00 => mode(pc, context, general.al()),
        0x01 => set_cursor_shape(pc, context, general.cx()),
        0x02 => set_cursor(pc, context, page, general.dh(), general.dl()),
        0x03 if page >= PAGES => {
            context.registers().set_cx(0);
            context.registers().set_dx(0);
        }
        0x03 => {
            let shape = context.memory.read_u16(CURSOR_SHAPE);
            let position = context.memory.read_u16(cursor_address(page));
            context.registers().set_cx(shape);
            context.registers().set_dx(position);
        }
        0x04 => {
            // Light pen: not triggered.
            let registers = context.registers();
            registers.set_ax(0);
            registers.set_bx(0);
            registers.set_cx(0);
            registers.set_dx(0);
        }
        0x05 => show_page(pc, context, general.al()),
        0x06 | 0x07 => int10_text::scroll_call(context, &general),
        0x08 => int10_text::read_cell(context, page),
        0x09 => int10_text::write_cells(context, &general, Some(general.bl())),
        0x0A => int10_text::write_cells(context, &general, None),
        // Colours of graphics modes, which text ignores but for the border.
        0x0B => {}
        0x0E => int10_text::teletype(pc, context, general.al()),
        0x0F => {
            let screen = TextScreen::read(context);
            let control = context.memory.read_u8(VIDEO_CONTROL) & KEEP_MEMORY;
            let registers = context.registers();
            registers.set_al(screen.mode | control);
            registers.set_ah(screen.columns as u8);
            registers.set_bh(screen.page);
        }
        0x10 => int10_palette::service(pc, context),
        0x11 => fonts(pc, context),
        0x12 => alternate_select(pc, context),
        0x13 => int10_text::write_string(pc, context, &general),
        0x1A => int10_state::combination(pc, context),
        0x1B if general.bx() == 0 => int10_state::state(pc, context),
        _ => pc.refuse(context, 0x10),
    }
}

/// Where video memory starts in `mode`.
pub(super) const fn text_memory(mode: u8) -> u32 {
    if mode == MODE_MONOCHROME { 0xB0000 } else { 0xB8000 }
}

/// The text screen as the data area describes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct TextScreen {
    pub mode: u8,
    pub columns: u16,
    pub rows: u16,
    pub page: u8,
    page_size: u16,
    base: u32,
    cursors: [u8; 2 * PAGES as usize],
}

impl TextScreen {
    /// Reads the data area in two accesses: every character that is written starts here.
    pub fn read(context: &Context<'_>) -> Self {
        let mut area = [0; (ACTIVE_PAGE - VIDEO_MODE + 1) as usize];
        context.memory.read(VIDEO_MODE, &mut area);
        let byte = |address: u32| area[(address - VIDEO_MODE) as usize];
        let word = |address: u32| u16::from_le_bytes([byte(address), byte(address + 1)]);
        let mode = byte(VIDEO_MODE);
        Self {
            mode,
            columns: word(COLUMNS).clamp(1, 132),
            rows: u16::from(context.memory.read_u8(LAST_ROW)) + 1,
            page: byte(ACTIVE_PAGE) % PAGES,
            page_size: word(PAGE_SIZE),
            base: text_memory(mode),
            cursors: core::array::from_fn(|index| byte(CURSORS + index as u32)),
        }
    }

    /// Column and row of the cursor of `page`.
    pub fn cursor(&self, page: u8) -> [u8; 2] {
        let at = usize::from(page % PAGES) * 2;
        [self.cursors[at], self.cursors[at + 1]]
    }

    /// Linear address of a cell.
    pub fn address(&self, page: u8, row: u16, column: u16) -> u32 {
        let cell = u32::from(row) * u32::from(self.columns) + u32::from(column);
        let offset = u32::from(page) * u32::from(self.page_size) + cell * 2;
        self.base + (offset & 0x7FFE)
    }

    /// Whether the rows of `page` lie one behind the other, none over the end of video memory.
    pub fn is_whole(&self, page: u8) -> bool {
        let last = u32::from(page) * u32::from(self.page_size) + u32::from(self.rows * self.columns) * 2;
        last <= 0x8000
    }

    /// Characters from the start of video memory to a cell, as the CRT controller counts.
    fn crtc_address(&self, page: u8, row: u16, column: u16) -> u16 {
        ((self.address(page, row, column) - self.base) / 2) as u16
    }
}

/// Where the data area keeps the cursor of `page`.
pub(super) fn cursor_address(page: u8) -> u32 {
    CURSORS + 2 * u32::from(page % PAGES)
}

fn mode(pc: &mut Pc, context: &mut Context<'_>, value: u8) {
    match value & !KEEP_MEMORY {
        0x00..=0x03 | MODE_MONOCHROME => {
            set_mode(pc, context, value);
            context.registers().set_al(TEXT_MODE_SET);
        }
        // Nobody shows pixels, and the mode stays what it is. A program that draws without asking back at least finds
        // memory to draw in.
        0x04..=0x06 | 0x0D..=0x13 => {
            pc.devices.vga.want_pixels();
            pc.refuse(context, 0x10);
        }
        _ => pc.refuse(context, 0x10),
    }
}

/// Sets text mode `value`, 0 to 3 or 7; bit 7 keeps video memory.
pub(super) fn set_mode(pc: &mut Pc, context: &mut Context<'_>, value: u8) {
    let mode = value & !KEEP_MEMORY;
    let monochrome = mode == MODE_MONOCHROME;
    let columns = if mode <= 1 { 40 } else { 80 };
    let lines = ScanLines::chosen(context.memory.read_u8(VIDEO_FLAGS));
    let height = lines.character_height();
    pc.devices.vga.set_mode(TextMode { columns, monochrome, lines });
    super::fonts::point_vectors(context, height.into());
    let memory = &mut *context.memory;
    memory.write_u8(VIDEO_MODE, mode);
    memory.write_u16(COLUMNS, u16::from(columns));
    memory.write_u16(PAGE_SIZE, if columns == 40 { PAGE_SIZE_40 } else { PAGE_SIZE_80 });
    memory.write_u16(PAGE_START, 0);
    memory.write(CURSORS, &[0; 2 * PAGES as usize]);
    memory.write_u16(CURSOR_SHAPE, 0x0607);
    memory.write_u8(ACTIVE_PAGE, 0);
    memory.write_u16(CRTC_PORT, if monochrome { MONO_CRTC_INDEX } else { COLOR_CRTC_INDEX });
    memory.write_u8(MODE_CONTROL, [0x2C, 0x28, 0x2D, 0x29].get(usize::from(mode)).copied().unwrap_or(0x29));
    memory.write_u8(PALETTE, 0x30);
    memory.write_u8(LAST_ROW, 24);
    memory.write_u16(CHARACTER_HEIGHT, height.into());
    memory.write_u8(VIDEO_CONTROL, 0x60 | value & KEEP_MEMORY);
    if value & KEEP_MEMORY == 0 {
        clear_video_memory(context);
    }
}

impl ScanLines {
    /// What AH=12h, BL=30h chose, as the data area keeps it.
    const fn chosen(video_flags: u8) -> Self {
        match video_flags & 0x90 {
            0x80 => Self::Lines200,
            0x00 => Self::Lines350,
            _ => Self::Lines400,
        }
    }
}

fn clear_video_memory(context: &mut Context<'_>) {
    let base = TextScreen::read(context).base;
    context.memory.fill_u16(base, u16::from_le_bytes([b' ', DEFAULT_ATTRIBUTE]), 0x4000);
}

/// AH=01h. The shape is given in lines of an 8-line character and scaled to the real height, as every VGA does.
fn set_cursor_shape(pc: &mut Pc, context: &mut Context<'_>, shape: u16) {
    context.memory.write_u16(CURSOR_SHAPE, shape);
    let [last, first] = shape.to_le_bytes();
    let (off, mut first, mut last) = (first & 0xE0, u16::from(first & 0x1F), u16::from(last & 0x1F));
    let height = context.memory.read_u16(CHARACTER_HEIGHT);
    let emulated = context.memory.read_u8(VIDEO_FLAGS) & 1 != 0;
    if emulated && off == 0 && height > 8 && first < 8 && last < 8 {
        first = if last == first + 1 { (last + 1) * height / 8 - 2 } else { (first + 1) * height / 8 - 1 };
        last = (last + 1) * height / 8 - 1;
    }
    pc.devices.vga.set_crtc(crtc::CURSOR_START, off & 0x20 | first as u8);
    pc.devices.vga.set_crtc(crtc::CURSOR_END, last as u8);
}

/// Moves the cursor of `page`.
pub(super) fn set_cursor(pc: &mut Pc, context: &mut Context<'_>, page: u8, row: u8, column: u8) {
    if page >= PAGES {
        return;
    }
    let screen = TextScreen::read(context);
    move_cursor(pc, context, &screen, page, row, column);
}

/// As [`set_cursor`], for a screen that was read already.
pub(super) fn move_cursor(
    pc: &mut Pc,
    context: &mut Context<'_>,
    screen: &TextScreen,
    page: u8,
    row: u8,
    column: u8,
) {
    context.memory.write_u16(cursor_address(page), u16::from_be_bytes([row, column]));
    if page == screen.page {
        let place = screen.crtc_address(page, u16::from(row), u16::from(column));
        pc.devices.vga.set_crtc_word(crtc::CURSOR_HIGH, place);
    }
}

fn show_page(pc: &mut Pc, context: &mut Context<'_>, page: u8) {
    if page >= PAGES {
        return;
    }
    context.memory.write_u8(ACTIVE_PAGE, page);
    let screen = TextScreen::read(context);
    let start = screen.crtc_address(page, 0, 0);
    context.memory.write_u16(PAGE_START, start * 2);
    pc.devices.vga.set_crtc_word(crtc::START_HIGH, start);
    let [column, row] = context.memory.read_u16(cursor_address(page)).to_le_bytes();
    set_cursor(pc, context, page, row, column);
}

/// AH=11h: character generators. The letters are the host's; what changes is their height, and so the rows.
fn fonts(pc: &mut Pc, context: &mut Context<'_>) {
    let general = *context.registers();
    match general.al() {
        // Loads a font and leaves the screen as it is.
        0x00..=0x02 | 0x04 => {}
        // Selects font blocks.
        0x03 => pc.devices.vga.set_font_blocks(general.bl()),
        0x10 => set_character_height(pc, context, u16::from(general.bh())),
        0x11 => set_character_height(pc, context, 14),
        0x12 => set_character_height(pc, context, 8),
        0x14 => set_character_height(pc, context, 16),
        0x20..=0x24 => super::fonts::select(context),
        0x30 => super::fonts::tell(pc, context),
        _ => pc.refuse(context, 0x10),
    }
}

/// As many rows as the scan lines hold.
fn set_character_height(pc: &mut Pc, context: &mut Context<'_>, height: u16) {
    if !(1..=32).contains(&height) {
        return;
    }
    let vga = &mut pc.devices.vga;
    vga.set_crtc(crtc::MAXIMUM_SCAN_LINE, vga.crtc(crtc::MAXIMUM_SCAN_LINE) & !0x1F | (height - 1) as u8);
    let rows = vga.rows();
    let columns = TextScreen::read(context).columns;
    context.memory.write_u16(CHARACTER_HEIGHT, height);
    context.memory.write_u8(LAST_ROW, (rows - 1) as u8);
    context.memory.write_u16(PAGE_SIZE, (rows * columns * 2).next_multiple_of(0x100));
    set_cursor_shape(pc, context, 0x0607);
}

/// AH=12h: what the adapter is, and switches that change nothing here.
fn alternate_select(pc: &mut Pc, context: &mut Context<'_>) {
    match context.registers().bl() {
        0x10 => {
            // Colour or monochrome, 256 KiB, feature bits 0, switches 9.
            let monochrome = context.memory.read_u16(CRTC_PORT) == MONO_CRTC_INDEX;
            context.registers().set_bx(u16::from(monochrome) << 8 | 0x03);
            context.registers().set_cx(0x0009);
        }
        function @ 0x30..=0x36 => {
            // Scan lines, palette loading, grey scales and cursor scaling are bits of the data area.
            let choice = context.registers().al();
            let (mask, bits) = match function {
                0x30 => (0x90, [0x80, 0x00, 0x10][usize::from(choice.min(2))]),
                0x31 => (0x08, choice << 3),
                0x33 => (0x02, !choice << 1),
                0x34 => (0x01, !choice),
                _ => (0, 0),
            };
            context.update_u8(VIDEO_FLAGS, |flags| flags & !mask | bits & mask);
            context.registers().set_al(0x12);
        }
        _ => pc.refuse(context, 0x10),
    }
}

#[cfg(test)]
#[path = "int10_tests.rs"]
mod tests;
