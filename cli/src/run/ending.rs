//! The end of a run: the files that were asked for, the disks that are kept, and what is said, to people and programs.
//! Whatever goes wrong on the way, the rest is still done, and `--json` prints its one object.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::Context;
use wire::LineKind;

use crate::args::{RunArgs, Step};
use crate::bios_calls;
use crate::disk::keep::{Fate, Keeper, Kept};
use crate::drives::Attendance;
use crate::explanation::explain;
use crate::json::{DriveObject, Object};
use crate::post_mortem;
use crate::print::{Printer, Stream, note};
use crate::session::Report;
use crate::statistics;
use crate::status::{Failure, Status};

/// Ends a run that took place.
///
/// # Errors
/// Standard output is gone.
pub(super) fn conclude(
    arguments: &RunArgs,
    attendance: Attendance,
    report: &Report,
    keepers: &[Keeper],
) -> Result<Status, Failure> {
    let kept: Vec<Kept> = keepers.iter().map(|keeper| keeper.keep(report)).collect();
    let complaints = write_files(arguments, report);
    let status = with_files(report.conclusion.status(), &kept, &complaints);
    let mut reason = report.conclusion.sentence();
    say(arguments, report, &kept, &reason).map_err(anyhow::Error::from)?;
    if attendance == Attendance::Attended && report.is_over_by_itself() {
        // The terminal has its own screen back, and a guest that ends at once was hardly seen.
        let mut printer = Printer::new(Stream::Output);
        let screen = post_mortem::screen(report);
        screen.iter().try_for_each(|(kind, line)| printer.line(*kind, line)).context("standard output")?;
    }
    for complaint in &complaints {
        note(&format!("hyper86: {complaint}"));
        reason = format!("{reason}; {complaint}");
    }
    if arguments.json {
        print_object(arguments, report, &kept, status, reason)?;
    } else if status == Status::Done {
        Printer::new(Stream::Output)
            .line(LineKind::Heading, &format!("done: {reason}"))
            .context("standard output")?;
    }
    Ok(status)
}

/// Ends a run that could not begin.
pub(super) fn give_up(arguments: &RunArgs, failure: Failure) -> Failure {
    for complaint in write_files(arguments, &Report::default()) {
        note(&format!("hyper86: {complaint}"));
    }
    if arguments.json
        && let Err(gone) = Object::of_failure("run", &arguments.machine, &failure).print()
    {
        return gone.into();
    }
    failure
}

/// The status of a run, or that of a file that cannot be written, which a script must not overlook.
fn with_files(status: Status, kept: &[Kept], complaints: &[String]) -> Status {
    let failed = kept.iter().any(|kept| matches!(kept.fate, Fate::NotWritten(_))) || !complaints.is_empty();
    match status {
        Status::Done | Status::NotMet if failed => Status::Refused,
        status => status,
    }
}

/// `--screen` and `--serial`, written however the run ended. What could not be written.
fn write_files(arguments: &RunArgs, report: &Report) -> Vec<String> {
    let complaint = |path: &Path, result: io::Result<()>| {
        result.err().map(|error| format!("{} cannot be written: {error}", path.display()))
    };
    let screen = arguments.screen.as_ref().and_then(|path| complaint(path, report.screen.save(path)));
    let serial = arguments.serial.as_ref().and_then(|path| complaint(path, fs::write(path, &report.serial)));
    screen.into_iter().chain(serial).collect()
}

/// What people are told on standard error.
fn say(arguments: &RunArgs, report: &Report, kept: &[Kept], reason: &str) -> io::Result<()> {
    if let Some(text) = report.unframed() {
        note(text);
    }
    let mut printer = Printer::new(Stream::Error);
    let mut print = |lines: Vec<(LineKind, String)>| -> io::Result<()> {
        lines.iter().try_for_each(|(kind, line)| printer.line(*kind, line))
    };
    print(explain(arguments.machine.cpu, report))?;
    let status = report.conclusion.status();
    if report.is_abnormal() {
        print(post_mortem::lines(report))?;
        if let Some(reason) = report.silence() {
            note(&format!("hyper86: {reason}, so nothing is known of the guest but its screen"));
        }
        if status != Status::NotMet {
            print(post_mortem::screen(report))?;
        }
    }
    print(statistics::lines(&report.counts))?;
    kept.iter().for_each(|kept| note(&format!("hyper86: {kept}")));
    match status {
        Status::Done => {}
        Status::NotMet => {
            note(&format!("hyper86: {reason}{}; the final screen:", unmet(arguments, report)));
            report.screen.text_rows().iter().for_each(|row| note(row));
        }
        Status::Usage | Status::Refused | Status::Interrupted(_) => note(&format!("hyper86: {reason}")),
    }
    Ok(())
}

fn print_object(
    arguments: &RunArgs,
    report: &Report,
    kept: &[Kept],
    status: Status,
    reason: String,
) -> anyhow::Result<()> {
    let mut object = Object::of("run", &arguments.machine, report, status, reason);
    object.drives = kept.iter().map(DriveObject::of).collect();
    object.bios_calls =
        arguments.trace_bios.then(|| report.bios_calls.iter().map(bios_calls::object).collect());
    object.stats = arguments.stats.then(|| statistics::object(&report.counts));
    object.print()
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
