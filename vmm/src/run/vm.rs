//! The VM of a run: a PC, and what each of its exits means.

use core::arch::x86_64::CpuidResult;

use pc::{Pc, RebootCause, Ticks};
use v8086::{Cpu, FarPointer, General, GuestMemory, SegmentRegister, SystemRegisters};
use vmx::controls::ControlRefused;
use vmx::{Field, Machine};
use wire::{End, MEASURES_LEAF};

use crate::aids::Aids;
use crate::clock::Clock;
use crate::cpu::nmi;
use crate::cpu::vmx::{vmread, vmwrite};
use crate::cpu::world_switch::Vcpu;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::guest_cpu::{AtExit, FieldsAtExit, GuestCpu};
use crate::host_timer::{self, HostTimer};
use crate::memory::PcSpace;
use crate::plan::Surroundings;
use crate::report::Reporter;

use super::backend::{Backend, Injection};
use super::cpuid;
use super::disk::ModuleDisks;
use super::idle::Idle;
use super::interrupts::Watch;
use super::msrs::GuestMsrs;
use super::post_mortem::Ring;
use super::single_step::Stepping;
use super::statistics::Statistics;
use super::turns;

/// Blocking by NMI, in the interruptibility state. An exit for an NMI is no NMI that the guest has taken, but Bochs 2.7 saves it as one.
const BLOCKING_BY_NMI: u64 = 1 << 3;

/// CR4 bits that a guest in virtual-8086 mode may believe to have: VME, PVI, TSD, DE, PSE, PAE, PGE, PCE, OSFXSR,
/// OSXMMEXCPT.
pub const GUEST_CR4: u32 = 0x7BF;

/// A PC. The ring comes first: where a record lies is then computed by its address in the instruction that writes it.
#[repr(C)]
pub struct Vm {
    /// The last exits.
    pub ring: Ring,
    /// Registers that no VMCS holds.
    pub vcpu: Vcpu,
    /// What was read at the exit.
    pub at: AtExit,
    /// The TSC at which a device or the console next has something to do; 0: to be found out.
    pub due: u64,
    /// The TSC at which a device does, as far as was found out.
    pub event: u64,
    /// When the guest should be interrupted for a look at its screen.
    pub look_at: Option<Ticks>,
    /// The character that completes the text that a script waits for.
    pub awaited: Option<u8>,
    /// What may have come on the screen since a script was told.
    pub shown: Shown,
    /// The TSC at which the console does; 0: at every exit, of which statistics or a trace is kept.
    pub turn: u64,
    /// Whether the console leaves a guest in HLT alone until then.
    pub sleeps_alone: bool,
    /// The machine's timer.
    pub host_timer: HostTimer,
    /// Below this linear address code lies in RAM, whatever the A20 gate and the video mode say, and CS's base is its
    /// selector times 16; 0 once the guest has been in protected mode since its reset.
    pub plain_code: u32,
    /// How it is run.
    pub backend: &'static dyn Backend,
    /// What the processor does for it besides.
    pub aids: Aids,
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
    /// How the processor delivers its hardware interrupts, if its interrupt table is where the hardware goes through it.
    pub injection: Injection,
    /// Whether it is.
    pub redirects_interrupts: bool,
    /// Its model-specific registers, where no VMCS has them.
    pub msrs: GuestMsrs,
    /// An instruction that reaches beyond RAM is being stepped over.
    pub stepping: Option<Stepping>,
    /// What the VMCS has as primary controls, interrupt-window exiting aside.
    pub primary_controls: u64,
    /// Whether interrupt-window exiting is on.
    pub window_wanted: bool,
    /// Keeps it from running for ever.
    pub watch: Watch,
    /// Writes to ROM, holes and beyond the memory.
    pub dropped_writes: u64,
    /// Reads of holes and beyond the memory.
    pub hole_reads: u64,
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
    /// Time-stamp counts that the VMM has slept while the guest was in HLT.
    pub slept: u64,
    /// The guest's own timer ends its turn after so many TSC ticks of its own at most, less what it may be late.
    pub wound: u64,
}

/// What may have come on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Nothing that a script waits for.
    Nothing,
    /// A service has written.
    Now,
    /// The guest is about to write.
    Soon,
}

/// The guest has shut down.
pub const SHUTDOWN: Next = Next::End(End::TripleFault);

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
        self.primary_controls =
            machine.get(Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS).unwrap_or(0);
        self.forget_processor();
        Ok(machine)
    }

    /// Forgets what the VMM keeps of the guest's processor.
    pub fn forget_processor(&mut self) {
        self.vcpu.forget_host_stack();
        let smsw_shows_pe = self.system.smsw_shows_pe;
        self.aids.forget_translations();
        self.system = SystemRegisters { smsw_shows_pe, ..SystemRegisters::after_bios(GUEST_CR4) };
        self.msrs = GuestMsrs::default();
        self.stepping = None;
        self.plain_code = turns::CONVENTIONAL;
        self.window_wanted = false;
        self.space.close();
        self.redirect_interrupts(true);
    }

    /// Whether INT n in virtual-8086 mode goes through the interrupt table at 0 by hardware, or comes to the VMM.
    pub fn redirect_interrupts(&mut self, by_hardware: bool) {
        self.redirects_interrupts = by_hardware;
        self.space.redirect_interrupts(by_hardware);
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
                self.host_timer.ticked(self.at.tsc);
                if self.aids.timer.is_some() {
                    self.host_timer.shut();
                }
                // The look that it was for comes now, and takes its time.
                self.look_at = None;
                self.follow_timer();
                Ok(Next::Run)
            }
            // The devices and the console are next.
            Exit::PreemptionTimer => {
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
                self.watch.end();
                // The timer's line interrupts, too: now, or by an exit of its own.
                rt::irq::accept();
                self.host_timer.ticked(self.at.tsc);
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

    /// Lets the VM follow what a port or a service may have changed: the A20 gate, the memory of modes with pixels, the
    /// timer's rate.
    #[inline(never)]
    pub fn follow_devices(&mut self) {
        self.follow_event();
        self.space.set_a20(self.pc.a20());
        self.space.set_pixel_memory(self.pc.pixel_memory());
        let period = self.pc.timer_period();
        if period != self.timer_period {
            self.timer_period = period;
            self.follow_timer();
        }
    }

    /// Lets the VM follow a device that may next act at another time than before.
    #[inline(always)]
    pub fn follow_event(&mut self) {
        if self.clock.tsc_at(self.pc.next_event()) != self.event {
            self.due = 0;
        }
    }

    /// Lets the timer interrupt when the PC's devices next have something to do: the guest's own, or else the machine's.
    #[inline(never)]
    pub fn follow_timer(&mut self) {
        self.pc.advance(self.clock.now());
        self.expect_event();
        self.due = 0;
        self.follow_wake();
    }

    /// The machine's timer alone, where it is the only one, once it is known when a device next has something to do.
    pub fn follow_wake(&mut self) {
        if self.aids.timer.is_none() {
            self.host_timer.follow(self.wake_at(), self.timer_period, &self.clock);
        }
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

    /// Whether a device or the console may have something to do.
    #[inline(always)]
    pub fn is_due(&self) -> bool {
        self.at.tsc >= self.due || self.shown != Shown::Nothing
    }

    /// Whether the guest has its interrupts enabled.
    #[inline(always)]
    pub fn interrupts_enabled(&self) -> bool {
        self.at.interrupts_enabled()
    }
}

#[inline(always)]
fn set_answer(general: &mut General, answer: CpuidResult) {
    general.set_eax(answer.eax);
    general.set_ebx(answer.ebx);
    general.set_ecx(answer.ecx);
    general.set_edx(answer.edx);
}
