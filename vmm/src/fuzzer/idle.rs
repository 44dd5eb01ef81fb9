//! The second guest: it has run once and lies idle while hostile programs run in the first. Its memory and tables are
//! what a hostile guest may reach least of all.

use v8086::{Cpu, GuestMemory};
use wire::RunJob;

use crate::Context;
use crate::cpu::world_switch::Vcpu;
use crate::failure::{Failure, unexpected};
use crate::guest_cpu::GuestCpu;
use crate::lifecycle::make_current;
use crate::memory::{Frame, GuestRam, PAGE_BYTES, PcSpace};
use crate::operation::VmxOperation;
use crate::plan::Surroundings;
use crate::probe::Processor;
use crate::run::Backend;

/// Where its program is, as that of any boot sector.
const PROGRAM: u32 = 0x7C00;

/// `hlt`: it exits on every back-end.
const HLT: [u8; 1] = [0xF4];

/// See the module.
pub struct IdleGuest {
    space: PcSpace,
    /// Its memory as it was left.
    copy: &'static [u8],
}

impl IdleGuest {
    /// Runs it until it halts.
    ///
    /// # Errors
    /// What the machine refuses.
    pub fn start(
        context: &mut Context,
        operation: &VmxOperation,
        processor: &Processor,
        around: &Surroundings,
        backend: &dyn Backend,
        job: &RunJob,
    ) -> Result<Self, Failure> {
        let extended_bytes = job.extended_kib as usize * 1024;
        let capabilities = &processor.capabilities;
        let mut space =
            PcSpace::new(&mut context.frames, capabilities, backend.translation(), extended_bytes)?;
        // Each page is unlike all others.
        for page in (0..space.ram().length()).step_by(PAGE_BYTES) {
            space.write_physical(page as u32, &(!page as u64).to_le_bytes());
        }
        space.write(PROGRAM, &HLT);
        let mut vmcs = make_current(context, operation, processor)?;
        let mut machine = backend.plan(around, space.tables())?;
        let mut vcpu = Vcpu::new();
        GuestCpu::planned(&mut vcpu.general, &mut machine).set_eip(PROGRAM);
        vmcs.apply(&machine)?;
        let (vmcs, reason) = vmcs.launch(&mut vcpu).map_err(|(_, failure)| failure)?;
        vmcs.clear().map_err(|failure| Failure::Instruction("VMCLEAR", failure))?;
        if reason.entry_failed() {
            return Err(unexpected(format_args!("the second guest left by {reason}")));
        }
        let copy = context.frames.take_bytes(space.ram().length(), PAGE_BYTES)?;
        space.ram().read(0, copy);
        Ok(Self { space, copy })
    }

    /// Its memory.
    pub fn ram(&self) -> &GuestRam {
        self.space.ram()
    }

    /// Its tables.
    pub fn guarded(&self) -> impl Iterator<Item = &Frame> {
        self.space.guarded()
    }

    /// Whether its memory is as it was.
    pub fn is_whole(&self) -> bool {
        self.space.ram().holds(0, self.copy)
    }

    /// Changes a byte, as no other guest may.
    pub fn damage(&mut self) {
        self.space.write_physical(PROGRAM, &[!HLT[0]]);
    }
}
