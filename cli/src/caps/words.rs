//! What the capability MSRs say, in words.

use vmx::Capabilities;
use vmx::capability::msr;
use vmx::controls::{Allowed, Control, ControlKind};

use crate::explain::place;

/// The control word whose settings the MSR at `address` reports.
pub fn kind_of(address: u32) -> Option<ControlKind> {
    Some(match address {
        msr::PINBASED_CTLS | msr::TRUE_PINBASED_CTLS => ControlKind::PinBased,
        msr::PROCBASED_CTLS | msr::TRUE_PROCBASED_CTLS => ControlKind::Primary,
        msr::PROCBASED_CTLS2 => ControlKind::Secondary,
        msr::PROCBASED_CTLS3 => ControlKind::Tertiary,
        msr::EXIT_CTLS | msr::TRUE_EXIT_CTLS => ControlKind::Exit,
        msr::EXIT_CTLS2 => ControlKind::SecondaryExit,
        msr::ENTRY_CTLS | msr::TRUE_ENTRY_CTLS => ControlKind::Entry,
        _ => return None,
    })
}

/// The settings that the value of a control word's MSR allows.
pub fn allowed(kind: ControlKind, value: u64) -> Allowed {
    match kind {
        // These two report 64 allowed 1-settings, and nothing must be 1.
        ControlKind::Tertiary | ControlKind::SecondaryExit => Allowed { must_be_1: 0, may_be_1: value },
        _ => Allowed { must_be_1: value & 0xFFFF_FFFF, may_be_1: value >> 32 },
    }
}

/// What a processor demands of one control.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Setting {
    /// Must be 1.
    MustBe1,
    /// 0 or 1.
    Free,
    /// Must be 0.
    MustBe0,
}

impl Setting {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::MustBe1 => "must be 1",
            Self::Free => "free",
            Self::MustBe0 => "must be 0",
        }
    }
}

/// Every defined control of `kind` and every reserved bit that must be 1 or may be, with what is demanded of it.
pub fn settings(kind: ControlKind, allowed: Allowed) -> Vec<(Control, Setting)> {
    (0..64_u8)
        .filter_map(|bit| {
            let control = Control { kind, bit };
            let mask = control.mask();
            let setting = match (allowed.must_be_1 & mask != 0, allowed.may_be_1 & mask != 0) {
                (true, _) => Setting::MustBe1,
                (false, true) => Setting::Free,
                (false, false) => Setting::MustBe0,
            };
            (control.name().is_some() || setting != Setting::MustBe0).then_some((control, setting))
        })
        .collect()
}

/// The table's rows for one control word: bit, name, setting.
pub fn table(kind: ControlKind, allowed: Allowed) -> Vec<String> {
    settings(kind, allowed)
        .into_iter()
        .map(|(control, setting)| {
            let name = control.name().unwrap_or("(reserved)");
            format!("{:>4}  {name:<40} {}", control.bit, setting.words())
        })
        .collect()
}

/// The section of Appendix A about the MSR.
pub fn section(address: u32) -> (&'static str, &'static str) {
    match (kind_of(address), address) {
        (Some(kind), _) => place::capability_section(kind),
        (None, msr::BASIC) => ("A.1", "Basic VMX Information"),
        (None, msr::MISC) => ("A.6", "Miscellaneous Data"),
        (None, msr::CR0_FIXED0 | msr::CR0_FIXED1) => ("A.7", "VMX-Fixed Bits in CR0"),
        (None, msr::CR4_FIXED0 | msr::CR4_FIXED1) => ("A.8", "VMX-Fixed Bits in CR4"),
        (None, msr::VMCS_ENUM) => ("A.9", "VMCS Enumeration"),
        (None, msr::EPT_VPID_CAP) => ("A.10", "VPID and EPT Capabilities"),
        (None, msr::VMFUNC) => ("A.11", "VM Functions"),
        (None, _) => ("A", "VMX Capability Reporting Facility"),
    }
}

/// What the MSR's value says, line by line.
pub fn lines(address: u32, value: u64) -> Vec<String> {
    if let Some(kind) = kind_of(address) {
        return table(kind, allowed(kind, value));
    }
    let mut one = Capabilities::none();
    one.set(address, value);
    match address {
        msr::BASIC => basic(&one),
        msr::MISC => misc(&one),
        msr::CR0_FIXED0 | msr::CR4_FIXED0 => vec![bits_line(address, "these bits must be 1", value)],
        msr::CR0_FIXED1 | msr::CR4_FIXED1 => vec![bits_line(address, "these bits may be 1", value)],
        msr::VMCS_ENUM => vec![format!("highest index of a VMCS field: {:X}h", one.highest_field_index())],
        msr::EPT_VPID_CAP => ept_vpid(&one),
        msr::VMFUNC => {
            let switching = if value & 1 == 1 { "EPTP switching may be enabled" } else { "no VM function" };
            vec![switching.to_owned()]
        }
        _ => Vec::new(),
    }
}

fn yes(is_so: bool) -> &'static str {
    if is_so { "yes" } else { "no" }
}

fn basic(one: &Capabilities) -> Vec<String> {
    let memory_type = match one.memory_type() {
        0 => "uncacheable",
        6 => "write-back",
        _ => "reserved",
    };
    vec![
        format!("VMCS revision identifier {:X}h", one.revision()),
        format!("a region takes {} bytes", one.region_size_bytes()),
        format!("addresses limited to 32 bits: {}", yes(one.addresses_limited_to_32_bits())),
        format!("dual-monitor treatment of SMM: {}", yes(one.dual_monitor())),
        format!("memory type for VMCS accesses: {memory_type}"),
        format!("INS and OUTS exits report the instruction: {}", yes(one.string_io_information())),
        format!("TRUE MSRs (default1 bits may be 0): {}", yes(one.true_controls())),
        format!("exceptions injected with or without error code: {}", yes(one.any_error_code())),
        format!("nested exceptions told apart: {}", yes(one.nested_exceptions())),
    ]
}

fn misc(one: &Capabilities) -> Vec<String> {
    let states: Vec<&str> = (0..4_u8)
        .filter(|state| one.activity_states() >> state & 1 == 1)
        .map(|state| crate::explain::parts::activity(u64::from(state)))
        .collect();
    vec![
        format!("the VMX-preemption timer counts every {} TSC ticks", 1_u64 << one.preemption_timer_shift()),
        format!("VM exits store EFER.LMA in the entry controls: {}", yes(one.exit_stores_lma())),
        format!("activity states: {}", states.join(", ")),
        format!("Processor Trace in VMX operation: {}", yes(one.processor_trace())),
        format!("CR3-target values: {}", one.cr3_targets()),
        format!("recommended greatest MSR area: {} entries", one.msr_area_entries()),
        format!("VMWRITE to exit information: {}", yes(one.writes_exit_information())),
        format!("injection with instruction length 0: {}", yes(one.zero_length_injection())),
    ]
}

fn ept_vpid(one: &Capabilities) -> Vec<String> {
    let ept = one.ept_vpid();
    [
        ("EPT: execute-only pages", ept.execute_only()),
        ("EPT: walks of 4 levels", ept.four_levels()),
        ("EPT: walks of 5 levels", ept.five_levels()),
        ("EPT: uncacheable tables", ept.uncacheable()),
        ("EPT: write-back tables", ept.write_back()),
        ("EPT: 2-MiB pages", ept.pages_2m()),
        ("EPT: 1-GiB pages", ept.pages_1g()),
        ("INVEPT", ept.invept()),
        ("EPT: accessed and dirty flags", ept.accessed_dirty()),
        ("EPT violations report more", ept.advanced_violation_information()),
        ("EPT: supervisor shadow stacks", ept.supervisor_shadow_stack()),
        ("INVEPT of one context", ept.invept_single_context()),
        ("INVEPT of all contexts", ept.invept_all_contexts()),
        ("INVVPID", ept.invvpid()),
        ("INVVPID of one address", ept.invvpid_individual_address()),
        ("INVVPID of one context", ept.invvpid_single_context()),
        ("INVVPID of all contexts", ept.invvpid_all_contexts()),
        ("INVVPID that spares globals", ept.invvpid_retaining_globals()),
    ]
    .into_iter()
    .map(|(name, has)| format!("{name}: {}", yes(has)))
    .collect()
}

/// The named bits of a control register that a fixed-bit MSR reports.
fn bits_line(address: u32, words: &str, value: u64) -> String {
    let field = match address {
        msr::CR0_FIXED0 | msr::CR0_FIXED1 => vmx::Field::GUEST_CR0,
        _ => vmx::Field::GUEST_CR4,
    };
    let anatomy = crate::explain::parts::anatomy(field, value);
    let names: Vec<String> =
        anatomy.parts.into_iter().filter(|part| part.name != "-").map(|part| part.name).collect();
    format!("{words}: {}", if names.is_empty() { "none".to_owned() } else { names.join(", ") })
}
