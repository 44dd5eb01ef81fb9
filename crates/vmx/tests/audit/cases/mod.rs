//! For each rule a change of a base state that breaks it and nothing else, and one next to it that does not.

mod controls;
mod guest;
mod host;
mod registers;
mod segments;

use std::collections::{BTreeMap, BTreeSet};

use vmx::audit::base::Base;
use vmx::audit::{self, Finding, Violation, Why};
use vmx::capability::{CpuFacts, Profile, msr};
use vmx::controls::ControlKind;
use vmx::{Capabilities, Field, Machine};

/// One change of a base state.
#[derive(Clone, Copy)]
pub enum Change {
    /// A field's value.
    Set(Field, u64),
    /// These controls 1.
    On(ControlKind, u64),
    /// These controls 0.
    Off(ControlKind, u64),
    /// Another processor.
    Processor(fn(&mut Capabilities)),
    /// 8 bytes of memory.
    Memory(u64, u64),
}

/// A rule, the base state, what breaks the rule alone, and what does not.
pub struct Case {
    pub rule: &'static str,
    pub base: &'static str,
    pub outside: &'static [Change],
    pub inside: &'static [Change],
}

pub const fn case(
    rule: &'static str,
    base: &'static str,
    outside: &'static [Change],
    inside: &'static [Change],
) -> Case {
    Case { rule, base, outside, inside }
}

/// A processor that has every control, but not every feature that CPUID tells.
fn everything() -> Capabilities {
    let mut all = Profile::SKYLAKE.capabilities;
    for (address, value) in [
        (msr::BASIC, 0x00D8_1000_0000_002B),
        (msr::TRUE_PINBASED_CTLS, 0x0000_00FF_0000_0016),
        (msr::PROCBASED_CTLS, 0xFFFF_FFFF_0400_6172),
        (msr::TRUE_PROCBASED_CTLS, 0xFFFF_FFFF_0400_6172),
        (msr::PROCBASED_CTLS2, 0xFFFF_FFFF_0000_0000),
        (msr::PROCBASED_CTLS3, 0x1FF),
        (msr::EXIT_CTLS, 0xFFFF_FFFF_0003_6DFB),
        (msr::TRUE_EXIT_CTLS, 0xFFFF_FFFF_0003_6DFB),
        (msr::EXIT_CTLS2, 0xF),
        (msr::TRUE_ENTRY_CTLS, 0x01FF_FFFF_0000_11FB),
        (msr::MISC, 0x2004_01E0),
        (msr::CR4_FIXED1, 0x1_FFFF_FFFF),
        (msr::EPT_VPID_CAP, 0x0F01_0611_4141),
        (msr::VMFUNC, 1),
    ] {
        all.set(address, value);
    }
    all.cpu = CpuFacts {
        cet_shadow_stacks: true,
        cet_branch_tracking: true,
        perf_global_ctrl: Some(0x7_0000_000F),
        rtit_ctl: Some(0x3F),
        lbr_ctl: Some(0x7F_0007),
        spec_ctrl: Some(7),
        ..all.cpu
    };
    all
}

struct Trial {
    machine: Machine,
    capabilities: Capabilities,
    memory: BTreeMap<u64, u64>,
}

impl Trial {
    fn new(base: &str, changes: &[Change]) -> Self {
        let mut capabilities = everything();
        for change in changes {
            if let Change::Processor(change) = change {
                change(&mut capabilities);
            }
        }
        let base = Base::from_name(base).expect("a base state");
        let machine = base.plan(&everything()).unwrap();
        let mut trial = Trial { machine, capabilities, memory: BTreeMap::new() };
        for change in changes {
            trial.apply(*change);
        }
        trial
    }

    fn apply(&mut self, change: Change) {
        let word = |kind: ControlKind| self.machine.get(kind.field()).unwrap_or(0);
        match change {
            Change::Set(field, value) => self.machine.set(field, value),
            Change::On(kind, mask) => self.machine.set(kind.field(), word(kind) | mask),
            Change::Off(kind, mask) => self.machine.set(kind.field(), word(kind) & !mask),
            Change::Memory(address, value) => drop(self.memory.insert(address, value)),
            Change::Processor(_) => {}
        }
    }

    fn findings(&self) -> Vec<Finding> {
        let memory = |address| self.memory.get(&address).copied();
        let mut findings = Vec::new();
        audit::check_with(&self.machine, &self.capabilities, &memory, &mut |finding| findings.push(finding));
        findings
    }

    fn violations(&self) -> Vec<Violation> {
        let is_violation = |finding| match finding {
            Finding::Violation(violation) => Some(violation),
            Finding::Undecided(_) => None,
        };
        self.findings().into_iter().filter_map(is_violation).collect()
    }

    fn broken(&self) -> BTreeSet<&'static str> {
        self.violations().iter().map(|violation| violation.rule.id).collect()
    }

    fn undecided(&self) -> BTreeMap<&'static str, Why> {
        let why = |finding| match finding {
            Finding::Undecided(open) => Some((open.rule.id, open.why)),
            Finding::Violation(_) => None,
        };
        self.findings().into_iter().filter_map(why).collect()
    }
}

fn all() -> impl Iterator<Item = &'static Case> {
    [controls::CASES, host::CASES, registers::CASES, segments::CASES, guest::CASES].into_iter().flatten()
}

#[test]
fn each_rule_is_broken_alone_just_outside_and_by_nothing_just_inside() {
    for Case { rule, base, outside, inside } in all() {
        let broken = Trial::new(base, outside).broken();
        assert_eq!(broken, BTreeSet::from([*rule]), "outside: {rule} of {base}");
        let broken = Trial::new(base, inside).broken();
        assert_eq!(broken, BTreeSet::new(), "inside: {rule} of {base}");
        assert!(!Trial::new(base, inside).undecided().contains_key(rule), "inside: {rule} of {base} is open");
    }
}

#[test]
fn every_rule_has_a_case() {
    let tried: BTreeSet<_> = all().map(|case| case.rule).collect();
    let rules: BTreeSet<_> = audit::rules().iter().map(|rule| rule.id).collect();
    assert_eq!(tried, rules);
    assert_eq!(rules.len(), audit::rules().len(), "no two rules have the same id");
}

#[test]
fn a_processor_that_is_not_known_breaks_no_rule_that_needs_it() {
    for Case { rule, base, outside, .. } in all() {
        let mut trial = Trial::new(base, outside);
        trial.capabilities = Capabilities::none();
        let open = trial.undecided();
        for violation in trial.violations() {
            assert_eq!(violation.rule.id, *rule, "{base}");
            assert!(!open.contains_key(rule), "{rule} is both broken and open");
        }
    }
}

#[test]
fn a_plan_with_holes_breaks_no_other_rule() {
    for Case { rule, base, outside, .. } in all() {
        let whole = Trial::new(base, outside);
        for field in Field::ALL {
            let mut trial = Trial::new(base, outside);
            if whole.machine.get(field).is_some() {
                trial.machine.remove(field);
                let broken = trial.broken();
                assert!(broken.iter().all(|id| id == rule), "{rule} of {base} without {field}: {broken:?}");
            }
        }
    }
}

#[test]
fn every_suggested_fix_of_bits_or_values_repairs_its_rule() {
    for Case { rule, base, outside, .. } in all() {
        let mut trial = Trial::new(base, outside);
        for violation in trial.violations() {
            let fix = violation.fix().to_string();
            assert!(!fix.is_empty() && fix.is_ascii(), "{fix}");
            let written = fix.split_once("write ").and_then(|(_, rest)| rest.split_once('h'));
            if let Some((digits, _)) = written
                && let Ok(value) = u64::from_str_radix(digits, 16)
            {
                trial.machine.set(violation.field, value);
            }
        }
        let written = trial.machine != Trial::new(base, outside).machine;
        assert!(!written || !trial.broken().contains(rule), "{rule} of {base}");
    }
}
