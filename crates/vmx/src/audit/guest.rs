//! Rules on guest state that hold outside 64-bit mode ("Checks on the Guest State Area", section 28.3.1), segment
//! registers in virtual-8086 mode apart.

use super::host::is_pat;
use super::rule::{Demand, Outcome, Rule, section};
use super::view::{RFLAGS_VM, View};
use crate::control_register::{Restriction, cr0, cr4, efer};
use crate::controls::{ControlKind, entry, pin, secondary};
use crate::event::EventKind;
use crate::exit::EntryFailure;
use crate::field::Field;
use crate::segment::AccessRights;

const CR0: Rule = Rule::guest(
    "guest.cr0.fixed",
    section::GUEST_REGISTERS,
    "CR0 must have no bit that VMX operation fixes to the other setting; PE and PG are free in unrestricted guests.",
);
const CR0_PAGING: Rule =
    Rule::guest("guest.cr0.paging", section::GUEST_REGISTERS, "Paging (CR0.PG) needs protection (CR0.PE).");
const CR4: Rule = Rule::guest(
    "guest.cr4.fixed",
    section::GUEST_REGISTERS,
    "CR4 must have no bit that VMX operation fixes to the other setting.",
);
const IA_32E: Rule = Rule::guest(
    "guest.ia_32e_mode",
    section::GUEST_REGISTERS,
    "A guest in IA-32e mode needs CR0.PG and CR4.PAE; another must have CR4.PCIDE 0.",
);
const CR3: Rule = Rule::guest(
    "guest.cr3.width",
    section::GUEST_REGISTERS,
    "CR3 must lie within the physical-address width.",
);
const DEBUGCTL: Rule = Rule::guest(
    "guest.debugctl.reserved",
    section::GUEST_REGISTERS,
    "Reserved bits of a loaded IA32_DEBUGCTL must be 0.",
);
const DR7: Rule =
    Rule::guest("guest.dr7.high", section::GUEST_REGISTERS, "Bits 63:32 of a loaded DR7 must be 0.");
const SYSENTER: Rule = Rule::guest(
    "guest.sysenter.canonical",
    section::GUEST_REGISTERS,
    "The SYSENTER stack and instruction pointers must be canonical.",
);
const PAT: Rule = Rule::guest(
    "guest.pat",
    section::GUEST_REGISTERS,
    "A loaded IA32_PAT must hold the memory types 0, 1, 4, 5, 6 or 7 in each byte.",
);
const EFER: Rule = Rule::guest(
    "guest.efer",
    section::GUEST_REGISTERS,
    "A loaded IA32_EFER must have no reserved bit, LMA as \"IA-32e mode guest\", and with paging LME as LMA.",
);
const TABLE_BASE: Rule =
    Rule::guest("guest.table.base", section::GUEST_TABLES, "The bases of GDTR and IDTR must be canonical.");
const TABLE_LIMIT: Rule = Rule::guest(
    "guest.table.limit",
    section::GUEST_TABLES,
    "Bits 31:16 of the limits of GDTR and IDTR must be 0.",
);
const RIP: Rule = Rule::guest(
    "guest.rip.high",
    section::GUEST_RIP_RFLAGS,
    "Bits 63:32 of RIP must be 0 outside 64-bit mode.",
);
const RFLAGS: Rule = Rule::guest(
    "guest.rflags.reserved",
    section::GUEST_RIP_RFLAGS,
    "Bits 63:22, 15, 5 and 3 of RFLAGS must be 0, and bit 1 must be 1.",
);
const RFLAGS_MODE: Rule = Rule::guest(
    "guest.rflags.vm",
    section::GUEST_RIP_RFLAGS,
    "Virtual-8086 mode (RFLAGS.VM) exists only in protected mode, and not in IA-32e mode.",
);
const RFLAGS_IF: Rule = Rule::guest(
    "guest.rflags.if",
    section::GUEST_RIP_RFLAGS,
    "RFLAGS.IF must be 1 when an external interrupt is injected.",
);
const ACTIVITY: Rule = Rule::guest(
    "guest.activity.supported",
    section::GUEST_NON_REGISTER,
    "The activity state must be one that the processor supports.",
);
const ACTIVITY_HLT: Rule = Rule::guest(
    "guest.activity.hlt",
    section::GUEST_NON_REGISTER,
    "The activity state must not be HLT when SS has a privilege other than 0.",
);
const ACTIVITY_BLOCKED: Rule = Rule::guest(
    "guest.activity.blocking",
    section::GUEST_NON_REGISTER,
    "The activity state must be active while STI or MOV SS blocks events.",
);
const BLOCKING: Rule = Rule::guest(
    "guest.interruptibility.reserved",
    section::GUEST_NON_REGISTER,
    "Bits 31:5 of the interruptibility state must be 0; outside SMM so must bit 2, and bit 4 without SGX.",
);
const BLOCKING_BOTH: Rule = Rule::guest(
    "guest.interruptibility.both",
    section::GUEST_NON_REGISTER,
    "STI and MOV SS must not both block events.",
);
const BLOCKING_STI: Rule = Rule::guest(
    "guest.interruptibility.sti",
    section::GUEST_NON_REGISTER,
    "STI can block events only while RFLAGS.IF is 1.",
);
const BLOCKING_INTERRUPT: Rule = Rule::guest(
    "guest.interruptibility.external_interrupt",
    section::GUEST_NON_REGISTER,
    "No external interrupt may be injected while STI or MOV SS blocks events.",
);
const BLOCKING_NMI: Rule = Rule {
    id: "guest.interruptibility.nmi",
    sentence: "No NMI may be injected while MOV SS blocks events.",
    section: section::GUEST_NON_REGISTER,
    outcome: Outcome::Exits(EntryFailure::NmiInjection),
};
const BLOCKING_VIRTUAL_NMI: Rule = Rule::guest(
    "guest.interruptibility.virtual_nmi",
    section::GUEST_NON_REGISTER,
    "With virtual NMIs, no NMI may be injected while NMIs are blocked.",
);
const PENDING: Rule = Rule::guest(
    "guest.pending_debug.reserved",
    section::GUEST_NON_REGISTER,
    "Bits 10:4, 13, 15 and 63:17 of the pending debug exceptions must be 0; so must bit 11 without bus-lock \
     detection, and bit 16 without RTM.",
);
const PENDING_STEP: Rule = Rule::guest(
    "guest.pending_debug.single_step",
    section::GUEST_NON_REGISTER,
    "While events are blocked or the guest halts, a single step must be pending exactly if TF is 1 and BTF is 0.",
);
const LINK: Rule = Rule {
    id: "guest.link_pointer",
    sentence: "The VMCS link pointer must be all ones, or the address of a page within the physical-address width.",
    section: section::GUEST_NON_REGISTER,
    outcome: Outcome::Exits(EntryFailure::LinkPointer),
};

const RFLAGS_TF: u64 = 1 << 8;
const RFLAGS_IF_BIT: u64 = 1 << 9;
const DEBUGCTL_BTF: u64 = 1 << 1;
/// The bits of IA32_DEBUGCTL that some processor defines.
const DEBUGCTL_DEFINED: u64 = 0xFFC7;
const BY_STI: u64 = 1 << 0;
const BY_MOV_SS: u64 = 1 << 1;
const BY_SMI: u64 = 1 << 2;
const BY_NMI: u64 = 1 << 3;
const IN_ENCLAVE: u64 = 1 << 4;
const HLT: u64 = 1;

/// What the manual checks after the segment registers.
pub(super) fn check_remainder(view: &mut View) {
    for (base, limit) in
        [(Field::GUEST_GDTR_BASE, Field::GUEST_GDTR_LIMIT), (Field::GUEST_IDTR_BASE, Field::GUEST_IDTR_LIMIT)]
    {
        view.require_canonical(&TABLE_BASE, base);
        view.require_bits(&TABLE_LIMIT, limit, 0, 0xFFFF_0000);
    }
    check_rip_rflags(view);
    check_activity(view);
    check_interruptibility(view);
    check_pending_debug(view);
    if view.get(Field::VMCS_LINK_POINTER) != Some(u64::MAX) {
        view.require_physical(&LINK, Field::VMCS_LINK_POINTER, 0xFFF);
    }
}

/// Control registers, debug registers and MSRs.
pub(super) fn check_registers(view: &mut View) {
    let restriction = if view.has(ControlKind::Secondary, secondary::UNRESTRICTED_GUEST) {
        Restriction::Unrestricted
    } else {
        Restriction::Restricted
    };
    let cr0_fixed = view.capabilities.cr0_fixed().for_guest_cr0(restriction);
    // NW and CD are never checked: VM entries leave them as they are.
    let ignored = cr0::NW | cr0::CD;
    view.require_bits(&CR0, Field::GUEST_CR0, cr0_fixed.must_be_1 & !ignored, !cr0_fixed.may_be_1 & !ignored);
    view.require(&CR0_PAGING, Field::GUEST_CR0, |value| value & cr0::PG == 0 || value & cr0::PE != 0);
    let cr4_fixed = view.capabilities.cr4_fixed();
    view.require_bits(&CR4, Field::GUEST_CR4, cr4_fixed.must_be_1, !cr4_fixed.may_be_1);
    if view.has(ControlKind::Entry, entry::IA_32E_MODE_GUEST) {
        view.require_bits(&IA_32E, Field::GUEST_CR0, cr0::PG, 0);
        view.require_bits(&IA_32E, Field::GUEST_CR4, cr4::PAE, 0);
    } else {
        view.require_bits(&IA_32E, Field::GUEST_CR4, 0, cr4::PCIDE);
    }
    let width_bits = view.cpu().physical_address_bits;
    view.require_bits(&CR3, Field::GUEST_CR3, 0, u64::MAX << width_bits);
    if view.has(ControlKind::Entry, entry::LOAD_DEBUG_CONTROLS) {
        view.require_bits(&DEBUGCTL, Field::GUEST_IA32_DEBUGCTL, 0, !DEBUGCTL_DEFINED);
        view.require_bits(&DR7, Field::GUEST_DR7, 0, !0xFFFF_FFFF);
    }
    view.require_canonical(&SYSENTER, Field::GUEST_IA32_SYSENTER_ESP);
    view.require_canonical(&SYSENTER, Field::GUEST_IA32_SYSENTER_EIP);
    if view.has(ControlKind::Entry, entry::LOAD_IA32_PAT) {
        view.require(&PAT, Field::GUEST_IA32_PAT, is_pat);
    }
    if view.has(ControlKind::Entry, entry::LOAD_IA32_EFER) {
        check_efer(view);
    }
}

fn check_efer(view: &mut View) {
    let ia_32e = view.has(ControlKind::Entry, entry::IA_32E_MODE_GUEST);
    let (lma, not_lma) = if ia_32e { (efer::LMA, 0) } else { (0, efer::LMA) };
    view.require_bits(&EFER, Field::GUEST_IA32_EFER, lma, not_lma | !efer::DEFINED);
    if view.get(Field::GUEST_CR0).is_some_and(|value| value & cr0::PG != 0) {
        let (lme, not_lme) = if ia_32e { (efer::LME, 0) } else { (0, efer::LME) };
        view.require_bits(&EFER, Field::GUEST_IA32_EFER, lme, not_lme);
    }
}

fn check_rip_rflags(view: &mut View) {
    let ia_32e = view.has(ControlKind::Entry, entry::IA_32E_MODE_GUEST);
    let is_64_bit_code = view
        .get(Field::GUEST_CS_ACCESS_RIGHTS)
        .is_some_and(|access_rights| AccessRights(access_rights as u32).is_long());
    if !(ia_32e && is_64_bit_code) {
        view.require_bits(&RIP, Field::GUEST_RIP, 0, !0xFFFF_FFFF);
    }
    view.require_bits(&RFLAGS, Field::GUEST_RFLAGS, 1 << 1, !0x3F_FFFF | 1 << 15 | 1 << 5 | 1 << 3);
    if ia_32e || !view.is_protected() {
        view.require_bits(&RFLAGS_MODE, Field::GUEST_RFLAGS, 0, RFLAGS_VM);
    }
    if view.injected() == Some(EventKind::ExternalInterrupt) {
        view.require_bits(&RFLAGS_IF, Field::GUEST_RFLAGS, RFLAGS_IF_BIT, 0);
    }
}

fn check_activity(view: &mut View) {
    let supported = view.capabilities.activity_states();
    view.require(&ACTIVITY, Field::GUEST_ACTIVITY_STATE, |state| state <= 3 && supported >> state & 1 == 1);
    let Some(state) = view.get(Field::GUEST_ACTIVITY_STATE) else { return };
    let privilege =
        view.get(Field::GUEST_SS_ACCESS_RIGHTS).map_or(0, |rights| AccessRights(rights as u32).privilege());
    if state == HLT && privilege != 0 {
        view.broken(&ACTIVITY_HLT, Field::GUEST_ACTIVITY_STATE, Demand::Value(0));
    }
    if state != 0 && is_blocked(view) {
        view.broken(&ACTIVITY_BLOCKED, Field::GUEST_ACTIVITY_STATE, Demand::Value(0));
    }
}

/// Whether STI or MOV SS blocks events.
fn is_blocked(view: &View) -> bool {
    view.get(Field::GUEST_INTERRUPTIBILITY_STATE).is_some_and(|state| state & (BY_STI | BY_MOV_SS) != 0)
}

fn check_interruptibility(view: &mut View) {
    const FIELD: Field = Field::GUEST_INTERRUPTIBILITY_STATE;
    let enclave = if view.cpu().sgx { 0 } else { IN_ENCLAVE };
    view.require_bits(&BLOCKING, FIELD, 0, 0xFFFF_FFE0 | BY_SMI | enclave);
    view.require(&BLOCKING_BOTH, FIELD, |state| state & (BY_STI | BY_MOV_SS) != BY_STI | BY_MOV_SS);
    if view.get(Field::GUEST_RFLAGS).is_some_and(|flags| flags & RFLAGS_IF_BIT == 0) {
        view.require_bits(&BLOCKING_STI, FIELD, 0, BY_STI);
    }
    match view.injected() {
        Some(EventKind::ExternalInterrupt) => {
            view.require_bits(&BLOCKING_INTERRUPT, FIELD, 0, BY_STI | BY_MOV_SS);
        }
        Some(EventKind::Nmi) => {
            view.require_bits(&BLOCKING_NMI, FIELD, 0, BY_MOV_SS);
            if view.has(ControlKind::PinBased, pin::VIRTUAL_NMIS) {
                view.require_bits(&BLOCKING_VIRTUAL_NMI, FIELD, 0, BY_NMI);
            }
        }
        Some(_) | None => {}
    }
}

fn check_pending_debug(view: &mut View) {
    const FIELD: Field = Field::GUEST_PENDING_DEBUG_EXCEPTIONS;
    const SINGLE_STEP: u64 = 1 << 14;
    let bus_lock = if view.cpu().bus_lock_detection { 0 } else { 1 << 11 };
    let transactional = if view.cpu().rtm { 0 } else { 1 << 16 };
    view.require_bits(
        &PENDING,
        FIELD,
        0,
        0x7F << 4 | 1 << 13 | 1 << 15 | !0x1_FFFF | bus_lock | transactional,
    );
    let halts = view.get(Field::GUEST_ACTIVITY_STATE) == Some(HLT);
    let (Some(flags), Some(debugctl)) = (view.get(Field::GUEST_RFLAGS), view.get(Field::GUEST_IA32_DEBUGCTL))
    else {
        return;
    };
    if !(halts || is_blocked(view)) {
        return;
    }
    if flags & RFLAGS_TF != 0 && debugctl & DEBUGCTL_BTF == 0 {
        view.require_bits(&PENDING_STEP, FIELD, SINGLE_STEP, 0);
    } else {
        view.require_bits(&PENDING_STEP, FIELD, 0, SINGLE_STEP);
    }
}
