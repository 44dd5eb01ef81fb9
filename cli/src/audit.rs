//! `audit`: reads a dump of a VMCS and says which rules of VM entry it breaks, offline.
//!
//! On entry there is text from anywhere: a kernel log of KVM, a console of Xen, a list of fields, our own JSON, and
//! what mail and web pages did to it. What is not understood is named and skipped. Only what a dump prints is audited;
//! what follows from nothing is reported as undecided, never guessed.

mod announced;
mod callers;
mod characters;
pub mod dump;
pub mod judge;
mod keys;
pub mod likely;
pub mod likes;
pub mod list;
pub mod log;
mod marks;
pub mod names;
mod pairs;
mod registers;
pub mod report;
pub mod snapshot;
pub mod text;
mod tokens;

use std::io::{Read, Write};
use std::path::Path;

use anyhow::Context;

use crate::args::AuditArgs;
use crate::caps::profile::Processor;
use crate::caps::read::find;
use crate::paint::Paint;
use crate::prove;
use crate::status::{Failure, Status};
use dump::Reading;
use report::Report;

/// What a dump may look like, for people whose file is none.
pub const EXPECTED: &str = "expected a dump of KVM or Xen (\"*** Guest State ***\", \"CR0: actual=...\"), lines such as \
    \"guest_cr0 = 0x80000031\" or \"0x6800 80000031\", or JSON";

/// Carries out `audit`: status 0 when no rule is broken, 1 when some are.
///
/// # Errors
/// Status 2 when the file or the capabilities cannot be read; the message names the line and what was expected.
/// Status 3 when standard output is gone.
pub fn audit(arguments: &AuditArgs) -> Result<Status, Failure> {
    let Some(path) = &arguments.file else { return prove::prove(arguments) };
    let bytes = contents(path).map_err(|error| Failure::usage(format!("{error:#}")))?;
    let file = path.display().to_string();
    let given = match &arguments.caps {
        Some(caps) => Some(find(caps).map_err(|error| Failure::usage(format!("--caps: {error:#}")))?),
        None => None,
    };
    let (reading, own) = read(&bytes).map_err(|error| Failure::usage(format!("{file}: {error:#}")))?;
    let processor = given.or(own).unwrap_or_else(Processor::unknown);
    let judgements: Vec<_> =
        reading.dumps.iter().map(|dump| judge::judge(dump, &processor.capabilities)).collect();
    let report = Report { file: &file, reading: &reading, processor: &processor, judgements: &judgements };
    let text = if arguments.json {
        format!("{}\n", serde_json::to_string_pretty(&report.json()).map_err(Failure::refused)?)
    } else {
        report.text(Paint::of_output())
    };
    std::io::stdout().write_all(text.as_bytes()).map_err(Failure::refused)?;
    Ok(if report.broken() == 0 { Status::Done } else { Status::NotMet })
}

fn contents(file: &Path) -> anyhow::Result<Vec<u8>> {
    if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).context("standard input")?;
        return Ok(bytes);
    }
    std::fs::read(file).with_context(|| file.display().to_string())
}

/// Whether a brace opens an initialiser of C or Rust, and not JSON.
fn is_initialiser(bytes: &[u8]) -> bool {
    let inside = bytes.trim_ascii_start().get(1..).unwrap_or_default().trim_ascii_start();
    !matches!(inside.first(), None | Some(b'"' | b'}'))
}

/// What `bytes` hold, and the processor's profile where it is part of them.
///
/// # Errors
/// There is no VMCS in them; the message names the line and what was expected.
pub fn read(bytes: &[u8]) -> anyhow::Result<(Reading, Option<Processor>)> {
    let decoded = characters::decoded(bytes);
    // What is not UTF-8 stays as it is until it is read line by line.
    let bytes = if decoded.contains('\u{fffd}') { bytes } else { decoded.as_bytes() };
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if let Ok(lines) = serde_json::from_slice::<Vec<String>>(bytes) {
        return read(lines.join("\n").as_bytes());
    }
    // Another text may begin with a bracket too: a time stamp, for instance.
    let is_json = first == Some(&b'{') && !text::is_json_log(bytes) && !is_initialiser(bytes)
        || first == Some(&b'[') && serde_json::from_slice::<serde_json::Value>(bytes).is_ok();
    if is_json {
        return snapshot::read(bytes);
    }
    let lines = text::lines(bytes);
    let is_log = marks::is_log(&lines);
    if let Some(line) = lines.iter().find(|line| !is_log && marks::is_of_vmcb(&line.text)) {
        anyhow::bail!(
            "line {}: this is the VMCB of a processor with AMD-V, not a VMCS; {EXPECTED}",
            line.number
        );
    }
    let mut reading = if is_log {
        log::read(&lines)
    } else if registers::is_registers(&lines) {
        registers::read(&lines)
    } else {
        list::read(&lines)
    };
    let note = reading.dumps.first().and_then(|dump| dump.notes.first()).cloned();
    reading.dumps.retain(|dump| !dump.machine.is_empty());
    if !reading.dumps.is_empty() {
        return Ok((reading, None));
    }
    let (line, what) = match (note, lines.first()) {
        (Some(note), _) => (note.line, text::shortened(&note.text)),
        (None, Some(line)) => {
            (line.number, format!("{:?} is no part of a VMCS dump", text::shortened(&line.text)))
        }
        (None, None) => (1, "nothing to read".to_owned()),
    };
    anyhow::bail!("line {line}: {what}; {EXPECTED}")
}
