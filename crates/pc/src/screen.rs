//! What the monitor shows: the text in video memory at the start address of the CRT controller.
//!
//! Whoever wrote it, BIOS or guest, what is there is what is shown. Size and cursor come from the CRTC too, since
//! programs set them behind the BIOS's back.

use core::ops::Range;

use crate::codepage437;
use crate::device::vga::Vga;
use v8086::GuestMemory;

/// No row is longer than this.
pub const MAX_COLUMNS: usize = 132;

/// A character on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The byte in code page 437.
    pub character: u8,
    /// Foreground in bits 3:0, background in 6:4, blink or bright background in 7.
    pub attribute: u8,
}

/// Where and how the cursor is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// From 0; may lie below the last row.
    pub row: u16,
    /// From 0.
    pub column: u16,
    /// First scan line of the block.
    pub first_line: u8,
    /// Last scan line of the block.
    pub last_line: u8,
    /// False when switched off.
    pub visible: bool,
}

/// A view of the text screen.
pub struct Screen<'a> {
    memory: &'a dyn GuestMemory,
    layout: Layout,
}

/// The text screen as the CRT controller is programmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Linear address of the video memory's window.
    pub base: u32,
    /// Its size in bytes, a power of two: addresses wrap here.
    pub window: u32,
    /// Offset of the first cell shown, in bytes.
    pub start: u32,
    /// Bytes from a row to the next.
    pub pitch: u32,
    pub columns: u16,
    pub rows: u16,
    pub cursor: Cursor,
}

impl<'a> Screen<'a> {
    pub(crate) fn new(vga: &Vga, memory: &'a dyn GuestMemory) -> Self {
        Self { memory, layout: vga.layout() }
    }

    /// Characters in a row, 1 to [`MAX_COLUMNS`].
    pub fn columns(&self) -> u16 {
        self.layout.columns
    }

    /// Rows shown.
    pub fn rows(&self) -> u16 {
        self.layout.rows
    }

    /// The cursor.
    pub fn cursor(&self) -> Cursor {
        self.layout.cursor
    }

    /// The cell at `row` and `column`, both from 0.
    pub fn cell(&self, row: u16, column: u16) -> Cell {
        let mut bytes = [0; 2];
        self.memory.read(self.address(row, column), &mut bytes);
        Cell { character: bytes[0], attribute: bytes[1] }
    }

    /// Fills `bytes` with the cells of `row` as they lie in video memory (character, attribute, …) and returns the
    /// part that it filled: two bytes a column.
    pub fn row<'b>(&self, row: u16, bytes: &'b mut [u8; 2 * MAX_COLUMNS]) -> &'b [u8] {
        let length = usize::from(self.layout.columns) * 2;
        let from = self.offset(row, 0);
        let before_wrap = length.min((self.layout.window - from) as usize);
        self.memory.read(self.layout.base + from, &mut bytes[..before_wrap]);
        if before_wrap < length {
            self.memory.read(self.layout.base, &mut bytes[before_wrap..length]);
        }
        &bytes[..length]
    }

    /// Whether these are the cells of `row`. `false` also for a row whose memory wraps.
    pub fn row_is(&self, row: u16, cells: &[u8]) -> bool {
        let from = self.offset(row, 0);
        from as usize + cells.len() <= self.layout.window as usize
            && self.memory.holds(self.layout.base + from, cells)
    }

    /// The pages of memory, of 4 KiB, that it lies in.
    pub fn pages(&self) -> Range<usize> {
        const PAGE_BYTES: u32 = 4096;
        let Layout { base, window, pitch, rows, .. } = self.layout;
        let (first, length) = (self.offset(0, 0), u32::from(rows) * pitch);
        let (first, end) = if first + length <= window { (first, first + length) } else { (0, window) };
        ((base + first) / PAGE_BYTES) as usize..(base + end).div_ceil(PAGE_BYTES) as usize
    }

    /// Whether one row contains `text`, compared as [`codepage437::row_contains`] does.
    pub fn contains(&self, text: &str) -> bool {
        let Some(first) = text.chars().next() else { return true };
        let Some(first) = codepage437::from_char(first) else { return false };
        let mut cells = [0; 2 * MAX_COLUMNS];
        (0..self.layout.rows).any(|row| {
            let cells = self.row(row, &mut cells);
            // Nearly every row of nearly every look ends here.
            (first == b' ' || may_hold(cells, first)) && row_contains(cells, text)
        })
    }

    /// A number that changes when a cell or the size of the screen changes; the cursor does not count. FNV-1a.
    pub fn fingerprint(&self) -> u64 {
        let mut cells = [0; 2 * MAX_COLUMNS];
        let mut hash = 0xCBF2_9CE4_8422_2325_u64 ^ u64::from(self.layout.columns);
        for row in 0..self.layout.rows {
            for word in self.row(row, &mut cells).chunks_exact(2) {
                let word = u64::from(u16::from_le_bytes([word[0], word[1]]));
                hash = (hash ^ word).wrapping_mul(0x0100_0000_01B3);
            }
        }
        hash
    }

    fn address(&self, row: u16, column: u16) -> u32 {
        self.layout.base + self.offset(row, column)
    }

    fn offset(&self, row: u16, column: u16) -> u32 {
        let cell = self.layout.start + u32::from(row) * self.layout.pitch + u32::from(column) * 2;
        cell & (self.layout.window - 1)
    }
}

/// The largest text that [`Seen`] keeps, in bytes: 80 columns and 25 rows.
const KEPT: usize = 80 * 25 * 2;

/// A copy of a screen, to see cheaply whether it has changed.
#[derive(Debug)]
pub(crate) struct Seen {
    layout: Option<Layout>,
    cells: [u8; KEPT],
}

impl Seen {
    /// Of no screen.
    pub const fn nothing() -> Self {
        Self { layout: None, cells: [0; KEPT] }
    }

    /// Takes the screen as it is. A large one, or one whose memory wraps in its middle, is not worth the trouble.
    pub fn take(&mut self, screen: &Screen<'_>) {
        let layout = screen.layout;
        let length = layout.length();
        let kept = length <= KEPT && layout.is_one_piece();
        self.layout = kept.then_some(layout);
        if kept {
            screen.memory.read(layout.base + screen.offset(0, 0), &mut self.cells[..length]);
        }
    }

    /// Of no screen any more.
    pub fn forget(&mut self) {
        self.layout = None;
    }

    /// Whether the screen is as it was. The cursor does not count.
    pub fn is(&self, screen: &Screen<'_>) -> bool {
        let cursor = screen.layout.cursor;
        self.layout.is_some_and(|layout| {
            Layout { cursor, ..layout } == screen.layout
                && screen.memory.holds(layout.base + screen.offset(0, 0), &self.cells[..layout.length()])
        })
    }
}

impl Layout {
    /// Bytes of the cells, if nothing lies between the rows.
    fn length(&self) -> usize {
        usize::from(self.rows) * usize::from(self.columns) * 2
    }

    /// Whether nothing lies between the rows, and the memory does not wrap.
    fn is_one_piece(&self) -> bool {
        let start = self.start & (self.window - 1);
        self.pitch == u32::from(self.columns) * 2 && start as usize + self.length() <= self.window as usize
    }
}

/// Whether a cell holds `character`, four cells at a time.
fn may_hold(cells: &[u8], character: u8) -> bool {
    const EACH_CELL: u64 = 0x0001_0001_0001_0001;
    let wanted = u64::from(character) * EACH_CELL;
    let (quads, rest) = cells.as_chunks::<8>();
    quads.iter().any(|quad| {
        // A cell becomes 0 where it is the character, and then borrows.
        let different = (u64::from_le_bytes(*quad) ^ wanted) & (0xFF * EACH_CELL);
        different.wrapping_sub(EACH_CELL) & (0x8000 * EACH_CELL) != 0
    }) || rest.chunks_exact(2).any(|cell| cell[0] == character)
}

#[inline(never)]
fn row_contains(cells: &[u8], text: &str) -> bool {
    let mut characters = [0; MAX_COLUMNS];
    for (character, cell) in characters.iter_mut().zip(cells.chunks_exact(2)) {
        *character = cell[0];
    }
    codepage437::row_contains(&characters[..cells.len() / 2], text)
}
