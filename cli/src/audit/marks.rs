//! By what a dump of KVM or Xen is known among other text, and which of its lines say nothing.

use super::keys::{self, Label};
use super::text::Line;

/// Whether the text looks like such a dump at all.
pub fn is_log(lines: &[Line]) -> bool {
    // Not `intr_info` alone: Linux calls a field VM_ENTRY_INTR_INFO_FIELD, which a list may hold.
    let marks = [
        "gh_mask",
        "** guest state **",
        "** host state **",
        "** control state **",
        "vmentry: intr_info",
        "vmexit: intr_info",
        "pinbased=",
        "last attempted vm-entry",
    ];
    let has_mark = |line: &Line| {
        let lower = line.text.to_ascii_lowercase();
        marks.iter().any(|mark| lower.contains(mark))
    };
    lines.iter().any(|line| has_mark(line) || is_segment_row(&line.text))
}

fn is_segment_row(text: &str) -> bool {
    let is_label = text.split_once(':').is_some_and(|(label, _)| {
        matches!(keys::label(label.trim()), Some(Label::Segment(_) | Label::Gdtr | Label::Idtr))
    });
    is_label && text.contains("limit=") && text.contains("base=")
}

/// Whether the line is of a VMCB, the counterpart of the VMCS on processors of AMD, where other rules hold.
pub fn is_of_vmcb(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["vmcb control area", "vmcb state save area", "last attempted vmrun"]
        .iter()
        .any(|mark| lower.contains(mark))
}

/// What only Xen prints.
pub fn is_xen(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["pdpte0", "vmcs area", "sm base", "attr  limit", "guest pat", "host pat", "vmfunc controls", "efer("]
        .iter()
        .any(|mark| lower.contains(mark))
}

/// Lines that hold no value and need no remark.
pub fn is_trimming(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let is_rule = text.chars().all(|letter| matches!(letter, '*' | '-' | '=' | ' ' | '`'));
    let is_headline = lower.contains("last attempted vm-entry") || lower.contains("vmcs area");
    let is_columns = ["sel", "attr", "limit", "base"].iter().all(|column| lower.contains(column));
    let is_area = lower.starts_with("msr ") && lower.ends_with(':');
    let is_place = lower.contains("domain ") && lower.ends_with("<<<") || lower.starts_with("vcpu ");
    is_rule || is_headline || is_columns || is_area || is_place
}
