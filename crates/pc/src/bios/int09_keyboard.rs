//! INT 9, the keyboard interrupt: scan codes become keys in the buffer of the data area.

use super::data_area::*;
use super::int08_timer::END_OF_INTERRUPT;
use super::{Context, int16_keys, key_table, rom};
use crate::device::pic::Which;
use crate::device::scancode::{EXTENDED, SET_1_BREAK};
use crate::{End, Pc, RebootCause};
use v8086::Flags;

/// The prefix of the Pause key, which has no code for coming up.
const PAUSE_PREFIX: u8 = 0xE1;

/// Scan codes with a meaning of their own.
mod scan {
    pub const CTRL: u8 = 0x1D;
    pub const LEFT_SHIFT: u8 = 0x2A;
    pub const RIGHT_SHIFT: u8 = 0x36;
    pub const PRINT_SCREEN: u8 = 0x37;
    pub const ALT: u8 = 0x38;
    pub const CAPS_LOCK: u8 = 0x3A;
    pub const NUM_LOCK: u8 = 0x45;
    pub const SCROLL_LOCK: u8 = 0x46;
    pub const INSERT: u8 = 0x52;
    pub const DELETE: u8 = 0x53;
    pub const SYSTEM_REQUEST: u8 = 0x54;
}

/// Bits of the shift flags at 40:17.
mod shift {
    pub const RIGHT: u8 = 0x01;
    pub const LEFT: u8 = 0x02;
    pub const CTRL: u8 = 0x04;
    pub const ALT: u8 = 0x08;
    pub const SCROLL_LOCK: u8 = 0x10;
    pub const NUM_LOCK: u8 = 0x20;
    pub const CAPS_LOCK: u8 = 0x40;
    pub const INSERT: u8 = 0x80;
}

/// Bits of the keys held at 40:18.
mod held {
    pub const LEFT_CTRL: u8 = 0x01;
    pub const LEFT_ALT: u8 = 0x02;
    pub const SYSTEM_REQUEST: u8 = 0x04;
    /// The machine pauses.
    pub const PAUSE: u8 = 0x08;
    pub const SCROLL_LOCK: u8 = 0x10;
    pub const NUM_LOCK: u8 = 0x20;
    pub const CAPS_LOCK: u8 = 0x40;
    pub const INSERT: u8 = 0x80;
}

/// Bits of the keyboard's state at 40:96.
mod state {
    pub const LAST_WAS_E1: u8 = 0x01;
    pub const LAST_WAS_E0: u8 = 0x02;
    pub const RIGHT_CTRL: u8 = 0x04;
    pub const RIGHT_ALT: u8 = 0x08;
}

/// What a key asks for beside a code in the buffer: ROM code that runs after the interrupt.
type Afterwards = Option<u16>;

/// The interrupt. A hooked INT 15h is asked about the scan code first.
pub(super) fn key(pc: &mut Pc, context: &mut Context<'_>) {
    let code = pc.devices.keyboard.take_data(context.now);
    if context.is_hooked(0x15) {
        let ax = context.registers().ax();
        context.push(ax);
        context.registers().set_ax(0x4F00 | u16::from(code));
        let flags = context.cpu.eflags();
        context.cpu.set_eflags(flags | Flags::CF);
        context.continue_at(rom::KEY_INTERCEPT);
    } else {
        process(pc, context, code);
    }
}

/// INT 15h, AH=4Fh came back: carry says to go on, with the scan code in AL.
pub(super) fn intercepted(pc: &mut Pc, context: &mut Context<'_>) {
    if context.cpu.eflags() & Flags::CF != 0 {
        let code = context.registers().al();
        process_keeping_ax(pc, context, code);
    } else {
        end_of_interrupt(pc);
    }
}

fn process(pc: &mut Pc, context: &mut Context<'_>, code: u8) {
    let afterwards = translate(pc, context, code);
    end_of_interrupt(pc);
    if let Some(routine) = afterwards {
        context.continue_at(routine);
    }
}

/// As [`process`], with the interrupted program's AX still on the stack.
fn process_keeping_ax(pc: &mut Pc, context: &mut Context<'_>, code: u8) {
    let afterwards = translate(pc, context, code);
    end_of_interrupt(pc);
    if let Some(routine) = afterwards {
        let ax = context.pop();
        context.registers().set_ax(ax);
        context.continue_at(routine);
    }
}

fn end_of_interrupt(pc: &mut Pc) {
    pc.devices.pics.write_command(Which::Master, END_OF_INTERRUPT);
}

/// Takes one byte from the keyboard.
fn translate(pc: &mut Pc, context: &mut Context<'_>, code: u8) -> Afterwards {
    let before = context.memory.read_u8(KEYBOARD_STATE);
    match code {
        EXTENDED | PAUSE_PREFIX => {
            let bit = if code == EXTENDED { state::LAST_WAS_E0 } else { state::LAST_WAS_E1 };
            context.update_u8(KEYBOARD_STATE, |value| value | bit);
            return None;
        }
        // Answers of the keyboard to commands: acknowledge, resend, echo, errors.
        0xFA | 0xFE | 0xEE | 0x00 | 0xFF => return None,
        _ => {}
    }
    if before & state::LAST_WAS_E1 != 0 {
        // Pause sends E1 1D 45 and E1 9D C5: the last byte ends the prefix.
        if code & !SET_1_BREAK == scan::NUM_LOCK {
            context.update_u8(KEYBOARD_STATE, |value| value & !state::LAST_WAS_E1);
        }
        return if code == scan::NUM_LOCK { pause(context) } else { None };
    }
    let extended = before & state::LAST_WAS_E0 != 0;
    context.update_u8(KEYBOARD_STATE, |value| value & !state::LAST_WAS_E0);
    let scan = code & !SET_1_BREAK;
    if code & SET_1_BREAK == 0 {
        pressed(pc, context, scan, extended)
    } else {
        released(context, scan, extended)
    }
}

fn pressed(pc: &mut Pc, context: &mut Context<'_>, scan: u8, extended: bool) -> Afterwards {
    let flags = context.memory.read_u8(SHIFT_FLAGS);
    let (ctrl, alt) = (flags & shift::CTRL != 0, flags & shift::ALT != 0);
    let is_modifier = matches!(scan, scan::LEFT_SHIFT | scan::RIGHT_SHIFT | scan::CTRL | scan::ALT);
    if !is_modifier && context.memory.read_u8(SHIFT_KEYS) & held::PAUSE != 0 {
        // The key that ends a pause is no other.
        context.update_u8(SHIFT_KEYS, |keys| keys & !held::PAUSE);
        return None;
    }
    match scan {
        // E0 2A and E0 36 surround grey keys to undo Shift; they mean nothing by themselves.
        scan::LEFT_SHIFT | scan::RIGHT_SHIFT if extended => None,
        scan::LEFT_SHIFT | scan::RIGHT_SHIFT | scan::CTRL | scan::ALT => {
            hold_modifier(context, scan, extended);
            None
        }
        scan::CAPS_LOCK => toggle(context, shift::CAPS_LOCK, held::CAPS_LOCK),
        scan::SCROLL_LOCK if ctrl => Some(break_key(context)),
        scan::SCROLL_LOCK => toggle(context, shift::SCROLL_LOCK, held::SCROLL_LOCK),
        scan::NUM_LOCK if ctrl && !alt => pause(context),
        scan::NUM_LOCK => toggle(context, shift::NUM_LOCK, held::NUM_LOCK),
        scan::DELETE if ctrl && alt => {
            // What tells a BIOS to skip its memory test.
            context.memory.write_u16(0x472, 0x1234);
            pc.end.get_or_insert(End::Reboot(RebootCause::CtrlAltDel));
            None
        }
        scan::PRINT_SCREEN if extended && !ctrl && !alt => Some(rom::PRINT_SCREEN),
        scan::SYSTEM_REQUEST => {
            context.update_u8(SHIFT_KEYS, |keys| keys | held::SYSTEM_REQUEST);
            Some(rom::SYSTEM_REQUEST_DOWN)
        }
        _ => {
            if scan == scan::INSERT {
                insert(context, flags, extended);
            }
            store(context, scan, extended, flags);
            None
        }
    }
}

/// Ins toggles its flag when it stands for Ins and not for the digit 0.
fn insert(context: &mut Context<'_>, flags: u8, extended: bool) {
    let shifted = flags & (shift::LEFT | shift::RIGHT) != 0;
    let is_digit = !extended && shifted != (flags & shift::NUM_LOCK != 0);
    if !is_digit && flags & (shift::ALT | shift::CTRL) == 0 {
        toggle(context, shift::INSERT, held::INSERT);
    }
}

fn released(context: &mut Context<'_>, scan: u8, extended: bool) -> Afterwards {
    let release = |context: &mut Context<'_>, bit: u8| context.update_u8(SHIFT_KEYS, |keys| keys & !bit);
    match scan {
        scan::LEFT_SHIFT | scan::RIGHT_SHIFT if extended => {}
        scan::LEFT_SHIFT => context.update_u8(SHIFT_FLAGS, |flags| flags & !shift::LEFT),
        scan::RIGHT_SHIFT => context.update_u8(SHIFT_FLAGS, |flags| flags & !shift::RIGHT),
        scan::CTRL => release_pair(context, extended, held::LEFT_CTRL, state::RIGHT_CTRL, shift::CTRL),
        scan::ALT => {
            release_pair(context, extended, held::LEFT_ALT, state::RIGHT_ALT, shift::ALT);
            store_alt_number(context);
        }
        scan::CAPS_LOCK => release(context, held::CAPS_LOCK),
        scan::NUM_LOCK => release(context, held::NUM_LOCK),
        scan::SCROLL_LOCK => release(context, held::SCROLL_LOCK),
        scan::INSERT => release(context, held::INSERT),
        scan::SYSTEM_REQUEST => {
            release(context, held::SYSTEM_REQUEST);
            return Some(rom::SYSTEM_REQUEST_UP);
        }
        _ => {}
    }
    None
}

fn hold_modifier(context: &mut Context<'_>, scan: u8, right: bool) {
    let (flag, left_bit, right_bit) = match scan {
        scan::LEFT_SHIFT => (shift::LEFT, 0, 0),
        scan::RIGHT_SHIFT => (shift::RIGHT, 0, 0),
        scan::CTRL => (shift::CTRL, held::LEFT_CTRL, state::RIGHT_CTRL),
        _ => (shift::ALT, held::LEFT_ALT, state::RIGHT_ALT),
    };
    context.update_u8(SHIFT_FLAGS, |flags| flags | flag);
    if right {
        context.update_u8(KEYBOARD_STATE, |value| value | right_bit);
    } else {
        context.update_u8(SHIFT_KEYS, |keys| keys | left_bit);
    }
}

/// Ctrl and Alt exist twice: the flag falls when neither is held.
fn release_pair(context: &mut Context<'_>, right: bool, left_bit: u8, right_bit: u8, flag: u8) {
    if right {
        context.update_u8(KEYBOARD_STATE, |value| value & !right_bit);
    } else {
        context.update_u8(SHIFT_KEYS, |keys| keys & !left_bit);
    }
    let left_held = context.memory.read_u8(SHIFT_KEYS) & left_bit != 0;
    let right_held = context.memory.read_u8(KEYBOARD_STATE) & right_bit != 0;
    if !left_held && !right_held {
        context.update_u8(SHIFT_FLAGS, |flags| flags & !flag);
    }
}

/// A lock key goes down: its flag changes once, however often the keyboard repeats it.
fn toggle(context: &mut Context<'_>, flag: u8, held_bit: u8) -> Afterwards {
    if context.memory.read_u8(SHIFT_KEYS) & held_bit == 0 {
        context.update_u8(SHIFT_FLAGS, |flags| flags ^ flag);
        context.update_u8(SHIFT_KEYS, |keys| keys | held_bit);
        let leds = context.memory.read_u8(SHIFT_FLAGS) >> 4 & 7;
        context.update_u8(KEYBOARD_LEDS, |value| value & !7 | leds);
    }
    None
}

/// Pause, or Ctrl and Num Lock: nothing goes on but interrupts until another key goes down.
fn pause(context: &mut Context<'_>) -> Afterwards {
    context.update_u8(SHIFT_KEYS, |keys| keys | held::PAUSE);
    Some(rom::PAUSE)
}

/// Ctrl-Break empties the buffer, leaves a key without code and calls INT 1Bh.
fn break_key(context: &mut Context<'_>) -> u16 {
    context.update_u8(BREAK, |value| value | 0x80);
    int16_keys::flush(context.memory);
    int16_keys::put(context.memory, 0x0000);
    rom::BREAK_HOOK
}

/// Puts the key's code into the buffer; a full buffer loses it.
fn store(context: &mut Context<'_>, scan: u8, extended: bool, flags: u8) {
    if flags & shift::ALT != 0
        && !extended
        && let Some(digit) = key_table::keypad_digit(scan)
    {
        return context.update_u8(ALT_NUMBER, |number| number.wrapping_mul(10).wrapping_add(digit));
    }
    let Some(codes) = key_table::codes(scan, extended) else { return };
    let lock = key_table::is_letter(scan) && flags & shift::CAPS_LOCK != 0
        || !extended && key_table::is_keypad(scan) && flags & shift::NUM_LOCK != 0;
    let shifted = (flags & (shift::LEFT | shift::RIGHT) != 0) != lock;
    let code = if flags & shift::ALT != 0 {
        codes.alt
    } else if flags & shift::CTRL != 0 {
        codes.ctrl
    } else if shifted {
        codes.shift
    } else {
        codes.plain
    };
    if code != 0 {
        int16_keys::put(context.memory, code);
    }
}

/// Alt comes up: the number entered on the keypad meanwhile is a character.
fn store_alt_number(context: &mut Context<'_>) {
    let number = context.memory.read_u8(ALT_NUMBER);
    if number != 0 {
        context.memory.write_u8(ALT_NUMBER, 0);
        int16_keys::put(context.memory, u16::from(number));
    }
}

#[cfg(test)]
#[path = "int09_tests.rs"]
mod tests;
