//! The VM of a run: a real-mode PC in virtual-8086 mode, and what each of its exits means.

use pc::{Context as Service, Pc, RebootCause, ServiceOutcome};
use v8086::{Flags, SystemRegisters, TableRegister, interrupt, step};
use vmx::Field;
use vmx::controls::primary;
use vmx::event::Event;
use wire::End;

use crate::clock::Clock;
use crate::cpu::vmx::{vmread, vmwrite};
use crate::cpu::world_switch::Vcpu;
use crate::exit::Exit;
use crate::failure::{Failure, unexpected};
use crate::guest_cpu::{CurrentFields, GuestCpu};
use crate::memory::RealModeSpace;
use crate::report::Reporter;
use crate::{host_timer, io};

use super::disk::ModuleDisk;

/// Blocking by STI and by MOV SS, in the interruptibility state.
pub const BLOCKING: u64 = 0b11;

/// A real-mode PC.
pub struct Vm {
    /// Registers that no VMCS holds.
    pub vcpu: Vcpu,
    /// The guest's memory.
    pub space: RealModeSpace,
    /// Its devices and BIOS.
    pub pc: Pc,
    /// Its disk.
    pub disk: ModuleDisk,
    /// Its time.
    pub clock: Clock,
    /// The system registers that it believes in.
    pub system: SystemRegisters,
    /// An instruction that writes to ROM is being stepped over.
    pub stepping: Option<Stepping>,
    /// What the VMCS has as primary controls, interrupt-window exiting aside.
    pub primary_controls: u64,
    /// Whether interrupt-window exiting is on.
    pub window_wanted: bool,
    /// The period of the guest's timer that the host's follows.
    pub timer_period: u64,
}

/// A read-only page is open for one instruction.
#[derive(Clone, Copy, Debug)]
pub struct Stepping {
    /// Whether the guest itself single-steps.
    pub guest_traps: bool,
}

/// What comes after an exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The guest goes on.
    Run,
    /// The guest sleeps until an interrupt.
    Sleep,
    /// The guest has ended.
    End(End),
}

impl Vm {
    /// The guest's processor.
    pub fn cpu(&mut self) -> GuestCpu<'_, CurrentFields> {
        GuestCpu::current(&mut self.vcpu.general)
    }

    /// Answers an exit.
    ///
    /// # Errors
    /// What a real-mode guest cannot cause, or cannot do on this back-end.
    pub fn answer(&mut self, exit: Exit, report: &mut Reporter) -> Result<Next, Failure> {
        match exit {
            Exit::Exception { event, while_delivering } => self.exception(event, while_delivering, report),
            Exit::ExternalInterrupt { vector } => {
                host_timer::acknowledge(vector);
                self.follow_timer();
                Ok(Next::Run)
            }
            Exit::InterruptWindow => {
                self.want_window(false);
                Ok(Next::Run)
            }
            Exit::Io(access) => self.io(access, report),
            Exit::Cpuid => self.cpuid(),
            Exit::Vmcall => self.vmcall(report),
            Exit::TripleFault => Ok(Next::End(End::TripleFault)),
            // An NMI of the machine is none of the guest's business.
            Exit::Nmi => Ok(Next::Run),
            Exit::ControlRegister(_)
            | Exit::DebugRegister(_)
            | Exit::Hlt
            | Exit::Rdmsr
            | Exit::Wrmsr
            | Exit::Invalidate
            | Exit::Other(_) => Err(unexpected(format_args!("virtual-8086 mode left by {exit}"))),
        }
    }

    fn cpuid(&mut self) -> Result<Next, Failure> {
        let general = &mut self.vcpu.general;
        let answer = super::cpuid::answer(general.eax(), general.ecx());
        general.set_eax(answer.eax);
        general.set_ebx(answer.ebx);
        general.set_ecx(answer.ecx);
        general.set_edx(answer.edx);
        self.complete()
    }

    /// Ends an instruction whose exit told its length.
    pub fn complete(&mut self) -> Result<Next, Failure> {
        let next = vmread(Field::GUEST_RIP) + vmread(Field::VM_EXIT_INSTRUCTION_LENGTH);
        self.end_blocking();
        let mut cpu = GuestCpu::current(&mut self.vcpu.general);
        Ok(match step::complete(&mut cpu, &mut self.space, &mut self.system, next as u32) {
            Ok(()) => Next::Run,
            Err(v8086::Shutdown) => Next::End(End::TripleFault),
        })
    }

    /// The instruction after STI or MOV SS has been carried out.
    pub fn end_blocking(&mut self) {
        if vmread(Field::GUEST_INTERRUPTIBILITY_STATE) & BLOCKING != 0 {
            vmwrite(Field::GUEST_INTERRUPTIBILITY_STATE, 0);
        }
    }

    fn io(&mut self, access: vmx::exit::IoQualification, report: &mut Reporter) -> Result<Next, Failure> {
        let now = self.clock.now();
        if access.string {
            return self.string_io(access, report, now);
        }
        io::carry_out(access, &mut self.vcpu.general, &mut self.pc, report, now);
        self.follow_devices();
        match self.ended() {
            Some(end) => Ok(Next::End(end)),
            None => self.complete(),
        }
    }

    fn vmcall(&mut self, report: &mut Reporter) -> Result<Next, Failure> {
        let now = self.clock.now();
        let mut cpu = GuestCpu::current(&mut self.vcpu.general);
        let mut service =
            Service { cpu: &mut cpu, memory: &mut self.space, disks: &mut self.disk, host: report, now };
        match self.pc.service(&mut service) {
            ServiceOutcome::Served { .. } => {
                self.end_blocking();
                self.follow_devices();
                Ok(self.ended().map_or(Next::Run, Next::End))
            }
            ServiceOutcome::NotAService => self.undefined_instruction(),
        }
    }

    /// Lets the VM follow what a port or a service may have changed: the A20 gate, the timer's rate.
    pub fn follow_devices(&mut self) {
        self.space.set_a20(self.pc.a20());
        let period = self.pc.timer_period();
        if period != self.timer_period {
            self.timer_period = period;
            self.follow_timer();
        }
    }

    /// Lets the host's timer interrupt when the PC's devices next have something to do.
    pub fn follow_timer(&mut self) {
        let now = self.clock.now();
        self.pc.advance(now);
        host_timer::follow(&self.pc, now);
    }

    /// How the guest asked for its end, if it did.
    pub fn ended(&self) -> Option<End> {
        Some(match self.pc.end()? {
            pc::End::Reboot(RebootCause::BootstrapService | RebootCause::CtrlAltDel) => End::BootAgain,
            pc::End::Reboot(RebootCause::ResetVector) => End::ResetVector,
            pc::End::Reboot(RebootCause::KeyboardController) => End::KeyboardReset,
            pc::End::Reboot(RebootCause::SystemControlPort) => End::FastReset,
            pc::End::PowerOff => End::PowerOff,
            pc::End::NothingToBoot => End::NoBoot,
            pc::End::FaultLoop { vector, address } => {
                End::FaultLoop { vector, cs: address.segment, ip: address.offset }
            }
        })
    }

    /// Gives the guest an interrupt that is due, if it can take one; else asks for the moment when it can.
    pub fn deliver_interrupt(&mut self) -> Result<Next, Failure> {
        if self.stepping.is_some() || !self.pc.interrupt_pending() {
            return Ok(Next::Run);
        }
        let blocked = vmread(Field::GUEST_INTERRUPTIBILITY_STATE) & BLOCKING != 0;
        if blocked || vmread(Field::GUEST_RFLAGS) & u64::from(Flags::IF) == 0 {
            self.want_window(true);
            return Ok(Next::Run);
        }
        let vector = self.pc.acknowledge();
        let table: TableRegister = self.system.idtr;
        if table.is_standard_interrupt_table() {
            inject(vector);
            return Ok(Next::Run);
        }
        let mut cpu = GuestCpu::current(&mut self.vcpu.general);
        let ip = vmread(Field::GUEST_RIP) as u16;
        Ok(match interrupt::deliver(&mut cpu, &mut self.space, table, vector, ip) {
            Ok(()) => Next::Run,
            Err(v8086::Shutdown) => Next::End(End::TripleFault),
        })
    }

    fn want_window(&mut self, wanted: bool) {
        if self.window_wanted != wanted {
            self.window_wanted = wanted;
            let window = if wanted { primary::INTERRUPT_WINDOW_EXITING } else { 0 };
            let controls = self.primary_controls | window;
            vmwrite(Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, controls);
        }
    }
}

/// Delivers a hardware interrupt at the next entry as a software interrupt of length 1, one byte before where the
/// guest is: the processor then goes through the guest's interrupt table by itself and pushes the right IP
/// (SDM vol. 3, "Interrupt and Exception Handling in Virtual-8086 Mode", method 5 with the redirection bit clear).
fn inject(vector: u8) {
    let rip = vmread(Field::GUEST_RIP);
    vmwrite(Field::GUEST_RIP, rip.wrapping_sub(1) & 0xFFFF);
    vmwrite(Field::VM_ENTRY_INSTRUCTION_LENGTH, 1);
    let event = Event::software_interrupt(vector);
    vmwrite(Field::VM_ENTRY_INTERRUPTION_INFORMATION, event.entry_information().into());
}

/// Whether the guest would take an interrupt if one came.
pub fn interrupts_enabled() -> bool {
    vmread(Field::GUEST_RFLAGS) & u64::from(Flags::IF) != 0
}
