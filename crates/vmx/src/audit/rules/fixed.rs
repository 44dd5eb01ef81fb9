//! CR0 and CR4 in VMX operation: tests that host and guest state share.

use super::super::engine::{Audit, Decision, HOLDS, bits};
use super::super::finding::Why;
use crate::capability::msr;
use crate::control_register::{FixedBits, Restriction, cr0, cr4};
use crate::controls::ControlKind::Secondary;
use crate::controls::secondary;
use crate::field::Field;

pub(super) fn host_cr0(audit: &Audit, _: Field, value: u64) -> Decision {
    fixed(audit, value, [msr::CR0_FIXED0, msr::CR0_FIXED1], audit.capabilities.cr0_fixed(), CR0_CERTAIN, 0)
}

/// NW and CD are never checked: VM entries leave them as they are.
pub(super) fn guest_cr0(audit: &Audit, _: Field, value: u64) -> Decision {
    let unrestricted = audit.has(Secondary, secondary::UNRESTRICTED_GUEST);
    let restriction = match unrestricted {
        Ok(true) => Restriction::Unrestricted,
        // With PE and PG set, both kinds of guest are judged alike.
        Err(why) if value & (cr0::PE | cr0::PG) != cr0::PE | cr0::PG => return Err(why),
        Ok(false) | Err(_) => Restriction::Restricted,
    };
    let fixed_bits = audit.capabilities.cr0_fixed().for_guest_cr0(restriction);
    fixed(audit, value, [msr::CR0_FIXED0, msr::CR0_FIXED1], fixed_bits, CR0_CERTAIN, cr0::NW | cr0::CD)
}

pub(super) fn cr4(audit: &Audit, _: Field, value: u64) -> Decision {
    fixed(audit, value, [msr::CR4_FIXED0, msr::CR4_FIXED1], audit.capabilities.cr4_fixed(), CR4_CERTAIN, 0)
}

/// What every processor fixes, known or not: CR0 has 32 bits, and CR4.VMXE stays 1 in VMX operation ("Enabling and
/// Entering VMX Operation", section 25.7).
const CR0_CERTAIN: FixedBits = FixedBits { must_be_1: 0, may_be_1: 0xFFFF_FFFF };
const CR4_CERTAIN: FixedBits = FixedBits { must_be_1: cr4::VMXE, may_be_1: u64::MAX };

fn fixed(
    audit: &Audit,
    value: u64,
    msrs: [u32; 2],
    fixed: FixedBits,
    certain: FixedBits,
    ignored: u64,
) -> Decision {
    let unknown = msrs.into_iter().find(|address| audit.capabilities.get(*address).is_none());
    let fixed = if unknown.is_some() { certain } else { fixed };
    match (bits(value, fixed.must_be_1 & !ignored, !fixed.may_be_1 & !ignored)?, unknown) {
        (None, Some(msr)) => Err(Why::Capability(msr)),
        (None, None) => HOLDS,
        (breach, _) => Ok(breach),
    }
}
