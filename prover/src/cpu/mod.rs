//! What only instructions and fixed addresses can do: the arena, VMXON, and the entry with its way back.
//!
//! All `unsafe` of the harness is in this folder. The arena lies in RAM beyond everything that the loader brought, is
//! mapped one to one, and nobody else knows of it.

mod arena;
mod launch;

pub use arena::{fill_arena, refill_guest, write_entries};
pub use launch::{Launch, launch};

use rt::cpu::{control, cpuid, msr};
use vmx::Capabilities;
use vmx::capability::CpuFacts;
use vmx::control_register::{cr0, cr4};
use vmx::mutate::arena::{VMCS, VMXON};

/// IA32_FEATURE_CONTROL (SDM vol. 4, "Architectural MSRs").
const FEATURE_CONTROL: u32 = 0x3A;
/// Locked, and VMX outside SMX enabled.
const LOCKED_AND_ENABLED: u64 = 1 << 2 | 1 << 0;

/// Makes the processor ready for VMXON; returns what it can do.
pub fn prepare() -> Capabilities {
    assert!(cpuid(1, 0).ecx & 1 << 5 != 0, "no VT-x: CPUID.1:ECX[5] is 0");
    // SAFETY: the MSR exists where CPUID reports VMX.
    let feature_control = unsafe { msr::rdmsr(FEATURE_CONTROL) };
    if feature_control & 1 == 0 {
        // SAFETY: it is not locked, and both bits are defined wherever VMX is.
        unsafe { msr::wrmsr(FEATURE_CONTROL, feature_control | LOCKED_AND_ENABLED) };
    } else {
        assert!(feature_control & LOCKED_AND_ENABLED == LOCKED_AND_ENABLED, "the firmware locked VT-x off");
    }
    // SAFETY: NE chooses how x87 errors are reported, VMXE allows VMXON; neither concerns compiled code.
    unsafe {
        control::set_cr0(control::cr0() | cr0::NE);
        control::set_cr4(control::cr4() | cr4::VMXE);
    }
    // SAFETY: `read` asks for MSR 480h, which exists with VMX, and else only for those that it reports.
    let mut capabilities = Capabilities::read(|number| unsafe { msr::rdmsr(number) });
    capabilities.cpu = CpuFacts::read(|leaf, subleaf| {
        let answer = cpuid(leaf, subleaf);
        [answer.eax, answer.ebx, answer.ecx, answer.edx]
    });
    launch::note_host();
    capabilities
}

/// VMXON, and a VMCS that is current and clear.
pub fn enter_vmx(revision: u32) {
    arena::write(VMXON, u64::from(revision));
    // SAFETY: the region is a page of the arena that nothing else uses.
    let entered = unsafe { vtx::vmxon(VMXON) };
    match entered {
        Ok(Ok(())) => new_vmcs(revision),
        Ok(Err(failure)) => panic!("VMXON: {failure}"),
        Err(exception) => panic!("VMXON: {exception}"),
    }
}

/// A VMCS that is current and clear, with nothing known of what its fields hold.
pub fn new_vmcs(revision: u32) {
    // SAFETY: in VMX operation since `enter_vmx`; the region is a page of the arena that nothing else uses.
    let cleared = unsafe { vtx::vmclear(VMCS) };
    cleared.expect("VMCLEAR of a region of ours");
    arena::write(VMCS, u64::from(revision));
    make_clear();
}

/// Makes the VMCS clear again, with all that it holds.
pub fn make_clear() {
    // SAFETY: as in `new_vmcs`.
    let made = unsafe { vtx::vmclear(VMCS).and_then(|()| vtx::vmptrld(VMCS)) };
    made.expect("VMCLEAR and VMPTRLD of a region of ours");
}
