//! `run IMAGE`: a 16-bit disk image in a VM, for a person or for a script.

mod person;

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use wire::{LineKind, Link};

use crate::args::{RunArgs, Step};
use crate::boot_image::Start;
use crate::disk::Signature;
use crate::disk::keep::{self, Fate, Keeper, Kept};
use crate::drives::{Attendance, Drives};
use crate::engine::configuration::{POWER_ON_SECONDS, Pace};
use crate::engine::install;
use crate::engine::process::Com1;
use crate::explanation::explain;
use crate::json::{DriveObject, Object};
use crate::machine::{self, Needs};
use crate::metal::progress;
use crate::payload::{Payload, RunPlan};
use crate::print::{Printer, Stream};
use crate::session::{self, Limits, Report, Signals};
use crate::status::{Failure, Status};
use crate::terminal::Terminal;

/// Carries out `run`.
///
/// # Errors
/// Status 2: no disks that a guest can boot. Status 3: the build or the engine fails, or a file cannot be written.
pub fn run(arguments: &RunArgs) -> Result<Status, Failure> {
    // A script and a person would disturb each other, and a terminal cannot show a screen and hold an object.
    let attended =
        !arguments.headless && !arguments.json && arguments.steps.is_empty() && Terminal::is_available();
    let attendance = if attended { Attendance::Attended } else { Attendance::Unattended };
    let signature = Signature::unless(arguments.no_signature_check);
    let drives = Drives::read(arguments.image.as_deref(), &arguments.disks, signature, attendance)?;
    let keepers = keep::plan(&arguments.disks, &drives.disks)?;
    match boot(arguments, drives, &keepers, attendance) {
        Ok(report) => {
            let kept: Vec<Kept> = keepers.iter().map(|keeper| keeper.keep(&report)).collect();
            let status = with_files(report.conclusion.status(), &kept);
            write_files(arguments, &report)?;
            conclude(arguments, &report, &kept, status)?;
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

/// The status of a run, or that of a file that cannot be written, which a script must not overlook.
fn with_files(status: Status, kept: &[Kept]) -> Status {
    let failed = kept.iter().any(|kept| matches!(kept.fate, Fate::NotWritten(_)));
    match status {
        Status::Done | Status::NotMet if failed => Status::Refused,
        status => status,
    }
}

fn boot(
    arguments: &RunArgs,
    drives: Drives,
    keepers: &[Keeper],
    attendance: Attendance,
) -> Result<Report, Failure> {
    let engine = install::ensure()?;
    let interactive = attendance == Attendance::Attended;
    let rtc_seconds =
        arguments.guest.rtc.unwrap_or_else(|| if interactive { now() } else { POWER_ON_SECONDS });
    let handed_back: Vec<u8> = keepers.iter().map(|keeper| keeper.disk).collect();
    let plan = RunPlan {
        backend: arguments.backend.into(),
        steps: &arguments.steps,
        interactive,
        handed_back: &handed_back,
        extended_kib: arguments.guest.extended_kib(),
        rtc_seconds,
    };
    let listens = interactive || !keepers.is_empty();
    let needs = Needs {
        pace: if interactive { Pace::Interactive } else { Pace::Scripted },
        com1: if listens { Com1::Line } else { Com1::Unconnected },
        spare_bytes: drives.writable_bytes() + arguments.guest.extended_kib() as usize * 1024,
    };
    let image = Payload::run(Link::Framed, drives, plan)?.into_image(Start::Disk)?;
    let patience =
        if interactive { arguments.timeout.attended() } else { Some(arguments.timeout.unattended()) };
    let limits = Limits { patience, disks_come_back: !keepers.is_empty() };
    let signals = Signals::note().map_err(anyhow::Error::from)?;
    let report = if interactive {
        let mut machine = machine::start(&engine, arguments.machine, image, needs)?;
        let mut person = person::Person::new().map_err(anyhow::Error::from)?;
        session::follow(&mut machine, limits, &signals, &mut person)
    } else {
        let progress = progress("booting the guest".to_owned());
        let machine = machine::start(&engine, arguments.machine, image, needs);
        progress.finish_and_clear();
        // Standard output is for the end alone.
        session::follow(&mut machine?, limits, &signals, &mut Printer::new(Stream::Error))
    };
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

fn conclude(arguments: &RunArgs, report: &Report, kept: &[Kept], status: Status) -> anyhow::Result<()> {
    let reason = report.conclusion.sentence();
    if let Some(text) = report.unframed() {
        eprintln!("{text}");
    }
    let mut printer = Printer::new(Stream::Error);
    explain(arguments.machine.cpu, report).iter().try_for_each(|(kind, line)| printer.line(*kind, line))?;
    kept.iter().for_each(|kept| eprintln!("hyper86: {kept}"));
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
        let drives = kept.iter().map(DriveObject::of).collect();
        Object { drives, ..Object::of("run", &arguments.machine, report, status, reason) }.print()?;
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
