//! Where Bochs 2.7 departs from the manual, with the argument for each. The comparison expects exactly this.

use vmx::audit::{Outcome, Violation};
use vmx::controls::entry;
use vmx::exit::EntryFailure;
use vmx::segment::{AccessRights, SegmentName};
use vmx::{Field, Machine};

use crate::engine::Cpu;

/// What Bochs does instead of what the manual says about a broken rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// It does not enforce the rule.
    Ignores,
    /// It refuses the entry in another way.
    Answers(Outcome),
    /// It stops for good, so such cases are only audited.
    Stops,
}

/// In which of a rule's violations, on which model.
type WhenBroken = fn(&Violation, &Machine, Cpu) -> bool;

/// In which cases.
type When = fn(&Machine) -> bool;

/// A departure from a rule.
pub struct Departure {
    /// The manual's rule.
    pub rule: &'static str,
    /// What Bochs does.
    pub behaviour: Behaviour,
    /// In which of the rule's violations, on which model.
    pub when: WhenBroken,
    /// How we know that this is so.
    pub argument: &'static str,
}

/// A check that the manual does not have.
pub struct Addition {
    /// What Bochs names.
    pub message: &'static str,
    /// What it does.
    pub outcome: Outcome,
    /// In which cases.
    pub when: When,
    /// How we know that the manual has no such rule.
    pub argument: &'static str,
}

const INVALID_GUEST: Outcome = Outcome::Exits(EntryFailure::Unspecified);

/// Always.
fn always(_: &Violation, _: &Machine, _: Cpu) -> bool {
    true
}

/// The argument of [`is_null_stack`].
const NULL_STACK: &str = "With a null selector in SS and 64-bit code nothing else of SS is looked at, though it may be \
                          usable.";

/// Whether a rule is about SS, which holds a null selector in 64-bit mode.
fn is_null_stack(violation: &Violation, machine: &Machine, _: Cpu) -> bool {
    let ss = SegmentName::Ss.fields();
    let is_null = machine.get(ss.selector).is_some_and(|selector| selector & !3 == 0);
    let is_64_bit = is_ia_32e(machine) && rights(machine, SegmentName::Cs).is_long();
    is_null && is_64_bit && [ss.base, ss.limit, ss.access_rights].contains(&violation.field)
}

/// All departures.
pub const DEPARTURES: &[Departure] = &[
    Departure {
        rule: "control.entry.outside_smm",
        behaviour: Behaviour::Answers(INVALID_GUEST),
        when: |violation, _, _| violation.value & entry::DEACTIVATE_DUAL_MONITOR_TREATMENT == 0,
        argument: "The control \"entry to SMM\" passes the checks on controls; later its entry is refused as invalid \
                   guest state, whether SMIs are blocked or not.",
    },
    Departure {
        rule: "control.entry.event.type",
        behaviour: Behaviour::Stops,
        when: |violation, _, _| violation.value >> 8 & 7 == 7,
        argument: "Type 7 passes without the monitor trap flag; its delivery is not written, and the emulator stops.",
    },
    Departure {
        rule: "control.entry.event.no_error_code",
        behaviour: Behaviour::Ignores,
        when: |_, _, cpu| cpu == Cpu::Tigerlake,
        argument: "On the model with CET the delivery of an error code is not checked at all, where the manual waives only \
                   that it must fit the vector.",
    },
    Departure {
        rule: "guest.ia_32e_mode.cr0",
        behaviour: Behaviour::Stops,
        when: always,
        argument: "An unrestricted guest in IA-32e mode without paging passes the checks; the emulator stops over the \
                   impossible CR0.",
    },
    Departure {
        rule: "guest.pending_debug.reserved",
        behaviour: Behaviour::Ignores,
        when: |violation, _, _| violation.value & 0xFFFF_AFF0 == 0,
        argument: "The field is cut to 32 bits before the check.",
    },
    Departure {
        rule: "guest.pending_debug.single_step",
        behaviour: Behaviour::Ignores,
        when: always,
        argument: "There is no check that relates BS to RFLAGS.TF and IA32_DEBUGCTL.BTF.",
    },
    Departure {
        rule: "guest.debugctl.reserved",
        behaviour: Behaviour::Ignores,
        when: always,
        argument: "The field is loaded without a check.",
    },
    Departure {
        rule: "guest.perf_global_ctrl",
        behaviour: Behaviour::Ignores,
        when: always,
        argument: "The MSR is not emulated, and its field not looked at.",
    },
    Departure {
        rule: "host.perf_global_ctrl",
        behaviour: Behaviour::Ignores,
        when: always,
        argument: "The MSR is not emulated, and its field not looked at.",
    },
    Departure {
        rule: "guest.activity.event",
        behaviour: Behaviour::Ignores,
        when: |_, machine, _| matches!(machine.get(Field::GUEST_ACTIVITY_STATE), Some(1)),
        argument: "Only shutdown and wait-for-SIPI restrict the injected event; HLT takes any.",
    },
    Departure {
        rule: "guest.rip.width",
        behaviour: Behaviour::Ignores,
        when: always,
        argument: "In 64-bit mode RIP is not checked; the guest's first fetch faults instead.",
    },
    Departure {
        rule: "guest.ssp.high",
        behaviour: Behaviour::Ignores,
        when: |violation, machine, _| is_ia_32e(machine) && matches!(violation.value as i64 >> 47, 0 | -1),
        argument: "In compatibility mode a canonical SSP passes, where the manual wants bits 63:32 to be 0.",
    },
    Departure {
        rule: "guest.rflags.vm",
        behaviour: Behaviour::Ignores,
        when: |_, machine, _| !is_ia_32e(machine),
        argument: "VM is refused in IA-32e mode, but not with CR0.PE = 0.",
    },
    Departure {
        rule: "guest.segment.cs.dpl.nonconforming",
        behaviour: Behaviour::Ignores,
        when: |_, machine, _| !differs_from_selector(machine),
        argument: "The DPL of CS is compared with the RPL of CS, where the manual compares it with the DPL of SS.",
    },
    Departure {
        rule: "guest.segment.cs.dpl.conforming",
        behaviour: Behaviour::Ignores,
        when: |_, machine, _| !differs_from_selector(machine),
        argument: "The DPL of CS is compared with the RPL of CS, where the manual compares it with the DPL of SS.",
    },
    Departure {
        rule: "guest.segment.base.high",
        behaviour: Behaviour::Ignores,
        when: is_null_stack,
        argument: NULL_STACK,
    },
    Departure {
        rule: "guest.segment.s",
        behaviour: Behaviour::Ignores,
        when: is_null_stack,
        argument: NULL_STACK,
    },
    Departure {
        rule: "guest.segment.present",
        behaviour: Behaviour::Ignores,
        when: is_null_stack,
        argument: NULL_STACK,
    },
    Departure {
        rule: "guest.segment.granularity.bytes",
        behaviour: Behaviour::Ignores,
        when: is_null_stack,
        argument: NULL_STACK,
    },
    Departure {
        rule: "guest.segment.granularity.pages",
        behaviour: Behaviour::Ignores,
        when: is_null_stack,
        argument: NULL_STACK,
    },
    Departure {
        rule: "guest.segment.reserved",
        behaviour: Behaviour::Ignores,
        when: is_null_stack,
        argument: NULL_STACK,
    },
    Departure {
        rule: "guest.segment.ss.type",
        behaviour: Behaviour::Ignores,
        when: is_null_stack,
        argument: NULL_STACK,
    },
    Departure {
        rule: "guest.segment.data.dpl",
        behaviour: Behaviour::Ignores,
        when: |_, machine, _| {
            // Which register is meant is seen by elimination: each of the four that breaks the rule has type 11.
            [SegmentName::Es, SegmentName::Ds, SegmentName::Fs, SegmentName::Gs]
                .into_iter()
                .filter(|name| selector_exceeds_privilege(machine, *name))
                .all(|name| rights(machine, name).segment_type() == 11)
        },
        argument: "The check ends before type 11, which the manual includes.",
    },
    Departure {
        rule: "guest.interruptibility.virtual_nmi",
        behaviour: Behaviour::Ignores,
        when: always,
        argument: "Blocking by NMI is not looked at when an NMI is injected.",
    },
    Departure {
        rule: "guest.interruptibility.nmi_sti",
        behaviour: Behaviour::Answers(INVALID_GUEST),
        when: always,
        argument: "The entry is refused without exit qualification 3, which the manual gives to this failure alone.",
    },
    Departure {
        rule: "load.msr.x2apic",
        behaviour: Behaviour::Ignores,
        when: |_, _, cpu| matches!(cpu, Cpu::Core2 | Cpu::Lynnfield | Cpu::Arrandale),
        argument: "The range is refused only on models with an x2APIC; elsewhere the MSR counts as unknown, and writes \
                   of unknown MSRs are dropped.",
    },
    Departure {
        rule: "load.msr.model_specific",
        behaviour: Behaviour::Ignores,
        when: always,
        argument: "Microcode updates are not emulated, and writes of their MSRs are dropped.",
    },
    Departure {
        rule: "load.msr.smm",
        behaviour: Behaviour::Ignores,
        when: always,
        argument: "IA32_SMM_MONITOR_CTL is not emulated, and writes of unknown MSRs are dropped.",
    },
];

/// All additions.
pub const ADDITIONS: &[Addition] = &[
    Addition {
        message: "VMENTER FAIL: VMCS guest non-conforming CS.RPL <> CS.DPL",
        outcome: INVALID_GUEST,
        when: |machine| {
            differs_from_selector(machine) && rights(machine, SegmentName::Cs).segment_type() < 12
        },
        argument: "The manual relates the DPL of CS to SS, and says nothing of the RPL of CS in an unrestricted guest.",
    },
    Addition {
        message: "VMENTER FAIL: VMCS guest non-conforming CS.RPL < CS.DPL",
        outcome: INVALID_GUEST,
        when: |machine| {
            differs_from_selector(machine) && rights(machine, SegmentName::Cs).segment_type() >= 12
        },
        argument: "As for non-conforming code.",
    },
    Addition {
        message: "VMFAIL: VMCS guest IA32_S_CET/EB_LEG_BITMAP_BASE non canonical or invalid",
        outcome: INVALID_GUEST,
        when: |machine| loads(machine, Field::GUEST_IA32_S_CET) >> 32 != 0 && !is_ia_32e(machine),
        argument: "The manual wants bits 63:32 of IA32_S_CET to be 0 in a 32-bit host, and says nothing of a 32-bit guest.",
    },
    Addition {
        message: "VMFAIL: VMCS guest SSP non canonical or invalid",
        outcome: INVALID_GUEST,
        when: |machine| matches!(loads(machine, Field::GUEST_SSP) as i64 >> 47, 1 | -2) && is_ia_32e(machine),
        argument: "In 64-bit mode SSP need not be canonical: its top bit may differ from those above.",
    },
];

/// The value of a field that the entry loads with CET state; 0 where it does not.
fn loads(machine: &Machine, field: Field) -> u64 {
    let is_loaded =
        machine.get(Field::VM_ENTRY_CONTROLS).is_some_and(|word| word & entry::LOAD_CET_STATE != 0);
    if is_loaded { machine.get(field).unwrap_or(0) } else { 0 }
}

fn is_ia_32e(machine: &Machine) -> bool {
    machine.get(Field::VM_ENTRY_CONTROLS).is_some_and(|word| word & entry::IA_32E_MODE_GUEST != 0)
}

fn rights(machine: &Machine, name: SegmentName) -> AccessRights {
    AccessRights(machine.get(name.fields().access_rights).unwrap_or(0) as u32)
}

/// The privilege level that a selector asks for.
fn requested(machine: &Machine, name: SegmentName) -> u8 {
    (machine.get(name.fields().selector).unwrap_or(0) & 3) as u8
}

fn selector_exceeds_privilege(machine: &Machine, name: SegmentName) -> bool {
    let rights = rights(machine, name);
    !rights.is_unusable() && rights.segment_type() < 12 && requested(machine, name) > rights.privilege()
}

/// Whether code's DPL does not fit its selector's RPL in the eyes of Bochs. Not asked in virtual-8086 mode.
fn differs_from_selector(machine: &Machine) -> bool {
    const VM: u64 = 1 << 17;
    let (rights, requested) = (rights(machine, SegmentName::Cs), requested(machine, SegmentName::Cs));
    if machine.get(Field::GUEST_RFLAGS).is_some_and(|flags| flags & VM != 0) {
        return false;
    }
    match rights.segment_type() {
        9 | 11 => requested != rights.privilege(),
        13 | 15 => requested < rights.privilege(),
        _ => false,
    }
}

/// The departure that a violation falls under.
pub fn of(violation: &Violation, machine: &Machine, cpu: Cpu) -> Option<&'static Departure> {
    DEPARTURES
        .iter()
        .find(|departure| departure.rule == violation.rule.id && (departure.when)(violation, machine, cpu))
}

/// The additions that a case meets.
pub fn additions(machine: &Machine) -> impl Iterator<Item = &'static Addition> + '_ {
    ADDITIONS.iter().filter(|addition| (addition.when)(machine))
}
