//! The end of a run, also of one that the VMM fails in: what is told of it.

use rt::cpu::rdtsc;
use v8086::FarPointer;
use vmx::Field;
use wire::{End, Outcome, RunBreak};

use super::life::Life;
use super::post_mortem;
use crate::cpu::vmx::vmwrite;
use crate::failure::Failure;
use crate::memory::LastWords;
use crate::{Ending, lifecycle};

impl Life<'_, '_> {
    /// Breaks the guest's first VM entry, if the job wants that.
    pub(super) fn break_first_entry(&self) {
        if self.job.sabotage == Some(RunBreak::FirstEntry) {
            break_link_pointer();
        }
    }

    /// Breaks what the job wants broken later.
    pub(super) fn break_later(&mut self) {
        match self.job.sabotage {
            None | Some(RunBreak::FirstEntry) => {}
            Some(RunBreak::Entry) => break_link_pointer(),
            Some(RunBreak::Panic) => panic!("broken on purpose"),
            Some(RunBreak::Exception) => vmwrite(Field::EXIT_REASON, 0),
            // Writes without reads, and nothing at all.
            Some(RunBreak::EptEntry) => self.vm.space.break_first_page(0b010),
            Some(RunBreak::EptPage) => self.vm.space.break_first_page(0),
            Some(RunBreak::Hang) => loop {
                core::hint::spin_loop();
            },
        }
    }

    /// What is known at the end, while the VMCS is still there.
    pub(super) fn tell_end(&mut self, ending: &Result<Ending, Failure>, launched: u64) {
        let end = self.end.unwrap_or_else(rdtsc);
        let instructions = end - launched - self.console.looked();
        let report = &mut self.context.report;
        self.console.show_last(&self.vm.pc, &self.vm.space, report);
        report.figure("instructions_of_run", instructions);
        report.figure("guest_ticks", self.console.ticks());
        report.figure("dropped_writes", self.vm.dropped_writes);
        report.figure("hole_reads", self.vm.hole_reads);
        let unassigned = self.vm.pc.unassigned_accesses();
        report.figure("unassigned_reads", unassigned.reads);
        report.figure("unassigned_writes", unassigned.writes);
        if let Err(Failure::Entry(_)) = ending {
            lifecycle::audit_current(report, self.around.capabilities);
        }
        if is_abnormal(ending) {
            post_mortem::report(report, self.vm);
        } else {
            report.figure("exits", self.vm.ring.count());
        }
        if let Some(statistics) = &self.vm.statistics {
            statistics.report(report);
        }
    }

    /// The script or the person has ended the guest.
    pub(super) fn ended(&mut self, outcome: Outcome, why: &str) -> Ending {
        self.end = Some(rdtsc());
        Ending::new(outcome, format_args!("{why}"))
    }

    /// The guest has ended by itself.
    pub(super) fn guest_ended(&mut self, end: End) -> Ending {
        self.end = Some(rdtsc());
        let steps_left = self.console.steps_left(&self.vm.pc, &self.vm.space);
        let outcome = Outcome::GuestEnded { end, steps_left };
        match end {
            // These two say themselves where, or come from nowhere.
            End::FaultLoop { .. } | End::ResetVector => Ending::new(outcome, format_args!("the guest {end}")),
            _ => {
                let FarPointer { segment, offset } = self.vm.place();
                Ending::new(outcome, format_args!("the guest {end}, at {segment:04X}:{offset:04X}"))
            }
        }
    }
}

impl LastWords for Life<'_, '_> {
    /// The guest that the VMM failed with. Its screen comes last, since showing it takes the most.
    fn speak(&mut self) {
        let report = &mut self.context.report;
        report.flush_serial();
        post_mortem::report(report, self.vm);
        self.console.show_last(&self.vm.pc, &self.vm.space, report);
    }
}

/// Puts the VMCS link pointer off a page boundary.
fn break_link_pointer() {
    vmwrite(Field::VMCS_LINK_POINTER, 1);
}

/// Whether somebody will ask why: the host tool, for one, that stops a run whose time is over.
fn is_abnormal(ending: &Result<Ending, Failure>) -> bool {
    let Ok(Ending { outcome, .. }) = ending else { return true };
    matches!(
        outcome,
        Outcome::Stopped | Outcome::GuestEnded { end: End::TripleFault | End::FaultLoop { .. }, .. }
    )
}
