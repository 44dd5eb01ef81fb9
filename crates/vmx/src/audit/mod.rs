//! The rules of VM entry: which of them a plan breaks, before the processor says only that it breaks one.
//!
//! On entry there is a plan (or a snapshot of a VMCS) and the capabilities of a processor, both plain values.
//! [`check`] reports every violation in the manual's order: controls, host state, guest state ("VM Entries", chapter
//! 28). A field that is absent from the plan breaks no rule: what cannot be decided is not reported.

mod rule;

pub use rule::{Demand, Outcome, Rule, Section, Violation};

use crate::capability::Capabilities;
use crate::machine::Machine;

/// Reports every rule of VM entry that `machine` breaks on a processor with these `capabilities`.
pub fn check(machine: &Machine, capabilities: &Capabilities, report: &mut dyn FnMut(Violation)) {
    let _ = (machine, capabilities, report);
}
