//! `audit --prove`: the auditor against a processor.
//!
//! The harness `prover` runs in the engine and tries mutated VM entries for real. The same cases are computed and audited
//! here, and two oracles judge: the outcome, which must be one that the broken rules permit, and the engine's own log,
//! which names the check that failed. Only a rule that was named in a case where nothing else was broken is proved.

mod departures;
mod judge;
mod messages;
mod report;
pub mod rule_table;
mod run;
mod tally;
pub mod unproved;

use std::io::Write;

use vmx::capability::Profile;

use crate::args::AuditArgs;
use crate::engine::{Cpu, Engine, install};
use crate::metal::progress;
use crate::session::Signals;
use crate::status::{Failure, Status};

use tally::Tally;

/// What to try.
#[derive(Clone, Copy, Debug)]
struct Trial {
    /// On which model.
    cpu: Cpu,
    /// Chooses the cases.
    seed: u64,
    /// How many.
    cases: u64,
}

/// Cases of one run of the engine, which is what a restart repeats at most.
const RUN: u64 = 250_000;

/// Carries out `audit --prove`: status 0 when auditor and processor agree on every case, 1 when they do not.
///
/// # Errors
/// Status 2: the model has no VT-x. Status 3: the harness cannot be built or run. 128 + n: signal n came before the end.
pub fn prove(arguments: &AuditArgs) -> Result<Status, Failure> {
    let trial = Trial { cpu: arguments.cpu, seed: arguments.seed, cases: arguments.cases };
    let engine = install::ensure()?;
    let _noted = Signals::note().map_err(anyhow::Error::from)?;
    let sign = progress(format!("trying {} VM entries on {}", trial.cases, trial.cpu.short_name()));
    let tally =
        try_all(&engine, trial, |tally| sign.set_message(format!("{} of {}", tally.cases, trial.cases)));
    sign.finish_and_clear();
    let tally = tally?;
    let text = if arguments.json {
        format!(
            "{}\n",
            serde_json::to_string_pretty(&report::json(&trial, &tally)).map_err(Failure::refused)?
        )
    } else {
        report::text(&trial, &tally)
    };
    std::io::stdout().write_all(text.as_bytes()).map_err(Failure::refused)?;
    Ok(if tally.unexplained() == 0 { Status::Done } else { Status::NotMet })
}

/// Tries, judges, and counts.
fn try_all(engine: &Engine, trial: Trial, mut progress: impl FnMut(&Tally)) -> Result<Tally, Failure> {
    let name = trial.cpu.short_name();
    let profile = Profile::from_name(&name)
        .ok_or_else(|| Failure::usage(format!("{name} has no VT-x, so there is nothing to prove on it")))?;
    let mut tally = Tally::default();
    let mut first = 0;
    while first < trial.cases {
        let count = RUN.min(trial.cases - first);
        let range = first..first + count;
        let observations = run::run(engine, trial.cpu, trial.seed, range, &profile.capabilities)?;
        judge::judge((trial.cpu, &profile.capabilities), trial.seed, first, &observations, &mut tally);
        first += count;
        progress(&tally);
    }
    Ok(tally)
}
