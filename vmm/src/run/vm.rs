//! The VM of a run: a PC, and what each of its exits means.

use core::arch::x86_64::CpuidResult;

use pc::{Context as Service, Pc, RebootCause, ServiceOutcome, Ticks};
use v8086::{Cpu, FarPointer, Flags, General, GuestMemory, SegmentRegister, SystemRegisters};
use vmx::controls::{ControlRefused, primary};
use vmx::{Field, Machine};
use wire::{End, MEASURES_LEAF};

use crate::clock::Clock;
use crate::cpu::nmi::{self, IoApic};
use crate::cpu::vmx::{vmread, vmwrite};
use crate::cpu::world_switch::Vcpu;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::guest_cpu::{AtExit, FieldsAtExit, GuestCpu};
use crate::host_timer;
use crate::memory::PcSpace;
use crate::plan::Surroundings;
use crate::report::Reporter;

use super::backend::Backend;
use super::bios_trace::Call;
use super::cpuid;
use super::disk::ModuleDisks;
use super::idle::Idle;
use super::msrs::GuestMsrs;
use super::post_mortem::Ring;
use super::statistics::Statistics;
use super::turns;

/// Blocking by STI and by MOV SS, in the interruptibility state.
const BLOCKING: u64 = 0b11;

/// Blocking by NMI, there. An exit for an NMI is no NMI that the guest has taken, but Bochs 2.7 saves it as one.
const BLOCKING_BY_NMI: u64 = 1 << 3;

/// CR4 bits that a guest in virtual-8086 mode may believe to have: VME, PVI, TSD, DE, PSE, PAE, PGE, PCE, OSFXSR,
/// OSXMMEXCPT.
pub const GUEST_CR4: u32 = 0x7BF;

/// The length of VMCALL, in bytes.
const VMCALL_LENGTH: u32 = 3;

/// A PC.
pub struct Vm {
    /// Registers that no VMCS holds.
    pub vcpu: Vcpu,
    /// What was read at the exit.
    pub at: AtExit,
    /// The TSC at which a device or the console next has something to do; 0: to be found out.
    pub due: u64,
    /// When a device next has something to do, as `due` has it.
    pub expected: Option<Ticks>,
    /// When the guest should be interrupted for a look at its screen.
    pub look_at: Option<Ticks>,
    /// CS's base is its selector times 16, linear addresses are physical: the guest has been in real mode since its reset.
    pub plain_real_mode: bool,
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
    /// Whether it does so now: 0, or the bit of RFLAGS that the guest then has clear.
    pub watched: u32,
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
    /// Whether the guest may ask what its exits cost.
    pub measured: bool,
    /// The last exits.
    pub ring: Ring,
    /// Time-stamp counts that the VMM has slept while the guest was in HLT.
    pub slept: u64,
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
    pub fn cpu(&mut self) -> GuestCpu<'_, FieldsAtExit<'_>> {
        GuestCpu::at_exit(&mut self.vcpu.general, &mut self.at)
    }

    /// A processor after a reset, as a plan; what the VMM keeps of the old one is forgotten. The general
    /// registers and the coprocessor stay.
    ///
    /// # Errors
    /// [`ControlRefused`]
    pub fn reset_processor(&mut self, around: &Surroundings) -> Result<Machine, ControlRefused> {
        let mut machine = self.backend.plan(around, self.space.tables())?;
        if !self.system.smsw_shows_pe {
            let shadow = machine.get(Field::CR0_READ_SHADOW).unwrap_or(0);
            machine.set(Field::CR0_READ_SHADOW, shadow & !u64::from(v8086::Cr0::PE));
        }
        self.vcpu.forget_host_stack();
        self.primary_controls =
            machine.get(Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS).unwrap_or(0);
        let smsw_shows_pe = self.system.smsw_shows_pe;
        self.system = SystemRegisters { smsw_shows_pe, ..SystemRegisters::after_bios(GUEST_CR4) };
        self.msrs = GuestMsrs::default();
        self.stepping = None;
        self.plain_real_mode = true;
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
    #[inline(never)]
    pub fn answer(&mut self, exit: Exit, report: &mut Reporter) -> Result<Next, Failure> {
        #[cfg(feature = "fuzz")]
        if self.first_write(exit) {
            return Ok(Next::Run);
        }
        match exit {
            Exit::ExternalInterrupt { vector } => {
                host_timer::acknowledge(vector);
                // The look that it was for comes now, and takes its time.
                self.look_at = None;
                self.follow_timer();
                Ok(Next::Run)
            }
            Exit::InterruptWindow => {
                self.want_window(false);
                Ok(Next::Run)
            }
            Exit::Io(access) => self.io(access, report),
            Exit::Cpuid => {
                self.answer_cpuid();
                Ok(self.backend.complete(self, vmread(Field::VM_EXIT_INSTRUCTION_LENGTH) as u32))
            }
            Exit::Vmcall => Ok(self.vmcall(report)),
            Exit::TripleFault => Ok(Next::End(End::TripleFault)),
            // The watchdog's, most likely. An NMI of the machine is none of the guest's business.
            Exit::Nmi => {
                let state = vmread(Field::GUEST_INTERRUPTIBILITY_STATE);
                vmwrite(Field::GUEST_INTERRUPTIBILITY_STATE, state & !BLOCKING_BY_NMI);
                nmi::unblock();
                // The timer's line interrupts, too: now, or by an exit of its own.
                rt::irq::accept();
                self.follow_timer();
                Ok(Next::Run)
            }
            other => self.backend.answer(self, other, report),
        }
    }

    /// What CPUID returns.
    #[inline(always)]
    pub fn answer_cpuid(&mut self) {
        let general = &mut self.vcpu.general;
        match general.eax() {
            0 => [general.rax, general.rbx, general.rcx, general.rdx] = rt::cpu::cpuid_0(),
            leaf @ (MEASURES_LEAF | cpuid::NEXT_MEASURES_LEAF) if self.measured => {
                set_answer(general, cpuid::measures(leaf, self.ring.count(), self.slept));
            }
            leaf => set_answer(general, cpuid::answer(leaf, general.ecx())),
        }
    }

    /// Answers a BIOS service that only looks at memory and the screen. `false`: it is none.
    #[inline(always)]
    pub fn quick_vmcall(&mut self, at: &AtExit) -> bool {
        if !self.has_quick_services() {
            return false;
        }
        let place = FarPointer::new(at.cs, at.rip as u16);
        let done = if let Some(word) = Pc::looked_up(place) {
            let ax = u16::from_le_bytes(self.space.ram().conventional(word));
            self.vcpu.general.set_ax(ax);
            true
        } else {
            self.quick_service(place)
        };
        if done {
            turns::complete(self, at, VMCALL_LENGTH);
        }
        done
    }

    #[inline(never)]
    fn quick_service(&mut self, place: FarPointer) -> bool {
        let Some(vector) = pc::service_vector(place.segment, place.offset) else { return false };
        // Who watches wants to know whether the guest is busy.
        !self.idle.is_wanted()
            && self.pc.quick_service(vector, &mut self.vcpu.general, self.space.first_mib(), caller_flags)
    }

    fn vmcall(&mut self, report: &mut Reporter) -> Next {
        if !self.plain_real_mode && !self.backend.in_real_mode() {
            return self.backend.undefined_instruction(self);
        }
        self.serve(FarPointer::new(self.at.cs, self.at.rip as u16), report)
    }

    /// Whether a service may be answered without more ado: nobody wants to be told of it.
    #[inline(always)]
    fn has_quick_services(&self) -> bool {
        self.plain_real_mode && !self.traces_bios && self.statistics.is_none()
    }

    #[inline(never)]
    fn serve(&mut self, place: FarPointer, report: &mut Reporter) -> Next {
        let now = self.clock.at(self.at.tsc);
        let function = self.vcpu.general.ah();
        let call = self.traces_bios.then(|| Call::begin(self));
        let mut cpu = GuestCpu::at_exit(&mut self.vcpu.general, &mut self.at);
        let mut service =
            Service { cpu: &mut cpu, memory: &mut self.space, disks: &mut self.disks, host: report, now };
        match self.pc.service_at(place, &mut service) {
            ServiceOutcome::Served { vector, moves_devices } => {
                if let Some(call) = call {
                    call.end(self, vector, report);
                }
                if let Some(statistics) = &mut self.statistics {
                    statistics.service(vector);
                }
                self.at.end_blocking();
                if moves_devices {
                    self.follow_devices();
                } else {
                    self.space.set_pixel_memory(self.pc.pixel_memory());
                }
                let space = &self.space;
                let waits = self.idle.served(vector, function, || caller_sees_zero(space), now);
                let next = if waits && self.interrupts_enabled() { Next::Sleep } else { Next::Run };
                self.ended().map_or(next, Next::End)
            }
            ServiceOutcome::NotAService => self.backend.undefined_instruction(self),
        }
    }

    /// Lets the VM follow what a port or a service may have changed: the A20 gate, the memory of modes with pixels, the
    /// timer's rate.
    #[inline(never)]
    pub fn follow_devices(&mut self) {
        if self.pc.next_event() != self.expected {
            self.due = 0;
        }
        self.space.set_a20(self.pc.a20());
        self.space.set_pixel_memory(self.pc.pixel_memory());
        let period = self.pc.timer_period();
        if period != self.timer_period {
            self.timer_period = period;
            self.follow_timer();
        }
    }

    /// Lets the host's timer interrupt when the PC's devices next have something to do.
    #[inline(never)]
    pub fn follow_timer(&mut self) {
        self.due = 0;
        let now = self.clock.now();
        self.pc.advance(now);
        host_timer::follow(&self.pc, now, self.look_at);
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
    #[inline(always)]
    pub fn deliver_interrupt(&mut self) -> Next {
        if self.pc.interrupt_pending() && self.stepping.is_none() {
            self.deliver_pending()
        } else {
            Next::Run
        }
    }

    /// Gives the guest the interrupt that is due, or asks for the moment when it can take it.
    #[inline(never)]
    pub fn deliver_pending(&mut self) -> Next {
        if !self.interrupts_enabled() || !(self.at.complete || is_free()) {
            self.want_window(true);
            return Next::Run;
        }
        let vector = self.pc.acknowledge();
        if let Some(statistics) = &mut self.statistics {
            statistics.interrupt(vector);
        }
        self.backend.interrupt(self, vector)
    }

    /// Whether a device or the console may have something to do.
    #[inline(always)]
    pub fn is_due(&self) -> bool {
        self.at.tsc >= self.due
    }

    /// Whether the guest has its interrupts enabled.
    #[inline(always)]
    pub fn interrupts_enabled(&self) -> bool {
        self.at.rflags & Flags::IF != 0
    }

    /// Sees to it that the timer ends the guest's turn also while the guest has interrupts off. By the manual it always
    /// does, but Bochs 2.7 holds external interrupts back from a guest that was entered with IF = 0; an NMI gets
    /// through. To be called before every entry.
    #[inline(always)]
    pub fn watch(&mut self, rflags: u32) {
        if rflags & Flags::IF == self.watched {
            self.change_watch();
        }
    }

    #[inline(never)]
    fn change_watch(&mut self) {
        self.watched ^= Flags::IF;
        match &self.watchdog {
            Some(io_apic) if self.watched != 0 => io_apic.deliver(),
            Some(io_apic) => io_apic.disarm(),
            None => {}
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

/// Where the FLAGS lie that the caller of a BIOS service gets back.
fn caller_flags() -> u32 {
    let offset = (vmread(Field::GUEST_RSP) as u16).wrapping_add(4);
    vmread(Field::GUEST_SS_BASE) as u32 + u32::from(offset)
}

/// ZF in those FLAGS.
fn caller_sees_zero(space: &PcSpace) -> bool {
    u32::from(space.read_u16(caller_flags())) & Flags::ZF != 0
}

#[inline(always)]
fn set_answer(general: &mut General, answer: CpuidResult) {
    general.set_eax(answer.eax);
    general.set_ebx(answer.ebx);
    general.set_ecx(answer.ecx);
    general.set_edx(answer.edx);
}

/// Whether neither STI nor MOV SS holds an interrupt back, and no exception is about to be delivered, which goes first.
fn is_free() -> bool {
    let occupied = vmread(Field::VM_ENTRY_INTERRUPTION_INFORMATION) >> 31 & 1 == 1;
    let blocked = vmread(Field::GUEST_INTERRUPTIBILITY_STATE) & BLOCKING != 0;
    !occupied && !blocked
}
