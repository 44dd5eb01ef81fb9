//! Why no case on any of the engine's models can prove a rule, where the engine does not depart from the manual.

/// The start of a rule's name, or all of it, and the reason.
const REASONS: &[(&str, &str)] = &[
    ("control.tertiary.allowed", TERTIARY),
    ("control.tpr_shadow.ipi", TERTIARY),
    ("control.ipi.", TERTIARY),
    ("control.hlat.", TERTIARY),
    ("control.paging_write.", TERTIARY),
    ("control.guest_paging.", TERTIARY),
    ("control.apic_timer.", TERTIARY),
    ("control.posted_interrupts.", "No model of Bochs 2.7 has posted interrupts."),
    ("control.mode_based_execute", "No model of Bochs 2.7 has mode-based execute control."),
    ("control.pt.", TRACE),
    ("guest.rtit_ctl", TRACE),
    ("control.pasid.", "No model of Bochs 2.7 has PASID translation."),
    ("control.secondary_exit.", "Bochs 2.7 has no secondary VM-exit controls."),
    ("host.spec_ctrl", SPECULATION),
    ("guest.spec_ctrl", SPECULATION),
    ("host.pkrs", KEYS),
    ("guest.pkrs", KEYS),
    ("host.fred.", FRED),
    ("guest.fred.", FRED),
    ("guest.cr4.fred", FRED),
    ("guest.segment.ss.fred.", FRED),
    (
        "host.address_space_size.outside",
        "The harness executes VMLAUNCH in IA-32e mode; the rule is about VMMs outside it.",
    ),
    ("host.address_space_size.guest", IN_IA_32E),
    ("host.address_space_size.cr4_32", IN_IA_32E),
    ("host.address_space_size.rip_32", IN_IA_32E),
    ("host.address_space_size.cet_32", IN_IA_32E),
    ("host.selector.null_ss", IN_IA_32E),
    ("guest.bndcfgs.", "No model of Bochs 2.7 has MPX."),
    ("guest.lbr_ctl", "No model of Bochs 2.7 has architectural last-branch records."),
    ("guest.uinv", "No model of Bochs 2.7 has user interrupts."),
    (
        "guest.pending_debug.rtm_blocking",
        "No model of Bochs 2.7 has RTM, so bit 16 alone already breaks guest.pending_debug.rtm.",
    ),
];

const TERTIARY: &str = "Bochs 2.7 has no tertiary controls.";
const TRACE: &str = "No model of Bochs 2.7 has Intel PT.";
const SPECULATION: &str = "Bochs 2.7 has no control that loads IA32_SPEC_CTRL.";
const KEYS: &str = "No model of Bochs 2.7 has protection keys for supervisor pages.";
const FRED: &str = "Bochs 2.7 has no FRED.";
const IN_IA_32E: &str = "The harness executes VMLAUNCH in IA-32e mode, where \"host address-space size\" 0 already breaks \
                         host.address_space_size.";

/// The reason that holds for the rule.
pub fn reason(rule: &str) -> Option<&'static str> {
    REASONS
        .iter()
        .find(|(start, _)| rule == *start || start.ends_with('.') && rule.starts_with(start))
        .map(|row| row.1)
}

/// The rule names, or starts of them, that have a reason.
pub fn starts() -> impl Iterator<Item = &'static str> {
    REASONS.iter().map(|(start, _)| *start)
}
