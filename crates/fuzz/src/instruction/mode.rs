//! The way into protected mode, with a descriptor table that is flat, or odd, or random.

use super::operand::value_32;
use crate::program::Program;
use vmx::mutate::random::Random;

/// Descriptors: null, code, data, and two that a guest may try.
const DESCRIPTORS: usize = 5;

/// Access byte and flags.
const CODE_16: u64 = 0x0000_9B00_0000_FFFF;
const CODE_32: u64 = 0x00CF_9B00_0000_FFFF;
const DATA: u64 = 0x00CF_9300_0000_FFFF;

/// Enters protected mode: LGDT, CR0.PE, mostly a far jump and new segments, sometimes paging.
pub fn enter_protected(random: &mut Random, program: &mut Program) {
    let mut table = [[0; 8]; DESCRIPTORS];
    table[1] = random.pick(&[CODE_16, CODE_16, CODE_32]).to_le_bytes();
    table[2] = DATA.to_le_bytes();
    for descriptor in &mut table[3..] {
        // Any type, any level, any base.
        *descriptor = (random.next() | 1 << 47).to_le_bytes();
    }
    if random.one_in(4) {
        let (index, bit) = (1 + random.below(2), random.below(64));
        table[index][bit / 8] ^= 1 << (bit % 8);
    }
    let Some(base) = program.put_data(table.as_flattened()) else { return };
    let ([limit, _], [low, high]) = (((8 * DESCRIPTORS - 1) as u16).to_le_bytes(), base.to_le_bytes());
    let Some(pointer) = program.put_data(&[limit, 0, low, high, 0, 0]) else { return };
    let [low, high] = pointer.to_le_bytes();
    // cli; lgdt [pointer]; mov eax, cr0; or al, 1; mov cr0, eax
    program.put(&[0xFA, 0x0F, 0x01, 0x16, low, high, 0x0F, 0x20, 0xC0, 0x0C, 0x01, 0x0F, 0x22, 0xC0]);
    if random.one_in(4) {
        return;
    }
    // jmp 8:next
    let [low, high] = (program.here() + 5).to_le_bytes();
    program.put(&[0xEA, low, high, 8, 0]);
    if random.one_in(2) {
        program.load_segment(3, 0x10);
        program.put(&[0x8E, 0xD0, 0x8E, 0xC0]);
    }
    if random.one_in(3) {
        // lldt, ltr, str
        program.load(0, random.pick(&[0x18, 0x20, 0, 8]));
        program.put(&[0x0F, 0x00, random.pick(&[0xD0, 0xD8, 0xC8])]);
    }
    if random.one_in(4) {
        // Page tables are what lies there. mov cr3, eax; mov eax, cr0; or eax, 80000000h; mov cr0, eax
        program.load_32(0, value_32(random) & 0x1F_FFFF);
        program.put(&[0x0F, 0x22, 0xD8, 0x0F, 0x20, 0xC0, 0x66, 0x0D, 0, 0, 0, 0x80, 0x0F, 0x22, 0xC0]);
    }
}
