//! What a run reported, and how it ended.

use std::collections::BTreeMap;

use wire::{BiosCall, End, ExitRecord, LineKind, Outcome, Record, Registers, Verdict};

use super::Returned;
use crate::screen::Screen;
use crate::statistics::Counts;
use crate::status::Status;

/// All records of a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The lines for people.
    pub lines: Vec<(LineKind, String)>,
    /// The figures, the last of each name.
    pub figures: BTreeMap<String, u64>,
    /// `machine`: VMCS field encodings and values.
    pub machine: Vec<(u32, u64)>,
    /// `results`: VMCS field encodings and values.
    pub results: Vec<(u32, u64)>,
    /// The exits that were reported one by one.
    pub exits: Vec<ExitRecord>,
    /// The guest's registers at an abnormal end.
    pub registers: Option<Registers>,
    /// The BIOS calls, if they were to be told.
    pub bios_calls: Vec<BiosCall>,
    /// How often what came, if it was to be counted.
    pub counts: Counts,
    /// What the guest sent to COM1.
    pub serial: Vec<u8>,
    /// The guest's screen.
    pub screen: Screen,
    /// What the guest wrote to its disks, by the disk's place in the job.
    pub disks: BTreeMap<u8, Returned>,
    /// What was printed outside frames, without the engine's own words: a panic, for one.
    pub text: String,
    /// How it ended.
    pub conclusion: Conclusion,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// The VMM said how.
    Verdict {
        /// For the exit status.
        outcome: Outcome,
        /// One sentence.
        reason: String,
    },
    /// The loader said why it cannot start the VMM: one sentence.
    Refusal(String),
    /// The VMM itself failed, and the runtime said where: one sentence. The registers are in [`Report::text`].
    Crash(String),
    /// The machine ended without a verdict; the engine's last words.
    NoVerdict(String),
    /// Somebody ended the engine with this signal.
    EngineKilled(u8),
    /// The time for the whole run was over.
    TimedOut,
    /// This signal came.
    Interrupted(u8),
}

impl Default for Conclusion {
    fn default() -> Self {
        Self::NoVerdict(String::new())
    }
}

impl Conclusion {
    pub(super) fn of(verdict: &Verdict) -> Self {
        Self::Verdict { outcome: verdict.outcome, reason: verdict.reason.to_owned() }
    }

    /// The program said something in plain text instead of a verdict.
    pub(super) fn of_plain(sentence: &str) -> Self {
        // So the runtime begins its reports.
        let is_crash = ["panicked at", "CPU exception"].iter().any(|start| sentence.starts_with(start));
        if is_crash { Self::Crash(sentence.to_owned()) } else { Self::Refusal(sentence.to_owned()) }
    }

    /// The person ended the run, and the VMM did not say so in time.
    pub(super) fn stopped() -> Self {
        Self::Verdict { outcome: Outcome::Stopped, reason: "ended by the person".to_owned() }
    }

    /// The exit status that tells it.
    pub fn status(&self) -> Status {
        match self {
            Self::Verdict { outcome, .. } => match outcome {
                Outcome::Done | Outcome::Stopped | Outcome::GuestEnded { steps_left: 0, .. } => Status::Done,
                Outcome::GuestEnded { .. } => Status::NotMet,
                Outcome::Refused | Outcome::Failed => Status::Refused,
            },
            Self::Refusal(_) | Self::Crash(_) | Self::NoVerdict(_) | Self::EngineKilled(_) => Status::Refused,
            Self::TimedOut => Status::NotMet,
            Self::Interrupted(signal) => Status::Interrupted(*signal),
        }
    }

    /// One word for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Verdict { outcome, .. } => match outcome {
                Outcome::Done => "done",
                Outcome::GuestEnded { .. } => "guest-ended",
                Outcome::Refused => "refused",
                Outcome::Failed => "failed",
                Outcome::Stopped => "stopped",
            },
            Self::Refusal(_) => "refused",
            Self::Crash(_) => "failed",
            Self::NoVerdict(_) | Self::EngineKilled(_) => "no-verdict",
            Self::TimedOut => "timeout",
            Self::Interrupted(_) => "interrupted",
        }
    }

    /// One sentence for people.
    pub fn sentence(&self) -> String {
        match self {
            Self::Verdict { reason, .. } => reason.clone(),
            Self::Refusal(sentence) | Self::Crash(sentence) => sentence.clone(),
            Self::NoVerdict(words) if words.contains("exception with no resolution") => {
                "the machine itself triple-faulted, so the VMM failed (it gave no verdict)".to_owned()
            }
            Self::NoVerdict(words) if words.is_empty() => "the machine ended without a verdict".to_owned(),
            Self::NoVerdict(words) => {
                format!("the machine ended without a verdict; the engine's last words: {words}")
            }
            Self::EngineKilled(signal) => {
                format!("the engine was ended by signal {signal}, without a verdict")
            }
            Self::TimedOut => "the time for the run is over (--timeout)".to_owned(),
            Self::Interrupted(signal) => format!("ended by signal {signal}"),
        }
    }

    /// Why what the guest wrote to a disk did not come back.
    pub fn why_nothing_came_back(&self) -> String {
        match self {
            Self::Verdict { outcome: Outcome::Refused | Outcome::Failed, .. }
            | Self::Refusal(_)
            | Self::Crash(_)
            | Self::NoVerdict(_)
            | Self::EngineKilled(_) => self.sentence(),
            Self::Verdict { .. } | Self::TimedOut | Self::Interrupted(_) => {
                "the VMM did not hand back what the guest wrote".to_owned()
            }
        }
    }

    /// How the guest ended, for programs, and the steps that were left.
    pub fn guest_end(&self) -> Option<(&'static str, u32)> {
        let Self::Verdict { outcome: Outcome::GuestEnded { end, steps_left }, .. } = self else {
            return None;
        };
        let word = match end {
            End::Halted => "halted",
            End::BootAgain => "int-19h",
            End::ResetVector => "reset-vector",
            End::KeyboardReset => "keyboard-reset",
            End::FastReset => "port-92h",
            End::NoBoot => "int-18h",
            End::PowerOff => "power-off",
            End::TripleFault => "triple-fault",
            End::FaultLoop { .. } => "fault-loop",
        };
        Some((word, *steps_left))
    }
}

impl Report {
    /// Takes one record.
    pub(crate) fn add(&mut self, record: &Record) {
        self.screen.apply(record);
        match record {
            Record::Line(kind, text) => self.lines.push((*kind, (*text).to_owned())),
            Record::Figure(name, value) => {
                self.figures.insert((*name).to_owned(), *value);
            }
            Record::Machine(field, value) => self.machine.push((*field, *value)),
            Record::Result(field, value) => self.results.push((*field, *value)),
            Record::Exit(exit) => self.exits.push(*exit),
            Record::Registers(registers) => self.registers = Some(*registers),
            Record::BiosCall(call) => self.bios_calls.push(*call),
            Record::Count(counter, count) => {
                self.counts.insert(*counter, *count);
            }
            Record::Serial(bytes) => self.serial.extend_from_slice(bytes),
            Record::DiskSector { disk, lba, bytes } => {
                self.disks.entry(*disk).or_default().sector(*lba, bytes);
            }
            Record::DiskEnd { disk, sectors } => self.disks.entry(*disk).or_default().end(*sectors),
            Record::Screen { .. }
            | Record::ScreenRow { .. }
            | Record::ScreenEnd
            | Record::Pulse { .. }
            | Record::Loaded { .. }
            | Record::Verdict(_) => {}
        }
    }

    /// Whether the end asks for a post-mortem: somebody will want to know why it came to it.
    pub fn is_abnormal(&self) -> bool {
        match &self.conclusion {
            Conclusion::Verdict { outcome, .. } => match outcome {
                Outcome::GuestEnded { end, .. } => matches!(end, End::TripleFault | End::FaultLoop { .. }),
                Outcome::Refused | Outcome::Failed => true,
                Outcome::Done | Outcome::Stopped => false,
            },
            Conclusion::Refusal(_)
            | Conclusion::Crash(_)
            | Conclusion::NoVerdict(_)
            | Conclusion::EngineKilled(_)
            | Conclusion::TimedOut
            | Conclusion::Interrupted(_) => true,
        }
    }

    /// Whether the guest ended in an ordinary way that nobody asked for.
    pub fn is_over_by_itself(&self) -> bool {
        self.conclusion.guest_end().is_some() && !self.is_abnormal()
    }

    /// Why nothing is known of where the guest was, if its end asks for that.
    pub fn silence(&self) -> Option<&'static str> {
        let reason = match &self.conclusion {
            _ if self.registers.is_some() => return None,
            Conclusion::TimedOut | Conclusion::Interrupted(_) => "the VMM does not answer",
            Conclusion::NoVerdict(_) | Conclusion::EngineKilled(_) => "the machine is gone",
            Conclusion::Verdict { .. } | Conclusion::Refusal(_) | Conclusion::Crash(_) => return None,
        };
        Some(reason)
    }

    /// What the program printed outside frames, such as the registers at a panic, if it tells more than the conclusion.
    pub fn unframed(&self) -> Option<&str> {
        let known = match &self.conclusion {
            Conclusion::Verdict { .. } => return None,
            Conclusion::Refusal(sentence) => self.text.trim().strip_prefix("hyper86: ") == Some(sentence),
            Conclusion::Crash(_)
            | Conclusion::NoVerdict(_)
            | Conclusion::EngineKilled(_)
            | Conclusion::TimedOut
            | Conclusion::Interrupted(_) => self.text.is_empty(),
        };
        (!known).then_some(self.text.as_str())
    }

    /// The last value of a field of `results`.
    pub fn result(&self, field: u32) -> Option<u64> {
        self.results.iter().rev().find(|(encoding, _)| *encoding == field).map(|&(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_conclusion_has_its_status_and_its_word() {
        let verdict = |outcome| Conclusion::Verdict { outcome, reason: String::new() };
        let ended = |steps_left| verdict(Outcome::GuestEnded { end: End::Halted, steps_left });
        let table = [
            (verdict(Outcome::Done), Status::Done, "done"),
            (verdict(Outcome::Stopped), Status::Done, "stopped"),
            (verdict(Outcome::Refused), Status::Refused, "refused"),
            (verdict(Outcome::Failed), Status::Refused, "failed"),
            (ended(0), Status::Done, "guest-ended"),
            (ended(1), Status::NotMet, "guest-ended"),
            (Conclusion::of_plain("this CPU has no 64-bit long mode"), Status::Refused, "refused"),
            (Conclusion::of_plain("panicked at vmm/src/main.rs:1:1:"), Status::Refused, "failed"),
            (Conclusion::of_plain("CPU exception: #PF"), Status::Refused, "failed"),
            (Conclusion::default(), Status::Refused, "no-verdict"),
            (Conclusion::EngineKilled(9), Status::Refused, "no-verdict"),
            (Conclusion::TimedOut, Status::NotMet, "timeout"),
            (Conclusion::Interrupted(2), Status::Interrupted(2), "interrupted"),
        ];
        for (conclusion, status, word) in table {
            assert_eq!((conclusion.status(), conclusion.word()), (status, word), "{conclusion:?}");
        }
    }
}
