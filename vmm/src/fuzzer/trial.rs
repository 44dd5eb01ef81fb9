//! One VM, in which program after program is tried.
//!
//! Before each it is restored: the pages that the last program wrote, devices, registers, disks, time. After each the
//! processor's registers and the canaries must be what they were.

use fuzz::{ORIGIN, Outcome, PLANT_MAGIC, PLANT_PORT, SECTOR_BYTES};
use pc::{Context as Service, Pc, PcConfig, Signature, Ticks};
use rt::cpu::rdtsc;
use v8086::{General, GuestMemory, Shutdown};
use vmx::control_register::cr0;
use vmx::field::Kind;
use vmx::{Field, Machine};
use wire::{End, FuzzJob, Plant};

use crate::cpu::host_registers::{self, HostRegisters};
use crate::cpu::vmx::{vmread, vmwrite};
use crate::cpu::world_switch::Vcpu;
use crate::exit::Exit;
use crate::failure::{Failure, unexpected};
use crate::guest_cpu::{AtExit, GuestCpu};
use crate::memory::{Frame, GuestRam, Mode, Translation};
use crate::operation::{CurrentVmcs, LaunchedVmcs};
use crate::plan::Surroundings;
use crate::report::Reporter;
use crate::run::{Next, Vm, resume, turns};

use super::idle::IdleGuest;

/// TSC ticks that a program may take, with what the VMM does for it; in the engine each is an instruction.
const BUDGET: u64 = 10_000;

/// TSC ticks of a turn of a program, at the end of which it is asked whether it does anything new. A little less than what
/// the timer lets it run.
const TURN: u64 = 2_400;

/// See the module.
pub struct Trial<'a> {
    vm: Vm,
    vmcs: LaunchedVmcs<'a>,
    around: &'a Surroundings<'a>,
    booted: Booted,
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
        let mut service = Service {
            cpu: &mut GuestCpu::planned(&mut vm.vcpu.general, &mut machine),
            memory: &mut vm.space,
            disks: &mut vm.disks,
            host: &mut silent,
            now: Ticks::ZERO,
        };
        vm.pc.power_on(config, &mut service);
        vm.pc
            .boot(0, Signature::Optional, &mut service)
            .map_err(|_| unexpected(format_args!("there is no floppy to boot from")))?;
        let booted = Booted::new(&vm, &machine);
        vm.space.watch_writes(copy);
        // The first entry is that of a VMCS that was never launched; it is not a case. The floppy is blank, and the
        // watchdog ends what zeros do.
        vmcs.apply(&machine)?;
        vm.follow_timer();
        vm.at = AtExit::read();
        vm.watch.before_entry(vm.at.rflags);
        let (vmcs, reason) = vmcs.launch(&mut vm.vcpu).map_err(|(_, failure)| failure)?;
        if reason.entry_failed() {
            return Err(unexpected(format_args!("the guest left by {reason}")));
        }
        // An interrupt of the timer, perhaps, which must be ended. What the guest did there is forgotten.
        vm.answer(Exit::decode(reason), &mut silent)?;
        Ok(Self { vm, vmcs, around, booted, idle, plant: job.plant, host: HostRegisters::read(), silent })
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
        if self.vm.backend.translation() == Translation::Extended(Mode::Unrestricted) {
            self.vm.space.restore_table_bits();
        }
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
        self.boot(sector);
        let outcome = match self.live() {
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
    fn boot(&mut self, sector: &[u8; SECTOR_BYTES]) {
        let had_tables = vmread(Field::GUEST_CR0) & cr0::PG != 0;
        if had_tables {
            self.restore()
        } else {
            self.vm.space.restore()
        }
        let vm = &mut self.vm;
        vm.forget_processor();
        vm.disks.renew(sector);
        vm.space.write(ORIGIN.into(), sector);
        vm.pc.clone_from(&self.booted.pc);
        vm.vcpu = Vcpu::new();
        vm.vcpu.general = self.booted.general;
        vm.dropped_writes = 0;
        vm.hole_reads = 0;
        host_registers::forget_guest();
        self.booted.fields().for_each(|(field, value)| vmwrite(field, value));
        vm.at = AtExit::read();
        vm.clock = vm.clock.showing(Ticks::ZERO);
        vm.timer_period = vm.pc.timer_period();
        // Not with what the last program left over.
        rt::irq::accept();
        vm.host_timer.start_anew();
        vm.follow_timer();
        vm.sleeps_alone = true;
    }

    /// Turn by turn, until the program ends or its budget is spent.
    fn live(&mut self) -> Result<Outcome, Failure> {
        let mut turn = Turn::ending_at(&self.vm, rdtsc());
        let end = turn.tsc + BUDGET;
        self.turn_ends_at((turn.tsc + TURN).min(end));
        self.vm.expect_event();
        loop {
            self.vm.watch.before_entry(self.vm.at.rflags);
            let left = resume(&mut self.vm, &mut self.vmcs);
            let pause = turns(&mut self.vm, &mut self.vmcs, left, &mut self.silent)?;
            if let Exit::Io(access) = Exit::decode(pause.reason)
                && access.port == PLANT_PORT
            {
                self.do_wrong();
            }
            let is_over = self.vm.at.tsc >= turn.tsc + TURN;
            let before =
                is_over.then(|| core::mem::replace(&mut turn, Turn::ending_at(&self.vm, self.vm.at.tsc)));
            self.turn_ends_at((turn.tsc + TURN).min(end));
            if let Some(outcome) = self.settle(pause.answer?, end) {
                return Ok(outcome);
            }
            if rdtsc() >= end {
                return Ok(Outcome::Budget);
            }
            if before.is_some_and(|before| turn.brings_nothing_new(&before)) {
                return Ok(Outcome::NothingNew);
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
            self.vm.expect_event();
            match next {
                Next::Run => return None,
                Next::End(end) => return Some(ended(end)),
                Next::Sleep if !self.vm.interrupts_enabled() => return Some(Outcome::Halted),
                Next::Sleep if self.vm.pc.interrupt_pending() => return None,
                Next::Sleep if rdtsc() >= end => return Some(Outcome::Asleep),
                Next::Sleep => {
                    self.vm.rest(self.vm.event);
                }
            }
        }
    }

    /// The next exit at this TSC or behind it ends the turn. A planted defect wants to see every exit.
    fn turn_ends_at(&mut self, tsc: u64) {
        self.vm.turn = if self.plant.is_none() { tsc } else { 0 };
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
            Some(Plant::Leak) => self.vm.space.leak(self.idle.ram()),
            // Bit 1 of RFLAGS must be 1.
            Some(Plant::Entry) => vmwrite(Field::GUEST_RFLAGS, vmread(Field::GUEST_RFLAGS) & !2),
            Some(Plant::Panic) => panic!("planted"),
            Some(Plant::Hang) => loop {
                core::hint::spin_loop();
            },
        }
    }
}

/// The PC as it is at a boot sector's first instruction, but for that sector.
struct Booted {
    pc: Pc,
    general: General,
    fields: [(Field, u64); Field::COUNT],
    count: usize,
}

impl Booted {
    /// What `vm` and its plan are now. Host state is left out: nothing changes it.
    fn new(vm: &Vm, machine: &Machine) -> Self {
        let mut fields = [(Field::GUEST_RIP, 0); Field::COUNT];
        let entries = machine.entries().filter(|(field, _)| field.kind() != Kind::Host);
        let count = fields.iter_mut().zip(entries).map(|(place, entry)| *place = entry).count();
        Self { pc: vm.pc.clone(), general: vm.vcpu.general, fields, count }
    }

    fn fields(&self) -> impl Iterator<Item = (Field, u64)> {
        self.fields[..self.count].iter().copied()
    }
}

/// How a turn of a program ended.
struct Turn {
    tsc: u64,
    exits: u64,
    general: General,
    /// CS and RIP, RSP, RFLAGS.
    place: (u32, u32, u64, u32),
}

impl Turn {
    fn ending_at(vm: &Vm, tsc: u64) -> Self {
        let place = (vm.at.cs, vm.at.rip, vmread(Field::GUEST_RSP), vm.at.rflags);
        Self { tsc, exits: vm.ring.count(), general: vm.vcpu.general, place }
    }

    /// Whether there was no exit in it but the one that ended it, so that the program only computes; or it ended as the one
    /// before, so that the program goes round in circles.
    fn brings_nothing_new(&self, before: &Self) -> bool {
        let is_quiet = self.exits == before.exits + 1;
        let is_circle = self.general == before.general && self.place == before.place;
        is_quiet || is_circle
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
