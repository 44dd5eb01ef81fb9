//! `bench`: what things cost in a VM, in instructions of the engine, each beside its limit.
//!
//! The guest `bench` measures: it reads the time-stamp counter, which counts instructions in the engine, around each
//! thing. It runs twice, in the VMM as everybody has it, which tells the instructions, and in one that was built to count
//! its accesses to the VMCS and to MSRs, which tells those and is slower for it.

mod report;
pub mod rows;
mod samples;

use std::io::Write;
use std::thread;

use wire::{Link, Record, Told};

use crate::args::{BackendName, BenchArgs, BenchForm, GuestArgs, MachineArgs};
use crate::boot_image::{self, Elf, Start};
use crate::disk::Signature;
use crate::drives::Drives;
use crate::engine::configuration::POWER_ON_SECONDS;
use crate::engine::{Cpu, Engine, install};
use crate::machine::{self, Needs};
use crate::metal::{self, progress};
use crate::payload::{Payload, RunPlan};
use crate::screen::Screen;
use crate::session::{self, LastWords, Limits, Observer, Signals};
use crate::status::{Failure, Status};

use samples::Cost;

/// What a machine's VM costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bench {
    /// On which model.
    pub cpu: Cpu,
    /// On which back-end.
    pub backend: String,
    /// One for each of [`rows::ROWS`]: the instructions of the VMM as everybody has it, the accesses of the other.
    costs: Vec<Cost>,
}

/// Carries out `bench`: status 0 if everything is within its limit, 1 if something is not.
///
/// # Errors
/// Status 3: the build or the engine fails, or the processor does not have the back-end.
pub fn bench(arguments: &BenchArgs) -> Result<Status, Failure> {
    let bench = measure(arguments.machine, arguments.backend)?;
    let text = match arguments.form() {
        BenchForm::Text => bench.text(),
        BenchForm::Json => format!("{}\n", serde_json::to_string(&bench.json()).map_err(Failure::refused)?),
        BenchForm::Markdown => bench.markdown(),
    };
    std::io::stdout().write_all(text.as_bytes()).map_err(Failure::refused)?;
    Ok(if bench.excesses().is_empty() { Status::Done } else { Status::NotMet })
}

/// Measures. Two machines work at a time.
///
/// # Errors
/// As for [`bench`].
pub fn measure(machine: MachineArgs, backend: BackendName) -> Result<Bench, Failure> {
    let engine = install::ensure()?;
    let (plain, counting) = (metal::vmm()?, metal::counting_vmm()?);
    let guest = boot_image::flat(&metal::guest("bench")?).map_err(Failure::refused)?;
    let sign = progress(format!("measuring on {}", machine.cpu.short_name()));
    let (plain, counting) = thread::scope(|scope| {
        let counts = scope.spawn(|| run(&engine, machine, backend, &counting, &guest));
        let instructions = run(&engine, machine, backend, &plain, &guest);
        (instructions, counts.join().unwrap_or_else(|_| Err(Failure::refused("the measurement panicked"))))
    });
    sign.finish_and_clear();
    let ((backend, plain), (_, counting)) = (plain?, counting?);
    let costs = plain.into_iter().zip(counting).map(|(plain, counting)| Cost {
        median: plain.median,
        worst: plain.worst,
        exits: plain.exits,
        ..counting
    });
    Ok(Bench { cpu: machine.cpu, backend, costs: costs.collect() })
}

/// One run of the guest: the back-end, and what each row took.
fn run(
    engine: &Engine,
    machine: MachineArgs,
    backend: BackendName,
    vmm: &Elf,
    guest: &[u8],
) -> Result<(String, Vec<Cost>), Failure> {
    const BACKEND: &str = "back-end: ";
    let file = tempfile::NamedTempFile::new().map_err(Failure::refused)?;
    std::fs::write(file.path(), guest).map_err(Failure::refused)?;
    let plan = RunPlan {
        backend: backend.into(),
        smsw_shows_pe: true,
        steps: &[],
        interactive: false,
        handed_back: &[],
        letterbox: false,
        serial_input: &[],
        extended_kib: GuestArgs::DEFAULT.extended_kib(),
        rtc_seconds: POWER_ON_SECONDS,
        measured: true,
        sabotage: None,
        told: Told::default(),
    };
    let drives = Drives::of_image(file.path(), Signature::Required)?;
    let image = Payload::run(Link::Framed, drives, plan)?.into_image_of(vmm, Start::Disk)?;
    let mut bochs = machine::start(engine, machine, image, Needs::SCRIPTED)?;
    let limits = Limits { patience: Some(PATIENCE), last_words: LastWords::None };
    let signals = Signals::note().map_err(anyhow::Error::from)?;
    let report = session::follow(&mut bochs, limits, &signals, &mut Nobody).map_err(anyhow::Error::from)?;
    if report.conclusion.guest_end().is_none() {
        return Err(Failure { status: Status::Refused, message: report.conclusion.sentence() });
    }
    let name = report.lines.iter().find_map(|(_, line)| line.strip_prefix(BACKEND)).unwrap_or_default();
    let costs = samples::costs(&report.serial)
        .ok_or_else(|| Failure::refused("the guest sent no measurements, though it ended"))?;
    Ok((name.to_owned(), costs))
}

/// A run that takes longer hangs.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(300);

/// The guest's screen shows nothing of interest.
struct Nobody;

impl Observer for Nobody {
    fn record(&mut self, _: &Record, _: &Screen) -> std::io::Result<()> {
        Ok(())
    }
}
