//! The CPUID facts that the rules of VM entry need.

/// What CPUID says about addresses and features.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CpuFacts {
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
    /// The processor is in IA-32e mode at the VM entry, as under every 64-bit VMM. CPUID does not tell.
    pub in_ia32e_mode: bool,
}

impl CpuFacts {
    /// The least that a 64-bit processor with VT-x has: what the manual assumes where CPUID has no leaf 80000008h.
    pub const LEAST: CpuFacts = CpuFacts {
        physical_address_bits: 36,
        linear_address_bits: 48,
        smx: false,
        sgx: false,
        rtm: false,
        bus_lock_detection: false,
        cet_shadow_stacks: false,
        cet_branch_tracking: false,
        in_ia32e_mode: true,
    };

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

const fn bit(word: u32, position: u32) -> bool {
    word >> position & 1 == 1
}
