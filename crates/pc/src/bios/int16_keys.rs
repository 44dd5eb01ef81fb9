//! INT 16h: keys from the buffer in the data area.

use super::data_area::*;
use super::{Context, rom};
use crate::Pc;
use crate::device::typematic::DEFAULT as DEFAULT_TYPEMATIC;
use v8086::GuestMemory;

/// Scan codes above this one came with the 101-key keyboard.
const LAST_OLD_SCAN: u8 = 0x84;
/// The character of a grey key, and the scan code of a key on the keypad's grey side.
const GREY: u8 = 0xE0;
/// The character of a new key combination that has none.
const NEW_COMBINATION: u8 = 0xF0;

/// Whom a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyboard {
    /// Programs that know the 83 keys of the PC.
    Old,
    /// Programs that know the 101-key keyboard.
    Enhanced,
}

pub(super) fn service(pc: &mut Pc, context: &mut Context<'_>) {
    let general = *context.registers();
    match general.ah() {
        0x00 => read(context, Keyboard::Old),
        0x01 => peek(context, Keyboard::Old),
        0x02 => {
            let flags = context.memory.read_u8(SHIFT_FLAGS);
            context.registers().set_al(flags);
        }
        // Typematic rate and delay; the default ones.
        0x03 if general.al() == 0x05 => {
            pc.devices.keyboard.set_typematic((general.bh() & 3) << 5 | general.bl() & 0x1F);
        }
        0x03 if general.al() == 0x00 => pc.devices.keyboard.set_typematic(DEFAULT_TYPEMATIC),
        0x03 => {}
        0x05 => {
            let stored = put(context.memory, general.cx());
            context.registers().set_al(u8::from(!stored));
        }
        // What the keyboard can do: typematic rate, enhanced calls.
        0x09 => context.registers().set_al(0x30),
        // The keyboard's identification.
        0x0A => context.registers().set_bx(0x41AB),
        0x10 => read(context, Keyboard::Enhanced),
        0x11 => peek(context, Keyboard::Enhanced),
        0x12 => {
            let [flags, keys, right] =
                [SHIFT_FLAGS, SHIFT_KEYS, KEYBOARD_STATE].map(|address| context.memory.read_u8(address));
            context.registers().set_ax(all_shift_flags(flags, keys, right));
        }
        // Whether there is a keyboard of 101 and of 122 keys: the first changes AH.
        0x92 => context.registers().set_ah(0x80),
        0xA2 => {}
        _ => pc.refuse(context, 0x16),
    }
}

/// AH=12h: AL as for AH=02h, and more in AH: SysRq moves to bit 7; right Ctrl and Alt come in.
pub(super) const fn all_shift_flags(flags: u8, keys: u8, right: u8) -> u16 {
    u16::from_le_bytes([flags, keys & 0x73 | (keys & 0x04) << 5 | right & 0x0C])
}

/// Waits for a key by sleeping in the ROM until an interrupt came, so that the guest's own handlers run meanwhile.
fn read(context: &mut Context<'_>, keyboard: Keyboard) {
    match next_key(context.memory, keyboard) {
        Some(key) => {
            take(context.memory);
            context.registers().set_ax(key);
        }
        None => context.continue_at(rom::KEY_WAIT),
    }
}

fn peek(context: &mut Context<'_>, keyboard: Keyboard) {
    let key = next_key(context.memory, keyboard);
    context.set_zero(key.is_none());
    if let Some(key) = key {
        context.registers().set_ax(key);
    }
}

/// The next key for `keyboard`; keys that an old program can't know are dropped on the way.
fn next_key(memory: &mut dyn GuestMemory, keyboard: Keyboard) -> Option<u16> {
    while !super::keyboard_buffer_is_empty(memory) {
        let head = memory.read_u16(KEY_HEAD);
        let key = memory.read_u16(COM_PORTS + u32::from(head));
        if let Some(key) = translate(key, keyboard) {
            return Some(key);
        }
        take(memory);
    }
    None
}

/// A key as `keyboard` knows it.
pub(super) fn translate(key: u16, keyboard: Keyboard) -> Option<u16> {
    let [character, scan] = key.to_le_bytes();
    match keyboard {
        Keyboard::Enhanced if character == NEW_COMBINATION && scan != 0 => {
            Some(u16::from_le_bytes([0, scan]))
        }
        Keyboard::Enhanced => Some(key),
        // The grey Enter and slash look like their elder twins.
        Keyboard::Old if scan == GREY => {
            Some(u16::from_le_bytes([character, if character == b'/' { 0x35 } else { 0x1C }]))
        }
        Keyboard::Old if scan > LAST_OLD_SCAN || character == NEW_COMBINATION && scan != 0 => None,
        Keyboard::Old if character == GREY && scan != 0 => Some(u16::from_le_bytes([0, scan])),
        Keyboard::Old => Some(key),
    }
}

/// The place in the buffer after `place`.
fn after(memory: &dyn GuestMemory, place: u16) -> u16 {
    let next = place.wrapping_add(2);
    if next >= memory.read_u16(KEY_BUFFER_LAST) { memory.read_u16(KEY_BUFFER_FIRST) } else { next }
}

fn take(memory: &mut dyn GuestMemory) {
    let next = after(memory, memory.read_u16(KEY_HEAD));
    memory.write_u16(KEY_HEAD, next);
}

/// Appends a key; false if the buffer is full.
pub(super) fn put(memory: &mut dyn GuestMemory, key: u16) -> bool {
    let tail = memory.read_u16(KEY_TAIL);
    let next = after(memory, tail);
    if next == memory.read_u16(KEY_HEAD) {
        return false;
    }
    memory.write_u16(COM_PORTS + u32::from(tail), key);
    memory.write_u16(KEY_TAIL, next);
    true
}

/// Empties the buffer.
pub(super) fn flush(memory: &mut dyn GuestMemory) {
    let first = memory.read_u16(KEY_BUFFER_FIRST);
    memory.write_u16(KEY_HEAD, first);
    memory.write_u16(KEY_TAIL, first);
}

#[cfg(test)]
#[path = "int16_tests.rs"]
mod tests;
