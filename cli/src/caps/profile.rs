//! What is known of a processor: a saved profile, a named model, or nothing.
//!
//! A saved profile need not be whole. What it lacks is unknown, not absent: an auditor that took it for absent would
//! report rules that are not broken.

use vmx::Capabilities;
use vmx::capability::{CpuFacts, Profile, msr};

/// A feature that CPUID reports and a rule depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Feature {
    Smx,
    Sgx,
    Rtm,
    BusLockDetection,
    CetShadowStacks,
    CetBranchTracking,
    Lam,
}

impl Feature {
    /// All of them.
    pub const ALL: [Feature; 7] = [
        Self::Smx,
        Self::Sgx,
        Self::Rtm,
        Self::BusLockDetection,
        Self::CetShadowStacks,
        Self::CetBranchTracking,
        Self::Lam,
    ];

    /// The name of its entry in a profile.
    pub fn key(self) -> &'static str {
        match self {
            Self::Smx => "smx",
            Self::Sgx => "sgx",
            Self::Rtm => "rtm",
            Self::BusLockDetection => "bus_lock_detection",
            Self::CetShadowStacks => "cet_shadow_stacks",
            Self::CetBranchTracking => "cet_branch_tracking",
            Self::Lam => "lam",
        }
    }

    /// What Linux calls it in /proc/cpuinfo.
    pub fn linux_flag(self) -> &'static str {
        match self {
            Self::BusLockDetection => "bus_lock_detect",
            Self::CetShadowStacks => "user_shstk",
            Self::CetBranchTracking => "ibt",
            Self::Smx | Self::Sgx | Self::Rtm | Self::Lam => self.key(),
        }
    }

    /// The fact's place.
    pub fn of(self, facts: &mut CpuFacts) -> &mut bool {
        match self {
            Self::Smx => &mut facts.smx,
            Self::Sgx => &mut facts.sgx,
            Self::Rtm => &mut facts.rtm,
            Self::BusLockDetection => &mut facts.bus_lock_detection,
            Self::CetShadowStacks => &mut facts.cet_shadow_stacks,
            Self::CetBranchTracking => &mut facts.cet_branch_tracking,
            Self::Lam => &mut facts.lam,
        }
    }
}

/// An MSR whose bits CPUID describes: which of them may be 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Mask {
    PerfGlobalCtrl,
    RtitCtl,
    LbrCtl,
    SpecCtrl,
}

impl Mask {
    /// All of them.
    pub const ALL: [Mask; 4] = [Self::PerfGlobalCtrl, Self::RtitCtl, Self::LbrCtl, Self::SpecCtrl];

    /// The name of its entry in a profile.
    pub fn key(self) -> &'static str {
        match self {
            Self::PerfGlobalCtrl => "perf_global_ctrl",
            Self::RtitCtl => "rtit_ctl",
            Self::LbrCtl => "lbr_ctl",
            Self::SpecCtrl => "spec_ctrl",
        }
    }

    /// The fact's place.
    pub fn of(self, facts: &mut CpuFacts) -> &mut Option<u64> {
        match self {
            Self::PerfGlobalCtrl => &mut facts.perf_global_ctrl,
            Self::RtitCtl => &mut facts.rtit_ctl,
            Self::LbrCtl => &mut facts.lbr_ctl,
            Self::SpecCtrl => &mut facts.spec_ctrl,
        }
    }
}

/// The manual's name of a capability MSR ("VMX Capability Reporting Facility", Appendix A).
pub fn msr_name(address: u32) -> &'static str {
    MSR_NAMES.get(address.wrapping_sub(msr::BASIC) as usize).copied().unwrap_or("not a capability MSR")
}

/// The names from 480h on.
pub const MSR_NAMES: [&str; 20] = [
    "IA32_VMX_BASIC",
    "IA32_VMX_PINBASED_CTLS",
    "IA32_VMX_PROCBASED_CTLS",
    "IA32_VMX_EXIT_CTLS",
    "IA32_VMX_ENTRY_CTLS",
    "IA32_VMX_MISC",
    "IA32_VMX_CR0_FIXED0",
    "IA32_VMX_CR0_FIXED1",
    "IA32_VMX_CR4_FIXED0",
    "IA32_VMX_CR4_FIXED1",
    "IA32_VMX_VMCS_ENUM",
    "IA32_VMX_PROCBASED_CTLS2",
    "IA32_VMX_EPT_VPID_CAP",
    "IA32_VMX_TRUE_PINBASED_CTLS",
    "IA32_VMX_TRUE_PROCBASED_CTLS",
    "IA32_VMX_TRUE_EXIT_CTLS",
    "IA32_VMX_TRUE_ENTRY_CTLS",
    "IA32_VMX_VMFUNC",
    "IA32_VMX_PROCBASED_CTLS3",
    "IA32_VMX_EXIT_CTLS2",
];

/// A processor, as far as it is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Processor {
    /// A model's name, or where the profile came from.
    pub name: Option<String>,
    /// What is known.
    pub capabilities: Capabilities,
    facts: Facts,
}

/// Which facts of CPUID a profile told.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Facts {
    physical_width: bool,
    linear_width: bool,
    features: bool,
}

/// A fact of CPUID, or of the VMM.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fact {
    /// The width of physical addresses in bits.
    PhysicalWidth(u8),
    /// The width of linear addresses in bits.
    LinearWidth(u8),
    /// Whether there is a feature. A profile that tells one tells all: those that it does not name are absent.
    Feature(Feature, bool),
    /// Which bits of an MSR may be 1.
    Mask(Mask, u64),
    /// Whether the processor is in IA-32e mode at the entry.
    Ia32eMode(bool),
}

impl Processor {
    /// Nothing is known.
    pub fn unknown() -> Self {
        Self { name: None, capabilities: Capabilities::none(), facts: Facts::default() }
    }

    /// A model of ours, of which all is known.
    pub fn model(profile: &Profile) -> Self {
        let facts = Facts { physical_width: true, linear_width: true, features: true };
        Self { name: Some(profile.name.to_owned()), capabilities: profile.capabilities, facts }
    }

    /// Records an MSR's value; `false` where the address is none of 480h–493h.
    pub fn set_msr(&mut self, address: u32, value: u64) -> bool {
        let is_ours = (msr::BASIC..=msr::EXIT_CTLS2).contains(&address);
        if is_ours {
            self.capabilities.set(address, value);
        }
        is_ours
    }

    /// Records what CPUID or the VMM says. CPUID counts as known once both widths and the features are.
    pub fn set_fact(&mut self, fact: Fact) {
        let cpu = &mut self.capabilities.cpu;
        match fact {
            Fact::PhysicalWidth(bits) => {
                cpu.physical_address_bits = bits;
                self.facts.physical_width = true;
            }
            Fact::LinearWidth(bits) => {
                cpu.linear_address_bits = bits;
                self.facts.linear_width = true;
            }
            Fact::Feature(feature, has) => {
                *feature.of(cpu) = has;
                self.facts.features = true;
            }
            Fact::Mask(mask, bits) => *mask.of(cpu) = Some(bits),
            Fact::Ia32eMode(is_on) => cpu.in_ia32e_mode = is_on,
        }
        cpu.known = self.facts.physical_width && self.facts.linear_width && self.facts.features;
    }

    /// Records all that CPUID says.
    pub fn set_cpuid(&mut self, facts: CpuFacts) {
        self.capabilities.cpu = facts;
        self.facts = Facts { physical_width: true, linear_width: true, features: true };
    }

    /// Whether anything at all is known.
    pub fn is_known(&self) -> bool {
        self.facts != Facts::default() || self.capabilities.entries().next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_outside_the_range_are_refused() {
        let mut processor = Processor::unknown();
        assert!(!processor.set_msr(0x47F, 0) && !processor.set_msr(0x494, 0));
        assert!(!processor.is_known());
        assert!(processor.set_msr(0x493, 0) && processor.is_known());
    }

    #[test]
    fn cpuid_is_known_once_it_is_whole() {
        let mut processor = Processor::unknown();
        processor.set_fact(Fact::PhysicalWidth(39));
        processor.set_fact(Fact::LinearWidth(48));
        assert!(!processor.capabilities.cpu.known);
        processor.set_fact(Fact::Feature(Feature::Smx, true));
        assert!(processor.capabilities.cpu.known && !processor.capabilities.cpu.sgx);
    }
}
