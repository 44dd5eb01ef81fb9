//! What the processor made of a case, and the byte that says so on the way from harness to host tool.

/// The most entries that a case puts into the VM-entry MSR-load area.
pub const MSR_ENTRIES: usize = 4;

/// Not an outcome: those since the last good entry do not count.
pub const DISCARD: u8 = 0xFF;

/// What was observed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Observed {
    /// The guest ran.
    Entered,
    /// VMfailInvalid.
    FailedInvalid,
    /// VMfailValid with this VM-instruction error, at most 31.
    Failed(u8),
    /// Exit reason 80000021h with this exit qualification, at most 15.
    InvalidGuest(u8),
    /// Exit reason 80000022h: this entry of the MSR-load area, counted from 1, at most 31.
    MsrLoading(u8),
    /// Exit reason 80000029h.
    MachineCheck,
    /// The case was not run: its guest would wait for ever.
    NotRun,
    /// The machine was not itself after the case.
    Lost,
}

/// Bytes below are text.
const ENTERED: u8 = 0x80;
const FAILED_INVALID: u8 = 0x81;
const MACHINE_CHECK: u8 = 0x82;
const NOT_RUN: u8 = 0x83;
const LOST: u8 = 0x84;
/// Plus the number.
const INVALID_GUEST: u8 = 0x90;
/// Plus the number.
const FAILED: u8 = 0xA0;
/// Plus the number.
const MSR_LOADING: u8 = 0xC0;
const END: u8 = 0xE0;

impl Observed {
    /// As a byte of 80h or more, which no text holds.
    pub const fn to_byte(self) -> u8 {
        match self {
            Self::Entered => ENTERED,
            Self::FailedInvalid => FAILED_INVALID,
            Self::Failed(error) => FAILED | error & 0x1F,
            Self::InvalidGuest(qualification) => INVALID_GUEST | qualification & 0xF,
            Self::MsrLoading(entry) => MSR_LOADING | entry & 0x1F,
            Self::MachineCheck => MACHINE_CHECK,
            Self::NotRun => NOT_RUN,
            Self::Lost => LOST,
        }
    }

    /// From a byte; `None` when it is something else.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            ENTERED => Self::Entered,
            FAILED_INVALID => Self::FailedInvalid,
            MACHINE_CHECK => Self::MachineCheck,
            NOT_RUN => Self::NotRun,
            LOST => Self::Lost,
            INVALID_GUEST..FAILED => Self::InvalidGuest(byte - INVALID_GUEST),
            FAILED..MSR_LOADING => Self::Failed(byte - FAILED),
            MSR_LOADING..END => Self::MsrLoading(byte - MSR_LOADING),
            _ => return None,
        })
    }
}

/// A checksum over outcomes (Fowler, Noll and Vo's hash).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sum(u64);

impl Default for Sum {
    fn default() -> Self {
        Sum(0xCBF2_9CE4_8422_2325)
    }
}

impl Sum {
    /// Takes a byte in.
    pub const fn add(&mut self, byte: u8) {
        self.0 = (self.0 ^ byte as u64).wrapping_mul(0x0100_0000_01B3);
    }

    /// The sum so far.
    pub const fn value(self) -> u64 {
        self.0
    }
}
