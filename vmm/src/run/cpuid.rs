//! CPUID as a guest PC sees it: the machine's own, less what a real-mode VM cannot have.

use core::arch::x86_64::CpuidResult;

use wire::MEASURES_LEAF;

/// CPUID.1:ECX: MONITOR, VMX, SMX, PCID, x2APIC, TSC deadline, XSAVE, OSXSAVE, AVX, FMA, F16C.
const LEAF_1_ECX_HIDDEN: u32 =
    1 << 3 | 1 << 5 | 1 << 6 | 1 << 17 | 1 << 21 | 1 << 24 | 1 << 26 | 1 << 27 | 1 << 28 | 1 << 12 | 1 << 29;

/// CPUID.1:EDX: APIC, machine check, MTRRs, machine-check architecture.
const LEAF_1_EDX_HIDDEN: u32 = 1 << 9 | 1 << 7 | 1 << 12 | 1 << 14;

/// CPUID.80000001h:EDX: SYSCALL, no-execute pages, 1-GiB pages, RDTSCP, long mode.
const LEAF_EXTENDED_1_EDX_HIDDEN: u32 = 1 << 11 | 1 << 20 | 1 << 26 | 1 << 27 | 1 << 29;

/// What the guest reads with EAX = `leaf` and ECX = `subleaf`.
#[inline(never)]
pub fn answer(leaf: u32, subleaf: u32) -> CpuidResult {
    let machine = rt::cpu::cpuid(leaf, subleaf);
    match leaf {
        1 => CpuidResult {
            ecx: machine.ecx & !LEAF_1_ECX_HIDDEN,
            edx: machine.edx & !LEAF_1_EDX_HIDDEN,
            ..machine
        },
        // Monitor line, structured extended features, extended state, trace and enclave leaves.
        5 | 7 | 0xD | 0xF..=0x1F => CpuidResult { eax: 0, ebx: 0, ecx: 0, edx: 0 },
        0x8000_0001 => CpuidResult { edx: machine.edx & !LEAF_EXTENDED_1_EDX_HIDDEN, ..machine },
        _ => machine,
    }
}

/// The leaf behind [`MEASURES_LEAF`].
pub const NEXT_MEASURES_LEAF: u32 = MEASURES_LEAF + 1;

/// What a guest that is measured reads; see [`MEASURES_LEAF`].
#[cold]
pub fn measures(leaf: u32, exits: u64, slept: u64) -> CpuidResult {
    if leaf == NEXT_MEASURES_LEAF {
        return CpuidResult { eax: exits as u32, ebx: 0, ecx: 0, edx: 0 };
    }
    let (reads, writes) = vtx::counters::accesses();
    CpuidResult { eax: reads, ebx: writes, ecx: rt::cpu::msr::accesses(), edx: slept as u32 }
}
