//! Runs the harness, and reads what comes from it and from its engine: outcomes, one byte each, and before each the
//! engine's lines about it.

use std::ops::Range;
use std::time::{Duration, Instant};

use vmx::Capabilities;
use vmx::mutate::{BATCH, DISCARD, Observed, Sum, fingerprint};

use super::messages::Message;
use crate::args::MachineArgs;
use crate::boot_image::{self, Elf, Packing, Start};
use crate::engine::process::Output;
use crate::engine::{Cpu, Engine, Firmware};
use crate::session::Signals;
use crate::status::Failure;
use crate::{machine, metal};

/// A machine that is silent for so long has hung.
const PATIENCE: Duration = Duration::from_secs(10);

/// The same for one that has yet to boot, beside whatever else this computer does.
const PATIENCE_AT_START: Duration = Duration::from_secs(40);

/// A range of cases in which more machines die than this is not tried to its end.
const MOST_LOSSES: usize = 50;

/// What was seen of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The outcome.
    pub observed: Observed,
    /// What the engine named, first to last.
    pub messages: Vec<Message>,
}

/// Tries the cases of `range`. A case with which the machine dies is lost, and the next machine goes on after it.
///
/// # Errors
/// Status 3: no harness, no engine, or an engine that is not the model of `capabilities`.
pub fn run(
    engine: &Engine,
    cpu: Cpu,
    seed: u64,
    range: Range<u64>,
    capabilities: &Capabilities,
) -> Result<Vec<Observation>, Failure> {
    let harness = metal::prover()?;
    let mut observations = Vec::new();
    let mut losses = 0;
    loop {
        let first = range.start + observations.len() as u64;
        if first >= range.end {
            return Ok(observations);
        }
        let mut stream = Stream::new(range.end - first);
        boot(engine, cpu, &harness, [seed, first, range.end - first], &mut stream)?;
        stream.check(capabilities)?;
        let complete = stream.complete;
        observations.append(&mut stream.observations);
        if !complete {
            losses += 1;
            if losses > MOST_LOSSES {
                return Err(Failure::refused(format!(
                    "more than {MOST_LOSSES} machines died: {}",
                    stream.tail()
                )));
            }
            observations.push(Observation { observed: Observed::Lost, messages: stream.messages });
        }
    }
}

fn boot(engine: &Engine, cpu: Cpu, harness: &Elf, job: [u64; 3], stream: &mut Stream) -> Result<(), Failure> {
    let config = job.map(u64::to_le_bytes);
    let image = boot_image::build(harness, Start::Disk, Packing::Packed, Some(config.as_flattened()), None)
        .map_err(Failure::refused)?;
    let arguments = MachineArgs { cpu, firmware: Firmware::Latest };
    let mut machine = machine::start_telling_errors(engine, arguments, image)?;
    let mut deadline = Instant::now() + PATIENCE_AT_START;
    while Instant::now() < deadline && !stream.complete {
        if let Some(signal) = Signals::waiting() {
            return Err(Failure::interrupted(signal));
        }
        match machine.listen(Duration::from_millis(100)).map_err(anyhow::Error::from)? {
            Output::Console(bytes) => {
                stream.take(&bytes)?;
                let booted = stream.processor.is_some();
                deadline = Instant::now() + if booted { PATIENCE } else { PATIENCE_AT_START };
            }
            Output::Com1(_) | Output::Silence => {}
            Output::End => break,
        }
    }
    Ok(())
}

/// The downlink, read byte by byte: outcomes are 80h and above, the rest is lines of text.
struct Stream {
    expected: u64,
    observations: Vec<Observation>,
    /// What the engine said since the last outcome.
    messages: Vec<Message>,
    line: Vec<u8>,
    /// The last lines that were neither an outcome nor about one.
    text: Vec<String>,
    processor: Option<u64>,
    complete: bool,
}

impl Stream {
    fn new(expected: u64) -> Self {
        Stream {
            expected,
            observations: Vec::new(),
            messages: Vec::new(),
            line: Vec::new(),
            text: Vec::new(),
            processor: None,
            complete: false,
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        for &byte in bytes {
            match byte {
                b'\n' => self.end_line()?,
                0..0x80 => self.line.push(byte),
                DISCARD => {
                    let kept = self.observations.len().saturating_sub(1) / BATCH as usize * BATCH as usize;
                    self.observations.truncate(kept);
                    self.messages.clear();
                }
                _ => {
                    let messages = std::mem::take(&mut self.messages);
                    if let Some(observed) = Observed::from_byte(byte) {
                        self.observations.push(Observation { observed, messages });
                    }
                }
            }
        }
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), Failure> {
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
        if let Some(rest) = line.strip_prefix("prover: ") {
            return self.harness_line(rest);
        }
        match Message::in_line(&line) {
            Some(Ok(message)) => self.messages.push(message),
            Some(Err(text)) => {
                return Err(Failure::refused(format!(
                    "the engine says what the table does not know: {text}"
                )));
            }
            None => {
                self.text.push(line);
                let surplus = self.text.len().saturating_sub(8);
                self.text.drain(..surplus);
            }
        }
        Ok(())
    }

    fn harness_line(&mut self, line: &str) -> Result<(), Failure> {
        let words: Vec<_> = line.split(' ').collect();
        match words[..] {
            ["processor", number] => self.processor = u64::from_str_radix(number, 16).ok(),
            ["end", count, sum] => {
                let mut own = Sum::default();
                self.observations.iter().for_each(|seen| own.add(seen.observed.to_byte()));
                if count.parse() != Ok(self.expected)
                    || self.observations.len() as u64 != self.expected
                    || u64::from_str_radix(sum, 16) != Ok(own.value())
                {
                    return Err(Failure::refused("outcomes were lost on the way from the harness"));
                }
                self.complete = true;
            }
            _ => return Err(Failure::refused(format!("the harness says {line:?}"))),
        }
        Ok(())
    }

    /// The machine must be the one whose cases are computed here.
    fn check(&self, capabilities: &Capabilities) -> Result<(), Failure> {
        match self.processor {
            Some(processor) if processor == fingerprint(capabilities) => Ok(()),
            Some(_) => Err(Failure::refused("the engine's processor is not that of the profile")),
            None => Err(Failure::refused(format!("the harness did not start: {}", self.tail()))),
        }
    }

    fn tail(&self) -> String {
        self.text.join(" / ")
    }
}
