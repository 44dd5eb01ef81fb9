//! `demo`: a step of the course, built, booted, shown, and judged.

mod judgement;

use clap::ValueEnum;
use wire::{LineKind, Link};

use crate::args::DemoArgs;
use crate::boot_image::Start;
use crate::engine::install;
use crate::explanation::explain;
use crate::json::Object;
use crate::machine::{self, Needs};
use crate::metal::progress;
use crate::payload::Payload;
use crate::print::{Printer, Stream, note};
use crate::session::{self, LastWords, Limits, Report, Signals};
use crate::status::{Failure, Status};

/// Carries out `demo`.
///
/// # Errors
/// Status 3: the build or the engine fails before anything runs.
pub fn demo(arguments: &DemoArgs) -> Result<Status, Failure> {
    let stream = if arguments.json { Stream::Error } else { Stream::Output };
    let mut printer = Printer::new(stream);
    let report = match boot(arguments, &mut printer) {
        Ok(report) => report,
        Err(failure) => {
            if arguments.json {
                named(arguments, Object::of_failure("demo", &arguments.machine, &failure)).print()?;
            }
            return Err(failure);
        }
    };
    for (kind, line) in explain(arguments.machine.cpu, &report) {
        printer.line(kind, &line).map_err(anyhow::Error::from)?;
    }
    let (status, reason) = judge(arguments, &report);
    conclude(&mut printer, &report, status, &reason)?;
    if arguments.json {
        named(arguments, Object::of("demo", &arguments.machine, &report, status, reason)).print()?;
    }
    Ok(status)
}

fn boot(arguments: &DemoArgs, printer: &mut Printer) -> Result<Report, Failure> {
    let signals = Signals::note().map_err(anyhow::Error::from)?;
    let engine = install::ensure()?;
    let sabotage = arguments.sabotage.map(Into::into);
    let payload = Payload::demo(Link::Framed, arguments.demo.into(), sabotage, arguments.ticks())?;
    let image = payload.into_image(Start::Disk)?;
    note(&format!("VMM image: {}", image.program_size()));
    let progress = progress(format!("booting on {}", arguments.machine.cpu.short_name()));
    let machine = machine::start(&engine, arguments.machine, image, Needs::SCRIPTED);
    progress.finish_and_clear();
    let limits = Limits { patience: Some(arguments.timeout.unattended()), last_words: LastWords::None };
    let report = session::follow(&mut machine?, limits, &signals, printer);
    Ok(report.map_err(anyhow::Error::from)?)
}

/// The status: what the VMM says, and where it says that all is well, whether its records agree.
fn judge(arguments: &DemoArgs, report: &Report) -> (Status, String) {
    let status = report.conclusion.status();
    if status == Status::Done
        && let Err(complaint) = judgement::confirm(arguments, report)
    {
        let sentence = report.conclusion.sentence();
        return (Status::Refused, format!("the VMM reports \"{sentence}\", but {complaint}"));
    }
    (status, report.conclusion.sentence())
}

/// The last lines: whatever the VMM printed outside frames (a panic), and the verdict.
fn conclude(printer: &mut Printer, report: &Report, status: Status, reason: &str) -> anyhow::Result<()> {
    if let Some(text) = report.unframed() {
        note(text);
    }
    match status {
        Status::Done => printer.line(LineKind::Heading, &format!("done: {reason}"))?,
        Status::NotMet | Status::Usage | Status::Refused | Status::Interrupted(_) => {
            note(&format!("hyper86: {reason}"));
        }
    }
    Ok(())
}

fn named(arguments: &DemoArgs, mut object: Object) -> Object {
    object.demo = name_of(&arguments.demo);
    object.sabotage = arguments.sabotage.as_ref().and_then(name_of);
    object
}

fn name_of(value: &impl ValueEnum) -> Option<String> {
    value.to_possible_value().map(|value| value.get_name().to_owned())
}
