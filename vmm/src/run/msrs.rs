//! The model-specific registers and counters of a guest PC in virtual-8086 mode: the time-stamp counter, which it may
//! read anyway, and what CPUID promises. A program that asks for another gets #GP, as on a processor that lacks it.

use rt::cpu::rdtsc;
use v8086::ModelSpecificRegisters;

/// IA32_TIME_STAMP_COUNTER (SDM vol. 4, "Architectural MSRs").
const TIME_STAMP_COUNTER: u32 = 0x10;

/// IA32_SYSENTER_CS; ESP and EIP follow.
const SYSENTER: u32 = 0x174;

/// Performance counters. They stand still.
pub const COUNTERS: u32 = 2;

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct GuestMsrs {
    /// What SYSENTER loads, which real mode can prepare but not use.
    sysenter: [u32; 3],
}

impl GuestMsrs {
    fn sysenter(&mut self, index: u32) -> Option<&mut u32> {
        self.sysenter.get_mut(index.wrapping_sub(SYSENTER) as usize)
    }
}

impl ModelSpecificRegisters for GuestMsrs {
    fn read(&mut self, index: u32) -> Option<u64> {
        match index {
            TIME_STAMP_COUNTER => Some(rdtsc()),
            _ => self.sysenter(index).map(|value| u64::from(*value)),
        }
    }

    fn write(&mut self, index: u32, value: u64) -> Option<()> {
        self.sysenter(index).map(|register| *register = value as u32)
    }

    fn performance_counter(&mut self, index: u32) -> Option<u64> {
        (index < COUNTERS).then_some(0)
    }
}
