//! A VM around a guest component, as every demo but `trystep1` and `bios` uses it.
//!
//! On entry the processor is in VMX operation. This module makes the VMCS, plans, checks, applies and launches, and
//! handles the exits that are the same everywhere: I/O to the virtual PC's devices, and the host's own timer, which
//! also ends a component that never ends by itself.

use pc::{Pc, PcConfig};
use vmx::{Field, Machine, Results};
use wire::Record;

use crate::clock::Clock;
use crate::component::Component;
use crate::cpu::vmx::vmread;
use crate::cpu::world_switch::Vcpu;
use crate::exit::{Exit, skip_instruction};
use crate::failure::{Failure, unexpected};
use crate::lifecycle::make_current;
use crate::memory::integrity::{Damage, Seal};
use crate::memory::{ComponentSpace, Frame};
use crate::operation::{CurrentVmcs, LaunchedVmcs, VmxOperation};
use crate::plan::{self, HostState, Surroundings};
use crate::probe::Processor;
use crate::report::Reporter;
use crate::{Context, host_timer, io};

/// Guest seconds after which a component that has not ended is stopped.
const PATIENCE_SECONDS: u64 = 60;

/// What a component VM consists of, besides its VMCS.
pub struct ComponentVm {
    /// Registers that no VMCS holds.
    pub vcpu: Vcpu,
    /// The guest's memory.
    pub space: ComponentSpace,
    /// The guest's devices.
    pub pc: Pc,
    /// The guest's time.
    pub clock: Clock,
    bitmaps: [Frame; 2],
    seal: Seal,
}

/// A VM that can be launched: its VMCS is current, its plan is not yet written.
pub struct Planned<'vmx> {
    /// Current and clear.
    pub vmcs: CurrentVmcs<'vmx>,
    /// What will be written.
    pub machine: Machine,
    /// The VM.
    pub vm: ComponentVm,
}

impl<'vmx> Planned<'vmx> {
    /// VMCLEAR, VMPTRLD, and the plan.
    ///
    /// # Errors
    /// What the processor or the plan refuses.
    pub fn new(
        context: &mut Context,
        operation: &'vmx VmxOperation,
        processor: &Processor,
    ) -> Result<Self, Failure> {
        let vmcs = make_current(context, operation, processor)?;
        let component = Component::parse(context.module)?;
        let mut space = ComponentSpace::new(&mut context.frames)?;
        Component::load(context.module, &mut space);
        let bitmaps = io::intercept_all_ports(&mut context.frames)?;
        let around = Surroundings {
            capabilities: &processor.capabilities,
            io_bitmaps: [bitmaps[0].address(), bitmaps[1].address()],
            msr_bitmap: None,
            host: HostState::current(),
        };
        let machine = plan::component(&around, &component, space.directory().address())?;
        let clock = Clock::measure()?;
        let seal = Seal::new([space.directory(), &bitmaps[0], &bitmaps[1]].into_iter());
        let pc = Pc::new(PcConfig::FIXED);
        let vm = ComponentVm { vcpu: Vcpu::new(), space, pc, clock, bitmaps, seal };
        Ok(Self { vmcs, machine, vm })
    }

    /// Writes the plan in one loop, and launches. Returns at the first exit that is not handled here.
    ///
    /// # Errors
    /// What the processor refuses.
    pub fn launch(mut self, report: &mut Reporter) -> Result<(RunningVm<'vmx>, Exit), Failure> {
        self.vmcs.apply(&self.machine)?;
        self.vm.clock = self.vm.clock.showing(pc::Ticks::ZERO);
        host_timer::follow(&self.vm.pc, self.vm.clock.now());
        match self.vmcs.launch(&mut self.vm.vcpu) {
            Ok((vmcs, reason)) => {
                let mut running = RunningVm { vmcs, vm: self.vm };
                let exit = running.settle(report, Exit::decode(reason))?;
                Ok((running, exit))
            }
            Err((_, failure)) => Err(failure.into()),
        }
    }
}

/// A VM whose guest has run.
pub struct RunningVm<'vmx> {
    /// Launched.
    pub vmcs: LaunchedVmcs<'vmx>,
    /// The VM.
    pub vm: ComponentVm,
}

impl RunningVm<'_> {
    /// VMRESUME, until the next exit that is not handled here.
    ///
    /// # Errors
    /// What the processor refuses; a guest that does not end.
    pub fn resume(&mut self, report: &mut Reporter) -> Result<Exit, Failure> {
        let exit = self.step()?;
        self.settle(report, exit)
    }

    /// VMRESUME, until the next exit of any kind.
    ///
    /// # Errors
    /// What the processor refuses.
    pub fn step(&mut self) -> Result<Exit, Failure> {
        Ok(Exit::decode(self.vmcs.resume(&mut self.vm.vcpu)?))
    }

    /// Answers an exit that every component causes: I/O, the host's timer. `false` for any other.
    ///
    /// # Errors
    /// A guest that does not end.
    pub fn answer(&mut self, report: &mut Reporter, exit: &Exit) -> Result<bool, Failure> {
        match *exit {
            // No component uses INS or OUTS.
            Exit::Io(access) if !access.string => {
                let now = self.vm.clock.now();
                io::carry_out(access, &mut self.vm.vcpu.general, &mut self.vm.pc, report, now);
                skip_instruction();
            }
            Exit::ExternalInterrupt { vector } => {
                host_timer::acknowledge(vector);
                let now = self.vm.clock.now();
                self.vm.pc.advance(now);
                if now.seconds() >= PATIENCE_SECONDS {
                    let rip = vmread(Field::GUEST_RIP);
                    return Err(unexpected(format_args!(
                        "the guest did not end within {PATIENCE_SECONDS} seconds of its time; RIP is {rip:X}h"
                    )));
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn settle(&mut self, report: &mut Reporter, mut exit: Exit) -> Result<Exit, Failure> {
        while self.answer(report, &exit)? {
            exit = self.step()?;
        }
        Ok(exit)
    }

    /// VMCLEAR, and the proof that the guest stayed inside.
    ///
    /// # Errors
    /// What the processor refuses; damage.
    pub fn finish(mut self, report: &mut Reporter) -> Result<(), Failure> {
        host_timer::stop();
        report.flush_serial();
        self.vmcs.clear().map_err(|failure| Failure::Instruction("VMCLEAR", failure))?;
        self.vm.verify()?;
        report.step(format_args!(
            "checksum over the VMM's code and tables: {:016X}h, unchanged",
            self.vm.seal.checksum()
        ));
        // A check that cannot fail proves nothing: one flipped bit must show.
        self.vm.bitmaps[1].bytes_mut()[0] ^= 1;
        match self.vm.verify() {
            Err(Damage::Checksum { .. }) => Ok(()),
            Err(Damage::Canary) | Ok(()) => {
                Err(unexpected(format_args!("the checksum does not notice a flipped bit")))
            }
        }
    }
}

impl ComponentVm {
    fn verify(&self) -> Result<(), Damage> {
        let frames = [self.space.directory(), &self.bitmaps[0], &self.bitmaps[1]];
        self.seal.verify(frames.into_iter(), self.space.ram())
    }
}

/// Reads the `results` in one loop; reports each, for programs and in words.
pub fn read_results(report: &mut Reporter) -> Results {
    let results = Results::read(vmread);
    for (field, value) in results.entries() {
        report.record(&Record::Result(field.encoding(), value));
        report.detail(format_args!(
            "{:04X}h {:36} {value:>10X}h  {}",
            field.encoding(),
            field.name(),
            results.describe(field)
        ));
    }
    results
}
