//! Hostile programs: what `hyper86 fuzz` runs in a VM, and what may come of them.
//!
//! A program is a boot sector, so that a file of it can be booted and looked at. It is a pure function of a seed, a
//! number and the corpus. The host tool computes it, brings it to the VMM, and writes it to a file where it did what no
//! guest may; from the VMM nothing but outcomes come back.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod call;
mod corpus;
mod instruction;
mod mutate;
mod outcome;
mod plant;
mod program;
mod storm;

pub use corpus::Corpus;
pub use outcome::Outcome;
pub use plant::{PLANT_MAGIC, PLANT_PORT};
pub use program::{ORIGIN, PROGRAM_BYTES, SECTOR_BYTES};
pub use vmx::mutate::Sum;

use program::Program;
use vmx::mutate::random::Random;

/// Cases between two looks at what no guest may change.
pub const BATCH: u64 = 256;

/// How a program came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Bytes drawn one by one.
    Bytes,
    /// Instructions that a VMM has to care about, with prefixes, at the ends of segments.
    Sequence,
    /// I/O on every port.
    Storm,
    /// BIOS services with odd registers, and buffers at the ends of segments.
    Calls,
    /// A program of the corpus, mutated.
    Mutation,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Bytes, Self::Sequence, Self::Storm, Self::Calls, Self::Mutation];

    /// For people, and as a name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bytes => "random-bytes",
            Self::Sequence => "sequences",
            Self::Storm => "port-storms",
            Self::Calls => "bios-calls",
            Self::Mutation => "mutations",
        }
    }

    fn draw(random: &mut Random, corpus: &Corpus) -> Self {
        match random.below(16) {
            0..2 => Self::Bytes,
            2..8 => Self::Sequence,
            8..10 => Self::Storm,
            10..13 => Self::Calls,
            _ if corpus.is_empty() => Self::Sequence,
            _ => Self::Mutation,
        }
    }
}

/// What programs are drawn from.
#[derive(Clone, Copy, Debug)]
pub struct Cases<'a> {
    /// Chooses all of them.
    pub seed: u64,
    /// What mutations start from.
    pub corpus: Corpus<'a>,
    /// The case that holds the [planted](PLANT_PORT) instructions.
    pub planted: Option<u64>,
}

impl Cases<'_> {
    /// Writes program `number` into a boot sector.
    pub fn make(&self, sector: &mut [u8; SECTOR_BYTES], number: u64) -> Kind {
        let random = &mut Random::new(self.seed, number);
        let mut program = Program::new(sector);
        if self.planted == Some(number) {
            plant::write(random, &mut program);
            return Kind::Sequence;
        }
        let kind = Kind::draw(random, &self.corpus);
        match kind {
            Kind::Bytes => bytes(random, &mut program),
            Kind::Sequence => instruction::sequence(random, &mut program),
            Kind::Storm => storm::write(random, &mut program),
            Kind::Calls => call::write(random, &mut program),
            Kind::Mutation => mutate::write(random, &mut program, &self.corpus),
        }
        kind
    }
}

/// Bytes drawn one by one. What follows them is zeros, `add [bx+si], al`.
fn bytes(random: &mut Random, program: &mut Program) {
    let length = 1 + random.below(PROGRAM_BYTES);
    while program.length() < length {
        program.put(&random.next().to_le_bytes());
        if program.room() < 8 {
            break;
        }
    }
}

#[cfg(test)]
mod tests;
