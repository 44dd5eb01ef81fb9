//! The field table against a second transcription: Appendix B by group and index, not by encoding.
//!
//! The rows were taken from other sources than the table under test (an encoding list of the manual, and the patches
//! that introduced FRED to other hypervisors), with the index that the manual's tables print beside each name. Six fields
//! had one source only: `virtual_timer_vector`, `guest_deadline`, its shadow, `msr_data` and the two `ia32_spec_ctrl`.

use std::collections::BTreeSet;

use vmx::Field;
use vmx::field::{Access, Kind, Requirement, Width};

type Group = (Width, Kind, &'static [(u32, &'static str)]);

#[rustfmt::skip]
const APPENDIX_B: &[Group] = &[
    (Width::U16, Kind::Control, &[
        (0, "virtual_processor_id"), (1, "posted_interrupt_notification_vector"), (2, "eptp_index"),
        (3, "hlat_prefix_size"), (4, "last_pid_pointer_index"), (5, "virtual_timer_vector"),
    ]),
    (Width::U16, Kind::Guest, &[
        (0, "guest_es_selector"), (1, "guest_cs_selector"), (2, "guest_ss_selector"),
        (3, "guest_ds_selector"), (4, "guest_fs_selector"), (5, "guest_gs_selector"),
        (6, "guest_ldtr_selector"), (7, "guest_tr_selector"), (8, "guest_interrupt_status"),
        (9, "pml_index"), (10, "guest_uinv"),
    ]),
    (Width::U16, Kind::Host, &[
        (0, "host_es_selector"), (1, "host_cs_selector"), (2, "host_ss_selector"), (3, "host_ds_selector"),
        (4, "host_fs_selector"), (5, "host_gs_selector"), (6, "host_tr_selector"),
    ]),
    (Width::U64, Kind::Control, &[
        (0, "io_bitmap_a_address"), (1, "io_bitmap_b_address"), (2, "msr_bitmaps_address"),
        (3, "vm_exit_msr_store_address"), (4, "vm_exit_msr_load_address"),
        (5, "vm_entry_msr_load_address"), (6, "executive_vmcs_pointer"), (7, "pml_address"),
        (8, "tsc_offset"), (9, "virtual_apic_address"), (10, "apic_access_address"),
        (11, "posted_interrupt_descriptor_address"), (12, "vm_function_controls"), (13, "ept_pointer"),
        (14, "eoi_exit_bitmap_0"), (15, "eoi_exit_bitmap_1"), (16, "eoi_exit_bitmap_2"),
        (17, "eoi_exit_bitmap_3"), (18, "eptp_list_address"), (19, "vmread_bitmap_address"),
        (20, "vmwrite_bitmap_address"), (21, "virtualization_exception_information_address"),
        (22, "xss_exiting_bitmap"), (23, "encls_exiting_bitmap"),
        (24, "sub_page_permission_table_pointer"), (25, "tsc_multiplier"),
        (26, "tertiary_processor_based_vm_execution_controls"), (27, "enclv_exiting_bitmap"),
        (28, "low_pasid_directory_address"), (29, "high_pasid_directory_address"),
        (30, "shared_ept_pointer"), (31, "pconfig_exiting_bitmap"), (32, "hlat_pointer"),
        (33, "pid_pointer_table_address"), (34, "secondary_vm_exit_controls"), (37, "ia32_spec_ctrl_mask"),
        (38, "ia32_spec_ctrl_shadow"), (39, "guest_deadline_shadow"), (41, "injected_event_data"),
    ]),
    (Width::U64, Kind::ExitInformation, &[
        (0, "guest_physical_address"), (1, "msr_data"), (2, "original_event_data"),
    ]),
    (Width::U64, Kind::Guest, &[
        (0, "vmcs_link_pointer"), (1, "guest_ia32_debugctl"), (2, "guest_ia32_pat"),
        (3, "guest_ia32_efer"), (4, "guest_ia32_perf_global_ctrl"), (5, "guest_pdpte0"),
        (6, "guest_pdpte1"), (7, "guest_pdpte2"), (8, "guest_pdpte3"), (9, "guest_ia32_bndcfgs"),
        (10, "guest_ia32_rtit_ctl"), (11, "guest_ia32_lbr_ctl"), (12, "guest_ia32_pkrs"),
        (13, "guest_ia32_fred_config"), (14, "guest_ia32_fred_rsp1"), (15, "guest_ia32_fred_rsp2"),
        (16, "guest_ia32_fred_rsp3"), (17, "guest_ia32_fred_stklvls"), (18, "guest_ia32_fred_ssp1"),
        (19, "guest_ia32_fred_ssp2"), (20, "guest_ia32_fred_ssp3"), (23, "guest_ia32_spec_ctrl"),
        (24, "guest_deadline"),
    ]),
    (Width::U64, Kind::Host, &[
        (0, "host_ia32_pat"), (1, "host_ia32_efer"), (2, "host_ia32_perf_global_ctrl"),
        (3, "host_ia32_pkrs"), (4, "host_ia32_fred_config"), (5, "host_ia32_fred_rsp1"),
        (6, "host_ia32_fred_rsp2"), (7, "host_ia32_fred_rsp3"), (8, "host_ia32_fred_stklvls"),
        (9, "host_ia32_fred_ssp1"), (10, "host_ia32_fred_ssp2"), (11, "host_ia32_fred_ssp3"),
        (13, "host_ia32_spec_ctrl"),
    ]),
    (Width::U32, Kind::Control, &[
        (0, "pin_based_vm_execution_controls"), (1, "primary_processor_based_vm_execution_controls"),
        (2, "exception_bitmap"), (3, "page_fault_error_code_mask"), (4, "page_fault_error_code_match"),
        (5, "cr3_target_count"), (6, "primary_vm_exit_controls"), (7, "vm_exit_msr_store_count"),
        (8, "vm_exit_msr_load_count"), (9, "vm_entry_controls"), (10, "vm_entry_msr_load_count"),
        (11, "vm_entry_interruption_information"), (12, "vm_entry_exception_error_code"),
        (13, "vm_entry_instruction_length"), (14, "tpr_threshold"),
        (15, "secondary_processor_based_vm_execution_controls"), (16, "ple_gap"), (17, "ple_window"),
        (18, "instruction_timeout_control"), (19, "seam_guest_keyid"),
    ]),
    (Width::U32, Kind::ExitInformation, &[
        (0, "vm_instruction_error"), (1, "exit_reason"), (2, "vm_exit_interruption_information"),
        (3, "vm_exit_interruption_error_code"), (4, "idt_vectoring_information"),
        (5, "idt_vectoring_error_code"), (6, "vm_exit_instruction_length"),
        (7, "vm_exit_instruction_information"),
    ]),
    (Width::U32, Kind::Guest, &[
        (0, "guest_es_limit"), (1, "guest_cs_limit"), (2, "guest_ss_limit"), (3, "guest_ds_limit"),
        (4, "guest_fs_limit"), (5, "guest_gs_limit"), (6, "guest_ldtr_limit"), (7, "guest_tr_limit"),
        (8, "guest_gdtr_limit"), (9, "guest_idtr_limit"), (10, "guest_es_access_rights"),
        (11, "guest_cs_access_rights"), (12, "guest_ss_access_rights"), (13, "guest_ds_access_rights"),
        (14, "guest_fs_access_rights"), (15, "guest_gs_access_rights"), (16, "guest_ldtr_access_rights"),
        (17, "guest_tr_access_rights"), (18, "guest_interruptibility_state"), (19, "guest_activity_state"),
        (20, "guest_smbase"), (21, "guest_ia32_sysenter_cs"), (23, "vmx_preemption_timer_value"),
    ]),
    (Width::U32, Kind::Host, &[
        (0, "host_ia32_sysenter_cs"),
    ]),
    (Width::Natural, Kind::Control, &[
        (0, "cr0_guest_host_mask"), (1, "cr4_guest_host_mask"), (2, "cr0_read_shadow"),
        (3, "cr4_read_shadow"), (4, "cr3_target_value_0"), (5, "cr3_target_value_1"),
        (6, "cr3_target_value_2"), (7, "cr3_target_value_3"),
    ]),
    (Width::Natural, Kind::ExitInformation, &[
        (0, "exit_qualification"), (1, "io_rcx"), (2, "io_rsi"), (3, "io_rdi"), (4, "io_rip"),
        (5, "guest_linear_address"),
    ]),
    (Width::Natural, Kind::Guest, &[
        (0, "guest_cr0"), (1, "guest_cr3"), (2, "guest_cr4"), (3, "guest_es_base"), (4, "guest_cs_base"),
        (5, "guest_ss_base"), (6, "guest_ds_base"), (7, "guest_fs_base"), (8, "guest_gs_base"),
        (9, "guest_ldtr_base"), (10, "guest_tr_base"), (11, "guest_gdtr_base"), (12, "guest_idtr_base"),
        (13, "guest_dr7"), (14, "guest_rsp"), (15, "guest_rip"), (16, "guest_rflags"),
        (17, "guest_pending_debug_exceptions"), (18, "guest_ia32_sysenter_esp"),
        (19, "guest_ia32_sysenter_eip"), (20, "guest_ia32_s_cet"), (21, "guest_ssp"),
        (22, "guest_ia32_interrupt_ssp_table_addr"),
    ]),
    (Width::Natural, Kind::Host, &[
        (0, "host_cr0"), (1, "host_cr3"), (2, "host_cr4"), (3, "host_fs_base"), (4, "host_gs_base"),
        (5, "host_tr_base"), (6, "host_gdtr_base"), (7, "host_idtr_base"), (8, "host_ia32_sysenter_esp"),
        (9, "host_ia32_sysenter_eip"), (10, "host_rsp"), (11, "host_rip"), (12, "host_ia32_s_cet"),
        (13, "host_ssp"), (14, "host_ia32_interrupt_ssp_table_addr"),
    ]),
];

/// "Structure of VMCS Component Encoding": index 9:1, kind 11:10, width 14:13.
fn encode(width: Width, kind: Kind, index: u32) -> u32 {
    let width = match width {
        Width::U16 => 0,
        Width::U64 => 0x2000,
        Width::U32 => 0x4000,
        Width::Natural => 0x6000,
    };
    let kind = match kind {
        Kind::Control => 0,
        Kind::ExitInformation => 0x400,
        Kind::Guest => 0x800,
        Kind::Host => 0xC00,
    };
    width + kind + index * 2
}

#[test]
fn every_field_has_the_encoding_width_and_kind_of_appendix_b() {
    for (width, kind, rows) in APPENDIX_B {
        for (index, name) in *rows {
            let field = Field::from_name(name).unwrap_or_else(|| panic!("{name} is missing"));
            let encoding = encode(*width, *kind, *index);
            assert_eq!(field.encoding(), encoding, "{name}");
            assert_eq!((field.width(), field.kind()), (*width, *kind), "{name}");
            assert_eq!(Field::from_encoding(encoding), Some(field), "{name}");
        }
    }
}

#[test]
fn the_table_has_no_field_beside_appendix_b() {
    let listed: BTreeSet<&str> =
        APPENDIX_B.iter().flat_map(|(_, _, rows)| rows.iter().map(|(_, name)| *name)).collect();
    let held: BTreeSet<&str> = Field::ALL.iter().map(|field| field.name()).collect();
    assert_eq!(held, listed);
    assert_eq!(Field::COUNT, listed.len(), "no name occurs twice");
}

#[test]
fn a_fields_ordinal_is_its_place_in_all() {
    for (at, field) in Field::ALL.into_iter().enumerate() {
        assert_eq!(field.ordinal(), at);
    }
    assert!(Field::ALL.is_sorted_by_key(|field| field.encoding()));
}

#[test]
fn only_64_bit_fields_have_a_high_half() {
    let rows = [
        (0x2001, Some(Field::IO_BITMAP_A_ADDRESS)),
        (0x2C01, Some(Field::HOST_IA32_PAT)),
        (0x2000, None),
        (0x0801, None),
        (0x4001, None),
        (0x6801, None),
        (0x200D, Some(Field::EXECUTIVE_VMCS_POINTER)),
    ];
    for (encoding, field) in rows {
        assert_eq!(Field::from_high_encoding(encoding), field, "{encoding:X}h");
    }
    assert_eq!(Field::GUEST_IA32_PAT.high_encoding(), Some(0x2805));
    assert_eq!(Field::GUEST_CR0.high_encoding(), None);
}

#[test]
fn an_encoding_that_no_field_has_is_refused() {
    for encoding in [0x0801, 0x0C0E, 0x2001, 0x200B, 0x2046, 0x482C, 0x6810 + 1, 0x7000, 0x1_0800, u32::MAX] {
        assert_eq!(Field::from_encoding(encoding), None, "{encoding:X}h");
    }
}

#[test]
fn names_are_found_in_either_case_and_unknown_ones_are_not() {
    assert_eq!(Field::from_name("GUEST_RFLAGS"), Some(Field::GUEST_RFLAGS));
    assert_eq!(Field::from_name("guest_rflags"), Some(Field::GUEST_RFLAGS));
    for name in ["", "guest_rflag", "guest_rflags ", "guest_cr8"] {
        assert_eq!(Field::from_name(name), None, "{name:?}");
    }
}

#[test]
fn exit_information_is_read_only() {
    for field in Field::ALL {
        let wanted = if field.kind() == Kind::ExitInformation { Access::ReadOnly } else { Access::ReadWrite };
        assert_eq!(field.access(), wanted, "{field}");
    }
    assert_eq!(Field::EXIT_REASON.access(), Access::ReadOnly);
    assert_eq!(Field::VMX_PREEMPTION_TIMER_VALUE.access(), Access::ReadWrite);
}

#[test]
fn requirements_name_the_control_of_the_manuals_footnote() {
    let rows = [
        (Field::GUEST_CS_SELECTOR, "nothing"),
        (Field::VIRTUAL_PROCESSOR_ID, "\"enable VPID\" (secondary processor-based controls bit 5)"),
        (Field::MSR_BITMAPS_ADDRESS, "\"use MSR bitmaps\" (primary processor-based controls bit 28)"),
        (Field::TPR_THRESHOLD, "\"use TPR shadow\" (primary processor-based controls bit 21)"),
        (Field::GUEST_PHYSICAL_ADDRESS, "\"enable EPT\" (secondary processor-based controls bit 1)"),
        (
            Field::POSTED_INTERRUPT_DESCRIPTOR_ADDRESS,
            "\"process posted interrupts\" (pin-based controls bit 7)",
        ),
        (Field::EPTP_LIST_ADDRESS, "VM function 0"),
        (Field::HOST_IA32_EFER, "\"load IA32_EFER\" (primary VM-exit controls bit 21)"),
        (
            Field::GUEST_IA32_EFER,
            "\"load IA32_EFER\" (VM-entry controls bit 15) or \"save IA32_EFER\" (primary VM-exit controls bit 20)",
        ),
        (Field::HLAT_POINTER, "\"enable HLAT\" (tertiary processor-based controls bit 1)"),
        (Field::HOST_IA32_SPEC_CTRL, "\"load IA32_SPEC_CTRL\" (secondary VM-exit controls bit 2)"),
        (Field::CR3_TARGET_VALUE_3, "4 CR3-target values"),
    ];
    for (field, words) in rows {
        assert_eq!(field.requirement().to_string(), words, "{field}");
    }
    assert_eq!(Field::GUEST_IA32_DEBUGCTL.requirement(), Requirement::Always);
}

#[test]
fn widths_bound_values() {
    assert_eq!(Width::U16.mask(), 0xFFFF);
    assert_eq!(Width::U32.mask(), 0xFFFF_FFFF);
    assert_eq!(Width::U64.mask(), u64::MAX);
    assert_eq!(Width::Natural.bits(), 64);
}
