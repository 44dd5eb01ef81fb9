//! The hunt: boot after boot, two or more machines side by side where there are processors, until all programs were
//! tried. A boot that ends early is followed by one that starts behind the program that ended it.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;

use fuzz::{BATCH, Cases, Kind, Outcome, SECTOR_BYTES};

use super::boot::{Batch, Bench, End, PATIENCE, Seen};
use crate::status::{Failure, Status};

/// Programs of one boot, at most: what has to be run again where damage needs everything that came before it.
const BOOT: u64 = 32_768;

/// A boot costs as much as so many programs.
const WORTH_A_BOOT: u64 = 4_096;

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
    /// The signal that ended the hunt before its end.
    pub signal: Option<u8>,
}

impl Tally {
    /// Adds what came of the programs behind those that it holds.
    fn add(&mut self, portion: Portion, cases: &Cases) {
        self.backend = portion.backend;
        for (kind, outcome, said) in portion.tried {
            if self.is_given_up() {
                return;
            }
            if outcome.is_finding() {
                let (case, mut sector) = (self.tried, [0; SECTOR_BYTES]);
                cases.make(&mut sector, case);
                self.findings.push(Finding { case, kind, outcome, said, sector });
            }
            self.tried += 1;
            self.sum.add(outcome.to_byte());
            *self.outcomes.entry(outcome).or_default() += 1;
            *self.kinds.entry(kind.name()).or_default() += 1;
        }
    }

    /// Whether the hunt was given up.
    pub fn is_given_up(&self) -> bool {
        self.findings.len() >= MOST_FINDINGS
    }
}

/// Tries programs 0 to `count`, tells of each portion that was added, and of the portions in order, whatever the number
/// of machines.
///
/// # Errors
/// Status 3: the machine or the VMM refuses.
pub fn hunt(
    bench: &Bench,
    cases: Cases,
    count: u64,
    mut progress: impl FnMut(&Tally),
) -> Result<Tally, Failure> {
    let portions = portions(count);
    let machines = thread::available_parallelism().map_or(1, NonZero::get).min(portions.len());
    let waiting = Mutex::new(portions.iter().cloned().enumerate());
    let (done, results) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..machines {
            let (waiting, done) = (&waiting, done.clone());
            scope.spawn(move || {
                while let Some((index, range)) = next(waiting) {
                    // Nobody listens any more once enough was found.
                    if done.send((index, portion(bench, &cases, range))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        let (mut tally, mut early) = (Tally::default(), BTreeMap::new());
        for index in 0..portions.len() {
            while !early.contains_key(&index) {
                // A machine's thread that panics ends this one, too.
                let Ok((other, result)) = results.recv() else { break };
                early.insert(other, result);
            }
            let Some(result) = early.remove(&index) else { break };
            match result {
                Ok(portion) => tally.add(portion, &cases),
                Err(Failure { status: Status::Interrupted(signal), .. }) => {
                    tally.signal = Some(signal);
                    break;
                }
                Err(failure) => return Err(failure),
            }
            progress(&tally);
            if tally.is_given_up() {
                break;
            }
        }
        Ok(tally)
    })
}

fn next<T>(waiting: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    waiting.lock().ok()?.next()
}

/// Which programs are tried in one boot. It does not depend on the machines, so that outcomes do not.
fn portions(count: u64) -> Vec<Range<u64>> {
    let boots = count.div_ceil(BOOT).max(if count < 2 * WORTH_A_BOOT { 1 } else { 2 });
    let length = count.div_ceil(boots).next_multiple_of(BATCH);
    (0..count).step_by(length as usize).map(|first| first..count.min(first + length)).collect()
}

/// What came of some of the programs.
#[derive(Default)]
struct Portion {
    backend: String,
    tried: Vec<(Kind, Outcome, String)>,
}

/// Tries the programs of a range.
fn portion(bench: &Bench, cases: &Cases, range: Range<u64>) -> Result<Portion, Failure> {
    let mut portion = Portion::default();
    let (kinds, programs) = draw(cases, range);
    while portion.tried.len() < programs.len() && findings(&portion) < MOST_FINDINGS {
        let first = portion.tried.len();
        let programs = &programs[first..];
        let seen = bench.boot(batch(programs))?;
        let culprit = culprit(bench, programs, &seen)?;
        let trusted = culprit.as_ref().map_or(seen.outcomes.len(), |(index, ..)| *index);
        let outcomes = seen.outcomes.iter().enumerate().take(trusted);
        let outcomes = outcomes.map(|(index, outcome)| (*outcome, seen.said_of(index)));
        let outcomes = outcomes.chain(culprit.map(|(_, outcome, said)| (outcome, said)));
        let tried = kinds[first..].iter().zip(outcomes).map(|(kind, (outcome, said))| (*kind, outcome, said));
        portion.tried.extend(tried);
        portion.backend = seen.backend;
    }
    Ok(portion)
}

fn findings(portion: &Portion) -> usize {
    portion.tried.iter().filter(|(_, outcome, _)| outcome.is_finding()).count()
}

fn draw(cases: &Cases, range: Range<u64>) -> (Vec<Kind>, Vec<[u8; SECTOR_BYTES]>) {
    let draw = |number| {
        let mut sector = [0; SECTOR_BYTES];
        (cases.make(&mut sector, number), sector)
    };
    range.map(draw).unzip()
}

fn batch(programs: &[[u8; SECTOR_BYTES]]) -> Batch<'_> {
    Batch { programs, batch: BATCH, patience: PATIENCE }
}

/// The program that ended a boot, counted from its first, and what it did.
fn culprit(
    bench: &Bench,
    programs: &[[u8; SECTOR_BYTES]],
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
            let index = bisect(bench, &programs[..run])?;
            Some((index, Outcome::Damaged, seen.said_of(run)))
        }
    })
}

/// Which of the programs damages memory, of which the last batch does: the last of the shortest run after which memory is
/// not whole. It is looked for from the batch's start, or else from the boot's.
fn bisect(bench: &Bench, programs: &[[u8; SECTOR_BYTES]]) -> Result<usize, Failure> {
    let last = programs.len().saturating_sub(1);
    for start in [last / BATCH as usize * BATCH as usize, 0] {
        let damages = |length: usize| -> Result<bool, Failure> {
            let seen = bench.boot(batch(&programs[start..start + length]))?;
            Ok(seen.end != End::Complete)
        };
        // Whole after `whole` programs, not whole after `damaged`.
        let (mut whole, mut damaged) = (0, programs.len() - start);
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
        return Ok(start + damaged - 1);
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_cover_all_programs_in_whole_batches() {
        for count in [1, 255, 600, 8_191, 8_192, 20_000, 65_537, 1_000_000] {
            let portions = portions(count);
            assert_eq!((portions[0].start, portions[portions.len() - 1].end), (0, count));
            assert!(portions.windows(2).all(|pair| pair[0].end == pair[1].start), "{portions:?}");
            let (last, others) = portions.split_last().unwrap();
            assert!(others.iter().all(|portion| (portion.end - portion.start) % BATCH == 0), "{portions:?}");
            assert!(!last.is_empty() && portions.iter().all(|portion| portion.end - portion.start <= BOOT));
        }
        assert_eq!((portions(8_191).len(), portions(8_192).len(), portions(20_000).len()), (1, 2, 2));
    }
}
