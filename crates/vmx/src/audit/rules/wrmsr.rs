//! Which values WRMSR accepts, MSR by MSR, as far as the manual says so for all processors ("Model-Specific Registers",
//! volume 4). An MSR that is not here may accept anything or nothing: its entry in an MSR area is left undecided.

use super::super::engine::{Audit, Decision, bits};
use super::super::finding::Why;
use super::super::state::PAGING;
use super::msr;
use crate::control_register::efer;
use crate::controls::ControlKind::Entry;
use crate::controls::entry;
use crate::field::Field;

/// What an MSR accepts.
enum Accepts {
    /// Any value.
    Anything,
    /// No value: the MSR is read-only, or locked in VMX operation.
    Nothing,
    /// Values in which these bits are 0.
    Without(u64),
    /// A canonical address.
    Canonical,
    /// What a field of the VMCS accepts that is loaded into this MSR.
    Field(fn(&Audit, Field, u64) -> Decision),
    /// What this function does not refuse.
    Special(fn(&Audit, u64) -> Result<bool, Why>),
}
use Accepts::{Anything, Canonical, Nothing, Special, Without};

/// Which processors have an MSR.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    /// All with VT-x and Intel 64.
    All,
    /// Some; the others refuse any value.
    Some,
}

/// MSRs that accept the same.
struct Row {
    name: &'static str,
    first: u32,
    last: u32,
    on: Where,
    accepts: Accepts,
}

const fn one(name: &'static str, msr: u32, on: Where, accepts: Accepts) -> Row {
    Row { name, first: msr, last: msr, on, accepts }
}

const fn range(name: &'static str, first: u32, last: u32, on: Where, accepts: Accepts) -> Row {
    Row { name, first, last, on, accepts }
}

const HIGH_HALF: u64 = !0xFFFF_FFFF;

/// By number.
#[rustfmt::skip]
static MSRS: &[Row] = &[
    one("IA32_TIME_STAMP_COUNTER",        0x10,         Where::All,  Anything),
    // VMXON demands the lock bit, and the lock bit makes WRMSR fail.
    one("IA32_FEATURE_CONTROL",           0x3A,         Where::All,  Nothing),
    one("IA32_SPEC_CTRL",                 0x48,         Where::Some, Accepts::Field(msr::spec_ctrl)),
    one("IA32_UMWAIT_CONTROL",            0xE1,         Where::Some, Without(HIGH_HALF | 1 << 1)),
    one("IA32_SYSENTER_CS",               0x174,        Where::All,  Special(sysenter_cs)),
    range("IA32_SYSENTER_ESP and _EIP",   0x175, 0x176, Where::All,  Canonical),
    range("IA32_FRED_RSP0 to 3",          0x1CC, 0x1CF, Where::Some, Accepts::Field(msr::fred_rsp)),
    range("IA32_FRED_SSP1 to 3",          0x1D1, 0x1D3, Where::Some, Accepts::Field(msr::fred_ssp)),
    one("IA32_FRED_CONFIG",               0x1D4,        Where::Some, Accepts::Field(msr::fred_config)),
    one("IA32_DEBUGCTL",                  0x1D9,        Where::All,  Accepts::Field(msr::debugctl)),
    one("IA32_MTRR_FIX64K",               0x250,        Where::All,  Special(refuses_fixed_range)),
    range("IA32_MTRR_FIX16K",             0x258, 0x259, Where::All,  Special(refuses_fixed_range)),
    range("IA32_MTRR_FIX4K",              0x268, 0x26F, Where::All,  Special(refuses_fixed_range)),
    one("IA32_PAT",                       0x277,        Where::All,  Accepts::Field(msr::pat)),
    one("IA32_MTRR_DEF_TYPE",             0x2FF,        Where::All,  Special(refuses_default_type)),
    one("IA32_PERF_GLOBAL_CTRL",          0x38F,        Where::Some, Accepts::Field(msr::perf_global_ctrl)),
    range("the capability MSRs of VT-x",  0x480, 0x493, Where::All,  Nothing),
    one("IA32_RTIT_CTL",                  0x570,        Where::Some, Accepts::Field(msr::rtit_ctl)),
    one("IA32_DS_AREA",                   0x600,        Where::Some, Canonical),
    one("IA32_U_CET",                     0x6A0,        Where::Some, Special(refuses_cet)),
    one("IA32_S_CET",                     0x6A2,        Where::Some, Special(refuses_cet)),
    one("IA32_INTERRUPT_SSP_TABLE_ADDR",  0x6A8,        Where::Some, Canonical),
    one("IA32_PKRS",                      0x6E1,        Where::Some, Without(HIGH_HALF)),
    one("IA32_BNDCFGS",                   0xD90,        Where::Some, Special(refuses_bndcfgs)),
    one("IA32_LBR_CTL",                   0x14CE,       Where::Some, Accepts::Field(msr::lbr_ctl)),
    one("IA32_EFER",                      0xC000_0080,  Where::All,  Special(refuses_efer)),
    one("IA32_STAR",                      0xC000_0081,  Where::All,  Anything),
    range("IA32_LSTAR and IA32_CSTAR",    0xC000_0082, 0xC000_0083, Where::All, Canonical),
    one("IA32_FMASK",                     0xC000_0084,  Where::All,  Without(HIGH_HALF)),
    one("IA32_KERNEL_GS_BASE",            0xC000_0102,  Where::All,  Canonical),
    one("IA32_TSC_AUX",                   0xC000_0103,  Where::Some, Without(HIGH_HALF)),
];

/// The MSRs whose values are judged: first and last number, and name.
pub(in super::super) fn judged() -> impl Iterator<Item = (u32, u32, &'static str)> {
    MSRS.iter().map(|row| (row.first, row.last, row.name))
}

/// Whether WRMSR refuses `value` for the MSR `index` in the state that the entry has loaded so far.
pub(super) fn refuses(audit: &Audit, index: u32, value: u64) -> Result<bool, Why> {
    let Some(row) = MSRS.iter().find(|row| (row.first..=row.last).contains(&index)) else {
        return Err(Why::Msr(index));
    };
    let refused = match row.accepts {
        Anything => false,
        Nothing => true,
        Without(zeros) => value & zeros != 0,
        Canonical => audit.canonical(value)?.is_some(),
        Accepts::Field(test) => test(audit, Field::VM_ENTRY_MSR_LOAD_ADDRESS, value)?.is_some(),
        Special(refuses) => refuses(audit, value)?,
    };
    match (refused, row.on) {
        (false, Where::Some) => Err(Why::Msr(index)),
        (refused, _) => Ok(refused),
    }
}

/// Bits 63:32 are reserved, but not all processors refuse them.
fn sysenter_cs(_: &Audit, value: u64) -> Result<bool, Why> {
    if value >> 32 == 0 { Ok(false) } else { Err(Why::Msr(0x174)) }
}

/// A memory type that a range of memory may have.
fn is_range_type(memory_type: u8) -> bool {
    matches!(memory_type, 0 | 1 | 4..=6)
}

fn refuses_fixed_range(_: &Audit, value: u64) -> Result<bool, Why> {
    Ok(!value.to_le_bytes().into_iter().all(is_range_type))
}

/// The type, FE (bit 10), E (bit 11).
fn refuses_default_type(_: &Audit, value: u64) -> Result<bool, Why> {
    Ok(value & !0xCFF != 0 || !is_range_type(value as u8))
}

fn refuses_cet(audit: &Audit, value: u64) -> Result<bool, Why> {
    let any = Field::GUEST_IA32_S_CET;
    Ok(msr::s_cet(audit, any, value)?.is_some()
        || msr::s_cet_tracker(audit, any, value)?.is_some()
        || audit.canonical(value)?.is_some())
}

fn refuses_bndcfgs(audit: &Audit, value: u64) -> Result<bool, Why> {
    Ok(bits(value, 0, 0xFFC)?.is_some() || audit.canonical(value)?.is_some())
}

/// WRMSR keeps LMA, and with paging LME must not change from what the entry has established.
fn refuses_efer(audit: &Audit, value: u64) -> Result<bool, Why> {
    if bits(value, 0, !efer::DEFINED)?.is_some() {
        return Ok(true);
    }
    if !audit.is(PAGING)? {
        return Ok(false);
    }
    Ok((value & efer::LME != 0) != audit.has(Entry, entry::IA_32E_MODE_GUEST)?)
}
