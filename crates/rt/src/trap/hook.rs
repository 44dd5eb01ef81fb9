//! A function that the program may set, and that is called from where nobody can wait for a lock.

use core::cell::Cell;

/// A function pointer, or nothing yet.
pub(crate) struct Hook<F: Copy>(Cell<Option<F>>);

// SAFETY: there is one CPU. An interrupt may come at any point of `set` or `get`, but each is one access of
// eight aligned bytes (asserted in `new`), so what is read is always a whole function pointer.
unsafe impl<F: Copy> Sync for Hook<F> {}

impl<F: Copy> Hook<F> {
    /// No function.
    pub(crate) const fn new() -> Self {
        assert!(size_of::<Option<F>>() == 8);
        Self(Cell::new(None))
    }

    /// Sets the function.
    pub(crate) fn set(&self, function: Option<F>) {
        self.0.set(function);
    }

    /// The function, if one was set.
    pub(crate) fn get(&self) -> Option<F> {
        self.0.get()
    }
}
