//! BIOS calls: every service, with odd registers, and buffers at the ends of segments.

use super::instruction::{segment, trap_handlers, value_16};
use super::program::Program;
use vmx::mutate::random::Random;

/// The interrupts that a BIOS serves, those of more functions more often.
const SERVICES: [u8; 24] = [
    0x10, 0x10, 0x10, 0x10, 0x13, 0x13, 0x13, 0x13, 0x15, 0x15, 0x15, 0x16, 0x1A, 0x14, 0x17, 0x11, 0x12,
    0x05, 0x08, 0x09, 0x1B, 0x1C, 0x70, 0x74,
];

/// Calls until the sector is full, then again from the start or a stop.
pub fn write(random: &mut Random, program: &mut Program) {
    if random.one_in(3) {
        trap_handlers(random, program);
    }
    let start = program.here();
    while program.room() > 64 {
        call(random, program);
    }
    if random.one_in(2) {
        // jmp start
        let [low, high] = start.wrapping_sub(program.here() + 3).to_le_bytes();
        program.put(&[0xE9, low, high]);
    } else {
        program.put(&[0xFA, 0xF4]);
    }
}

fn call(random: &mut Random, program: &mut Program) {
    let service = if random.one_in(40) { random.next() as u8 } else { random.pick(&SERVICES) };
    if random.one_in(2) {
        program.load_segment(random.pick(&[0, 3]), segment(random));
    }
    if service == 0x13 && random.one_in(3) {
        packet(random, program);
    }
    for register in [1, 2, 3, 5, 6, 7] {
        match random.below(4) {
            0 => {}
            1 => program.load(register, random.below(0x20) as u16),
            _ => program.load(register, value_16(random)),
        }
    }
    if service == 0x10 && !random.one_in(16) {
        // A count of characters, mostly. The greatest take a million instructions, in any BIOS.
        program.load(1, random.below(0x80) as u16);
    }
    if service == 0x13 && !random.one_in(4) {
        // A sector that exists, of a drive that exists, so that the transfer takes place.
        program.load(1, 1 + random.below(18) as u16);
        program.load(2, (random.below(2) as u16) << 8);
    }
    program
        .load(0, u16::from_be_bytes([function(random, service), random.next() as u8 & random.next() as u8]));
    program.put(&[0xCD, service]);
}

/// AH: most services have few functions, from 0 on.
fn function(random: &mut Random, service: u8) -> u8 {
    match (service, random.below(8)) {
        (_, 0) => random.next() as u8,
        (0x13, 1 | 2) => 0x41 + random.below(8) as u8,
        (0x13, 3 | 4) => random.pick(&[2, 3, 4, 5]),
        (0x15, _) => {
            random.pick(&[0x24, 0x4F, 0x83, 0x86, 0x87, 0x88, 0x89, 0xC0, 0xC1, 0xC2, 0xE8, 0x53, 0x90])
        }
        (0x10, _) => random.below(0x20) as u8,
        _ => random.below(0x18) as u8,
    }
}

/// The packet of an extended transfer, at 0:7E00, with DS:SI on it.
fn packet(random: &mut Random, program: &mut Program) {
    const PACKET: u16 = 0x7E00;
    program.load_segment(3, 0);
    let words = [
        0x0010,
        random.pick(&[0, 1, 2, 127, 128, 0xFFFF]),
        value_16(random),
        segment(random),
        random.below(3000) as u16,
        0,
    ];
    for (word, offset) in words.into_iter().zip((PACKET..).step_by(2)) {
        program.store(offset, word);
    }
    program.load(6, PACKET);
}
