//! What became of a case, and the byte that says so on the way from the VMM to the host tool.

/// See the module.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Outcome {
    /// It was still running when its budget was spent.
    Budget = 0x80,
    /// It slept when its budget was spent.
    Asleep = 0x81,
    /// It halted with interrupts off.
    Halted = 0x82,
    /// Triple fault.
    TripleFault = 0x83,
    /// INT 19h, or Ctrl-Alt-Del.
    BootAgain = 0x84,
    /// A jump to the reset vector.
    ResetVector = 0x85,
    /// A reset by the keyboard controller.
    KeyboardReset = 0x86,
    /// A reset by port 92h.
    FastReset = 0x87,
    /// INT 18h.
    NothingToBoot = 0x88,
    /// It switched the machine off.
    PowerOff = 0x89,
    /// An exception without a handler, again and again.
    FaultLoop = 0x8A,
    /// It asked for what the back-end does not carry, and was stopped with a report.
    Unsupported = 0x8B,
    /// It computed without an exit, or went round in circles, and was not waited for.
    NothingNew = 0x8C,
    /// The VMM had no answer to an exit.
    NoAnswer = 0xC0,
    /// The processor refused to enter the guest.
    EntryFailed = 0xC1,
    /// A control register, a descriptor table or an MSR of the VMM was changed.
    HostChanged = 0xC2,
    /// A page next to the guest's memory was written.
    CanaryWritten = 0xC3,
    /// Code or tables of the VMM, or frames of another guest, were changed.
    Damaged = 0xC4,
    /// The VMM died or went silent.
    Lost = 0xC5,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::Budget,
        Self::Asleep,
        Self::Halted,
        Self::TripleFault,
        Self::BootAgain,
        Self::ResetVector,
        Self::KeyboardReset,
        Self::FastReset,
        Self::NothingToBoot,
        Self::PowerOff,
        Self::FaultLoop,
        Self::Unsupported,
        Self::NothingNew,
        Self::NoAnswer,
        Self::EntryFailed,
        Self::HostChanged,
        Self::CanaryWritten,
        Self::Damaged,
        Self::Lost,
    ];

    /// As a byte of 80h or more, which no text holds.
    pub const fn to_byte(self) -> u8 {
        self as u8
    }

    /// From a byte; `None` when it is something else.
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.to_byte() == byte)
    }

    /// Whether it is one that no guest may bring about.
    pub const fn is_finding(self) -> bool {
        self as u8 >= Self::NoAnswer as u8
    }

    /// As a name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Budget => "budget",
            Self::Asleep => "asleep",
            Self::Halted => "halted",
            Self::TripleFault => "triple-fault",
            Self::BootAgain => "boot-again",
            Self::ResetVector => "reset-vector",
            Self::KeyboardReset => "keyboard-reset",
            Self::FastReset => "port-92h",
            Self::NothingToBoot => "int-18h",
            Self::PowerOff => "power-off",
            Self::FaultLoop => "fault-loop",
            Self::Unsupported => "unsupported",
            Self::NothingNew => "nothing-new",
            Self::NoAnswer => "no-answer",
            Self::EntryFailed => "entry-failed",
            Self::HostChanged => "host-changed",
            Self::CanaryWritten => "canary-written",
            Self::Damaged => "damaged",
            Self::Lost => "lost",
        }
    }

    /// For people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Budget => "ran until its budget was spent",
            Self::Asleep => "slept when its budget was spent",
            Self::Halted => "halted with interrupts off",
            Self::TripleFault => "ended in a triple fault",
            Self::BootAgain => "booted again by INT 19h or Ctrl-Alt-Del",
            Self::ResetVector => "jumped to the reset vector",
            Self::KeyboardReset => "reset the machine by the keyboard controller",
            Self::FastReset => "reset the machine by port 92h",
            Self::NothingToBoot => "ended by INT 18h",
            Self::PowerOff => "switched the machine off",
            Self::FaultLoop => "raised an exception again and again",
            Self::Unsupported => "asked for what the back-end does not carry, and was stopped",
            Self::NothingNew => "computed without an exit or went in circles, and was not waited for",
            Self::NoAnswer => "left by an exit that the VMM has no answer to",
            Self::EntryFailed => "could not be entered",
            Self::HostChanged => "changed a register of the VMM",
            Self::CanaryWritten => "wrote a page next to its memory",
            Self::Damaged => "changed memory of the VMM or of another guest",
            Self::Lost => "made the VMM crash or hang",
        }
    }
}
