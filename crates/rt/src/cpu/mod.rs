//! The instructions that Rust has no name for, one to a function. Nothing here decides anything.
//!
//! On entry: 64-bit mode, privilege level 0. Reading a register is safe; what changes the machine is not.

pub mod control;
pub mod interrupt;
pub mod msr;
pub mod port;
pub mod table;

/// The time-stamp counter. Bochs with `sync=none` counts instructions.
#[inline(always)]
pub fn rdtsc() -> u64 {
    // SAFETY: RDTSC exists on every CPU with long mode and has no side effect.
    unsafe { core::arch::x86_64::_rdtsc() }
}

/// CPUID with EAX = `leaf` and ECX = `subleaf`.
#[inline(always)]
pub fn cpuid(leaf: u32, subleaf: u32) -> core::arch::x86_64::CpuidResult {
    core::arch::x86_64::__cpuid_count(leaf, subleaf)
}

/// CPUID of leaf 0: EAX, EBX, ECX and EDX, extended by zeros as the processor does it.
#[inline(always)]
pub fn cpuid_0() -> [u64; 4] {
    let (rax, rbx, rcx, rdx): (u64, u64, u64, u64);
    // SAFETY: CPUID exists on every CPU with long mode and changes these registers alone. RBX, which the compiler keeps for
    // itself, is put back.
    unsafe {
        core::arch::asm!("mov {0}, rbx", "cpuid", "xchg {0}, rbx", out(reg) rbx, inlateout("rax") 0_u64 => rax,
            inlateout("rcx") 0_u64 => rcx, lateout("rdx") rdx, options(nomem, nostack, preserves_flags));
    }
    [rax, rbx, rcx, rdx]
}
