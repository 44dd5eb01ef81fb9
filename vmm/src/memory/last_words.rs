//! What can still be told when the VMM itself fails, by a panic or an exception: the runtime reports that, and then whoever
//! watched over the work speaks.

use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};

/// Who has something to say when the VMM has failed.
pub trait LastWords {
    /// Says it. What it is said of may be in the middle of a change, and a failure here ends the machine at once.
    fn speak(&mut self);
}

/// The speaker while its work goes on.
static SPEAKER: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// Does the work, with `speaker` to speak if the VMM fails meanwhile.
pub fn watched<S: LastWords, R>(speaker: &mut S, work: impl FnOnce(&mut S) -> R) -> R {
    let speaker = ptr::from_mut(speaker);
    SPEAKER.store(speaker.cast(), Relaxed);
    rt::failure::set_last_words(speak::<S>);
    // SAFETY: the caller's exclusive reference, of which no other use is made until this call returns, `speak` aside.
    let result = work(unsafe { &mut *speaker });
    SPEAKER.store(ptr::null_mut(), Relaxed);
    result
}

fn speak<S: LastWords>() {
    let speaker = SPEAKER.swap(ptr::null_mut(), Relaxed).cast::<S>();
    // SAFETY: not null only during the work of `watched::<S>`, which set this function too. The VMM has failed there, so the
    // work's own reference is never used again.
    if let Some(speaker) = unsafe { speaker.as_mut() } {
        speaker.speak();
    }
}
