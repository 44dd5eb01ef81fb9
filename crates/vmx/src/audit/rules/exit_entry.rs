//! Rules on VM-exit controls and VM-entry controls ("VM-Exit Control Fields", section 28.2.1.2; "VM-Entry Control
//! Fields", 28.2.1.3), event injection apart.

use super::super::engine::{Audit, Decision, HOLDS, Row, Test, off, on, state};
use super::super::finding::{Demand, Evidence};
use super::super::rule::Rule;
use super::super::rule::section::{ENTRY_CONTROLS, EXIT_CONTROLS};
use super::super::state::{ENTRY_LOAD, EXIT_LOAD, EXIT_STORE};
use super::execution::allowed;
use crate::controls::ControlKind::{Entry, Exit, PinBased};
use crate::controls::{entry, exit, pin};
use crate::field::Field;

/// MSR areas are 16-byte aligned.
const AREA: Test = Test::Address(0xF);

#[rustfmt::skip]
pub(in super::super) static EXIT_ROWS: &[Row] = &[
    Row { rule: &Rule::control("control.exit.allowed", EXIT_CONTROLS,
            "Each primary VM-exit control must have a setting that the capability MSR allows."),
        when: &[], fields: &[Exit.field()], test: Test::Special(allowed) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.secondary_exit.allowed", EXIT_CONTROLS,
            "Each activated secondary VM-exit control must have a setting that the capability MSR allows."),
        when: &[on(Exit, exit::ACTIVATE_SECONDARY_CONTROLS)],
        fields: &[Field::SECONDARY_VM_EXIT_CONTROLS], test: Test::Special(allowed) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.exit.save_preemption_timer", EXIT_CONTROLS,
            "Saving the VMX-preemption timer needs the timer activated."),
        when: &[off(PinBased, pin::ACTIVATE_VMX_PREEMPTION_TIMER)],
        fields: &[Exit.field()], test: Test::Bits(0, exit::SAVE_VMX_PREEMPTION_TIMER_VALUE) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.exit.msr_store", EXIT_CONTROLS,
            "The VM-exit MSR-store area must be 16-byte aligned and within the physical-address width."),
        when: &[state(EXIT_STORE, 0)], fields: &[Field::VM_EXIT_MSR_STORE_ADDRESS], test: AREA },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.exit.msr_store.last", EXIT_CONTROLS,
            "The last byte of the VM-exit MSR-store area must lie within the physical-address width."),
        when: &[state(EXIT_STORE, 0)], fields: &[Field::VM_EXIT_MSR_STORE_COUNT], test: Test::Special(last_byte) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.exit.msr_load", EXIT_CONTROLS,
            "The VM-exit MSR-load area must be 16-byte aligned and within the physical-address width."),
        when: &[state(EXIT_LOAD, 0)], fields: &[Field::VM_EXIT_MSR_LOAD_ADDRESS], test: AREA },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.exit.msr_load.last", EXIT_CONTROLS,
            "The last byte of the VM-exit MSR-load area must lie within the physical-address width."),
        when: &[state(EXIT_LOAD, 0)], fields: &[Field::VM_EXIT_MSR_LOAD_COUNT], test: Test::Special(last_byte) },
];

#[rustfmt::skip]
pub(in super::super) static ENTRY_ALLOWED: &[Row] = &[
    Row { rule: &Rule::control("control.entry.allowed", ENTRY_CONTROLS,
            "Each VM-entry control must have a setting that the capability MSR allows."),
        when: &[], fields: &[Entry.field()], test: Test::Special(allowed) },
];

#[rustfmt::skip]
pub(in super::super) static ENTRY_ROWS: &[Row] = &[
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.entry.msr_load", ENTRY_CONTROLS,
            "The VM-entry MSR-load area must be 16-byte aligned and within the physical-address width."),
        when: &[state(ENTRY_LOAD, 0)], fields: &[Field::VM_ENTRY_MSR_LOAD_ADDRESS], test: AREA },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.entry.msr_load.last", ENTRY_CONTROLS,
            "The last byte of the VM-entry MSR-load area must lie within the physical-address width."),
        when: &[state(ENTRY_LOAD, 0)], fields: &[Field::VM_ENTRY_MSR_LOAD_COUNT], test: Test::Special(last_byte) },
    Row { rule: &Rule::control("control.entry.outside_smm", ENTRY_CONTROLS,
            "Outside SMM the entry must neither enter SMM nor deactivate the dual-monitor treatment."),
        when: &[], fields: &[Entry.field()],
        test: Test::Bits(0, entry::ENTRY_TO_SMM | entry::DEACTIVATE_DUAL_MONITOR_TREATMENT) },
];

/// The last byte of an area of `count` entries of 16 bytes. An address that is itself too wide breaks the rule on the
/// address, not this one.
fn last_byte(audit: &Audit, field: Field, count: u64) -> Decision {
    let address_field = match field {
        Field::VM_EXIT_MSR_STORE_COUNT => Field::VM_EXIT_MSR_STORE_ADDRESS,
        Field::VM_EXIT_MSR_LOAD_COUNT => Field::VM_EXIT_MSR_LOAD_ADDRESS,
        _ => Field::VM_ENTRY_MSR_LOAD_ADDRESS,
    };
    let address = audit.need(address_field)?;
    if audit.physical(address, 0)?.is_some() {
        return HOLDS;
    }
    match audit.physical(address.saturating_add(16 * count - 1), 0)? {
        None => HOLDS,
        Some(_) => {
            let most = ((1 << audit.physical_width_bits()) - address) / 16;
            Ok(Some((Demand::AtMost(most), Evidence::Field(address_field, address))))
        }
    }
}
