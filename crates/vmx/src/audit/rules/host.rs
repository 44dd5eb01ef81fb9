//! Rules on host state ("Checks on VMX Controls and Host-State Area", section 28.2).

use super::super::engine::{Audit, Decision, Row, Test, bits, demand, off, on, state};
use super::super::finding::Demand;
use super::super::rule::Rule;
use super::super::rule::section::{ADDRESS_SPACE_SIZE, HOST_REGISTERS, HOST_SEGMENTS};
use super::super::state::IA_32E_HOST;
use super::{fixed, msr};
use crate::control_register::{cr0, cr4, efer};
use crate::controls::ControlKind::{Entry, Exit, SecondaryExit};
use crate::controls::{entry, exit, secondary_exit};
use crate::field::Field;

#[rustfmt::skip]
pub(in super::super) static ROWS: &[Row] = &[
    Row { rule: &Rule::host("host.cr0.fixed", HOST_REGISTERS,
            "CR0 must have no bit that VMX operation fixes to the other setting."),
        when: &[], fields: &[Field::HOST_CR0], test: Test::Special(fixed::host_cr0) },
    Row { rule: &Rule::host("host.cr4.fixed", HOST_REGISTERS,
            "CR4 must have no bit that VMX operation fixes to the other setting."),
        when: &[], fields: &[Field::HOST_CR4], test: Test::Special(fixed::cr4) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::host("host.cr4.cet", HOST_REGISTERS, "CR4.CET needs write protection (CR0.WP)."),
        when: &[], fields: &[Field::HOST_CR4], test: Test::Special(cet) },
    Row { rule: &Rule::host("host.cr3.width", HOST_REGISTERS,
            "CR3 must lie within the physical-address width, and have no reserved bit."),
        when: &[], fields: &[Field::HOST_CR3], test: Test::Special(msr::cr3) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::host("host.sysenter.canonical", HOST_REGISTERS,
            "The SYSENTER stack and instruction pointers must be canonical."),
        when: &[], fields: &[Field::HOST_IA32_SYSENTER_ESP, Field::HOST_IA32_SYSENTER_EIP], test: Test::Canonical },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::host("host.perf_global_ctrl", HOST_REGISTERS,
            "A loaded IA32_PERF_GLOBAL_CTRL must have no reserved bit."),
        when: &[on(Exit, exit::LOAD_IA32_PERF_GLOBAL_CTRL)],
        fields: &[Field::HOST_IA32_PERF_GLOBAL_CTRL], test: Test::Special(msr::perf_global_ctrl) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::host("host.pat", HOST_REGISTERS,
            "A loaded IA32_PAT must hold the memory types 0, 1, 4, 5, 6 or 7 in each byte."),
        when: &[on(Exit, exit::LOAD_IA32_PAT)], fields: &[Field::HOST_IA32_PAT], test: Test::Special(msr::pat) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::host("host.efer.reserved", HOST_REGISTERS, "A loaded IA32_EFER must have no reserved bit."),
        when: &[on(Exit, exit::LOAD_IA32_EFER)],
        fields: &[Field::HOST_IA32_EFER], test: Test::Special(msr::efer_reserved) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::host("host.efer.mode", HOST_REGISTERS,
            "LMA and LME of a loaded IA32_EFER must be as the host's address-space size says."),
        when: &[on(Exit, exit::LOAD_IA32_EFER)], fields: &[Field::HOST_IA32_EFER], test: Test::Special(mode) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::host("host.s_cet.reserved", HOST_REGISTERS, "A loaded IA32_S_CET must have no reserved bit."),
        when: &[on(Exit, exit::LOAD_CET_STATE)], fields: &[Field::HOST_IA32_S_CET], test: Test::Special(msr::s_cet) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::host("host.s_cet.tracker", HOST_REGISTERS,
            "SUPPRESS and TRACKER of a loaded IA32_S_CET must not both be 1."),
        when: &[on(Exit, exit::LOAD_CET_STATE)],
        fields: &[Field::HOST_IA32_S_CET], test: Test::Special(msr::s_cet_tracker) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::host("host.ssp.aligned", HOST_REGISTERS, "Bits 1:0 of a loaded SSP must be 0."),
        when: &[on(Exit, exit::LOAD_CET_STATE)], fields: &[Field::HOST_SSP], test: Test::Bits(0, 3) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::host("host.pkrs", HOST_REGISTERS, "Bits 63:32 of a loaded IA32_PKRS must be 0."),
        when: &[on(Exit, exit::LOAD_PKRS)], fields: &[Field::HOST_IA32_PKRS], test: Test::Bits(0, !0xFFFF_FFFF) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::host("host.fred.config", HOST_REGISTERS,
            "A loaded IA32_FRED_CONFIG must have bits 2, 5:4 and 11 0 and a canonical address."),
        when: &[on(SecondaryExit, secondary_exit::LOAD_IA32_FRED)],
        fields: &[Field::HOST_IA32_FRED_CONFIG], test: Test::Special(msr::fred_config) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::host("host.fred.rsp", HOST_REGISTERS,
            "Loaded FRED stack pointers must be canonical and 64-byte aligned."),
        when: &[on(SecondaryExit, secondary_exit::LOAD_IA32_FRED)],
        fields: &[Field::HOST_IA32_FRED_RSP1, Field::HOST_IA32_FRED_RSP2, Field::HOST_IA32_FRED_RSP3],
        test: Test::Special(msr::fred_rsp) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::host("host.fred.ssp", HOST_REGISTERS,
            "Loaded FRED shadow-stack pointers must be canonical and 8-byte aligned."),
        when: &[on(SecondaryExit, secondary_exit::LOAD_IA32_FRED)],
        fields: &[Field::HOST_IA32_FRED_SSP1, Field::HOST_IA32_FRED_SSP2, Field::HOST_IA32_FRED_SSP3],
        test: Test::Special(msr::fred_ssp) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::host("host.spec_ctrl", HOST_REGISTERS, "A loaded IA32_SPEC_CTRL must have no reserved bit."),
        when: &[on(SecondaryExit, secondary_exit::LOAD_IA32_SPEC_CTRL)],
        fields: &[Field::HOST_IA32_SPEC_CTRL], test: Test::Special(msr::spec_ctrl) },

    Row { rule: &Rule::host("host.selector.rpl_ti", HOST_SEGMENTS,
            "A host selector must have privilege 0 and come from the GDT: bits 2:0 are 0."),
        when: &[],
        fields: &[Field::HOST_ES_SELECTOR, Field::HOST_CS_SELECTOR, Field::HOST_SS_SELECTOR, Field::HOST_DS_SELECTOR,
            Field::HOST_FS_SELECTOR, Field::HOST_GS_SELECTOR, Field::HOST_TR_SELECTOR],
        test: Test::Bits(0, 7) },
    Row { rule: &Rule::host("host.selector.null", HOST_SEGMENTS, "The host's CS and TR must not be null."),
        when: &[], fields: &[Field::HOST_CS_SELECTOR, Field::HOST_TR_SELECTOR], test: Test::AtLeast(1) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::host("host.selector.null_ss", HOST_SEGMENTS,
            "The SS of a host that is not in 64-bit mode must not be null."),
        when: &[off(Exit, exit::HOST_ADDRESS_SPACE_SIZE)],
        fields: &[Field::HOST_SS_SELECTOR], test: Test::AtLeast(1) },
    Row { rule: &Rule::host("host.base.canonical", HOST_SEGMENTS,
            "The host's bases of FS, GS, TR, GDTR and IDTR must be canonical."),
        when: &[],
        fields: &[Field::HOST_FS_BASE, Field::HOST_GS_BASE, Field::HOST_TR_BASE, Field::HOST_GDTR_BASE,
            Field::HOST_IDTR_BASE],
        test: Test::Canonical },

    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::host("host.address_space_size.outside", ADDRESS_SPACE_SIZE,
            "Outside IA-32e mode \"host address-space size\" must be 0."),
        when: &[state(0, IA_32E_HOST)], fields: &[Exit.field()], test: Test::Bits(0, exit::HOST_ADDRESS_SPACE_SIZE) },
    Row { rule: &Rule::host("host.address_space_size", ADDRESS_SPACE_SIZE,
            "In IA-32e mode \"host address-space size\" must be 1."),
        when: &[state(IA_32E_HOST, 0)], fields: &[Exit.field()], test: Test::Bits(exit::HOST_ADDRESS_SPACE_SIZE, 0) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::host("host.address_space_size.guest", ADDRESS_SPACE_SIZE,
            "A guest in IA-32e mode needs a host in IA-32e mode."),
        when: &[off(Exit, exit::HOST_ADDRESS_SPACE_SIZE)],
        fields: &[Entry.field()], test: Test::Bits(0, entry::IA_32E_MODE_GUEST) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::host("host.address_space_size.cr4_32", ADDRESS_SPACE_SIZE,
            "CR4.PCIDE and CR4.FRED must be 0 for a host outside IA-32e mode."),
        when: &[off(Exit, exit::HOST_ADDRESS_SPACE_SIZE)],
        fields: &[Field::HOST_CR4], test: Test::Bits(0, cr4::PCIDE | cr4::FRED) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::host("host.address_space_size.rip_32", ADDRESS_SPACE_SIZE,
            "RIP must be below 4 GiB for a host outside IA-32e mode."),
        when: &[off(Exit, exit::HOST_ADDRESS_SPACE_SIZE)],
        fields: &[Field::HOST_RIP], test: Test::Bits(0, !0xFFFF_FFFF) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::host("host.address_space_size.cet_32", ADDRESS_SPACE_SIZE,
            "Bits 63:32 of a loaded IA32_S_CET and SSP must be 0 for a host outside IA-32e mode."),
        when: &[off(Exit, exit::HOST_ADDRESS_SPACE_SIZE), on(Exit, exit::LOAD_CET_STATE)],
        fields: &[Field::HOST_IA32_S_CET, Field::HOST_SSP], test: Test::Bits(0, !0xFFFF_FFFF) },
    Row { rule: &Rule::host("host.address_space_size.cr4", ADDRESS_SPACE_SIZE,
            "CR4.PAE must be 1 for a host in IA-32e mode."),
        when: &[on(Exit, exit::HOST_ADDRESS_SPACE_SIZE)], fields: &[Field::HOST_CR4], test: Test::Bits(cr4::PAE, 0) },
    Row { rule: &Rule::host("host.address_space_size.rip", ADDRESS_SPACE_SIZE,
            "RIP must be canonical for a host in IA-32e mode."),
        when: &[on(Exit, exit::HOST_ADDRESS_SPACE_SIZE)], fields: &[Field::HOST_RIP], test: Test::Canonical },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::host("host.address_space_size.cet", ADDRESS_SPACE_SIZE,
            "A loaded IA32_S_CET and SSP must be canonical for a host in IA-32e mode."),
        when: &[on(Exit, exit::HOST_ADDRESS_SPACE_SIZE | exit::LOAD_CET_STATE)],
        fields: &[Field::HOST_IA32_S_CET, Field::HOST_SSP], test: Test::Canonical },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::host("host.ssp_table.canonical", ADDRESS_SPACE_SIZE,
            "A loaded IA32_INTERRUPT_SSP_TABLE_ADDR must be canonical."),
        when: &[on(Exit, exit::LOAD_CET_STATE)],
        fields: &[Field::HOST_IA32_INTERRUPT_SSP_TABLE_ADDR], test: Test::Canonical },
];

fn cet(audit: &Audit, _: Field, value: u64) -> Decision {
    cet_needs_wp(audit, value, Field::HOST_CR0)
}

/// Demands CR0.WP, or CR4.CET off.
pub(super) fn cet_needs_wp(audit: &Audit, cr4_value: u64, cr0_field: Field) -> Decision {
    let fits = cr4_value & cr4::CET == 0 || audit.need(cr0_field)? & cr0::WP != 0;
    demand(fits, Demand::Bits { set: 0, clear: cr4::CET })
}

fn mode(audit: &Audit, _: Field, value: u64) -> Decision {
    const MODES: u64 = efer::LMA | efer::LME;
    let (ones, zeros) = if audit.has(Exit, exit::HOST_ADDRESS_SPACE_SIZE)? { (MODES, 0) } else { (0, MODES) };
    bits(value, ones, zeros)
}
