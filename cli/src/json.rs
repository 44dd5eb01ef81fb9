//! The one object of `--json`. Its schema is in the README.

mod guest;

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::Context;
use serde::Serialize;
use vmx::Field;
use wire::LineKind;

use crate::args::MachineArgs;
use crate::bios_calls::CallObject;
use crate::disk::keep::{Fate, Kept};
use crate::session::Report;
use crate::statistics::StatsObject;
use crate::status::{Failure, Status};
pub use guest::{Exit, RegistersObject};

/// A run, for programs. Fields that do not apply are left out.
#[derive(Debug, Serialize)]
pub struct Object {
    /// The command.
    pub command: &'static str,
    /// The step of the course.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub demo: Option<String>,
    /// What was broken on purpose.
    #[serde(rename = "break", skip_serializing_if = "Option::is_none")]
    pub sabotage: Option<String>,
    /// CPU model by short name.
    pub cpu: String,
    /// Firmware by short name.
    pub firmware: String,
    /// The exit status.
    pub status: u8,
    /// How it ended.
    pub verdict: VerdictObject,
    /// `machine`: what was planned for the guest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub machine: Vec<Entry>,
    /// `results`: what was read after the exit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<Entry>,
    /// The exits that were reported one by one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exits: Vec<Exit>,
    /// The guest's registers at an abnormal end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registers: Option<RegistersObject>,
    /// The BIOS calls, with `--trace-bios`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bios_calls: Option<Vec<CallObject>>,
    /// The exits by kind, port and interrupt, with `--stats`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stats: Option<StatsObject>,
    /// What was measured.
    pub figures: BTreeMap<String, u64>,
    /// What the guest sent to COM1: each byte is the character with its number.
    pub serial: String,
    /// The guest's screen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub screen: Option<ScreenObject>,
    /// What became of the disks that were to be kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drives: Vec<DriveObject>,
    /// The lines for people.
    pub lines: Vec<Line>,
}

/// What became of a disk that was to be kept.
#[derive(Debug, Serialize)]
pub struct DriveObject {
    /// The drive's letter.
    pub drive: String,
    /// The file.
    pub file: String,
    /// "written", "unchanged" or "not-written".
    pub outcome: &'static str,
    /// Sectors that the guest wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sectors: Option<usize>,
    /// Why it was not written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl DriveObject {
    /// What became of this one.
    pub fn of(kept: &Kept) -> Self {
        let (outcome, sectors, reason) = match &kept.fate {
            Fate::Written(sectors) => ("written", Some(*sectors), None),
            Fate::Unchanged => ("unchanged", Some(0), None),
            Fate::NotWritten(reason) => ("not-written", None, Some(reason.clone())),
        };
        Self {
            drive: kept.drive.to_string(),
            file: kept.path.display().to_string(),
            outcome,
            sectors,
            reason,
        }
    }
}

/// How a run ended.
#[derive(Debug, Serialize)]
pub struct VerdictObject {
    /// One word.
    pub outcome: &'static str,
    /// One sentence.
    pub reason: String,
    /// How the guest ended by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guest_end: Option<&'static str>,
    /// Steps of the script that were not met.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps_left: Option<u32>,
}

/// An entry of `machine` or `results`. Numbers are hexadecimal, since not every reader has 64-bit integers.
#[derive(Debug, Serialize)]
pub struct Entry {
    /// The VMCS encoding.
    pub field: String,
    /// The manual's name.
    pub name: &'static str,
    /// The value.
    pub value: String,
}

/// A screen.
#[derive(Debug, Serialize)]
pub struct ScreenObject {
    /// Columns of the current mode.
    pub columns: u8,
    /// Rows of the current mode.
    pub rows: u8,
    /// Column and row of the cursor, or null when it is hidden.
    pub cursor: Option<(u8, u8)>,
    /// The rows, right-trimmed.
    pub text: Vec<String>,
}

/// A line for people.
#[derive(Debug, Serialize)]
pub struct Line {
    /// What it is about.
    pub kind: &'static str,
    /// Itself.
    pub text: String,
}

impl Object {
    /// What a run reported. `status` and `reason` are the tool's own judgement.
    pub fn of(
        command: &'static str,
        machine: &MachineArgs,
        report: &Report,
        status: Status,
        reason: String,
    ) -> Self {
        let guest_end = report.conclusion.guest_end();
        let screen = &report.screen;
        Self {
            verdict: VerdictObject {
                outcome: report.conclusion.word(),
                reason,
                guest_end: guest_end.map(|(word, _)| word),
                steps_left: guest_end.map(|(_, left)| left),
            },
            machine: report.machine.iter().map(entry).collect(),
            results: report.results.iter().map(entry).collect(),
            exits: report.exits.iter().map(Exit::of).collect(),
            registers: report.registers.as_ref().map(RegistersObject::of),
            figures: report.figures.clone(),
            serial: report.serial.iter().copied().map(char::from).collect(),
            screen: (screen.columns > 0).then(|| ScreenObject {
                columns: screen.columns,
                rows: screen.rows,
                cursor: screen.cursor.map(|cursor| (cursor.column, cursor.row)),
                text: screen.text_rows(),
            }),
            lines: report.lines.iter().map(line).collect(),
            ..Self::empty(command, machine, status)
        }
    }

    /// A run that could not begin.
    pub fn of_failure(command: &'static str, machine: &MachineArgs, failure: &Failure) -> Self {
        let mut object = Self::empty(command, machine, failure.status);
        object.verdict.reason.clone_from(&failure.message);
        object
    }

    fn empty(command: &'static str, machine: &MachineArgs, status: Status) -> Self {
        Self {
            command,
            demo: None,
            sabotage: None,
            cpu: machine.cpu.short_name(),
            firmware: machine.firmware.short_name(),
            status: status.code(),
            verdict: VerdictObject {
                outcome: "not-started",
                reason: String::new(),
                guest_end: None,
                steps_left: None,
            },
            machine: Vec::new(),
            results: Vec::new(),
            exits: Vec::new(),
            registers: None,
            bios_calls: None,
            stats: None,
            figures: BTreeMap::new(),
            serial: String::new(),
            screen: None,
            drives: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// Prints it on standard output.
    ///
    /// # Errors
    /// Standard output is gone.
    pub fn print(&self) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        writeln!(std::io::stdout(), "{text}").context("standard output")
    }
}

fn entry(&(field, value): &(u32, u64)) -> Entry {
    let known = Field::from_encoding(field);
    Entry {
        field: format!("{field:#06x}"),
        name: known.map_or("", Field::name),
        value: format!("{value:#x}"),
    }
}

fn line((kind, text): &(LineKind, String)) -> Line {
    let kind = match kind {
        LineKind::Heading => "heading",
        LineKind::Step => "step",
        LineKind::Detail => "detail",
        LineKind::Log => "log",
        LineKind::Error => "error",
    };
    Line { kind, text: text.clone() }
}
