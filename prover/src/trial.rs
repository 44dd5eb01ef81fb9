//! One VMCS, in which case after case is tried.
//!
//! On entry the processor is ready for VMXON. What a field held before is remembered, so that only differences are
//! written; after a guest ran, the processor has saved its state there and everything is written again.

use vmx::mutate::{Case, Cases, Observed, is_only_audited};
use vmx::{Field, Machine};

use crate::cpu;

/// What cases are tried in.
pub struct Trial<'a> {
    cases: &'a Cases,
    /// What must always enter.
    good: Case,
    /// The fields that cases have.
    fields: [Field; Field::COUNT],
    field_count: usize,
    /// What the VMCS holds, if nothing but VMWRITE changed it.
    written: Option<Machine>,
}

impl<'a> Trial<'a> {
    /// VMXON, and a clear VMCS.
    pub fn begin(cases: &'a Cases) -> Self {
        let revision = cases.capabilities().revision();
        cpu::fill_arena(revision);
        cpu::enter_vmx(revision);
        let good = cases.states().next().expect("every processor can have the first state");
        let mut fields = Field::ALL;
        let mut field_count = 0;
        for (field, _) in good.machine.entries() {
            fields[field_count] = field;
            field_count += 1;
        }
        Trial { cases, good, fields, field_count, written: None }
    }

    /// Tries case `number` of `seed`.
    pub fn run(&mut self, seed: u64, number: u64) -> Observed {
        let case = self.cases.case(seed, number);
        if is_only_audited(&case, self.cases.capabilities()) { Observed::NotRun } else { self.launch(case) }
    }

    /// Whether the known-good state still enters.
    pub fn is_sound(&mut self) -> bool {
        self.launch(self.good.clone()) == Observed::Entered
    }

    /// Makes memory and VMCS new.
    pub fn reset(&mut self) {
        let revision = self.cases.capabilities().revision();
        cpu::fill_arena(revision);
        cpu::new_vmcs(revision);
        self.written = None;
    }

    fn launch(&mut self, case: Case) -> Observed {
        cpu::write_entries(&case.entries);
        for &field in &self.fields[..self.field_count] {
            let value = case.machine.get(field);
            if self.written.as_ref().is_none_or(|written| written.get(field) != value) {
                vtx::vmwrite(field, value.unwrap_or(0));
            }
        }
        let observed = match cpu::launch() {
            cpu::Launch::FailedInvalid => Observed::FailedInvalid,
            cpu::Launch::Failed => Observed::Failed(vtx::vmread(Field::VM_INSTRUCTION_ERROR) as u8),
            cpu::Launch::Exited => exited(),
        };
        self.written = if observed == Observed::Entered {
            cpu::make_clear();
            cpu::refill_guest();
            None
        } else {
            Some(case.machine)
        };
        observed
    }
}

/// What the exit that has just come says about the entry.
fn exited() -> Observed {
    const ENTRY_FAILED: u64 = 1 << 31;
    let reason = vtx::vmread(Field::EXIT_REASON);
    let qualification = vtx::vmread(Field::EXIT_QUALIFICATION) as u8;
    match (reason & ENTRY_FAILED != 0, reason & 0xFFFF) {
        (false, _) => Observed::Entered,
        (true, 33) => Observed::InvalidGuest(qualification),
        (true, 34) => Observed::MsrLoading(qualification),
        (true, 41) => Observed::MachineCheck,
        (true, other) => panic!("a VM entry failed with basic exit reason {other}"),
    }
}
