//! The hunt: boot after boot, until all programs were tried. A boot that ends early is followed by one that starts
//! behind the program that ended it.

use std::collections::BTreeMap;

use fuzz::{BATCH, Cases, Kind, Outcome, SECTOR_BYTES};
use wire::Programs;

use super::boot::{Batch, Bench, End, PATIENCE, Seen};
use crate::status::Failure;

/// Programs of one boot: what has to be run again where damage needs everything that came before it.
const BOOT: u64 = 65_536;

/// A hunt that found so much ends.
pub const MOST_FINDINGS: usize = 16;

/// A program that did what no guest may.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Its number.
    pub case: u64,
    /// How it came about.
    pub kind: Kind,
    /// What it did.
    pub outcome: Outcome,
    /// What the VMM said.
    pub said: String,
    /// The program.
    pub sector: [u8; SECTOR_BYTES],
}

/// What came of all programs.
#[derive(Debug, Default)]
pub struct Tally {
    /// How many were tried.
    pub tried: u64,
    /// How often each outcome came.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// How often each kind of program was tried.
    pub kinds: BTreeMap<&'static str, u64>,
    /// A checksum over the outcomes, in order.
    pub sum: fuzz::Sum,
    /// The back-end.
    pub backend: String,
    /// What was found.
    pub findings: Vec<Finding>,
}

impl Tally {
    fn add(&mut self, cases: &Cases, case: u64, outcome: Outcome, said: String) {
        let mut sector = [0; SECTOR_BYTES];
        let kind = cases.make(&mut sector, case);
        self.tried += 1;
        self.sum.add(outcome.to_byte());
        *self.outcomes.entry(outcome).or_default() += 1;
        *self.kinds.entry(kind.name()).or_default() += 1;
        if outcome.is_finding() {
            self.findings.push(Finding { case, kind, outcome, said, sector });
        }
    }

    /// Whether the hunt was given up.
    pub fn is_given_up(&self) -> bool {
        self.findings.len() >= MOST_FINDINGS
    }
}

/// The programs to try.
#[derive(Clone, Copy)]
pub struct Range<'a> {
    /// Where they come from.
    pub cases: Cases<'a>,
    /// The bytes of the corpus.
    pub corpus: &'a [u8],
    /// How many.
    pub count: u64,
}

/// Tries them all.
///
/// # Errors
/// Status 3: the machine or the VMM refuses.
pub fn hunt(bench: &Bench, range: Range, mut progress: impl FnMut(&Tally)) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    while tally.tried < range.count && !tally.is_given_up() {
        let first = tally.tried;
        let count = BOOT.min(range.count - first);
        let seen = bench.boot(drawn(range, first, count))?;
        tally.backend.clone_from(&seen.backend);
        let culprit = culprit(bench, range, first, &seen)?;
        let trusted = culprit.as_ref().map_or(seen.outcomes.len(), |(index, ..)| *index);
        for (index, outcome) in seen.outcomes[..trusted.min(seen.outcomes.len())].iter().enumerate() {
            tally.add(&range.cases, first + index as u64, *outcome, seen.said_of(index));
        }
        if let Some((index, outcome, said)) = culprit {
            tally.add(&range.cases, first + index as u64, outcome, said);
        }
        progress(&tally);
    }
    Ok(tally)
}

fn drawn(range: Range<'_>, first: u64, count: u64) -> Batch<'_> {
    let Cases { seed, planted, .. } = range.cases;
    let programs = Programs::Drawn { seed, first, planted };
    Batch { programs, count, batch: BATCH, module: range.corpus, patience: PATIENCE }
}

/// The program that ended a boot, counted from its first, and what it did.
fn culprit(
    bench: &Bench,
    range: Range,
    first: u64,
    seen: &Seen,
) -> Result<Option<(usize, Outcome, String)>, Failure> {
    let run = seen.outcomes.len();
    let last = run.saturating_sub(1);
    Ok(match (&seen.end, seen.outcomes.last()) {
        (End::Complete, _) => None,
        // Its own look at registers and canaries found it out, and it stopped.
        (End::Lost, Some(outcome @ (Outcome::HostChanged | Outcome::CanaryWritten))) => {
            Some((last, *outcome, seen.said_of(last)))
        }
        (End::Lost, _) => Some((run, Outcome::Lost, seen.said_of(run))),
        (End::Damaged, _) => {
            let index = bisect(bench, range, first, run)?;
            Some((index, Outcome::Damaged, seen.said_of(run)))
        }
    })
}

/// Which of the programs from `first` on damages memory, of which the last batch of `run` does: the last of the
/// shortest run after which memory is not whole. It is looked for from the batch's start, or else from the boot's.
fn bisect(bench: &Bench, range: Range, first: u64, run: usize) -> Result<usize, Failure> {
    let start = (run.saturating_sub(1)) as u64 / BATCH * BATCH;
    for start in [start, 0] {
        let damages = |length: u64| -> Result<bool, Failure> {
            let seen = bench.boot(drawn(range, first + start, length))?;
            Ok(seen.end != End::Complete)
        };
        // Whole after `whole` programs, not whole after `damaged`.
        let (mut whole, mut damaged) = (0, run as u64 - start);
        if !damages(damaged)? {
            continue;
        }
        while damaged - whole > 1 {
            let middle = whole + (damaged - whole) / 2;
            if damages(middle)? {
                damaged = middle;
            } else {
                whole = middle;
            }
        }
        return Ok((start + damaged - 1) as usize);
    }
    Ok(run.saturating_sub(1))
}
