//! PUSHF, POPF and IRET of both operand sizes.
//!
//! On entry the operand size is decoded. This module is responsible for the stack's limit and for the flags that
//! each form may change (SDM vol. 2, the instructions' own pages, real-address mode).

use crate::decode::{SEGMENT_LIMIT, Size, linear};
use crate::outcome::Fault;
use crate::{Cpu, Flags, GuestMemory, SegmentRegister, vector};

/// The flags in the low word that software may set; bit 1 reads 1, bits 3, 5 and 15 read 0.
const LOW_WORD: u32 = 0x7FD5;
/// What POPFD changes: the low word, AC and ID. It clears RF.
const BY_POPFD: u32 = LOW_WORD | Flags::AC | Flags::ID;
/// What IRETD changes.
const BY_IRETD: u32 = BY_POPFD | Flags::RF;

impl Size {
    /// 2 or 4.
    pub(crate) const fn bytes(self) -> u32 {
        match self {
            Self::Word => 2,
            Self::Double => 4,
        }
    }
}

/// PUSHF, PUSHFD. VM and RF are pushed as 0.
pub(crate) fn push_flags<C: Cpu, M: GuestMemory>(
    cpu: &mut C,
    memory: &mut M,
    size: Size,
) -> Result<(), Fault> {
    let esp = cpu.esp();
    let sp = esp.wrapping_sub(size.bytes()) & SEGMENT_LIMIT;
    let address = linear(cpu, SegmentRegister::Ss, sp, size.bytes())?;
    let eflags = cpu.eflags() & !(Flags::VM | Flags::RF);
    match size {
        Size::Word => memory.write_u16(address, eflags as u16),
        Size::Double => memory.write_u32(address, eflags),
    }
    cpu.set_esp(esp & !SEGMENT_LIMIT | sp);
    Ok(())
}

/// POPF, POPFD.
pub(crate) fn pop_flags<C: Cpu, M: GuestMemory>(cpu: &mut C, memory: &M, size: Size) -> Result<(), Fault> {
    let flags = peek(cpu, memory, 0, size)?;
    release(cpu, size.bytes());
    let writable = if size == Size::Word { LOW_WORD } else { BY_POPFD };
    set_flags(cpu, flags, writable);
    Ok(())
}

/// IRET, IRETD: sets CS:IP and the flags.
pub(crate) fn interrupt_return<C: Cpu, M: GuestMemory>(
    cpu: &mut C,
    memory: &M,
    size: Size,
) -> Result<(), Fault> {
    let eip = peek(cpu, memory, 0, size)?;
    let cs = peek(cpu, memory, size.bytes(), size)?;
    let flags = peek(cpu, memory, 2 * size.bytes(), size)?;
    if eip > SEGMENT_LIMIT {
        return Err(Fault(vector::GENERAL_PROTECTION));
    }
    release(cpu, 3 * size.bytes());
    cpu.set_segment(SegmentRegister::Cs, cs as u16);
    cpu.set_eip(eip);
    let writable = if size == Size::Word { LOW_WORD } else { BY_IRETD };
    set_flags(cpu, flags, writable);
    Ok(())
}

/// The stack element `depth` bytes above the stack pointer.
fn peek<C: Cpu, M: GuestMemory>(cpu: &C, memory: &M, depth: u32, size: Size) -> Result<u32, Fault> {
    let offset = cpu.esp().wrapping_add(depth) & SEGMENT_LIMIT;
    let address = linear(cpu, SegmentRegister::Ss, offset, size.bytes())?;
    Ok(match size {
        Size::Word => u32::from(memory.read_u16(address)),
        Size::Double => memory.read_u32(address),
    })
}

/// Takes `size_bytes` off the stack.
fn release<C: Cpu>(cpu: &mut C, size_bytes: u32) {
    let esp = cpu.esp();
    cpu.set_esp(esp & !SEGMENT_LIMIT | esp.wrapping_add(size_bytes) & SEGMENT_LIMIT);
}

fn set_flags<C: Cpu>(cpu: &mut C, flags: u32, writable: u32) {
    // RF never outlives a POPF or IRET that does not itself set it.
    let kept = cpu.eflags() & !(writable | Flags::RF);
    cpu.set_eflags(kept | flags & writable | Flags::FIXED);
}
