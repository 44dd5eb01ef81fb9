//! I/O storms: a small loop that goes through the ports, or jumps about among them, with changing data.

use super::instruction::{trap_handlers, value_16, value_32};
use super::program::Program;
use vmx::mutate::random::Random;

/// Ports where devices are.
const DEVICES: [u16; 40] = [
    0x00, 0x08, 0x0F, 0x20, 0x21, 0x40, 0x41, 0x42, 0x43, 0x60, 0x61, 0x64, 0x70, 0x71, 0x80, 0x87, 0x92,
    0xA0, 0xA1, 0xC0, 0xD6, 0xE9, 0x1F0, 0x1F7, 0x2F8, 0x378, 0x3B4, 0x3C0, 0x3C4, 0x3C8, 0x3CE, 0x3D4,
    0x3DA, 0x3F2, 0x3F4, 0x3F5, 0x3F8, 0x3FA, 0xCF8, 0x8900,
];

/// A port, where something may be.
pub fn port(random: &mut Random) -> u16 {
    match random.below(8) {
        0 => random.next() as u16,
        1 => random.below(0x400) as u16,
        _ => random.pick(&DEVICES) + random.below(3) as u16,
    }
}

/// IN or OUT of DX, byte, word or doubleword.
fn access(random: &mut Random, program: &mut Program) {
    match random.below(6) {
        0 => program.put(&[0xEE]),
        1 => program.put(&[0xEF]),
        2 => program.put(&[0x66, 0xEF]),
        3 => program.put(&[0xEC]),
        4 => program.put(&[0xED]),
        _ => program.put(&[0x66, 0xED]),
    }
}

/// A storm.
pub fn write(random: &mut Random, program: &mut Program) {
    if random.one_in(2) {
        trap_handlers(random, program);
    }
    if random.one_in(3) {
        return single_accesses(random, program);
    }
    program.load(2, if random.one_in(2) { random.next() as u16 } else { port(random) });
    program.load_32(0, value_32(random));
    let start = program.length();
    (0..1 + random.below(4)).for_each(|_| access(random, program));
    // How the port changes from turn to turn.
    match random.below(4) {
        // inc dx
        0 => program.put(&[0x42]),
        // imul dx, dx, 5; add dx, odd: every port in its turn
        1 => program.put(&[0x6B, 0xD2, 0x05, 0x83, 0xC2, random.next() as u8 & 0x7E | 1]),
        // and dx, 3ffh; inc dx
        2 => program.put(&[0x81, 0xE2, 0xFF, 0x03, 0x42]),
        // add dx, value
        _ => {
            let [low, high] = value_16(random).to_le_bytes();
            program.put(&[0x81, 0xC2, low, high]);
        }
    }
    // How the data changes: not at all, inc ax, rol ax, 3; add ax, dx.
    match random.below(3) {
        0 => {}
        1 => program.put(&[0x40]),
        _ => program.put(&[0xC1, 0xC0, 0x03, 0x01, 0xD0]),
    }
    // jmp start
    let distance = (program.length() + 2 - start) as u8;
    program.put(&[0xEB, distance.wrapping_neg()]);
}

/// Accesses one by one, each with a port and data of its own.
fn single_accesses(random: &mut Random, program: &mut Program) {
    while program.room() > 16 {
        match random.below(4) {
            0 => program.load_32(0, value_32(random)),
            _ => program.load(0, random.next() as u16),
        }
        program.load(2, port(random));
        access(random, program);
    }
}
