//! A value that is made once and then stays, such as the evidence of the failure that ends a run. Errors point to
//! it, so that they stay small on the way up.

use core::cell::OnceCell;

/// Room for one value.
pub struct Kept<T>(OnceCell<T>);

// SAFETY: there is one processor, and no interrupt hook keeps or reads anything.
unsafe impl<T> Sync for Kept<T> {}

impl<T> Kept<T> {
    /// Empty.
    pub const fn new() -> Self {
        Self(OnceCell::new())
    }

    /// Keeps `value`; of several, the first.
    pub fn keep(&'static self, value: T) -> &'static T {
        self.0.get_or_init(|| value)
    }
}
