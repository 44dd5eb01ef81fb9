//! The back-ends `v8086` and `v8086-ept`: the PC's processor is in virtual-8086 mode at IOPL 3, with its real IF, and
//! INT n goes through the guest's interrupt table by hardware.
//!
//! Every exception exits. Most are the guest's own and go to its handler as real mode would send them; #GP may stand
//! for an instruction that virtual-8086 mode refuses, which the monitor carries out; #PF, or an EPT violation, is an
//! access beyond RAM; #DB may be the VMM's own single step.

use pc::Ticks;
use v8086::string_io::StringIo;
use v8086::{Change, Flags, Monitor, Outcome, Shutdown, step, vector};
use vmx::control_register::cr4;
use vmx::controls::ControlRefused;
use vmx::event::{Event, EventKind, InterruptionInformation};
use vmx::exit::IoQualification;
use vmx::{Field, Machine};
use wire::{End, LineKind};

use crate::cpu::registers;
use crate::cpu::vmx::{vmread, vmwrite};
use crate::exit::Exit;
use crate::failure::{Failure, Unsupported, unexpected};
use crate::guest_cpu::{FieldsAtExit, GuestCpu};
use crate::io::PcPorts;
use crate::memory::{Access, Mode, PcSpace, Tables, Translation};
use crate::plan::{self, Surroundings};
use crate::report::Reporter;

use super::backend::{Backend, Injection};
use super::ept_report;
use super::msrs::GuestMsrs;
use super::single_step::Stepping;
use super::vm::{Next, Vm};

/// Elements of INS or OUTS that are moved in one exit.
const STRING_BATCH: u32 = 64;

/// See the module.
pub struct Virtual8086 {
    /// Whether EPT stands between the guest and its memory, else page tables of the VMM.
    pub extended: bool,
}

impl Backend for Virtual8086 {
    fn name(&self) -> &'static str {
        if self.extended { "v8086-ept" } else { "v8086" }
    }

    fn translation(&self) -> Translation {
        if self.extended { Translation::Extended(Mode::Virtual8086) } else { Translation::PageTables }
    }

    fn plan(&self, around: &Surroundings, tables: Tables) -> Result<Machine, ControlRefused> {
        plan::real_mode_pc(around, tables)
    }

    fn answer(&self, vm: &mut Vm, exit: Exit, report: &mut Reporter) -> Result<Next, Failure> {
        match exit {
            Exit::Exception { event, while_delivering } => vm.exception(event, while_delivering, report),
            Exit::EptViolation { physical, access } => {
                let delivering = InterruptionInformation(vmread(Field::IDT_VECTORING_INFORMATION) as u32);
                let opens_screen = vm.opens_screen(physical);
                if !opens_screen && !vm.space.is_refused(physical) {
                    return Err(ept_report::tell(vm, report, Some(access)));
                }
                vm.closed_page(physical, Access::of(access.write()), delivering.is_valid(), opens_screen)
            }
            Exit::EptMisconfiguration => Err(ept_report::tell(vm, report, None)),
            // MOV to and from a debug register exits before the #GP of its privilege is raised.
            Exit::DebugRegister(_) => {
                let outcome = vm.monitor(|monitor| monitor.exception(v8086::Exception::REFUSED));
                vm.follow(outcome, report)
            }
            other => Err(unexpected(format_args!("virtual-8086 mode left by {other}"))),
        }
    }

    fn string_io(
        &self,
        vm: &mut Vm,
        access: IoQualification,
        report: &mut Reporter,
        now: Ticks,
    ) -> Result<Next, Failure> {
        vm.string_io(access, report, now)
    }

    fn complete(&self, vm: &mut Vm, length: u32) -> Next {
        let next = vm.at.rip + length;
        vm.at.end_blocking();
        if vm.at.rflags & (Flags::TF | Flags::RF) == 0 {
            vm.at.set_rip(next);
            return Next::Run;
        }
        let mut cpu = GuestCpu::at_exit(&mut vm.vcpu.general, &mut vm.at);
        match step::complete(&mut cpu, &mut vm.space, &mut vm.system, next) {
            Ok(()) => Next::Run,
            Err(Shutdown) => Next::End(End::TripleFault),
        }
    }

    fn undefined_instruction(&self, vm: &mut Vm) -> Next {
        let exception = v8086::Exception::Fault { vector: vector::INVALID_OPCODE };
        match vm.monitor(|monitor| monitor.exception(exception)) {
            Outcome::Shutdown => Next::End(End::TripleFault),
            _ => {
                vm.at.end_blocking();
                Next::Run
            }
        }
    }

    /// As a software interrupt of length 1, one byte before where the guest is: the processor then goes through the guest's
    /// interrupt table by itself and pushes the right IP (SDM vol. 3, "Interrupt and Exception Handling in Virtual-8086 Mode",
    /// method 5 with the redirection bit clear). The plan has set the instruction length, and nothing else changes it.
    fn injection(&self) -> Injection {
        Injection { information: Event::software_interrupt(0).entry_information(), length: 1, mask: 0xFFFF }
    }

    fn in_real_mode(&self) -> bool {
        true
    }
}

impl Vm {
    /// Answers an exception.
    fn exception(
        &mut self,
        event: Event,
        while_delivering: bool,
        report: &mut Reporter,
    ) -> Result<Next, Failure> {
        if event.vector == vector::PAGE_FAULT {
            /// In a page fault's error code.
            const WRITE: u32 = 1 << 1;
            let write = event.error_code.unwrap_or(0) & WRITE != 0;
            let address = vmread(Field::EXIT_QUALIFICATION);
            let opens_screen = self.opens_screen(address);
            return self.closed_page(address, Access::of(write), while_delivering, opens_screen);
        }
        let stepped = self.end_step();
        if while_delivering {
            return Ok(self.interrupted_delivery(self.system.idtr));
        }
        let exception = match (event.vector, event.kind) {
            (vector::DEBUG, EventKind::HardwareException) => {
                let causes = vmread(Field::EXIT_QUALIFICATION) as u32;
                let Some(causes) = guest_causes(causes, stepped) else { return Ok(Next::Run) };
                v8086::Exception::Debug { causes }
            }
            (vector, EventKind::SoftwareException | EventKind::PrivilegedSoftwareException) => {
                let length = vmread(Field::VM_EXIT_INSTRUCTION_LENGTH) as u8;
                v8086::Exception::Software { vector, length }
            }
            (vector, _) => v8086::Exception::Fault { vector },
        };
        let outcome = self.monitor(|monitor| monitor.exception(exception));
        self.follow(outcome, report)
    }

    /// INS or OUTS.
    fn string_io(
        &mut self,
        access: IoQualification,
        report: &mut Reporter,
        now: Ticks,
    ) -> Result<Next, Failure> {
        let mut cpu = GuestCpu::at_exit(&mut self.vcpu.general, &mut self.at);
        // No string I/O there any more: the guest rewrote it through an alias. It is fetched again.
        let Some(string_io) = StringIo::decode(&cpu, &self.space) else { return Ok(Next::Run) };
        debug_assert_eq!(string_io.port, access.port);
        let mut ports = PcPorts { pc: &mut self.pc, host: report, now };
        let outcome = string_io.run(&mut cpu, &mut self.space, &mut self.system, &mut ports, STRING_BATCH);
        self.follow_devices();
        match self.ended() {
            Some(end) => Ok(Next::End(end)),
            None => self.follow(outcome, report),
        }
    }

    fn monitor(
        &mut self,
        work: impl FnOnce(&mut Monitor<GuestCpu<FieldsAtExit>, PcSpace, GuestMsrs>) -> Outcome,
    ) -> Outcome {
        let mut cpu = GuestCpu::at_exit(&mut self.vcpu.general, &mut self.at);
        let mut monitor = Monitor {
            cpu: &mut cpu,
            memory: &mut self.space,
            system: &mut self.system,
            model_specific: &mut self.msrs,
        };
        work(&mut monitor)
    }

    /// Does what an outcome of the monitor leaves to the VMM.
    fn follow(&mut self, outcome: Outcome, report: &mut Reporter) -> Result<Next, Failure> {
        match outcome {
            Outcome::X87Interrupt => return Ok(self.x87_error()),
            Outcome::EnterProtectedMode { at, by, cr0 } => {
                report.line(LineKind::Error, format_args!("the guest sets CR0 to {cr0:08X}h"));
                return Err(Unsupported { by: by.text(), at, backend: self.backend.name() }.into());
            }
            Outcome::Shutdown => return Ok(Next::End(End::TripleFault)),
            Outcome::Halt | Outcome::More | Outcome::Reflected { .. } | Outcome::Done(_) => {}
        }
        self.at.end_blocking();
        match outcome {
            Outcome::Done(change) => self.mirror(change),
            Outcome::Reflected { vector: vector::DEBUG } => self.mirror(Change::DebugRegisters),
            _ => {}
        }
        Ok(if outcome == Outcome::Halt { Next::Sleep } else { Next::Run })
    }

    /// Lets the hardware follow a change of what the guest believes.
    fn mirror(&mut self, change: Change) {
        /// CR0.MP, EM and TS work in virtual-8086 mode as in real mode.
        const COPROCESSOR: u32 = v8086::Cr0::MP | v8086::Cr0::EM | v8086::Cr0::TS;
        /// CR4.OSFXSR and OSXMMEXCPT let the guest use SSE.
        const SSE: u64 = cr4::OSFXSR | cr4::OSXMMEXCPT;
        /// Blocking by STI.
        const STI: u64 = 1;
        match change {
            Change::None => {}
            Change::ControlRegisters => {
                let real = vmread(Field::GUEST_CR0) & !u64::from(COPROCESSOR);
                vmwrite(Field::GUEST_CR0, real | u64::from(self.system.cr0 & COPROCESSOR));
                vmwrite(Field::CR0_READ_SHADOW, u64::from(self.system.shown_cr0()));
                let real = vmread(Field::GUEST_CR4) & !SSE;
                vmwrite(Field::GUEST_CR4, real | u64::from(self.system.cr4) & SSE);
            }
            Change::DescriptorTables => self.mirror_tables(),
            Change::DebugRegisters => {
                registers::set_breakpoints(self.system.breakpoints);
                // GD would trap the VMM's emulation of the next access, which cannot reach the hardware anyway.
                vmwrite(Field::GUEST_DR7, u64::from(self.system.dr7 & !v8086::Debug::GD));
            }
            Change::InterruptShadow => vmwrite(Field::GUEST_INTERRUPTIBILITY_STATE, STI),
        }
    }

    /// SGDT and SIDT show what LGDT and LIDT loaded. An interrupt table elsewhere than real mode's makes INT n the
    /// monitor's affair, since the hardware goes through the table at 0 only.
    fn mirror_tables(&mut self) {
        let (gdtr, idtr) = (self.system.gdtr, self.system.idtr);
        vmwrite(Field::GUEST_GDTR_BASE, gdtr.base.into());
        vmwrite(Field::GUEST_GDTR_LIMIT, gdtr.limit.into());
        vmwrite(Field::GUEST_IDTR_BASE, idtr.base.into());
        let standard = idtr.is_standard_interrupt_table();
        vmwrite(Field::GUEST_IDTR_LIMIT, if standard { idtr.limit.into() } else { 0 });
        self.redirect_interrupts(standard);
    }

    /// The guest reaches beyond RAM. The instruction goes on with the page open; a frame that is pushed there vanishes. A page
    /// of the screen that is open by now needs no more than that.
    fn closed_page(
        &mut self,
        address: u64,
        access: Access,
        delivering: bool,
        is_screen: bool,
    ) -> Result<Next, Failure> {
        if delivering {
            self.dropped_writes += u64::from(!is_screen);
            return Ok(self.interrupted_delivery(self.system.idtr));
        }
        if is_screen {
            return Ok(Next::Run);
        }
        if !self.open(address, access) {
            let rip = self.at.rip;
            return Err(unexpected(format_args!("the guest faults at {address:X}h, RIP {rip:X}h")));
        }
        self.step(None);
        Ok(Next::Run)
    }
}

/// The causes of a #DB that the guest should hear of, `None` if there are none: the VMM's own step is none.
fn guest_causes(causes: u32, stepped: Option<Stepping>) -> Option<u32> {
    let own_step = stepped.is_some_and(|stepping| !stepping.guest_traps);
    let causes = if own_step { causes & !v8086::Debug::BS } else { causes };
    (causes & (v8086::Debug::BREAKPOINTS | v8086::Debug::BS | v8086::Debug::BD) != 0).then_some(causes)
}
