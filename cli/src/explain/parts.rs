//! A field's value, taken apart.

use vmx::Field;
use vmx::controls::ControlKind;
use vmx::event::{InterruptionInformation, exception_name};
use vmx::exit::{ExitReason, Qualification};
use vmx::instruction_error::InstructionError;
use vmx::segment::{AccessRights, SegmentName};

use super::bits::{self, Flags};

/// Some bits of a value and what they say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// The highest bit.
    pub high: u8,
    /// The lowest bit.
    pub low: u8,
    /// Their value.
    pub value: u64,
    /// What they are called.
    pub name: String,
    /// What they say.
    pub meaning: String,
}

/// A value, in words.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Anatomy {
    /// All of it in one line, where there is such a line.
    pub summary: String,
    /// Bit by bit, ascending.
    pub parts: Vec<Part>,
    /// Flags that have names and are 0.
    pub clear: Vec<String>,
}

/// Takes `value` apart as the value of `field`.
pub fn anatomy(field: Field, value: u64) -> Anatomy {
    if let Some(kind) = ControlKind::ALL.into_iter().find(|kind| kind.field() == field) {
        return controls(kind, value);
    }
    if let Some(segment) =
        SegmentName::ALL.into_iter().find(|segment| segment.fields().access_rights == field)
    {
        return access_rights(segment, value);
    }
    if let Some(flags) = bits::flags(field) {
        return of_flags(flags, value, field.width().bits());
    }
    match field {
        Field::GUEST_RFLAGS => rflags(value),
        Field::VM_ENTRY_INTERRUPTION_INFORMATION
        | Field::VM_EXIT_INTERRUPTION_INFORMATION
        | Field::IDT_VECTORING_INFORMATION => interruption(field, value),
        Field::EXIT_REASON => exit_reason(value),
        Field::EXIT_QUALIFICATION => {
            summary("depends on the exit reason (\"Basic VM-Exit Information\")".into())
        }
        Field::VM_INSTRUCTION_ERROR => summary(InstructionError(value as u32).to_string()),
        Field::EXCEPTION_BITMAP => exception_bitmap(value),
        Field::GUEST_ACTIVITY_STATE => summary(activity(value).into()),
        Field::GUEST_IA32_PAT | Field::HOST_IA32_PAT => pat(value),
        Field::EPT_POINTER => ept_pointer(value),
        Field::VMCS_LINK_POINTER if value == u64::MAX => summary("no VMCS is linked".into()),
        _ if is_selector(field) => selector(value),
        _ => Anatomy::default(),
    }
}

fn summary(summary: String) -> Anatomy {
    Anatomy { summary, ..Anatomy::default() }
}

fn part(high: u8, low: u8, whole: u64, name: &str, meaning: impl Into<String>) -> Part {
    let mask = u64::MAX >> (63 - (high - low));
    Part { high, low, value: whole >> low & mask, name: name.into(), meaning: meaning.into() }
}

/// The default1 bits of a control word: 1 unless a TRUE MSR allows 0 ("Reserved Controls and Default Settings", A.2).
const fn default1(kind: ControlKind) -> u64 {
    match kind {
        ControlKind::PinBased => 0x16,
        ControlKind::Primary => 0x0401_E172,
        ControlKind::Exit => 0x3_6DFF,
        ControlKind::Entry => 0x11FF,
        ControlKind::Secondary | ControlKind::Tertiary | ControlKind::SecondaryExit => 0,
    }
}

fn controls(kind: ControlKind, value: u64) -> Anatomy {
    let mut anatomy = Anatomy::default();
    for bit in 0..64_u8 {
        let mask = 1_u64 << bit;
        let name = kind.names().iter().find(|(known, _)| *known == mask).map(|(_, name)| *name);
        let is_default1 = default1(kind) & mask != 0;
        match (name, value & mask != 0) {
            (Some(name), true) => anatomy.parts.push(part(bit, bit, value, name, "")),
            (Some(name), false) => anatomy.clear.push(format!("{name} ({bit})")),
            (None, true) => {
                let meaning = if is_default1 { "reserved, 1 by default" } else { "reserved: must be 0" };
                anatomy.parts.push(part(bit, bit, value, "-", meaning));
            }
            (None, false) if is_default1 => {
                anatomy.parts.push(part(
                    bit,
                    bit,
                    value,
                    "-",
                    "reserved, 1 by default: 0 only where a TRUE MSR allows it",
                ));
            }
            (None, false) => {}
        }
    }
    anatomy
}

fn of_flags(flags: Flags, value: u64, width_bits: u32) -> Anatomy {
    let mut anatomy = Anatomy::default();
    for bit in 0..width_bits as u8 {
        let is_set = value >> bit & 1 == 1;
        match flags.iter().find(|(known, ..)| *known == bit) {
            Some((_, name, meaning)) if is_set => anatomy.parts.push(part(bit, bit, value, name, *meaning)),
            Some((_, name, _)) => anatomy.clear.push(format!("{name} ({bit})")),
            None if is_set => anatomy.parts.push(part(bit, bit, value, "-", "reserved")),
            None => {}
        }
    }
    anatomy
}

fn rflags(value: u64) -> Anatomy {
    let mut anatomy = of_flags(bits::RFLAGS, value & !(3 << 12), 64);
    let level = part(13, 12, value, "IOPL", "I/O privilege level");
    let at = anatomy.parts.iter().position(|part| part.low > 12).unwrap_or(anatomy.parts.len());
    anatomy.parts.insert(at, level);
    if value & 2 == 0 {
        anatomy.parts.insert(0, part(1, 1, value, "1", "must be 1"));
        anatomy.clear.retain(|name| name != "1 (1)");
    }
    anatomy
}

fn access_rights(segment: SegmentName, value: u64) -> Anatomy {
    let rights = AccessRights(value as u32);
    let mut parts = vec![
        part(3, 0, value, "type", rights.type_name()),
        part(4, 4, value, "S", if rights.is_code_or_data() { "code or data" } else { "system segment" }),
        part(6, 5, value, "DPL", "privilege level"),
        part(7, 7, value, "P", if rights.is_present() { "present" } else { "not present" }),
    ];
    if value & 0xF00 != 0 {
        parts.push(part(11, 8, value, "-", "reserved: must be 0"));
    }
    parts.extend([
        part(12, 12, value, "AVL", "for software"),
        part(13, 13, value, "L", if rights.is_long() { "64-bit code" } else { "no 64-bit code" }),
        part(14, 14, value, "D/B", if rights.is_big() { "32-bit operations" } else { "16-bit operations" }),
        part(15, 15, value, "G", if rights.is_page_granular() { "limit in pages" } else { "limit in bytes" }),
        part(
            16,
            16,
            value,
            "unusable",
            if rights.is_unusable() { "the register holds no segment" } else { "usable" },
        ),
    ]);
    if value >> 17 != 0 {
        parts.push(part(31, 17, value, "-", "reserved: must be 0"));
    }
    Anatomy { summary: format!("{segment}, {rights}"), parts, clear: Vec::new() }
}

fn interruption(field: Field, value: u64) -> Anatomy {
    let word = InterruptionInformation(value as u32);
    let kind = word.kind().map_or_else(|| "reserved type".to_owned(), |kind| kind.to_string());
    let vector = match exception_name(word.vector()) {
        Some(name) if word.kind() == Some(vmx::event::EventKind::HardwareException) => name,
        _ => "",
    };
    let error_code = if word.has_error_code() { "with an error code" } else { "without an error code" };
    let mut parts = vec![
        part(7, 0, value, "vector", vector),
        part(10, 8, value, "type", kind),
        part(11, 11, value, "deliver error code", error_code),
    ];
    let reserved = if field == Field::VM_ENTRY_INTERRUPTION_INFORMATION {
        part(30, 12, value, "-", "reserved: must be 0")
    } else {
        parts.push(part(12, 12, value, "NMI unblocking", "IRET had unblocked NMIs"));
        part(30, 13, value, "-", "reserved")
    };
    if reserved.value != 0 {
        parts.push(reserved);
    }
    parts.push(part(
        31,
        31,
        value,
        "valid",
        if word.is_valid() { "the rest counts" } else { "the rest means nothing" },
    ));
    Anatomy { summary: word.to_string(), parts, clear: Vec::new() }
}

fn exit_reason(value: u64) -> Anatomy {
    let reason = ExitReason(value as u32);
    let mut parts =
        vec![part(15, 0, value, "basic exit reason", format!("{}", ExitReason(value as u32 & 0xFFFF)))];
    for (bit, is_set, name) in [
        (25, reason.shadow_stack_busy(), "shadow stack prematurely busy"),
        (26, reason.bus_lock(), "bus lock"),
        (27, reason.in_enclave(), "enclave mode"),
        (28, reason.pending_mtf(), "pending MTF exit"),
        (29, reason.from_root(), "exit from VMX root operation"),
        (31, reason.entry_failed(), "VM-entry failure"),
    ] {
        if is_set {
            parts.push(part(bit, bit, value, name, ""));
        }
    }
    Anatomy { summary: reason.to_string(), parts, clear: Vec::new() }
}

fn exception_bitmap(value: u64) -> Anatomy {
    let mut anatomy = Anatomy::default();
    for bit in 0..32_u8 {
        let name = exception_name(bit).unwrap_or("no exception has this vector");
        if value >> bit & 1 == 1 {
            anatomy.parts.push(part(bit, bit, value, "exits", name));
        }
    }
    anatomy
}

/// An activity state in words.
pub fn activity(value: u64) -> &'static str {
    match value {
        0 => "active",
        1 => "HLT",
        2 => "shutdown",
        3 => "wait-for-SIPI",
        _ => "not defined",
    }
}

/// A memory type in words.
fn memory_type(value: u64) -> &'static str {
    match value {
        0 => "uncacheable (UC)",
        1 => "write-combining (WC)",
        4 => "write-through (WT)",
        5 => "write-protected (WP)",
        6 => "write-back (WB)",
        7 => "uncached (UC-)",
        _ => "reserved",
    }
}

fn pat(value: u64) -> Anatomy {
    let parts = (0..8_u8)
        .map(|at| part(at * 8 + 7, at * 8, value, &format!("PA{at}"), memory_type(value >> (at * 8) & 0xFF)))
        .collect();
    Anatomy { parts, ..Anatomy::default() }
}

fn ept_pointer(value: u64) -> Anatomy {
    let levels = (value >> 3 & 7) + 1;
    let on = |bit: u8| if value >> bit & 1 == 1 { "on" } else { "off" };
    let parts = vec![
        part(2, 0, value, "memory type", memory_type(value & 7)),
        part(5, 3, value, "walk length - 1", format!("{levels} levels")),
        part(6, 6, value, "accessed and dirty flags", on(6)),
        part(7, 7, value, "supervisor shadow stacks", on(7)),
        part(11, 8, value, "-", if value & 0xF00 == 0 { "" } else { "reserved: must be 0" }),
        Part {
            high: 63,
            low: 12,
            value: value & !0xFFF,
            name: "address".into(),
            meaning: "of the top table".into(),
        },
    ];
    Anatomy { parts, ..Anatomy::default() }
}

fn is_selector(field: Field) -> bool {
    field.name().ends_with("_selector")
}

fn selector(value: u64) -> Anatomy {
    let table = if value & 4 == 0 { "GDT" } else { "LDT" };
    let parts = vec![
        part(1, 0, value, "RPL", "requested privilege level"),
        part(2, 2, value, "TI", table),
        part(15, 3, value, "index", format!("in the {table}, at offset {:X}h", value & 0xFFF8)),
    ];
    Anatomy {
        parts,
        summary: "in virtual-8086 and real mode: the base is 16 times this".into(),
        clear: Vec::new(),
    }
}

/// An exit qualification in words, for an exit of this reason.
pub fn qualification(reason: u64, interruption: u64, raw: u64) -> String {
    let interruption = InterruptionInformation(interruption as u32);
    Qualification::decode(ExitReason(reason as u32), interruption, raw).to_string()
}
