//! The processor's registers as the VMM needs them, read to be compared: what a guest must not change.

use core::arch::asm;

use rt::cpu::{control, table};
use rt::trap;

use super::registers;

/// MSRs that compiled code, the runtime or VMX stand on, where the processor has them (SDM vol. 4, "Architectural
/// MSRs"): APIC base, FEATURE_CONTROL, SYSENTER, MISC_ENABLE, DEBUGCTL, PAT, MTRR type, EFER, SYSCALL, segment bases.
const MSRS: [u32; 18] = [
    0x1B,
    0x3A,
    0x174,
    0x175,
    0x176,
    0x1A0,
    0x1D9,
    0x277,
    0x2FF,
    EFER,
    0xC000_0081,
    0xC000_0082,
    0xC000_0083,
    0xC000_0084,
    0xC000_0100,
    0xC000_0101,
    0xC000_0102,
    0xC000_0103,
];

const EFER: u32 = 0xC000_0080;

/// IA32_KERNEL_GS_BASE, which the VMM itself has no use for.
const PLANTED: u32 = 0xC000_0102;

/// See the module.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HostRegisters {
    control: [u64; 4],
    tables: [(u64, u16); 2],
    selectors: [u16; 7],
    msrs: [Option<u64>; MSRS.len()],
}

impl HostRegisters {
    /// As they are. An MSR that this processor lacks has no value.
    pub fn read() -> Self {
        let (gdt, idt) = (table::sgdt(), table::sidt());
        let known = |msr| trap::try_rdmsr(msr).ok();
        Self {
            control: [control::cr0(), control::cr3(), control::cr4(), debug_control()],
            tables: [(gdt.base, gdt.limit), (idt.base, idt.limit)],
            selectors: selectors(),
            msrs: MSRS.map(known),
        }
    }

    /// As they are, where `before` had a value.
    pub fn read_again(before: &Self) -> Self {
        let (gdt, idt) = (table::sgdt(), table::sidt());
        let mut msrs = before.msrs;
        for (value, msr) in msrs.iter_mut().zip(MSRS).filter(|(value, _)| value.is_some()) {
            // SAFETY: it was read before, so it exists.
            *value = Some(unsafe { rt::cpu::msr::rdmsr(msr) });
        }
        Self {
            control: [control::cr0(), control::cr3(), control::cr4(), debug_control()],
            tables: [(gdt.base, gdt.limit), (idt.base, idt.limit)],
            selectors: selectors(),
            msrs,
        }
    }

    /// What differs, for people.
    pub fn difference(&self, after: &Self) -> &'static str {
        if self.control != after.control {
            "a control register or DR7"
        } else if self.tables != after.tables {
            "GDTR or IDTR"
        } else if self.selectors != after.selectors {
            "a segment register or TR"
        } else {
            "an MSR"
        }
    }
}

/// Makes DR0 to DR3, DR6 and CR2, which no VMCS holds, as a reset leaves them.
pub fn forget_guest() {
    /// DR6 after a reset.
    const NO_CAUSE: u64 = 0xFFFF_0FF0;
    registers::set_breakpoints([0; 4]);
    registers::set_debug_status(NO_CAUSE);
    registers::set_cr2(0);
}

/// Changes an MSR, as no exit may.
pub fn break_msr() {
    // SAFETY: the VMM runs at CPL 0 alone and never executes SWAPGS.
    unsafe { rt::cpu::msr::wrmsr(PLANTED, 0x1000) };
}

/// DR7.
fn debug_control() -> u64 {
    let value;
    // SAFETY: reading a debug register changes nothing.
    unsafe { asm!("mov {}, dr7", out(reg) value, options(nomem, nostack, preserves_flags)) };
    value
}

/// CS, SS, DS, ES, FS, GS, TR.
fn selectors() -> [u16; 7] {
    let (cs, ss, ds, es, fs, gs, tr): (u16, u16, u16, u16, u16, u16, u16);
    // SAFETY: reading selectors changes nothing.
    unsafe {
        asm!("mov {0:x}, cs", "mov {1:x}, ss", "mov {2:x}, ds", "mov {3:x}, es", "mov {4:x}, fs", "mov {5:x}, gs",
            "str {6:x}", out(reg) cs, out(reg) ss, out(reg) ds, out(reg) es, out(reg) fs, out(reg) gs, out(reg) tr,
            options(nomem, nostack, preserves_flags));
    }
    [cs, ss, ds, es, fs, gs, tr]
}
