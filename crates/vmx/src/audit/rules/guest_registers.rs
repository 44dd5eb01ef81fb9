//! Rules on the guest's control registers, debug registers and MSRs ("Checks on Guest Control Registers, Debug
//! Registers, and MSRs", section 28.3.1.1).

use super::super::engine::{Audit, Decision, Row, Test, bits, demand, off, on, state};
use super::super::finding::Demand;
use super::super::rule::{Rule, section::GUEST_REGISTERS as S};
use super::super::state::PAGING;
use super::{fixed, host, msr};
use crate::control_register::{cr0, cr4, efer};
use crate::controls::ControlKind::Entry;
use crate::controls::entry;
use crate::field::Field;

#[rustfmt::skip]
pub(in super::super) static ROWS: &[Row] = &[
    Row { rule: &Rule::guest("guest.cr0.fixed", S,
            "CR0 must have no bit that VMX operation fixes otherwise; PE and PG are free in unrestricted guests."),
        when: &[], fields: &[Field::GUEST_CR0], test: Test::Special(fixed::guest_cr0) },
    Row { rule: &Rule::guest("guest.cr0.paging", S, "Paging (CR0.PG) needs protection (CR0.PE)."),
        when: &[state(PAGING, 0)], fields: &[Field::GUEST_CR0], test: Test::Bits(cr0::PE, 0) },
    Row { rule: &Rule::guest("guest.cr4.fixed", S,
            "CR4 must have no bit that VMX operation fixes to the other setting."),
        when: &[], fields: &[Field::GUEST_CR4], test: Test::Special(fixed::cr4) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.cr4.cet", S, "CR4.CET needs write protection (CR0.WP)."),
        when: &[], fields: &[Field::GUEST_CR4], test: Test::Special(cet) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.debugctl.reserved", S, "Reserved bits of a loaded IA32_DEBUGCTL must be 0."),
        when: &[on(Entry, entry::LOAD_DEBUG_CONTROLS)],
        fields: &[Field::GUEST_IA32_DEBUGCTL], test: Test::Special(msr::debugctl) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.ia_32e_mode.cr0", S, "A guest in IA-32e mode needs paging (CR0.PG)."),
        when: &[on(Entry, entry::IA_32E_MODE_GUEST)], fields: &[Field::GUEST_CR0], test: Test::Bits(cr0::PG, 0) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.ia_32e_mode.cr4", S, "A guest in IA-32e mode needs CR4.PAE."),
        when: &[on(Entry, entry::IA_32E_MODE_GUEST)], fields: &[Field::GUEST_CR4], test: Test::Bits(cr4::PAE, 0) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.cr4.pcide", S, "CR4.PCIDE must be 0 outside IA-32e mode."),
        when: &[off(Entry, entry::IA_32E_MODE_GUEST)], fields: &[Field::GUEST_CR4], test: Test::Bits(0, cr4::PCIDE) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.cr4.fred", S, "CR4.FRED must be 0 outside IA-32e mode."),
        when: &[off(Entry, entry::IA_32E_MODE_GUEST)], fields: &[Field::GUEST_CR4], test: Test::Bits(0, cr4::FRED) },
    Row { rule: &Rule::guest("guest.cr3.width", S,
            "CR3 must lie within the physical-address width, and have no reserved bit."),
        when: &[], fields: &[Field::GUEST_CR3], test: Test::Special(msr::cr3) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.dr7.high", S, "Bits 63:32 of a loaded DR7 must be 0."),
        when: &[on(Entry, entry::LOAD_DEBUG_CONTROLS)],
        fields: &[Field::GUEST_DR7], test: Test::Bits(0, !0xFFFF_FFFF) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.sysenter.canonical", S,
            "The SYSENTER stack and instruction pointers must be canonical."),
        when: &[], fields: &[Field::GUEST_IA32_SYSENTER_ESP, Field::GUEST_IA32_SYSENTER_EIP], test: Test::Canonical },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.s_cet.canonical", S,
            "A loaded IA32_S_CET and IA32_INTERRUPT_SSP_TABLE_ADDR must be canonical."),
        when: &[on(Entry, entry::LOAD_CET_STATE)],
        fields: &[Field::GUEST_IA32_S_CET, Field::GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR], test: Test::Canonical },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.perf_global_ctrl", S,
            "A loaded IA32_PERF_GLOBAL_CTRL must have no reserved bit."),
        when: &[on(Entry, entry::LOAD_IA32_PERF_GLOBAL_CTRL)],
        fields: &[Field::GUEST_IA32_PERF_GLOBAL_CTRL], test: Test::Special(msr::perf_global_ctrl) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.pat", S,
            "A loaded IA32_PAT must hold the memory types 0, 1, 4, 5, 6 or 7 in each byte."),
        when: &[on(Entry, entry::LOAD_IA32_PAT)], fields: &[Field::GUEST_IA32_PAT], test: Test::Special(msr::pat) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.efer.reserved", S, "A loaded IA32_EFER must have no reserved bit."),
        when: &[on(Entry, entry::LOAD_IA32_EFER)],
        fields: &[Field::GUEST_IA32_EFER], test: Test::Special(msr::efer_reserved) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.efer.lma", S, "LMA of a loaded IA32_EFER must be as \"IA-32e mode guest\"."),
        when: &[on(Entry, entry::LOAD_IA32_EFER)], fields: &[Field::GUEST_IA32_EFER], test: Test::Special(lma) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.efer.lme", S, "With paging, LME of a loaded IA32_EFER must be as LMA."),
        when: &[on(Entry, entry::LOAD_IA32_EFER), state(PAGING, 0)],
        fields: &[Field::GUEST_IA32_EFER], test: Test::Special(lme) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.bndcfgs.reserved", S, "Bits 11:2 of a loaded IA32_BNDCFGS must be 0."),
        when: &[on(Entry, entry::LOAD_IA32_BNDCFGS)],
        fields: &[Field::GUEST_IA32_BNDCFGS], test: Test::Bits(0, 0xFFC) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.bndcfgs.canonical", S, "The address in a loaded IA32_BNDCFGS must be canonical."),
        when: &[on(Entry, entry::LOAD_IA32_BNDCFGS)], fields: &[Field::GUEST_IA32_BNDCFGS], test: Test::Canonical },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.rtit_ctl", S, "A loaded IA32_RTIT_CTL must have no reserved bit."),
        when: &[on(Entry, entry::LOAD_IA32_RTIT_CTL)],
        fields: &[Field::GUEST_IA32_RTIT_CTL], test: Test::Special(msr::rtit_ctl) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.s_cet.reserved", S, "A loaded IA32_S_CET must have no reserved bit."),
        when: &[on(Entry, entry::LOAD_CET_STATE)],
        fields: &[Field::GUEST_IA32_S_CET], test: Test::Special(msr::s_cet) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.s_cet.tracker", S,
            "SUPPRESS and TRACKER of a loaded IA32_S_CET must not both be 1."),
        when: &[on(Entry, entry::LOAD_CET_STATE)],
        fields: &[Field::GUEST_IA32_S_CET], test: Test::Special(msr::s_cet_tracker) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.lbr_ctl", S, "A loaded IA32_LBR_CTL must have no reserved bit."),
        when: &[on(Entry, entry::LOAD_GUEST_IA32_LBR_CTL)],
        fields: &[Field::GUEST_IA32_LBR_CTL], test: Test::Special(msr::lbr_ctl) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.pkrs", S, "Bits 63:32 of a loaded IA32_PKRS must be 0."),
        when: &[on(Entry, entry::LOAD_PKRS)], fields: &[Field::GUEST_IA32_PKRS], test: Test::Bits(0, !0xFFFF_FFFF) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.uinv", S, "Bits 15:8 of a loaded UINV must be 0."),
        when: &[on(Entry, entry::LOAD_UINV)], fields: &[Field::GUEST_UINV], test: Test::Bits(0, 0xFF00) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.fred.config", S,
            "A loaded IA32_FRED_CONFIG must have bits 2, 5:4 and 11 0 and a canonical address."),
        when: &[on(Entry, entry::LOAD_IA32_FRED)],
        fields: &[Field::GUEST_IA32_FRED_CONFIG], test: Test::Special(msr::fred_config) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.fred.rsp", S,
            "Loaded FRED stack pointers must be canonical and 64-byte aligned."),
        when: &[on(Entry, entry::LOAD_IA32_FRED)],
        fields: &[Field::GUEST_IA32_FRED_RSP1, Field::GUEST_IA32_FRED_RSP2, Field::GUEST_IA32_FRED_RSP3],
        test: Test::Special(msr::fred_rsp) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.fred.ssp", S,
            "Loaded FRED shadow-stack pointers must be canonical and 8-byte aligned."),
        when: &[on(Entry, entry::LOAD_IA32_FRED)],
        fields: &[Field::GUEST_IA32_FRED_SSP1, Field::GUEST_IA32_FRED_SSP2, Field::GUEST_IA32_FRED_SSP3],
        test: Test::Special(msr::fred_ssp) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.spec_ctrl", S, "A loaded IA32_SPEC_CTRL must have no reserved bit."),
        when: &[on(Entry, entry::LOAD_IA32_SPEC_CTRL)],
        fields: &[Field::GUEST_IA32_SPEC_CTRL], test: Test::Special(msr::spec_ctrl) },
];

fn cet(audit: &Audit, _: Field, value: u64) -> Decision {
    host::cet_needs_wp(audit, value, Field::GUEST_CR0)
}

fn lma(audit: &Audit, _: Field, value: u64) -> Decision {
    let (ones, zeros) =
        if audit.has(Entry, entry::IA_32E_MODE_GUEST)? { (efer::LMA, 0) } else { (0, efer::LMA) };
    bits(value, ones, zeros)
}

fn lme(_: &Audit, _: Field, value: u64) -> Decision {
    let lma = value & efer::LMA != 0;
    let wanted = if lma { value | efer::LME } else { value & !efer::LME };
    demand(value == wanted, Demand::Bits { set: wanted & !value, clear: value & !wanted })
}
