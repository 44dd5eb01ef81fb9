//! `run IMAGE`: a 16-bit disk image in a VM, for a person or for a script.

mod ending;
mod floppies;
mod letterbox;
mod paste;
mod person;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use wire::{Link, RunBreak, Told};

use crate::args::RunArgs;
use crate::disk::Signature;
use crate::disk::keep::{self, Keeper};
use crate::drives::{Attendance, Drives};
use crate::engine::configuration::{POWER_ON_SECONDS, Pace};
use crate::engine::install;
use crate::engine::process::Com1;
use crate::machine::{self, Needs};
use crate::metal::progress;
use crate::payload::{Payload, RunPlan};
use crate::print::{Printer, Stream, note};
use crate::session::{self, LastWords, Limits, Report, Signals};
use crate::status::{Failure, Status};
use crate::terminal::Terminal;
use floppies::Floppies;
use person::Person;

/// Carries out `run`.
///
/// # Errors
/// Status 2: no disks that a guest can boot. Status 3: the build or the engine fails, or a file cannot be written.
pub fn run(arguments: &RunArgs) -> Result<Status, Failure> {
    // A script and a person would disturb each other, and a terminal cannot show a screen and hold an object.
    let unscripted = !arguments.headless && !arguments.json && arguments.steps.is_empty();
    let attended = unscripted && Terminal::is_available();
    if unscripted && !attended && Terminal::is_unknown() {
        note(
            "hyper86: TERM does not say what terminal this is, so the guest runs without it, as with --headless",
        );
    }
    let attendance = if attended { Attendance::Attended } else { Attendance::Unattended };
    let signature = Signature::unless(arguments.no_signature_check);
    let drives = Drives::read(arguments.image.as_deref(), &arguments.disks, signature, attendance)?;
    let mut keepers = keep::plan(&arguments.disks, &drives.disks)?;
    match boot(arguments, drives, &mut keepers, attendance) {
        Ok(report) => ending::conclude(arguments, attendance, &report, &keepers),
        Err(failure) => Err(ending::give_up(arguments, failure)),
    }
}

/// Floppies that a person can bring in one run, and what each may take: itself, and what the guest writes to it.
const BROUGHT: usize = 8;
const BROUGHT_BYTES: usize = BROUGHT * 2 * letterbox::LETTERBOX_BYTES;

fn boot(
    arguments: &RunArgs,
    drives: Drives,
    keepers: &mut Vec<Keeper>,
    attendance: Attendance,
) -> Result<Report, Failure> {
    let signals = Signals::note().map_err(anyhow::Error::from)?;
    let engine = install::ensure()?;
    let interactive = attendance == Attendance::Attended;
    let handed_back: Vec<u8> = keepers.iter().map(|keeper| keeper.disk).collect();
    let serial_input = match &arguments.serial_input {
        Some(path) => {
            std::fs::read(path).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?
        }
        None => Vec::new(),
    };
    let plan = RunPlan {
        backend: arguments.backend.into(),
        smsw_shows_pe: arguments.smsw_pe == 1,
        steps: &arguments.steps,
        interactive,
        serial_input: &serial_input,
        handed_back: &handed_back,
        told: Told { bios_calls: arguments.trace_bios, statistics: arguments.stats },
        letterbox: interactive,
        extended_kib: arguments.guest.extended_kib(),
        rtc_seconds: arguments
            .guest
            .rtc
            .unwrap_or_else(|| if interactive { now() } else { POWER_ON_SECONDS }),
        measured: false,
        sabotage: arguments.sabotage.map(RunBreak::from),
    };
    let brought = if interactive { (letterbox::LETTERBOX_BYTES, BROUGHT_BYTES) } else { (0, 0) };
    let needs = Needs {
        pace: if interactive { Pace::Interactive } else { Pace::Scripted },
        com1: Com1::Line,
        spare_bytes: drives.writable_bytes() + arguments.guest.extended_kib() as usize * 1024 + brought.1,
        letterbox_bytes: brought.0,
    };
    let floppies = Floppies::new(&drives.disks, arguments.disks.write);
    let image = Payload::run(Link::Framed, drives, plan)?.into_engine_image()?;
    let patience =
        if interactive { arguments.timeout.attended() } else { Some(arguments.timeout.unattended()) };
    let last_words = if keepers.is_empty() { LastWords::PostMortem } else { LastWords::Disks };
    let limits = Limits { patience, last_words };
    let report = if interactive {
        let mut machine = machine::start(&engine, arguments.machine, image, needs)?;
        let floppies = floppies.with_letterbox(machine.disk().map_err(anyhow::Error::from)?);
        let mut person = Person::new(floppies).map_err(anyhow::Error::from)?;
        let report = session::follow(&mut machine, limits, &signals, &mut person);
        keepers.extend(person.leave());
        report
    } else {
        let progress = progress("booting the guest".to_owned());
        let machine = machine::start(&engine, arguments.machine, image, needs);
        progress.finish_and_clear();
        // Standard output is for the end alone.
        session::follow(&mut machine?, limits, &signals, &mut Printer::new(Stream::Error))
    };
    Ok(report.map_err(anyhow::Error::from)?)
}

/// What a clock on the wall shows, as seconds since 1970; one before that reads as 1970.
fn now() -> u64 {
    let shown = TimeZone::system().to_datetime(Timestamp::now());
    let seconds = TimeZone::UTC.to_timestamp(shown).map_or(0, |moment| moment.as_second());
    u64::try_from(seconds).unwrap_or(0)
}
