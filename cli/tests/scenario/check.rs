//! Carries out a case and compares what came out.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bare::{self, Shown};
use crate::fixture::{self, Missing};
use crate::row::{Case, Row};

/// How a case ended.
pub enum Outcome {
    Passed,
    /// What is wrong, with the command's output.
    Failed(String),
    /// What this machine lacks.
    NotRun(String),
}

/// What a command left behind.
#[derive(PartialEq, Eq)]
struct Ending {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Carries out a case.
pub fn carry_out(case: &Case) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    match attempt(case, folder.path()) {
        Ok(()) => Outcome::Passed,
        Err(Trouble::Missing(Missing(what))) => Outcome::NotRun(what),
        Err(Trouble::Complaint(complaint)) => Outcome::Failed(complaint),
    }
}

enum Trouble {
    Missing(Missing),
    Complaint(String),
}

impl From<Missing> for Trouble {
    fn from(missing: Missing) -> Self {
        Self::Missing(missing)
    }
}

impl From<String> for Trouble {
    fn from(complaint: String) -> Self {
        Self::Complaint(complaint)
    }
}

fn attempt(case: &Case, folder: &Path) -> Result<(), Trouble> {
    let row = &case.row;
    for command in &row.prepare {
        let command = fixture::fill(command, folder)?;
        if let [chain, from, to] = &command[..]
            && chain == "chain"
        {
            fixture::chain(Path::new(from), Path::new(to));
            continue;
        }
        if let [write, to, text] = &command[..]
            && write == "write"
        {
            fs::write(to, text).unwrap();
            continue;
        }
        let ending = run(&command, folder, Duration::from_secs(row.seconds))?;
        if ending.status != Some(0) {
            return Err(told(&command, &ending, "this preparation failed").into());
        }
    }
    let mut command = fixture::fill(&row.command, folder)?;
    command.extend(case.machine.iter().cloned());
    if !row.json.is_empty() || !row.range.is_empty() || !row.screen.is_empty() || row.bare.is_some() {
        command.push("--json".to_owned());
    }
    let ending = run(&command, folder, Duration::from_secs(row.seconds))?;
    judge(row, &ending, folder).map_err(|complaint| told(&command, &ending, &complaint))?;
    if let Some(instructions) = row.bare {
        // The image stands behind the command's name.
        let shown = bare::run(Path::new(&command[1]), &folder.join("bare"), instructions);
        compare_with_bare(row, &ending, &shown).map_err(|complaint| told(&command, &ending, &complaint))?;
    }
    if row.twice {
        let files = contents(row, folder)?;
        let again = run(&command, folder, Duration::from_secs(row.seconds))?;
        if again.stdout != ending.stdout || contents(row, folder)? != files {
            return Err(told(
                &command,
                &again,
                &format!("the second run differs; first:\n{}", ending.stdout),
            )
            .into());
        }
    }
    Ok(())
}

fn told(command: &[String], ending: &Ending, complaint: &str) -> String {
    let Ending { status, stdout, stderr } = ending;
    format!(
        "{complaint}\ncommand: hyper86 {command:?}\nstatus: {status:?}\nstdout:\n{stdout}\nstderr:\n{stderr}"
    )
}

/// Runs `hyper86`, and ends it when it takes too long.
fn run(command: &[String], folder: &Path, patience: Duration) -> Result<Ending, String> {
    let [stdout, stderr] = ["stdout", "stderr"].map(|name| folder.join(name));
    let mut child = Command::new(env!("CARGO_BIN_EXE_hyper86"))
        .args(command)
        .stdin(Stdio::null())
        .stdout(File::create(&stdout).unwrap())
        .stderr(File::create(&stderr).unwrap())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + patience;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            child.wait().unwrap();
            break None;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let read = |path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    let ending = Ending { status, stdout: read(&stdout), stderr: read(&stderr) };
    if status.is_none() {
        return Err(told(
            command,
            &ending,
            &format!("it took more than {} s, or died by a signal", patience.as_secs()),
        ));
    }
    Ok(ending)
}

fn judge(row: &Row, ending: &Ending, folder: &Path) -> Result<(), String> {
    if ending.status != Some(row.status) {
        return Err(format!("the status is not {}", row.status));
    }
    in_order("stdout", &ending.stdout, &row.stdout)?;
    in_order("stderr", &ending.stderr, &row.stderr)?;
    for text in &row.absent {
        if ending.stdout.contains(text) || ending.stderr.contains(text) {
            return Err(format!("{text:?} must not be there"));
        }
    }
    for (path, text) in &row.files {
        let path = fixture::fill_word(path, folder).map_err(|Missing(what)| what)?;
        let bytes = fs::read(&path).map_err(|error| format!("{path}: {error}"))?;
        in_order(&path, &String::from_utf8_lossy(&bytes), std::slice::from_ref(text))?;
    }
    if row.json.is_empty() && row.range.is_empty() && row.screen.is_empty() {
        return Ok(());
    }
    let object: Value =
        serde_json::from_str(&ending.stdout).map_err(|error| format!("no JSON object: {error}"))?;
    for (path, expected) in &row.json {
        let expected = serde_json::to_value(expected).unwrap();
        let found = find(&object, path);
        if found != Some(&expected) {
            return Err(format!("{path} is {found:?}, not {expected}"));
        }
    }
    for (path, &(least, greatest)) in &row.range {
        let found = find(&object, path).and_then(Value::as_i64);
        if found.is_none_or(|value| value < least || value > greatest) {
            return Err(format!("{path} is {found:?}, not from {least} to {greatest}"));
        }
    }
    let rows = object["screen"]["text"].as_array().cloned().unwrap_or_default();
    let screen = rows.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n");
    in_order("screen", &screen, &row.screen)
}

/// Whether the VM showed each line that the bare machine showed, in no more instructions.
fn compare_with_bare(row: &Row, ending: &Ending, shown: &Shown) -> Result<(), String> {
    let object: Value = serde_json::from_str(&ending.stdout).map_err(|error| error.to_string())?;
    let rows: Vec<&str> =
        object["screen"]["text"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for line in &shown.lines {
        if !row.unlike.contains_key(line) && !rows.iter().any(|row| row.trim_end() == line) {
            return Err(format!("the bare machine shows {line:?}, and the VM does not"));
        }
    }
    if let Some((line, _)) =
        row.unlike.iter().find(|(line, why)| why.is_empty() || !shown.lines.contains(line))
    {
        return Err(format!("the bare machine does not show {line:?}, or no reason is given"));
    }
    if shown.lines.is_empty() {
        return Err("the bare machine shows nothing".to_owned());
    }
    let taken = object["figures"]["instructions_of_run"].as_u64().unwrap_or(u64::MAX);
    if row.no_more_instructions && taken > shown.instructions {
        return Err(format!(
            "{taken} instructions to the screen; {} on the bare machine",
            shown.instructions
        ));
    }
    Ok(())
}

/// Whether `text` holds all `parts`, one behind the other.
fn in_order(what: &str, text: &str, parts: &[String]) -> Result<(), String> {
    let mut rest = text;
    for part in parts {
        let Some((_, behind)) = rest.split_once(part.as_str()) else {
            return Err(format!("{what} does not hold {part:?} (in order of {parts:?})"));
        };
        rest = behind;
    }
    Ok(())
}

/// The value at a path of names and positions.
fn find<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('/').try_fold(object, |value, part| match value {
        Value::Array(items) => match part.parse::<usize>() {
            Ok(position) => items.get(position),
            Err(_) => items.iter().rev().find(|item| item["name"] == part).map(|item| &item["value"]),
        },
        value => value.get(part),
    })
}

fn contents(row: &Row, folder: &Path) -> Result<Vec<Vec<u8>>, Trouble> {
    let mut contents = Vec::new();
    for path in row.files.keys() {
        let path = fixture::fill_word(path, folder)?;
        contents.push(fs::read(&path).map_err(|error| format!("{path}: {error}"))?);
    }
    Ok(contents)
}
