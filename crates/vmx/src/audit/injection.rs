//! Rules on the event that a VM entry injects ("VM-Entry Control Fields", section 28.2.1.3).
//!
//! They apply only where the valid bit (31) of the VM-entry interruption-information field is 1.

use super::rule::{Demand, Rule, section};
use super::view::View;
use crate::controls::{Control, ControlKind, primary, secondary};
use crate::event::{EventKind, InterruptionInformation};
use crate::field::Field;

const KIND: Rule = Rule::control(
    "control.entry.event.type",
    section::ENTRY_CONTROLS,
    "The injected event's type must not be 1, and 7 only where the processor supports the monitor trap flag.",
);
const VECTOR: Rule = Rule::control(
    "control.entry.event.vector",
    section::ENTRY_CONTROLS,
    "An injected NMI must have vector 2, a hardware exception at most 31, another event 0.",
);
const ERROR_CODE: Rule = Rule::control(
    "control.entry.event.deliver_error_code",
    section::ENTRY_CONTROLS,
    "An error code must come with exactly those hardware exceptions that push one in protected mode.",
);
const RESERVED: Rule = Rule::control(
    "control.entry.event.reserved",
    section::ENTRY_CONTROLS,
    "Bits 30:12 of the interruption information must be 0.",
);
const ERROR_CODE_BITS: Rule = Rule::control(
    "control.entry.event.error_code",
    section::ENTRY_CONTROLS,
    "Bits 31:16 of a delivered error code must be 0.",
);
const LENGTH: Rule = Rule::control(
    "control.entry.event.instruction_length",
    section::ENTRY_CONTROLS,
    "A software event's instruction must be 1 to 15 bytes long, or 0 where the processor allows it.",
);

const WORD: Field = Field::VM_ENTRY_INTERRUPTION_INFORMATION;

pub(super) fn check(view: &mut View) {
    let Some(word) = view.get(WORD).map(|word| InterruptionInformation(word as u32)) else { return };
    if !word.is_valid() {
        return;
    }
    view.require_bits(&RESERVED, WORD, 0, reserved(view));
    let trap_flag = Control::new(ControlKind::Primary, primary::MONITOR_TRAP_FLAG);
    let Some(kind) = word.kind() else {
        view.broken(&KIND, WORD, Demand::Sentence);
        return;
    };
    if kind == EventKind::OtherEvent && !view.capabilities.supports(trap_flag) {
        view.broken(&KIND, WORD, Demand::Sentence);
    }
    let vector_fits = match kind {
        EventKind::Nmi => word.vector() == 2,
        EventKind::HardwareException => word.vector() <= 31,
        EventKind::OtherEvent => word.vector() == 0,
        EventKind::ExternalInterrupt
        | EventKind::SoftwareInterrupt
        | EventKind::PrivilegedSoftwareException
        | EventKind::SoftwareException => true,
    };
    if !vector_fits {
        view.broken(&VECTOR, WORD, Demand::Sentence);
    }
    if !error_code_fits(view, word, kind) {
        view.broken(&ERROR_CODE, WORD, Demand::Sentence);
    }
    if word.has_error_code() {
        view.require_bits(&ERROR_CODE_BITS, Field::VM_ENTRY_EXCEPTION_ERROR_CODE, 0, 0xFFFF_0000);
    }
    if kind.is_software() {
        let least = if view.capabilities.zero_length_injection() { 0 } else { 1 };
        view.require(&LENGTH, Field::VM_ENTRY_INSTRUCTION_LENGTH, |length| (least..=15).contains(&length));
    }
}

/// The bits that must be 0. Where exceptions can nest (FRED), bit 13 tells one that does.
fn reserved(view: &View) -> u64 {
    let nested = if view.capabilities.nested_exceptions() { 1 << 13 } else { 0 };
    0x7FFF_F000 & !nested
}

fn error_code_fits(view: &View, word: InterruptionInformation, kind: EventKind) -> bool {
    // Only an unrestricted guest can be outside protected mode, where no exception pushes an error code.
    let restricted = !view.has(ControlKind::Secondary, secondary::UNRESTRICTED_GUEST);
    if kind != EventKind::HardwareException || !(restricted || view.is_protected()) {
        return !word.has_error_code();
    }
    let pushes_error_code = matches!(word.vector(), 8 | 10..=14 | 17);
    view.capabilities.any_error_code() || word.has_error_code() == pushes_error_code
}
