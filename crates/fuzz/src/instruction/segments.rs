//! The ends of segments, and the tables.

use super::operand::{segment, value_16, value_32};
use crate::program::{ORIGIN, Program};
use vmx::mutate::random::Random;

/// An access, a push or a jump at an end.
pub fn edge(random: &mut Random, program: &mut Program) {
    match random.below(12) {
        // mov ax, [value]; mov [value], eax
        0 => access(random, program),
        // A stack that wraps, or lies elsewhere; then pushes, calls, an interrupt.
        1 => {
            program.load(4, value_16(random));
            let pushes: [&[u8]; 6] =
                [&[0x50], &[0x60], &[0x66, 0x60], &[0x9C], &[0xCD, 0x1C], &[0xC8, 0x10, 0x00, 0x01]];
            program.put(random.pick(&pushes));
        }
        2 => {
            program.load_segment(2, segment(random));
            program.load(4, value_16(random));
        }
        // MOV SS again and again: each holds interrupts back for one instruction.
        3 => program.put(&[0x8C, 0xD0, 0x8E, 0xD0, 0x8E, 0xD0, 0x8E, 0xD0]),
        4 => program.load_segment(random.pick(&[0, 3, 4, 5]), segment(random)),
        // String instructions.
        5 | 6 => {
            program.load(6, value_16(random));
            program.load(7, value_16(random));
            program.load(1, if random.one_in(2) { random.below(0x40) as u16 } else { value_16(random) });
            program.put(&[0xFC | random.one_in(3) as u8]);
            let codes = [0xA4, 0xA5, 0xA6, 0xA7, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xAF];
            let repeat: &[u8] = if random.one_in(3) { &[] } else { &[0xF3] };
            program.put(repeat);
            program.put(&[random.pick(&codes)]);
        }
        // Code at the very end of the segment, and a jump to it.
        7 => {
            let place = 0xFFFF - random.below(4) as u16;
            let [low, high] = place.to_le_bytes();
            program.put(&[0xC6, 0x06, low, high, random.pick(&[0x90, 0xF4, 0xCD, 0x66, 0xE4, 0xFB, 0xCC])]);
            let [low, high] = place.wrapping_sub(program.here().wrapping_add(3)).to_le_bytes();
            program.put(&[0xE9, low, high]);
        }
        // The A20 gate: in al, 92h; xor al, 2; out 92h, al
        8 => program.put(&[0xE4, 0x92, 0x34, 0x02, 0xE6, 0x92]),
        // lss, les, lfs with an operand at an end
        9 => {
            let [low, high] = value_16(random).to_le_bytes();
            program.put(&[0x0F, random.pick(&[0xB2, 0xB4, 0xB5]), 0x26, low, high]);
        }
        // mov al, [eax + disp32] with a 67h
        10 => {
            program.put(&[0x67, 0x8A, 0x80]);
            program.put(&value_32(random).to_le_bytes());
        }
        // push and pop of segment registers
        _ => program.put(&[random.pick(&[0x06, 0x07, 0x0E, 0x16, 0x17, 0x1E, 0x1F])]),
    }
}

fn access(random: &mut Random, program: &mut Program) {
    let [low, high] = value_16(random).to_le_bytes();
    if random.one_in(2) {
        program.put(&[0x66]);
    }
    if random.one_in(3) {
        program.put(&[random.pick(&[0x26, 0x36, 0x64, 0x65])]);
    }
    program.put(&[0xA0 | random.below(4) as u8, low, high]);
}

/// LGDT, LIDT, SGDT and SIDT, with limits and bases at the edges.
pub fn tables(random: &mut Random, program: &mut Program) {
    const AT: u16 = ORIGIN + 0x200;
    program.store(AT, random.pick(&[0, 1, 3, 0x1F, 0x43, 0x3FF, 0x7FF, 0xFFFF]));
    let base =
        if random.one_in(3) { value_32(random) } else { random.pick(&[0, 0x7C00, 0xF_0000, 0x10_0000]) };
    program.store(AT + 2, base as u16);
    program.store(AT + 4, (base >> 16) as u16);
    let [low, high] = AT.to_le_bytes();
    if random.one_in(3) {
        program.put(&[0x66]);
    }
    program.put(&[0x0F, 0x01, random.pick(&[0x06, 0x0E, 0x16, 0x16, 0x1E, 0x1E]), low, high]);
}
