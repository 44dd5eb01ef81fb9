//! What the VMM tells: every word of it leaves through here.
//!
//! With the host tool at the other end records are framed; with a serial cable they are lines of text, and records
//! that are meant for programs are left out. `Reporter` owns the buffers, so nothing is allocated.

use core::fmt::{self, Write};

use rt::console;
use vmx::exit::ExitReason;
use wire::frame::{self, MAX_FRAME};
use wire::{LineKind, Link, Outcome, Record, Registers, Verdict};

/// Longest line, in bytes; the rest is cut off.
const LINE_BYTES: usize = 512;

/// Guest serial bytes that are kept back to share a frame.
const SERIAL_BYTES: usize = 256;

/// The way out.
pub struct Reporter {
    link: Link,
    serial: [u8; SERIAL_BYTES],
    serial_length: usize,
    /// Nothing leaves: for guests of the fuzzer.
    #[cfg(feature = "fuzz")]
    silent: bool,
    /// Lines that were wanted of one that is silent.
    #[cfg(feature = "fuzz")]
    unsaid: usize,
}

impl Reporter {
    /// Speaks plainly until the boot config says how.
    pub const fn new(link: Link) -> Self {
        Self {
            link,
            serial: [0; SERIAL_BYTES],
            serial_length: 0,
            #[cfg(feature = "fuzz")]
            silent: false,
            #[cfg(feature = "fuzz")]
            unsaid: 0,
        }
    }

    /// One that tells nobody.
    #[cfg(feature = "fuzz")]
    pub const fn silent() -> Self {
        Self { link: Link::Plain, serial: [0; SERIAL_BYTES], serial_length: 0, silent: true, unsaid: 0 }
    }

    /// How the VMM speaks.
    pub fn link(&self) -> Link {
        self.link
    }

    /// Sends a record.
    pub fn record(&mut self, record: &Record) {
        #[cfg(feature = "fuzz")]
        if self.silent {
            return;
        }
        match self.link {
            Link::Framed => {
                let mut out = [0; MAX_FRAME];
                let length = frame::encode(record, &mut out).expect("every record fits into a frame");
                console::write_bytes(&out[..length]);
            }
            Link::Plain => self.plain(record),
        }
    }

    /// A line for people.
    pub fn line(&mut self, kind: LineKind, text: fmt::Arguments) {
        #[cfg(feature = "fuzz")]
        if self.spares() {
            return;
        }
        self.flush_serial();
        let mut line = Line::new();
        // A line that is too long is cut, which is the only error there is.
        let _ = line.write_fmt(text);
        self.record(&Record::Line(kind, line.as_str()));
    }

    /// Whether a line is not even put into words: one that is silent does so for one in 16 alone, since that takes as
    /// much time as half a hostile program.
    #[cfg(feature = "fuzz")]
    fn spares(&mut self) -> bool {
        const ONE_IN: usize = 16;
        self.unsaid = self.unsaid.wrapping_add(1);
        self.silent && !self.unsaid.is_multiple_of(ONE_IN)
    }

    /// A heading.
    pub fn heading(&mut self, text: fmt::Arguments) {
        self.line(LineKind::Heading, text);
    }

    /// A step that was done.
    pub fn step(&mut self, text: fmt::Arguments) {
        self.line(LineKind::Step, text);
    }

    /// A detail of the step before.
    pub fn detail(&mut self, text: fmt::Arguments) {
        self.line(LineKind::Detail, text);
    }

    /// A value for programs.
    pub fn figure(&mut self, name: &str, value: u64) {
        self.record(&Record::Figure(name, value));
    }

    /// A byte that the guest sent to its COM1.
    pub fn guest_serial(&mut self, byte: u8) {
        self.serial[self.serial_length] = byte;
        self.serial_length += 1;
        let line_ends = self.link == Link::Plain && byte == b'\n';
        if self.serial_length == SERIAL_BYTES || line_ends {
            self.flush_serial();
        }
    }

    /// Bytes that the guest sent to its COM1.
    pub fn guest_serial_all(&mut self, mut bytes: &[u8]) {
        // People want each line when it ends.
        if self.link == Link::Plain {
            return bytes.iter().for_each(|&byte| self.guest_serial(byte));
        }
        while !bytes.is_empty() {
            let room = &mut self.serial[self.serial_length..];
            let (piece, rest) = bytes.split_at(bytes.len().min(room.len()));
            room[..piece.len()].copy_from_slice(piece);
            self.serial_length += piece.len();
            if self.serial_length == SERIAL_BYTES {
                self.flush_serial();
            }
            bytes = rest;
        }
    }

    /// Sends what the guest's COM1 bytes have been kept back.
    pub fn flush_serial(&mut self) {
        if self.serial_length > 0 {
            let (bytes, length) = (self.serial, core::mem::take(&mut self.serial_length));
            self.record(&Record::Serial(&bytes[..length]));
        }
    }

    /// The last word.
    pub fn verdict(&mut self, outcome: Outcome, reason: fmt::Arguments) {
        self.flush_serial();
        let mut line = Line::new();
        let _ = line.write_fmt(reason);
        self.record(&Record::Verdict(Verdict { outcome, reason: line.as_str() }));
    }

    fn plain(&mut self, record: &Record) {
        match record {
            Record::Line(LineKind::Heading, text) => rt::println!("\n{text}"),
            Record::Line(LineKind::Detail, text) => rt::println!("    {text}"),
            Record::Line(_, text) => rt::println!("  {text}"),
            Record::Serial(bytes) => rt::println!("    guest serial: {}", Visible(bytes)),
            Record::Verdict(verdict) => {
                let word = match verdict.outcome {
                    Outcome::Done => "done",
                    Outcome::GuestEnded { .. } => "the guest ended",
                    Outcome::Refused => "refused",
                    Outcome::Failed => "failed",
                    Outcome::Stopped => "stopped",
                };
                rt::println!("\nVerdict: {word}: {}", verdict.reason);
            }
            Record::Exit(exit) => {
                let code = exit.code.first_chunk().map_or(0, |code| u64::from_be_bytes(*code));
                let reason = ExitReason(exit.reason);
                rt::println!("    {:04X}:{:04X}  {code:016X}  {reason}", exit.cs, exit.rip);
            }
            Record::Registers(registers) => plain_registers(registers),
            // For programs only, or shown on the machine's own screen.
            Record::Figure(..)
            | Record::Machine(..)
            | Record::Result(..)
            | Record::BiosCall(_)
            | Record::Count(..)
            | Record::Pulse { .. }
            | Record::Loaded { .. }
            | Record::Screen { .. }
            | Record::ScreenRow { .. }
            | Record::ScreenEnd
            | Record::DiskSector { .. }
            | Record::DiskEnd { .. } => {}
        }
    }
}

/// The registers, without the words that the host tool has for them.
fn plain_registers(registers: &Registers) {
    let Registers { general, eip, eflags, selectors, .. } = registers;
    rt::println!("    EAX EBX ECX EDX ESI EDI EBP ESP EIP EFLAGS");
    general.iter().chain([eip, eflags]).for_each(|value| rt::print!("    {value:08X}"));
    rt::println!("\n    ES CS SS DS FS GS");
    selectors.iter().for_each(|value| rt::print!("    {value:04X}"));
    rt::println!();
}

/// Bytes with control characters made visible.
struct Visible<'a>(&'a [u8]);

impl fmt::Display for Visible<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{}", byte.escape_ascii()))
    }
}

/// A line being written.
pub struct Line {
    bytes: [u8; LINE_BYTES],
    length: usize,
}

impl Line {
    /// Empty.
    pub const fn new() -> Self {
        Self { bytes: [0; LINE_BYTES], length: 0 }
    }

    /// What was written.
    pub fn as_str(&self) -> &str {
        // Only whole characters are ever written.
        core::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let space = LINE_BYTES - self.length;
        let cut = text.floor_char_boundary(space);
        self.bytes[self.length..self.length + cut].copy_from_slice(&text.as_bytes()[..cut]);
        self.length += cut;
        if cut < text.len() { Err(fmt::Error) } else { Ok(()) }
    }
}
