//! The settings that decide which rules hold, drawn from the plan once before the rules are checked.

use super::engine::WORDS;
use crate::capability::Capabilities;
use crate::controls::{ControlKind, exit, primary};
#[cfg(feature = "every-rule")]
use crate::event::{EventKind, InterruptionInformation};
use crate::field::Field;
use crate::machine::Machine;
use crate::segment::AccessRights;

/// Facts that fields beside the controls tell.
#[rustfmt::skip]
mod fact {
    /// RFLAGS.VM: virtual-8086 mode.
    pub const V8086:            u64 = 1 << 0;
    /// RFLAGS.IF.
    pub const INTERRUPTS:       u64 = 1 << 1;
    /// CR0.PE.
    pub const PROTECTED:        u64 = 1 << 2;
    /// CR0.PG.
    pub const PAGING:           u64 = 1 << 3;
    /// CR4.PAE.
    pub const PAE:              u64 = 1 << 4;
    /// CR4.FRED: FRED transitions.
    pub const FRED:             u64 = 1 << 5;
    /// Bit 13 of the access rights of CS: with IA-32e mode, 64-bit mode.
    pub const LONG_CODE:        u64 = 1 << 6;
    /// LDTR is usable.
    pub const LDTR:             u64 = 1 << 7;
    /// The entry injects an event.
    pub const INJECTS:          u64 = 1 << 8;
    /// ... an external interrupt.
    pub const EXTERNAL:         u64 = 1 << 9;
    /// ... an NMI.
    pub const NMI:              u64 = 1 << 10;
    /// ... a hardware exception.
    pub const HARDWARE:         u64 = 1 << 11;
    /// ... an event that has an instruction length.
    pub const SOFTWARE:         u64 = 1 << 12;
    /// ... another event (type 7).
    pub const OTHER:            u64 = 1 << 13;
    /// ... with an error code.
    pub const ERROR_CODE:       u64 = 1 << 14;
    /// STI or MOV SS blocks events.
    pub const BLOCKED:          u64 = 1 << 15;
    /// The guest is to halt.
    pub const HALTS:            u64 = 1 << 16;
    /// The link pointer points somewhere.
    pub const LINKED:           u64 = 1 << 17;
    /// "EPTP switching" among the VM functions.
    pub const EPTP_SWITCHING:   u64 = 1 << 18;
    /// The VM-exit MSR-store area has entries.
    pub const EXIT_STORE:       u64 = 1 << 19;
    /// The VM-exit MSR-load area has entries.
    pub const EXIT_LOAD:        u64 = 1 << 20;
    /// The VM-entry MSR-load area has entries.
    pub const ENTRY_LOAD:       u64 = 1 << 21;
    /// Pending debug exceptions with bit 16 (RTM).
    pub const PENDING_RTM:      u64 = 1 << 22;
    /// The processor is in IA-32e mode at the entry.
    pub const IA_32E_HOST:      u64 = 1 << 23;
}
pub(super) use fact::*;

#[cfg(feature = "every-rule")]
const INJECTION: u64 = INJECTS | EXTERNAL | NMI | HARDWARE | SOFTWARE | OTHER | ERROR_CODE;

/// Which field tells which facts.
const SOURCES: &[(u64, Field)] = &[
    (V8086 | INTERRUPTS, Field::GUEST_RFLAGS),
    (PROTECTED | PAGING, Field::GUEST_CR0),
    (PAE | FRED, Field::GUEST_CR4),
    (LONG_CODE, Field::GUEST_CS_ACCESS_RIGHTS),
    (LDTR, Field::GUEST_LDTR_ACCESS_RIGHTS),
    #[cfg(feature = "every-rule")]
    (INJECTION, Field::VM_ENTRY_INTERRUPTION_INFORMATION),
    #[cfg(feature = "every-rule")]
    (BLOCKED, Field::GUEST_INTERRUPTIBILITY_STATE),
    #[cfg(feature = "every-rule")]
    (HALTS, Field::GUEST_ACTIVITY_STATE),
    (LINKED, Field::VMCS_LINK_POINTER),
    #[cfg(feature = "every-rule")]
    (EPTP_SWITCHING, Field::VM_FUNCTION_CONTROLS),
    #[cfg(feature = "every-rule")]
    (EXIT_STORE, Field::VM_EXIT_MSR_STORE_COUNT),
    #[cfg(feature = "every-rule")]
    (EXIT_LOAD, Field::VM_EXIT_MSR_LOAD_COUNT),
    #[cfg(feature = "every-rule")]
    (ENTRY_LOAD, Field::VM_ENTRY_MSR_LOAD_COUNT),
    #[cfg(feature = "every-rule")]
    (PENDING_RTM, Field::GUEST_PENDING_DEBUG_EXCEPTIONS),
];

/// Bits of fields that are facts as they stand: field, bit, fact.
const BITS: &[(Field, u32, u64)] = &[
    (Field::GUEST_RFLAGS, 17, V8086),
    (Field::GUEST_RFLAGS, 9, INTERRUPTS),
    (Field::GUEST_CR0, 0, PROTECTED),
    (Field::GUEST_CR0, 31, PAGING),
    (Field::GUEST_CR4, 5, PAE),
    (Field::GUEST_CR4, 32, FRED),
    (Field::GUEST_CS_ACCESS_RIGHTS, 13, LONG_CODE),
    #[cfg(feature = "every-rule")]
    (Field::VM_FUNCTION_CONTROLS, 0, EPTP_SWITCHING),
    #[cfg(feature = "every-rule")]
    (Field::GUEST_PENDING_DEBUG_EXCEPTIONS, 16, PENDING_RTM),
];

/// The field that tells the lowest of the facts in `mask`; `None` for one that no field tells.
pub(super) fn source(mask: u64) -> Option<Field> {
    let lowest = mask & mask.wrapping_neg();
    SOURCES.iter().find(|(facts, _)| facts & lowest != 0).map(|(_, field)| *field)
}

/// The field and the bit in it that are the lowest fact in `mask`, where one bit of one field is.
pub(super) fn bit(mask: u64) -> Option<(Field, u32)> {
    let lowest = mask & mask.wrapping_neg();
    BITS.iter().find(|(_, _, fact)| *fact == lowest).map(|(field, bit, _)| (*field, *bit))
}

/// The control without which the word of `kind` counts as 0.
pub(super) const fn activating(kind: ControlKind) -> Option<(ControlKind, u64)> {
    match kind {
        ControlKind::Secondary => Some((ControlKind::Primary, primary::ACTIVATE_SECONDARY_CONTROLS)),
        ControlKind::Tertiary => Some((ControlKind::Primary, primary::ACTIVATE_TERTIARY_CONTROLS)),
        ControlKind::SecondaryExit => Some((ControlKind::Exit, exit::ACTIVATE_SECONDARY_CONTROLS)),
        ControlKind::PinBased | ControlKind::Primary | ControlKind::Exit | ControlKind::Entry => None,
    }
}

/// All words of settings: their bits, and which of these are known.
pub(super) fn words(machine: &Machine, capabilities: &Capabilities) -> ([u64; WORDS], [u64; WORDS]) {
    let (mut words, mut known) = ([0; WORDS], [0; WORDS]);
    for kind in ControlKind::ALL {
        let at = kind as usize;
        // The activating words come before those that they activate.
        let active = match activating(kind) {
            None => Some(true),
            Some((by, _)) if known[by as usize] == 0 => None,
            Some((by, mask)) => Some(words[by as usize] & mask != 0),
        };
        (words[at], known[at]) = match (active, machine.get(kind.field())) {
            (Some(false), _) => (0, u64::MAX),
            // A control that the processor does not have means nothing: its setting alone is wrong.
            (Some(true), Some(value)) => (value & possible(capabilities, kind), u64::MAX),
            (None, _) | (Some(true), None) => (0, 0),
        };
    }
    let (facts, of_those) = facts(machine);
    let at = WORDS - 1;
    (words[at], known[at]) = (facts, of_those);
    if capabilities.cpu.known {
        known[at] |= IA_32E_HOST;
        words[at] |= if capabilities.cpu.in_ia32e_mode { IA_32E_HOST } else { 0 };
    }
    (words, known)
}

/// The controls of `kind` that the processor has, or may have.
fn possible(capabilities: &Capabilities, kind: ControlKind) -> u64 {
    if capabilities.knows_allowed(kind) { capabilities.allowed(kind).may_be_1 } else { u64::MAX }
}

fn facts(machine: &Machine) -> (u64, u64) {
    let mut known = 0;
    let mut facts = 0;
    for (mask, field) in SOURCES {
        let Some(value) = machine.get(*field) else { continue };
        known |= mask;
        facts |= match *field {
            Field::GUEST_LDTR_ACCESS_RIGHTS => fact(!AccessRights(value as u32).is_unusable(), LDTR),
            #[cfg(feature = "every-rule")]
            Field::VM_ENTRY_INTERRUPTION_INFORMATION => injection(InterruptionInformation(value as u32)),
            #[cfg(feature = "every-rule")]
            Field::GUEST_INTERRUPTIBILITY_STATE => fact(value & 3 != 0, BLOCKED),
            #[cfg(feature = "every-rule")]
            Field::GUEST_ACTIVITY_STATE => fact(value == 1, HALTS),
            Field::VMCS_LINK_POINTER => fact(value != u64::MAX, LINKED),
            #[cfg(feature = "every-rule")]
            Field::VM_EXIT_MSR_STORE_COUNT
            | Field::VM_EXIT_MSR_LOAD_COUNT
            | Field::VM_ENTRY_MSR_LOAD_COUNT => fact(value != 0, *mask),
            _ => 0,
        };
    }
    for (field, bit, is) in BITS {
        facts |= fact(machine.get(*field).is_some_and(|value| value >> bit & 1 == 1), *is);
    }
    (facts, known)
}

const fn fact(holds: bool, fact: u64) -> u64 {
    if holds { fact } else { 0 }
}

#[cfg(feature = "every-rule")]
fn injection(word: InterruptionInformation) -> u64 {
    if !word.is_valid() {
        return 0;
    }
    let kind = match word.kind() {
        Some(EventKind::ExternalInterrupt) => EXTERNAL,
        Some(EventKind::Nmi) => NMI,
        Some(EventKind::HardwareException) => HARDWARE,
        Some(
            EventKind::SoftwareInterrupt
            | EventKind::PrivilegedSoftwareException
            | EventKind::SoftwareException,
        ) => SOFTWARE,
        // SYSCALL and SYSENTER have a length.
        Some(EventKind::OtherEvent) if matches!(word.vector(), 1 | 2) => OTHER | SOFTWARE,
        Some(EventKind::OtherEvent) => OTHER,
        None => 0,
    };
    INJECTS | kind | fact(word.has_error_code(), ERROR_CODE)
}
