//! The bits of the seven control words, each under the manual's name.
//!
//! One module for each word: a constant with the bit's mask, and `NAMES`, which pairs each constant with the name that
//! the manual prints.

/// Pin-based VM-execution controls ("Pin-Based VM-Execution Controls", section 26.6.1).
#[rustfmt::skip]
pub mod pin {
    // A bit's name in the manual stands in NAMES.
    #![allow(missing_docs)]
    pub const EXTERNAL_INTERRUPT_EXITING:    u64 = 1 << 0;
    pub const NMI_EXITING:                   u64 = 1 << 3;
    pub const VIRTUAL_NMIS:                  u64 = 1 << 5;
    pub const ACTIVATE_VMX_PREEMPTION_TIMER: u64 = 1 << 6;
    pub const PROCESS_POSTED_INTERRUPTS:     u64 = 1 << 7;

    pub(in crate::controls) const NAMES: &[(u64, &str)] = &[
        (EXTERNAL_INTERRUPT_EXITING,    "external-interrupt exiting"),
        (NMI_EXITING,                   "NMI exiting"),
        (VIRTUAL_NMIS,                  "virtual NMIs"),
        (ACTIVATE_VMX_PREEMPTION_TIMER, "activate VMX-preemption timer"),
        (PROCESS_POSTED_INTERRUPTS,     "process posted interrupts"),
    ];
}

/// Primary processor-based VM-execution controls ("Processor-Based VM-Execution Controls", section 26.6.2).
#[rustfmt::skip]
pub mod primary {
    // A bit's name in the manual stands in NAMES.
    #![allow(missing_docs)]
    pub const INTERRUPT_WINDOW_EXITING:    u64 = 1 << 2;
    pub const USE_TSC_OFFSETTING:          u64 = 1 << 3;
    pub const HLT_EXITING:                 u64 = 1 << 7;
    pub const INVLPG_EXITING:              u64 = 1 << 9;
    pub const MWAIT_EXITING:               u64 = 1 << 10;
    pub const RDPMC_EXITING:               u64 = 1 << 11;
    pub const RDTSC_EXITING:               u64 = 1 << 12;
    pub const CR3_LOAD_EXITING:            u64 = 1 << 15;
    pub const CR3_STORE_EXITING:           u64 = 1 << 16;
    pub const ACTIVATE_TERTIARY_CONTROLS:  u64 = 1 << 17;
    pub const CR8_LOAD_EXITING:            u64 = 1 << 19;
    pub const CR8_STORE_EXITING:           u64 = 1 << 20;
    pub const USE_TPR_SHADOW:              u64 = 1 << 21;
    pub const NMI_WINDOW_EXITING:          u64 = 1 << 22;
    pub const MOV_DR_EXITING:              u64 = 1 << 23;
    pub const UNCONDITIONAL_IO_EXITING:    u64 = 1 << 24;
    pub const USE_IO_BITMAPS:              u64 = 1 << 25;
    pub const MONITOR_TRAP_FLAG:           u64 = 1 << 27;
    pub const USE_MSR_BITMAPS:             u64 = 1 << 28;
    pub const MONITOR_EXITING:             u64 = 1 << 29;
    pub const PAUSE_EXITING:               u64 = 1 << 30;
    pub const ACTIVATE_SECONDARY_CONTROLS: u64 = 1 << 31;

    pub(in crate::controls) const NAMES: &[(u64, &str)] = &[
        (INTERRUPT_WINDOW_EXITING,    "interrupt-window exiting"),
        (USE_TSC_OFFSETTING,          "use TSC offsetting"),
        (HLT_EXITING,                 "HLT exiting"),
        (INVLPG_EXITING,              "INVLPG exiting"),
        (MWAIT_EXITING,               "MWAIT exiting"),
        (RDPMC_EXITING,               "RDPMC exiting"),
        (RDTSC_EXITING,               "RDTSC exiting"),
        (CR3_LOAD_EXITING,            "CR3-load exiting"),
        (CR3_STORE_EXITING,           "CR3-store exiting"),
        (ACTIVATE_TERTIARY_CONTROLS,  "activate tertiary controls"),
        (CR8_LOAD_EXITING,            "CR8-load exiting"),
        (CR8_STORE_EXITING,           "CR8-store exiting"),
        (USE_TPR_SHADOW,              "use TPR shadow"),
        (NMI_WINDOW_EXITING,          "NMI-window exiting"),
        (MOV_DR_EXITING,              "MOV-DR exiting"),
        (UNCONDITIONAL_IO_EXITING,    "unconditional I/O exiting"),
        (USE_IO_BITMAPS,              "use I/O bitmaps"),
        (MONITOR_TRAP_FLAG,           "monitor trap flag"),
        (USE_MSR_BITMAPS,             "use MSR bitmaps"),
        (MONITOR_EXITING,             "MONITOR exiting"),
        (PAUSE_EXITING,               "PAUSE exiting"),
        (ACTIVATE_SECONDARY_CONTROLS, "activate secondary controls"),
    ];
}

/// Secondary processor-based VM-execution controls ("Processor-Based VM-Execution Controls", section 26.6.2).
#[rustfmt::skip]
pub mod secondary {
    // A bit's name in the manual stands in NAMES.
    #![allow(missing_docs)]
    pub const VIRTUALIZE_APIC_ACCESSES:               u64 = 1 << 0;
    pub const ENABLE_EPT:                             u64 = 1 << 1;
    pub const DESCRIPTOR_TABLE_EXITING:               u64 = 1 << 2;
    pub const ENABLE_RDTSCP:                          u64 = 1 << 3;
    pub const VIRTUALIZE_X2APIC_MODE:                 u64 = 1 << 4;
    pub const ENABLE_VPID:                            u64 = 1 << 5;
    pub const WBINVD_EXITING:                         u64 = 1 << 6;
    pub const UNRESTRICTED_GUEST:                     u64 = 1 << 7;
    pub const APIC_REGISTER_VIRTUALIZATION:           u64 = 1 << 8;
    pub const VIRTUAL_INTERRUPT_DELIVERY:             u64 = 1 << 9;
    pub const PAUSE_LOOP_EXITING:                     u64 = 1 << 10;
    pub const RDRAND_EXITING:                         u64 = 1 << 11;
    pub const ENABLE_INVPCID:                         u64 = 1 << 12;
    pub const ENABLE_VM_FUNCTIONS:                    u64 = 1 << 13;
    pub const VMCS_SHADOWING:                         u64 = 1 << 14;
    pub const ENABLE_ENCLS_EXITING:                   u64 = 1 << 15;
    pub const RDSEED_EXITING:                         u64 = 1 << 16;
    pub const ENABLE_PML:                             u64 = 1 << 17;
    pub const EPT_VIOLATION_VE:                       u64 = 1 << 18;
    pub const CONCEAL_VMX_FROM_PT:                    u64 = 1 << 19;
    pub const ENABLE_XSAVES_XRSTORS:                  u64 = 1 << 20;
    pub const PASID_TRANSLATION:                      u64 = 1 << 21;
    pub const MODE_BASED_EXECUTE_CONTROL_FOR_EPT:     u64 = 1 << 22;
    pub const SUB_PAGE_WRITE_PERMISSIONS:             u64 = 1 << 23;
    pub const INTEL_PT_USES_GUEST_PHYSICAL_ADDRESSES: u64 = 1 << 24;
    pub const USE_TSC_SCALING:                        u64 = 1 << 25;
    pub const ENABLE_USER_WAIT_AND_PAUSE:             u64 = 1 << 26;
    pub const ENABLE_PCONFIG:                         u64 = 1 << 27;
    pub const ENABLE_ENCLV_EXITING:                   u64 = 1 << 28;
    pub const ENABLE_EPC_VIRTUALIZATION_EXTENSIONS:   u64 = 1 << 29;
    pub const VMM_BUS_LOCK_DETECTION:                 u64 = 1 << 30;
    pub const INSTRUCTION_TIMEOUT:                    u64 = 1 << 31;

    pub(in crate::controls) const NAMES: &[(u64, &str)] = &[
        (VIRTUALIZE_APIC_ACCESSES,               "virtualize APIC accesses"),
        (ENABLE_EPT,                             "enable EPT"),
        (DESCRIPTOR_TABLE_EXITING,               "descriptor-table exiting"),
        (ENABLE_RDTSCP,                          "enable RDTSCP"),
        (VIRTUALIZE_X2APIC_MODE,                 "virtualize x2APIC mode"),
        (ENABLE_VPID,                            "enable VPID"),
        (WBINVD_EXITING,                         "WBINVD exiting"),
        (UNRESTRICTED_GUEST,                     "unrestricted guest"),
        (APIC_REGISTER_VIRTUALIZATION,           "APIC-register virtualization"),
        (VIRTUAL_INTERRUPT_DELIVERY,             "virtual-interrupt delivery"),
        (PAUSE_LOOP_EXITING,                     "PAUSE-loop exiting"),
        (RDRAND_EXITING,                         "RDRAND exiting"),
        (ENABLE_INVPCID,                         "enable INVPCID"),
        (ENABLE_VM_FUNCTIONS,                    "enable VM functions"),
        (VMCS_SHADOWING,                         "VMCS shadowing"),
        (ENABLE_ENCLS_EXITING,                   "enable ENCLS exiting"),
        (RDSEED_EXITING,                         "RDSEED exiting"),
        (ENABLE_PML,                             "enable PML"),
        (EPT_VIOLATION_VE,                       "EPT-violation #VE"),
        (CONCEAL_VMX_FROM_PT,                    "conceal VMX from PT"),
        (ENABLE_XSAVES_XRSTORS,                  "enable XSAVES/XRSTORS"),
        (PASID_TRANSLATION,                      "PASID translation"),
        (MODE_BASED_EXECUTE_CONTROL_FOR_EPT,     "mode-based execute control for EPT"),
        (SUB_PAGE_WRITE_PERMISSIONS,             "sub-page write permissions for EPT"),
        (INTEL_PT_USES_GUEST_PHYSICAL_ADDRESSES, "Intel PT uses guest physical addresses"),
        (USE_TSC_SCALING,                        "use TSC scaling"),
        (ENABLE_USER_WAIT_AND_PAUSE,             "enable user wait and pause"),
        (ENABLE_PCONFIG,                         "enable PCONFIG"),
        (ENABLE_ENCLV_EXITING,                   "enable ENCLV exiting"),
        (ENABLE_EPC_VIRTUALIZATION_EXTENSIONS,   "enable EPC virtualization extensions"),
        (VMM_BUS_LOCK_DETECTION,                 "VMM bus-lock detection"),
        (INSTRUCTION_TIMEOUT,                    "instruction timeout"),
    ];
}

/// Tertiary processor-based VM-execution controls, 64 bits ("Processor-Based VM-Execution Controls", section 26.6.2).
#[rustfmt::skip]
pub mod tertiary {
    // A bit's name in the manual stands in NAMES.
    #![allow(missing_docs)]
    pub const LOADIWKEY_EXITING:            u64 = 1 << 0;
    pub const ENABLE_HLAT:                  u64 = 1 << 1;
    pub const EPT_PAGING_WRITE_CONTROL:     u64 = 1 << 2;
    pub const GUEST_PAGING_VERIFICATION:    u64 = 1 << 3;
    pub const IPI_VIRTUALIZATION:           u64 = 1 << 4;
    pub const GUEST_PHYSICAL_ADDRESS_WIDTH: u64 = 1 << 5;
    pub const ENABLE_MSR_LIST_INSTRUCTIONS: u64 = 1 << 6;
    pub const VIRTUALIZE_IA32_SPEC_CTRL:    u64 = 1 << 7;
    pub const APIC_TIMER_VIRTUALIZATION:    u64 = 1 << 8;

    pub(in crate::controls) const NAMES: &[(u64, &str)] = &[
        (LOADIWKEY_EXITING,            "LOADIWKEY exiting"),
        (ENABLE_HLAT,                  "enable HLAT"),
        (EPT_PAGING_WRITE_CONTROL,     "EPT paging-write control"),
        (GUEST_PAGING_VERIFICATION,    "guest-paging verification"),
        (IPI_VIRTUALIZATION,           "IPI virtualization"),
        (GUEST_PHYSICAL_ADDRESS_WIDTH, "guest-physical-address width"),
        (ENABLE_MSR_LIST_INSTRUCTIONS, "enable MSR-list instructions"),
        (VIRTUALIZE_IA32_SPEC_CTRL,    "virtualize IA32_SPEC_CTRL"),
        (APIC_TIMER_VIRTUALIZATION,    "APIC-timer virtualization"),
    ];
}

/// Primary VM-exit controls ("VM-Exit Controls", section 26.7.1).
#[rustfmt::skip]
pub mod exit {
    // A bit's name in the manual stands in NAMES.
    #![allow(missing_docs)]
    pub const SAVE_DEBUG_CONTROLS:             u64 = 1 << 2;
    pub const HOST_ADDRESS_SPACE_SIZE:         u64 = 1 << 9;
    pub const LOAD_IA32_PERF_GLOBAL_CTRL:      u64 = 1 << 12;
    pub const ACKNOWLEDGE_INTERRUPT_ON_EXIT:   u64 = 1 << 15;
    pub const SAVE_IA32_PAT:                   u64 = 1 << 18;
    pub const LOAD_IA32_PAT:                   u64 = 1 << 19;
    pub const SAVE_IA32_EFER:                  u64 = 1 << 20;
    pub const LOAD_IA32_EFER:                  u64 = 1 << 21;
    pub const SAVE_VMX_PREEMPTION_TIMER_VALUE: u64 = 1 << 22;
    pub const CLEAR_IA32_BNDCFGS:              u64 = 1 << 23;
    pub const CONCEAL_VMX_FROM_PT:             u64 = 1 << 24;
    pub const CLEAR_IA32_RTIT_CTL:             u64 = 1 << 25;
    pub const CLEAR_IA32_LBR_CTL:              u64 = 1 << 26;
    pub const CLEAR_UINV:                      u64 = 1 << 27;
    pub const LOAD_CET_STATE:                  u64 = 1 << 28;
    pub const LOAD_PKRS:                       u64 = 1 << 29;
    pub const SAVE_IA32_PERF_GLOBAL_CTRL:      u64 = 1 << 30;
    pub const ACTIVATE_SECONDARY_CONTROLS:     u64 = 1 << 31;

    pub(in crate::controls) const NAMES: &[(u64, &str)] = &[
        (SAVE_DEBUG_CONTROLS,             "save debug controls"),
        (HOST_ADDRESS_SPACE_SIZE,         "host address-space size"),
        (LOAD_IA32_PERF_GLOBAL_CTRL,      "load IA32_PERF_GLOBAL_CTRL"),
        (ACKNOWLEDGE_INTERRUPT_ON_EXIT,   "acknowledge interrupt on exit"),
        (SAVE_IA32_PAT,                   "save IA32_PAT"),
        (LOAD_IA32_PAT,                   "load IA32_PAT"),
        (SAVE_IA32_EFER,                  "save IA32_EFER"),
        (LOAD_IA32_EFER,                  "load IA32_EFER"),
        (SAVE_VMX_PREEMPTION_TIMER_VALUE, "save VMX-preemption timer value"),
        (CLEAR_IA32_BNDCFGS,              "clear IA32_BNDCFGS"),
        (CONCEAL_VMX_FROM_PT,             "conceal VMX from PT"),
        (CLEAR_IA32_RTIT_CTL,             "clear IA32_RTIT_CTL"),
        (CLEAR_IA32_LBR_CTL,              "clear IA32_LBR_CTL"),
        (CLEAR_UINV,                      "clear UINV"),
        (LOAD_CET_STATE,                  "load CET state"),
        (LOAD_PKRS,                       "load PKRS"),
        (SAVE_IA32_PERF_GLOBAL_CTRL,      "save IA32_PERF_GLOBAL_CTRL"),
        (ACTIVATE_SECONDARY_CONTROLS,     "activate secondary controls"),
    ];
}

/// Secondary VM-exit controls, 64 bits ("VM-Exit Controls", section 26.7.1).
#[rustfmt::skip]
pub mod secondary_exit {
    // A bit's name in the manual stands in NAMES.
    #![allow(missing_docs)]
    pub const SAVE_IA32_FRED:                u64 = 1 << 0;
    pub const LOAD_IA32_FRED:                u64 = 1 << 1;
    pub const LOAD_IA32_SPEC_CTRL:           u64 = 1 << 2;
    pub const PREMATURELY_BUSY_SHADOW_STACK: u64 = 1 << 3;

    pub(in crate::controls) const NAMES: &[(u64, &str)] = &[
        (SAVE_IA32_FRED,                "save IA32_FRED"),
        (LOAD_IA32_FRED,                "load IA32_FRED"),
        (LOAD_IA32_SPEC_CTRL,           "load IA32_SPEC_CTRL"),
        (PREMATURELY_BUSY_SHADOW_STACK, "prematurely busy shadow stack"),
    ];
}

/// VM-entry controls ("VM-Entry Controls", section 26.8.1).
#[rustfmt::skip]
pub mod entry {
    // A bit's name in the manual stands in NAMES.
    #![allow(missing_docs)]
    pub const LOAD_DEBUG_CONTROLS:               u64 = 1 << 2;
    pub const IA_32E_MODE_GUEST:                 u64 = 1 << 9;
    pub const ENTRY_TO_SMM:                      u64 = 1 << 10;
    pub const DEACTIVATE_DUAL_MONITOR_TREATMENT: u64 = 1 << 11;
    pub const LOAD_IA32_PERF_GLOBAL_CTRL:        u64 = 1 << 13;
    pub const LOAD_IA32_PAT:                     u64 = 1 << 14;
    pub const LOAD_IA32_EFER:                    u64 = 1 << 15;
    pub const LOAD_IA32_BNDCFGS:                 u64 = 1 << 16;
    pub const CONCEAL_VMX_FROM_PT:               u64 = 1 << 17;
    pub const LOAD_IA32_RTIT_CTL:                u64 = 1 << 18;
    pub const LOAD_UINV:                         u64 = 1 << 19;
    pub const LOAD_CET_STATE:                    u64 = 1 << 20;
    pub const LOAD_GUEST_IA32_LBR_CTL:           u64 = 1 << 21;
    pub const LOAD_PKRS:                         u64 = 1 << 22;
    pub const LOAD_IA32_FRED:                    u64 = 1 << 23;
    pub const LOAD_IA32_SPEC_CTRL:               u64 = 1 << 24;

    pub(in crate::controls) const NAMES: &[(u64, &str)] = &[
        (LOAD_DEBUG_CONTROLS,               "load debug controls"),
        (IA_32E_MODE_GUEST,                 "IA-32e mode guest"),
        (ENTRY_TO_SMM,                      "entry to SMM"),
        (DEACTIVATE_DUAL_MONITOR_TREATMENT, "deactivate dual-monitor treatment"),
        (LOAD_IA32_PERF_GLOBAL_CTRL,        "load IA32_PERF_GLOBAL_CTRL"),
        (LOAD_IA32_PAT,                     "load IA32_PAT"),
        (LOAD_IA32_EFER,                    "load IA32_EFER"),
        (LOAD_IA32_BNDCFGS,                 "load IA32_BNDCFGS"),
        (CONCEAL_VMX_FROM_PT,               "conceal VMX from PT"),
        (LOAD_IA32_RTIT_CTL,                "load IA32_RTIT_CTL"),
        (LOAD_UINV,                         "load UINV"),
        (LOAD_CET_STATE,                    "load CET state"),
        (LOAD_GUEST_IA32_LBR_CTL,           "load guest IA32_LBR_CTL"),
        (LOAD_PKRS,                         "load PKRS"),
        (LOAD_IA32_FRED,                    "load IA32_FRED"),
        (LOAD_IA32_SPEC_CTRL,               "load IA32_SPEC_CTRL"),
    ];
}
