//! Rules on the guest's RIP, RFLAGS and SSP ("Checks on Guest RIP, RFLAGS, and SSP", section 28.3.1.4) and on what is
//! no register ("Checks on Guest Non-Register State", 28.3.1.5).

use super::super::engine::{Audit, Decision, HOLDS, Row, Test, bits, demand, on, state};
use super::super::finding::{Demand, Evidence, Why};
use super::super::rule::Rule;
use super::super::rule::section::{GUEST_NON_REGISTER, GUEST_RIP_RFLAGS};
use super::super::state::{BLOCKED, EXTERNAL, HALTS, INJECTS, INTERRUPTS, LINKED, LONG_CODE, NMI};
use super::super::state::{PENDING_RTM, PROTECTED};
use super::msr::cpu;
use crate::capability::msr;
use crate::controls::ControlKind::{Entry, PinBased, Secondary};
use crate::controls::{entry, pin, secondary};
use crate::event::InterruptionInformation;
use crate::exit::EntryFailure;
use crate::field::Field;
use crate::segment::AccessRights;

const ACTIVITY: Field = Field::GUEST_ACTIVITY_STATE;
const BLOCKING: Field = Field::GUEST_INTERRUPTIBILITY_STATE;
const PENDING: Field = Field::GUEST_PENDING_DEBUG_EXCEPTIONS;
const LINK: Field = Field::VMCS_LINK_POINTER;

const RFLAGS_TF: u64 = 1 << 8;
const RFLAGS_IF: u64 = 1 << 9;
const RFLAGS_VM: u64 = 1 << 17;
const DEBUGCTL_BTF: u64 = 1 << 1;
const BY_STI: u64 = 1 << 0;
const BY_MOV_SS: u64 = 1 << 1;
const BY_SMI: u64 = 1 << 2;
const BY_NMI: u64 = 1 << 3;
const IN_ENCLAVE: u64 = 1 << 4;
const PENDING_BREAKPOINT: u64 = 1 << 12;
const PENDING_STEP: u64 = 1 << 14;

#[rustfmt::skip]
pub(in super::super) static ROWS: &[Row] = &[
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.rip.high", GUEST_RIP_RFLAGS, "Bits 63:32 of RIP must be 0 outside 64-bit mode."),
        when: &[], fields: &[Field::GUEST_RIP], test: Test::Special(low_outside_64_bit) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.rip.width", GUEST_RIP_RFLAGS,
            "In 64-bit mode the bits of RIP from the linear-address width on must be equal."),
        when: &[on(Entry, entry::IA_32E_MODE_GUEST), state(LONG_CODE, 0)],
        fields: &[Field::GUEST_RIP], test: Test::Special(nearly_canonical) },
    Row { rule: &Rule::guest("guest.rflags.reserved", GUEST_RIP_RFLAGS,
            "Bits 63:22, 15, 5 and 3 of RFLAGS must be 0, and bit 1 must be 1."),
        when: &[], fields: &[Field::GUEST_RFLAGS], test: Test::Bits(1 << 1, !0x3F_FFFF | 1 << 15 | 1 << 5 | 1 << 3) },
    Row { rule: &Rule::guest("guest.rflags.vm", GUEST_RIP_RFLAGS,
            "Virtual-8086 mode (RFLAGS.VM) exists only in protected mode, and not in IA-32e mode."),
        when: &[], fields: &[Field::GUEST_RFLAGS], test: Test::Special(virtual_8086) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.rflags.if", GUEST_RIP_RFLAGS,
            "RFLAGS.IF must be 1 when an external interrupt is injected."),
        when: &[state(EXTERNAL, 0)], fields: &[Field::GUEST_RFLAGS], test: Test::Bits(RFLAGS_IF, 0) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.ssp.aligned", GUEST_RIP_RFLAGS, "Bits 1:0 of a loaded SSP must be 0."),
        when: &[on(Entry, entry::LOAD_CET_STATE)], fields: &[Field::GUEST_SSP], test: Test::Bits(0, 3) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.ssp.high", GUEST_RIP_RFLAGS,
            "Bits 63:32 of a loaded SSP must be 0 outside 64-bit mode."),
        when: &[on(Entry, entry::LOAD_CET_STATE)], fields: &[Field::GUEST_SSP],
        test: Test::Special(low_outside_64_bit) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.ssp.width", GUEST_RIP_RFLAGS,
            "In 64-bit mode the bits of a loaded SSP from the linear-address width on must be equal."),
        when: &[on(Entry, entry::LOAD_CET_STATE | entry::IA_32E_MODE_GUEST), state(LONG_CODE, 0)],
        fields: &[Field::GUEST_SSP], test: Test::Special(nearly_canonical) },

    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.activity.supported", GUEST_NON_REGISTER,
            "The activity state must be one that the processor supports."),
        when: &[], fields: &[ACTIVITY], test: Test::Special(activity) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.activity.hlt", GUEST_NON_REGISTER,
            "The activity state must not be HLT when SS has a privilege other than 0."),
        when: &[state(HALTS, 0)], fields: &[ACTIVITY], test: Test::Special(halt) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.activity.blocking", GUEST_NON_REGISTER,
            "The activity state must be active while STI or MOV SS blocks events."),
        when: &[state(BLOCKED, 0)], fields: &[ACTIVITY], test: Test::Value(0) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.activity.event", GUEST_NON_REGISTER,
            "The injected event must be one that the activity state does not block."),
        when: &[state(INJECTS, 0)], fields: &[ACTIVITY], test: Test::Special(activity_event) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.interruptibility.reserved", GUEST_NON_REGISTER,
            "Bits 31:5 of the interruptibility state must be 0."),
        when: &[], fields: &[BLOCKING], test: Test::Bits(0, 0xFFFF_FFE0) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.interruptibility.both", GUEST_NON_REGISTER,
            "STI and MOV SS must not both block events."),
        when: &[], fields: &[BLOCKING], test: Test::Special(both) },
    Row { rule: &Rule::guest("guest.interruptibility.sti", GUEST_NON_REGISTER,
            "STI can block events only while RFLAGS.IF is 1."),
        when: &[state(0, INTERRUPTS)], fields: &[BLOCKING], test: Test::Bits(0, BY_STI) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.interruptibility.external_interrupt", GUEST_NON_REGISTER,
            "No external interrupt may be injected while STI or MOV SS blocks events."),
        when: &[state(EXTERNAL, 0)], fields: &[BLOCKING], test: Test::Bits(0, BY_STI | BY_MOV_SS) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.interruptibility.nmi", GUEST_NON_REGISTER,
            "No NMI may be injected while MOV SS blocks events."),
        when: &[state(NMI, 0)], fields: &[BLOCKING], test: Test::Bits(0, BY_MOV_SS) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::told("guest.interruptibility.nmi_sti", GUEST_NON_REGISTER, EntryFailure::NmiInjection,
            "No NMI may be injected while STI blocks events (some older processors allow it)."),
        when: &[state(NMI, 0)], fields: &[BLOCKING], test: Test::Bits(0, BY_STI) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.interruptibility.smi", GUEST_NON_REGISTER,
            "Outside SMM blocking by SMI (bit 2) must be 0."),
        when: &[], fields: &[BLOCKING], test: Test::Bits(0, BY_SMI) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.interruptibility.virtual_nmi", GUEST_NON_REGISTER,
            "With virtual NMIs, no NMI may be injected while NMIs are blocked."),
        when: &[on(PinBased, pin::VIRTUAL_NMIS), state(NMI, 0)], fields: &[BLOCKING], test: Test::Bits(0, BY_NMI) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.interruptibility.enclave", GUEST_NON_REGISTER,
            "An enclave interruption (bit 4) needs SGX, and MOV SS must not block events with it."),
        when: &[], fields: &[BLOCKING], test: Test::Special(enclave) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.pending_debug.reserved", GUEST_NON_REGISTER,
            "Bits 10:4, 13, 15 and 63:17 of the pending debug exceptions must be 0; bit 11 needs bus-lock detection."),
        when: &[], fields: &[PENDING], test: Test::Special(pending_reserved) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.pending_debug.single_step", GUEST_NON_REGISTER,
            "While events are blocked or the guest halts, a single step must be pending exactly if TF is 1 and BTF 0."),
        when: &[], fields: &[PENDING], test: Test::Special(single_step) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.pending_debug.rtm", GUEST_NON_REGISTER,
            "A pending exception in an RTM region (bit 16) needs RTM and bit 12, and no other bit may be 1."),
        when: &[state(PENDING_RTM, 0)], fields: &[PENDING], test: Test::Special(pending_rtm) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.pending_debug.rtm_blocking", GUEST_NON_REGISTER,
            "MOV SS must not block events while an exception in an RTM region (bit 16) is pending."),
        when: &[state(PENDING_RTM, 0)], fields: &[BLOCKING], test: Test::Bits(0, BY_MOV_SS) },
    Row { rule: &Rule::told("guest.link_pointer", GUEST_NON_REGISTER, EntryFailure::LinkPointer,
            "The VMCS link pointer must be all ones, or the address of a page within the physical-address width."),
        when: &[state(LINKED, 0)], fields: &[LINK], test: Test::Address(0xFFF) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::told("guest.link_pointer.revision", GUEST_NON_REGISTER, EntryFailure::LinkPointer,
            "The VMCS behind the link pointer must have the processor's revision identifier."),
        when: &[state(LINKED, 0)], fields: &[LINK], test: Test::Special(revision) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::told("guest.link_pointer.shadow", GUEST_NON_REGISTER, EntryFailure::LinkPointer,
            "The VMCS behind the link pointer must be a shadow VMCS exactly with VMCS shadowing."),
        when: &[state(LINKED, 0)], fields: &[LINK], test: Test::Special(shadow) },
];

fn low_outside_64_bit(audit: &Audit, _: Field, value: u64) -> Decision {
    if value >> 32 == 0 {
        return HOLDS;
    }
    let is_64_bit = match audit.has(Entry, entry::IA_32E_MODE_GUEST) {
        Ok(true) | Err(_) if audit.is(LONG_CODE) == Ok(false) => false,
        ia_32e => ia_32e? && audit.is(LONG_CODE)?,
    };
    bits(value, 0, if is_64_bit { 0 } else { !0xFFFF_FFFF })
}

fn nearly_canonical(audit: &Audit, _: Field, value: u64) -> Decision {
    audit.nearly_canonical(value)
}

fn virtual_8086(audit: &Audit, _: Field, value: u64) -> Decision {
    if value & RFLAGS_VM == 0 {
        return HOLDS;
    }
    let possible = match audit.is(PROTECTED) {
        Ok(false) => false,
        is_protected => !audit.has(Entry, entry::IA_32E_MODE_GUEST)? && is_protected?,
    };
    bits(value, 0, if possible { 0 } else { RFLAGS_VM })
}

fn activity(audit: &Audit, _: Field, state: u64) -> Decision {
    match state {
        0 => HOLDS,
        1..=3 if !audit.capabilities.is_known(msr::MISC) => Err(Why::Capability(msr::MISC)),
        1..=3 => demand(audit.capabilities.activity_states() >> state & 1 == 1, Demand::Value(0)),
        _ => demand(false, Demand::Value(0)),
    }
}

fn halt(audit: &Audit, _: Field, _: u64) -> Decision {
    let rights = audit.need(Field::GUEST_SS_ACCESS_RIGHTS)?;
    match AccessRights(rights as u32).privilege() {
        0 => HOLDS,
        _ => Ok(Some((Demand::Value(0), Evidence::Field(Field::GUEST_SS_ACCESS_RIGHTS, rights)))),
    }
}

/// HLT lets interrupts, NMIs, #DB, #MC and a pending MTF exit through, shutdown NMIs and #MC, wait-for-SIPI nothing.
fn activity_event(audit: &Audit, _: Field, activity: u64) -> Decision {
    const FIELD: Field = Field::VM_ENTRY_INTERRUPTION_INFORMATION;
    let word = audit.need(FIELD)?;
    let event = InterruptionInformation(word as u32);
    let fits = match (activity, word >> 8 & 7, event.vector()) {
        (1, 0 | 2, _) | (1, 3, 1 | 18) | (1, 7, 0) | (2, 2, _) | (2, 3, 18) => true,
        (1..=3, _, _) => false,
        _ => true,
    };
    if fits { HOLDS } else { Ok(Some((Demand::Value(0), Evidence::Field(FIELD, word)))) }
}

fn both(_: &Audit, _: Field, value: u64) -> Decision {
    demand(value & 3 != BY_STI | BY_MOV_SS, Demand::Bits { set: 0, clear: BY_STI })
}

fn enclave(audit: &Audit, _: Field, value: u64) -> Decision {
    if value & IN_ENCLAVE == 0 {
        return HOLDS;
    }
    if value & BY_MOV_SS != 0 {
        return bits(value, 0, IN_ENCLAVE);
    }
    demand(cpu(audit, audit.capabilities.cpu.sgx, "SGX")?, Demand::Bits { set: 0, clear: IN_ENCLAVE })
}

fn pending_reserved(audit: &Audit, _: Field, value: u64) -> Decision {
    const BUS_LOCK: u64 = 1 << 11;
    let breach = bits(value, 0, 0x7F << 4 | 1 << 13 | 1 << 15 | !0x1_FFFF)?;
    if breach.is_some() || value & BUS_LOCK == 0 {
        return Ok(breach);
    }
    let has = cpu(audit, audit.capabilities.cpu.bus_lock_detection, "bus-lock detection")?;
    bits(value, 0, if has { 0 } else { BUS_LOCK })
}

fn single_step(audit: &Audit, _: Field, value: u64) -> Decision {
    match (audit.is(BLOCKED), audit.is(HALTS)) {
        (Ok(true), _) | (_, Ok(true)) => {}
        (blocked, halts) => return blocked.and(halts).map(|_| None),
    }
    let flags = audit.need(Field::GUEST_RFLAGS)?;
    let debugctl = if flags & RFLAGS_TF == 0 { 0 } else { audit.need(Field::GUEST_IA32_DEBUGCTL)? };
    let pending = flags & RFLAGS_TF != 0 && debugctl & DEBUGCTL_BTF == 0;
    let wanted = if pending { (PENDING_STEP, 0) } else { (0, PENDING_STEP) };
    match bits(value, wanted.0, wanted.1)? {
        None => HOLDS,
        Some((demand, _)) => Ok(Some((demand, Evidence::Field(Field::GUEST_RFLAGS, flags)))),
    }
}

fn pending_rtm(audit: &Audit, _: Field, value: u64) -> Decision {
    let breach = bits(value, PENDING_BREAKPOINT, 0xFFF | 7 << 13)?;
    if breach.is_some() {
        return Ok(breach);
    }
    demand(cpu(audit, audit.capabilities.cpu.rtm, "RTM")?, Demand::Bits { set: 0, clear: 1 << 16 })
}

/// The first word of the VMCS behind the link pointer. A pointer that is no page's address is judged elsewhere.
fn linked(audit: &Audit, pointer: u64) -> Result<Option<u64>, Why> {
    if audit.physical(pointer, 0xFFF)?.is_some() {
        return Ok(None);
    }
    audit.memory.read(pointer).ok_or(Why::Memory(pointer)).map(Some)
}

fn revision(audit: &Audit, _: Field, pointer: u64) -> Decision {
    let Some(value) = linked(audit, pointer)? else { return HOLDS };
    if !audit.capabilities.is_known(msr::BASIC) {
        return Err(Why::Capability(msr::BASIC));
    }
    let fits = value & 0x7FFF_FFFF == u64::from(audit.capabilities.revision());
    if fits { HOLDS } else { Ok(Some((Demand::Sentence, Evidence::Memory { address: pointer, value }))) }
}

fn shadow(audit: &Audit, _: Field, pointer: u64) -> Decision {
    let Some(value) = linked(audit, pointer)? else { return HOLDS };
    let fits = (value >> 31 & 1 == 1) == audit.has(Secondary, secondary::VMCS_SHADOWING)?;
    if fits { HOLDS } else { Ok(Some((Demand::Sentence, Evidence::Memory { address: pointer, value }))) }
}
