//! Interrupts on their way to the guest, and the one that keeps it from running for ever.
//!
//! On entry the guest has exited, and what it wanted is done.

use v8086::{Flags, Shutdown};
use vmx::Field;
use vmx::controls::primary;

use crate::cpu::vmx::{vmread, vmwrite};

use super::vm::Vm;

/// Blocking by STI and by MOV SS, in the interruptibility state.
const BLOCKING: u64 = 0b11;

impl Vm {
    /// Gives the guest an interrupt that is due, if it can take one; else asks for the moment when it can.
    ///
    /// # Errors
    /// The guest shuts down.
    #[inline(always)]
    pub fn deliver_interrupt(&mut self) -> Result<(), Shutdown> {
        if self.pc.interrupt_pending() && self.stepping.is_none() { self.deliver_pending() } else { Ok(()) }
    }

    /// Gives the guest the interrupt that is due, or asks for the moment when it can take it. RIP may have changed at the
    /// exit alone, and is written.
    ///
    /// # Errors
    /// The guest shuts down.
    #[inline(never)]
    pub fn deliver_pending(&mut self) -> Result<(), Shutdown> {
        if !self.interrupts_enabled() || !(self.at.complete || is_free()) {
            self.at.set_rip(self.at.rip);
            self.want_window(true);
            return Ok(());
        }
        let vector = self.pc.acknowledge();
        if let Some(statistics) = &mut self.statistics {
            statistics.interrupt(vector);
        }
        self.backend.interrupt(self, vector)
    }

    /// Sees to it that the timer ends the guest's turn also while the guest has interrupts off. By the manual it always
    /// does, but Bochs 2.7 holds external interrupts back from a guest that was entered with IF = 0; an NMI gets
    /// through. To be called before every entry. What is on order stays so until an NMI comes ([`Self::end_watch`]): most
    /// guests soon have interrupts on again, and off.
    #[inline(always)]
    pub fn watch(&mut self, rflags: u32) {
        if (rflags | self.watched) & Flags::IF == 0 {
            self.watched = Flags::IF;
            if let Some(io_apic) = &self.watchdog {
                io_apic.deliver();
            }
        }
    }

    /// An NMI has come. A guest that has interrupts on is interrupted without one.
    pub fn end_watch(&mut self) {
        self.watched = 0;
        if let Some(io_apic) = &self.watchdog {
            io_apic.disarm();
        }
    }

    /// Asks for an exit when the guest can take an interrupt, or no longer does.
    pub fn want_window(&mut self, wanted: bool) {
        if self.window_wanted != wanted {
            self.window_wanted = wanted;
            let window = if wanted { primary::INTERRUPT_WINDOW_EXITING } else { 0 };
            let controls = self.primary_controls | window;
            vmwrite(Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, controls);
        }
    }
}

/// Whether neither STI nor MOV SS holds an interrupt back, and no exception is about to be delivered, which goes first.
fn is_free() -> bool {
    let occupied = vmread(Field::VM_ENTRY_INTERRUPTION_INFORMATION) >> 31 & 1 == 1;
    let blocked = vmread(Field::GUEST_INTERRUPTIBILITY_STATE) & BLOCKING != 0;
    !occupied && !blocked
}
