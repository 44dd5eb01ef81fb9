//! How a command ends: the exit statuses that scripts rely on.

use std::fmt;
use std::process::ExitCode;

/// The process's exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// 0: all that was asked for happened.
    Done,
    /// 1: a step was not met in time, or the run took too long.
    NotMet,
    /// 2: the command line or an image cannot be used.
    Usage,
    /// 3: the machine or the VMM refused or failed.
    Refused,
    /// 128 + the signal that ended the tool.
    Interrupted(u8),
}

impl Status {
    /// As a number.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::NotMet => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Interrupted(signal) => 128 + signal,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status.code())
    }
}

/// Why a command could not do its work: the status and the one line for people.
#[derive(Debug)]
pub struct Failure {
    /// The process's exit status.
    pub status: Status,
    /// One line, without "error:" in front.
    pub message: String,
}

impl Failure {
    /// Status 2: the user can repair it by giving something else.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self { status: Status::Usage, message: message.to_string() }
    }

    /// A signal came before there was a machine.
    pub fn interrupted(signal: u8) -> Self {
        Self { status: Status::Interrupted(signal), message: format!("ended by signal {signal}") }
    }

    /// Status 3: something that the run needs is missing, or failed.
    pub fn refused(message: impl fmt::Display) -> Self {
        Self { status: Status::Refused, message: message.to_string() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// Anything unforeseen (a file that cannot be written, a process that cannot be started) is status 3. A reader that went
/// away (`| head`) is told what SIGPIPE would tell, without words.
impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        let is_gone = error
            .chain()
            .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
            .any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe);
        match is_gone {
            true => Self { status: Status::Interrupted(SIGPIPE), message: String::new() },
            false => Self::refused(format!("{error:#}")),
        }
    }
}

/// The signal of a pipe without a reader.
const SIGPIPE: u8 = 13;
