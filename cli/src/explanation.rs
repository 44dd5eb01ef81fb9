//! The auditor's explanation of a broken plan, under the processor's bare answer.

use vmx::audit::{self, Violation};
use vmx::capability::Profile;
use vmx::{Field, Machine};
use wire::LineKind;

use crate::engine::Cpu;
use crate::session::Report;

/// Lines for each rule that the reported plan breaks on the processor that ran it; none if it breaks none.
pub fn explain(cpu: Cpu, report: &Report) -> Vec<(LineKind, String)> {
    let Some(profile) = Profile::from_name(&cpu.short_name()) else { return Vec::new() };
    let mut machine = Machine::new();
    for (encoding, value) in &report.machine {
        if let Some(field) = Field::from_encoding(*encoding) {
            machine.set(field, *value);
        }
    }
    let mut lines = Vec::new();
    audit::check(&machine, &profile.capabilities, &mut |violation| lines.extend(tell(&violation)));
    if !lines.is_empty() {
        lines.insert(0, (LineKind::Heading, "The auditor: which rule, and why".to_owned()));
    }
    lines
}

fn tell(violation: &Violation) -> [(LineKind, String); 4] {
    let Violation { rule, field, value, demand, .. } = violation;
    let step = format!("{}: {} is {value:X}h and {demand}", rule.id, field.name());
    let details = [
        format!("{} ({})", rule.sentence, rule.section),
        format!("the processor: {}", violation.outcome()),
        format!("fix: {}", violation.fix()),
    ];
    let [sentence, outcome, fix] = details.map(|detail| (LineKind::Detail, detail));
    [(LineKind::Step, step), sentence, outcome, fix]
}
