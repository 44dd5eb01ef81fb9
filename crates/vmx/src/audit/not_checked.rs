//! What the chapter says and no rule here checks, each with the reason.

use super::rule::Section;
use super::rule::section as s;

/// A requirement of the manual that is not among the rules.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotChecked {
    /// Where the manual states it.
    pub section: Section,
    /// What it requires.
    pub requirement: &'static str,
    /// Why no rule checks it.
    pub why: &'static str,
}

/// Everything that is not checked, in the manual's order.
#[rustfmt::skip]
pub(super) static NOT_CHECKED: &[NotChecked] = &[
    NotChecked { section: s::BASIC,
        requirement: "VMLAUNCH and VMRESUME need VMX root operation, privilege 0 and a current VMCS that is no shadow.",
        why: "State of the processor, not of the VMCS. The answers are #UD, #GP or VMfailInvalid." },
    NotChecked { section: s::BASIC,
        requirement: "MOV SS must not block events at the instruction (error 26).",
        why: "State of the processor that executes the instruction, not of the VMCS." },
    NotChecked { section: s::BASIC,
        requirement: "VMLAUNCH needs a clear VMCS (error 4), VMRESUME a launched one (error 5).",
        why: "The launch state is no field." },
    NotChecked { section: s::EXECUTION_CONTROLS,
        requirement: "Memory encryption (IA32_TME_ACTIVATE) narrows the physical-address width.",
        why: "The MSR is in no profile. A profile may state the narrower width." },
    NotChecked { section: s::EXECUTION_CONTROLS,
        requirement: "\"PEBS uses guest physical addresses\" needs EPT.",
        why: "The control is newer than the pinned revision. The capability MSR judges its setting." },
    NotChecked { section: s::EXECUTION_CONTROLS,
        requirement: "In SEAM, EPT must be enabled and the shared EPT pointer well formed.",
        why: "Only the TDX module runs in SEAM." },
    NotChecked { section: s::EXECUTION_CONTROLS,
        requirement: "While Intel PT traces (IA32_RTIT_CTL.TraceEn is 1), \"load IA32_RTIT_CTL\" must be 0.",
        why: "The host's IA32_RTIT_CTL is in no field." },
    NotChecked { section: s::EXECUTION_CONTROLS,
        requirement: "A processor without Intel 64 limits addresses to 32 bits.",
        why: "Covered: IA32_VMX_BASIC bit 48 says so, and every rule on an address heeds it." },
    NotChecked { section: s::ENTRY_CONTROLS,
        requirement: "\"Entry to SMM\" and \"deactivate dual-monitor treatment\" must not both be 1.",
        why: "Matters only in SMM. Outside it neither may be 1 (control.entry.outside_smm)." },
    NotChecked { section: s::ADDRESS_SPACE_SIZE,
        requirement: "Outside IA-32e mode \"IA-32e mode guest\" must be 0.",
        why: "Covered: \"host address-space size\" must be 0 there, and with it host.address_space_size.guest holds." },
    NotChecked { section: s::ADDRESS_SPACE_SIZE,
        requirement: "A processor without Intel 64 has both address-space controls 0.",
        why: "Covered: its capability MSRs do not allow them to be 1." },
    NotChecked { section: s::GUEST_REGISTERS,
        requirement: "The first processors load debug controls always, and check them always.",
        why: "Covered: their capability MSRs demand that \"load debug controls\" is 1." },
    NotChecked { section: s::GUEST_NON_REGISTER,
        requirement: "With \"entry to SMM\" the activity state must not be wait-for-SIPI and bit 2 of the \
                      interruptibility state must be 1.",
        why: "Matters only in SMM. Outside it \"entry to SMM\" fails before." },
    NotChecked { section: s::GUEST_NON_REGISTER,
        requirement: "The link pointer must not be the current VMCS, nor in SMM the executive VMCS.",
        why: "The current-VMCS pointer is in no field." },
    NotChecked { section: s::GUEST_PDPTES,
        requirement: "A host with PAE paging may skip the check of the PDPTEs where CR3 does not change.",
        why: "A freedom of the processor. The rule assumes that it checks." },
    NotChecked { section: s::MSR_LOADING,
        requirement: "WRMSR must accept each value.",
        why: "Checked for the MSRs that `judged_msrs` lists (load.msr.value), undecided for others: what they accept \
              depends on the model." },
    NotChecked { section: s::MSR_LOADING,
        requirement: "The area should have no more entries than IA32_VMX_MISC recommends.",
        why: "A recommendation. Beyond it behaviour is unpredictable, which is no rule." },
    NotChecked { section: s::MACHINE_CHECKS,
        requirement: "A machine check during the entry may end it with exit reason 41.",
        why: "No field causes it." },
];
