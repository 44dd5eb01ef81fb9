//! Reads our own JSON: a snapshot of a VMCS, or what `hyper86 demo --json` prints.
//!
//! The fields stand under `machine` (or `fields`, or at the top): a list of `{"field": "0x6820", "value": "0x2"}`, or
//! an object of names or encodings and values. `results` holds what was read after the exit, `capabilities` the
//! processor's profile, and `memory` what the VMCS points to (MSR areas, page-directory pointers, the virtual-APIC page):
//! an object of addresses and the 8 bytes there.

use anyhow::{Context, bail};
use serde_json::{Map, Value};
use vmx::Field;

use super::dump::{Dump, Format, Note, Reading, Repetition, number};
use super::likes;
use super::names::{self, Part};
use crate::caps::profile::Processor;
use crate::caps::read::{from_json, json_number};

/// The snapshot in `bytes`, and the processor's profile where it is part of it.
///
/// # Errors
/// It is no JSON, or no snapshot; the message names the line and what was expected.
pub fn read(bytes: &[u8]) -> anyhow::Result<(Reading, Option<Processor>)> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        let line = error.line().max(1);
        anyhow::anyhow!("line {line}: not JSON ({error}); expected a snapshot such as {{\"machine\": {{\"guest_cr0\": \"0x80000031\"}}}}")
    })?;
    let mut unknown = Vec::new();
    let dumps = match snapshots(&value) {
        Some(snapshots) => {
            snapshots.iter().map(|one| dump_of(one, &mut unknown)).collect::<anyhow::Result<Vec<_>>>()?
        }
        None => vec![dump_of(&value, &mut unknown)?],
    };
    let processor = match value.get("capabilities") {
        Some(_) => Some(from_json(&value).context("line 1: capabilities")?),
        // The machine that a demonstration ran on.
        None => value.get("cpu").filter(|cpu| cpu.is_string()).and_then(|cpu| from_json_name(cpu).ok()),
    };
    Ok((Reading { format: Format::Json, dumps, unknown }, processor))
}

/// The snapshots in an array of them, or in what `audit --json` prints.
fn snapshots(value: &Value) -> Option<&Vec<Value>> {
    let snapshots = value.get("dumps").unwrap_or(value).as_array()?;
    let is_snapshot = |one: &Value| WRAPPERS.iter().any(|key| one.get(key).is_some());
    (!snapshots.is_empty() && snapshots.iter().all(is_snapshot)).then_some(snapshots)
}

/// The keys under which a snapshot's fields stand.
const WRAPPERS: [&str; 4] = ["machine", "fields", "vmcs", "results"];

fn dump_of(value: &Value, unknown: &mut Vec<Note>) -> anyhow::Result<Dump> {
    let mut dump = Dump::default();
    match value {
        Value::Array(entries) => take_entries(entries, &mut dump, unknown),
        Value::Object(object) => take_object(object, &mut dump, unknown),
        _ => bail!("line 1: expected an object with the fields of a VMCS"),
    }
    take_memory(value, &mut dump)?;
    if dump.machine.is_empty() {
        let why = dump.notes.first().map_or_else(String::new, |note| format!(" ({})", note.text));
        bail!(
            "line 1: no field of a VMCS in this JSON{why}; expected \"machine\": {{\"guest_cr0\": \"0x80000031\", …}}"
        );
    }
    Ok(dump)
}

/// `{"memory": {"0x1000": "0x174", "0x1008": "0x10"}}`.
fn take_memory(value: &Value, dump: &mut Dump) -> anyhow::Result<()> {
    for (address, bytes) in value.get("memory").and_then(Value::as_object).into_iter().flatten() {
        let at = number(address).filter(|at| at.is_multiple_of(8));
        let at =
            at.with_context(|| format!("line 1: memory: {address:?} is no multiple of 8 in hexadecimal"))?;
        let bytes = json_number(bytes).with_context(|| format!("line 1: memory at {address}: no number"))?;
        dump.memory.insert(at, bytes);
    }
    Ok(())
}

fn from_json_name(name: &Value) -> anyhow::Result<Processor> {
    from_json(&serde_json::json!({ "capabilities": name }))
}

fn take_object(object: &Map<String, Value>, dump: &mut Dump, unknown: &mut Vec<Note>) {
    let mut is_wrapped = false;
    for key in WRAPPERS {
        match object.get(key) {
            Some(Value::Array(entries)) => take_entries(entries, dump, unknown),
            Some(Value::Object(fields)) => take_fields("", fields, dump, unknown),
            _ => continue,
        }
        is_wrapped = true;
    }
    if !is_wrapped {
        take_fields("", object, dump, unknown);
    }
}

/// `{"guest_cr0": "0x80000031"}`, or `{"guest": {"cr0": "0x80000031"}}`.
fn take_fields(prefix: &str, fields: &Map<String, Value>, dump: &mut Dump, unknown: &mut Vec<Note>) {
    for (name, value) in fields {
        let name = format!("{prefix}{name}");
        match value {
            Value::Object(inner) if inner.contains_key("value") => {
                take(&name, &inner["value"], dump, unknown)
            }
            Value::Object(inner) => take_fields(&format!("{name} "), inner, dump, unknown),
            _ => take(&name, value, dump, unknown),
        }
    }
}

/// `[{"field": "0x6800", "name": "guest_cr0", "value": "0x80000031"}]`.
fn take_entries(entries: &[Value], dump: &mut Dump, unknown: &mut Vec<Note>) {
    for entry in entries {
        let name = ["field", "encoding", "name"].into_iter().find_map(|key| entry.get(key));
        let name = match name {
            Some(Value::String(name)) => name.clone(),
            Some(Value::Number(encoding)) => {
                encoding.as_u64().map_or_else(String::new, |value| format!("{value:#x}"))
            }
            _ => {
                unknown.push(Note { line: 1, text: entry.to_string() });
                continue;
            }
        };
        take(&name, entry.get("value").unwrap_or(&Value::Null), dump, unknown);
    }
}

fn take(name: &str, value: &Value, dump: &mut Dump, unknown: &mut Vec<Note>) {
    let Some(field) = field(name) else {
        unknown.push(Note { line: 1, text: likes::with_likes(name) });
        return;
    };
    match json_number(value) {
        Some(value) => dump.set(field, value, 1, Repetition::FirstCounts),
        None => dump.note(1, format!("{} has no value: {value}; skipped", field.0)),
    }
}

fn field(name: &str) -> Option<(Field, Part)> {
    names::field(name).or_else(|| names::field_by_number(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_a_snapshot_is_read() {
        let rows = [
            r#"{"machine": [{"field": "0x6820", "name": "guest_rflags", "value": "0x2"}]}"#,
            r#"{"machine": {"guest_rflags": "0x2"}, "capabilities": {"msrs": {"0x480": "0x1"}}}"#,
            r#"{"guest_rflags": 2}"#,
            r#"{"0x6820": "2h"}"#,
            r#"[{"encoding": 26656, "value": 2}]"#,
            r#"{"fields": {"GUEST_RFLAGS": "2", "more": 1}}"#,
            r#"{"guest": {"rflags": "0x2"}}"#,
            r#"{"guest_rflags": {"value": "0x2", "why": "reserved"}}"#,
            r#"{"dumps": [{"machine": {"guest_rflags": 2}}, {"machine": {"guest_rflags": 3}}]}"#,
            r#"[{"machine": {"guest_rflags": 2}}]"#,
            r#"{"command": "demo", "cpu": "core2", "machine": [{"field": "0x6820", "value": "0x2"}], "results": []}"#,
        ];
        for row in rows {
            let (reading, _) = read(row.as_bytes()).unwrap();
            assert_eq!(reading.dumps[0].machine.get(Field::GUEST_RFLAGS), Some(2), "{row}");
        }
        assert!(read(rows[1].as_bytes()).unwrap().1.is_some());
        assert_eq!(read(rows[10].as_bytes()).unwrap().1.unwrap().name.as_deref(), Some("core2"));
    }

    #[test]
    fn memory_is_8_bytes_at_an_address() {
        let text = r#"{"machine": {"guest_rflags": 2}, "memory": {"0x1000": "0x174", "1008": 16}}"#;
        let dump = &read(text.as_bytes()).unwrap().0.dumps[0];
        assert_eq!(dump.memory.get(&0x1000), Some(&0x174));
        assert_eq!(dump.memory.get(&0x1008), Some(&16));
        let odd = r#"{"machine": {"guest_rflags": 2}, "memory": {"0x1001": "0x174"}}"#;
        assert!(read(odd.as_bytes()).unwrap_err().to_string().contains("multiple of 8"));
    }

    #[test]
    fn what_is_no_snapshot_is_refused_with_its_line() {
        for (text, words) in [
            ("{\n\"a\": }", "line 2"),
            ("{}", "no field"),
            ("3", "expected"),
            ("[1]", "no field"),
            (r#"{"guest_cr0": -1}"#, "guest_cr0 has no value: -1"),
        ] {
            let error = read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(words) && error.starts_with("line "), "{text}: {error}");
        }
    }
}
