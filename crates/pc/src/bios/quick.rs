//! The services that programs call most and that only look at memory, the cursor and a cell: characters one by one, the
//! cursor, keys that are asked for, ticks, and the timer's interrupt.
//!
//! On entry nobody wants to be told of the call, and nothing is due. Here everything is known by type, so that a call costs
//! a fifth of the common way. What needs more than that (a scroll, another page, a key that an old program cannot know) is
//! left untouched to [`Pc::service`], which does all of this too; a test compares the two.

use super::data_area::*;
use super::int08_timer::END_OF_INTERRUPT;
use super::int10_text::{BELL, typed};
use super::int10_video::text_memory;
use super::int16_keys::{self, Keyboard};
use super::rom;
use crate::Pc;
use crate::device::pic::{Irq, Which};
use crate::device::vga::crtc;
use v8086::{FarPointer, Flags, General};

/// Cells in the window of video memory.
const CELLS: u32 = 0x4000;
/// Rows that are written at once are no longer than this.
const WIDEST: u16 = 132;

/// The first MiB of the guest's memory, for places that are RAM whatever the devices say.
pub trait FirstMib {
    /// The bytes at `address`, all of them below 1 MiB.
    fn load<const N: usize>(&self, address: u32) -> [u8; N];

    /// Stores bytes at `address`, all of them below 1 MiB.
    fn store<const N: usize>(&mut self, address: u32, bytes: [u8; N]);

    /// Stores the same little-endian word `count` times from `address` on.
    fn fill(&mut self, address: u32, word: u16, count: u32);

    /// The byte at `address`.
    #[inline(always)]
    fn byte(&self, address: u32) -> u8 {
        let [byte] = self.load(address);
        byte
    }

    /// The little-endian word at `address`.
    #[inline(always)]
    fn word(&self, address: u32) -> u16 {
        u16::from_le_bytes(self.load(address))
    }

    /// Stores a little-endian word.
    #[inline(always)]
    fn store_word(&mut self, address: u32, word: u16) {
        self.store(address, word.to_le_bytes());
    }
}

/// Where the interrupt table has INT 1Ch.
const TICK_HOOK: u32 = 0x1C * 4;
/// A stack whose last bytes lie below here is in conventional memory.
const CONVENTIONAL_END: u32 = 0xA_0000;

impl Pc {
    /// Answers the service of `vector` in registers and memory, if it is a quick one; the caller's FLAGS lie at linear
    /// address `flags`. `false`: nothing is done.
    pub fn quick_service<M: FirstMib>(
        &mut self,
        vector: u8,
        general: &mut General,
        memory: &mut M,
        flags: impl FnOnce() -> u32,
    ) -> bool {
        match (vector, general.ah()) {
            (0x08, _) => self.quick_tick(memory),
            (0x10, 0x0E) => self.quick_teletype(memory, general.al()),
            (0x10, 0x02) => self.quick_cursor(memory, general),
            (0x10, 0x03) if general.bh() == 0 => {
                general.set_cx(memory.word(CURSOR_SHAPE));
                general.set_dx(memory.word(CURSORS));
                true
            }
            (0x10, 0x08) => on_cell(memory, general, 1, |memory, general, cell| {
                general.set_ax(memory.word(cell));
            }),
            (0x10, 0x09) => on_cell(memory, general, general.cx(), |memory, general, cell| {
                let value = u16::from_le_bytes([general.al(), general.bl()]);
                memory.fill(cell, value, general.cx().into());
            }),
            (0x10, 0x0A) if general.cx() == 1 => on_cell(memory, general, 1, |memory, general, cell| {
                memory.store(cell, [general.al()]);
            }),
            (0x16, 0x01) => quick_peek(memory, general, Keyboard::Old, flags()),
            (0x16, 0x11) => quick_peek(memory, general, Keyboard::Enhanced, flags()),
            (0x16, 0x02) => {
                general.set_al(memory.byte(SHIFT_FLAGS));
                true
            }
            (0x16, 0x12) => {
                let [keys, right] = [SHIFT_KEYS, KEYBOARD_STATE].map(|address| memory.byte(address));
                general.set_ax(int16_keys::all_shift_flags(memory.byte(SHIFT_FLAGS), keys, right));
                true
            }
            (0x1A, 0x00) => quick_ticks(memory, general, flags()),
            _ => false,
        }
    }

    /// A tick of the timer that nobody hooked, on a day that goes on, with the motors off, and not within the keyboard's
    /// interrupt, which its end would let the keyboard follow.
    fn quick_tick<M: FirstMib>(&mut self, memory: &mut M) -> bool {
        let ticks = u32::from_le_bytes(memory.load(TICKS)).wrapping_add(1);
        let pics = &mut self.devices.pics;
        let alone = ticks < TICKS_PER_DAY
            && memory.byte(MOTOR_TICKS) == 0
            && u32::from_le_bytes(memory.load(TICK_HOOK)) == packed(rom::vector_target(0x1C))
            && !pics.in_service(Irq::KEYBOARD);
        if alone {
            memory.store(TICKS, ticks.to_le_bytes());
            pics.write_command(Which::Master, END_OF_INTERRUPT);
        }
        alone
    }

    fn quick_teletype<M: FirstMib>(&mut self, memory: &mut M, character: u8) -> bool {
        let (columns, last_row) = (memory.word(COLUMNS), memory.byte(LAST_ROW));
        let [column, row] = memory.word(CURSORS).to_le_bytes();
        let (next_column, next_row) = typed(column, row, character);
        let inside = u16::from(next_column) < columns && next_row <= last_row;
        if !inside || !is_sound(columns) || memory.byte(ACTIVE_PAGE) != 0 {
            return false;
        }
        if character == BELL {
            return true;
        }
        let place = u32::from(row) * u32::from(columns);
        if next_column > column {
            let cell = (place + u32::from(column)) % CELLS;
            memory.store(text_memory(memory.byte(VIDEO_MODE)) + 2 * cell, [character]);
        }
        memory.store_word(CURSORS, u16::from_le_bytes([next_column, next_row]));
        let place = u32::from(next_row) * u32::from(columns) + u32::from(next_column);
        self.devices.vga.set_crtc_word(crtc::CURSOR_HIGH, (place % CELLS) as u16);
        true
    }

    fn quick_cursor<M: FirstMib>(&mut self, memory: &mut M, general: &General) -> bool {
        let columns = memory.word(COLUMNS);
        if general.bh() != 0 || memory.byte(ACTIVE_PAGE) != 0 || !is_sound(columns) {
            return false;
        }
        let [column, row] = general.dx().to_le_bytes();
        memory.store_word(CURSORS, general.dx());
        let place = u32::from(row) * u32::from(columns) + u32::from(column);
        self.devices.vga.set_crtc_word(crtc::CURSOR_HIGH, (place % CELLS) as u16);
        true
    }
}

/// Whether a row has as many cells as the common way believes.
#[inline(always)]
const fn is_sound(columns: u16) -> bool {
    columns.wrapping_sub(1) < WIDEST
}

/// A far pointer as it lies in memory.
const fn packed(place: FarPointer) -> u32 {
    (place.segment as u32) << 16 | place.offset as u32
}

/// Does something to the cell at the cursor of page 0, which this service is for, and to those behind it, `count` in all.
fn on_cell<M: FirstMib>(
    memory: &mut M,
    general: &mut General,
    count: u16,
    act: impl FnOnce(&mut M, &mut General, u32),
) -> bool {
    let columns = memory.word(COLUMNS);
    let [column, row] = memory.word(CURSORS).to_le_bytes();
    let cell = u32::from(row) * u32::from(columns) + u32::from(column);
    let inside = general.bh() == 0 && is_sound(columns) && cell + u32::from(count) <= CELLS;
    if inside {
        let base = text_memory(memory.byte(VIDEO_MODE));
        act(memory, general, base + 2 * cell);
    }
    inside
}

fn quick_peek<M: FirstMib>(memory: &mut M, general: &mut General, keyboard: Keyboard, image: u32) -> bool {
    if image >= CONVENTIONAL_END {
        return false;
    }
    let head = memory.word(KEY_HEAD);
    let empty = head == memory.word(KEY_TAIL);
    if !empty {
        let key = memory.word(COM_PORTS + u32::from(head));
        let Some(key) = int16_keys::translate(key, keyboard) else { return false };
        general.set_ax(key);
    }
    let flags = memory.word(image) & !(Flags::ZF as u16);
    memory.store_word(image, if empty { flags | Flags::ZF as u16 } else { flags });
    true
}

fn quick_ticks<M: FirstMib>(memory: &mut M, general: &mut General, image: u32) -> bool {
    if image >= CONVENTIONAL_END {
        return false;
    }
    general.set_ax(memory.byte(MIDNIGHT).into());
    general.set_dx(memory.word(TICKS));
    general.set_cx(memory.word(TICKS + 2));
    memory.store(MIDNIGHT, [0]);
    memory.store_word(image, memory.word(image) & !(Flags::CF as u16));
    true
}

#[cfg(test)]
#[path = "quick_tests.rs"]
mod tests;
