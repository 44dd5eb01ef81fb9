//! The CPUID facts that the rules of VM entry need.

/// What CPUID says about addresses and features.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CpuFacts {
    /// Whether anything is known. Where not ([`CpuFacts::UNKNOWN`]), what stands in the other fields means nothing,
    /// and a rule that needs a fact cannot be decided.
    pub known: bool,
    /// Width of a physical address, 32–52 bits (CPUID.80000008H:EAX bits 7:0).
    pub physical_address_bits: u8,
    /// Width of a linear address, 48 or 57 bits (CPUID.80000008H:EAX bits 15:8).
    pub linear_address_bits: u8,
    /// Safer mode extensions (CPUID.01H:ECX bit 6).
    pub smx: bool,
    /// Software guard extensions (CPUID.07H.0:EBX bit 2).
    pub sgx: bool,
    /// Restricted transactional memory (CPUID.07H.0:EBX bit 11).
    pub rtm: bool,
    /// Debug exceptions for bus locks (CPUID.07H.0:ECX bit 24).
    pub bus_lock_detection: bool,
    /// CET shadow stacks (CPUID.07H.0:ECX bit 7).
    pub cet_shadow_stacks: bool,
    /// CET indirect-branch tracking (CPUID.07H.0:EDX bit 20).
    pub cet_branch_tracking: bool,
    /// Linear-address masking: bits 62:61 of CR3 are defined (CPUID.07H.1:EAX bit 26).
    pub lam: bool,
    /// The processor is in IA-32e mode at the VM entry, as under every 64-bit VMM. CPUID does not tell.
    pub in_ia32e_mode: bool,
    /// The bits of IA32_PERF_GLOBAL_CTRL that may be 1 (CPUID.0AH), if known.
    pub perf_global_ctrl: Option<u64>,
    /// The bits of IA32_RTIT_CTL that may be 1 (CPUID.14H), if known.
    pub rtit_ctl: Option<u64>,
    /// The bits of IA32_LBR_CTL that may be 1 (CPUID.1CH), if known.
    pub lbr_ctl: Option<u64>,
    /// The bits of IA32_SPEC_CTRL that may be 1 (CPUID.07H), if known.
    pub spec_ctrl: Option<u64>,
}

impl CpuFacts {
    /// The least that a 64-bit processor with VT-x has: what the manual assumes where CPUID has no leaf 80000008h.
    pub const LEAST: CpuFacts = CpuFacts {
        known: true,
        physical_address_bits: 36,
        linear_address_bits: 48,
        smx: false,
        sgx: false,
        rtm: false,
        bus_lock_detection: false,
        cet_shadow_stacks: false,
        cet_branch_tracking: false,
        lam: false,
        in_ia32e_mode: true,
        perf_global_ctrl: None,
        rtit_ctl: None,
        lbr_ctl: None,
        spec_ctrl: None,
    };

    /// Nothing is known: what a dump from somewhere says about its processor.
    pub const UNKNOWN: CpuFacts = CpuFacts { known: false, ..CpuFacts::LEAST };

    /// Asks CPUID through `cpuid(leaf, subleaf)`, which returns EAX, EBX, ECX, EDX.
    pub fn read(mut cpuid: impl FnMut(u32, u32) -> [u32; 4]) -> Self {
        let mut facts = CpuFacts::LEAST;
        let last_basic = cpuid(0, 0)[0];
        let [_, _, ecx, _] = cpuid(1, 0);
        facts.smx = bit(ecx, 6);
        if last_basic >= 7 {
            let [_, ebx, ecx, edx] = cpuid(7, 0);
            facts.sgx = bit(ebx, 2);
            facts.rtm = bit(ebx, 11);
            facts.bus_lock_detection = bit(ecx, 24);
            facts.cet_shadow_stacks = bit(ecx, 7);
            facts.cet_branch_tracking = bit(edx, 20);
            if cpuid(7, 0)[0] >= 1 {
                facts.lam = bit(cpuid(7, 1)[0], 26);
            }
        }
        if last_basic >= 10 {
            facts.perf_global_ctrl = performance_counters(cpuid(10, 0));
        }
        if cpuid(0x8000_0000, 0)[0] >= 0x8000_0008 {
            let [physical, linear, ..] = cpuid(0x8000_0008, 0)[0].to_le_bytes();
            facts.physical_address_bits = physical;
            facts.linear_address_bits = linear;
        }
        facts
    }

    /// Whether `address` has no bit beyond the physical-address width.
    pub const fn is_physical(&self, address: u64) -> bool {
        address >> self.physical_address_bits == 0
    }

    /// Whether the bits of `address` from the top one of the linear-address width on are all equal.
    pub const fn is_canonical(&self, address: u64) -> bool {
        let unused = 64 - self.linear_address_bits as u32;
        ((address << unused) as i64 >> unused) as u64 == address
    }
}

/// The enable bits of IA32_PERF_GLOBAL_CTRL by CPUID.0AH: one for each general-purpose counter from bit 0 on, one for
/// each fixed-function counter from bit 32 on. `None` for version 1, which does not count the latter.
const fn performance_counters([eax, _, ecx, edx]: [u32; 4]) -> Option<u64> {
    let (version, general, fixed) = (eax & 0xFF, eax >> 8 & 0xFF, edx & 0x1F);
    if version < 2 || general > 32 {
        return None;
    }
    let by_count = (1 << fixed) - 1;
    let by_mask = if version >= 5 { ecx as u64 } else { 0 };
    Some(((1u64 << general) - 1) | (by_count | by_mask) << 32)
}

const fn bit(word: u32, position: u32) -> bool {
    word >> position & 1 == 1
}
