//! `bench`.

use clap::Args;

use super::{BackendName, MachineArgs};

/// What `bench --json` prints, for its help.
const BENCH_JSON: &str = "\
A number is one of instructions, which the engine's time-stamp counter counts. Status 0: all medians are within their
limits, 1: some are not, 3: the processor does not have the back-end.

--json prints one object: {cpu, backend, rows: [{name, median, worst, vmread, vmwrite, msr, limit}]}
  median, worst          instructions of 300 rounds
  vmread, vmwrite, msr   VMREADs, VMWRITEs, RDMSRs and WRMSRs of one exit
  limit                  the most that median may be";

/// `bench`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = BENCH_JSON)]
pub struct BenchArgs {
    /// How the guest is run; `auto` takes the best that the processor has.
    #[arg(long, value_name = "NAME", value_enum, default_value = "auto")]
    pub backend: BackendName,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// Print a table in Markdown, as the book has it.
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub machine: MachineArgs,
}

/// How the measurements are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BenchForm {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For the book.
    Markdown,
}

impl BenchArgs {
    /// How the measurements are printed.
    pub fn form(&self) -> BenchForm {
        match (self.json, self.markdown) {
            (true, _) => BenchForm::Json,
            (_, true) => BenchForm::Markdown,
            _ => BenchForm::Text,
        }
    }
}
