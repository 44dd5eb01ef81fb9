//! Instructions that a VMM has to care about: privileged, prefixed, string I/O, far transfers, ends of segments, tables,
//! traps; between them ordinary ones, so that their operands change.

mod memory;
mod mode;
mod operand;
mod privileged;
mod segments;

pub use operand::{segment, value_16, value_32};

use super::program::{ORIGIN, PROGRAM_BYTES, Program};
use super::storm;
use vmx::mutate::random::Random;

/// The longest piece that [`one`] writes, in bytes.
const LONGEST: usize = 40;

/// A program of such instructions.
pub fn sequence(random: &mut Random, program: &mut Program) {
    if !random.one_in(4) {
        trap_handlers(random, program);
    }
    if random.one_in(8) {
        mode::enter_protected(random, program);
    }
    let start = program.here();
    while program.room() > LONGEST {
        one(random, program);
    }
    match random.below(4) {
        // jmp start
        0 | 1 => {
            let [low, high] = start.wrapping_sub(program.here() + 3).to_le_bytes();
            program.put(&[0xE9, low, high]);
        }
        // cli; hlt
        2 => program.put(&[0xFA, 0xF4]),
        // What comes, comes: zeros are `add [bx+si], al`.
        _ => {}
    }
}

/// One instruction, or a few that belong together.
pub fn one(random: &mut Random, program: &mut Program) {
    if random.one_in(5) {
        prefixes(random, program);
    }
    match random.below(21) {
        0..4 => privileged::one(random, program),
        4..6 => string_io(random, program),
        6..8 => far_transfer(random, program),
        8..11 => segments::edge(random, program),
        11 => segments::tables(random, program),
        12 => flags(random, program),
        13 => vector(random, program),
        14 => jump(random, program),
        15 => {
            // A port by number or by DX.
            program.load(2, storm::port(random));
            let code = random.pick(&[0xE4, 0xE5, 0xE6, 0xE7, 0xEC, 0xED, 0xEE, 0xEF]);
            program.put(&[code, random.next() as u8][..if code < 0xEC { 2 } else { 1 }]);
        }
        16 => program.load(random.below(8) as u8, value_16(random)),
        17 => program.load_32(random.below(8) as u8, value_32(random)),
        18 => memory::one(random, program),
        _ => ordinary(random, program),
    }
}

/// Lets every exception return behind its instruction, more or less: a handler that adds one to three to the saved IP,
/// in vectors 0 to 11h. Without it most programs end at their first fault.
pub fn trap_handlers(random: &mut Random, program: &mut Program) {
    let step = 1 + random.below(3) as u8;
    // push bp; mov bp, sp; add word [bp+2], step; pop bp; iret
    let handler = [0x55, 0x89, 0xE5, 0x83, 0x46, 0x02, step, 0x5D, 0xCF];
    let Some(handler) = program.put_data(&handler) else { return };
    // xor di, di; xor bx, bx
    program.put(&[0x31, 0xFF, 0x31, 0xDB]);
    program.load(1, random.pick(&[8, 0x12, 0x20]));
    program.load(0, handler);
    // stosw; mov [di], bx; inc di; inc di; loop back
    program.put(&[0xAB, 0x89, 0x1D, 0x47, 0x47, 0xE2, 0xF9]);
}

/// One to three prefixes.
fn prefixes(random: &mut Random, program: &mut Program) {
    const PREFIXES: [u8; 11] = [0x66, 0x66, 0x67, 0xF0, 0xF2, 0xF3, 0x2E, 0x36, 0x3E, 0x26, 0x64];
    (0..1 + random.below(3)).for_each(|_| program.put(&[random.pick(&PREFIXES)]));
}

/// INS or OUTS, repeated or not, with indices and counts at the edges.
fn string_io(random: &mut Random, program: &mut Program) {
    program.load(2, storm::port(random));
    program.load(1, if random.one_in(2) { random.below(0x80) as u16 } else { value_16(random) });
    if random.one_in(2) {
        program.load(random.pick(&[6, 7]), value_16(random));
    }
    if random.one_in(4) {
        // ECX, ESI or EDI, with a 67h below.
        program.load_32(random.pick(&[1, 6, 7]), value_32(random));
    }
    // cld or std
    program.put(&[0xFC | random.one_in(3) as u8]);
    for prefix in [0x66, 0x67, 0x2E, 0x64, 0x36] {
        if random.one_in(4) {
            program.put(&[prefix]);
        }
    }
    if !random.one_in(4) {
        program.put(&[0xF2 | random.one_in(2) as u8]);
    }
    program.put(&[0x6C | random.below(4) as u8]);
}

/// An address of the program itself, mostly.
fn target(random: &mut Random) -> u16 {
    if random.one_in(4) { value_16(random) } else { ORIGIN + random.below(PROGRAM_BYTES) as u16 }
}

/// JMP, CALL and RET between segments, IRET, INT n.
fn far_transfer(random: &mut Random, program: &mut Program) {
    let ([a, b], selector) = (target(random).to_le_bytes(), segment(random));
    let [c, d] = (if random.one_in(2) { 0 } else { selector }).to_le_bytes();
    match random.below(10) {
        0 => program.put(&[0xEA, a, b, c, d]),
        1 => program.put(&[0x9A, a, b, c, d]),
        // push word segment; push word offset; retf, or retf n
        2 => program.put(&[0x68, c, d, 0x68, a, b, 0xCB]),
        3 => program.put(&[0x68, c, d, 0x68, a, b, 0xCA, a, b]),
        // pushf; push; push; iret
        4 => program.put(&[0x9C, 0x68, c, d, 0x68, a, b, 0xCF]),
        // call or jmp far [address]
        5 => program.put(&[0xFF, random.pick(&[0x1E, 0x2E]), a, b]),
        // retfd, iretd
        6 => program.put(&[0x66, random.pick(&[0xCB, 0xCF])]),
        7 => program.put(&[0x66, 0xEA, a, b, random.next() as u8 & random.next() as u8, 0, c, d]),
        8 => program.put(&[random.pick(&[0xCC, 0xCE, 0xF1])]),
        _ => program.put(&[0xCD, random.next() as u8]),
    }
}

/// Flags: TF, NT, AC, IOPL, VM and the rest, by POPF, POPFD and SAHF.
fn flags(random: &mut Random, program: &mut Program) {
    let value = match random.below(4) {
        0 => 0x100,
        1 => 0x4_0000,
        2 => 0x4000,
        _ => value_32(random),
    };
    let [a, b, c, d] = value.to_le_bytes();
    match random.below(4) {
        // push word; popf
        0 | 1 => program.put(&[0x68, a, b, 0x9D]),
        // push dword; popfd
        2 => program.put(&[0x66, 0x68, a, b, c, d, 0x66, 0x9D]),
        _ => program.put(&[0xB4, a, 0x9E]),
    }
}

/// A vector of the interrupt table, set to somewhere.
fn vector(random: &mut Random, program: &mut Program) {
    let number = random.pick(&[0, 1, 3, 4, 5, 6, 7, 8, 9, 12, 13, 16, 17, 0x1C, 0x20, 0x70]);
    program.store(number * 4, target(random));
    if random.one_in(2) {
        program.store(number * 4 + 2, segment(random));
    }
}

fn jump(random: &mut Random, program: &mut Program) {
    let distance = random.next() as u8 & 0x3F;
    let distance = if random.one_in(3) { distance.wrapping_neg() } else { distance };
    match random.below(4) {
        0 => program.put(&[0xEB, distance]),
        1 => program.put(&[0xE0 | random.below(4) as u8, distance]),
        2 => program.put(&[0x70 | random.below(16) as u8, distance]),
        // jmp, or call, to a register's address
        _ => program.put(&[0xFF, random.pick(&[0xD0, 0xE0]) | random.below(8) as u8]),
    }
}

/// Arithmetic, moves, x87 and what the second opcode map has.
fn ordinary(random: &mut Random, program: &mut Program) {
    let draw = random.next().to_le_bytes();
    match random.below(8) {
        0 | 1 => program.put(&[draw[0] & 0x3B, draw[1] | 0xC0]),
        2 => program.put(&[0x80 | draw[0] & 0x0F, draw[1], draw[2], draw[3]]),
        3 => program.put(&[0xD8 | draw[0] & 7, draw[1], draw[2], draw[3]]),
        4 => program.put(&[0x0F, draw[0], draw[1], draw[2]]),
        5 => program.put(&[0xA4 | draw[0] & 0x0B]),
        6 => program.put(&[0x40 | draw[0] & 0x1F]),
        // div, idiv, bound, aam: what divides, and what checks
        _ => match draw[0] & 3 {
            0 => program.put(&[0xF7, 0xF0 | draw[1] & 0x0F]),
            1 => program.put(&[0x62, draw[1] & 0x3F, draw[2]]),
            2 => program.put(&[0xD4, draw[1] & 3]),
            _ => program.put(&[0xC8, draw[1], draw[2] & 3, draw[3]]),
        },
    }
}
