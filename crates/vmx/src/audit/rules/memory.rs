//! Rules on what lies in memory: page-directory-pointer-table entries ("Checks on Guest Page-Directory-Pointer-Table
//! Entries", section 28.3.1.6) and the VM-entry MSR-load area ("Loading MSRs", 28.4).

use super::super::engine::{Audit, Decision, HOLDS, Row, Term, Test, off, on, state};
use super::super::finding::{Demand, Evidence, Why};
use super::super::rule::{Rule, section::GUEST_PDPTES};
use super::super::state::{ENTRY_LOAD, PAE, PAGING};
use super::wrmsr;
use crate::controls::ControlKind::{Entry, Secondary};
use crate::controls::{entry, secondary};
use crate::exit::EntryFailure;
use crate::field::Field;

const PAE_PAGING: Term = state(PAGING | PAE, 0);
const NOT_IA_32E: Term = off(Entry, entry::IA_32E_MODE_GUEST);
const LOADS: &[Term] = &[state(ENTRY_LOAD, 0)];
const AREA: &[Field] = &[Field::VM_ENTRY_MSR_LOAD_ADDRESS];

#[rustfmt::skip]
pub(in super::super) static ROWS: &[Row] = &[
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::told("guest.pdpte.memory", GUEST_PDPTES, EntryFailure::Pdpte,
            "With PAE paging and without EPT, the present entries of the table that CR3 points to must have no reserved \
             bit."),
        when: &[PAE_PAGING, NOT_IA_32E, off(Secondary, secondary::ENABLE_EPT)],
        fields: &[Field::GUEST_CR3], test: Test::Special(pdptes_in_memory) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::told("guest.pdpte.field", GUEST_PDPTES, EntryFailure::Pdpte,
            "With PAE paging and EPT, a present PDPTE field must have no reserved bit."),
        when: &[PAE_PAGING, NOT_IA_32E, on(Secondary, secondary::ENABLE_EPT)],
        fields: &[Field::GUEST_PDPTE0, Field::GUEST_PDPTE1, Field::GUEST_PDPTE2, Field::GUEST_PDPTE3],
        test: Test::Special(pdpte_field) },

    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::loading("load.msr.base", "The MSR-load area must not load IA32_FS_BASE or IA32_GS_BASE."),
        when: LOADS, fields: AREA, test: Test::Special(base) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::loading("load.msr.x2apic", "The MSR-load area must not load an x2APIC MSR (800h to 8FFh)."),
        when: LOADS, fields: AREA, test: Test::Special(x2apic) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::loading("load.msr.smm", "The MSR-load area must not load IA32_SMM_MONITOR_CTL outside SMM."),
        when: LOADS, fields: AREA, test: Test::Special(smm) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::loading("load.msr.model_specific",
            "The MSR-load area must not load an MSR that the model bars, such as the microcode-update trigger."),
        when: LOADS, fields: AREA, test: Test::Special(model_specific) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::loading("load.msr.reserved", "Bits 63:32 of an MSR-load entry must be 0."),
        when: LOADS, fields: AREA, test: Test::Special(reserved) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::loading("load.msr.value", "The MSR-load area must give an MSR a value that WRMSR accepts."),
        when: LOADS, fields: AREA, test: Test::Special(value) },
];

/// The bits of a present PDPTE that are reserved whatever the width: 2:1 and 8:5.
const PDPTE_RESERVED: u64 = 3 << 1 | 0xF << 5;

fn pdpte(audit: &Audit, entry: u64) -> Decision {
    if entry & 1 == 0 { HOLDS } else { audit.physical(entry, PDPTE_RESERVED) }
}

fn pdpte_field(audit: &Audit, _: Field, entry: u64) -> Decision {
    pdpte(audit, entry)
}

/// The table lies at bits 31:5 of CR3 and has four entries.
fn pdptes_in_memory(audit: &Audit, _: Field, cr3: u64) -> Decision {
    let table = cr3 & 0xFFFF_FFE0;
    for address in (table..table + 32).step_by(8) {
        let entry = audit.memory.read(address).ok_or(Why::Memory(address))?;
        if pdpte(audit, entry)?.is_some() {
            return Ok(Some((Demand::Sentence, Evidence::Memory { address, value: entry })));
        }
    }
    HOLDS
}

/// An entry of the MSR-load area: the MSR's index with bits 63:32 beside it, and the value.
#[derive(Clone, Copy)]
struct Load {
    msr: u64,
    value: u64,
}

impl Load {
    const fn index(self) -> u32 {
        self.msr as u32
    }
}

/// The most entries that are read: the greatest number that any processor recommends ("Miscellaneous Data", A.6).
const MOST_ENTRIES: u64 = 4096;

/// The first entry that breaks a rule. The processor stops at the first, too.
fn first(audit: &Audit, area: u64, breaks: impl Fn(&Audit, Load) -> Result<bool, Why>) -> Decision {
    let count = audit.need(Field::VM_ENTRY_MSR_LOAD_COUNT)?;
    let mut open = None;
    for number in 0..count.min(MOST_ENTRIES) {
        let address = (area & !0xF).wrapping_add(16 * number);
        let read = |address| audit.memory.read(address).ok_or(Why::Memory(address));
        let load = Load { msr: read(address)?, value: read(address + 8)? };
        match breaks(audit, load) {
            Ok(false) => {}
            Ok(true) => {
                let evidence =
                    Evidence::Entry { number: number as u32 + 1, msr: load.msr, value: load.value };
                return Ok(Some((Demand::Sentence, evidence)));
            }
            Err(why) => open = open.or(Some(why)),
        }
    }
    if count > MOST_ENTRIES {
        open = open.or(Some(Why::Memory(area.wrapping_add(16 * MOST_ENTRIES))));
    }
    open.map_or(HOLDS, Err)
}

/// MSRs that rules name ("Model-Specific Registers", volume 4).
#[rustfmt::skip]
mod index {
    pub const BIOS_UPDT_TRIG:   u32 = 0x79;
    pub const BIOS_SIGN_ID:     u32 = 0x8B;
    pub const SMM_MONITOR_CTL:  u32 = 0x9B;
    pub const FS_BASE:          u32 = 0xC000_0100;
    pub const GS_BASE:          u32 = 0xC000_0101;
}

fn base(audit: &Audit, _: Field, area: u64) -> Decision {
    first(audit, area, |_, load| Ok(matches!(load.index(), index::FS_BASE | index::GS_BASE)))
}

fn is_x2apic(load: Load) -> bool {
    load.index() >> 8 == 8
}

fn x2apic(audit: &Audit, _: Field, area: u64) -> Decision {
    first(audit, area, |_, load| Ok(is_x2apic(load)))
}

fn smm(audit: &Audit, _: Field, area: u64) -> Decision {
    first(audit, area, |_, load| Ok(load.index() == index::SMM_MONITOR_CTL))
}

fn model_specific(audit: &Audit, _: Field, area: u64) -> Decision {
    first(audit, area, |_, load| Ok(matches!(load.index(), index::BIOS_UPDT_TRIG | index::BIOS_SIGN_ID)))
}

fn reserved(audit: &Audit, _: Field, area: u64) -> Decision {
    first(audit, area, |_, load| Ok(load.msr >> 32 != 0))
}

/// MSRs that other rules bar altogether are theirs.
fn value(audit: &Audit, _: Field, area: u64) -> Decision {
    first(audit, area, |audit, load| match load.index() {
        index::FS_BASE
        | index::GS_BASE
        | index::SMM_MONITOR_CTL
        | index::BIOS_UPDT_TRIG
        | index::BIOS_SIGN_ID => Ok(false),
        _ if is_x2apic(load) => Ok(false),
        other => wrmsr::refuses(audit, other, load.value),
    })
}
