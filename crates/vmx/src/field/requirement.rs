//! What a processor must offer for a VMCS field to exist.
//!
//! A VMREAD or VMWRITE of a field that does not exist fails with VM-instruction error 12, so a plan must be checked
//! against this before it is written. The footnotes of Appendix B, "Field Encoding in VMCS", name for most such
//! fields the control whose 1-setting the processor must support.

use core::fmt;

use crate::controls::{Control, ControlKind, entry, exit, pin, primary, secondary, secondary_exit, tertiary};

/// The capability that a VMCS field needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Requirement {
    /// Every processor with VMX has the field.
    Always,
    /// The 1-setting of this control.
    Control(Control),
    /// The 1-setting of one control or the other.
    Either(Control, Control),
    /// At least this number of CR3-target values (IA32_VMX_MISC bits 24:16).
    Cr3Targets(u8),
    /// The VM function of this number (IA32_VMX_VMFUNC).
    VmFunction(u8),
    /// Secure arbitration mode (TDX). No VMX capability MSR reports it.
    Seam,
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Always => f.write_str("nothing"),
            Self::Control(control) => write!(f, "{control}"),
            Self::Either(one, other) => write!(f, "{one} or {other}"),
            Self::Cr3Targets(count) => write!(f, "{count} CR3-target values"),
            Self::VmFunction(number) => write!(f, "VM function {number}"),
            Self::Seam => f.write_str("secure arbitration mode"),
        }
    }
}

/// The table's short names for its requirements.
#[rustfmt::skip]
pub(super) mod require {
    use super::*;
    use ControlKind::{Entry, Exit, PinBased, Primary, Secondary, SecondaryExit, Tertiary};

    const fn one(kind: ControlKind, mask: u64) -> Requirement {
        Requirement::Control(Control::new(kind, mask))
    }

    const fn either(kind: ControlKind, mask: u64, other_kind: ControlKind, other_mask: u64) -> Requirement {
        Requirement::Either(Control::new(kind, mask), Control::new(other_kind, other_mask))
    }

    pub const ALWAYS:                   Requirement = Requirement::Always;
    pub const SEAM:                     Requirement = Requirement::Seam;
    pub const CR3_TARGET_0:             Requirement = Requirement::Cr3Targets(1);
    pub const CR3_TARGET_1:             Requirement = Requirement::Cr3Targets(2);
    pub const CR3_TARGET_2:             Requirement = Requirement::Cr3Targets(3);
    pub const CR3_TARGET_3:             Requirement = Requirement::Cr3Targets(4);
    pub const EPTP_SWITCHING:           Requirement = Requirement::VmFunction(0);

    pub const POSTED_INTERRUPTS:        Requirement = one(PinBased, pin::PROCESS_POSTED_INTERRUPTS);
    pub const PREEMPTION_TIMER:         Requirement = one(PinBased, pin::ACTIVATE_VMX_PREEMPTION_TIMER);
    pub const TPR_SHADOW:               Requirement = one(Primary, primary::USE_TPR_SHADOW);
    pub const MSR_BITMAPS:              Requirement = one(Primary, primary::USE_MSR_BITMAPS);
    pub const SECONDARY:                Requirement = one(Primary, primary::ACTIVATE_SECONDARY_CONTROLS);
    pub const TERTIARY:                 Requirement = one(Primary, primary::ACTIVATE_TERTIARY_CONTROLS);
    pub const APIC_ACCESSES:            Requirement = one(Secondary, secondary::VIRTUALIZE_APIC_ACCESSES);
    pub const EPT:                      Requirement = one(Secondary, secondary::ENABLE_EPT);
    pub const VPID:                     Requirement = one(Secondary, secondary::ENABLE_VPID);
    pub const VIRTUAL_INTERRUPTS:       Requirement = one(Secondary, secondary::VIRTUAL_INTERRUPT_DELIVERY);
    pub const PAUSE_LOOP:               Requirement = one(Secondary, secondary::PAUSE_LOOP_EXITING);
    pub const VM_FUNCTIONS:             Requirement = one(Secondary, secondary::ENABLE_VM_FUNCTIONS);
    pub const VMCS_SHADOWING:           Requirement = one(Secondary, secondary::VMCS_SHADOWING);
    pub const ENCLS:                    Requirement = one(Secondary, secondary::ENABLE_ENCLS_EXITING);
    pub const PML:                      Requirement = one(Secondary, secondary::ENABLE_PML);
    pub const EPT_VIOLATION_VE:         Requirement = one(Secondary, secondary::EPT_VIOLATION_VE);
    pub const XSAVES:                   Requirement = one(Secondary, secondary::ENABLE_XSAVES_XRSTORS);
    pub const PASID:                    Requirement = one(Secondary, secondary::PASID_TRANSLATION);
    pub const SPP:                      Requirement = one(Secondary, secondary::SUB_PAGE_WRITE_PERMISSIONS);
    pub const TSC_SCALING:              Requirement = one(Secondary, secondary::USE_TSC_SCALING);
    pub const PCONFIG:                  Requirement = one(Secondary, secondary::ENABLE_PCONFIG);
    pub const ENCLV:                    Requirement = one(Secondary, secondary::ENABLE_ENCLV_EXITING);
    pub const INSTRUCTION_TIMEOUT:      Requirement = one(Secondary, secondary::INSTRUCTION_TIMEOUT);
    pub const HLAT:                     Requirement = one(Tertiary, tertiary::ENABLE_HLAT);
    pub const IPI_VIRTUALIZATION:       Requirement = one(Tertiary, tertiary::IPI_VIRTUALIZATION);
    pub const MSR_LIST:                 Requirement = one(Tertiary, tertiary::ENABLE_MSR_LIST_INSTRUCTIONS);
    pub const SPEC_CTRL_VIRTUALIZATION: Requirement = one(Tertiary, tertiary::VIRTUALIZE_IA32_SPEC_CTRL);
    pub const APIC_TIMER:               Requirement = one(Tertiary, tertiary::APIC_TIMER_VIRTUALIZATION);
    pub const SECONDARY_EXIT:           Requirement = one(Exit, exit::ACTIVATE_SECONDARY_CONTROLS);
    pub const HOST_PERF_GLOBAL:         Requirement = one(Exit, exit::LOAD_IA32_PERF_GLOBAL_CTRL);
    pub const HOST_PAT:                 Requirement = one(Exit, exit::LOAD_IA32_PAT);
    pub const HOST_EFER:                Requirement = one(Exit, exit::LOAD_IA32_EFER);
    pub const HOST_CET:                 Requirement = one(Exit, exit::LOAD_CET_STATE);
    pub const HOST_PKRS:                Requirement = one(Exit, exit::LOAD_PKRS);
    pub const HOST_FRED:                Requirement = one(SecondaryExit, secondary_exit::LOAD_IA32_FRED);
    pub const HOST_SPEC_CTRL:           Requirement = one(SecondaryExit, secondary_exit::LOAD_IA32_SPEC_CTRL);
    pub const GUEST_CET:                Requirement = one(Entry, entry::LOAD_CET_STATE);
    pub const GUEST_PKRS:               Requirement = one(Entry, entry::LOAD_PKRS);
    pub const GUEST_SPEC_CTRL:          Requirement = one(Entry, entry::LOAD_IA32_SPEC_CTRL);
    pub const GUEST_FRED:               Requirement = one(Entry, entry::LOAD_IA32_FRED);
    pub const GUEST_PAT:                Requirement = either(Entry, entry::LOAD_IA32_PAT, Exit, exit::SAVE_IA32_PAT);
    pub const GUEST_EFER:               Requirement = either(Entry, entry::LOAD_IA32_EFER, Exit, exit::SAVE_IA32_EFER);
    pub const GUEST_PERF_GLOBAL:        Requirement = either(Entry, entry::LOAD_IA32_PERF_GLOBAL_CTRL, Exit, exit::SAVE_IA32_PERF_GLOBAL_CTRL);
    pub const BNDCFGS:                  Requirement = either(Entry, entry::LOAD_IA32_BNDCFGS, Exit, exit::CLEAR_IA32_BNDCFGS);
    pub const RTIT:                     Requirement = either(Entry, entry::LOAD_IA32_RTIT_CTL, Exit, exit::CLEAR_IA32_RTIT_CTL);
    pub const LBR:                      Requirement = either(Entry, entry::LOAD_GUEST_IA32_LBR_CTL, Exit, exit::CLEAR_IA32_LBR_CTL);
    pub const UINV:                     Requirement = either(Entry, entry::LOAD_UINV, Exit, exit::CLEAR_UINV);
}
