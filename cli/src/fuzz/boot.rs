//! One boot of the fuzzer's VMM, and what comes from it: a byte for each program that was run, lines of text between.

use std::time::{Duration, Instant};

use fuzz::{Outcome, SECTOR_BYTES, Sum};
use wire::{Backend, BootConfig, DiskImage, FuzzJob, Geometry, Items, Job, Link, Plant, RunJob, Told};

use crate::args::MachineArgs;
use crate::boot_image::{self, Elf, Packing, Start};
use crate::engine::Engine;
use crate::engine::configuration::POWER_ON_SECONDS;
use crate::engine::process::Output;
use crate::machine::{self, Needs};
use crate::metal;
use crate::session::Signals;
use crate::status::Failure;

/// A machine that says nothing for so long did not start, or was stopped from outside.
const START: Duration = Duration::from_mins(5);

/// A VMM that is silent for so long among many programs has hung. It is time of the processor that the engine had, since
/// other work on this computer must not count: a program takes a thousandth of that, a look at all of memory a hundredth.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Memory above 1 MiB of the guest, in KiB: what can be restored page by page.
const EXTENDED_KIB: u32 = 1024;

/// Sectors of the floppy that programs are booted from.
const FLOPPY_SECTORS: u32 = 2880;

/// Where programs are tried.
pub struct Bench {
    engine: Engine,
    machine: MachineArgs,
    backend: Backend,
    plant: Option<Plant>,
    vmm: Elf,
}

/// What to try in one boot.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The programs; one at least.
    pub programs: &'a [[u8; SECTOR_BYTES]],
    /// How many between two looks at memory.
    pub batch: u64,
    /// How long the VMM may be silent, in time of the processor that the engine has.
    pub patience: Duration,
}

/// What came of a boot.
#[derive(Debug, Default)]
pub struct Seen {
    /// Of each program that was run to its end.
    pub outcomes: Vec<Outcome>,
    /// What the VMM said, with the number of outcomes before.
    pub said: Vec<(usize, String)>,
    /// The back-end, as the VMM names it.
    pub backend: String,
    /// How the boot ended.
    pub end: End,
}

/// How a boot ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// All programs were run, and memory is whole.
    Complete,
    /// Memory is not whole after the last batch.
    Damaged,
    /// The machine died or fell silent; what it said last.
    #[default]
    Lost,
}

impl Bench {
    /// Builds the VMM.
    ///
    /// # Errors
    /// Status 3: it cannot be built.
    pub fn new(
        engine: Engine,
        machine: MachineArgs,
        backend: Backend,
        plant: Option<Plant>,
    ) -> Result<Self, Failure> {
        Ok(Self { engine, machine, backend, plant, vmm: metal::fuzzer()? })
    }

    /// Runs a batch.
    ///
    /// # Errors
    /// Status 3: the machine cannot be started, or the VMM refused before the first program. 128 + n: signal n came.
    pub fn boot(&self, batch: Batch) -> Result<Seen, Failure> {
        let config = self.config(batch)?;
        let programs = batch.programs.as_flattened();
        let image = boot_image::build(&self.vmm, Start::Disk, Packing::Loose, Some(&config), Some(programs))
            .map_err(Failure::refused)?;
        let mut machine = machine::start(&self.engine, self.machine, image, Needs::SCRIPTED)?;
        let mut stream = Stream { expected: batch.programs.len() as u64, ..Stream::default() };
        let (mut since, mut spent) = (Instant::now(), Duration::ZERO);
        while !stream.is_over && since.elapsed() < START {
            if let Some(signal) = Signals::waiting() {
                return Err(Failure::interrupted(signal));
            }
            match machine.listen(Duration::from_millis(100)).map_err(anyhow::Error::from)? {
                Output::Console(bytes) => {
                    bytes.into_iter().try_for_each(|byte| stream.take(byte))?;
                    (since, spent) = (Instant::now(), machine.processor_time());
                }
                Output::Silence if stream.has_begun && machine.processor_time() > spent + batch.patience => {
                    break;
                }
                Output::Com1(_) | Output::Silence => {}
                Output::End => break,
            }
        }
        stream.finish()
    }

    fn config(&self, batch: Batch) -> Result<Vec<u8>, Failure> {
        let postcard = |error| Failure::refused(format!("the boot config: {error}"));
        let floppy = DiskImage {
            drive: 0,
            write_protected: false,
            handed_back: false,
            geometry: Geometry { cylinders: 80, heads: 2, sectors_per_track: 18 },
            sectors: FLOPPY_SECTORS,
            chunks: Items::from_postcard(&[]),
        };
        let floppy = postcard::to_allocvec(&floppy).map_err(postcard)?;
        let run = RunJob {
            smsw_shows_pe: true,
            backend: self.backend,
            disks: Items::from_postcard(&floppy),
            boot_drive: 0,
            stoppable: false,
            letterbox: false,
            measured: false,
            sabotage: None,
            told: Told::default(),
            steps: Items::from_postcard(&[]),
            interactive: false,
            serial_input: &[],
            extended_kib: EXTENDED_KIB,
            rtc_seconds: POWER_ON_SECONDS,
        };
        let job = Job::Fuzz(FuzzJob { run, batch: batch.batch, plant: self.plant });
        let config = BootConfig { version: wire::VERSION, link: Link::Plain, job };
        postcard::to_allocvec(&config).map_err(postcard)
    }
}

/// The downlink, read byte by byte.
#[derive(Default)]
struct Stream {
    expected: u64,
    seen: Seen,
    line: Vec<u8>,
    has_begun: bool,
    is_over: bool,
    /// Lines that are nobody's, the last few.
    text: Vec<String>,
}

impl Stream {
    fn take(&mut self, byte: u8) -> Result<(), Failure> {
        match Outcome::from_byte(byte).filter(|_| self.has_begun) {
            Some(outcome) => self.seen.outcomes.push(outcome),
            None if byte == b'\n' => {
                let line = std::mem::take(&mut self.line);
                self.take_line(String::from_utf8_lossy(&line).trim())?;
            }
            None => self.line.push(byte),
        }
        Ok(())
    }

    fn take_line(&mut self, line: &str) -> Result<(), Failure> {
        let (word, rest) =
            line.strip_prefix("fuzz: ").and_then(|line| line.split_once(' ')).unwrap_or(("", line));
        match word {
            "begin" => {
                self.has_begun = true;
                rest.clone_into(&mut self.seen.backend);
            }
            "said" => self.seen.said.push((self.seen.outcomes.len(), rest.to_owned())),
            "damaged" => {
                self.seen.said.push((self.seen.outcomes.len(), rest.to_owned()));
                self.seen.end = End::Damaged;
                self.is_over = true;
            }
            "end" => self.end(rest)?,
            _ if rest.is_empty() => {}
            _ => {
                self.text.push(rest.to_owned());
                let surplus = self.text.len().saturating_sub(40);
                self.text.drain(..surplus);
            }
        }
        Ok(())
    }

    /// The last line must fit what came before it.
    fn end(&mut self, line: &str) -> Result<(), Failure> {
        let mut sum = Sum::default();
        self.seen.outcomes.iter().for_each(|outcome| sum.add(outcome.to_byte()));
        let own = format!("{} {:016X}", self.expected, sum.value());
        if line != own || self.seen.outcomes.len() as u64 != self.expected {
            return Err(Failure::refused("outcomes were lost on the way from the VMM"));
        }
        self.seen.end = End::Complete;
        self.is_over = true;
        Ok(())
    }

    fn finish(mut self) -> Result<Seen, Failure> {
        if !self.line.is_empty() {
            let line = std::mem::take(&mut self.line);
            self.take_line(String::from_utf8_lossy(&line).trim())?;
        }
        if !self.has_begun {
            let reason = self.text.iter().find_map(|line| line.strip_prefix("Verdict: refused: "));
            let tail = || self.text[self.text.len().saturating_sub(3)..].join(" / ");
            return Err(Failure::refused(reason.map_or_else(tail, str::to_owned)));
        }
        if self.seen.end == End::Lost {
            let last = self.text.iter().position(|line| line.starts_with("hyper86: "));
            // A panic's message stands on the line behind its place.
            let words = last.map(|at| self.text[at..self.text.len().min(at + 2)].join(" "));
            let words = words.unwrap_or_else(|| "the VMM is silent".to_owned());
            self.seen.said.push((self.seen.outcomes.len(), words));
        }
        Ok(self.seen)
    }
}

impl Seen {
    /// What was said of the program with this index.
    pub fn said_of(&self, index: usize) -> String {
        let lines = self.said.iter().filter(|(before, _)| *before == index);
        lines.map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(expected: u64, bytes: &[u8]) -> Result<Seen, Failure> {
        let mut stream = Stream { expected, ..Stream::default() };
        bytes.iter().try_for_each(|&byte| stream.take(byte))?;
        stream.finish()
    }

    #[test]
    fn outcomes_are_counted_between_the_lines_and_checked_at_the_end() {
        let mut sum = Sum::default();
        [0x80, 0xC0].into_iter().for_each(|byte| sum.add(byte));
        let end = format!("\nfuzz: end 2 {:016X}\n", sum.value());
        let bytes = [b"bochs \x82\nfuzz: begin v8086\n\x80\nfuzz: said why\n\xC0", end.as_bytes()].concat();
        let seen = stream(2, &bytes).unwrap();
        assert_eq!(seen.outcomes, [Outcome::Budget, Outcome::NoAnswer]);
        assert_eq!((seen.backend.as_str(), seen.end.clone()), ("v8086", End::Complete));
        assert_eq!(seen.said_of(1), "why");
        assert!(stream(3, &bytes).is_err(), "one is missing");
        assert!(stream(2, &bytes.iter().copied().filter(|byte| *byte != 0x80).collect::<Vec<_>>()).is_err());
    }

    #[test]
    fn a_machine_that_dies_is_lost_with_its_last_words_and_one_that_refuses_is_told() {
        let seen = stream(9, b"fuzz: begin v8086\n\x80\x80\nhyper86: panicked at x\nand more").unwrap();
        assert_eq!((seen.outcomes.len(), seen.end.clone()), (2, End::Lost));
        assert_eq!(seen.said_of(2), "hyper86: panicked at x and more");
        let refused = stream(9, b"Verdict: refused: it needs EPT\n").unwrap_err();
        assert_eq!(refused.message, "it needs EPT");
    }
}
