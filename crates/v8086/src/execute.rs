//! Carries out what real mode allows and virtual-8086 mode refuses.
//!
//! On entry IP is at an instruction that raised #GP. Nothing is changed before an instruction's last check has
//! passed, so a fault leaves the guest as it was.

use crate::decode::{Code, Effective, Size, register, set_register};
use crate::monitor::{ModelSpecificRegisters, Monitor};
use crate::operation::{Operation, Table};
use crate::outcome::Fault;
use crate::system::{Cr0, Debug};
use crate::{
    Change, Cpu, FarPointer, Flags, GuestMemory, ModeSwitch, Outcome, SegmentRegister, Shutdown,
    SystemRegisters, TableRegister, interrupt, stack, step, vector,
};

/// How an instruction ended, before IP, RF and the single step are seen to.
enum Ending {
    /// The next instruction in memory follows.
    Next(Change),
    /// HLT.
    Halted,
    /// IRET: IP and flags are set.
    Returned,
    /// INT n: the frame is built. It cleared TF, and with it the single-step trap of this instruction.
    Interrupted,
    /// INT n found no room for a frame.
    ShutDown,
    /// Protected mode would follow.
    Protected { by: ModeSwitch, cr0: u32 },
}

impl<C: Cpu, M: GuestMemory, S: ModelSpecificRegisters> Monitor<'_, C, M, S> {
    /// Decodes the instruction at CS:IP and carries it out.
    pub(crate) fn execute(&mut self) -> Result<Outcome, Fault> {
        let mut code = Code::at(self.cpu, &*self.memory);
        let operation = Operation::read(self.cpu, &mut code)?;
        let next_eip = code.next_eip();
        let eflags = self.cpu.eflags();
        let stepping = eflags & Flags::TF != 0;
        let ending = self.carry_out(operation, next_eip)?;
        let completed = match ending {
            Ending::Next(_) | Ending::Halted => {
                step::complete_from(self.cpu, self.memory, self.system, next_eip, eflags)
            }
            Ending::Returned if stepping => step::trap(self.cpu, self.memory, self.system),
            Ending::Returned | Ending::Interrupted | Ending::Protected { .. } => Ok(()),
            Ending::ShutDown => Err(Shutdown),
        };
        Ok(match (completed, ending) {
            (Err(Shutdown), _) => Outcome::Shutdown,
            // A single step ends the halt at once.
            (Ok(()), Ending::Halted) if !stepping => Outcome::Halt,
            (Ok(()), Ending::Next(change)) => Outcome::Done(change),
            (Ok(()), Ending::Protected { by, cr0 }) => {
                let at = FarPointer::new(self.cpu.segment(SegmentRegister::Cs), self.cpu.eip() as u16);
                Outcome::EnterProtectedMode { at, by, cr0 }
            }
            (Ok(()), _) => Outcome::Done(Change::None),
        })
    }

    fn carry_out(&mut self, operation: Operation, next_eip: u32) -> Result<Ending, Fault> {
        match operation {
            Operation::Halt => return Ok(Ending::Halted),
            Operation::ClearInterruptFlag => {
                let eflags = self.cpu.eflags();
                self.cpu.set_eflags(eflags & !Flags::IF);
            }
            Operation::SetInterruptFlag => return Ok(self.set_interrupt_flag()),
            Operation::PushFlags(size) => stack::push_flags(self.cpu, self.memory, size)?,
            Operation::PopFlags(size) => stack::pop_flags(self.cpu, self.memory, size)?,
            Operation::InterruptReturn(size) => {
                stack::interrupt_return(self.cpu, self.memory, size)?;
                return Ok(Ending::Returned);
            }
            Operation::Interrupt(vector) => return Ok(self.interrupt(vector, next_eip)),
            Operation::LoadTable { table, source, size } => return self.load_table(table, source, size),
            Operation::LoadMachineStatusFromRegister(from) => {
                let value = register(self.cpu, from) as u16;
                return self.load_machine_status(value);
            }
            Operation::LoadMachineStatus(source) => {
                let value = self.memory.read_u16(source.linear(self.cpu, 2)?);
                return self.load_machine_status(value);
            }
            Operation::ClearTaskSwitched => {
                self.system.cr0 &= !Cr0::TS;
                return Ok(Ending::Next(Change::ControlRegisters));
            }
            Operation::Invalidate => {}
            Operation::ReadControl { number, to } => {
                let value = self.system.control_register(number).ok_or(Fault(vector::INVALID_OPCODE))?;
                set_register(self.cpu, to, value);
            }
            Operation::WriteControl { number, from } => return self.write_control(number, from),
            Operation::ReadDebug { number, to } => {
                let value = self.debug_register(number)?;
                set_register(self.cpu, to, value);
            }
            Operation::WriteDebug { number, from } => {
                self.debug_register(number)?;
                self.system.set_debug_register(number, register(self.cpu, from));
                return Ok(Ending::Next(Change::DebugRegisters));
            }
            Operation::ReadModelSpecific => {
                let value = self.model_specific.read(self.cpu.general().ecx());
                self.set_edx_eax(value.ok_or(Fault(vector::GENERAL_PROTECTION))?);
            }
            Operation::ReadPerformanceCounter => {
                let value = self.model_specific.performance_counter(self.cpu.general().ecx());
                self.set_edx_eax(value.ok_or(Fault(vector::GENERAL_PROTECTION))?);
            }
            Operation::WriteModelSpecific => {
                let general = self.cpu.general();
                let value = u64::from(general.edx()) << 32 | u64::from(general.eax());
                let written = self.model_specific.write(general.ecx(), value);
                written.ok_or(Fault(vector::GENERAL_PROTECTION))?;
            }
        }
        Ok(Ending::Next(Change::None))
    }

    fn set_edx_eax(&mut self, value: u64) {
        let general = self.cpu.general_mut();
        general.set_eax(value as u32);
        general.set_edx((value >> 32) as u32);
    }

    fn set_interrupt_flag(&mut self) -> Ending {
        let eflags = self.cpu.eflags();
        self.cpu.set_eflags(eflags | Flags::IF);
        let was_set = eflags & Flags::IF != 0;
        Ending::Next(if was_set { Change::None } else { Change::InterruptShadow })
    }

    fn interrupt(&mut self, vector: u8, next_eip: u32) -> Ending {
        let idtr = self.system.idtr;
        match interrupt::deliver(self.cpu, self.memory, idtr, vector, next_eip as u16) {
            Ok(()) => Ending::Interrupted,
            Err(Shutdown) => Ending::ShutDown,
        }
    }

    /// LGDT, LIDT: a word and a doubleword, read as two operands.
    fn load_table(&mut self, table: Table, source: Effective, size: Size) -> Result<Ending, Fault> {
        let limit = source.linear(self.cpu, 2)?;
        let base = source.plus(2).linear(self.cpu, 4)?;
        // The 16-bit form is the 80286's, whose bases have 24 bits.
        let base_mask = if size == Size::Word { 0xFF_FFFF } else { 0xFFFF_FFFF };
        let register = TableRegister {
            base: self.memory.read_u32(base) & base_mask,
            limit: self.memory.read_u16(limit),
        };
        match table {
            Table::Global => self.system.gdtr = register,
            Table::Interrupt => self.system.idtr = register,
        }
        Ok(Ending::Next(Change::DescriptorTables))
    }

    fn load_machine_status(&mut self, value: u16) -> Result<Ending, Fault> {
        let wanted = self.system.cr0_after_lmsw(value);
        let cr0 = if self.system.writes_back(value) { wanted & !Cr0::PE } else { wanted };
        Ok(self.set_cr0(cr0, ModeSwitch::Lmsw))
    }

    fn set_cr0(&mut self, cr0: u32, by: ModeSwitch) -> Ending {
        if cr0 & Cr0::PE != 0 {
            return Ending::Protected { by, cr0 };
        }
        self.system.cr0 = cr0;
        Ending::Next(Change::ControlRegisters)
    }

    fn write_control(&mut self, number: u8, from: u8) -> Result<Ending, Fault> {
        let value = register(self.cpu, from);
        match number {
            0 => return Ok(self.set_cr0(SystemRegisters::cr0_from(value)?, ModeSwitch::MovCr0)),
            2 => self.system.cr2 = value,
            3 => self.system.cr3 = value,
            4 if value & !self.system.cr4_supported != 0 => return Err(Fault(vector::GENERAL_PROTECTION)),
            4 => self.system.cr4 = value,
            _ => return Err(Fault(vector::INVALID_OPCODE)),
        }
        Ok(Ending::Next(Change::ControlRegisters))
    }

    /// A debug register that an instruction is about to read or write. (#UD comes before the trap of DR7.GD.)
    fn debug_register(&self, number: u8) -> Result<u32, Fault> {
        let value = self.system.debug_register(number).ok_or(Fault(vector::INVALID_OPCODE))?;
        let caught = self.system.dr7 & Debug::GD != 0;
        if caught { Err(Fault(vector::DEBUG)) } else { Ok(value) }
    }
}
