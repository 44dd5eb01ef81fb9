//! `fuzz`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{BackendName, MachineArgs};

/// What `fuzz --json` prints, for its help.
const FUZZ_JSON: &str = "\
A program that does what no guest may is written to FOLDER/fuzz-SEED-CASE.img, which `run` boots, and what is left of it
when all is taken away that does not matter to FOLDER/fuzz-SEED-CASE-min.img. Status 0: nothing was found, 1: something
was, 2: the corpus cannot be used, 3: the machine refused, 128 + n: ended by signal n, with what came until then.

--json prints one object: {command, cpu, backend, seed, status, cases, outcomes: {NAME: COUNT}, kinds: {NAME: COUNT},
  checksum, findings: [{case, kind, outcome, reason, file, bytes, minimised|null, minimised_bytes|null}]}";

/// `fuzz`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = FUZZ_JSON)]
pub struct FuzzArgs {
    /// How the programs are run; `auto` takes the best that the processor has.
    #[arg(long, value_name = "NAME", value_enum, default_value = "auto")]
    pub backend: BackendName,
    /// How many programs are tried.
    #[arg(long, value_name = "N", default_value_t = 20_000,
        value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub cases: u64,
    /// Chooses the programs. The same seed gives the same programs and the same outcomes.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// A folder with files of 16-bit code, such as boot sectors; mutations of them are tried, too.
    #[arg(long, value_name = "DIR")]
    pub corpus: Option<PathBuf>,
    /// Where programs that did something are written.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub output: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Plant a defect in the VMM that one of the programs meets, to see that it is found.
    #[arg(long, value_name = "WHAT", value_enum, hide = true)]
    pub plant: Option<PlantName>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub machine: MachineArgs,
}

/// A planted defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlantName {
    /// Memory of another guest changes.
    OtherGuest,
    /// A page next to the guest's memory is written.
    Canary,
    /// An MSR of the VMM changes.
    Msr,
    /// The guest is shown a page of another.
    Leak,
    /// The VM cannot be entered.
    Entry,
    /// The VMM panics.
    Panic,
    /// The VMM hangs.
    Hang,
}

impl From<PlantName> for wire::Plant {
    fn from(name: PlantName) -> Self {
        match name {
            PlantName::OtherGuest => Self::OtherGuest,
            PlantName::Canary => Self::Canary,
            PlantName::Msr => Self::Msr,
            PlantName::Leak => Self::Leak,
            PlantName::Entry => Self::Entry,
            PlantName::Panic => Self::Panic,
            PlantName::Hang => Self::Hang,
        }
    }
}
