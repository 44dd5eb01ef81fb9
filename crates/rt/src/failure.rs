//! The end of a program that failed: a report, the program's own last words, shutdown.
//!
//! A report goes to the console and to the screen of a PC, where a cable may be missing.

use core::fmt;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::console;
use crate::power;
use crate::screen::Screen;
use crate::trap::Hook;

static LAST_WORDS: Hook<fn()> = Hook::new();

/// Set once the end has begun.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Sets a function that is called once after the report of a panic or an exception, before the shutdown:
/// for what the program knows and rt does not. It may run on an exception's stack of 16 KiB.
pub fn set_last_words(hook: fn()) {
    LAST_WORDS.set(Some(hook));
}

/// Where a report is written.
pub(crate) struct Report(Screen);

impl Report {
    /// Starts on a new line, and on the screen's first row.
    pub(crate) fn begin() -> Self {
        console::write_text("\n");
        Self(Screen::clear())
    }
}

impl fmt::Write for Report {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        console::write_text(text);
        self.0.write(text);
        Ok(())
    }
}

/// Last words, then shutdown.
pub(crate) fn end() -> ! {
    if !ENDING.swap(true, Relaxed)
        && let Some(last_words) = LAST_WORDS.get()
    {
        last_words();
    }
    power::shutdown()
}

/// A line on the console, then shutdown: for failures inside a failure.
pub(crate) fn end_at_once(text: fmt::Arguments<'_>) -> ! {
    crate::print!("{text}");
    power::shutdown()
}

#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    if ENDING.load(Relaxed) {
        end_at_once(format_args!("\nhyper86: {info}\n"));
    }
    let mut report = Report::begin();
    // The report takes everything, so there is no error to handle.
    let _ = fmt::Write::write_fmt(&mut report, format_args!("hyper86: {info}\n"));
    end()
}

/// Precompiled `core` names this symbol; with `panic = "abort"` nothing calls it.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
