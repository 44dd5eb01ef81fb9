//! Interrupts on their way to the guest, and the one that keeps it from running for ever.
//!
//! On entry the guest has exited, and what it wanted is done.

use v8086::{Flags, Shutdown, interrupt};
use vmx::Field;
use vmx::controls::primary;

use crate::cpu::nmi::IoApic;
use crate::cpu::vmx::{vmread, vmwrite};
use crate::guest_cpu::{AtExit, GuestCpu};

use super::backend::Injection;
use super::vm::Vm;

/// Blocking by STI and by MOV SS, in the interruptibility state.
const BLOCKING: u64 = 0b11;

/// Bits of RFLAGS with which an instruction is not simply passed: single steps are for the back-end.
const UNUSUAL: u32 = Flags::TF | Flags::RF;

/// Sees to it that the timer ends the guest's turn also while the guest has interrupts off. By the manual it always does, but
/// Bochs 2.7 holds external interrupts back from a guest that was entered with IF = 0; an NMI gets through. What is on order
/// stays so until an NMI comes: most guests soon have interrupts on again, and off.
pub struct Watch {
    /// Turns the timer's ticks into NMIs; `None` where there is no I/O APIC, or no need.
    io_apic: Option<IoApic>,
    /// The bits of RFLAGS, IF inverted, with which a guest needs more than an answer: IF unless an NMI is on order.
    unusual: u32,
}

impl Watch {
    /// Nothing is on order.
    pub const fn new(io_apic: Option<IoApic>) -> Self {
        Self { io_apic, unusual: UNUSUAL | Flags::IF }
    }

    /// To be called before an entry with these flags, unless they were [`Self::is_usual`] at the exit.
    #[inline(always)]
    pub fn before_entry(&mut self, rflags: u32) {
        if !rflags & self.unusual & Flags::IF != 0 {
            self.begin();
        }
    }

    /// Whether a guest that has exited with these flags only needs an answer: it is not single-stepped. If it must be watched
    /// from now on, it is; without a call, which would cost every exit a register.
    #[inline(always)]
    pub fn is_usual(&mut self, rflags: u32) -> bool {
        let unusual = (rflags ^ Flags::IF) & self.unusual;
        if unusual == 0 {
            return true;
        }
        if unusual == Flags::IF {
            self.begin();
            return true;
        }
        false
    }

    #[inline(always)]
    fn begin(&mut self) {
        self.unusual = UNUSUAL;
        if let Some(io_apic) = &self.io_apic {
            io_apic.deliver();
        }
    }

    /// Whether an NMI is on order.
    #[inline(always)]
    pub const fn is_on(&self) -> bool {
        self.unusual == UNUSUAL
    }

    /// An NMI has come, or must not. A guest that has interrupts on is interrupted without one.
    pub fn end(&mut self) {
        self.unusual = UNUSUAL | Flags::IF;
        if let Some(io_apic) = &self.io_apic {
            io_apic.disarm();
        }
    }
}

impl Vm {
    /// Gives the guest an interrupt that is due, if it can take one; else asks for the moment when it can.
    ///
    /// # Errors
    /// The guest shuts down.
    pub fn deliver_interrupt(&mut self) -> Result<(), Shutdown> {
        if self.pc.interrupt_pending() && self.stepping.is_none() { self.deliver_pending() } else { Ok(()) }
    }

    /// Gives the guest the interrupt that is due, or asks for the moment when it can take it. An instruction is carried out, up
    /// to this RIP; nobody counts interrupts.
    ///
    /// # Errors
    /// The guest shuts down.
    #[inline(never)]
    pub fn interrupt_at(&mut self, rip: u64) -> Result<(), Shutdown> {
        // The shadow of STI or MOV SS in which the instruction may have stood is over.
        vmwrite(Field::GUEST_INTERRUPTIBILITY_STATE, 0);
        if self.ring.last().rflags & Flags::IF != 0 && self.redirects_interrupts {
            let vector = self.pc.acknowledge();
            self.inject(rip as u32, vector);
            return Ok(());
        }
        self.at = AtExit { rip: rip as u32, ..self.ring.at() };
        self.deliver_pending()
    }

    #[inline(always)]
    fn inject(&mut self, rip: u32, vector: u8) {
        let Injection { information, length, mask } = self.injection;
        vmwrite(Field::GUEST_RIP, (rip.wrapping_sub(length) & mask).into());
        vmwrite(Field::VM_ENTRY_INTERRUPTION_INFORMATION, (information | u32::from(vector)).into());
    }

    /// Gives the guest the interrupt that is due, or asks for the moment when it can take it. RIP may have changed at the
    /// exit alone, and is written.
    ///
    /// # Errors
    /// The guest shuts down.
    fn deliver_pending(&mut self) -> Result<(), Shutdown> {
        if !self.interrupts_enabled() || !(self.at.complete || is_free()) {
            self.at.set_rip(self.at.rip);
            self.want_window(true);
            return Ok(());
        }
        let vector = self.pc.acknowledge();
        if let Some(statistics) = &mut self.statistics {
            statistics.interrupt(vector);
        }
        if self.redirects_interrupts {
            self.inject(self.at.rip, vector);
            return Ok(());
        }
        let (table, ip) = (self.system.idtr, self.at.rip as u16);
        let mut cpu = GuestCpu::at_exit(&mut self.vcpu.general, &mut self.at);
        interrupt::deliver(&mut cpu, &mut self.space, table, vector, ip)
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
