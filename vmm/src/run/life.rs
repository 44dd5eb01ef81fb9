//! A run that is under way: exit by exit, what concerns more than the guest. Its user looks, its devices move on, it sleeps, it
//! is reset, it ends.

use pc::{Context as Service, GUEST_TICK, Ticks};
use rt::cpu::rdtsc;
use v8086::Shutdown;
use vmx::Machine;
use wire::{End, Record, RunJob};

use super::console::{Console, Wish};
use super::vm::{Next, Shown, Vm};
use super::{power_on, turns};
use crate::cpu::world_switch::Left;
use crate::exit::{Exit, number};
use crate::failure::Failure;
use crate::guest_cpu::{AtExit, GuestCpu};
use crate::memory::watched;
use crate::operation::{CurrentVmcs, LaunchedVmcs};
use crate::plan::Surroundings;
use crate::{Context, Ending};

/// From power-on to the boot sector, as far as the guest sees. Its timer has been running meanwhile, as on a PC, so that a
/// program which waits for a tick need not wait for all of it.
const BOOTED: Ticks = Ticks(GUEST_TICK / 8 * 7);

/// See the module.
pub struct Life<'a, 'job> {
    pub context: &'a mut Context,
    /// What is asked for.
    pub job: &'a RunJob<'job>,
    pub around: &'a Surroundings<'a>,
    pub vm: &'a mut Vm,
    pub console: Console<'job>,
    /// When the end was known.
    pub end: Option<u64>,
    /// When the screen is looked at next: what is watched of it depends on the last look.
    pub next_look: Ticks,
}

impl Life<'_, '_> {
    /// From VMLAUNCH to the end.
    pub fn live(&mut self, mut vmcs: CurrentVmcs, machine: &Machine) -> Result<Ending, Failure> {
        vmcs.apply(machine)?;
        self.break_first_entry();
        self.vm.timer_period = self.vm.pc.timer_period();
        self.vm.clock = self.vm.clock.showing(BOOTED);
        self.vm.follow_timer();
        // What the firmware's timer has left over.
        rt::irq::accept();
        self.vm.at = AtExit::read();
        self.vm.watch.before_entry(self.vm.at.rflags);
        self.set_out(None);
        let aside = self.context.boot.load_ticks + self.context.frames.clear_ticks();
        let since_boot_sector = rdtsc() - self.context.boot.tsc_at_boot_sector;
        self.context.report.figure("instructions_to_guest", since_boot_sector - aside);
        let launched = rdtsc();
        match vmcs.launch(&mut self.vm.vcpu) {
            Ok((mut vmcs, reason)) => {
                let left = Left { reason, rax: self.vm.vcpu.general.rax };
                let ending = watched(self, |life| life.exits(&mut vmcs, left));
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
    fn exits(&mut self, vmcs: &mut LaunchedVmcs, mut left: Left) -> Result<Ending, Failure> {
        loop {
            let pause = turns::turns(self.vm, vmcs, left, &mut self.context.report)?;
            let timers = [number::EXTERNAL_INTERRUPT, number::PREEMPTION_TIMER];
            let ended_for_look = self.vm.look_at.is_some() && timers.contains(&pause.reason.basic_number());
            let for_a_look = ended_for_look || self.vm.shown != Shown::Nothing;
            if let Some(statistics) = &mut self.vm.statistics {
                statistics.exit(pause.reason, &Exit::decode(pause.reason));
            }
            // What a look costs counts from the exit that was for it; a service that has shown something was the guest's wish.
            let served = self.vm.shown == Shown::Now;
            let since = if for_a_look && !served { self.vm.at.tsc } else { rdtsc() };
            if let Some(ending) = self.settle(vmcs, pause.answer?, since, for_a_look)? {
                return Ok(ending);
            }
            if self.console.ticks() > 0 {
                self.break_later();
            }
            if let Err(Shutdown) = self.vm.deliver_interrupt() {
                return Ok(self.guest_ended(End::TripleFault));
            }
            self.vm.watch.before_entry(self.vm.at.rflags);
            left = turns::resume(self.vm, vmcs);
        }
    }

    /// Attends the console, and waits while the guest sleeps. `None`: the guest goes on.
    fn settle(
        &mut self,
        vmcs: &mut LaunchedVmcs,
        mut next: Next,
        mut since: u64,
        for_a_look: bool,
    ) -> Result<Option<Ending>, Failure> {
        let looked = self.console.looked();
        loop {
            let now = self.vm.clock.at(since);
            self.vm.pc.advance(now);
            let (vm, report) = (&mut *self.vm, &mut self.context.report);
            match core::mem::replace(&mut vm.shown, Shown::Nothing) {
                Shown::Nothing => {}
                shown => self.console.written(shown == Shown::Now, now),
            }
            let console = &mut self.console;
            let (wish, took) = console.attend(&mut vm.pc, &vm.space, report, (now, since), vm.ring.count());
            vm.clock.stand_still(took);
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
                    self.vm.look_at = self.console.early_look();
                    self.vm.expect_event();
                    since = self.vm.rest(self.vm.wake_at());
                }
                Next::End(end) if self.resume_after_reset(vmcs, end)? => return Ok(None),
                Next::End(end) if self.console.restarts_on(end) => return self.restart(vmcs).map(|()| None),
                Next::End(end) => return Ok(Some(self.guest_ended(end))),
            }
        }
        let is_aside = for_a_look || self.console.looked() != looked;
        self.set_out(is_aside.then_some(since));
        Ok(None)
    }

    /// Makes ready for the guest's next turn. What was done since the time-stamp count `aside` is no part of what the guest
    /// wanted.
    fn set_out(&mut self, aside: Option<u64>) {
        let look_at = self.console.early_look();
        let (next_look, awaited) = (self.console.next_look(), self.console.awaited());
        if next_look != self.next_look || awaited != self.vm.awaited {
            self.next_look = next_look;
            self.vm.awaited = awaited;
            let watches = awaited.is_some() && look_at.is_none();
            let pages = if watches { self.vm.pc.screen(&self.vm.space).pages() } else { 0..0 };
            self.vm.space.watch(pages);
        }
        let took = aside.map_or(0, |since| self.console.note_look(since));
        self.vm.clock.stand_still(took);
        let sees_every_exit = self.vm.statistics.is_some() || self.vm.traces_bios;
        self.vm.turn = if sees_every_exit { 0 } else { self.vm.clock.tsc_at(self.console.next_turn()) };
        self.vm.sleeps_alone = look_at.is_none();
        let other_look = core::mem::replace(&mut self.vm.look_at, look_at) != look_at;
        self.vm.expect_event();
        if other_look {
            self.vm.follow_wake();
        }
        aside.map(|since| self.console.note_look(since));
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
        let now = self.vm.clock.now();
        let machine = power_on(self.context, self.job, self.around, self.vm, now)?;
        vmcs.apply(&machine)?;
        self.vm.at = AtExit::read();
        self.vm.due = 0;
        self.vm.follow_devices();
        Ok(())
    }
}
