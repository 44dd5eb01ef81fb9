//! The end of an instruction that the VMM carried out.

use crate::system::Debug;
use crate::{Cpu, Flags, GuestMemory, Shutdown, SystemRegisters, interrupt, vector};

/// Ends an instruction (CPUID, IN, OUT, a BIOS service …) as the processor does: IP goes to `next_eip`, RF is cleared,
/// and a guest that had TF set gets its single-step trap, INT 1 with DR6.BS.
///
/// `next_eip` is 0 to 10000h: an instruction that ends at offset FFFFh leaves 10000h, where the next fetch is #GP.
/// The VMM ends blocking by STI and by MOV SS.
pub fn complete<C: Cpu, M: GuestMemory>(
    cpu: &mut C,
    memory: &mut M,
    system: &mut SystemRegisters,
    next_eip: u32,
) -> Result<(), Shutdown> {
    let eflags = cpu.eflags();
    complete_from(cpu, memory, system, next_eip, eflags)
}

/// As [`complete`], for an instruction that may have changed the flags: they were `eflags_before`, and TF at the
/// start of an instruction is what decides on its trap.
pub(crate) fn complete_from<C: Cpu, M: GuestMemory>(
    cpu: &mut C,
    memory: &mut M,
    system: &mut SystemRegisters,
    next_eip: u32,
    eflags_before: u32,
) -> Result<(), Shutdown> {
    cpu.set_eip(next_eip);
    if eflags_before & Flags::RF != 0 {
        let eflags = cpu.eflags();
        cpu.set_eflags(eflags & !Flags::RF);
    }
    if eflags_before & Flags::TF == 0 { Ok(()) } else { trap(cpu, memory, system) }
}

/// The single-step trap, after an instruction that began with TF set; IP is where the guest goes on.
pub(crate) fn trap<C: Cpu, M: GuestMemory>(
    cpu: &mut C,
    memory: &mut M,
    system: &mut SystemRegisters,
) -> Result<(), Shutdown> {
    system.note_debug_exception(Debug::BS);
    let return_ip = cpu.eip() as u16;
    interrupt::deliver_exception(cpu, memory, system.idtr, vector::DEBUG, return_ip)
}
