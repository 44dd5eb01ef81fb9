//! What the rules look at: the plan, the capabilities, and where violations go.

use super::rule::{Demand, Rule, Violation};
use crate::capability::{Capabilities, CpuFacts};
use crate::control_register::cr0;
use crate::controls::{ControlKind, primary};
use crate::event::{EventKind, InterruptionInformation};
use crate::field::Field;
use crate::machine::Machine;

/// RFLAGS.VM: the guest is in virtual-8086 mode.
pub(super) const RFLAGS_VM: u64 = 1 << 17;

/// A plan under audit.
pub(super) struct View<'a> {
    machine: &'a Machine,
    pub(super) capabilities: &'a Capabilities,
    report: &'a mut dyn FnMut(Violation),
}

impl<'a> View<'a> {
    pub(super) fn new(
        machine: &'a Machine,
        capabilities: &'a Capabilities,
        report: &'a mut dyn FnMut(Violation),
    ) -> Self {
        View { machine, capabilities, report }
    }

    pub(super) fn get(&self, field: Field) -> Option<u64> {
        self.machine.get(field)
    }

    pub(super) fn cpu(&self) -> &'a CpuFacts {
        &self.capabilities.cpu
    }

    /// The word of `kind` as the processor uses it: 0 where an activating control is 0.
    pub(super) fn controls(&self, kind: ControlKind) -> u64 {
        let active = match kind {
            ControlKind::Secondary => self.has(ControlKind::Primary, primary::ACTIVATE_SECONDARY_CONTROLS),
            ControlKind::Tertiary => self.has(ControlKind::Primary, primary::ACTIVATE_TERTIARY_CONTROLS),
            ControlKind::SecondaryExit => {
                self.has(ControlKind::Exit, crate::controls::exit::ACTIVATE_SECONDARY_CONTROLS)
            }
            ControlKind::PinBased | ControlKind::Primary | ControlKind::Exit | ControlKind::Entry => true,
        };
        if active { self.get(kind.field()).unwrap_or(0) } else { 0 }
    }

    /// Whether the control `mask` of `kind` is 1 and in effect.
    pub(super) fn has(&self, kind: ControlKind, mask: u64) -> bool {
        self.controls(kind) & mask != 0
    }

    /// Whether the guest's RFLAGS say virtual-8086 mode.
    pub(super) fn is_v8086(&self) -> bool {
        self.get(Field::GUEST_RFLAGS).is_some_and(|flags| flags & RFLAGS_VM != 0)
    }

    /// Whether the guest's CR0 says protected mode.
    pub(super) fn is_protected(&self) -> bool {
        self.get(Field::GUEST_CR0).is_none_or(|value| value & cr0::PE != 0)
    }

    /// The kind of event that the entry injects, if it injects one.
    pub(super) fn injected(&self) -> Option<EventKind> {
        let word = InterruptionInformation(self.get(Field::VM_ENTRY_INTERRUPTION_INFORMATION)? as u32);
        if word.is_valid() { word.kind() } else { None }
    }

    /// Reports `rule` for `field`, whose value is present.
    pub(super) fn broken(&mut self, rule: &'static Rule, field: Field, demand: Demand) {
        if let Some(value) = self.get(field) {
            (self.report)(Violation { rule, field, value, demand });
        }
    }

    /// Demands that `holds` is true of the field's value, if the field is present.
    pub(super) fn require(&mut self, rule: &'static Rule, field: Field, holds: impl FnOnce(u64) -> bool) {
        if self.get(field).is_some_and(|value| !holds(value)) {
            self.broken(rule, field, Demand::Sentence);
        }
    }

    /// Demands this very value.
    pub(super) fn require_value(&mut self, rule: &'static Rule, field: Field, wanted: u64) {
        if self.get(field).is_some_and(|value| value != wanted) {
            self.broken(rule, field, Demand::Value(wanted));
        }
    }

    /// Demands that the bits of `must_be_1` are 1 and those of `must_be_0` are 0.
    pub(super) fn require_bits(&mut self, rule: &'static Rule, field: Field, must_be_1: u64, must_be_0: u64) {
        let Some(value) = self.get(field) else { return };
        let (set, clear) = (!value & must_be_1, value & must_be_0);
        if set | clear != 0 {
            self.broken(rule, field, Demand::Bits { set, clear });
        }
    }

    /// Demands a physical address within the processor's width, with `low_bits` clear.
    pub(super) fn require_physical(&mut self, rule: &'static Rule, field: Field, low_bits: u64) {
        let width_bits = if self.capabilities.addresses_limited_to_32_bits() {
            32
        } else {
            self.cpu().physical_address_bits
        };
        self.require_bits(rule, field, 0, low_bits | u64::MAX << width_bits);
    }

    /// Demands a canonical linear address.
    pub(super) fn require_canonical(&mut self, rule: &'static Rule, field: Field) {
        let cpu = self.cpu();
        self.require(rule, field, |value| cpu.is_canonical(value));
    }
}
