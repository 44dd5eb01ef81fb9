//! Suggested fixes: a change of values that would satisfy a broken rule, computed from those values.

use core::fmt;

use super::engine::Term;
use super::finding::{Demand, Evidence, Violation};
use super::state;
use crate::control_register::{cr0, cr4, efer};
use crate::controls::{Control, ControlKind, exit};
use crate::field::{Field, Kind, Width};
use crate::segment::{AccessRights, SegmentName};

/// A suggested fix, in words, such as `set bit 13 (VMXE) of guest_cr4: write 2011h`.
#[derive(Clone, Copy)]
pub struct Fix<'a>(pub(super) &'a Violation);

impl fmt::Display for Fix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { field, value, demand, evidence, when, .. } = self.0;
        match *demand {
            Demand::Value(wanted) => write!(f, "write {wanted:X}h to {field}")?,
            Demand::AtMost(most) => write!(f, "write at most {most:X}h to {field}")?,
            Demand::AtLeast(_) if field.width() == Width::U16 && field.kind() == Kind::Host => {
                write!(f, "write the selector of a descriptor, such as 8h, to {field}")?
            }
            Demand::AtLeast(least) => write!(f, "write at least {least:X}h to {field}")?,
            Demand::Canonical(nearest) => {
                write!(f, "write a canonical address such as {nearest:X}h to {field}")?
            }
            Demand::OneOf(mask, values) => {
                let wanted = values.first().map_or(0, |first| value & !mask | first);
                write!(f, "write a permitted value such as {wanted:X}h to {field}")?;
            }
            Demand::Bits { set, clear } => {
                bits(f, *field, "set", set)?;
                f.write_str(if set != 0 && clear != 0 { " and " } else { "" })?;
                bits(f, *field, "clear", clear)?;
                write!(f, " of {field}: write {:X}h", (value | set) & !clear)?;
            }
            Demand::Sentence => sentence(f, self.0)?,
        }
        match evidence {
            Evidence::Field(other, _) if *demand != Demand::Sentence => write!(f, ", or change {other}")?,
            Evidence::Field(..) | Evidence::None | Evidence::Memory { .. } | Evidence::Entry { .. } => {}
        }
        for term in when.iter().rev() {
            alternative(f, self.0, term)?;
        }
        Ok(())
    }
}

/// The fix for a demand that no single value of the field meets best.
fn sentence(f: &mut fmt::Formatter<'_>, violation: &Violation) -> fmt::Result {
    match violation.evidence {
        Evidence::Entry { number, msr, .. } if violation.rule.id != "load.msr.value" => {
            write!(f, "take entry {number} (MSR {msr:X}h) out of the area at {:X}h", violation.value)
        }
        Evidence::Entry { number, msr, value } => {
            write!(f, "give MSR {msr:X}h in entry {number} another value than {value:X}h, or take it out")
        }
        Evidence::Memory { address, .. } => {
            write!(f, "correct the memory at {address:X}h, or point {} elsewhere", violation.field)
        }
        Evidence::Field(other, _) => {
            let kind = ControlKind::ALL.into_iter().find(|kind| kind.field() == violation.field);
            match kind.and_then(state::activating) {
                // The control is 1, but its word counts as 0.
                Some((by, mask)) if by.field() == other => {
                    bits(f, other, "set", mask)?;
                    write!(f, " of {other}")
                }
                _ => write!(f, "change {} or {other}", violation.field),
            }
        }
        Evidence::None if is_pat(violation.field) => {
            let mut repaired = violation.value.to_le_bytes();
            for kind in &mut repaired {
                *kind = if matches!(*kind, 0 | 1 | 4..=7) { *kind } else { 6 };
            }
            write!(f, "write {:X}h to {}", u64::from_le_bytes(repaired), violation.field)
        }
        Evidence::None => write!(f, "change {}", violation.field),
    }
}

fn is_pat(field: Field) -> bool {
    matches!(field, Field::GUEST_IA32_PAT | Field::HOST_IA32_PAT)
}

/// The bits of `mask` with their names, under a verb; nothing for no bit.
fn bits(f: &mut fmt::Formatter<'_>, field: Field, verb: &str, mask: u64) -> fmt::Result {
    if mask == 0 {
        return Ok(());
    }
    write!(f, "{verb} {}", if mask.is_power_of_two() { "bit " } else { "bits " })?;
    let mut rest = mask;
    while rest != 0 {
        let low = rest.trailing_zeros();
        let length = (rest >> low).trailing_ones();
        f.write_str(if rest == mask { "" } else { ", " })?;
        if length > 2 && bit_name(field, low as u8).is_none() {
            write!(f, "{}:{low}", low + length - 1)?;
            rest &= !(u64::MAX >> (64 - length) << low);
        } else {
            write!(f, "{low}")?;
            if let Some(name) = bit_name(field, low as u8) {
                write!(f, " ({name})")?;
            }
            rest &= rest - 1;
        }
    }
    Ok(())
}

/// How to make a rule not hold: one setting less. That is no advice where it would make another guest or another host
/// of it, which break rules of their own.
fn alternative(f: &mut fmt::Formatter<'_>, violation: &Violation, term: &Term) -> fmt::Result {
    let is_host_size = term.kind() == Some(ControlKind::Exit)
        && (term.ones | term.zeros) & exit::HOST_ADDRESS_SPACE_SIZE != 0;
    let is_other_guest = term.kind().is_none()
        && term.zeros & state::V8086 != 0
        && violation.value != u64::from(AccessRights::V8086.0);
    if is_host_size || is_other_guest {
        return Ok(());
    }
    let (verb, mask) = if term.ones != 0 { ("clear", term.ones) } else { ("set", term.zeros) };
    let place = match term.kind() {
        Some(kind) => Some((kind.field(), mask.trailing_zeros())),
        None => state::bit(mask),
    };
    let Some((field, bit)) = place else { return Ok(()) };
    f.write_str(", or ")?;
    bits(f, field, verb, 1 << bit)?;
    write!(f, " of {field}")
}

/// The name of a bit of a field, where the manual gives one: of control words, CR0, CR4, RFLAGS, MSRs, access rights, the
/// interruptibility state, an injected event.
pub fn bit_name(field: Field, bit: u8) -> Option<&'static str> {
    if let Some(kind) = ControlKind::ALL.into_iter().find(|kind| kind.field() == field) {
        return Control { kind, bit }.name();
    }
    if SegmentName::ALL.into_iter().any(|segment| segment.fields().access_rights == field) {
        return RIGHTS.iter().find(|(mask, _)| *mask == 1 << bit).map(|(_, name)| *name);
    }
    let names: &[(u64, &str)] = match field {
        Field::GUEST_CR0 | Field::HOST_CR0 => CR0,
        Field::GUEST_CR4 | Field::HOST_CR4 => CR4,
        Field::GUEST_RFLAGS => RFLAGS,
        Field::GUEST_IA32_EFER | Field::HOST_IA32_EFER => EFER,
        Field::GUEST_INTERRUPTIBILITY_STATE => INTERRUPTIBILITY,
        Field::GUEST_PENDING_DEBUG_EXCEPTIONS => PENDING,
        Field::GUEST_IA32_S_CET | Field::HOST_IA32_S_CET => S_CET,
        Field::VM_ENTRY_INTERRUPTION_INFORMATION => EVENT,
        Field::EPT_POINTER => EPT,
        Field::VM_FUNCTION_CONTROLS => VM_FUNCTIONS,
        _ => return None,
    };
    names.iter().find(|(mask, _)| *mask == 1 << bit).map(|(_, name)| *name)
}

#[rustfmt::skip]
const CR0: &[(u64, &str)] = &[
    (cr0::PE, "PE"), (cr0::MP, "MP"), (cr0::EM, "EM"), (cr0::TS, "TS"), (cr0::ET, "ET"), (cr0::NE, "NE"),
    (cr0::WP, "WP"), (cr0::AM, "AM"), (cr0::NW, "NW"), (cr0::CD, "CD"), (cr0::PG, "PG"),
];
#[rustfmt::skip]
const CR4: &[(u64, &str)] = &[
    (cr4::VME, "VME"), (cr4::PVI, "PVI"), (cr4::TSD, "TSD"), (cr4::DE, "DE"), (cr4::PSE, "PSE"), (cr4::PAE, "PAE"),
    (cr4::MCE, "MCE"), (cr4::PGE, "PGE"), (cr4::PCE, "PCE"), (cr4::OSFXSR, "OSFXSR"),
    (cr4::OSXMMEXCPT, "OSXMMEXCPT"), (cr4::UMIP, "UMIP"), (cr4::LA57, "LA57"), (cr4::VMXE, "VMXE"),
    (cr4::SMXE, "SMXE"), (cr4::FSGSBASE, "FSGSBASE"), (cr4::PCIDE, "PCIDE"), (cr4::OSXSAVE, "OSXSAVE"),
    (cr4::KL, "KL"), (cr4::SMEP, "SMEP"), (cr4::SMAP, "SMAP"), (cr4::PKE, "PKE"), (cr4::CET, "CET"),
    (cr4::PKS, "PKS"), (cr4::UINTR, "UINTR"), (cr4::LAM_SUP, "LAM_SUP"), (cr4::FRED, "FRED"),
];
#[rustfmt::skip]
const RFLAGS: &[(u64, &str)] = &[
    (1 << 0, "CF"), (1 << 2, "PF"), (1 << 4, "AF"), (1 << 6, "ZF"), (1 << 7, "SF"), (1 << 8, "TF"), (1 << 9, "IF"),
    (1 << 10, "DF"), (1 << 11, "OF"), (1 << 14, "NT"), (1 << 16, "RF"), (1 << 17, "VM"), (1 << 18, "AC"),
    (1 << 19, "VIF"), (1 << 20, "VIP"), (1 << 21, "ID"),
];
const EFER: &[(u64, &str)] =
    &[(efer::SCE, "SCE"), (efer::LME, "LME"), (efer::LMA, "LMA"), (efer::NXE, "NXE")];
#[rustfmt::skip]
const INTERRUPTIBILITY: &[(u64, &str)] = &[
    (1 << 0, "blocking by STI"), (1 << 1, "blocking by MOV SS"), (1 << 2, "blocking by SMI"),
    (1 << 3, "blocking by NMI"), (1 << 4, "enclave interruption"),
];
const RIGHTS: &[(u64, &str)] =
    &[(1 << 4, "S"), (1 << 7, "P"), (1 << 13, "L"), (1 << 14, "D/B"), (1 << 15, "G"), (1 << 16, "unusable")];
const S_CET: &[(u64, &str)] = &[(1 << 10, "SUPPRESS"), (1 << 11, "TRACKER")];
const EVENT: &[(u64, &str)] =
    &[(1 << 11, "deliver error code"), (1 << 13, "nested exception"), (1 << 31, "valid")];
const EPT: &[(u64, &str)] = &[(1 << 6, "accessed and dirty flags"), (1 << 7, "supervisor shadow stacks")];
const VM_FUNCTIONS: &[(u64, &str)] = &[(1 << 0, "EPTP switching")];
const PENDING: &[(u64, &str)] = &[(1 << 12, "enabled breakpoint"), (1 << 14, "BS"), (1 << 16, "RTM")];
