//! `fuzz`: hostile programs in a VM, by the thousand, and what came of them.
//!
//! The programs are computed here, see the crate `fuzz`, and go to the VMM as sectors; only outcomes come back. What a
//! program may not do is a finding: the program is written to a file that `run` boots, and a second file holds what
//! is left of it when all is taken away that does not matter.

mod boot;
mod corpus;
mod hunt;
mod minimise;
mod report;

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use fuzz::{Cases, Corpus, SECTOR_BYTES};

use crate::args::FuzzArgs;
use crate::engine::install;
use crate::metal::progress;
use crate::session::Signals;
use crate::status::{Failure, Status};

use boot::Bench;
use hunt::Finding;

/// A finding that was looked at by itself.
struct Case {
    finding: Finding,
    /// The program as it was drawn.
    file: PathBuf,
    /// What is left of it; `None` if it does nothing wrong by itself, or a signal came.
    minimised: Option<(PathBuf, usize)>,
}

/// Carries out `fuzz`: status 0 when nothing was found, 1 when something was.
///
/// # Errors
/// Status 2: the corpus cannot be used. Status 3: the machine or the VMM refuses, or a file cannot be written. A signal
/// ends it in order: what was found until then is written and told.
pub fn fuzz(arguments: &FuzzArgs) -> Result<Status, Failure> {
    let bytes = arguments.corpus.as_deref().map(corpus::read).transpose()?.unwrap_or_default();
    let corpus = Corpus::new(&bytes);
    if !arguments.output.is_dir() {
        return Err(Failure::usage(format!("{} is no folder", arguments.output.display())));
    }
    let engine = install::ensure()?;
    let _noted = Signals::note().map_err(anyhow::Error::from)?;
    let sign = progress("building".to_owned());
    let plant = arguments.plant.map(Into::into);
    let bench = Bench::new(engine, arguments.machine, arguments.backend.into(), plant)?;
    let planted = arguments.plant.map(|_| arguments.cases * 2 / 3);
    let cases = Cases { seed: arguments.seed, corpus, planted };
    sign.set_message(format!("trying {} programs", arguments.cases));
    let mut told = 0;
    let mut tally = hunt::hunt(&bench, cases, arguments.cases, |tally| {
        let found = tally.findings.len();
        for finding in &tally.findings[told..] {
            let line = format!("program {} {}: {}", finding.case, finding.outcome.sentence(), finding.said);
            sign.suspend(|| eprintln!("{line}"));
        }
        told = found;
        sign.set_message(format!("{} of {} programs tried, {found} found", tally.tried, arguments.cases));
    })?;
    let mut found = Vec::new();
    for finding in tally.findings.clone() {
        sign.set_message(format!("making program {} smaller", finding.case));
        found.push(keep(&bench, arguments, &mut tally.signal, finding)?);
    }
    sign.finish_and_clear();
    let text = if arguments.json {
        let object = report::json(arguments, &tally, &found);
        format!("{}\n", serde_json::to_string_pretty(&object).map_err(Failure::refused)?)
    } else {
        report::text(arguments, &tally, &found)
    };
    std::io::stdout().write_all(text.as_bytes()).map_err(Failure::refused)?;
    Ok(report::status(&tally))
}

/// Writes the program, and what is left of it unless a signal came or comes.
fn keep(
    bench: &Bench,
    arguments: &FuzzArgs,
    interrupted: &mut Option<u8>,
    finding: Finding,
) -> Result<Case, Failure> {
    let name = format!("fuzz-{}-{}", arguments.seed, finding.case);
    let write = |name: String, sector: &[u8; SECTOR_BYTES]| {
        let path = arguments.output.join(name);
        fs::write(&path, sector)
            .map_err(|error| Failure::refused(format!("{} cannot be written: {error}", path.display())))?;
        Ok::<_, Failure>(path)
    };
    let file = write(format!("{name}.img"), &finding.sector)?;
    let smaller = match minimise::minimise(bench, &finding.sector, finding.outcome) {
        Err(Failure { status: Status::Interrupted(signal), .. }) => {
            *interrupted = Some(signal);
            None
        }
        smaller => smaller?,
    };
    let minimised = smaller
        .map(|sector| {
            Ok::<_, Failure>((
                write(format!("{name}-min.img"), &sector)?,
                minimise::bytes_that_matter(&sector),
            ))
        })
        .transpose()?;
    Ok(Case { finding, file, minimised })
}
