//! `run IMAGE`: a 16-bit disk image in a VM, for a person or for a script.

mod person;

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use wire::{LineKind, Link};

use crate::args::{RunArgs, Step};
use crate::boot_image::{BootImage, Start};
use crate::disk::Disk;
use crate::engine::Engine;
use crate::engine::configuration::{POWER_ON_SECONDS, Pace};
use crate::engine::install;
use crate::explanation::explain;
use crate::json::Object;
use crate::machine;
use crate::metal::progress;
use crate::payload::{EXTENDED_KIB, Payload, RunPlan, read_disk};
use crate::print::{Printer, Stream};
use crate::session::{self, Report, Signals};
use crate::status::{Failure, Status};
use crate::terminal::Terminal;

/// Carries out `run`.
///
/// # Errors
/// Status 2: no image that a guest can boot. Status 3: the build or the engine fails, or a file cannot be written.
pub fn run(arguments: &RunArgs) -> Result<Status, Failure> {
    let disk = read_disk(&arguments.image, arguments.no_signature_check)?;
    match boot(arguments, disk) {
        Ok(report) => {
            let status = report.conclusion.status();
            write_files(arguments, &report)?;
            conclude(arguments, &report, status)?;
            Ok(status)
        }
        Err(failure) => {
            write_files(arguments, &Report::default())?;
            if arguments.json {
                Object::of_failure("run", &arguments.machine, &failure).print()?;
            }
            Err(failure)
        }
    }
}

fn boot(arguments: &RunArgs, disk: Disk) -> Result<Report, Failure> {
    let engine = install::ensure()?;
    // A script and a person would disturb each other, and a terminal cannot show a screen and hold an object.
    let interactive =
        !arguments.headless && !arguments.json && arguments.steps.is_empty() && Terminal::is_available();
    let rtc_seconds = if interactive { now() } else { POWER_ON_SECONDS };
    let plan = RunPlan {
        backend: arguments.backend.into(),
        steps: &arguments.steps,
        interactive,
        extended_kib: EXTENDED_KIB,
        rtc_seconds,
    };
    let image = Payload::run(Link::Framed, disk, plan)?.into_image(Start::Disk)?;
    if interactive { attended(&engine, arguments, image) } else { unattended(&engine, arguments, image) }
}

fn attended(engine: &Engine, arguments: &RunArgs, image: BootImage) -> Result<Report, Failure> {
    let signals = Signals::note().map_err(anyhow::Error::from)?;
    let mut machine = machine::start(engine, arguments.machine, image, Pace::Interactive)?;
    let mut person = person::Person::new().map_err(anyhow::Error::from)?;
    let report = session::follow(&mut machine, arguments.timeout.attended(), &signals, &mut person);
    Ok(report.map_err(anyhow::Error::from)?)
}

fn unattended(engine: &Engine, arguments: &RunArgs, image: BootImage) -> Result<Report, Failure> {
    let signals = Signals::note().map_err(anyhow::Error::from)?;
    let progress = progress(format!("booting {}", arguments.image.display()));
    let machine = machine::start(engine, arguments.machine, image, Pace::Scripted);
    progress.finish_and_clear();
    // Standard output is for the end alone.
    let mut printer = Printer::new(Stream::Error);
    let report = session::follow(&mut machine?, Some(arguments.timeout.unattended()), &signals, &mut printer);
    Ok(report.map_err(anyhow::Error::from)?)
}

/// Seconds since 1970; a clock before that reads as 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// `--screen` and `--serial`, written however the run ended.
fn write_files(arguments: &RunArgs, report: &Report) -> Result<(), Failure> {
    let failed =
        |path: &Path, error| Failure::refused(format!("{} cannot be written: {error}", path.display()));
    if let Some(path) = &arguments.screen {
        report.screen.save(path).map_err(|error| failed(path, error))?;
    }
    if let Some(path) = &arguments.serial {
        fs::write(path, &report.serial).map_err(|error| failed(path, error))?;
    }
    Ok(())
}

fn conclude(arguments: &RunArgs, report: &Report, status: Status) -> anyhow::Result<()> {
    let reason = report.conclusion.sentence();
    if let Some(text) = report.unframed() {
        eprintln!("{text}");
    }
    let mut printer = Printer::new(Stream::Error);
    explain(arguments.machine.cpu, report).iter().try_for_each(|(kind, line)| printer.line(*kind, line))?;
    match status {
        Status::Done if arguments.json => {}
        Status::Done => Printer::new(Stream::Output).line(LineKind::Heading, &format!("done: {reason}"))?,
        Status::NotMet => {
            eprintln!("hyper86: {reason}{}; the final screen:", unmet(arguments, report));
            report.screen.text_rows().iter().for_each(|row| eprintln!("{row}"));
        }
        Status::Usage | Status::Refused | Status::Interrupted(_) => eprintln!("hyper86: {reason}"),
    }
    if arguments.json && !matches!(status, Status::Interrupted(_)) {
        Object::of("run", &arguments.machine, report, status, reason).print()?;
    }
    Ok(())
}

/// Which step was not met, if one was not.
fn unmet(arguments: &RunArgs, report: &Report) -> String {
    let met = report.figures.get("steps_met").copied().unwrap_or(0) as usize;
    match arguments.steps.get(met) {
        Some(Step::Expect(text)) => format!("; step {}, --expect \"{text}\", was not met", met + 1),
        Some(Step::Keys(_)) => format!("; step {}, --keys, was not done", met + 1),
        None => String::new(),
    }
}
