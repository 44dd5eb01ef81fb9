//! Interrupts and exceptions as real mode delivers them.
//!
//! On entry an event is due and the VMM, not the hardware, has to deliver it. This module is responsible for the
//! frame on the guest's stack, the way through the guest's interrupt table, and what happens when either fails.

use crate::outcome::Fault;
use crate::{Cpu, Flags, GuestMemory, SegmentRegister, Shutdown, TableRegister, vector};

/// What an event becomes when its delivery faults (SDM vol. 3, "Interrupt 8—Double Fault Exception").
#[derive(Clone, Copy)]
enum Class {
    /// The fault takes its place.
    Benign,
    /// #DF takes its place.
    Contributory,
    /// The processor shuts down.
    DoubleFault,
}

/// Delivers a hardware interrupt or a software interrupt (INT n): FLAGS, CS and `return_ip` pushed, IF, TF, AC and
/// RF cleared, CS:IP from entry `vector` of the table at `idtr`.
///
/// A fault on the way is delivered instead, with the IP that `cpu` still has as its saved IP: leave it at the
/// instruction until this call. A stack pointer of 1, 3 or 5 leaves no room for any frame: shutdown.
pub fn deliver<C: Cpu, M: GuestMemory>(
    cpu: &mut C,
    memory: &mut M,
    idtr: TableRegister,
    vector: u8,
    return_ip: u16,
) -> Result<(), Shutdown> {
    raise(cpu, memory, idtr, vector, return_ip, Class::Benign)
}

/// Delivers an exception, without error code as real mode does: as [`deliver`], but a fault on the way makes it a
/// double fault where the manual says so.
///
/// `return_ip` is the instruction's own IP for a fault, the next one's for a trap (#BP, #OF, INT1, single step).
pub fn deliver_exception<C: Cpu, M: GuestMemory>(
    cpu: &mut C,
    memory: &mut M,
    idtr: TableRegister,
    vector: u8,
    return_ip: u16,
) -> Result<(), Shutdown> {
    let class = match vector {
        vector::DIVIDE_ERROR | 10..=13 => Class::Contributory,
        vector::DOUBLE_FAULT => Class::DoubleFault,
        _ => Class::Benign,
    };
    raise(cpu, memory, idtr, vector, return_ip, class)
}

/// Delivers, and escalates; three levels deep at most.
fn raise<C: Cpu, M: GuestMemory>(
    cpu: &mut C,
    memory: &mut M,
    idtr: TableRegister,
    vector: u8,
    return_ip: u16,
    class: Class,
) -> Result<(), Shutdown> {
    let Err(Fault(fault)) = enter(cpu, memory, idtr, vector, return_ip) else {
        return Ok(());
    };
    let ip = cpu.eip() as u16;
    match class {
        Class::Benign => raise(cpu, memory, idtr, fault, ip, Class::Contributory),
        Class::Contributory => raise(cpu, memory, idtr, vector::DOUBLE_FAULT, ip, Class::DoubleFault),
        Class::DoubleFault => Err(Shutdown),
    }
}

/// Builds one frame and goes to the handler, or changes nothing and says which fault forbids it.
fn enter<C: Cpu, M: GuestMemory>(
    cpu: &mut C,
    memory: &mut M,
    idtr: TableRegister,
    vector: u8,
    return_ip: u16,
) -> Result<(), Fault> {
    let entry = u32::from(vector) * 4;
    if entry + 3 > u32::from(idtr.limit) {
        return Err(Fault(vector::GENERAL_PROTECTION));
    }
    let esp = cpu.esp();
    let sp = esp as u16;
    if matches!(sp, 1 | 3 | 5) {
        // One of the three words would have its second byte beyond offset FFFFh.
        return Err(Fault(vector::STACK_FAULT));
    }
    let eflags = cpu.eflags();
    let stack = u32::from(cpu.segment(SegmentRegister::Ss)) * 16;
    let frame = [return_ip, cpu.segment(SegmentRegister::Cs), eflags as u16];
    let new_sp = sp.wrapping_sub(6);
    for (index, word) in (0..).zip(frame) {
        memory.write_u16(stack + u32::from(new_sp.wrapping_add(2 * index)), word);
    }
    cpu.set_esp(esp & !0xFFFF | u32::from(new_sp));
    // Read after the pushes, which may have hit the table.
    let handler = memory.read_u32(idtr.base.wrapping_add(entry));
    cpu.set_segment(SegmentRegister::Cs, (handler >> 16) as u16);
    cpu.set_eip(handler & 0xFFFF);
    cpu.set_eflags(eflags & !(Flags::IF | Flags::TF | Flags::AC | Flags::RF));
    Ok(())
}
