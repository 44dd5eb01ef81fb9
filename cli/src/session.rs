//! Follows one run: from the machine's first byte to its verdict, or to whatever else ends it.

mod report;
mod returned;
mod signals;

use std::io;
use std::time::{Duration, Instant};

use wire::frame::{self, MAX_FRAME, Splitter};
use wire::{Input, Outcome, Record};

pub use report::{Conclusion, Report};
pub use returned::Returned;
pub use signals::Signals;

use crate::engine::process::{Bochs, Output};
use crate::screen::Screen;

/// How long the engine may take to end after the verdict.
const AFTERWARDS: Duration = Duration::from_secs(2);

/// How long a machine may take to stop when the person asks for it.
const STOPPING: Duration = Duration::from_secs(2);

/// How long a VMM may be silent that is to hand back the disks.
const ANSWER: Duration = Duration::from_secs(10);

/// How often it is asked to: it may not have listened yet.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// How soon a second signal is still the first: timeout(1) sends each twice, to the process and to its group.
const SAME_SIGNAL: Duration = Duration::from_millis(500);

/// How often the clock, signals and the person are looked at while the machine is silent.
const TURN: Duration = Duration::from_millis(25);

/// Foreign text that is kept for the case that something goes wrong, in bytes.
const TEXT_LIMIT: usize = 64 * 1024;

/// Who watches a run.
pub trait Observer {
    /// Something was reported; `screen` has it already.
    ///
    /// # Errors
    /// The observer's output is gone, which ends the run.
    fn record(&mut self, record: &Record, screen: &Screen) -> io::Result<()>;

    /// What the person has typed since the last call.
    ///
    /// # Errors
    /// The person's terminal is gone, which ends the run.
    fn inputs(&mut self) -> io::Result<Vec<Input>> {
        Ok(Vec::new())
    }
}

/// What ends a run from outside, and how.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For the whole run.
    pub patience: Option<Duration>,
    /// What the VMM is asked for before the machine is switched off.
    pub last_words: LastWords,
}

/// What a VMM can be asked for at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastWords {
    /// Nothing: it does not listen.
    None,
    /// Where the guest was, if its time is over or a signal ends it.
    PostMortem,
    /// What the guest wrote to its disks, too, whatever ends the run.
    Disks,
}

impl Limits {
    fn asks_at(&self, conclusion: &Conclusion) -> bool {
        match self.last_words {
            LastWords::None => false,
            LastWords::PostMortem => matches!(conclusion, Conclusion::TimedOut | Conclusion::Interrupted(_)),
            LastWords::Disks => true,
        }
    }
}

/// Follows a machine whose program speaks in frames, until its end.
///
/// # Errors
/// The operating system refuses to read, or the observer's output is gone.
pub fn follow(
    machine: &mut Bochs,
    limits: Limits,
    signals: &Signals,
    observer: &mut dyn Observer,
) -> io::Result<Report> {
    let mut report = Report::default();
    let mut stream = Stream::default();
    let mut cut = Cut::new(limits);
    let mut watch = Watch { observer, is_gone: false, last_words: limits.last_words };
    report.conclusion = loop {
        if let Some(conclusion) = cut.check(machine, signals.take()) {
            break conclusion;
        }
        if !stream.has_begun {
            machine.hurry();
        }
        match machine.listen(TURN)? {
            Output::Console(bytes) => {
                if stream.take(&bytes, &mut report, &mut watch)? {
                    cut.sectors_came();
                }
            }
            Output::Com1(_) | Output::Silence => {}
            Output::End => break stream.conclude(machine),
        }
        if let Some(verdict) = stream.verdict.take() {
            machine.finish(AFTERWARDS);
            break cut.judge(verdict);
        }
        for input in watch.inputs()? {
            send(machine, input);
            if input == Input::Stop {
                cut.begin(Conclusion::stopped());
            }
        }
        if watch.is_gone && !cut.is_under_way() {
            send(machine, Input::Stop);
            cut.begin(Conclusion::Interrupted(HANG_UP));
        }
    };
    report.text = stream.text();
    Ok(report)
}

/// SIGHUP: what a terminal that is gone means.
const HANG_UP: u8 = 1;

/// An observer who may go away. A run whose disks come back goes on to its end without one.
struct Watch<'a> {
    observer: &'a mut dyn Observer,
    is_gone: bool,
    last_words: LastWords,
}

impl Watch<'_> {
    fn record(&mut self, record: &Record, screen: &Screen) -> io::Result<()> {
        if self.is_gone {
            return Ok(());
        }
        let result = self.observer.record(record, screen);
        self.forgive(result)
    }

    fn inputs(&mut self) -> io::Result<Vec<Input>> {
        if self.is_gone {
            return Ok(Vec::new());
        }
        let result = self.observer.inputs();
        self.forgive(result)
    }

    fn forgive<T: Default>(&mut self, result: io::Result<T>) -> io::Result<T> {
        match result {
            Err(_) if self.last_words != LastWords::None => {
                self.is_gone = true;
                Ok(T::default())
            }
            result => result,
        }
    }
}

/// The end of a run that comes from outside: at once, or after the VMM was asked and has answered.
struct Cut {
    limits: Limits,
    /// When nobody waits any longer.
    deadline: Option<Instant>,
    /// How the run is to end, once the VMM was asked.
    asked: Option<Conclusion>,
    asked_at: Instant,
    ask_again: Instant,
}

impl Cut {
    fn new(limits: Limits) -> Self {
        let now = Instant::now();
        let deadline = limits.patience.map(|patience| now + patience);
        Self { limits, deadline, asked: None, asked_at: now, ask_again: now }
    }

    /// Whether the VMM was asked already.
    fn is_under_way(&self) -> bool {
        self.asked.is_some()
    }

    /// The VMM is asked for its end, and gets some time.
    fn begin(&mut self, conclusion: Conclusion) {
        if self.asked.is_none() {
            self.asked = Some(conclusion);
            let patience = if self.limits.last_words == LastWords::Disks { ANSWER } else { STOPPING };
            self.asked_at = Instant::now();
            self.ask_again = self.asked_at + ASK_AGAIN;
            self.deadline = Some(self.asked_at + patience);
        }
    }

    /// The VMM is handing back the disks, which may take long.
    fn sectors_came(&mut self) {
        if self.asked.is_some() {
            self.deadline = Some(Instant::now() + ANSWER);
        }
    }

    /// Looks at the clock and the signals. A signal while the VMM is asked ends the run at once.
    fn check(&mut self, machine: &mut Bochs, signal: Option<u8>) -> Option<Conclusion> {
        let now = Instant::now();
        let is_same = self.is_under_way() && now - self.asked_at < SAME_SIGNAL;
        let conclusion = match signal {
            Some(_) if is_same => None,
            Some(signal) => Some(Conclusion::Interrupted(signal)),
            None if self.deadline.is_some_and(|deadline| now >= deadline) => {
                Some(self.asked.clone().unwrap_or(Conclusion::TimedOut))
            }
            None => None,
        };
        match conclusion {
            Some(conclusion) if self.asked.is_none() && self.limits.asks_at(&conclusion) => {
                send(machine, Input::Stop);
                self.begin(conclusion);
                None
            }
            None if self.asked.is_some() && now >= self.ask_again => {
                send(machine, Input::Stop);
                self.ask_again = now + ASK_AGAIN;
                None
            }
            conclusion => conclusion,
        }
    }

    /// What the run ended with, seen that the VMM says this. The end may have come before the question.
    fn judge(self, verdict: Conclusion) -> Conclusion {
        let stopped = matches!(verdict, Conclusion::Verdict { outcome: Outcome::Stopped, .. });
        match self.asked {
            Some(interrupted @ Conclusion::Interrupted(_)) => interrupted,
            Some(Conclusion::TimedOut) if stopped => Conclusion::TimedOut,
            _ => verdict,
        }
    }
}

/// A machine that has just ended takes no input, which its end will tell.
fn send(machine: &mut Bochs, input: Input) {
    let mut out = [0; MAX_FRAME];
    if let Ok(length) = frame::encode(&input, &mut out) {
        let _ = machine.send(&out[..length]);
    }
}

/// The downlink: frames, with text of others between them.
#[derive(Default)]
struct Stream {
    splitter: Splitter,
    foreign: Vec<u8>,
    /// Whether the VMM has said anything.
    has_begun: bool,
    verdict: Option<Conclusion>,
}

impl Stream {
    /// Returns whether sectors of a disk were among it.
    fn take(&mut self, bytes: &[u8], report: &mut Report, watch: &mut Watch) -> io::Result<bool> {
        let mut sectors = false;
        for &byte in bytes {
            let Some(piece) = self.splitter.push(byte) else { continue };
            let mut frame = [0; MAX_FRAME];
            let frame = &mut frame[..piece.len()];
            frame.copy_from_slice(piece);
            match frame::decode::<Record>(frame) {
                Some(record) => {
                    self.has_begun = true;
                    report.add(&record);
                    sectors |= matches!(record, Record::DiskSector { .. });
                    watch.record(&record, &report.screen)?;
                    if let Record::Verdict(verdict) = &record {
                        self.verdict = Some(Conclusion::of(verdict));
                    }
                }
                None if self.foreign.len() < TEXT_LIMIT => self.foreign.extend_from_slice(piece),
                None => {}
            }
        }
        Ok(sectors)
    }

    /// The engine ended, and no verdict came. The loader and the runtime speak plainly, since they have no frames.
    fn conclude(&self, machine: &mut Bochs) -> Conclusion {
        let killer = machine.killer(AFTERWARDS);
        machine.finish(AFTERWARDS);
        match (said(&self.text()), killer) {
            (Some(sentence), _) => Conclusion::of_plain(&sentence),
            (None, Some(signal)) => Conclusion::EngineKilled(signal),
            (None, None) => Conclusion::NoVerdict(machine.last_words()),
        }
    }

    /// What the program printed outside frames, without the engine's own words.
    fn text(&self) -> String {
        let mut bytes = self.foreign.clone();
        bytes.extend_from_slice(self.splitter.rest());
        let text = String::from_utf8_lossy(&bytes);
        let kept = text.lines().filter(|line| !is_engines(line)).map(harmless).collect::<Vec<_>>();
        kept.join("\n").trim().to_owned()
    }
}

/// What the program says of its end in plain text, if it does: one sentence. A panic has its place on a line of its own.
fn said(text: &str) -> Option<String> {
    let mut lines = text.lines().map(str::trim);
    let sentence = lines.find_map(|line| line.strip_prefix("hyper86: "))?;
    Some(match lines.next() {
        Some(message) if sentence.ends_with(':') => format!("{sentence} {message}"),
        _ => sentence.to_owned(),
    })
}

/// A line that no terminal takes for a command.
fn harmless(line: &str) -> String {
    line.chars().map(|c| if c.is_control() && c != '\t' { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Whether a line is from Bochs: its banner, its debugger.
pub(crate) fn is_engines(line: &str) -> bool {
    const STARTS: [&str; 7] =
        ["=====", "00000000000i[", "Next at t=", "<bochs:", "(0) [0x", "(0).[", "Mapping"];
    const BANNER: [&str; 3] = ["Bochs x86 Emulator", "Built from SVN snapshot", "Timestamp:"];
    STARTS.iter().any(|start| line.starts_with(start)) || BANNER.iter().any(|part| line.contains(part))
}

#[cfg(test)]
mod tests {
    use wire::{LineKind, Outcome, Verdict};

    use super::*;

    struct Nobody;

    impl Observer for Nobody {
        fn record(&mut self, _: &Record, _: &Screen) -> io::Result<()> {
            Ok(())
        }
    }

    fn frame(record: &Record) -> Vec<u8> {
        let mut out = [0; MAX_FRAME];
        let length = frame::encode(record, &mut out).unwrap();
        out[..length].to_vec()
    }

    #[test]
    fn records_are_found_in_any_pieces_and_the_rest_is_text() {
        let verdict = Verdict { outcome: Outcome::Done, reason: "all went well" };
        let stream = [
            b"=====\n        Bochs x86 Emulator 2.7\n".to_vec(),
            frame(&Record::Line(LineKind::Step, "VMXON")),
            frame(&Record::Serial(b"\0\x1b")),
            b"strange\x1b[2J words\n".to_vec(),
            frame(&Record::Verdict(verdict.clone())),
        ]
        .concat();
        for size in [1, 2, 7, stream.len()] {
            let (mut report, mut read) = (Report::default(), Stream::default());
            let mut watch = Watch { observer: &mut Nobody, is_gone: false, last_words: LastWords::None };
            for piece in stream.chunks(size) {
                read.take(piece, &mut report, &mut watch).unwrap();
            }
            assert_eq!(report.lines, [(LineKind::Step, "VMXON".to_owned())]);
            assert_eq!(report.serial, b"\0\x1b");
            assert_eq!(read.text(), "strange\u{FFFD}[2J words");
            assert_eq!(read.verdict, Some(Conclusion::of(&verdict)));
        }
    }

    #[test]
    fn a_panic_is_told_with_its_message() {
        let rows = [
            ("", None),
            ("words", None),
            ("a\nhyper86: this CPU has no long mode\nb", Some("this CPU has no long mode")),
            ("hyper86: panicked at a.rs:1:2:\n  too bad\nrip 0", Some("panicked at a.rs:1:2: too bad")),
            ("hyper86: panicked at a.rs:1:2:", Some("panicked at a.rs:1:2:")),
        ];
        for (text, sentence) in rows {
            assert_eq!(said(text).as_deref(), sentence, "{text}");
        }
    }
}
