//! The command line.

mod bench;
mod breaks;
mod drive;
mod fuzz;
mod guest;
mod offline;

use std::path::PathBuf;
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use wire::KeyItem;

use crate::engine::{Cpu, Firmware};
use crate::keys;
pub use bench::{BenchArgs, BenchForm};
pub use breaks::{BreakName, RunBreakName};
pub use drive::{DiskArgs, Drive, DriveArg, SaveArg};
pub use fuzz::{FuzzArgs, PlantName};
pub use guest::GuestArgs;
pub use offline::{AuditArgs, CapsArgs, ExplainArgs};

/// The wall-clock limit of a run where `--timeout` gives none, in seconds.
const TIMEOUT_SECONDS: u64 = 60;

/// A hypervisor for 16-bit software, and the course that leads to it. Without a command: demo vmxdemo.
#[derive(Debug, Parser)]
#[command(name = "hyper86", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// A command.
#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "there is one of it")]
pub enum Command {
    /// Show a step of the course.
    Demo(DemoArgs),
    /// Boot a 16-bit disk image in a VM.
    Run(RunArgs),
    /// Measure what things cost in a VM, in instructions of the engine.
    Bench(BenchArgs),
    /// Write the source of a bare-metal 64-bit program.
    New {
        /// The folder to write; its last part is the program's name.
        name: PathBuf,
    },
    /// Build and boot a program that `new` wrote.
    RunApp(AppArgs),
    /// Write a raw image that boots on a BIOS PC.
    Image(ImageArgs),
    /// Say what is here, and what to do about what is not.
    Doctor {
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Say which rules of VM entry a dump of a VMCS breaks.
    Audit(AuditArgs),
    /// Say what an exit reason, an error, a VMCS field, a value of it, or a capability MSR is.
    Explain(ExplainArgs),
    /// Show what a processor's VT-x can do, control by control.
    Caps(CapsArgs),
    /// Run hostile programs in a VM by the thousand, and look what comes of it.
    Fuzz(FuzzArgs),
    /// Boot a raw image as a PC would, and show what it sends to COM1.
    #[command(hide = true)]
    Pc(PcArgs),
}

/// The machine that the engine is to be.
#[derive(Clone, Copy, Debug, Args)]
pub struct MachineArgs {
    /// CPU model.
    #[arg(long, value_enum, default_value_t, value_name = "NAME")]
    pub cpu: Cpu,
    /// System BIOS: `latest` has VMX enabled and locked, `legacy` leaves that to the VMM.
    #[arg(long, value_enum, default_value_t, value_name = "NAME")]
    pub firmware: Firmware,
}

/// How long a run may take.
#[derive(Clone, Copy, Debug, Args)]
pub struct TimeoutArgs {
    /// Wall-clock limit of the whole run, 60 where nothing else is said; without end while a person watches.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    timeout: Option<u64>,
}

impl TimeoutArgs {
    /// The limit of a run that nobody watches.
    pub fn unattended(self) -> Duration {
        Duration::from_secs(self.timeout.unwrap_or(TIMEOUT_SECONDS))
    }

    /// The limit of a run that a person watches, if they gave one.
    pub fn attended(self) -> Option<Duration> {
        self.timeout.map(Duration::from_secs)
    }
}

/// A step of the course.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DemoName {
    /// The guest component on its own testbed, without VMX.
    Trystep1,
    /// In-class exercise 2: the CPU initialisations, VMXON and VMXOFF.
    Vmxon,
    /// The whole: a VM that runs the component and exits once.
    #[default]
    Vmxdemo,
    /// Timer interrupts reach the guest.
    Intdemo,
    /// Exits of many kinds, each handled and resumed.
    Reenter,
    /// Event injection, an NMI exit, a HLT exit.
    Inject,
    /// Services of the machine's real BIOS, called from 64-bit code.
    Bios,
    /// Containment: ring-3 code that writes all over its address space.
    HostileTask,
    /// Containment: ring-0 code that loads CR3 and rewrites its page directory.
    HostileKernel,
    /// Containment: ring-0 code that ends in a triple fault.
    TripleFault,
}

/// `demo`.
#[derive(Clone, Debug, Args)]
pub struct DemoArgs {
    /// The step.
    #[arg(value_enum, default_value_t, value_name = "STEP")]
    pub demo: DemoName,
    /// Break vmxdemo on purpose, and show what the CPU says.
    #[arg(long = "break", value_enum, value_name = "NAME")]
    pub sabotage: Option<BreakName>,
    /// The timer tick after which intdemo ends [default: 10].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    ticks: Option<u32>,
    /// Print one JSON object on standard output, all else on standard error.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub machine: MachineArgs,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub timeout: TimeoutArgs,
}

impl DemoArgs {
    /// What `--ticks` is where it is not given.
    pub const DEFAULT_TICKS: u32 = 10;

    /// The timer tick after which intdemo ends.
    pub fn ticks(&self) -> u32 {
        self.ticks.unwrap_or(Self::DEFAULT_TICKS)
    }
}

/// `run`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = keys::grammar())]
pub struct RunArgs {
    /// The disk image: a floppy's size gives that floppy, another the 1.44-MB or 2.88-MB floppy that holds it, more (up
    /// to 512 MiB) a hard disk. It is what boots; without it, drive a is, or else c.
    #[arg(required_unless_present = "drive")]
    pub image: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub disks: DiskArgs,
    /// Wait until a row of the screen holds this text. May be repeated; runs in order with --keys, in the guest's
    /// time, and without a person.
    #[arg(long, value_name = "TEXT", action = ArgAction::Append, allow_hyphen_values = true)]
    expect: Vec<String>,
    /// Type these keys, such as `dir{enter}`; see below. May be repeated; runs in order with --expect.
    #[arg(long, value_name = "KEYS", action = ArgAction::Append, allow_hyphen_values = true)]
    keys: Vec<String>,
    /// Show no screen and take no keys of a person, even at a terminal. Else, at one, Ctrl-] opens a menu.
    #[arg(long)]
    pub headless: bool,
    /// Write the final screen to this file, a line a row, UTF-8.
    #[arg(long, value_name = "FILE")]
    pub screen: Option<PathBuf>,
    /// Write what the guest sent to COM1 to this file, raw.
    #[arg(long, value_name = "FILE")]
    pub serial: Option<PathBuf>,
    /// What arrives at the guest's COM1, once the guest holds RTS: 18 bytes a second of its time, or 18 times what its
    /// FIFO holds.
    #[arg(long, value_name = "FILE")]
    pub serial_input: Option<PathBuf>,
    /// Print one JSON object on standard output, all else on standard error. Implies --headless.
    #[arg(long)]
    pub json: bool,
    /// Boot an image whose first sector does not end in 55h AAh.
    #[arg(long)]
    pub no_signature_check: bool,
    /// How the guest is run; `auto` takes the best that the processor has.
    #[arg(long, value_name = "NAME", value_enum, default_value = "auto")]
    pub backend: BackendName,
    /// What SMSW shows as PE in virtual-8086 mode: 1 is the truth, and 0 what real mode shows. The unrestricted back-end
    /// is in real mode, and shows 0 there either way.
    #[arg(long, value_name = "0|1", value_parser = clap::value_parser!(u8).range(0..=1), default_value_t = 1)]
    pub smsw_pe: u8,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub guest: GuestArgs,
    /// Print one line for each BIOS call on standard error: its name, what it was given, and what it gave back. At a
    /// terminal they come when the run is over.
    #[arg(long)]
    pub trace_bios: bool,
    /// At the end, print how often the guest exited, by kind, by port and by interrupt, on standard error.
    #[arg(long)]
    pub stats: bool,
    /// Break the VMM on purpose, to see what a run that it fails in ends with.
    #[arg(long = "break", value_enum, value_name = "WHAT")]
    pub sabotage: Option<RunBreakName>,
    /// The steps, in the order of the command line.
    #[arg(skip)]
    pub steps: Vec<Step>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub machine: MachineArgs,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub timeout: TimeoutArgs,
}

/// How a guest is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum BackendName {
    /// The best that the processor has.
    #[default]
    Auto,
    /// Virtual-8086 mode on page tables of the VMM.
    V8086,
    /// Virtual-8086 mode behind EPT.
    V8086Ept,
    /// Real mode and whatever the guest switches to, behind EPT.
    Unrestricted,
}

impl From<BackendName> for wire::Backend {
    fn from(name: BackendName) -> Self {
        match name {
            BackendName::Auto => Self::Auto,
            BackendName::V8086 => Self::V8086,
            BackendName::V8086Ept => Self::V8086Ept,
            BackendName::Unrestricted => Self::Unrestricted,
        }
    }
}

/// One step of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// `--expect`.
    Expect(String),
    /// `--keys`.
    Keys(Vec<KeyItem>),
}

/// `run-app`.
#[derive(Clone, Debug, Args)]
pub struct AppArgs {
    /// The program's folder.
    pub folder: PathBuf,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub machine: MachineArgs,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub timeout: TimeoutArgs,
}

/// `image`.
#[derive(Clone, Debug, Args)]
pub struct ImageArgs {
    /// The file to write.
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// What it shows when it boots.
    #[arg(long, value_enum, value_name = "STEP", conflicts_with = "guest")]
    pub demo: Option<DemoName>,
    /// The disk image that it boots in a VM.
    #[arg(long, value_name = "IMAGE")]
    pub guest: Option<PathBuf>,
    /// For a partition instead of a whole disk: no partition table, and the start is asked of the boot manager.
    #[arg(long)]
    pub partition: bool,
    /// Take a guest whose first sector does not end in 55h AAh.
    #[arg(long, requires = "guest")]
    pub no_signature_check: bool,
}

/// `pc`.
#[derive(Clone, Debug, Args)]
pub struct PcArgs {
    /// The image.
    pub image: PathBuf,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub machine: MachineArgs,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub timeout: TimeoutArgs,
}

/// Reads the process's command line. A command line that cannot be used ends the process with status 2, a request for
/// help with status 0.
pub fn parse() -> Command {
    let command = Cli::command();
    let matches = command.get_matches();
    interpret(&matches).unwrap_or_else(|error| error.exit())
}

fn interpret(matches: &ArgMatches) -> Result<Command, clap::Error> {
    let cli = Cli::from_arg_matches(matches)?;
    let mut command = match cli.command {
        Some(command) => command,
        None => Command::Demo(DemoArgs::from_arg_matches(&default_demo()?)?),
    };
    if let (Command::Run(run), Some((_, given))) = (&mut command, matches.subcommand()) {
        run.steps = steps(run, given)?;
    }
    if let Command::Demo(demo) = &command {
        check(demo)?;
    }
    Ok(command)
}

/// `demo` without arguments.
fn default_demo() -> Result<ArgMatches, clap::Error> {
    DemoArgs::augment_args(clap::Command::new("demo")).try_get_matches_from(["demo"])
}

/// Options that mean nothing for the chosen step are refused rather than ignored.
fn check(demo: &DemoArgs) -> Result<(), clap::Error> {
    let complaint = if demo.sabotage.is_some() && demo.demo != DemoName::Vmxdemo {
        "--break is for vmxdemo"
    } else if demo.ticks.is_some() && demo.demo != DemoName::Intdemo {
        "--ticks is for intdemo"
    } else {
        return Ok(());
    };
    Err(Cli::command().error(clap::error::ErrorKind::ArgumentConflict, complaint))
}

/// The steps in the order in which they stand on the command line.
fn steps(run: &RunArgs, given: &ArgMatches) -> Result<Vec<Step>, clap::Error> {
    let mut steps = Vec::new();
    for (index, text) in places(given, "expect").zip(&run.expect) {
        steps.push((index, Step::Expect(text.clone())));
    }
    for (index, text) in places(given, "keys").zip(&run.keys) {
        let items = keys::parse(text).map_err(|error| {
            Cli::command().error(clap::error::ErrorKind::ValueValidation, format!("--keys: {error}"))
        })?;
        steps.push((index, Step::Keys(items)));
    }
    steps.sort_by_key(|&(index, _)| index);
    Ok(steps.into_iter().map(|(_, step)| step).collect())
}

fn places<'a>(given: &'a ArgMatches, name: &str) -> impl Iterator<Item = usize> + 'a {
    let from_command_line = given.value_source(name) == Some(ValueSource::CommandLine);
    from_command_line.then(|| given.indices_of(name)).flatten().into_iter().flatten()
}

impl From<DemoName> for wire::Demo {
    fn from(name: DemoName) -> Self {
        match name {
            DemoName::Trystep1 => Self::Trystep1,
            DemoName::Vmxon => Self::Vmxon,
            DemoName::Vmxdemo => Self::Vmxdemo,
            DemoName::Intdemo => Self::Intdemo,
            DemoName::Reenter => Self::Reenter,
            DemoName::Inject => Self::Inject,
            DemoName::Bios => Self::Bios,
            DemoName::HostileTask => Self::HostileTask,
            DemoName::HostileKernel => Self::HostileKernel,
            DemoName::TripleFault => Self::TripleFault,
        }
    }
}

#[cfg(test)]
mod tests;
