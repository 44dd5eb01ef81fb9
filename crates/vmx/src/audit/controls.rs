//! Rules on VM-execution, VM-exit and VM-entry controls; those on event injection stand in `injection`.

use super::rule::{Demand, Rule, section};
use super::view::View;
use crate::controls::{ControlKind, entry, exit, pin, primary, secondary};
use crate::field::Field;

const PIN_BASED: Rule = Rule::control(
    "control.pin_based.allowed",
    section::EXECUTION_CONTROLS,
    "Each pin-based control must have a setting that the capability MSR allows.",
);
const PRIMARY: Rule = Rule::control(
    "control.primary.allowed",
    section::EXECUTION_CONTROLS,
    "Each primary processor-based control must have a setting that the capability MSR allows.",
);
const SECONDARY: Rule = Rule::control(
    "control.secondary.allowed",
    section::EXECUTION_CONTROLS,
    "Each activated secondary control must have a setting that the capability MSR allows.",
);
const TERTIARY: Rule = Rule::control(
    "control.tertiary.allowed",
    section::EXECUTION_CONTROLS,
    "Each activated tertiary control must have a setting that the capability MSR allows.",
);
const EXIT: Rule = Rule::control(
    "control.exit.allowed",
    section::EXIT_CONTROLS,
    "Each primary VM-exit control must have a setting that the capability MSR allows.",
);
const SECONDARY_EXIT: Rule = Rule::control(
    "control.secondary_exit.allowed",
    section::EXIT_CONTROLS,
    "Each activated secondary VM-exit control must have a setting that the capability MSR allows.",
);
const ENTRY: Rule = Rule::control(
    "control.entry.allowed",
    section::ENTRY_CONTROLS,
    "Each VM-entry control must have a setting that the capability MSR allows.",
);
const CR3_TARGETS: Rule = Rule::control(
    "control.cr3_target_count",
    section::EXECUTION_CONTROLS,
    "There must not be more CR3 targets than the processor has values for.",
);
const IO_BITMAPS: Rule = Rule::control(
    "control.io_bitmaps.address",
    section::EXECUTION_CONTROLS,
    "With I/O bitmaps in use, the address of each must be a page's and within the physical-address width.",
);
const MSR_BITMAPS: Rule = Rule::control(
    "control.msr_bitmaps.address",
    section::EXECUTION_CONTROLS,
    "With MSR bitmaps in use, their address must be a page's and within the physical-address width.",
);
const VIRTUAL_NMIS: Rule =
    Rule::control("control.virtual_nmis", section::EXECUTION_CONTROLS, "Virtual NMIs need NMI exiting.");
const NMI_WINDOW: Rule = Rule::control(
    "control.nmi_window",
    section::EXECUTION_CONTROLS,
    "NMI-window exiting needs virtual NMIs.",
);
const VPID: Rule =
    Rule::control("control.vpid", section::EXECUTION_CONTROLS, "An enabled VPID must not be 0.");
const EPT_POINTER: Rule = Rule::control(
    "control.ept_pointer",
    section::EXECUTION_CONTROLS,
    "The EPT pointer must have a memory type, a walk length and flags that the processor supports, and no reserved bit.",
);
const UNRESTRICTED_GUEST: Rule = Rule::control(
    "control.unrestricted_guest",
    section::EXECUTION_CONTROLS,
    "An unrestricted guest needs EPT.",
);
const SAVE_TIMER: Rule = Rule::control(
    "control.exit.save_preemption_timer",
    section::EXIT_CONTROLS,
    "Saving the VMX-preemption timer needs the timer activated.",
);
const EXIT_STORE: Rule = Rule::control(
    "control.exit.msr_store",
    section::EXIT_CONTROLS,
    "The VM-exit MSR-store area must be 16-byte aligned and within the physical-address width.",
);
const EXIT_LOAD: Rule = Rule::control(
    "control.exit.msr_load",
    section::EXIT_CONTROLS,
    "The VM-exit MSR-load area must be 16-byte aligned and within the physical-address width.",
);
const ENTRY_LOAD: Rule = Rule::control(
    "control.entry.msr_load",
    section::ENTRY_CONTROLS,
    "The VM-entry MSR-load area must be 16-byte aligned and within the physical-address width.",
);
const OUTSIDE_SMM: Rule = Rule::control(
    "control.entry.outside_smm",
    section::ENTRY_CONTROLS,
    "Outside SMM the entry must neither enter SMM nor deactivate the dual-monitor treatment.",
);

pub(super) fn check(view: &mut View) {
    for (kind, rule) in [
        (ControlKind::PinBased, &PIN_BASED),
        (ControlKind::Primary, &PRIMARY),
        (ControlKind::Secondary, &SECONDARY),
        (ControlKind::Tertiary, &TERTIARY),
    ] {
        check_allowed(view, kind, rule);
    }
    check_execution(view);
    check_ept(view);
    check_allowed(view, ControlKind::Exit, &EXIT);
    check_allowed(view, ControlKind::SecondaryExit, &SECONDARY_EXIT);
    if !view.has(ControlKind::PinBased, pin::ACTIVATE_VMX_PREEMPTION_TIMER) {
        view.require_bits(
            &SAVE_TIMER,
            Field::PRIMARY_VM_EXIT_CONTROLS,
            0,
            exit::SAVE_VMX_PREEMPTION_TIMER_VALUE,
        );
    }
    check_area(view, &EXIT_STORE, Field::VM_EXIT_MSR_STORE_COUNT, Field::VM_EXIT_MSR_STORE_ADDRESS);
    check_area(view, &EXIT_LOAD, Field::VM_EXIT_MSR_LOAD_COUNT, Field::VM_EXIT_MSR_LOAD_ADDRESS);
    check_allowed(view, ControlKind::Entry, &ENTRY);
    let smm = entry::ENTRY_TO_SMM | entry::DEACTIVATE_DUAL_MONITOR_TREATMENT;
    view.require_bits(&OUTSIDE_SMM, Field::VM_ENTRY_CONTROLS, 0, smm);
    check_area(view, &ENTRY_LOAD, Field::VM_ENTRY_MSR_LOAD_COUNT, Field::VM_ENTRY_MSR_LOAD_ADDRESS);
}

/// The settings that the capability MSRs allow. A word that its activating control turns off is not checked, and one
/// whose MSR is unknown cannot be.
fn check_allowed(view: &mut View, kind: ControlKind, rule: &'static Rule) {
    let activated = match kind {
        ControlKind::Secondary => view.has(ControlKind::Primary, primary::ACTIVATE_SECONDARY_CONTROLS),
        ControlKind::Tertiary => view.has(ControlKind::Primary, primary::ACTIVATE_TERTIARY_CONTROLS),
        ControlKind::SecondaryExit => view.has(ControlKind::Exit, exit::ACTIVATE_SECONDARY_CONTROLS),
        ControlKind::PinBased | ControlKind::Primary | ControlKind::Exit | ControlKind::Entry => true,
    };
    if activated && view.capabilities.get(view.capabilities.allowed_msr(kind)).is_some() {
        let allowed = view.capabilities.allowed(kind);
        view.require_bits(rule, kind.field(), allowed.must_be_1, !allowed.may_be_1);
    }
}

fn check_execution(view: &mut View) {
    let targets = u64::from(view.capabilities.cr3_targets());
    if view.get(Field::CR3_TARGET_COUNT).is_some_and(|count| count > targets) {
        view.broken(&CR3_TARGETS, Field::CR3_TARGET_COUNT, Demand::AtMost(targets));
    }
    if view.has(ControlKind::Primary, primary::USE_IO_BITMAPS) {
        view.require_physical(&IO_BITMAPS, Field::IO_BITMAP_A_ADDRESS, 0xFFF);
        view.require_physical(&IO_BITMAPS, Field::IO_BITMAP_B_ADDRESS, 0xFFF);
    }
    if view.has(ControlKind::Primary, primary::USE_MSR_BITMAPS) {
        view.require_physical(&MSR_BITMAPS, Field::MSR_BITMAPS_ADDRESS, 0xFFF);
    }
    if !view.has(ControlKind::PinBased, pin::NMI_EXITING) {
        view.require_bits(&VIRTUAL_NMIS, Field::PIN_BASED_VM_EXECUTION_CONTROLS, 0, pin::VIRTUAL_NMIS);
    }
    if !view.has(ControlKind::PinBased, pin::VIRTUAL_NMIS) {
        let primary = Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS;
        view.require_bits(&NMI_WINDOW, primary, 0, primary::NMI_WINDOW_EXITING);
    }
    if view.has(ControlKind::Secondary, secondary::ENABLE_VPID) {
        view.require(&VPID, Field::VIRTUAL_PROCESSOR_ID, |vpid| vpid != 0);
    }
}

/// The EPT pointer (section 26.6.11): memory type 2:0, walk length less 1 in 5:3, accessed and dirty flags in 6,
/// supervisor shadow-stack control in 7, reserved 11:8, the address from 12 on.
fn check_ept(view: &mut View) {
    if !view.has(ControlKind::Secondary, secondary::ENABLE_EPT) {
        let secondary = Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS;
        if view.has(ControlKind::Secondary, secondary::UNRESTRICTED_GUEST) {
            view.require_bits(&UNRESTRICTED_GUEST, secondary, secondary::ENABLE_EPT, 0);
        }
        return;
    }
    let (ept, cpu) = (view.capabilities.ept_vpid(), view.cpu());
    view.require(&EPT_POINTER, Field::EPT_POINTER, |pointer| {
        let memory_type = match pointer & 7 {
            0 => ept.uncacheable(),
            6 => ept.write_back(),
            _ => false,
        };
        let levels = match pointer >> 3 & 7 {
            3 => ept.four_levels(),
            4 => ept.five_levels(),
            _ => false,
        };
        let flags = (pointer >> 6 & 1 == 0 || ept.accessed_dirty())
            && (pointer >> 7 & 1 == 0 || ept.supervisor_shadow_stack());
        memory_type && levels && flags && pointer & 0xF00 == 0 && cpu.is_physical(pointer)
    });
}

/// An MSR area of `count` entries of 16 bytes; an empty one has no address to check.
fn check_area(view: &mut View, rule: &'static Rule, count: Field, address: Field) {
    let Some(count) = view.get(count).filter(|count| *count != 0) else { return };
    let cpu = view.cpu();
    view.require(rule, address, |address| {
        let last = address.checked_add(16 * count - 1);
        address & 0xF == 0 && last.is_some_and(|last| cpu.is_physical(last))
    });
}
