//! How a run is shown to people: one line a record, the guest's serial bytes with control characters made visible.

use std::io::{self, IsTerminal, Write};

use wire::{LineKind, Record};

use crate::bios_calls;
use crate::screen::Screen;
use crate::session::Observer;

/// Says something on standard error. That nobody listens there is no reason to end otherwise.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Standard error, which may be gone: a run goes on without it.
struct Unheard(io::Stderr);

impl Write for Unheard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Prints records as they come.
pub struct Printer {
    out: Box<dyn Write>,
    bold: (&'static str, &'static str),
    /// Serial bytes of a line that has not ended.
    serial: Vec<u8>,
}

/// Where the lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error, because standard output is for programs.
    Error,
}

impl Printer {
    /// A printer on a stream.
    pub fn new(stream: Stream) -> Self {
        let (out, is_terminal): (Box<dyn Write>, bool) = match stream {
            Stream::Output => (Box::new(io::stdout()), io::stdout().is_terminal()),
            Stream::Error => (Box::new(Unheard(io::stderr())), io::stderr().is_terminal()),
        };
        let bold = if is_terminal { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        Self { out, bold, serial: Vec::new() }
    }

    /// A line of our own, such as the verdict.
    ///
    /// # Errors
    /// The stream is gone.
    pub fn line(&mut self, kind: LineKind, text: &str) -> io::Result<()> {
        self.flush_serial()?;
        let (on, off) = self.bold;
        match kind {
            LineKind::Heading => writeln!(self.out, "\n{on}{text}{off}"),
            LineKind::Step => writeln!(self.out, "  * {text}"),
            LineKind::Detail => writeln!(self.out, "      {text}"),
            LineKind::Log => writeln!(self.out, "  log: {text}"),
            LineKind::Error => writeln!(self.out, "  {on}error:{off} {text}"),
        }
    }

    /// Bytes of the guest's COM1, a line of ours for a line of the guest's.
    fn serial(&mut self, bytes: &[u8]) -> io::Result<()> {
        for &byte in bytes {
            self.serial.push(byte);
            if byte == b'\n' {
                self.flush_serial()?;
            }
        }
        Ok(())
    }

    fn flush_serial(&mut self) -> io::Result<()> {
        if !self.serial.is_empty() {
            let bytes = std::mem::take(&mut self.serial);
            writeln!(self.out, "  guest's COM1 | {}", visible(&bytes))?;
        }
        Ok(())
    }
}

impl Observer for Printer {
    fn record(&mut self, record: &Record, _: &Screen) -> io::Result<()> {
        match record {
            Record::Line(kind, text) => self.line(*kind, text),
            Record::Serial(bytes) => self.serial(bytes),
            Record::Verdict(_) => self.flush_serial(),
            Record::BiosCall(call) => {
                self.flush_serial()?;
                writeln!(self.out, "  bios: {}", bios_calls::line(call))
            }
            Record::Figure(..)
            | Record::Machine(..)
            | Record::Result(..)
            | Record::Exit(_)
            | Record::Registers(_)
            | Record::Count(..)
            | Record::Pulse { .. }
            | Record::Loaded { .. }
            | Record::Screen { .. }
            | Record::ScreenRow { .. }
            | Record::ScreenEnd
            | Record::DiskSector { .. }
            | Record::DiskEnd { .. } => Ok(()),
        }
    }
}

/// Bytes as text in which every one can be seen: control characters as their pictures (ESC is ␛), the rest of the
/// upper half in hexadecimal.
pub fn visible(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|&byte| match byte {
            0..0x20 => char::from_u32(0x2400 + u32::from(byte)).map_or_else(String::new, String::from),
            0x7f => "\u{2421}".to_owned(),
            0x20..0x7f => char::from(byte).to_string(),
            0x80.. => format!("<{byte:02X}>"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn control_characters_are_shown_as_pictures() {
        assert_eq!(visible(b"\x1b[2J CR0=80000031 \n\0\x7f\xff"), "␛[2J CR0=80000031 ␊␀␡<FF>");
    }
}
