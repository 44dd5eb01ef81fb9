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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_vmm_reports_of_its_vmcs_is_explained_rule_by_rule() {
        let mut report = Report { machine: vec![(0x6820, 0x2_0002), (0x4816, 0xF3)], ..Report::default() };
        assert!(explain(Cpu::Core2, &report).is_empty());
        report.machine = vec![(0x6820, 0x2_0002), (0x4816, 0x9B), (0x6C04, 0)];
        let lines: Vec<String> = explain(Cpu::Core2, &report).into_iter().map(|(_, line)| line).collect();
        for wanted in [
            "The auditor: which rule, and why",
            "host.cr4.fixed: host_cr4 is 0h and must set 2000h",
            "guest.segment.v8086.access_rights: guest_cs_access_rights is 9Bh and must be F3h",
            "fix: write F3h to guest_cs_access_rights, or clear bit 17 (VM) of guest_rflags",
        ] {
            assert!(lines.iter().any(|line| line == wanted), "{wanted} is not in {lines:#?}");
        }
    }
}
