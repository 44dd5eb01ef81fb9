//! One instruction of the guest by itself: with pages open that are else closed, or with the x87's exceptions masked.
//!
//! On entry the guest is at the instruction. RFLAGS.TF brings it back behind it; whatever else it exits by first ends the
//! step, too. No interrupt is delivered meanwhile.

use v8086::Flags;
use vmx::Field;

use crate::cpu::vmx::vmwrite;

use super::vm::{Next, Vm};

/// One instruction runs by itself: closed pages are open for it, or the x87's exceptions are masked.
#[derive(Clone, Copy, Debug)]
pub struct Stepping {
    /// Whether the guest itself single-steps.
    pub guest_traps: bool,
    /// The guest's masks, and where the instruction is.
    pub x87: Option<(u8, u32)>,
}

impl Vm {
    /// Lets the guest run for one instruction. That may be under way: it comes here once for each page that it needs.
    pub fn step(&mut self, x87: Option<(u8, u32)>) {
        if self.stepping.is_none() {
            let rflags = self.at.rflags;
            self.stepping = Some(Stepping { guest_traps: rflags & Flags::TF != 0, x87 });
            self.at.set_rflags(rflags | Flags::TF);
        }
        // The shadow of STI or MOV SS ends with the instruction, and an entry with TF set in one wants a trap to be pending.
        self.at.end_blocking();
        // By the manual no trap is pending before an instruction is over; Bochs 2.7 saves one.
        vmwrite(Field::GUEST_PENDING_DEBUG_EXCEPTIONS, 0);
    }

    /// The instruction is over, or something else came first.
    pub fn end_step(&mut self) -> Option<Stepping> {
        let stepping = self.stepping.take()?;
        self.space.close();
        if !stepping.guest_traps {
            self.at.set_rflags(self.at.rflags & !Flags::TF);
        }
        if let Some((masks, rip)) = stepping.x87 {
            self.vcpu.unmask_x87(masks, self.at.rip.wrapping_sub(rip) <= 1);
        }
        Some(stepping)
    }

    /// An x87 instruction or WAIT found an exception of an earlier one, and CR0.NE is 0: IRQ 13 is requested, and the
    /// instruction carried out. A real coprocessor waits for the interrupt first, where it can come, and stands still
    /// where it can't until port F0h lets it go on; Bochs does as is done here.
    pub fn x87_error(&mut self) -> Next {
        self.pc.raise_x87_error();
        let masks = self.vcpu.mask_x87();
        self.step(Some((masks, self.at.rip)));
        Next::Run
    }
}
