//! The model-specific registers of a guest PC: the time-stamp counter, which it may read anyway. A 16-bit program
//! that asks for another gets #GP, as on a processor that lacks it.

use rt::cpu::rdtsc;
use v8086::ModelSpecificRegisters;

/// IA32_TIME_STAMP_COUNTER (SDM vol. 4, "Architectural MSRs").
const TIME_STAMP_COUNTER: u32 = 0x10;

/// See the module.
pub struct GuestMsrs;

impl ModelSpecificRegisters for GuestMsrs {
    fn read(&mut self, index: u32) -> Option<u64> {
        (index == TIME_STAMP_COUNTER).then(rdtsc)
    }

    fn write(&mut self, _index: u32, _value: u64) -> Option<()> {
        None
    }

    fn performance_counter(&mut self, _index: u32) -> Option<u64> {
        None
    }
}
