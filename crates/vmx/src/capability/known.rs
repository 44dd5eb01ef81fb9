//! What a profile leaves open: an MSR that is not recorded is absent from the processor only where another one says so.

use super::{Capabilities, FIRST, LAST, msr};
use crate::controls::ControlKind;

impl Capabilities {
    /// Whether the profile tells about the MSR `address`: its value, or that the processor does not have it.
    pub const fn is_known(&self, address: u32) -> bool {
        if self.get(address).is_some() {
            return true;
        }
        let depends_on = match address {
            msr::PROCBASED_CTLS2 | msr::PROCBASED_CTLS3 => msr::PROCBASED_CTLS,
            msr::EPT_VPID_CAP | msr::VMFUNC => msr::PROCBASED_CTLS2,
            msr::TRUE_PINBASED_CTLS..=msr::TRUE_ENTRY_CTLS => msr::BASIC,
            msr::EXIT_CTLS2 => msr::EXIT_CTLS,
            FIRST..=LAST => return false,
            _ => return true,
        };
        self.is_known(depends_on) && !self.exists(address)
    }

    /// Whether the profile tells which settings of `kind` a VM entry accepts.
    pub const fn knows_allowed(&self, kind: ControlKind) -> bool {
        let has_true = matches!(
            kind,
            ControlKind::PinBased | ControlKind::Primary | ControlKind::Exit | ControlKind::Entry
        );
        (!has_true || self.is_known(msr::BASIC)) && self.is_known(self.allowed_msr(kind))
    }
}
