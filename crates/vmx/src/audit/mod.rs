//! The rules of VM entry: which of them a plan breaks, before the processor says only that it breaks one.
//!
//! On entry there is a plan (or a snapshot of a VMCS) and the capabilities of a processor, both plain values.
//! [`check`] reports every violation in the manual's order: controls, host state, guest state ("VM Entries", chapter
//! 28). A field that is absent from the plan breaks no rule: what cannot be decided is not reported.
//!
//! The rules here are those that a virtual-8086 guest without the later features meets. Each stands in the module of
//! its part of the chapter as a [`Rule`] beside the function that applies it.

mod controls;
mod guest;
mod host;
mod injection;
mod rule;
mod v8086;
mod view;

pub use rule::{Demand, Outcome, Rule, Section, Violation};
use view::View;

use crate::capability::Capabilities;
use crate::machine::Machine;

/// Reports every rule of VM entry that `machine` breaks on a processor with these `capabilities`.
pub fn check(machine: &Machine, capabilities: &Capabilities, report: &mut dyn FnMut(Violation)) {
    let mut view = View::new(machine, capabilities, report);
    controls::check(&mut view);
    injection::check(&mut view);
    host::check(&mut view);
    guest::check_registers(&mut view);
    v8086::check(&mut view);
    guest::check_remainder(&mut view);
}
