//! The rules of VM entry: which of them a plan breaks, before the processor says only that it breaks one.
//!
//! On entry there is a plan (or a snapshot of a VMCS) and the capabilities of a processor, both plain values, and
//! perhaps the memory that some rules look into. [`check_with`] reports every broken rule in the manual's order:
//! controls, host state, guest state, MSR loading ("VM Entries", chapter 28); and every rule that it cannot decide,
//! with the reason: a field is absent, the processor is not known, the memory is not at hand. What cannot be decided
//! is never reported as broken.
//!
//! The rules are data ([`rules`]), in one table for each section. Requirements without a rule are data, too
//! ([`not_checked`]). The processor is assumed to be outside SMM.
//!
//! The crate's feature `every-rule` brings all rules, `sentences` their words, too. Without them the audit checks what a
//! plan for a 16-bit guest computes, and reports nothing as undecided: enough for a VMM that must stay small.

pub mod base;
mod engine;
mod finding;
mod fix;
mod memory;
mod not_checked;
mod predict;
mod rule;
mod rules;
mod state;

pub use finding::{Demand, Evidence, Finding, Undecided, Violation, Why};
pub use fix::{Fix, bit_name};
pub use memory::{Memory, NoMemory};
pub use not_checked::NotChecked;
pub use predict::{Permitted, predict};
pub use rule::{Outcome, Rule, Section};

use crate::capability::Capabilities;
use crate::machine::Machine;
use engine::Audit;

/// Reports every rule of VM entry that `machine` breaks on a processor with these `capabilities`.
pub fn check(machine: &Machine, capabilities: &Capabilities, report: &mut dyn FnMut(Violation)) {
    check_with(machine, capabilities, &NoMemory, &mut |finding| match finding {
        Finding::Violation(violation) => report(violation),
        Finding::Undecided(_) => {}
    });
}

/// Reports every rule that `machine` breaks, and every rule that cannot be decided, in the manual's order. `memory` is
/// what the processor would find at the physical addresses in the fields.
pub fn check_with(
    machine: &Machine,
    capabilities: &Capabilities,
    memory: &dyn Memory,
    report: &mut dyn FnMut(Finding),
) {
    let audit = Audit::new(machine, capabilities, memory);
    for table in &rules::TABLES {
        audit.check(table, report);
    }
}

/// All rules, in the manual's order; no two have the same [`Rule::id`].
pub fn rules() -> &'static [&'static Rule] {
    &rules::RULES
}

/// What the chapter requires and no rule checks, in the manual's order.
pub fn not_checked() -> &'static [NotChecked] {
    not_checked::NOT_CHECKED
}

/// The MSRs whose values in an MSR-load area are judged: first and last number, and name. Others are left undecided.
pub fn judged_msrs() -> impl Iterator<Item = (u32, u32, &'static str)> {
    rules::wrmsr::judged()
}
