//! The monitor: what becomes of an exception that the guest's code raised.
//!
//! On entry a VM exit has reported an exception and CS:IP is as the exit left it. This module is responsible for the
//! answer that real mode would give: most exceptions go to the guest's own handler; a #GP may stand for an
//! instruction that real mode allows and virtual-8086 mode does not, which is then carried out.

use crate::outcome::Fault;
use crate::system::Cr0;
use crate::{Cpu, GuestMemory, Outcome, Shutdown, SystemRegisters, interrupt, vector};

/// The guest's model-specific registers, which the VMM knows.
pub trait ModelSpecificRegisters {
    /// RDMSR of register `index`; `None` if it has none of that number, which is #GP.
    fn read(&mut self, index: u32) -> Option<u64>;
    /// WRMSR; `None` if there is none of that number or it refuses the value, which is #GP.
    fn write(&mut self, index: u32, value: u64) -> Option<()>;
    /// RDPMC of counter `index`; `None` if there is none of that number, which is #GP.
    fn performance_counter(&mut self, index: u32) -> Option<u64>;
}

/// An exception as a VM exit reports it (SDM vol. 3, "Information for VM Exits Due to Vectored Events").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exception {
    /// A hardware exception other than #DB; the error code, if any, is of no use to real mode.
    Fault {
        /// The vector.
        vector: u8,
    },
    /// A hardware exception #DB.
    Debug {
        /// The exit qualification: the causes, as bits of DR6.
        causes: u32,
    },
    /// INT3 (vector 3), INTO (4) or INT1, which others call ICEBP (1). IP is at the instruction.
    Software {
        /// The vector.
        vector: u8,
        /// The VM-exit instruction length in bytes, which is valid for these three.
        length: u8,
    },
}

impl Exception {
    /// What virtual-8086 mode raises for an instruction that it refuses, and most exceptions that come to a VMM.
    pub const REFUSED: Self = Self::Fault { vector: vector::GENERAL_PROTECTION };
}

/// One guest processor with all that an instruction of its can reach, put together for one exit.
pub struct Monitor<'a, C, M, S> {
    /// The register file.
    pub cpu: &'a mut C,
    /// Guest memory.
    pub memory: &'a mut M,
    /// The system registers that the guest believes in.
    pub system: &'a mut SystemRegisters,
    /// The guest's model-specific registers.
    pub model_specific: &'a mut S,
}

impl<C: Cpu, M: GuestMemory, S: ModelSpecificRegisters> Monitor<'_, C, M, S> {
    /// Answers an exception that the guest's code raised. Page faults, which no real-mode program can cause, and
    /// exceptions of the VMM's own making (its single steps) must have been sorted out before.
    pub fn exception(&mut self, exception: Exception) -> Outcome {
        match exception {
            Exception::Fault { vector: vector::GENERAL_PROTECTION } => self.general_protection(),
            Exception::Fault { vector: vector::X87_ERROR } if self.system.cr0 & Cr0::NE == 0 => {
                Outcome::X87Interrupt
            }
            Exception::Fault { vector } => self.reflect(vector, self.cpu.eip()),
            Exception::Debug { causes } => {
                self.system.note_debug_exception(causes);
                self.reflect(vector::DEBUG, self.cpu.eip())
            }
            Exception::Software { vector, length } => {
                let next = self.cpu.eip() + u32::from(length);
                self.reflect(vector, next)
            }
        }
    }

    /// A #GP: carries the instruction out if real mode would, reflects the fault otherwise.
    fn general_protection(&mut self) -> Outcome {
        match self.execute() {
            Ok(outcome) => outcome,
            Err(Fault(vector)) => {
                if vector == vector::DEBUG {
                    self.system.note_debug_exception(crate::Debug::BD);
                }
                self.reflect(vector, self.cpu.eip())
            }
        }
    }

    /// Sends an exception to the guest's handler; the saved IP is the low half of `return_eip`.
    pub(crate) fn reflect(&mut self, vector: u8, return_eip: u32) -> Outcome {
        let idtr = self.system.idtr;
        match interrupt::deliver_exception(self.cpu, self.memory, idtr, vector, return_eip as u16) {
            Ok(()) => Outcome::Reflected { vector },
            Err(Shutdown) => Outcome::Shutdown,
        }
    }
}
