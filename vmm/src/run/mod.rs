//! `run`: a 16-bit disk image in a VM.
//!
//! The story of one run: prepare the processor, build the PC, plan its VM as the BIOS leaves it at the boot sector,
//! check, apply, launch, and then exit by exit until the guest, the script or the person ends it.

mod backend;
mod bios_trace;
mod closed_pages;
mod console;
mod control_registers;
mod cpuid;
mod descriptor;
mod disk;
mod end;
mod ept_report;
#[cfg(feature = "fuzz")]
mod first_write;
mod idle;
mod interrupts;
mod key_queue;
mod linear_io;
mod linear_space;
mod msrs;
mod port_io;
mod post_mortem;
mod single_step;
mod sleep;
mod statistics;
mod steps;
mod task_switch;
mod turns;
mod unrestricted;
mod virtual_8086;
mod vm;

use pc::{Context as Service, GUEST_TICK, Pc, PcConfig, Signature};
use rt::cpu::rdtsc;
use v8086::{Shutdown, SystemRegisters};
use vmx::Machine;
use vmx::exit::ExitReason;
use wire::{End, Record, RunJob};

use crate::clock::Clock;
use crate::cpu::nmi::IoApic;
use crate::cpu::world_switch::Vcpu;
use crate::exit::{Exit, number};
use crate::failure::{Failure, unexpected};
use crate::guest_cpu::{AtExit, GuestCpu};
use crate::host_timer::{self, HostTimer};
use crate::lifecycle::{self, enter_vmx, leave_vmx, make_current};
use crate::memory::integrity::Seal;
use crate::memory::{Mode, PcSpace, Translation, watched};
use crate::operation::{CurrentVmcs, LaunchedVmcs};
use crate::plan::{HostState, Surroundings};
use crate::probe::{self, Processor};
use crate::{Context, Ending, aids, io};

pub use backend::Impossible;
#[cfg(feature = "fuzz")]
pub use backend::{Backend, choose};
#[cfg(feature = "fuzz")]
pub use turns::turns;

use console::{Console, Wish};
use disk::ModuleDisks;
use idle::Idle;
use interrupts::Watch;
use msrs::GuestMsrs;
use post_mortem::Ring;
use statistics::Statistics;
use vm::GUEST_CR4;
pub use vm::{Next, Vm};

/// Runs the job to its end.
///
/// # Errors
/// What the machine refuses, and what this back-end cannot run.
pub fn run(context: &mut Context, job: &RunJob) -> Result<Ending, Failure> {
    context.report.heading(format_args!("The machine"));
    let processor = probe::prepare(&mut context.report, None)?;
    let operation = enter_vmx(context, &processor)?;
    let vmcs = make_current(context, &operation, &processor)?;
    let [io_a, io_b] = io::intercept_all_ports(&mut context.frames)?;
    let bitmaps = [io_a, io_b, aids::msr_bitmap(&mut context.frames)?];
    let around = Surroundings {
        capabilities: &processor.capabilities,
        io_bitmaps: [bitmaps[0].address(), bitmaps[1].address()],
        msr_bitmap: Some(bitmaps[2].address()),
        host: HostState::current(),
    };
    let mut vm = build(context, job, &processor)?;
    let machine = power_on(context, job, &around, &mut vm)?;
    let powered_on = rdtsc();
    let broken_rules = lifecycle::audit(&mut context.report, &machine, &processor.capabilities);
    if broken_rules > 0 {
        return Err(Failure::Audit(broken_rules));
    }

    let seal = Seal::new(vm.space.guarded().chain(&bitmaps));
    let console = Console::new(job, context.report.link(), vm.backend.name());
    // The guest's time begins with its first instruction, not with our checks.
    vm.clock.stand_still(rdtsc() - powered_on);
    let mut life = Life { context, job, around: &around, vm: &mut vm, console, end: None };
    let ending = life.live(vmcs, &machine);
    host_timer::stop();
    vm.watch.end();
    context.report.flush_serial();
    vm.space.close();
    vm.space.set_a20(true);
    vm.space.set_pixel_memory(false);
    seal.verify(vm.space.guarded().chain(&bitmaps), vm.space.ram())?;
    vm.disks.hand_back(&mut context.report);
    leave_vmx(context, operation)?;
    ending
}

/// The PC, switched off.
pub fn build(context: &mut Context, job: &RunJob, processor: &Processor) -> Result<Vm, Failure> {
    let clock = Clock::measure()?;
    // One that comes while the VMM itself runs has nothing to tell.
    rt::trap::set_nmi_hook(|_| {});
    let backend = backend::choose(job.backend, &processor.capabilities)?;
    context.report.step(format_args!("back-end: {}", backend.name()));
    let mut aids = backend.aids(&processor.capabilities);
    // Once a tick the VMM looks about; the fuzzer's more often.
    let longest = if cfg!(feature = "fuzz") { host_timer::LONGEST } else { GUEST_TICK };
    aids.longest = aids.longest.min(clock.tsc_in(longest));
    let translation = backend.translation();
    let extended_bytes = job.extended_kib as usize * 1024;
    let capabilities = &processor.capabilities;
    let mut space = PcSpace::new(&mut context.frames, capabilities, translation, extended_bytes)?;
    if let Translation::Extended(mode) = translation {
        context.report.detail(format_args!("EPT: {} pages of 2 MiB", space.large_pages()));
        if mode == Mode::Unrestricted {
            context.report.detail(format_args!("{aids}"));
        }
    }
    let rom = context.frames.take_slice(1, || [0; 0x1_0000])?;
    pc::write_rom(&mut rom[0]);
    space.load_rom(0xF_0000, &rom[0]);
    space.load_rom(pc::VIDEO_ROM_ADDRESS as usize, &pc::VIDEO_ROM);
    let statistics = job.told.statistics.then(|| Statistics::new(&mut context.frames)).transpose()?;
    let disks = ModuleDisks::new(job, context.module, context.frames.rest())?;
    Ok(Vm {
        vcpu: Vcpu::new(),
        at: AtExit::default(),
        due: 0,
        wound: 0,
        event: 0,
        look_at: None,
        turn: 0,
        sleeps_alone: false,
        host_timer: HostTimer::new(&clock),
        plain_code: turns::CONVENTIONAL,
        backend,
        space,
        pc: Pc::new(config(job)),
        disks,
        clock: clock.restarted(),
        system: SystemRegisters {
            smsw_shows_pe: job.smsw_shows_pe,
            ..SystemRegisters::after_bios(GUEST_CR4)
        },
        injection: backend.injection(),
        redirects_interrupts: true,
        msrs: GuestMsrs::default(),
        stepping: None,
        primary_controls: 0,
        window_wanted: false,
        watch: Watch::new(if aids.timer.is_none() { IoApic::map() } else { None }),
        aids,
        dropped_writes: 0,
        hole_reads: 0,
        timer_period: 0,
        idle: Idle::new(job.interactive),
        traces_bios: job.told.bios_calls,
        statistics,
        measured: job.measured,
        ring: Ring::new(),
        slept: 0,
    })
}

fn config(job: &RunJob) -> PcConfig {
    PcConfig { unix_time: job.rtc_seconds, extended_kib: job.extended_kib }
}

/// Switches the PC on and boots its disk: all of it in the plan and in guest memory, before anything runs.
fn power_on(
    context: &mut Context,
    job: &RunJob,
    around: &Surroundings,
    vm: &mut Vm,
) -> Result<Machine, Failure> {
    vm.vcpu = Vcpu::new();
    let mut machine = vm.reset_processor(around)?;
    let mut cpu = GuestCpu::planned(&mut vm.vcpu.general, &mut machine);
    let mut service = Service {
        cpu: &mut cpu,
        memory: &mut vm.space,
        disks: &mut vm.disks,
        host: &mut context.report,
        now: vm.clock.now(),
    };
    vm.pc.power_on(config(job), &mut service);
    vm.pc
        .boot(job.boot_drive, Signature::Optional, &mut service)
        .map_err(|_| unexpected(format_args!("there is no disk in the drive to boot from")))?;
    vm.space.set_a20(vm.pc.a20());
    vm.space.set_pixel_memory(vm.pc.pixel_memory());
    Ok(machine)
}

/// A run that is under way.
struct Life<'a, 'job> {
    context: &'a mut Context,
    job: &'a RunJob<'job>,
    around: &'a Surroundings<'a>,
    vm: &'a mut Vm,
    console: Console<'job>,
    /// When the end was known.
    end: Option<u64>,
}

impl Life<'_, '_> {
    /// From VMLAUNCH to the end.
    fn live(&mut self, mut vmcs: CurrentVmcs, machine: &Machine) -> Result<Ending, Failure> {
        vmcs.apply(machine)?;
        self.break_first_entry();
        self.vm.timer_period = self.vm.pc.timer_period();
        self.vm.look_at = self.console.early_look();
        self.vm.follow_timer();
        let aside = self.context.boot.load_ticks + self.context.frames.clear_ticks();
        let since_boot_sector = rdtsc() - self.context.boot.tsc_at_boot_sector;
        self.context.report.figure("instructions_to_guest", since_boot_sector - aside);
        let launched = rdtsc();
        match vmcs.launch(&mut self.vm.vcpu) {
            Ok((mut vmcs, reason)) => {
                let ending = watched(self, |life| life.exits(&mut vmcs, reason));
                self.tell_end(&ending, launched);
                vmcs.clear().map_err(|failure| Failure::Instruction("VMCLEAR", failure))?;
                ending
            }
            Err((_, failure)) => {
                let ending = Err(failure.into());
                self.tell_end(&ending, launched);
                ending
            }
        }
    }

    /// Exit by exit, until somebody ends it.
    fn exits(&mut self, vmcs: &mut LaunchedVmcs, reason: ExitReason) -> Result<Ending, Failure> {
        let mut wants_look = self.vm.look_at.is_some();
        let mut pause = turns::first(self.vm, reason, &mut self.context.report);
        loop {
            let timers = [number::EXTERNAL_INTERRUPT, number::PREEMPTION_TIMER];
            let for_a_look = wants_look && timers.contains(&pause.reason.basic_number());
            if let Some(statistics) = &mut self.vm.statistics {
                statistics.exit(pause.reason, &Exit::decode(pause.reason));
            }
            // What a look costs counts from the exit that was for it.
            let since = if for_a_look { self.vm.at.tsc } else { rdtsc() };
            if let Some(ending) = self.settle(vmcs, pause.answer?, since)? {
                return Ok(ending);
            }
            if self.console.ticks() > 0 {
                self.break_later();
            }
            if let Err(Shutdown) = self.vm.deliver_interrupt() {
                return Ok(self.guest_ended(End::TripleFault));
            }
            self.vm.watch.before_entry(self.vm.at.rflags);
            wants_look = self.vm.look_at.is_some();
            pause = turns::turns(self.vm, vmcs, &mut self.context.report)?;
        }
    }

    /// Attends the console, and waits while the guest sleeps. `None`: the guest goes on.
    fn settle(
        &mut self,
        vmcs: &mut LaunchedVmcs,
        mut next: Next,
        mut since: u64,
    ) -> Result<Option<Ending>, Failure> {
        loop {
            let now = self.vm.clock.now();
            self.vm.pc.advance(now);
            let (vm, report) = (&mut *self.vm, &mut self.context.report);
            let looked = self.console.looked();
            let wish = self.console.attend(&mut vm.pc, &vm.space, report, (now, since), vm.ring.count());
            vm.clock.stand_still(self.console.looked() - looked);
            match wish {
                Wish::GoOn => {}
                Wish::End(outcome, why) => return Ok(Some(self.ended(outcome, why))),
                Wish::Reset => return self.restart(vmcs).map(|()| None),
                Wish::Insert(disk) => self.insert(disk),
                Wish::Load(load) => {
                    let inserted = self.vm.disks.load(load).is_ok();
                    if inserted {
                        self.insert(load.disk);
                    }
                    self.context.report.record(&Record::Loaded { disk: load.disk, inserted });
                }
            }
            match next {
                Next::Run => break,
                Next::Sleep if !self.vm.interrupts_enabled() => next = Next::End(End::Halted),
                Next::Sleep if self.vm.pc.interrupt_pending() => break,
                Next::Sleep => {
                    let report = &mut self.context.report;
                    if let Wish::End(outcome, why) =
                        self.console.attend_sleeper(&mut self.vm.pc, &self.vm.space, report, now)
                    {
                        return Ok(Some(self.ended(outcome, why)));
                    }
                    self.vm.expect_event();
                    since = self.vm.rest(self.vm.wake_at());
                }
                Next::End(end) if self.resume_after_reset(vmcs, end)? => return Ok(None),
                Next::End(end) if self.console.restarts_on(end) => return self.restart(vmcs).map(|()| None),
                Next::End(end) => return Ok(Some(self.guest_ended(end))),
            }
        }
        let look_at = self.console.early_look();
        if look_at != self.vm.look_at {
            self.vm.look_at = look_at;
            self.vm.follow_timer();
        }
        let sees_every_exit = self.vm.statistics.is_some() || self.vm.traces_bios;
        self.vm.turn = if sees_every_exit { 0 } else { self.vm.clock.tsc_at(self.console.next_turn()) };
        self.vm.sleeps_alone = !self.console.watches_sleepers();
        self.vm.expect_event();
        Ok(None)
    }

    /// A person changes a floppy.
    fn insert(&mut self, disk: u8) {
        if let Some(drive) = self.vm.disks.insert(disk) {
            self.vm.pc.exchange_floppy(drive, &mut self.vm.disks);
        }
    }

    /// A guest that announced the reset of its processor goes on in real mode where it said; `false`: it did not.
    fn resume_after_reset(&mut self, vmcs: &mut LaunchedVmcs, end: End) -> Result<bool, Failure> {
        let reset = matches!(end, End::ResetVector | End::KeyboardReset | End::FastReset | End::TripleFault);
        if !reset {
            return Ok(false);
        }
        let vm = &mut *self.vm;
        let mut machine = vm.reset_processor(self.around)?;
        let mut cpu = GuestCpu::planned(&mut vm.vcpu.general, &mut machine);
        let mut service = Service {
            cpu: &mut cpu,
            memory: &mut vm.space,
            disks: &mut vm.disks,
            host: &mut self.context.report,
            now: vm.clock.now(),
        };
        if !vm.pc.resume_after_reset(&mut service) {
            return Ok(false);
        }
        vmcs.apply(&machine)?;
        vm.at = AtExit::read();
        vm.due = 0;
        vm.follow_devices();
        Ok(true)
    }

    /// The guest is switched off and on again. What it said last is shown first: it may have come since the last tick.
    fn restart(&mut self, vmcs: &mut LaunchedVmcs) -> Result<(), Failure> {
        self.console.show_last(&self.vm.pc, &self.vm.space, &mut self.context.report);
        self.vm.space.clear();
        let machine = power_on(self.context, self.job, self.around, self.vm)?;
        vmcs.apply(&machine)?;
        self.vm.at = AtExit::read();
        self.vm.due = 0;
        self.vm.follow_devices();
        Ok(())
    }
}
