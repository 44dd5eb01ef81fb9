//! Mutations of programs of the corpus: a window of a file, changed in a few places.

use super::corpus::Corpus;
use super::instruction::{one, value_16};
use super::program::{PROGRAM_BYTES, Program, SECTOR_BYTES};
use vmx::mutate::random::Random;

/// A mutated program.
pub fn write(random: &mut Random, program: &mut Program, corpus: &Corpus) {
    let file = corpus.file(random.below(corpus.count()));
    // Mostly its start: a boot sector, or the start of a .COM file.
    let surplus = file.len().saturating_sub(PROGRAM_BYTES);
    let offset = if surplus > 0 && random.one_in(3) { random.below(surplus + 1) } else { 0 };
    program.put(&file[offset..]);
    for _ in 0..random.below(12) {
        change(random, program);
    }
}

fn change(random: &mut Random, program: &mut Program) {
    let code = program.code_mut();
    if code.is_empty() {
        return;
    }
    let at = random.below(code.len());
    match random.below(7) {
        0 => code[at] ^= 1 << random.below(8),
        1 => code[at] = random.next() as u8,
        2 => {
            let value = value_16(random).to_le_bytes();
            code[at..].iter_mut().zip(value).for_each(|(byte, value)| *byte = value);
        }
        // A byte goes, a byte comes.
        3 => code[at..].rotate_left(1),
        4 => code[at..].rotate_right(1),
        // A stretch is copied elsewhere.
        5 => {
            let from = random.below(code.len());
            let length = (1 + random.below(16)).min(code.len() - from).min(code.len() - at);
            code.copy_within(from..from + length, at);
        }
        // An instruction of ours.
        _ => {
            let mut sector = [0; SECTOR_BYTES];
            let mut written = Program::new(&mut sector);
            one(random, &mut written);
            code[at..].iter_mut().zip(written.code_mut()).for_each(|(byte, value)| *byte = *value);
        }
    }
}
