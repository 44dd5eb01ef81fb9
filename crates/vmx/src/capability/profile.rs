//! Capability dumps of known processors.
//!
//! The six models with VT-x among those that Bochs 2.7 offers and this project uses. A boot sector that ran RDMSR on
//! every address from 480h to 493h, and CPUID, printed what stands here; an address not listed raised #GP.

use super::{Capabilities, CpuFacts, msr::*};

/// A processor model with a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Profile {
    /// The short name, such as `core2`.
    pub name: &'static str,
    /// What it can do.
    pub capabilities: Capabilities,
}

impl Profile {
    /// All profiles, oldest model first.
    pub const ALL: [Profile; 6] = [
        Profile::CORE2,
        Profile::LYNNFIELD,
        Profile::ARRANDALE,
        Profile::HASWELL,
        Profile::SKYLAKE,
        Profile::TIGERLAKE,
    ];

    /// The profile of this name; letters count in either case.
    pub fn from_name(name: &str) -> Option<&'static Profile> {
        const { &Profile::ALL }.iter().find(|profile| profile.name.eq_ignore_ascii_case(name))
    }

    const fn new(name: &'static str, cpu: CpuFacts, msrs: &[(u32, u64)]) -> Self {
        let mut capabilities = Capabilities::none();
        capabilities.cpu = cpu;
        let mut at = 0;
        while at < msrs.len() {
            capabilities.set(msrs[at].0, msrs[at].1);
            at += 1;
        }
        Profile { name, capabilities }
    }
}

/// What CPUID says on all models, SMX and what the newest has apart.
const WITHOUT_SMX: CpuFacts = CpuFacts { physical_address_bits: 40, ..CpuFacts::LEAST };
const WITH_SMX: CpuFacts = CpuFacts { smx: true, ..WITHOUT_SMX };
const WITH_CET: CpuFacts = CpuFacts {
    cet_shadow_stacks: true,
    cet_branch_tracking: true,
    perf_global_ctrl: Some(0xF_0000_00FF),
    ..WITHOUT_SMX
};

#[rustfmt::skip]
impl Profile {
    /// Core 2 (Penryn T9600): no EPT, no VPID.
    pub const CORE2: Profile = Profile::new("core2", WITH_SMX, &[
        (BASIC,               0x00D81000_0000002B),
        (PINBASED_CTLS,       0x0000003F_00000016),
        (PROCBASED_CTLS,      0xF7F9FFFE_0401E172),
        (EXIT_CTLS,           0x0003FFFF_00036DFF),
        (ENTRY_CTLS,          0x00003FFF_000011FF),
        (MISC,                0x00000000_000401E0),
        (CR0_FIXED0,          0x00000000_80000021),
        (CR0_FIXED1,          0x00000000_FFFFFFFF),
        (CR4_FIXED0,          0x00000000_00002000),
        (CR4_FIXED1,          0x00000000_000467FF),
        (VMCS_ENUM,           0x00000000_00000034),
        (PROCBASED_CTLS2,     0x00000041_00000000),
        (TRUE_PINBASED_CTLS,  0x0000003F_00000016),
        (TRUE_PROCBASED_CTLS, 0xF7F9FFFE_04006172),
        (TRUE_EXIT_CTLS,      0x0003FFFF_00036DFB),
        (TRUE_ENTRY_CTLS,     0x00003FFF_000011FB),
    ]);

    /// Core i5 750 (Lynnfield): EPT and VPID.
    pub const LYNNFIELD: Profile = Profile::new("lynnfield", WITH_SMX, &[
        (BASIC,               0x00D81000_0000002B),
        (PINBASED_CTLS,       0x0000007F_00000016),
        (PROCBASED_CTLS,      0xF7F9FFFE_0401E172),
        (EXIT_CTLS,           0x007FFFFF_00036DFF),
        (ENTRY_CTLS,          0x0000FFFF_000011FF),
        (MISC,                0x00000000_000401E0),
        (CR0_FIXED0,          0x00000000_80000021),
        (CR0_FIXED1,          0x00000000_FFFFFFFF),
        (CR4_FIXED0,          0x00000000_00002000),
        (CR4_FIXED1,          0x00000000_000067FF),
        (VMCS_ENUM,           0x00000000_00000034),
        (PROCBASED_CTLS2,     0x0000007F_00000000),
        (EPT_VPID_CAP,        0x00000F01_06114141),
        (TRUE_PINBASED_CTLS,  0x0000007F_00000016),
        (TRUE_PROCBASED_CTLS, 0xF7F9FFFE_04006172),
        (TRUE_EXIT_CTLS,      0x007FFFFF_00036DFB),
        (TRUE_ENTRY_CTLS,     0x0000FFFF_000011FB),
    ]);

    /// Core i5 M520 (Arrandale): unrestricted guests.
    pub const ARRANDALE: Profile = Profile::new("arrandale", WITH_SMX, &[
        (BASIC,               0x00D81000_0000002B),
        (PINBASED_CTLS,       0x0000007F_00000016),
        (PROCBASED_CTLS,      0xF7F9FFFE_0401E172),
        (EXIT_CTLS,           0x007FFFFF_00036DFF),
        (ENTRY_CTLS,          0x0000FFFF_000011FF),
        (MISC,                0x00000000_000401E0),
        (CR0_FIXED0,          0x00000000_80000021),
        (CR0_FIXED1,          0x00000000_FFFFFFFF),
        (CR4_FIXED0,          0x00000000_00002000),
        (CR4_FIXED1,          0x00000000_000067FF),
        (VMCS_ENUM,           0x00000000_00000034),
        (PROCBASED_CTLS2,     0x000000FF_00000000),
        (EPT_VPID_CAP,        0x00000F01_06114141),
        (TRUE_PINBASED_CTLS,  0x0000007F_00000016),
        (TRUE_PROCBASED_CTLS, 0xF7F9FFFE_04006172),
        (TRUE_EXIT_CTLS,      0x007FFFFF_00036DFB),
        (TRUE_ENTRY_CTLS,     0x0000FFFF_000011FB),
    ]);

    /// Core i7 4770 (Haswell): VM functions, VMCS shadowing, #VE.
    pub const HASWELL: Profile = Profile::new("haswell", WITHOUT_SMX, &[
        (BASIC,               0x00D81000_0000002B),
        (PINBASED_CTLS,       0x0000007F_00000016),
        (PROCBASED_CTLS,      0xF7F9FFFE_0401E172),
        (EXIT_CTLS,           0x007FFFFF_00036DFF),
        (ENTRY_CTLS,          0x0000FFFF_000011FF),
        (MISC,                0x00000000_200401E0),
        (CR0_FIXED0,          0x00000000_80000021),
        (CR0_FIXED1,          0x00000000_FFFFFFFF),
        (CR4_FIXED0,          0x00000000_00002000),
        (CR4_FIXED1,          0x00000000_001727FF),
        (VMCS_ENUM,           0x00000000_00000034),
        (PROCBASED_CTLS2,     0x00047FFF_00000000),
        (EPT_VPID_CAP,        0x00000F01_06334141),
        (TRUE_PINBASED_CTLS,  0x0000007F_00000016),
        (TRUE_PROCBASED_CTLS, 0xF7F9FFFE_04006172),
        (TRUE_EXIT_CTLS,      0x007FFFFF_00036DFB),
        (TRUE_ENTRY_CTLS,     0x0000FFFF_000011FB),
        (VMFUNC,              0x00000000_00000001),
    ]);

    /// Core i7 (Skylake-X): PML, XSAVES, TSC scaling.
    pub const SKYLAKE: Profile = Profile::new("skylake", WITHOUT_SMX, &[
        (BASIC,               0x00D81000_0000002B),
        (PINBASED_CTLS,       0x0000007F_00000016),
        (PROCBASED_CTLS,      0xF7F9FFFE_0401E172),
        (EXIT_CTLS,           0x007FFFFF_00036DFF),
        (ENTRY_CTLS,          0x0000FFFF_000011FF),
        (MISC,                0x00000000_600401E0),
        (CR0_FIXED0,          0x00000000_80000021),
        (CR0_FIXED1,          0x00000000_FFFFFFFF),
        (CR4_FIXED0,          0x00000000_00002000),
        (CR4_FIXED1,          0x00000000_003727FF),
        (VMCS_ENUM,           0x00000000_00000034),
        (PROCBASED_CTLS2,     0x02177FFF_00000000),
        (EPT_VPID_CAP,        0x00000F01_06334141),
        (TRUE_PINBASED_CTLS,  0x0000007F_00000016),
        (TRUE_PROCBASED_CTLS, 0xF7F9FFFE_04006172),
        (TRUE_EXIT_CTLS,      0x007FFFFF_00036DFB),
        (TRUE_ENTRY_CTLS,     0x0000FFFF_000011FB),
        (VMFUNC,              0x00000000_00000001),
    ]);

    /// Core i7 1185G7 (Tiger Lake): CET, sub-page write permissions, the monitor trap flag.
    pub const TIGERLAKE: Profile = Profile::new("tigerlake", WITH_CET, &[
        (BASIC,               0x01D81000_00000004),
        (PINBASED_CTLS,       0x0000007F_00000016),
        (PROCBASED_CTLS,      0xFFF9FFFE_0401E172),
        (EXIT_CTLS,           0x107FFFFF_00036DFF),
        (ENTRY_CTLS,          0x0010FFFF_000011FF),
        (MISC,                0x00000000_600401E0),
        (CR0_FIXED0,          0x00000000_80000021),
        (CR0_FIXED1,          0x00000000_FFFFFFFF),
        (CR4_FIXED0,          0x00000000_00002000),
        (CR4_FIXED1,          0x00000000_00F72FFF),
        (VMCS_ENUM,           0x00000000_00000034),
        (PROCBASED_CTLS2,     0x02977FFF_00000000),
        (EPT_VPID_CAP,        0x00000F01_06B34141),
        (TRUE_PINBASED_CTLS,  0x0000007F_00000016),
        (TRUE_PROCBASED_CTLS, 0xFFF9FFFE_04006172),
        (TRUE_EXIT_CTLS,      0x107FFFFF_00036DFB),
        (TRUE_ENTRY_CTLS,     0x0010FFFF_000011FB),
        (VMFUNC,              0x00000000_00000001),
    ]);
}
