//! Why a job did not do what it should: every error that ends a run, with the evidence.

use core::fmt;

use v8086::FarPointer;
use vmx::controls::ControlRefused;
use wire::Outcome;

use crate::clock::NoTimer;
use crate::component::ComponentError;
use crate::cpu::vmx::VmxFailure;
use crate::memory::integrity::Damage;
use crate::memory::{Kept, OutOfMemory};
use crate::operation::{EntryFailure, NotEntered, VmxonError, WriteRefused};
use crate::probe::Refusal;
use crate::report::Line;
use crate::run::Impossible;

/// Ends a run.
pub enum Failure {
    /// The boot config cannot be read, or was written by another version of the host tool.
    Config,
    /// The image lacks the module that the job needs.
    NoModule,
    /// The processor is not fit.
    Processor(Refusal),
    /// No timer.
    Timer,
    /// The back-end that was asked for cannot run here.
    Backend(Impossible),
    /// Too little memory.
    Memory(OutOfMemory),
    /// The module is no guest component.
    Component(ComponentError),
    /// VMXON was refused.
    Vmxon(VmxonError),
    /// A VMX instruction that takes no plan failed.
    Instruction(&'static str, VmxFailure),
    /// A control that the plan needs does not exist here.
    Control(ControlRefused),
    /// VMWRITE was refused.
    Write(WriteRefused),
    /// The guest did not start.
    Entry(EntryFailure),
    /// The plan breaks this many rules; they have been reported.
    Audit(usize),
    /// Something was written that no guest may reach.
    Integrity(Damage),
    /// The guest asks for what its back-end does not carry.
    Unsupported(Unsupported),
    /// Something else happened than was announced.
    Unexpected(&'static Line),
}

/// A guest in virtual-8086 mode switches to protected mode.
#[derive(Clone, Copy, Debug)]
pub struct Unsupported {
    /// By which instruction.
    pub by: &'static str,
    /// Where.
    pub at: FarPointer,
    /// On which back-end.
    pub backend: &'static str,
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { by, at: FarPointer { segment, offset }, backend } = self;
        write!(
            f,
            "the guest switches to protected mode ({by} at {segment:04X}:{offset:04X}), which the {backend} back-end \
             cannot run; the unrestricted back-end could"
        )
    }
}

/// The failure in words that ends the run.
static WHAT_HAPPENED: Kept<Line> = Kept::new();

/// A failure in words, for what has no type of its own.
pub fn unexpected(text: fmt::Arguments) -> Failure {
    let mut line = Line::new();
    // A line that is too long is cut.
    let _ = fmt::Write::write_fmt(&mut line, text);
    // There can be several in one boot, and only the first is kept.
    #[cfg(feature = "fuzz")]
    rt::println!("\nfuzz: said {}", line.as_str());
    Failure::Unexpected(WHAT_HAPPENED.keep(line))
}

impl Failure {
    /// For the verdict: a machine that cannot, or a run that went wrong.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Processor(_) | Self::Backend(_) | Self::Timer | Self::Memory(_) | Self::Control(_) => {
                Outcome::Refused
            }
            Self::Config
            | Self::NoModule
            | Self::Component(_)
            | Self::Vmxon(_)
            | Self::Instruction(..)
            | Self::Write(_)
            | Self::Entry(_)
            | Self::Audit(_)
            | Self::Integrity(_)
            | Self::Unsupported(_)
            | Self::Unexpected(_) => Outcome::Failed,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config => {
                write!(f, "the boot config is missing or from another version of hyper86; rebuild the image")
            }
            Self::NoModule => write!(f, "the boot image holds no guest"),
            Self::Processor(refusal) => write!(f, "{refusal}"),
            Self::Timer => write!(f, "the machine's timer (82C54, channel 2) does not count"),
            Self::Backend(impossible) => write!(f, "{impossible}"),
            Self::Memory(error) => write!(f, "{error}"),
            Self::Component(error) => write!(f, "{error}"),
            Self::Vmxon(error) => write!(f, "VMXON: {error}"),
            Self::Instruction(name, failure) => write!(f, "{name}: {failure}"),
            Self::Control(refused) => write!(f, "{refused}"),
            Self::Write(refused) => write!(f, "{refused}"),
            Self::Entry(EntryFailure::Instruction(failure)) => write!(f, "VM entry: {failure}"),
            Self::Entry(EntryFailure::GuestState(reason)) => {
                write!(f, "VM entry failed: exit reason {reason}")
            }
            Self::Audit(count) => {
                write!(f, "the plan breaks {count} rule(s) of the manual; nothing was launched")
            }
            Self::Integrity(damage) => write!(f, "{damage}"),
            Self::Unsupported(unsupported) => write!(f, "{unsupported}"),
            Self::Unexpected(line) => write!(f, "{}", line.as_str()),
        }
    }
}

macro_rules! from {
    ($($error:ty => $variant:ident;)*) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        })*
    };
}
from! {
    Refusal => Processor;
    Impossible => Backend;
    OutOfMemory => Memory;
    ComponentError => Component;
    VmxonError => Vmxon;
    ControlRefused => Control;
    WriteRefused => Write;
    EntryFailure => Entry;
    Damage => Integrity;
    Unsupported => Unsupported;
}

impl From<NotEntered> for Failure {
    fn from(failure: NotEntered) -> Self {
        Self::Entry(failure.into())
    }
}

impl From<NoTimer> for Failure {
    fn from(_: NoTimer) -> Self {
        Self::Timer
    }
}
