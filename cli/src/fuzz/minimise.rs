//! Makes a program that does what it must not as small as it gets: pieces of it are blanked out, in the engine, as long
//! as it still does the same.

use std::ops::Range;
use std::time::Duration;

use fuzz::{Outcome, PROGRAM_BYTES, SECTOR_BYTES};

use super::boot::{Batch, Bench, End};
use crate::status::Failure;

/// A program.
type Sector = [u8; SECTOR_BYTES];

/// `nop`.
const BLANK: u8 = 0x90;

/// Boots that the pieces between the ends of one program may cost.
const MOST_BOOTS: usize = 80;

/// Bytes by which ends are cut off: first coarsely, then finely.
const STEPS: [usize; 2] = [16, 1];

/// A VMM that is silent for so long at one of a few programs has hung, in time of the processor.
const PATIENCE: Duration = Duration::from_secs(3);

/// The first of `programs`, each in a VM after the other, that does what it must not, with what it does.
///
/// # Errors
/// Status 3: the machine or the VMM refuses.
pub fn first_that_fails(bench: &Bench, programs: &[Sector]) -> Result<Option<(usize, Outcome)>, Failure> {
    let seen = bench.boot(Batch { programs, batch: 1, patience: PATIENCE })?;
    if let Some(index) = seen.outcomes.iter().position(|outcome| outcome.is_finding()) {
        return Ok(Some((index, seen.outcomes[index])));
    }
    let run = seen.outcomes.len();
    Ok(match seen.end {
        End::Complete => None,
        End::Damaged => Some((run.saturating_sub(1), Outcome::Damaged)),
        End::Lost => Some((run, Outcome::Lost)),
    })
}

/// A program as `sector` that does `outcome` by itself, with as little in it as can be found; `None` if even `sector`
/// does not do it by itself.
///
/// # Errors
/// As for [`first_that_fails`].
pub fn minimise(bench: &Bench, sector: &Sector, outcome: Outcome) -> Result<Option<Sector>, Failure> {
    // Of many candidates, one after the other in one boot, the first that still does it.
    let first = |candidates: &[Sector]| -> Result<Option<usize>, Failure> {
        let found = if candidates.is_empty() { None } else { first_that_fails(bench, candidates)? };
        Ok(found.filter(|(_, other)| *other == outcome).map(|(at, _)| at))
    };
    if first(&[*sector])?.is_none() {
        return Ok(None);
    }
    let mut best = *sector;
    // Both ends first, the most daring cut ahead of the others.
    for cut in [without_tail, without_head] {
        for step in STEPS {
            let candidates = cut(&best, step);
            if let Some(index) = first(&candidates)? {
                best = candidates[index];
            }
        }
    }
    let mut boots = 0;
    let mut size = 32;
    while size > 0 {
        let mut from = 0;
        while from < PROGRAM_BYTES && boots < MOST_BOOTS {
            let (pieces, candidates) = blanked(&best, from, size);
            boots += 1;
            match first(&candidates)? {
                Some(index) => {
                    best = candidates[index];
                    from = pieces[index] + size;
                }
                None => break,
            }
        }
        size /= 2;
    }
    let packed = without_blanks(&best);
    Ok(Some(if first(&[packed])?.is_some() { packed } else { best }))
}

/// Where bytes are that matter: from the first to behind the last that is not blank.
fn span(program: &Sector) -> Range<usize> {
    let matters = |byte: &u8| *byte != BLANK;
    let start = program[..PROGRAM_BYTES].iter().position(matters).unwrap_or(PROGRAM_BYTES);
    start..program[..PROGRAM_BYTES].iter().rposition(matters).map_or(start, |last| last + 1)
}

/// Copies of `program` of which ever less is cut off at its end.
fn without_tail(program: &Sector, step: usize) -> Vec<Sector> {
    let span = span(program);
    // Behind a coarse cut, the fine one need not look further back than the coarse step.
    let from = if step == 1 { span.end.saturating_sub(STEPS[0]).max(span.start) } else { span.start };
    let cuts = (from + step..span.end).step_by(step);
    cuts.map(|cut| with_blank(program, cut..span.end)).collect()
}

/// Copies of `program` of which ever less is cut off at its start.
fn without_head(program: &Sector, step: usize) -> Vec<Sector> {
    let span = span(program);
    let until = if step == 1 { span.end.min(span.start + STEPS[0]) } else { span.end };
    let cuts = (span.start + step..until).step_by(step);
    cuts.rev().map(|cut| with_blank(program, span.start..cut)).collect()
}

fn with_blank(program: &Sector, piece: Range<usize>) -> Sector {
    let mut copy = *program;
    copy[piece].fill(BLANK);
    copy
}

/// Copies of `program` with one piece of `size` bytes blank, from `from` on, and where each piece starts.
fn blanked(program: &Sector, from: usize, size: usize) -> (Vec<usize>, Vec<Sector>) {
    let starts = (from..PROGRAM_BYTES).step_by(size);
    starts
        .filter_map(|start| {
            let copy = with_blank(program, start..PROGRAM_BYTES.min(start + size));
            (copy != *program).then_some((start, copy))
        })
        .unzip()
}

/// The program without its blanks, zeros behind it.
fn without_blanks(program: &Sector) -> Sector {
    let mut packed = [0; SECTOR_BYTES];
    let kept = program[..PROGRAM_BYTES].iter().filter(|byte| **byte != BLANK);
    packed.iter_mut().zip(kept).for_each(|(to, from)| *to = *from);
    packed[PROGRAM_BYTES..].copy_from_slice(&program[PROGRAM_BYTES..]);
    packed
}

/// How many bytes of a program matter: what is neither blank nor behind its end.
pub fn bytes_that_matter(program: &Sector) -> usize {
    let end = program[..PROGRAM_BYTES].iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    program[..end].iter().filter(|byte| **byte != BLANK).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(bytes: &[u8]) -> Sector {
        let mut sector = [0; SECTOR_BYTES];
        sector[..bytes.len()].copy_from_slice(bytes);
        sector[PROGRAM_BYTES..].copy_from_slice(&[0x55, 0xAA]);
        sector
    }

    #[test]
    fn pieces_are_blanked_one_by_one_and_the_signature_stays() {
        let (starts, copies) = blanked(&program(&[1; 510]), 256, 128);
        assert_eq!(starts, [256, 384]);
        assert!(copies.iter().all(|copy| copy[510..] == [0x55, 0xAA] && copy[..256] == [1; 256]));
        assert_eq!(copies[1][384..510], [BLANK; 126]);
        assert!(blanked(&program(&[BLANK; 510]), 0, 2).0.is_empty());
    }

    #[test]
    fn ends_are_cut_off_the_most_daring_cut_first() {
        let whole = program(&[1; 510]);
        let tails = without_tail(&whole, 16);
        assert_eq!((tails.len(), span(&tails[0]), span(&tails[30])), (31, 0..16, 0..496));
        let fine = without_tail(&tails[1], 1);
        assert_eq!((fine.len(), span(&fine[0]), span(&fine[14])), (15, 0..17, 0..31));
        let heads = without_head(&tails[1], 16);
        assert_eq!((heads.len(), span(&heads[0])), (1, 16..32));
        let fine = without_head(&heads[0], 1);
        assert_eq!((span(&fine[0]), span(&fine[14])), (31..32, 17..32));
        assert!(fine.iter().chain(&heads).all(|copy| copy[510..] == [0x55, 0xAA]));
        assert!(without_tail(&program(&[BLANK; 510]), 16).is_empty());
    }

    #[test]
    fn blanks_are_left_out_at_last() {
        let packed = without_blanks(&program(&[BLANK, 1, BLANK, BLANK, 2, BLANK]));
        assert_eq!(packed, program(&[1, 2]));
        assert_eq!(bytes_that_matter(&program(&[BLANK, 1, BLANK, 0, 2])), 3);
    }
}
