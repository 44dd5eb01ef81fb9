//! The way out: the debug port where it answers, else COM1. Text and the frames of a protocol share it.

use core::fmt::{self, Write};
use core::sync::atomic::{AtomicBool, Ordering};

use crate::cpu::port;
use crate::serial;

/// The debug port of Bochs and QEMU, which reads as its own number where it exists.
const DEBUG_PORT: u16 = 0xe9;

/// Whether the debug port answered.
static HAS_DEBUG_PORT: AtomicBool = AtomicBool::new(false);

/// Which way bytes leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Port E9h, which takes bytes as fast as they come.
    DebugPort,
    /// COM1, 115200-8-N-1.
    Serial,
}

/// Programs COM1 and finds out whether there is a debug port. Called by rt before `main`.
pub(crate) fn init() {
    serial::init();
    // SAFETY: the port is unassigned on a PC; reading it has no effect.
    let answer = unsafe { port::in8(DEBUG_PORT) };
    HAS_DEBUG_PORT.store(answer == DEBUG_PORT as u8, Ordering::Relaxed);
}

/// The way out that is in use.
pub fn link() -> Link {
    if HAS_DEBUG_PORT.load(Ordering::Relaxed) { Link::DebugPort } else { Link::Serial }
}

/// Sends bytes as they are.
pub fn write_bytes(bytes: &[u8]) {
    match link() {
        // SAFETY: the debug port answered; it prints bytes and touches no memory.
        Link::DebugPort => unsafe { port::out8_all(DEBUG_PORT, bytes) },
        Link::Serial => bytes.iter().for_each(|&byte| serial::send(byte)),
    }
}

/// Sends text; a line ends in CR and LF on COM1, where a terminal may listen.
pub fn write_text(text: &str) {
    if link() == Link::DebugPort {
        return write_bytes(text.as_bytes());
    }
    for line in text.split_inclusive('\n') {
        match line.strip_suffix('\n') {
            Some(line) => {
                write_bytes(line.as_bytes());
                write_bytes(b"\r\n");
            }
            None => write_bytes(line.as_bytes()),
        }
    }
}

/// The console as a [`fmt::Write`].
pub struct Console;

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        write_text(text);
        Ok(())
    }
}

/// Prints to the console.
#[macro_export]
macro_rules! print {
    ($($argument:tt)*) => {{
        // The console takes everything, so there is no error to report.
        let _ = core::fmt::Write::write_fmt(&mut $crate::console::Console, core::format_args!($($argument)*));
    }};
}

/// Prints to the console, then ends the line.
#[macro_export]
macro_rules! println {
    () => { $crate::print!("\n") };
    ($($argument:tt)*) => { $crate::print!("{}\n", core::format_args!($($argument)*)) };
}
