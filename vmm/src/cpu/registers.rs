//! The processor's own registers: those that VMX asks to be prepared, and those that a VM exit must restore.

use core::arch::asm;

use rt::cpu::{control, msr, port};
use vmx::Capabilities;
use vmx::capability::CpuFacts;
use vmx::control_register::{cr0, cr4};

/// IA32_FEATURE_CONTROL (SDM vol. 4, "Architectural MSRs").
pub mod feature_control {
    /// Its number.
    pub const MSR: u32 = 0x3A;
    /// No further write until power-off.
    pub const LOCK: u64 = 1 << 0;
    /// VMXON is allowed outside SMX operation.
    pub const VMX_OUTSIDE_SMX: u64 = 1 << 2;
}

/// A processor that has VMX, as CPUID said: the proof that its MSRs exist.
pub struct HasVmx(());

/// CPUID.1:ECX.VMX
const CPUID_1_ECX_VMX: u32 = 1 << 5;

impl HasVmx {
    /// Asks CPUID.
    pub fn detect() -> Option<Self> {
        (rt::cpu::cpuid(1, 0).ecx & CPUID_1_ECX_VMX != 0).then_some(Self(()))
    }

    /// IA32_FEATURE_CONTROL.
    pub fn feature_control(&self) -> u64 {
        // SAFETY: the MSR exists where CPUID reports VMX.
        unsafe { msr::rdmsr(feature_control::MSR) }
    }

    /// Enables VMX outside SMX, and locks. Returns the value afterwards.
    ///
    /// # Panics
    /// If it is locked: the write would be #GP.
    pub fn enable_and_lock(&self) -> u64 {
        let before = self.feature_control();
        assert!(before & feature_control::LOCK == 0, "IA32_FEATURE_CONTROL is locked");
        let wanted = before | feature_control::LOCK | feature_control::VMX_OUTSIDE_SMX;
        // SAFETY: the MSR exists and is not locked; both bits are defined wherever VMX is.
        unsafe { msr::wrmsr(feature_control::MSR, wanted) };
        self.feature_control()
    }

    /// The capability MSRs, and what CPUID says beside them.
    pub fn capabilities(&self) -> Capabilities {
        // SAFETY: `read` asks for MSR 480h, which exists with VMX, and else only for those that it reports.
        let mut capabilities = Capabilities::read(|number| unsafe { msr::rdmsr(number) });
        capabilities.cpu = CpuFacts::read(|leaf, subleaf| {
            let answer = rt::cpu::cpuid(leaf, subleaf);
            [answer.eax, answer.ebx, answer.ecx, answer.edx]
        });
        capabilities
    }
}

/// Sets CR4.VMXE.
pub fn set_vmxe() {
    // SAFETY: the bit exists where CPUID reports VMX, and does nothing but allow VMXON.
    unsafe { control::set_cr4(control::cr4() | cr4::VMXE) };
}

/// Sets or clears CR0.NE.
pub fn set_numeric_error(on: bool) {
    let value = control::cr0() & !cr0::NE | if on { cr0::NE } else { 0 };
    // SAFETY: the bit only chooses how x87 errors are reported, and the VMM does no x87 arithmetic.
    unsafe { control::set_cr0(value) };
}

/// IA32_EFER.
pub fn extended_feature_enable() -> u64 {
    /// Its number (SDM vol. 4, "Architectural MSRs").
    const MSR: u32 = 0xC000_0080;
    // SAFETY: the VMM runs in 64-bit mode, which this MSR turned on.
    unsafe { msr::rdmsr(MSR) }
}

/// Loads CR2, which belongs to the guest: the VMM has no page faults that it survives.
pub fn set_cr2(linear: u64) {
    // SAFETY: CR2 is read by page-fault handlers only.
    unsafe { asm!("mov cr2, {}", in(reg) linear, options(nomem, nostack, preserves_flags)) };
}

/// Loads DR0 to DR3. They are not part of a VMCS, and idle while the VMM runs: a VM exit sets DR7 to 400h.
pub fn set_breakpoints(addresses: [u32; 4]) {
    let [dr0, dr1, dr2, dr3] = addresses.map(u64::from);
    // SAFETY: with DR7 = 400h no breakpoint is enabled in the VMM.
    unsafe {
        asm!("mov dr0, {}", "mov dr1, {}", "mov dr2, {}", "mov dr3, {}", in(reg) dr0, in(reg) dr1, in(reg) dr2,
            in(reg) dr3, options(nomem, nostack, preserves_flags));
    }
}

/// Notes the causes of a #DB in DR6, which the VMM leaves to the guest.
pub fn note_debug_exception(causes: u64) {
    /// Bits 3:0, which say which breakpoints matched, are the last exception's; the others add up.
    const BREAKPOINTS: u64 = 0xF;
    // SAFETY: DR6 is a status register; the VMM sets no breakpoints.
    unsafe {
        let dr6: u64;
        asm!("mov {}, dr6", out(reg) dr6, options(nomem, nostack, preserves_flags));
        asm!("mov dr6, {}", in(reg) dr6 & !BREAKPOINTS | causes, options(nomem, nostack, preserves_flags));
    }
}

/// Loads DR6, which belongs to the guest: the VMM sets no breakpoints.
#[cfg(feature = "fuzz")]
pub fn set_debug_status(value: u64) {
    // SAFETY: DR6 is read by debug handlers only; bits 63:32 are zero, as they must be.
    unsafe { asm!("mov dr6, {}", in(reg) value & 0xFFFF_FFFF, options(nomem, nostack, preserves_flags)) };
}

/// Port 92h, system control port A: bit 1 is A20.
pub fn system_control_port() -> u8 {
    // SAFETY: reading it has no effect.
    unsafe { port::in8(0x92) }
}
