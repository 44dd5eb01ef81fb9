//! One VMCS, in which case after case is tried.
//!
//! On entry the processor is ready for VMXON. What a field held before is remembered, so that only differences are
//! written; after a guest ran, what the VM exit saved is written again.

use vmx::field::Kind;
use vmx::mutate::{Case, Cases, Observed, is_only_audited};
use vmx::{Field, Machine};

use crate::cpu;

/// What cases are tried in.
pub struct Trial<'a> {
    cases: &'a Cases,
    /// What must always enter.
    good: Case,
    /// The case that is tried.
    case: Case,
    vmcs: Vmcs,
}

impl<'a> Trial<'a> {
    /// VMXON, and a clear VMCS.
    pub fn begin(cases: &'a Cases) -> Self {
        let revision = cases.capabilities().revision();
        cpu::fill_arena(revision);
        cpu::enter_vmx(revision);
        let good = cases.states().next().expect("every processor can have the first state");
        Trial { cases, case: good.clone(), vmcs: Vmcs::new(&good.machine), good }
    }

    /// Tries case `number` of `seed`.
    pub fn run(&mut self, seed: u64, number: u64) -> Observed {
        self.cases.make(&mut self.case, seed, number);
        if is_only_audited(&self.case, self.cases.capabilities()) {
            return Observed::NotRun;
        }
        self.vmcs.launch(&self.case)
    }

    /// Whether the known-good state still enters.
    pub fn is_sound(&mut self) -> bool {
        self.vmcs.launch(&self.good) == Observed::Entered
    }

    /// Makes memory and VMCS new.
    pub fn reset(&mut self) {
        let revision = self.cases.capabilities().revision();
        cpu::fill_arena(revision);
        cpu::new_vmcs(revision);
        self.vmcs = Vmcs::new(&self.good.machine);
    }
}

/// The VMCS, and what is known of it.
struct Vmcs {
    /// What it holds, but for what the processor wrote itself.
    written: Machine,
    /// A guest ran, and the VM exit saved its state.
    saved: bool,
    /// The fields that a VM exit changes.
    changing: [Field; Field::COUNT],
    changing_count: usize,
}

impl Vmcs {
    /// One of which nothing is known but that it has the fields of `machine`.
    fn new(machine: &Machine) -> Self {
        let mut vmcs =
            Vmcs { written: Machine::new(), saved: false, changing: Field::ALL, changing_count: 0 };
        for (field, _) in machine.entries().filter(|(field, _)| is_changed_by_exits(*field)) {
            vmcs.changing[vmcs.changing_count] = field;
            vmcs.changing_count += 1;
        }
        vmcs
    }

    fn launch(&mut self, case: &Case) -> Observed {
        cpu::write_entries(&case.entries);
        case.machine.differences(&self.written, &mut |field, value| vtx::vmwrite(field, value));
        if self.saved {
            for &field in &self.changing[..self.changing_count] {
                vtx::vmwrite(field, case.machine.get(field).unwrap_or(0));
            }
        }
        self.written.clone_from(&case.machine);
        let observed = match cpu::launch() {
            cpu::Launch::FailedInvalid => Observed::FailedInvalid,
            cpu::Launch::Failed => Observed::Failed(vtx::vmread(Field::VM_INSTRUCTION_ERROR) as u8),
            cpu::Launch::Exited => exited(),
        };
        self.saved = observed == Observed::Entered;
        if self.saved {
            cpu::make_clear();
            if pushes_a_frame(&case.machine) {
                cpu::refill_guest();
            }
        }
        observed
    }
}

/// Whether a VM exit, or the guest before it, changes the field: guest state, and the controls that are updated.
fn is_changed_by_exits(field: Field) -> bool {
    const UPDATED: [Field; 4] = [
        Field::VM_ENTRY_CONTROLS,
        Field::VM_ENTRY_INTERRUPTION_INFORMATION,
        Field::EPTP_INDEX,
        Field::EPT_POINTER,
    ];
    field.kind() == Kind::Guest || UPDATED.contains(&field)
}

/// Whether the processor may have delivered an event through the guest's tables: an injected one, or a virtual interrupt.
fn pushes_a_frame(machine: &Machine) -> bool {
    [Field::VM_ENTRY_INTERRUPTION_INFORMATION, Field::GUEST_INTERRUPT_STATUS]
        .into_iter()
        .any(|field| machine.get(field).is_some_and(|value| value != 0))
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
