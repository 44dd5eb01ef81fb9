//! One VM, in which program after program is tried.
//!
//! Before each it is restored: the pages that the last program wrote, devices, registers, disks, time. After each the
//! processor's registers and the canaries must be what they were.

use fuzz::{Outcome, PLANT_MAGIC, PLANT_PORT, SECTOR_BYTES};
use pc::{Context as Service, Pc, PcConfig, Signature, Ticks};
use rt::cpu::rdtsc;
use v8086::Shutdown;
use vmx::{Field, Machine};
use wire::{End, FuzzJob, Plant};

use crate::cpu::host_registers::{self, HostRegisters};
use crate::cpu::vmx::{vmread, vmwrite};
use crate::cpu::world_switch::Vcpu;
use crate::exit::Exit;
use crate::failure::{Failure, unexpected};
use crate::guest_cpu::{AtExit, GuestCpu};
use crate::memory::{Frame, GuestRam};
use crate::operation::{CurrentVmcs, LaunchedVmcs};
use crate::plan::Surroundings;
use crate::report::Reporter;
use crate::run::{Next, Vm, turns};

use super::idle::IdleGuest;

/// TSC ticks that a program may take; in the engine each is an instruction.
const BUDGET: u64 = 10_000;

/// See the module.
pub struct Trial<'a> {
    vm: Vm,
    vmcs: LaunchedVmcs<'a>,
    around: &'a Surroundings<'a>,
    /// The PC as it was just after it was switched on.
    pc: Pc,
    idle: IdleGuest,
    plant: Option<Plant>,
    /// The processor as the VMM has it after an exit.
    host: HostRegisters,
    silent: Reporter,
}

impl<'a> Trial<'a> {
    /// Switches the PC on, remembers it in `copy` and otherwise, and launches the VMCS.
    ///
    /// # Errors
    /// What the machine refuses.
    pub fn begin(
        mut vm: Vm,
        mut vmcs: CurrentVmcs<'a>,
        around: &'a Surroundings<'a>,
        idle: IdleGuest,
        job: &FuzzJob,
        copy: &'static mut [u8],
    ) -> Result<Self, Failure> {
        let mut silent = Reporter::silent();
        let mut machine = vm.reset_processor(around)?;
        let config = PcConfig { unix_time: job.run.rtc_seconds, extended_kib: job.run.extended_kib };
        vm.pc.power_on(
            config,
            &mut Service {
                cpu: &mut GuestCpu::planned(&mut vm.vcpu.general, &mut machine),
                memory: &mut vm.space,
                disks: &mut vm.disks,
                host: &mut silent,
                now: Ticks::ZERO,
            },
        );
        vm.space.watch_writes(copy);
        // The first entry is that of a VMCS that was never launched; it is not a case. Memory at 0:0 is the interrupt
        // table, but the watchdog ends whatever that does.
        vmcs.apply(&machine)?;
        vm.follow_timer();
        vm.at = AtExit::read();
        vm.watch.before_entry(vm.at.rflags);
        let (vmcs, reason) = vmcs.launch(&mut vm.vcpu).map_err(|(_, failure)| failure)?;
        if reason.entry_failed() {
            return Err(unexpected(format_args!("the guest left by {reason}")));
        }
        let pc = vm.pc.clone();
        // An interrupt of the timer, perhaps, which must be ended. What the guest did there is forgotten.
        vm.answer(Exit::decode(reason), &mut silent)?;
        Ok(Self { vm, vmcs, around, pc, idle, plant: job.plant, host: HostRegisters::read(), silent })
    }

    /// The frames that the guest must not change: its own tables, and another guest's.
    pub fn guarded(&self) -> impl Iterator<Item = &Frame> {
        self.vm.space.guarded().chain(self.idle.guarded())
    }

    /// The guest's memory.
    pub fn ram(&self) -> &GuestRam {
        self.vm.space.ram()
    }

    /// Brings the guest's memory back.
    pub fn restore(&mut self) {
        self.vm.space.restore();
    }

    /// Whether the restored memory is all as it was, and the other guest's; says what is not.
    pub fn others_are_whole(&self) -> bool {
        if !self.vm.space.is_pristine() {
            rt::println!("\nfuzz: damaged guest memory that nobody was seen to write differs");
            return false;
        }
        if !self.idle.is_whole() {
            rt::println!("\nfuzz: damaged the memory of a second, idle guest was changed");
            return false;
        }
        true
    }

    /// Boots and runs one program.
    pub fn run(&mut self, sector: &[u8; SECTOR_BYTES]) -> Outcome {
        let outcome = match self.boot(sector).and_then(|()| self.live()) {
            Ok(outcome) => outcome,
            Err(Failure::Unsupported(_)) => Outcome::Unsupported,
            Err(Failure::Entry(failure)) => {
                rt::println!("\nfuzz: said {}", Failure::Entry(failure));
                self.say_broken_rules();
                Outcome::EntryFailed
            }
            // It has said it itself.
            Err(Failure::Unexpected(_)) => Outcome::NoAnswer,
            Err(failure) => {
                rt::println!("\nfuzz: said {failure}");
                Outcome::NoAnswer
            }
        };
        let after = HostRegisters::read_again(&self.host);
        if after != self.host {
            rt::println!("\nfuzz: said {} of the VMM was changed", self.host.difference(&after));
            return Outcome::HostChanged;
        }
        if self.vm.space.ram().canaries_are_whole() { outcome } else { Outcome::CanaryWritten }
    }

    /// Which of the manual's rules the VMCS breaks.
    fn say_broken_rules(&self) {
        let capabilities = self.around.capabilities;
        let mut machine = Machine::new();
        for field in Field::ALL.into_iter().filter(|field| capabilities.has_field(*field)) {
            machine.set(field, vmread(field));
        }
        vmx::audit::check(&machine, capabilities, &mut |violation| rt::println!("\nfuzz: said {violation}"));
    }

    /// Makes the PC as if it had just been switched on with the program as its boot disk.
    fn boot(&mut self, sector: &[u8; SECTOR_BYTES]) -> Result<(), Failure> {
        let vm = &mut self.vm;
        let mut machine = vm.reset_processor(self.around)?;
        vm.space.restore();
        vm.disks.renew(sector);
        vm.pc.clone_from(&self.pc);
        vm.vcpu = Vcpu::new();
        vm.dropped_writes = 0;
        vm.hole_reads = 0;
        host_registers::forget_guest();
        let mut cpu = GuestCpu::planned(&mut vm.vcpu.general, &mut machine);
        let mut service = Service {
            cpu: &mut cpu,
            memory: &mut vm.space,
            disks: &mut vm.disks,
            host: &mut self.silent,
            now: Ticks::ZERO,
        };
        vm.pc
            .boot(0, Signature::Optional, &mut service)
            .map_err(|_| unexpected(format_args!("there is no floppy to boot from")))?;
        self.vmcs.apply(&machine)?;
        vm.at = AtExit::read();
        vm.clock = vm.clock.restarted();
        vm.timer_period = vm.pc.timer_period();
        vm.follow_timer();
        Ok(())
    }

    /// Turn by turn, until the program ends or its budget is spent.
    fn live(&mut self) -> Result<Outcome, Failure> {
        let end = rdtsc() + BUDGET;
        // A planted defect wants to see every exit.
        self.vm.due = if self.plant.is_none() { end } else { 0 };
        loop {
            self.vm.watch.before_entry(self.vm.at.rflags);
            let pause = turns(&mut self.vm, &mut self.vmcs, &mut self.silent)?;
            if let Exit::Io(access) = Exit::decode(pause.reason)
                && access.port == PLANT_PORT
            {
                self.do_wrong();
            }
            if let Some(outcome) = self.settle(pause.answer?, end) {
                return Ok(outcome);
            }
            if rdtsc() >= end {
                return Ok(Outcome::Budget);
            }
            if let Err(Shutdown) = self.vm.deliver_interrupt() {
                return Ok(Outcome::TripleFault);
            }
        }
    }

    /// What comes after an exit; `None`: the guest goes on.
    fn settle(&mut self, next: Next, end: u64) -> Option<Outcome> {
        loop {
            let now = self.vm.clock.now();
            self.vm.pc.advance(now);
            match next {
                Next::Run => return None,
                Next::End(end) => return Some(ended(end)),
                Next::Sleep if !self.vm.interrupts_enabled() => return Some(Outcome::Halted),
                Next::Sleep if self.vm.pc.interrupt_pending() => return None,
                Next::Sleep if rdtsc() >= end => return Some(Outcome::Asleep),
                Next::Sleep => {
                    self.vm.expect_event();
                    self.vm.rest(self.vm.event);
                }
            }
        }
    }

    /// The planted defect, where a program asks for it.
    fn do_wrong(&mut self) {
        if self.vm.vcpu.general.eax() != PLANT_MAGIC {
            return;
        }
        match self.plant {
            None => {}
            Some(Plant::OtherGuest) => self.idle.damage(),
            Some(Plant::Canary) => self.vm.space.break_canary(),
            Some(Plant::Msr) => host_registers::break_msr(),
            // Bit 1 of RFLAGS must be 1.
            Some(Plant::Entry) => vmwrite(Field::GUEST_RFLAGS, vmread(Field::GUEST_RFLAGS) & !2),
            Some(Plant::Panic) => panic!("planted"),
            Some(Plant::Hang) => loop {
                core::hint::spin_loop();
            },
        }
    }
}

const fn ended(end: End) -> Outcome {
    match end {
        End::Halted => Outcome::Halted,
        End::TripleFault => Outcome::TripleFault,
        End::BootAgain => Outcome::BootAgain,
        End::ResetVector => Outcome::ResetVector,
        End::KeyboardReset => Outcome::KeyboardReset,
        End::FastReset => Outcome::FastReset,
        End::NoBoot => Outcome::NothingToBoot,
        End::PowerOff => Outcome::PowerOff,
        End::FaultLoop { .. } => Outcome::FaultLoop,
    }
}
