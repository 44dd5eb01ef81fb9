//! The VM of a run: a PC, and what each of its exits means.

use pc::{Context as Service, Pc, RebootCause, ServiceOutcome};
use v8086::{Cpu, FarPointer, Flags, GuestMemory, SegmentRegister, SystemRegisters};
use vmx::controls::{ControlRefused, primary};
use vmx::{Field, Machine};
use wire::End;

use crate::clock::Clock;
use crate::cpu::nmi::{self, IoApic};
use crate::cpu::vmx::{vmread, vmwrite};
use crate::cpu::world_switch::Vcpu;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::guest_cpu::{CurrentFields, GuestCpu};
use crate::memory::PcSpace;
use crate::plan::Surroundings;
use crate::report::Reporter;
use crate::{host_timer, io};

use super::backend::Backend;
use super::bios_trace::Call;
use super::disk::ModuleDisks;
use super::idle::Idle;
use super::msrs::GuestMsrs;
use super::statistics::Statistics;

/// Blocking by STI and by MOV SS, in the interruptibility state.
pub const BLOCKING: u64 = 0b11;

/// Blocking by NMI, there. An exit for an NMI is no NMI that the guest has taken, but Bochs 2.7 saves it as one.
const BLOCKING_BY_NMI: u64 = 1 << 3;

/// CR4 bits that a guest in virtual-8086 mode may believe to have: VME, PVI, TSD, DE, PSE, PAE, PGE, PCE, OSFXSR,
/// OSXMMEXCPT.
pub const GUEST_CR4: u32 = 0x7BF;

/// A PC.
pub struct Vm {
    /// Registers that no VMCS holds.
    pub vcpu: Vcpu,
    /// How it is run.
    pub backend: &'static dyn Backend,
    /// The guest's memory.
    pub space: PcSpace,
    /// Its devices and BIOS.
    pub pc: Pc,
    /// Its disks.
    pub disks: ModuleDisks,
    /// Its time.
    pub clock: Clock,
    /// The system registers that it believes in.
    pub system: SystemRegisters,
    /// Its model-specific registers, where no VMCS has them.
    pub msrs: GuestMsrs,
    /// An instruction that writes to ROM is being stepped over.
    pub stepping: Option<Stepping>,
    /// What the VMCS has as primary controls, interrupt-window exiting aside.
    pub primary_controls: u64,
    /// Whether interrupt-window exiting is on.
    pub window_wanted: bool,
    /// Turns the timer's ticks into NMIs while the guest has interrupts off; `None` where there is no I/O APIC.
    pub watchdog: Option<IoApic>,
    /// Whether it does so now.
    pub watched: bool,
    /// Writes to ROM, holes and beyond the memory.
    pub dropped_writes: u64,
    /// The period of the guest's timer that the host's follows.
    pub timer_period: u64,
    /// Finds a guest that only waits for a key.
    pub idle: Idle,
    /// Whether BIOS calls are told.
    pub traces_bios: bool,
    /// Counts, if they are wanted.
    pub statistics: Option<Statistics>,
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

    /// A processor after a reset, as a plan; what the VMM keeps of the old one is forgotten. The general
    /// registers and the coprocessor stay.
    ///
    /// # Errors
    /// [`ControlRefused`]
    pub fn reset_processor(&mut self, around: &Surroundings) -> Result<Machine, ControlRefused> {
        let machine = self.backend.plan(around, self.space.tables())?;
        self.vcpu.forget_host_stack();
        self.primary_controls =
            machine.get(Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS).unwrap_or(0);
        self.system = SystemRegisters::after_bios(GUEST_CR4);
        self.msrs = GuestMsrs::default();
        self.stepping = None;
        self.window_wanted = false;
        self.space.close();
        self.space.redirect_interrupts(true);
        Ok(machine)
    }

    /// Where the guest is; in a BIOS service, where it called from.
    pub fn place(&mut self) -> FarPointer {
        const ROM: u16 = 0xF000;
        let cpu = self.cpu();
        let (cs, ip) = (cpu.segment(SegmentRegister::Cs), cpu.eip() as u16);
        if cs != ROM {
            return FarPointer::new(cs, ip);
        }
        let stack = FarPointer::new(cpu.segment(SegmentRegister::Ss), cpu.esp() as u16);
        let word = |offset| self.space.read_u16(stack.plus(offset).linear());
        FarPointer::new(word(2), word(0))
    }

    /// Answers an exit.
    ///
    /// # Errors
    /// What a real-mode guest cannot cause, or cannot do on this back-end.
    pub fn answer(&mut self, exit: Exit, report: &mut Reporter) -> Result<Next, Failure> {
        match exit {
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
            Exit::Cpuid => Ok(self.cpuid()),
            Exit::Vmcall => Ok(self.vmcall(report)),
            Exit::TripleFault => Ok(Next::End(End::TripleFault)),
            // The watchdog's, most likely. An NMI of the machine is none of the guest's business.
            Exit::Nmi => {
                let state = vmread(Field::GUEST_INTERRUPTIBILITY_STATE);
                vmwrite(Field::GUEST_INTERRUPTIBILITY_STATE, state & !BLOCKING_BY_NMI);
                nmi::unblock();
                self.follow_timer();
                Ok(Next::Run)
            }
            other => self.backend.answer(self, other, report),
        }
    }

    fn cpuid(&mut self) -> Next {
        let general = &mut self.vcpu.general;
        let answer = super::cpuid::answer(general.eax(), general.ecx());
        general.set_eax(answer.eax);
        general.set_ebx(answer.ebx);
        general.set_ecx(answer.ecx);
        general.set_edx(answer.edx);
        self.backend.complete(self)
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
            return self.backend.string_io(self, access, report, now);
        }
        io::carry_out(access, &mut self.vcpu.general, &mut self.pc, report, now);
        self.follow_devices();
        Ok(match self.ended() {
            Some(end) => Next::End(end),
            None => self.backend.complete(self),
        })
    }

    fn vmcall(&mut self, report: &mut Reporter) -> Next {
        if !self.backend.in_real_mode() {
            return self.backend.undefined_instruction(self);
        }
        let now = self.clock.now();
        let function = self.vcpu.general.ah();
        let call = self.traces_bios.then(|| Call::begin(self));
        let mut cpu = GuestCpu::current(&mut self.vcpu.general);
        let mut service =
            Service { cpu: &mut cpu, memory: &mut self.space, disks: &mut self.disks, host: report, now };
        match self.pc.service(&mut service) {
            ServiceOutcome::Served { vector } => {
                if let Some(call) = call {
                    call.end(self, vector, report);
                }
                if let Some(statistics) = &mut self.statistics {
                    statistics.service(vector);
                }
                self.end_blocking();
                self.follow_devices();
                let space = &self.space;
                let waits = self.idle.served(vector, function, || caller_sees_zero(space), now);
                let next = if waits && interrupts_enabled() { Next::Sleep } else { Next::Run };
                self.ended().map_or(next, Next::End)
            }
            ServiceOutcome::NotAService => self.backend.undefined_instruction(self),
        }
    }

    /// Lets the VM follow what a port or a service may have changed: the A20 gate, the memory of modes with pixels, the
    /// timer's rate.
    pub fn follow_devices(&mut self) {
        self.space.set_a20(self.pc.a20());
        self.space.set_pixel_memory(self.pc.pixel_memory());
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
    pub fn deliver_interrupt(&mut self) -> Next {
        if self.stepping.is_some() || !self.pc.interrupt_pending() {
            return Next::Run;
        }
        // An exception that is about to be delivered goes first.
        let occupied = vmread(Field::VM_ENTRY_INTERRUPTION_INFORMATION) >> 31 & 1 == 1;
        let blocked = vmread(Field::GUEST_INTERRUPTIBILITY_STATE) & BLOCKING != 0;
        if occupied || blocked || vmread(Field::GUEST_RFLAGS) & u64::from(Flags::IF) == 0 {
            self.want_window(true);
            return Next::Run;
        }
        let vector = self.pc.acknowledge();
        if let Some(statistics) = &mut self.statistics {
            statistics.interrupt(vector);
        }
        self.backend.interrupt(self, vector)
    }

    /// Sees to it that the timer ends the guest's turn also while the guest has interrupts off. By the manual it always
    /// does, but Bochs 2.7 holds external interrupts back from a guest that was entered with IF = 0; an NMI gets
    /// through. To be called before every entry.
    pub fn watch(&mut self) {
        let closed = !interrupts_enabled();
        if closed != self.watched {
            self.watched = closed;
            match &self.watchdog {
                Some(io_apic) if closed => io_apic.deliver(),
                Some(io_apic) => io_apic.disarm(),
                None => {}
            }
        }
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

/// ZF in the FLAGS that the caller of a BIOS service gets back.
fn caller_sees_zero(space: &PcSpace) -> bool {
    let flags = (vmread(Field::GUEST_RSP) as u16).wrapping_add(4);
    u32::from(space.read_u16(vmread(Field::GUEST_SS_BASE) as u32 + u32::from(flags))) & Flags::ZF != 0
}

/// Whether the guest would take an interrupt if one came.
pub fn interrupts_enabled() -> bool {
    vmread(Field::GUEST_RFLAGS) & u64::from(Flags::IF) != 0
}
