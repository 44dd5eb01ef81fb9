//! What MSRs accept: tests that host state, guest state and MSR loading share.

use super::super::engine::{Audit, Decision, HOLDS, bits, demand};
use super::super::finding::{Demand, Why};
use crate::control_register::efer;
use crate::field::Field;

/// Bits that IA32_RTIT_CTL defines on some processor ("IA32_RTIT_CTL MSR", table 33-6): all but 18, 23, 30:28, 54:52
/// and 63:57.
const RTIT_CTL: u64 = !(1 << 18 | 1 << 23 | 7 << 28 | 7 << 52 | 0x7F << 57);
/// Bits of IA32_LBR_CTL ("LBR Control", section 19.1.1).
const LBR_CTL: u64 = 0x7F_000F;
/// Bits of IA32_SPEC_CTRL that some processor defines.
const SPEC_CTRL: u64 = 0x5FF;
/// Bits of IA32_PERF_GLOBAL_CTRL that some processor defines: 32 general counters, 16 fixed ones, performance metrics.
const PERF_GLOBAL_CTRL: u64 = 0x1_FFFF_FFFF_FFFF;
/// Performance metrics: IA32_PERF_CAPABILITIES tells, which no profile holds.
const PERF_METRICS: u64 = 1 << 48;
/// The bits of IA32_DEBUGCTL that some processor defines.
const DEBUGCTL: u64 = 0xFFC7;
const DEBUGCTL_BUS_LOCK: u64 = 1 << 2;
const DEBUGCTL_RTM: u64 = 1 << 15;
/// Bits 9:6 of IA32_S_CET.
const S_CET_RESERVED: u64 = 0xF << 6;
/// What indirect-branch tracking defines in IA32_S_CET: its controls, the two of the tracker, the bitmap.
const S_CET_BRANCHES: u64 = 0xF << 2 | !0x3FF;
const S_CET_SHADOW_STACKS: u64 = 3;

/// Demands a memory type in each byte.
pub(super) fn pat(_: &Audit, _: Field, value: u64) -> Decision {
    let is_pat = value.to_le_bytes().iter().all(|memory_type| matches!(memory_type, 0 | 1 | 4..=7));
    demand(is_pat, Demand::Sentence)
}

/// Demands that bits beyond `defined` are 0, and those that this processor does not have, as far as that is known.
fn defined(value: u64, defined: u64, here: Option<u64>, name: &'static str) -> Decision {
    match (bits(value, 0, !defined)?, here) {
        (None, Some(here)) => bits(value, 0, !here),
        (None, None) if value != 0 => Err(Why::Cpu(name)),
        (decided, _) => Ok(decided),
    }
}

/// A fact of CPUID.
pub(super) fn cpu(audit: &Audit, fact: bool, name: &'static str) -> Result<bool, Why> {
    if audit.capabilities.cpu.known { Ok(fact) } else { Err(Why::Cpu(name)) }
}

pub(super) fn perf_global_ctrl(audit: &Audit, _: Field, value: u64) -> Decision {
    let here = audit.capabilities.cpu.perf_global_ctrl;
    match here {
        Some(_) if value & PERF_METRICS != 0 => {
            match defined(value & !PERF_METRICS, PERF_GLOBAL_CTRL, here, "performance counters")? {
                None => Err(Why::Cpu("performance metrics")),
                breach => Ok(breach),
            }
        }
        _ => defined(value, PERF_GLOBAL_CTRL, here, "performance counters"),
    }
}

pub(super) fn rtit_ctl(audit: &Audit, _: Field, value: u64) -> Decision {
    defined(value, RTIT_CTL, audit.capabilities.cpu.rtit_ctl, "IA32_RTIT_CTL")
}

pub(super) fn lbr_ctl(audit: &Audit, _: Field, value: u64) -> Decision {
    defined(value, LBR_CTL, audit.capabilities.cpu.lbr_ctl, "IA32_LBR_CTL")
}

pub(super) fn spec_ctrl(audit: &Audit, _: Field, value: u64) -> Decision {
    defined(value, SPEC_CTRL, audit.capabilities.cpu.spec_ctrl, "IA32_SPEC_CTRL")
}

pub(super) fn debugctl(audit: &Audit, _: Field, value: u64) -> Decision {
    let facts = &audit.capabilities.cpu;
    if let breach @ Some(_) = bits(value, 0, !DEBUGCTL)? {
        return Ok(breach);
    }
    for (bit, has, name) in [
        (DEBUGCTL_BUS_LOCK, facts.bus_lock_detection, "bus-lock detection"),
        (DEBUGCTL_RTM, facts.rtm, "RTM"),
    ] {
        if value & bit != 0 && !cpu(audit, has, name)? {
            return bits(value, 0, bit);
        }
    }
    HOLDS
}

pub(super) fn efer_reserved(_: &Audit, _: Field, value: u64) -> Decision {
    bits(value, 0, !efer::DEFINED)
}

pub(super) fn s_cet(audit: &Audit, _: Field, value: u64) -> Decision {
    let facts = &audit.capabilities.cpu;
    if let breach @ Some(_) = bits(value, 0, S_CET_RESERVED)? {
        return Ok(breach);
    }
    for (mask, has, name) in [
        (S_CET_SHADOW_STACKS, facts.cet_shadow_stacks, "CET shadow stacks"),
        (S_CET_BRANCHES, facts.cet_branch_tracking, "CET branch tracking"),
    ] {
        if value & mask != 0 && !cpu(audit, has, name)? {
            return bits(value, 0, mask);
        }
    }
    HOLDS
}

/// SUPPRESS (10) and TRACKER (11) exclude each other.
pub(super) fn s_cet_tracker(_: &Audit, _: Field, value: u64) -> Decision {
    const BOTH: u64 = 3 << 10;
    demand(value & BOTH != BOTH, Demand::Bits { set: 0, clear: 1 << 10 })
}

/// The bits of CR3 that may be 1: those of a physical address, and 62:61 with linear-address masking.
pub(super) fn cr3(audit: &Audit, _: Field, value: u64) -> Decision {
    const MASKING: u64 = 3 << 61;
    if value & MASKING != 0 {
        match audit.physical(value & !MASKING, 0)? {
            None if cpu(audit, audit.capabilities.cpu.lam, "linear-address masking")? => return HOLDS,
            _ => {}
        }
    }
    audit.physical(value, 0)
}

/// A canonical address with these low bits 0.
pub(super) fn canonical_and_aligned(audit: &Audit, value: u64, low_bits: u64) -> Decision {
    match bits(value, 0, low_bits)? {
        None => audit.canonical(value),
        breach => Ok(breach),
    }
}

pub(super) fn fred_config(audit: &Audit, _: Field, value: u64) -> Decision {
    canonical_and_aligned(audit, value, 1 << 2 | 3 << 4 | 1 << 11)
}

pub(super) fn fred_rsp(audit: &Audit, _: Field, value: u64) -> Decision {
    canonical_and_aligned(audit, value, 0x3F)
}

pub(super) fn fred_ssp(audit: &Audit, _: Field, value: u64) -> Decision {
    canonical_and_aligned(audit, value, 7)
}
