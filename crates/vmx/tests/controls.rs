//! Control words: their bits against a second transcription, and the algorithm that settles them.

use vmx::Capabilities;
use vmx::capability::{Profile, msr};
use vmx::controls::{
    Allowed, Control, ControlKind, ControlRefused, Why, entry, exit, pin, primary, secondary, secondary_exit,
    settle, tertiary,
};

/// Masks as published by another hypervisor: exit and entry as words, the others as bit numbers.
#[test]
#[rustfmt::skip]
fn control_bits_have_the_positions_that_a_second_source_gives() {
    let words = [
        (exit::SAVE_DEBUG_CONTROLS, 0x0000_0004),             (exit::HOST_ADDRESS_SPACE_SIZE, 0x0000_0200),
        (exit::LOAD_IA32_PERF_GLOBAL_CTRL, 0x0000_1000),      (exit::ACKNOWLEDGE_INTERRUPT_ON_EXIT, 0x0000_8000),
        (exit::SAVE_IA32_PAT, 0x0004_0000),                   (exit::LOAD_IA32_PAT, 0x0008_0000),
        (exit::SAVE_IA32_EFER, 0x0010_0000),                  (exit::LOAD_IA32_EFER, 0x0020_0000),
        (exit::SAVE_VMX_PREEMPTION_TIMER_VALUE, 0x0040_0000), (exit::CLEAR_IA32_BNDCFGS, 0x0080_0000),
        (exit::CONCEAL_VMX_FROM_PT, 0x0100_0000),             (exit::CLEAR_IA32_RTIT_CTL, 0x0200_0000),
        (exit::LOAD_CET_STATE, 0x1000_0000),                  (exit::SAVE_IA32_PERF_GLOBAL_CTRL, 0x4000_0000),
        (exit::ACTIVATE_SECONDARY_CONTROLS, 0x8000_0000),     (exit::LOAD_PKRS, 0x2000_0000),
        (entry::LOAD_DEBUG_CONTROLS, 0x0000_0004),            (entry::IA_32E_MODE_GUEST, 0x0000_0200),
        (entry::ENTRY_TO_SMM, 0x0000_0400),                   (entry::DEACTIVATE_DUAL_MONITOR_TREATMENT, 0x0000_0800),
        (entry::LOAD_IA32_PERF_GLOBAL_CTRL, 0x0000_2000),     (entry::LOAD_IA32_PAT, 0x0000_4000),
        (entry::LOAD_IA32_EFER, 0x0000_8000),                 (entry::LOAD_IA32_BNDCFGS, 0x0001_0000),
        (entry::CONCEAL_VMX_FROM_PT, 0x0002_0000),            (entry::LOAD_IA32_RTIT_CTL, 0x0004_0000),
        (entry::LOAD_CET_STATE, 0x0010_0000),                 (entry::LOAD_IA32_FRED, 0x0080_0000),
    ];
    for (at, (mask, wanted)) in words.into_iter().enumerate() {
        assert_eq!(mask, wanted, "row {at}");
    }
    let bits = [
        (pin::EXTERNAL_INTERRUPT_EXITING, 0),        (pin::NMI_EXITING, 3),
        (pin::VIRTUAL_NMIS, 5),                      (pin::ACTIVATE_VMX_PREEMPTION_TIMER, 6),
        (pin::PROCESS_POSTED_INTERRUPTS, 7),
        (primary::INTERRUPT_WINDOW_EXITING, 2),      (primary::USE_TSC_OFFSETTING, 3),
        (primary::HLT_EXITING, 7),                   (primary::INVLPG_EXITING, 9),
        (primary::MWAIT_EXITING, 10),                (primary::RDPMC_EXITING, 11),
        (primary::RDTSC_EXITING, 12),                (primary::CR3_LOAD_EXITING, 15),
        (primary::CR3_STORE_EXITING, 16),            (primary::ACTIVATE_TERTIARY_CONTROLS, 17),
        (primary::CR8_LOAD_EXITING, 19),             (primary::CR8_STORE_EXITING, 20),
        (primary::USE_TPR_SHADOW, 21),               (primary::NMI_WINDOW_EXITING, 22),
        (primary::MOV_DR_EXITING, 23),               (primary::UNCONDITIONAL_IO_EXITING, 24),
        (primary::USE_IO_BITMAPS, 25),               (primary::MONITOR_TRAP_FLAG, 27),
        (primary::USE_MSR_BITMAPS, 28),              (primary::MONITOR_EXITING, 29),
        (primary::PAUSE_EXITING, 30),                (primary::ACTIVATE_SECONDARY_CONTROLS, 31),
        (secondary::VIRTUALIZE_APIC_ACCESSES, 0),    (secondary::ENABLE_EPT, 1),
        (secondary::DESCRIPTOR_TABLE_EXITING, 2),    (secondary::ENABLE_RDTSCP, 3),
        (secondary::VIRTUALIZE_X2APIC_MODE, 4),      (secondary::ENABLE_VPID, 5),
        (secondary::WBINVD_EXITING, 6),              (secondary::UNRESTRICTED_GUEST, 7),
        (secondary::APIC_REGISTER_VIRTUALIZATION, 8), (secondary::VIRTUAL_INTERRUPT_DELIVERY, 9),
        (secondary::PAUSE_LOOP_EXITING, 10),         (secondary::RDRAND_EXITING, 11),
        (secondary::ENABLE_INVPCID, 12),             (secondary::ENABLE_VM_FUNCTIONS, 13),
        (secondary::VMCS_SHADOWING, 14),             (secondary::ENABLE_ENCLS_EXITING, 15),
        (secondary::RDSEED_EXITING, 16),             (secondary::ENABLE_PML, 17),
        (secondary::EPT_VIOLATION_VE, 18),           (secondary::CONCEAL_VMX_FROM_PT, 19),
        (secondary::ENABLE_XSAVES_XRSTORS, 20),      (secondary::PASID_TRANSLATION, 21),
        (secondary::MODE_BASED_EXECUTE_CONTROL_FOR_EPT, 22), (secondary::SUB_PAGE_WRITE_PERMISSIONS, 23),
        (secondary::INTEL_PT_USES_GUEST_PHYSICAL_ADDRESSES, 24), (secondary::USE_TSC_SCALING, 25),
        (secondary::ENABLE_USER_WAIT_AND_PAUSE, 26), (secondary::ENABLE_PCONFIG, 27),
        (secondary::ENABLE_ENCLV_EXITING, 28),       (secondary::ENABLE_EPC_VIRTUALIZATION_EXTENSIONS, 29),
        (secondary::VMM_BUS_LOCK_DETECTION, 30),     (secondary::INSTRUCTION_TIMEOUT, 31),
        (tertiary::LOADIWKEY_EXITING, 0),            (tertiary::ENABLE_HLAT, 1),
        (tertiary::EPT_PAGING_WRITE_CONTROL, 2),     (tertiary::GUEST_PAGING_VERIFICATION, 3),
        (tertiary::IPI_VIRTUALIZATION, 4),           (tertiary::VIRTUALIZE_IA32_SPEC_CTRL, 7),
        (secondary_exit::SAVE_IA32_FRED, 0),         (secondary_exit::LOAD_IA32_FRED, 1),
    ];
    for (at, (mask, bit)) in bits.into_iter().enumerate() {
        assert_eq!(mask, 1 << bit, "row {at}");
    }
}

#[test]
fn each_words_names_are_distinct_single_bits_in_order() {
    for kind in ControlKind::ALL {
        let names = kind.names();
        assert!(names.iter().all(|(mask, _)| mask.is_power_of_two()), "{kind}");
        assert!(names.windows(2).all(|pair| pair[0].0 < pair[1].0), "{kind}");
        assert_eq!(kind.defined().count_ones() as usize, names.len(), "{kind}");
    }
    assert_eq!(Control::new(ControlKind::Primary, primary::HLT_EXITING).name(), Some("HLT exiting"));
    assert_eq!(Control { kind: ControlKind::Primary, bit: 0 }.name(), None);
}

/// The same processor with IA32_VMX_BASIC bit 55 clear, so that the TRUE MSRs do not count.
fn without_true_msrs(profile: &Profile) -> Capabilities {
    let mut capabilities = profile.capabilities;
    let basic = capabilities.get(msr::BASIC).unwrap();
    capabilities.set(msr::BASIC, basic & !(1 << 55));
    capabilities
}

#[test]
fn a_word_with_nothing_wanted_is_the_processors_default() {
    let rows = [
        (ControlKind::PinBased, 0x16, 0x16),
        (ControlKind::Primary, 0x0401_E172, 0x0400_6172),
        (ControlKind::Exit, 0x0003_6DFF, 0x0003_6DFB),
        (ControlKind::Entry, 0x11FF, 0x11FB),
        (ControlKind::Secondary, 0, 0),
        (ControlKind::Tertiary, 0, 0),
        (ControlKind::SecondaryExit, 0, 0),
    ];
    for profile in Profile::ALL {
        for (kind, default1, true_default) in rows {
            let old = without_true_msrs(&profile);
            assert_eq!(settle(kind, 0, 0, &old), Ok(default1), "{} {kind}", profile.name);
            assert_eq!(
                settle(kind, 0, 0, &profile.capabilities),
                Ok(true_default),
                "{} {kind}",
                profile.name
            );
        }
    }
}

#[test]
fn wanted_bits_are_added_to_what_the_processor_demands() {
    let core2 = &Profile::CORE2.capabilities;
    let wanted = primary::HLT_EXITING | primary::USE_IO_BITMAPS | primary::CR3_LOAD_EXITING;
    assert_eq!(settle(ControlKind::Primary, wanted, 0, core2), Ok(0x0600_E1F2));
    assert_eq!(settle(ControlKind::Exit, exit::HOST_ADDRESS_SPACE_SIZE, 0, core2), Ok(0x0003_6FFB));
}

#[test]
fn a_wanted_bit_that_must_be_0_is_refused_by_name() {
    let refused = settle(ControlKind::Secondary, secondary::ENABLE_EPT, 0, &Profile::CORE2.capabilities);
    let expected = ControlRefused {
        control: Control { kind: ControlKind::Secondary, bit: 1 },
        why: Why::MustBe0,
        msr: 0x48B,
        capability: Allowed { must_be_1: 0, may_be_1: 0x41 },
    };
    assert_eq!(refused, Err(expected));
    assert_eq!(
        expected.to_string(),
        "\"enable EPT\" (secondary processor-based controls bit 1) must be 0 on this processor \
         (MSR 48Bh: must be 1 0h, may be 1 41h)"
    );
    assert!(
        settle(ControlKind::Secondary, secondary::ENABLE_EPT, 0, &Profile::LYNNFIELD.capabilities).is_ok()
    );
}

#[test]
fn a_forbidden_bit_that_must_be_1_is_refused_by_name() {
    let refuse = |capabilities: &Capabilities| {
        settle(ControlKind::Primary, 0, primary::CR3_LOAD_EXITING | primary::CR3_STORE_EXITING, capabilities)
    };
    let old = without_true_msrs(&Profile::CORE2);
    let refused = refuse(&old).unwrap_err();
    assert_eq!((refused.control.name(), refused.why), (Some("CR3-load exiting"), Why::MustBe1));
    assert_eq!(refused.msr, 0x482);
    assert_eq!(refuse(&Profile::CORE2.capabilities), Ok(0x0400_6172), "TRUE MSRs free both bits");
}

#[test]
fn reserved_bits_are_refused_on_either_side() {
    let core2 = &Profile::CORE2.capabilities;
    let reserved_0 = settle(ControlKind::Entry, 1 << 24, 0, core2).unwrap_err();
    assert_eq!((reserved_0.control.bit, reserved_0.why), (24, Why::MustBe0));
    let reserved_1 = settle(ControlKind::Entry, 0, 1 << 12, core2).unwrap_err();
    assert_eq!((reserved_1.control.bit, reserved_1.why), (12, Why::MustBe1));
    assert_eq!(reserved_1.control.to_string(), "reserved bit 12 of the VM-entry controls");
}

#[test]
fn a_word_whose_msr_does_not_exist_allows_nothing() {
    let refused = settle(ControlKind::Tertiary, tertiary::ENABLE_HLAT, 0, &Profile::SKYLAKE.capabilities);
    assert_eq!(refused.unwrap_err().msr, 0x492);
    let refused = settle(ControlKind::SecondaryExit, 1, 0, &Profile::SKYLAKE.capabilities);
    assert_eq!(refused.unwrap_err().msr, 0x493);
}

#[test]
fn the_64_bit_words_reach_beyond_bit_31() {
    let mut capabilities = Capabilities::none();
    capabilities.set(msr::PROCBASED_CTLS3, 1 << 40 | tertiary::ENABLE_HLAT);
    assert_eq!(settle(ControlKind::Tertiary, 1 << 40, 0, &capabilities), Ok(1 << 40));
    assert!(settle(ControlKind::Tertiary, 1 << 41, 0, &capabilities).is_err());
}

#[test]
#[should_panic(expected = "both wanted and forbidden")]
fn a_bit_cannot_be_wanted_and_forbidden() {
    let _ = settle(ControlKind::Primary, 1 << 7, 1 << 7, &Profile::CORE2.capabilities);
}

#[test]
fn allowed_settings_are_judged_at_each_edge() {
    let allowed = Allowed { must_be_1: 0b0011, may_be_1: 0b0111 };
    let rows = [(0b0011, 0), (0b0111, 0), (0b0001, 0b0010), (0b1011, 0b1000), (0b1100, 0b1011)];
    for (value, refused) in rows {
        assert_eq!(allowed.refused_bits(value), refused, "{value:b}");
        assert_eq!(allowed.accepts(value), refused == 0, "{value:b}");
    }
}
