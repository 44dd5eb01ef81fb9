//! The call that a service answers: the caller's frame on the guest's stack, pointers in registers.

use super::Context;
use v8086::{FarPointer, Flags, General, SegmentRegister};

/// Offset of the FLAGS image from the stack pointer inside a service.
const FLAGS_IMAGE: u16 = 4;

impl Context<'_> {
    /// The general registers.
    pub(super) fn registers(&mut self) -> &mut General {
        self.cpu.general_mut()
    }

    /// The linear address of the stack's top plus `offset`.
    fn stack(&self, offset: u16) -> u32 {
        let top = FarPointer::new(self.cpu.segment(SegmentRegister::Ss), self.cpu.esp() as u16);
        top.plus(offset).linear()
    }

    /// The instruction that the service returns to; for an exception, the one that raised it.
    pub(super) fn return_address(&self) -> FarPointer {
        FarPointer::new(self.memory.read_u16(self.stack(2)), self.memory.read_u16(self.stack(0)))
    }

    /// Pushes a word onto the guest's stack.
    pub(super) fn push(&mut self, value: u16) {
        let sp = (self.cpu.esp() as u16).wrapping_sub(2);
        self.cpu.set_esp(self.cpu.esp() & !0xFFFF | u32::from(sp));
        let top = self.stack(0);
        self.memory.write_u16(top, value);
    }

    /// Pops a word from the guest's stack.
    pub(super) fn pop(&mut self) -> u16 {
        let value = self.memory.read_u16(self.stack(0));
        let sp = (self.cpu.esp() as u16).wrapping_add(2);
        self.cpu.set_esp(self.cpu.esp() & !0xFFFF | u32::from(sp));
        value
    }

    fn set_flag(&mut self, flag: u32, value: bool) {
        let image = self.stack(FLAGS_IMAGE);
        let flags = self.memory.read_u16(image);
        let flag = flag as u16;
        self.memory.write_u16(image, if value { flags | flag } else { flags & !flag });
    }

    /// Sets or clears CF for the caller.
    pub(super) fn set_carry(&mut self, carry: bool) {
        self.set_flag(Flags::CF, carry);
    }

    /// Sets or clears ZF for the caller.
    pub(super) fn set_zero(&mut self, zero: bool) {
        self.set_flag(Flags::ZF, zero);
    }

    /// `ES:offset`.
    pub(super) fn es(&self, offset: u16) -> FarPointer {
        FarPointer::new(self.cpu.segment(SegmentRegister::Es), offset)
    }

    /// `DS:offset`.
    pub(super) fn ds(&self, offset: u16) -> FarPointer {
        FarPointer::new(self.cpu.segment(SegmentRegister::Ds), offset)
    }

    /// Goes on at `offset` in the ROM rather than behind the `VMCALL`.
    pub(super) fn continue_at(&mut self, offset: u16) {
        self.cpu.set_eip(u32::from(offset));
    }
}
