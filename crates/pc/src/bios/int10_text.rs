//! INT 10h, the text part: characters, strings and scrolling. It writes video memory as a program would.

use super::Context;
use super::int10_video::{TextScreen, move_cursor};
use crate::Pc;
use v8086::General;

pub(super) const BELL: u8 = 0x07;
const BACKSPACE: u8 = 0x08;
const LINE_FEED: u8 = 0x0A;
const CARRIAGE_RETURN: u8 = 0x0D;

/// AH=08h: the cell at the cursor of `page`.
pub(super) fn read_cell(context: &mut Context<'_>, page: u8) {
    let cell = context.memory.read_u16(at_cursor(context, page));
    context.registers().set_ax(cell);
}

fn at_cursor(context: &Context<'_>, page: u8) -> u32 {
    let screen = TextScreen::read(context);
    let [column, row] = screen.cursor(page);
    screen.address(page & 7, u16::from(row), u16::from(column))
}

/// AH=09h and 0Ah: CX times AL from the cursor on, which stays; without an attribute the one there stays too.
pub(super) fn write_cells(context: &mut Context<'_>, general: &General, attribute: Option<u8>) {
    let start = at_cursor(context, general.bh());
    let window = start & !0x7FFF;
    let count = u32::from(general.cx());
    if let Some(attribute) = attribute
        && start + 2 * count <= window + 0x8000
    {
        return context.memory.fill_u16(start, u16::from_le_bytes([general.al(), attribute]), count);
    }
    for cell in 0..count {
        let address = window | (start + 2 * cell) & 0x7FFF;
        context.memory.write_u8(address, general.al());
        if let Some(attribute) = attribute {
            context.memory.write_u8(address + 1, attribute);
        }
    }
}

/// AH=0Eh: writes a character on the active page and moves the cursor; bell, backspace, line feed and carriage
/// return act. The attribute on the screen stays.
pub(super) fn teletype(pc: &mut Pc, context: &mut Context<'_>, character: u8) {
    if character == BELL {
        return;
    }
    let screen = TextScreen::read(context);
    let cursor = screen.cursor(screen.page);
    let [column, row] = type_on(context, &screen, screen.page, cursor, character, None);
    move_cursor(pc, context, &screen, screen.page, row, column);
}

/// Column and row behind a character, before anything wraps or scrolls.
#[inline(always)]
pub(super) fn typed(column: u8, row: u8, character: u8) -> (u8, u8) {
    match character {
        BELL => (column, row),
        BACKSPACE => (column.saturating_sub(1), row),
        LINE_FEED => (column, row.saturating_add(1)),
        CARRIAGE_RETURN => (0, row),
        _ => (column.saturating_add(1), row),
    }
}

/// Writes a character on `page` at the cursor; where the cursor belongs then.
fn type_on(
    context: &mut Context<'_>,
    screen: &TextScreen,
    page: u8,
    cursor: [u8; 2],
    character: u8,
    attribute: Option<u8>,
) -> [u8; 2] {
    let [column, row] = cursor;
    if character == BELL {
        return cursor;
    }
    if !matches!(character, BACKSPACE | LINE_FEED | CARRIAGE_RETURN) {
        let address = screen.address(page, u16::from(row), u16::from(column));
        match attribute {
            Some(attribute) => {
                context.memory.write_u16(address, u16::from_le_bytes([character, attribute]));
            }
            None => context.memory.write_u8(address, character),
        }
    }
    let (mut column, mut row) = typed(column, row, character);
    // Behind the last column and below the last row, where a program may have put the cursor, nothing wraps or scrolls.
    if u16::from(column) == screen.columns {
        column = 0;
        row = row.saturating_add(1);
    }
    if u16::from(row) == screen.rows {
        row = (screen.rows - 1) as u8;
        // The new row takes the colour of where the cursor was.
        let below = context.memory.read_u8(screen.address(page, u16::from(row), u16::from(column)) + 1);
        let whole = Window { top: 0, left: 0, bottom: screen.rows - 1, right: screen.columns - 1 };
        scroll(context, screen, page, whole, Direction::Up, 1, below);
    }
    [column, row]
}

/// AH=13h: a string at ES:BP. AL bit 0: the cursor moves; bit 1: the string holds attributes.
pub(super) fn write_string(pc: &mut Pc, context: &mut Context<'_>, general: &General) {
    let page = general.bh() & 7;
    let moves_cursor = general.al() & 1 != 0;
    let has_attributes = general.al() & 2 != 0;
    let screen = TextScreen::read(context);
    let before = screen.cursor(page);
    let mut cursor = if general.dh() == 0xFF { before } else { general.dx().to_le_bytes() };
    let mut from = context.es(general.bp());
    for _ in 0..general.cx() {
        let character = context.memory.read_u8(from.linear());
        from = from.plus(1);
        let mut attribute = general.bl();
        if has_attributes {
            attribute = context.memory.read_u8(from.linear());
            from = from.plus(1);
        }
        cursor = type_on(context, &screen, page, cursor, character, Some(attribute));
    }
    let [column, row] = if moves_cursor { cursor } else { before };
    move_cursor(pc, context, &screen, page, row, column);
}

/// A part of the screen, all edges inside.
#[derive(Clone, Copy, Debug)]
struct Window {
    top: u16,
    left: u16,
    bottom: u16,
    right: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

/// AH=06h and 07h: AL rows, new ones in attribute BH, window CX to DX.
pub(super) fn scroll_call(context: &mut Context<'_>, general: &General) {
    let screen = TextScreen::read(context);
    let direction = if general.ah() == 0x06 { Direction::Up } else { Direction::Down };
    let window = Window {
        top: u16::from(general.ch()),
        left: u16::from(general.cl()),
        bottom: u16::from(general.dh()).min(screen.rows - 1),
        right: u16::from(general.dl()).min(screen.columns - 1),
    };
    if window.top <= window.bottom && window.left <= window.right {
        scroll(context, &screen, screen.page, window, direction, u16::from(general.al()), general.bh());
    }
}

/// Moves the rows of `window` by `count` (0: all) and fills what becomes free.
fn scroll(
    context: &mut Context<'_>,
    screen: &TextScreen,
    page: u8,
    window: Window,
    direction: Direction,
    count: u16,
    attribute: u8,
) {
    let height = window.bottom - window.top + 1;
    let length = usize::from(window.right - window.left + 1) * 2;
    let count = if count == 0 { height } else { count.min(height) };
    let kept = height - count;
    let (from, to, free) = match direction {
        Direction::Up => (window.top + count, window.top, window.top + kept),
        Direction::Down => (window.top, window.top + count, window.top),
    };
    let address = |row| screen.address(page, row, window.left);
    let block = usize::from(kept) * length;
    let whole_rows = window.left == 0 && window.right == screen.columns - 1 && screen.is_whole(page);
    if whole_rows {
        context.memory.copy_within(address(from), address(to), block);
    } else {
        for step in 0..kept {
            let row = if direction == Direction::Up { step } else { kept - 1 - step };
            context.memory.copy_within(address(from + row), address(to + row), length);
        }
    }
    let blank = u16::from_le_bytes([b' ', attribute]);
    if whole_rows {
        return context.memory.fill_u16(address(free), blank, u32::from(count * screen.columns));
    }
    for row in free..free + count {
        context.memory.fill_u16(address(row), blank, length as u32 / 2);
    }
}
