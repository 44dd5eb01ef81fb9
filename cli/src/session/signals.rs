//! Ctrl-C and its kin: noted, so that a run ends in order, with its engine and files gone.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// The signals that end a run.
pub struct Signals(Arc<AtomicUsize>);

impl Signals {
    /// From now on these signals are noted instead of ending the process.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn note() -> io::Result<Self> {
        let noted = Arc::new(AtomicUsize::new(0));
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
            signal_hook::flag::register_usize(signal, Arc::clone(&noted), signal.unsigned_abs() as usize)?;
        }
        Ok(Self(noted))
    }

    /// The signal that came since the last call, if one has.
    pub fn take(&self) -> Option<u8> {
        match self.0.swap(0, Ordering::Relaxed) {
            0 => None,
            signal => u8::try_from(signal).ok(),
        }
    }
}
