//! Accesses to what is not RAM: a hole reads all ones, and a write to a hole or to ROM vanishes. Each exits, is counted, and is
//! carried out by the processor itself: it runs the one instruction, or one element of a repeated one, with the page open.
//!
//! On entry the guest stands at the instruction, which has done nothing yet, and nothing is being delivered.

use v8086::{Shutdown, TableRegister, interrupt};
use vmx::Field;
use wire::End;

use crate::cpu::vmx::vmread;
use crate::guest_cpu::GuestCpu;
use crate::memory::Access;

use super::vm::{Next, Shown, Vm};

impl Vm {
    /// Opens the page of `address` and counts the access. `false` if the guest should have had it.
    pub fn open(&mut self, address: u64, access: Access) -> bool {
        let open = self.space.open(address, access);
        if open {
            let count = if access == Access::Write { &mut self.dropped_writes } else { &mut self.hole_reads };
            *count += 1;
        }
        open
    }

    /// The guest is about to write to the screen, if `address` is one that is watched: it may, and a script is told. `false`:
    /// it is not.
    pub fn opens_screen(&mut self, address: u64) -> bool {
        let opens = self.space.unwatch(address);
        if opens {
            self.shown = Shown::Soon;
        }
        opens
    }

    /// The delivery of an event in real mode met a fault: a stack in ROM, or one that wraps. It is done in software, where
    /// writes to ROM vanish and a wrapping stack is the guest's own trouble.
    pub fn interrupted_delivery(&mut self, table: TableRegister) -> Next {
        /// The least type of an event that returns behind its instruction: INT n, ICEBP, INT3 and INTO.
        const SOFTWARE: u64 = 4;
        let information = vmread(Field::IDT_VECTORING_INFORMATION);
        let software = information >> 8 & 7 >= SOFTWARE;
        let length = if software { vmread(Field::VM_EXIT_INSTRUCTION_LENGTH) as u32 } else { 0 };
        let return_ip = (self.at.rip + length) as u16;
        let mut cpu = GuestCpu::at_exit(&mut self.vcpu.general, &mut self.at);
        let delivered = interrupt::deliver(&mut cpu, &mut self.space, table, information as u8, return_ip);
        self.at.end_blocking();
        match delivered {
            Ok(()) => Next::Run,
            Err(Shutdown) => Next::End(End::TripleFault),
        }
    }
}
