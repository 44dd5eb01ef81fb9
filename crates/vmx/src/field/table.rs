//! Every field of the VMCS, once.
//!
//! "Field Encoding in VMCS" (Appendix B), grouped by width and kind as there and ascending by encoding. A row is the
//! encoding, the name, and what a processor must offer for the field to exist. Width, kind and access are derived
//! from the encoding, the printed name from the constant's name.

use super::Field;
use super::requirement::{Requirement, require::*};

/// One row of the table.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) encoding: u16,
    pub(super) name: &'static str,
    pub(super) requirement: Requirement,
}

/// Makes of each row a constant `Field::NAME` and an entry of `TABLE` at that constant's ordinal.
macro_rules! fields {
    ($($encoding:literal $name:ident $requirement:ident;)*) => {
        /// Counts the rows: a field's discriminant is its position in the table.
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        #[repr(u8)]
        enum Ordinal { $($name),* }

        impl Field {
            $(
                #[doc = concat!("The field with encoding ", stringify!($encoding), ".")]
                pub const $name: Field = Field(Ordinal::$name as u8);
            )*
        }

        pub(super) const TABLE: &[Row] = &[$(
            Row {
                encoding: $encoding,
                name: {
                    const LOWER: [u8; stringify!($name).len()] = lowercase(stringify!($name));
                    match core::str::from_utf8(&LOWER) {
                        Ok(name) => name,
                        Err(_) => panic!("a field's name is ASCII"),
                    }
                },
                requirement: $requirement,
            },
        )*];
    };
}

/// The ASCII letters of `name` in lower case. `N` is its length.
const fn lowercase<const N: usize>(name: &str) -> [u8; N] {
    let mut lower = [0; N];
    let mut at = 0;
    while at < N {
        lower[at] = name.as_bytes()[at].to_ascii_lowercase();
        at += 1;
    }
    lower
}

// Binary search relies on the order, and an ordinal must fit Field's byte.
const _: () = {
    assert!(TABLE.len() <= 256);
    let mut at = 1;
    while at < TABLE.len() {
        assert!(TABLE[at - 1].encoding < TABLE[at].encoding);
        assert!(TABLE[at].encoding & 1 == 0, "only full encodings are listed");
        at += 1;
    }
};

#[rustfmt::skip]
fields! {
    // 16-bit control fields
    0x0000 VIRTUAL_PROCESSOR_ID                             VPID;
    0x0002 POSTED_INTERRUPT_NOTIFICATION_VECTOR             POSTED_INTERRUPTS;
    0x0004 EPTP_INDEX                                       EPT_VIOLATION_VE;
    0x0006 HLAT_PREFIX_SIZE                                 HLAT;
    0x0008 LAST_PID_POINTER_INDEX                           IPI_VIRTUALIZATION;
    0x000A VIRTUAL_TIMER_VECTOR                             APIC_TIMER;

    // 16-bit guest-state fields
    0x0800 GUEST_ES_SELECTOR                                ALWAYS;
    0x0802 GUEST_CS_SELECTOR                                ALWAYS;
    0x0804 GUEST_SS_SELECTOR                                ALWAYS;
    0x0806 GUEST_DS_SELECTOR                                ALWAYS;
    0x0808 GUEST_FS_SELECTOR                                ALWAYS;
    0x080A GUEST_GS_SELECTOR                                ALWAYS;
    0x080C GUEST_LDTR_SELECTOR                              ALWAYS;
    0x080E GUEST_TR_SELECTOR                                ALWAYS;
    0x0810 GUEST_INTERRUPT_STATUS                           VIRTUAL_INTERRUPTS;
    0x0812 PML_INDEX                                        PML;
    0x0814 GUEST_UINV                                       UINV;

    // 16-bit host-state fields
    0x0C00 HOST_ES_SELECTOR                                 ALWAYS;
    0x0C02 HOST_CS_SELECTOR                                 ALWAYS;
    0x0C04 HOST_SS_SELECTOR                                 ALWAYS;
    0x0C06 HOST_DS_SELECTOR                                 ALWAYS;
    0x0C08 HOST_FS_SELECTOR                                 ALWAYS;
    0x0C0A HOST_GS_SELECTOR                                 ALWAYS;
    0x0C0C HOST_TR_SELECTOR                                 ALWAYS;

    // 64-bit control fields
    0x2000 IO_BITMAP_A_ADDRESS                              ALWAYS;
    0x2002 IO_BITMAP_B_ADDRESS                              ALWAYS;
    0x2004 MSR_BITMAPS_ADDRESS                              MSR_BITMAPS;
    0x2006 VM_EXIT_MSR_STORE_ADDRESS                        ALWAYS;
    0x2008 VM_EXIT_MSR_LOAD_ADDRESS                         ALWAYS;
    0x200A VM_ENTRY_MSR_LOAD_ADDRESS                        ALWAYS;
    0x200C EXECUTIVE_VMCS_POINTER                           ALWAYS;
    0x200E PML_ADDRESS                                      PML;
    0x2010 TSC_OFFSET                                       ALWAYS;
    0x2012 VIRTUAL_APIC_ADDRESS                             TPR_SHADOW;
    0x2014 APIC_ACCESS_ADDRESS                              APIC_ACCESSES;
    0x2016 POSTED_INTERRUPT_DESCRIPTOR_ADDRESS              POSTED_INTERRUPTS;
    0x2018 VM_FUNCTION_CONTROLS                             VM_FUNCTIONS;
    0x201A EPT_POINTER                                      EPT;
    0x201C EOI_EXIT_BITMAP_0                                VIRTUAL_INTERRUPTS;
    0x201E EOI_EXIT_BITMAP_1                                VIRTUAL_INTERRUPTS;
    0x2020 EOI_EXIT_BITMAP_2                                VIRTUAL_INTERRUPTS;
    0x2022 EOI_EXIT_BITMAP_3                                VIRTUAL_INTERRUPTS;
    0x2024 EPTP_LIST_ADDRESS                                EPTP_SWITCHING;
    0x2026 VMREAD_BITMAP_ADDRESS                            VMCS_SHADOWING;
    0x2028 VMWRITE_BITMAP_ADDRESS                           VMCS_SHADOWING;
    0x202A VIRTUALIZATION_EXCEPTION_INFORMATION_ADDRESS     EPT_VIOLATION_VE;
    0x202C XSS_EXITING_BITMAP                               XSAVES;
    0x202E ENCLS_EXITING_BITMAP                             ENCLS;
    0x2030 SUB_PAGE_PERMISSION_TABLE_POINTER                SPP;
    0x2032 TSC_MULTIPLIER                                   TSC_SCALING;
    0x2034 TERTIARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS   TERTIARY;
    0x2036 ENCLV_EXITING_BITMAP                             ENCLV;
    0x2038 LOW_PASID_DIRECTORY_ADDRESS                      PASID;
    0x203A HIGH_PASID_DIRECTORY_ADDRESS                     PASID;
    0x203C SHARED_EPT_POINTER                               SEAM;
    0x203E PCONFIG_EXITING_BITMAP                           PCONFIG;
    0x2040 HLAT_POINTER                                     HLAT;
    0x2042 PID_POINTER_TABLE_ADDRESS                        IPI_VIRTUALIZATION;
    0x2044 SECONDARY_VM_EXIT_CONTROLS                       SECONDARY_EXIT;
    0x204A IA32_SPEC_CTRL_MASK                              SPEC_CTRL_VIRTUALIZATION;
    0x204C IA32_SPEC_CTRL_SHADOW                            SPEC_CTRL_VIRTUALIZATION;
    0x204E GUEST_DEADLINE_SHADOW                            APIC_TIMER;
    0x2052 INJECTED_EVENT_DATA                              GUEST_FRED;

    // 64-bit read-only data fields
    0x2400 GUEST_PHYSICAL_ADDRESS                           EPT;
    0x2402 MSR_DATA                                         MSR_LIST;
    0x2404 ORIGINAL_EVENT_DATA                              GUEST_FRED;

    // 64-bit guest-state fields
    0x2800 VMCS_LINK_POINTER                                ALWAYS;
    0x2802 GUEST_IA32_DEBUGCTL                              ALWAYS;
    0x2804 GUEST_IA32_PAT                                   GUEST_PAT;
    0x2806 GUEST_IA32_EFER                                  GUEST_EFER;
    0x2808 GUEST_IA32_PERF_GLOBAL_CTRL                      GUEST_PERF_GLOBAL;
    0x280A GUEST_PDPTE0                                     EPT;
    0x280C GUEST_PDPTE1                                     EPT;
    0x280E GUEST_PDPTE2                                     EPT;
    0x2810 GUEST_PDPTE3                                     EPT;
    0x2812 GUEST_IA32_BNDCFGS                               BNDCFGS;
    0x2814 GUEST_IA32_RTIT_CTL                              RTIT;
    0x2816 GUEST_IA32_LBR_CTL                               LBR;
    0x2818 GUEST_IA32_PKRS                                  GUEST_PKRS;
    0x281A GUEST_IA32_FRED_CONFIG                           GUEST_FRED;
    0x281C GUEST_IA32_FRED_RSP1                             GUEST_FRED;
    0x281E GUEST_IA32_FRED_RSP2                             GUEST_FRED;
    0x2820 GUEST_IA32_FRED_RSP3                             GUEST_FRED;
    0x2822 GUEST_IA32_FRED_STKLVLS                          GUEST_FRED;
    0x2824 GUEST_IA32_FRED_SSP1                             GUEST_FRED;
    0x2826 GUEST_IA32_FRED_SSP2                             GUEST_FRED;
    0x2828 GUEST_IA32_FRED_SSP3                             GUEST_FRED;
    0x282E GUEST_IA32_SPEC_CTRL                             GUEST_SPEC_CTRL;
    0x2830 GUEST_DEADLINE                                   APIC_TIMER;

    // 64-bit host-state fields
    0x2C00 HOST_IA32_PAT                                    HOST_PAT;
    0x2C02 HOST_IA32_EFER                                   HOST_EFER;
    0x2C04 HOST_IA32_PERF_GLOBAL_CTRL                       HOST_PERF_GLOBAL;
    0x2C06 HOST_IA32_PKRS                                   HOST_PKRS;
    0x2C08 HOST_IA32_FRED_CONFIG                            HOST_FRED;
    0x2C0A HOST_IA32_FRED_RSP1                              HOST_FRED;
    0x2C0C HOST_IA32_FRED_RSP2                              HOST_FRED;
    0x2C0E HOST_IA32_FRED_RSP3                              HOST_FRED;
    0x2C10 HOST_IA32_FRED_STKLVLS                           HOST_FRED;
    0x2C12 HOST_IA32_FRED_SSP1                              HOST_FRED;
    0x2C14 HOST_IA32_FRED_SSP2                              HOST_FRED;
    0x2C16 HOST_IA32_FRED_SSP3                              HOST_FRED;
    0x2C1A HOST_IA32_SPEC_CTRL                              HOST_SPEC_CTRL;

    // 32-bit control fields
    0x4000 PIN_BASED_VM_EXECUTION_CONTROLS                  ALWAYS;
    0x4002 PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS    ALWAYS;
    0x4004 EXCEPTION_BITMAP                                 ALWAYS;
    0x4006 PAGE_FAULT_ERROR_CODE_MASK                       ALWAYS;
    0x4008 PAGE_FAULT_ERROR_CODE_MATCH                      ALWAYS;
    0x400A CR3_TARGET_COUNT                                 ALWAYS;
    0x400C PRIMARY_VM_EXIT_CONTROLS                         ALWAYS;
    0x400E VM_EXIT_MSR_STORE_COUNT                          ALWAYS;
    0x4010 VM_EXIT_MSR_LOAD_COUNT                           ALWAYS;
    0x4012 VM_ENTRY_CONTROLS                                ALWAYS;
    0x4014 VM_ENTRY_MSR_LOAD_COUNT                          ALWAYS;
    0x4016 VM_ENTRY_INTERRUPTION_INFORMATION                ALWAYS;
    0x4018 VM_ENTRY_EXCEPTION_ERROR_CODE                    ALWAYS;
    0x401A VM_ENTRY_INSTRUCTION_LENGTH                      ALWAYS;
    0x401C TPR_THRESHOLD                                    TPR_SHADOW;
    0x401E SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS  SECONDARY;
    0x4020 PLE_GAP                                          PAUSE_LOOP;
    0x4022 PLE_WINDOW                                       PAUSE_LOOP;
    0x4024 INSTRUCTION_TIMEOUT_CONTROL                      INSTRUCTION_TIMEOUT;
    0x4026 SEAM_GUEST_KEYID                                 SEAM;

    // 32-bit read-only data fields
    0x4400 VM_INSTRUCTION_ERROR                             ALWAYS;
    0x4402 EXIT_REASON                                      ALWAYS;
    0x4404 VM_EXIT_INTERRUPTION_INFORMATION                 ALWAYS;
    0x4406 VM_EXIT_INTERRUPTION_ERROR_CODE                  ALWAYS;
    0x4408 IDT_VECTORING_INFORMATION                        ALWAYS;
    0x440A IDT_VECTORING_ERROR_CODE                         ALWAYS;
    0x440C VM_EXIT_INSTRUCTION_LENGTH                       ALWAYS;
    0x440E VM_EXIT_INSTRUCTION_INFORMATION                  ALWAYS;

    // 32-bit guest-state fields
    0x4800 GUEST_ES_LIMIT                                   ALWAYS;
    0x4802 GUEST_CS_LIMIT                                   ALWAYS;
    0x4804 GUEST_SS_LIMIT                                   ALWAYS;
    0x4806 GUEST_DS_LIMIT                                   ALWAYS;
    0x4808 GUEST_FS_LIMIT                                   ALWAYS;
    0x480A GUEST_GS_LIMIT                                   ALWAYS;
    0x480C GUEST_LDTR_LIMIT                                 ALWAYS;
    0x480E GUEST_TR_LIMIT                                   ALWAYS;
    0x4810 GUEST_GDTR_LIMIT                                 ALWAYS;
    0x4812 GUEST_IDTR_LIMIT                                 ALWAYS;
    0x4814 GUEST_ES_ACCESS_RIGHTS                           ALWAYS;
    0x4816 GUEST_CS_ACCESS_RIGHTS                           ALWAYS;
    0x4818 GUEST_SS_ACCESS_RIGHTS                           ALWAYS;
    0x481A GUEST_DS_ACCESS_RIGHTS                           ALWAYS;
    0x481C GUEST_FS_ACCESS_RIGHTS                           ALWAYS;
    0x481E GUEST_GS_ACCESS_RIGHTS                           ALWAYS;
    0x4820 GUEST_LDTR_ACCESS_RIGHTS                         ALWAYS;
    0x4822 GUEST_TR_ACCESS_RIGHTS                           ALWAYS;
    0x4824 GUEST_INTERRUPTIBILITY_STATE                     ALWAYS;
    0x4826 GUEST_ACTIVITY_STATE                             ALWAYS;
    0x4828 GUEST_SMBASE                                     ALWAYS;
    0x482A GUEST_IA32_SYSENTER_CS                           ALWAYS;
    0x482E VMX_PREEMPTION_TIMER_VALUE                       PREEMPTION_TIMER;

    // 32-bit host-state fields
    0x4C00 HOST_IA32_SYSENTER_CS                            ALWAYS;

    // Natural-width control fields
    0x6000 CR0_GUEST_HOST_MASK                              ALWAYS;
    0x6002 CR4_GUEST_HOST_MASK                              ALWAYS;
    0x6004 CR0_READ_SHADOW                                  ALWAYS;
    0x6006 CR4_READ_SHADOW                                  ALWAYS;
    0x6008 CR3_TARGET_VALUE_0                               CR3_TARGET_0;
    0x600A CR3_TARGET_VALUE_1                               CR3_TARGET_1;
    0x600C CR3_TARGET_VALUE_2                               CR3_TARGET_2;
    0x600E CR3_TARGET_VALUE_3                               CR3_TARGET_3;

    // Natural-width read-only data fields
    0x6400 EXIT_QUALIFICATION                               ALWAYS;
    0x6402 IO_RCX                                           ALWAYS;
    0x6404 IO_RSI                                           ALWAYS;
    0x6406 IO_RDI                                           ALWAYS;
    0x6408 IO_RIP                                           ALWAYS;
    0x640A GUEST_LINEAR_ADDRESS                             ALWAYS;

    // Natural-width guest-state fields
    0x6800 GUEST_CR0                                        ALWAYS;
    0x6802 GUEST_CR3                                        ALWAYS;
    0x6804 GUEST_CR4                                        ALWAYS;
    0x6806 GUEST_ES_BASE                                    ALWAYS;
    0x6808 GUEST_CS_BASE                                    ALWAYS;
    0x680A GUEST_SS_BASE                                    ALWAYS;
    0x680C GUEST_DS_BASE                                    ALWAYS;
    0x680E GUEST_FS_BASE                                    ALWAYS;
    0x6810 GUEST_GS_BASE                                    ALWAYS;
    0x6812 GUEST_LDTR_BASE                                  ALWAYS;
    0x6814 GUEST_TR_BASE                                    ALWAYS;
    0x6816 GUEST_GDTR_BASE                                  ALWAYS;
    0x6818 GUEST_IDTR_BASE                                  ALWAYS;
    0x681A GUEST_DR7                                        ALWAYS;
    0x681C GUEST_RSP                                        ALWAYS;
    0x681E GUEST_RIP                                        ALWAYS;
    0x6820 GUEST_RFLAGS                                     ALWAYS;
    0x6822 GUEST_PENDING_DEBUG_EXCEPTIONS                   ALWAYS;
    0x6824 GUEST_IA32_SYSENTER_ESP                          ALWAYS;
    0x6826 GUEST_IA32_SYSENTER_EIP                          ALWAYS;
    0x6828 GUEST_IA32_S_CET                                 GUEST_CET;
    0x682A GUEST_SSP                                        GUEST_CET;
    0x682C GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR              GUEST_CET;

    // Natural-width host-state fields
    0x6C00 HOST_CR0                                         ALWAYS;
    0x6C02 HOST_CR3                                         ALWAYS;
    0x6C04 HOST_CR4                                         ALWAYS;
    0x6C06 HOST_FS_BASE                                     ALWAYS;
    0x6C08 HOST_GS_BASE                                     ALWAYS;
    0x6C0A HOST_TR_BASE                                     ALWAYS;
    0x6C0C HOST_GDTR_BASE                                   ALWAYS;
    0x6C0E HOST_IDTR_BASE                                   ALWAYS;
    0x6C10 HOST_IA32_SYSENTER_ESP                           ALWAYS;
    0x6C12 HOST_IA32_SYSENTER_EIP                           ALWAYS;
    0x6C14 HOST_RSP                                         ALWAYS;
    0x6C16 HOST_RIP                                         ALWAYS;
    0x6C18 HOST_IA32_S_CET                                  HOST_CET;
    0x6C1A HOST_SSP                                         HOST_CET;
    0x6C1C HOST_IA32_INTERRUPT_SSP_TABLE_ADDR               HOST_CET;
}
