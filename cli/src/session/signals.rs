//! Ctrl-C and its kin: noted, so that a command ends in order, with its engine and files gone.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// The last signal that came and was not taken; 0: none.
static NOTED: LazyLock<Arc<AtomicUsize>> = LazyLock::new(Arc::default);

/// The signals that end a run.
pub struct Signals(());

impl Signals {
    /// From now on these signals are noted instead of ending the process.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn note() -> io::Result<Self> {
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
            signal_hook::flag::register_usize(signal, Arc::clone(&NOTED), signal.unsigned_abs() as usize)?;
        }
        Ok(Self(()))
    }

    /// The signal that came since the last call, if one has.
    pub fn take(&self) -> Option<u8> {
        known(NOTED.swap(0, Ordering::Relaxed))
    }

    /// The signal that came and waits to be taken.
    pub fn waiting() -> Option<u8> {
        known(NOTED.load(Ordering::Relaxed))
    }
}

fn known(signal: usize) -> Option<u8> {
    u8::try_from(signal).ok().filter(|&signal| signal != 0)
}
