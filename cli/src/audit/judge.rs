//! The audit of one dump: which rules it breaks, and which cannot be decided from it.

use vmx::audit::{self, Demand, Evidence, Finding, Permitted, Rule, Violation, Why};
use vmx::{Capabilities, Field};

use super::dump::{AreaEntry, Dump};
use super::likely::{Likely, likely};

/// A broken rule, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broken {
    /// The rule.
    pub rule: &'static Rule,
    /// The field that breaks it.
    pub field: Field,
    /// The field's value.
    pub value: u64,
    /// What the field must be.
    pub demand: String,
    /// What else decided, where something did.
    pub evidence: Option<String>,
    /// What the processor will do.
    pub outcome: String,
    /// A change that would satisfy the rule.
    pub fix: String,
}

/// A rule that could not be decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Open {
    /// The rule.
    pub rule: &'static Rule,
    /// Why not.
    pub why: String,
    /// What one would have to know.
    pub lack: Lack,
    /// What breaks the rule on the processors that are known here.
    pub likely: Option<Likely>,
}

/// What an audit lacks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Lack {
    /// A field that the dump does not print.
    Field(Field),
    /// A capability MSR.
    Capability(u32),
    /// Something else about the processor.
    Processor(&'static str),
    /// The memory that the VMCS points to, at this address.
    Memory(u64),
    /// What an MSR of the MSR-load area accepts.
    Msr(u32),
}

/// What an audit says.
#[derive(Clone, Default, Debug)]
pub struct Judgement {
    /// The broken rules, in the manual's order.
    pub broken: Vec<Broken>,
    /// The rules that could not be decided, in the same order.
    pub open: Vec<Open>,
    /// What the processor may do, given the broken rules: any of these.
    pub outcomes: Vec<String>,
    /// Values that satisfy all rules on a field that breaks several.
    pub repairs: Vec<(Field, u64)>,
}

/// Audits `dump` for a processor with these `capabilities`, with what the dump tells of memory.
pub fn judge(dump: &Dump, capabilities: &Capabilities) -> Judgement {
    let mut judgement = Judgement::default();
    let mut permitted = Permitted::new();
    let memory = |address: u64| dump.memory.get(&address).copied();
    audit::check_with(&dump.machine, capabilities, &memory, &mut |finding| match finding {
        Finding::Violation(violation) => {
            permitted.add(&violation);
            judgement.broken.push(broken(&violation));
        }
        Finding::Undecided(undecided) => {
            let lack = lack(undecided.why);
            let likely = likely(&dump.machine, undecided.rule, lack);
            judgement.open.push(Open { rule: undecided.rule, why: undecided.why.to_string(), lack, likely });
        }
    });
    loaded_msrs(dump, capabilities, &mut judgement, &mut permitted);
    judgement.outcomes = permitted.outcomes().map(|outcome| outcome.to_string()).collect();
    judgement.repairs = repairs(dump, capabilities, &judgement.broken);
    judgement
}

/// One value for each field that breaks more than one rule, since their fixes, each computed alone, undo each other.
/// Where the rules want opposite things of the field, another field must change, and there is no such value.
fn repairs(dump: &Dump, capabilities: &Capabilities, broken: &[Broken]) -> Vec<(Field, u64)> {
    const ROUNDS: usize = 8;
    let mut fields: Vec<Field> = broken.iter().map(|one| one.field).collect();
    fields.sort();
    let several: Vec<Field> = fields
        .chunk_by(|one, other| one == other)
        .filter(|same| same.len() > 1)
        .map(|same| same[0])
        .collect();
    several
        .into_iter()
        .filter_map(|field| {
            let mut machine = dump.machine.clone();
            for _ in 0..ROUNDS {
                let value = machine.get(field)?;
                let mut repaired = Some(value);
                audit::check(&machine, capabilities, &mut |violation| {
                    if violation.field == field {
                        repaired = repaired.and_then(|so_far| meet(value, so_far, violation.demand));
                    }
                });
                match repaired? {
                    same if same == value => return Some((field, value)),
                    better => machine.set(field, better & field.width().mask()),
                }
            }
            None
        })
        .collect()
}

/// Changes `so_far` as the demand wants `value` to be changed.
fn meet(value: u64, so_far: u64, demand: Demand) -> Option<u64> {
    let wanted = match demand {
        Demand::Value(wanted)
        | Demand::AtMost(wanted)
        | Demand::AtLeast(wanted)
        | Demand::Canonical(wanted) => wanted,
        Demand::Bits { set, clear } => (value | set) & !clear,
        Demand::OneOf(mask, values) => value & !mask | values.first()?,
        Demand::Sentence => return None,
    };
    let changed = value ^ wanted;
    Some(so_far & !changed | wanted & changed)
}

/// Judges the entries of the VM-entry MSR-load area, where the dump prints them (KVM: "MSR guest autoload") and not the
/// fields that point to them. The area is thought of as lying somewhere, and its address is not spoken of.
fn loaded_msrs(
    dump: &Dump,
    capabilities: &Capabilities,
    judgement: &mut Judgement,
    permitted: &mut Permitted,
) {
    const AREA: u64 = 0x1000;
    let is_loaded = |entry: &&AreaEntry| entry.area.eq_ignore_ascii_case("guest autoload");
    let entries: Vec<&AreaEntry> = dump.msrs.iter().filter(is_loaded).collect();
    let fields = [Field::VM_ENTRY_MSR_LOAD_COUNT, Field::VM_ENTRY_MSR_LOAD_ADDRESS];
    if entries.is_empty() || fields.iter().any(|field| dump.machine.get(*field).is_some()) {
        return;
    }
    let mut machine = dump.machine.clone();
    machine.set(Field::VM_ENTRY_MSR_LOAD_COUNT, entries.len() as u64);
    machine.set(Field::VM_ENTRY_MSR_LOAD_ADDRESS, AREA);
    let memory = |address: u64| {
        let entry = entries.get(usize::try_from(address.checked_sub(AREA)? / 16).ok()?)?;
        Some(if address.is_multiple_of(16) { entry.index } else { entry.value })
    };
    let is_about_entries = |rule: &Rule| rule.id.starts_with("load.msr.");
    judgement.open.retain(|open| !is_about_entries(open.rule));
    audit::check_with(&machine, capabilities, &memory, &mut |finding| match finding {
        Finding::Violation(violation) if is_about_entries(violation.rule) => {
            permitted.add(&violation);
            let fix = violation.fix().to_string().replace(&format!(" at {AREA:X}h"), "");
            judgement.broken.push(Broken {
                field: Field::VM_ENTRY_MSR_LOAD_COUNT,
                value: entries.len() as u64,
                fix,
                ..broken(&violation)
            });
        }
        Finding::Undecided(undecided) if is_about_entries(undecided.rule) => {
            let (rule, why, lack) = (undecided.rule, undecided.why.to_string(), lack(undecided.why));
            judgement.open.push(Open { rule, why, lack, likely: None });
        }
        Finding::Violation(_) | Finding::Undecided(_) => {}
    });
}

fn broken(violation: &Violation) -> Broken {
    let Violation { rule, field, value, demand, evidence, .. } = *violation;
    Broken {
        rule,
        field,
        value,
        demand: demand.to_string(),
        evidence: (evidence != Evidence::None).then(|| evidence.to_string()),
        outcome: violation.outcome().to_string(),
        fix: violation.fix().to_string(),
    }
}

fn lack(why: Why) -> Lack {
    match why {
        Why::Absent(field) => Lack::Field(field),
        Why::Capability(msr) => Lack::Capability(msr),
        Why::Cpu(fact) => Lack::Processor(fact),
        Why::Memory(address) => Lack::Memory(address),
        Why::Msr(msr) => Lack::Msr(msr),
    }
}
