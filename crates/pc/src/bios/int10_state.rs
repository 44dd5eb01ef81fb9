//! INT 10h, AH=1Ah and 1Bh: which displays there are, and what the adapter can do and does.

use super::Context;
use super::data_area::{CHARACTER_HEIGHT, DISPLAY_COMBINATION, LAST_ROW, PALETTE, VIDEO_FLAGS, VIDEO_MODE};
use super::int10_palette::BLINK;
use super::rom::{SEGMENT, VIDEO_ABILITIES};
use crate::Pc;

/// AL of a function that is there.
const AVAILABLE_1A: u8 = 0x1A;
const AVAILABLE_1B: u8 = 0x1B;
/// Bytes of the state.
const STATE: usize = 64;
/// Bytes of the data area that are part of it, from the mode to the palette.
const COPIED: usize = (PALETTE - VIDEO_MODE + 1) as usize;

/// AH=1Ah: the active display, and no second one.
pub(super) fn combination(pc: &mut Pc, context: &mut Context<'_>) {
    match context.registers().al() {
        0x00 => {
            let active = context.memory.read_u8(DISPLAY_COMBINATION);
            context.registers().set_bx(active.into());
        }
        0x01 => {
            let active = context.registers().bl();
            context.memory.write_u8(DISPLAY_COMBINATION, active);
        }
        _ => return pc.refuse(context, 0x10),
    }
    context.registers().set_al(AVAILABLE_1A);
}

/// AH=1Bh: the state at ES:DI, of 64 bytes: where the table of abilities lies, what the data area has, and more.
pub(super) fn state(pc: &Pc, context: &mut Context<'_>) {
    let flags = context.memory.read_u8(VIDEO_FLAGS);
    let mut state = [0; STATE];
    state[..2].copy_from_slice(&VIDEO_ABILITIES.to_le_bytes());
    state[2..4].copy_from_slice(&SEGMENT.to_le_bytes());
    context.memory.read(VIDEO_MODE, &mut state[4..4 + COPIED]);
    state[0x22] = context.memory.read_u8(LAST_ROW);
    state[0x23..0x25].copy_from_slice(&context.memory.read_u16(CHARACTER_HEIGHT).to_le_bytes());
    state[0x25] = context.memory.read_u8(DISPLAY_COMBINATION);
    // Sixteen colours, eight pages, 200, 350 or 400 lines.
    state[0x27] = 16;
    state[0x29] = 8;
    state[0x2A] = match flags & 0x90 {
        0x80 => 0,
        0x00 => 1,
        _ => 2,
    };
    let blinks = pc.devices.vga.attribute(super::int10_palette::MODE_CONTROL) & BLINK != 0;
    // All modes on this display; the cursor is scaled; attribute bit 7 blinks.
    state[0x2D] = 0x01 | (flags & 1) << 4 | u8::from(blinks) << 5;
    // 256 KiB.
    state[0x31] = 3;
    let to = context.es(context.cpu.general().di());
    context.memory.write(to.linear(), &state);
    context.registers().set_al(AVAILABLE_1B);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::Machine;

    fn state(machine: &mut Machine) -> [u8; STATE] {
        machine.cpu.segments[0] = 0x3000;
        machine.cpu.general.set_bx(0);
        machine.cpu.general.set_di(0x100);
        machine.call(0x10, 0x1B00);
        assert_eq!(machine.cpu.general.al(), 0x1B);
        let mut state = [0; STATE];
        v8086::GuestMemory::read(&machine.memory, 0x3_0100, &mut state);
        state
    }

    #[test]
    fn the_state_tells_mode_rows_and_where_the_abilities_are() {
        let mut machine = Machine::on();
        for (ax, mode, columns, last_row, height) in [
            (0x0003, 3, 80, 24, 16),
            (0x1112, 3, 80, 49, 8),
            (0x0001, 1, 40, 24, 16),
            (0x0007, 7, 80, 24, 16),
        ] {
            machine.cpu.general.set_bx(0);
            machine.call(0x10, ax);
            let state = state(&mut machine);
            assert_eq!(state[..4], [0xC0, 0xD8, 0x00, 0xF0]);
            let found = (state[0x04], state[0x05], state[0x22], state[0x23]);
            assert_eq!(found, (mode, columns, last_row, height), "AX={ax:04X}");
            assert_eq!(
                [state[0x25], state[0x2A], state[0x2D], state[0x31]],
                [0x08, 2, 0x31, 3],
                "AX={ax:04X}"
            );
        }
        let abilities = 0xF_0000 + usize::from(VIDEO_ABILITIES);
        assert_eq!(machine.memory.0[abilities..abilities + 3], [0x8F, 0, 0], "modes 0 to 3 and 7");
    }

    #[test]
    fn the_displays_combination_reads_back() {
        let mut machine = Machine::on();
        for (ax, bx, answer) in [(0x1A00, 0, 0x0008), (0x1A01, 0x0007, 0x0007), (0x1A00, 0, 0x0007)] {
            machine.cpu.general.set_bx(bx);
            machine.call(0x10, ax);
            assert_eq!((machine.cpu.general.al(), machine.cpu.general.bx()), (0x1A, answer), "AX={ax:04X}");
        }
        machine.call(0x10, 0x1A02);
        assert!(machine.carry());
    }
}
