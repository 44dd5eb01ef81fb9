//! Capability dumps of known processors.

use super::Capabilities;

/// A processor model with a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Profile {
    /// The short name, such as `core2`.
    pub name: &'static str,
    /// What it can do.
    pub capabilities: Capabilities,
}
