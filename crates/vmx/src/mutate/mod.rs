//! Mutated VM entries: the cases on which the auditor's rules are tried against a processor.
//!
//! A case is a pure function of a seed and a number. The harness computes it and runs it, the host tool computes it and
//! audits it, and nothing but outcomes goes from one to the other. A case starts from a valid [state](base::state),
//! then one to three [changes](change) are made, and what could harm the harness is [contained](contain).

pub mod arena;
mod base;
mod change;
mod contain;
mod outcome;
mod pairs;
pub mod random;

pub use base::{Equipment, Kind, state};
pub use outcome::{DISCARD, MSR_ENTRIES, Observed, Sum};

use crate::audit;
use crate::capability::Capabilities;
use crate::control_register::cr0;
use crate::controls::{Control, ControlKind, entry, pin, primary, secondary};
use crate::event::{EventKind, InterruptionInformation};
use crate::field::Field;
use crate::machine::Machine;
use random::Random;

/// Cases that start from the same state, so that from one to the next little of the VMCS changes; after them the
/// harness tries a known-good entry.
pub const BATCH: u64 = 64;

/// How many states there can be.
const STATES: usize = Kind::ALL.len() * Equipment::ALL.len();

/// An entry of an MSR area ("VM-Exit Controls for MSRs", section 26.7.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct MsrEntry {
    /// Bits 31:0: the MSR. Bits 63:32: reserved.
    pub index: u64,
    /// Its value.
    pub value: u64,
}

/// A VM entry to be tried.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Case {
    /// The guest's kind before the changes.
    pub kind: Kind,
    /// What the VMCS holds.
    pub machine: Machine,
    /// What the VM-entry MSR-load area at [`arena::ENTRY_LOAD`] holds.
    pub entries: [MsrEntry; MSR_ENTRIES],
}

impl Case {
    /// The 8 bytes at `address`, a multiple of 8, where they are known, on a processor with this VMCS `revision`.
    pub fn memory(&self, address: u64, revision: u32) -> Option<u64> {
        match address.checked_sub(arena::ENTRY_LOAD) {
            Some(offset) if offset < arena::PAGE => {
                let entry = self.entries.get(offset as usize / 16).copied().unwrap_or_default();
                Some(if offset % 16 < 8 { entry.index } else { entry.value })
            }
            _ => arena::read(address, revision),
        }
    }
}

/// All cases of a processor.
pub struct Cases {
    capabilities: Capabilities,
    states: [Option<(Kind, Machine)>; STATES],
    present: usize,
}

impl Cases {
    /// For a processor with these capabilities.
    pub fn new(capabilities: Capabilities) -> Self {
        let mut cases = Cases { capabilities, states: [const { None }; STATES], present: 0 };
        for equipment in Equipment::ALL {
            for kind in Kind::ALL {
                if let Some(machine) = state(kind, equipment, &cases.capabilities) {
                    cases.states[cases.present] = Some((kind, machine));
                    cases.present += 1;
                }
            }
        }
        cases
    }

    /// The processor.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// The valid states that the processor can have.
    pub fn states(&self) -> impl Iterator<Item = Case> + '_ {
        self.states.iter().flatten().map(|(kind, machine)| Case {
            kind: *kind,
            machine: machine.clone(),
            entries: change::harmless_entries(),
        })
    }

    /// Case `number` of `seed`.
    pub fn case(&self, seed: u64, number: u64) -> Case {
        let mut case =
            Case { kind: Kind::V8086, machine: Machine::new(), entries: change::harmless_entries() };
        self.make(&mut case, seed, number);
        case
    }

    /// Makes `case` case `number` of `seed`: in place, since moving a plan costs the harness more than changing one.
    pub fn make(&self, case: &mut Case, seed: u64, number: u64) {
        let state = Random::new(seed, !(number / BATCH)).below(self.present);
        if let Some((kind, machine)) = &self.states[state] {
            case.kind = *kind;
            case.machine.clone_from(machine);
        }
        case.entries = change::harmless_entries();
        let random = &mut Random::new(seed, number);
        let changes = match random.below(16) {
            0..10 => 1,
            10..14 => 2,
            _ => 3,
        };
        for _ in 0..changes {
            change::change(case, &self.capabilities, random);
        }
        contain::contain(case, &self.capabilities);
    }
}

/// Whether the case is only audited. If the processor takes it, it waits for an event that never comes: an activity state
/// other than active, without the timer that ends HLT. Or it is one of two that Bochs takes and then stops over: an MTF
/// VM exit is to be pending without the monitor trap flag, or a guest is in IA-32e mode without paging.
pub fn is_only_audited(case: &Case, capabilities: &Capabilities) -> bool {
    waits_for_ever(case, capabilities)
        || has_unsupported_mtf(&case.machine, capabilities)
        || is_ia_32e_without_paging(&case.machine)
}

fn has_unsupported_mtf(machine: &Machine, capabilities: &Capabilities) -> bool {
    event(machine).kind() == Some(EventKind::OtherEvent)
        && event(machine).is_valid()
        && !capabilities.supports(Control::new(ControlKind::Primary, primary::MONITOR_TRAP_FLAG))
}

fn event(machine: &Machine) -> InterruptionInformation {
    InterruptionInformation(machine.get(Field::VM_ENTRY_INTERRUPTION_INFORMATION).unwrap_or(0) as u32)
}

fn is_ia_32e_without_paging(machine: &Machine) -> bool {
    let has = |field: Field, mask: u64| machine.get(field).is_some_and(|value| value & mask != 0);
    has(Field::VM_ENTRY_CONTROLS, entry::IA_32E_MODE_GUEST)
        && !has(Field::GUEST_CR0, cr0::PG)
        && has(ControlKind::Secondary.field(), secondary::UNRESTRICTED_GUEST)
}

fn waits_for_ever(case: &Case, capabilities: &Capabilities) -> bool {
    const HLT: u64 = 1;
    const WAIT_FOR_SIPI: u64 = 3;
    const MACHINE_CHECK: u8 = 18;
    let machine = &case.machine;
    let Some(activity) = machine.get(Field::GUEST_ACTIVITY_STATE).filter(|state| *state != 0) else {
        return false;
    };
    let pin = machine.get(Field::PIN_BASED_VM_EXECUTION_CONTROLS).unwrap_or(0);
    if activity == HLT && pin & pin::ACTIVATE_VMX_PREEMPTION_TIMER != 0 {
        return false;
    }
    let event_matters =
        activity == WAIT_FOR_SIPI || activity != HLT && event(machine).vector() != MACHINE_CHECK;
    // Only rules that every processor enforces are certain to end the entry.
    let mut refused = false;
    audit::check(machine, capabilities, &mut |violation| {
        let id = violation.rule.id;
        refused |= match id {
            "guest.activity.event" => event_matters,
            "guest.activity.supported" | "guest.activity.hlt" | "guest.activity.blocking" => true,
            "host.perf_global_ctrl" => false,
            _ => id.starts_with("control.") || id.starts_with("host."),
        };
    });
    !refused
}

/// A number that tells processors apart: a checksum over capability MSRs and address widths.
pub fn fingerprint(capabilities: &Capabilities) -> u64 {
    let mut sum = Sum::default();
    let cpu = &capabilities.cpu;
    for byte in
        [cpu.physical_address_bits, cpu.linear_address_bits, cpu.smx as u8, cpu.sgx as u8, cpu.rtm as u8]
    {
        sum.add(byte);
    }
    for (msr, value) in capabilities.entries() {
        for byte in (value ^ u64::from(msr) << 48).to_le_bytes() {
            sum.add(byte);
        }
    }
    sum.value()
}
