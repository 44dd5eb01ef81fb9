//! Makes a program that does what it must not as small as it gets: pieces of it are blanked out, in the engine, as long
//! as it still does the same.

use fuzz::{Outcome, PROGRAM_BYTES, SECTOR_BYTES};
use wire::Programs;

use super::boot::{Batch, Bench, End};
use crate::status::Failure;

/// A program.
type Sector = [u8; SECTOR_BYTES];

/// `nop`.
const BLANK: u8 = 0x90;

/// Boots that one program may cost.
const MOST_BOOTS: usize = 80;

/// The first of `programs`, each in a VM after the other, that does what it must not, with what it does.
///
/// # Errors
/// Status 3: the machine or the VMM refuses.
pub fn first_that_fails(bench: &Bench, programs: &[Sector]) -> Result<Option<(usize, Outcome)>, Failure> {
    let batch = Batch {
        programs: Programs::Given,
        count: programs.len() as u64,
        batch: 1,
        module: programs.as_flattened(),
    };
    let seen = bench.boot(batch)?;
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
    let is_same =
        |found: Option<(usize, Outcome)>| found.filter(|(_, other)| *other == outcome).map(|(at, _)| at);
    if is_same(first_that_fails(bench, &[*sector])?).is_none() {
        return Ok(None);
    }
    let mut best = *sector;
    let mut boots = 0;
    let mut size = 256;
    while size > 0 {
        let mut from = 0;
        while from < PROGRAM_BYTES && boots < MOST_BOOTS {
            let (pieces, candidates) = blanked(&best, from, size);
            boots += 1;
            match is_same(first_that_fails(bench, &candidates)?) {
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
    Ok(Some(if is_same(first_that_fails(bench, &[packed])?).is_some() { packed } else { best }))
}

/// Copies of `program` with one piece of `size` bytes blank, from `from` on, and where each piece starts.
fn blanked(program: &Sector, from: usize, size: usize) -> (Vec<usize>, Vec<Sector>) {
    let starts = (from..PROGRAM_BYTES).step_by(size);
    starts
        .filter_map(|start| {
            let mut copy = *program;
            copy[start..PROGRAM_BYTES.min(start + size)].fill(BLANK);
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
    fn blanks_are_left_out_at_last() {
        let packed = without_blanks(&program(&[BLANK, 1, BLANK, BLANK, 2, BLANK]));
        assert_eq!(packed, program(&[1, 2]));
        assert_eq!(bytes_that_matter(&program(&[BLANK, 1, BLANK, 0, 2])), 3);
    }
}
