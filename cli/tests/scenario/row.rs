//! A row of `scenarios/*.toml`, and the cases that it stands for: one for each CPU model and firmware that it names.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

/// What a file holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    scenario: Vec<Row>,
}

/// A row. In `prepare`, `command` and `files`, `{tmp}` is a folder of the case's own, `{guest:NAME}` a disk image with
/// that program of the `guests` package, `{fat}` a floppy formatted by mkfs.fat, `{mbr}` a disk with the boot record of
/// Debian's package mbr, `{diagnostic:NAME}` one with a diagnostic boot record of syslinux-common, `{syslinux}` a floppy with
/// syslinux 6, `{grub-legacy}` one with GRUB 0.97, `{bcc}` one with a C program compiled by Debian's bcc, `{zeros:N}` a file of N zero bytes,
/// `{image:NAME}` a copy of that file of the folder HYPER86_GUESTS, which stays what the commands made of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// What the row shows, as a sentence.
    name: String,
    /// Command lines that come before and must succeed. `chain FROM TO` builds a disk with a partition from an image,
    /// `write TO TEXT` a file.
    #[serde(default)]
    pub prepare: Vec<Vec<String>>,
    /// The command line.
    pub command: Vec<String>,
    /// Values for `--cpu`; none leaves the option out.
    #[serde(default)]
    cpu: Vec<String>,
    /// Values for `--firmware`; none leaves the option out.
    #[serde(default)]
    firmware: Vec<String>,
    /// The expected exit status.
    pub status: i32,
    /// Texts that standard output must hold, in this order.
    #[serde(default)]
    pub stdout: Vec<String>,
    /// Texts that standard error must hold, in this order.
    #[serde(default)]
    pub stderr: Vec<String>,
    /// Texts that neither may hold.
    #[serde(default)]
    pub absent: Vec<String>,
    /// Values in the object of `--json`, which is added to the command line. A path goes by names and positions, as
    /// in `verdict/outcome`; in a list of objects also by their "name".
    #[serde(default)]
    pub json: BTreeMap<String, toml::Value>,
    /// Least and greatest value of numbers in that object.
    #[serde(default)]
    pub range: BTreeMap<String, (i64, i64)>,
    /// Rows that the final screen must hold, in this order, as parts of rows. Adds `--json`.
    #[serde(default)]
    pub screen: Vec<String>,
    /// The image of the command line also boots on a bare machine, in Bochs with its own BIOS, for this many instructions
    /// of its own. Each line that it shows there must be on the final screen of the run. Adds `--json`.
    pub bare: Option<u64>,
    /// The run, which should end at that screen, may take no more instructions than the bare machine took, the VMM's
    /// included.
    #[serde(default)]
    pub no_more_instructions: bool,
    /// Lines of the bare machine that need not be there, each with the reason.
    #[serde(default)]
    pub unlike: BTreeMap<String, String>,
    /// Files and texts that they must hold.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Seconds within which the command must end.
    #[serde(default = "default_seconds")]
    pub seconds: u64,
    /// The command runs twice and must give the same standard output and files, byte by byte.
    #[serde(default)]
    pub twice: bool,
}

fn default_seconds() -> u64 {
    60
}

/// A row on one machine.
#[derive(Clone, Debug)]
pub struct Case {
    /// File, row, machine.
    pub name: String,
    /// The row.
    pub row: Row,
    /// What the machine adds to the command line.
    pub machine: Vec<String>,
}

/// All cases of all files, sorted by file, in the order of the rows.
pub fn read_all() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let scenarios = files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "toml"));
    scenarios.flat_map(|path| read(path)).collect()
}

/// The sessions with operating systems of others.
pub fn read_sessions() -> Vec<Case> {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests.toml"))
}

fn read(path: &Path) -> Vec<Case> {
    let text = fs::read_to_string(path).unwrap();
    let file: File = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let topic = path.file_stem().unwrap().to_string_lossy();
    file.scenario.iter().flat_map(|row| on_machines(&topic, row)).collect()
}

fn on_machines(topic: &str, row: &Row) -> Vec<Case> {
    let mut cases =
        vec![Case { name: format!("{topic}: {}", row.name), row: row.clone(), machine: Vec::new() }];
    for (option, values) in [("--cpu", &row.cpu), ("--firmware", &row.firmware)] {
        if !values.is_empty() {
            cases = cases
                .iter()
                .flat_map(|case| values.iter().map(|value| with_option(case, option, value)))
                .collect();
        }
    }
    cases
}

fn with_option(case: &Case, option: &str, value: &str) -> Case {
    let mut case = case.clone();
    case.name += &format!(" ({value})");
    case.machine.extend([option.to_owned(), value.to_owned()]);
    case
}
