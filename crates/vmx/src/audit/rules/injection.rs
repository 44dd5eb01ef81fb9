//! Rules on the event that a VM entry injects ("VM-Entry Control Fields", section 28.2.1.3).
//!
//! They hold only where the valid bit (31) of the VM-entry interruption-information field is 1.

use super::super::engine::{Audit, Decision, HOLDS, Row, Test, bits, demand, state};
use super::super::finding::{Demand, Why};
use super::super::rule::{Rule, section::ENTRY_CONTROLS as S};
use super::super::state::{ERROR_CODE, FRED, HARDWARE, INJECTS, NMI, OTHER, PROTECTED, SOFTWARE};
use crate::capability::msr;
use crate::controls::ControlKind::Secondary;
use crate::controls::{Control, ControlKind, primary, secondary};
use crate::event::InterruptionInformation;
use crate::field::Field;

const WORD: Field = Field::VM_ENTRY_INTERRUPTION_INFORMATION;
const NESTED: u64 = 1 << 13;
const DELIVER_ERROR_CODE: u64 = 1 << 11;

#[rustfmt::skip]
pub(in super::super) static ROWS: &[Row] = &[
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.entry.event.type", S,
            "The injected event's type must not be 1, and 7 only with the monitor trap flag or FRED."),
        when: &[state(INJECTS, 0)], fields: &[WORD], test: Test::Special(kind) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.entry.event.vector", S,
            "An injected NMI must have vector 2, a hardware exception at most 31, another event 0 (or 1, 2 with FRED)."),
        when: &[state(INJECTS, 0)], fields: &[WORD], test: Test::Special(vector) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.entry.event.deliver_error_code", S,
            "A hardware exception that pushes an error code must be injected with one in protected mode."),
        when: &[state(HARDWARE, 0)], fields: &[WORD], test: Test::Special(error_code_due) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.entry.event.no_error_code", S,
            "Only a hardware exception that pushes an error code, in protected mode, may be injected with one."),
        when: &[state(INJECTS | ERROR_CODE, 0)], fields: &[WORD], test: Test::Special(no_error_code) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.entry.event.nested", S,
            "Bit 13 (nested exception) needs a hardware exception and the processor's support."),
        when: &[state(INJECTS, 0)], fields: &[WORD], test: Test::Special(nested) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.entry.event.reserved", S,
            "Bits 30:14 and 12 of the interruption information must be 0."),
        when: &[state(INJECTS, 0)], fields: &[WORD], test: Test::Bits(0, 0x7FFF_D000) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.entry.event.error_code", S,
            "Bits 31:16 of a delivered error code must be 0."),
        when: &[state(INJECTS | ERROR_CODE, 0)],
        fields: &[Field::VM_ENTRY_EXCEPTION_ERROR_CODE], test: Test::Bits(0, 0xFFFF_0000) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.entry.event.instruction_length", S,
            "A software event's instruction must be 1 to 15 bytes long, or 0 where the processor allows it."),
        when: &[state(SOFTWARE, 0)],
        fields: &[Field::VM_ENTRY_INSTRUCTION_LENGTH], test: Test::Special(length) },
];

fn word(value: u64) -> InterruptionInformation {
    InterruptionInformation(value as u32)
}

/// Whether the processor supports the monitor trap flag.
fn trap_flag(audit: &Audit) -> Result<bool, Why> {
    let capabilities = audit.capabilities;
    if !capabilities.knows_allowed(ControlKind::Primary) {
        return Err(Why::Capability(capabilities.allowed_msr(ControlKind::Primary)));
    }
    Ok(capabilities.supports(Control::new(ControlKind::Primary, primary::MONITOR_TRAP_FLAG)))
}

/// Whether IA32_VMX_BASIC has `bit`, which `has` decodes.
fn basic(audit: &Audit, has: bool) -> Result<bool, Why> {
    if audit.capabilities.is_known(msr::BASIC) { Ok(has) } else { Err(Why::Capability(msr::BASIC)) }
}

/// The types that every processor injects.
const TYPES: &[u64] = &[0, 2 << 8, 3 << 8, 4 << 8, 5 << 8, 6 << 8];

fn kind(audit: &Audit, _: Field, value: u64) -> Decision {
    match word(value).kind() {
        None => demand(false, Demand::OneOf(7 << 8, TYPES)),
        Some(_) if !audit.is(OTHER)? => HOLDS,
        // A guest with FRED runs only on a processor that has it.
        Some(_) if audit.is(FRED)? => HOLDS,
        Some(_) => demand(trap_flag(audit)?, Demand::OneOf(7 << 8, TYPES)),
    }
}

fn vector(audit: &Audit, _: Field, value: u64) -> Decision {
    let vector = value & 0xFF;
    if audit.is(NMI)? {
        return demand(vector == 2, Demand::Value(value & !0xFF | 2));
    }
    if audit.is(HARDWARE)? {
        return demand(vector <= 31, Demand::Bits { set: 0, clear: vector & 0xE0 });
    }
    if !audit.is(OTHER)? || vector == 0 {
        return HOLDS;
    }
    demand(vector <= 2 && audit.is(FRED)?, Demand::Value(value & !0xFF))
}

/// Whether exceptions push error codes: only an unrestricted guest can be outside protected mode, where none does.
fn pushes(audit: &Audit) -> Result<bool, Why> {
    Ok(!audit.has(Secondary, secondary::UNRESTRICTED_GUEST)? || audit.is(PROTECTED)?)
}

const fn has_error_code(vector: u8) -> bool {
    matches!(vector, 8 | 10..=14 | 17)
}

fn error_code_due(audit: &Audit, _: Field, value: u64) -> Decision {
    if value & DELIVER_ERROR_CODE != 0 || !has_error_code(word(value).vector()) {
        return HOLDS;
    }
    let due = pushes(audit)? && !basic(audit, audit.capabilities.any_error_code())?;
    demand(!due, Demand::Bits { set: DELIVER_ERROR_CODE, clear: 0 })
}

fn no_error_code(audit: &Audit, _: Field, _: u64) -> Decision {
    let fits = audit.is(HARDWARE)? && pushes(audit)?;
    let vector = word(audit.need(WORD)?).vector();
    let fits = fits && (has_error_code(vector) || basic(audit, audit.capabilities.any_error_code())?);
    demand(fits, Demand::Bits { set: 0, clear: DELIVER_ERROR_CODE })
}

fn nested(audit: &Audit, _: Field, value: u64) -> Decision {
    if value & NESTED == 0 {
        return HOLDS;
    }
    let fits = audit.is(HARDWARE)? && basic(audit, audit.capabilities.nested_exceptions())?;
    bits(value, 0, if fits { 0 } else { NESTED })
}

fn length(audit: &Audit, _: Field, value: u64) -> Decision {
    match value {
        0 if !audit.capabilities.is_known(msr::MISC) => Err(Why::Capability(msr::MISC)),
        0 => demand(audit.capabilities.zero_length_injection(), Demand::AtLeast(1)),
        _ => demand(value <= 15, Demand::AtMost(15)),
    }
}
