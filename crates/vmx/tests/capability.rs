//! The capability MSRs: which exist, what they say, on the dumps of six models.

use std::collections::BTreeMap;

use vmx::capability::{CpuFacts, Profile, msr};
use vmx::controls::ControlKind;
use vmx::{Capabilities, Field};

/// A processor that raises #GP for an MSR it does not have.
fn read(msrs: &[(u32, u64)]) -> Capabilities {
    let msrs: BTreeMap<u32, u64> = msrs.iter().copied().collect();
    Capabilities::read(|address| *msrs.get(&address).unwrap_or_else(|| panic!("#GP: RDMSR {address:X}h")))
}

fn dump(profile: &Profile) -> Vec<(u32, u64)> {
    profile.capabilities.entries().collect()
}

#[test]
fn reading_a_model_touches_exactly_the_msrs_of_its_dump() {
    for profile in Profile::ALL {
        let mut capabilities = read(&dump(&profile));
        capabilities.cpu = profile.capabilities.cpu;
        assert_eq!(capabilities, profile.capabilities, "{}", profile.name);
    }
}

/// Without the capabilities that announce them, no optional MSR is read.
const LEAST: [(u32, u64); 11] = [
    (0x480, 0x0018_1000_0000_0007),
    (0x481, 0x0000_003F_0000_0016),
    (0x482, 0x77F9_FFFE_0401_E172),
    (0x483, 0x0003_6FFF_0003_6DFF),
    (0x484, 0x0000_13FF_0000_11FF),
    (0x485, 0x0000_0000_0004_0000),
    (0x486, 0x8000_0021),
    (0x487, 0xFFFF_FFFF),
    (0x488, 0x2000),
    (0x489, 0x27FF),
    (0x48A, 0x2C),
];

fn least_with(changes: &[(u32, u64)]) -> Vec<(u32, u64)> {
    let mut msrs: BTreeMap<u32, u64> = LEAST.into_iter().collect();
    msrs.extend(changes.iter().copied());
    msrs.into_iter().collect()
}

#[test]
fn optional_msrs_are_read_exactly_where_another_announces_them() {
    let secondary = (0x482, 0xF7F9_FFFE_0401_E172);
    let rows: [(&str, &[(u32, u64)]); 9] = [
        ("none", &[]),
        ("secondary controls without EPT and VPID", &[secondary, (0x48B, 0x41 << 32)]),
        ("EPT alone", &[secondary, (0x48B, 0x02 << 32), (0x48C, 1)]),
        ("VPID alone", &[secondary, (0x48B, 0x20 << 32), (0x48C, 1)]),
        ("VM functions", &[secondary, (0x48B, 0x2000 << 32), (0x491, 1)]),
        ("TRUE MSRs", &[(0x480, 0x0098_1000_0000_0007), (0x48D, 1), (0x48E, 2), (0x48F, 3), (0x490, 4)]),
        ("tertiary controls", &[(0x482, 0x77FB_FFFE_0401_E172), (0x492, 0x10)]),
        ("secondary exit controls", &[(0x483, 0x8003_6FFF_0003_6DFF), (0x493, 0x8)]),
        ("exit and secondary", &[secondary, (0x48B, 0), (0x483, 0x8003_6FFF_0003_6DFF), (0x493, 0)]),
    ];
    for (what, changes) in rows {
        let msrs = least_with(changes);
        assert_eq!(read(&msrs).entries().collect::<Vec<_>>(), msrs, "{what}");
    }
}

#[test]
fn an_msr_that_does_not_exist_has_no_value() {
    let capabilities = read(&LEAST);
    for address in [0x47F, 0x48B, 0x48D, 0x491, 0x493, 0x494, 0, u32::MAX] {
        assert_eq!(capabilities.get(address), None, "{address:X}h");
    }
    assert_eq!(capabilities.get(0x48A), Some(0x2C));
}

#[test]
fn basic_information_is_decoded_as_bochs_documents_its_models() {
    for profile in Profile::ALL {
        let it = profile.capabilities;
        let is_newest = profile.name == "tigerlake";
        assert_eq!(it.revision(), if is_newest { 4 } else { 0x2B }, "{}", profile.name);
        assert_eq!(it.region_size_bytes(), 4096, "{}", profile.name);
        assert_eq!(it.memory_type(), 6, "{}", profile.name);
        assert!(it.true_controls() && it.string_io_information(), "{}", profile.name);
        assert!(!it.addresses_limited_to_32_bits() && !it.dual_monitor());
        assert_eq!(it.any_error_code(), is_newest, "{}", profile.name);
    }
}

#[test]
fn a_basic_word_is_decoded_bit_by_bit() {
    let of = |basic: u64| {
        let mut it = Capabilities::none();
        it.set(msr::BASIC, basic);
        it
    };
    assert_eq!(of(0xFFFF_FFFF).revision(), 0x7FFF_FFFF, "bit 31 is not part of the revision");
    assert_eq!(of(0x1FFF << 32).region_size_bytes(), 0x1FFF);
    assert!(of(1 << 48).addresses_limited_to_32_bits());
    assert!(of(1 << 49).dual_monitor());
    assert_eq!(of(0xF << 50).memory_type(), 15);
    assert!(of(1 << 54).string_io_information());
    assert!(of(1 << 55).true_controls());
    assert!(of(1 << 56).any_error_code());
    assert!(of(1 << 58).nested_exceptions());
}

#[test]
fn models_differ_in_what_the_host_chooses_a_back_end_by() {
    // name, EPT, VPID, unrestricted guest, activity states, zero-length injection
    let rows = [
        ("core2", false, false, false, 0b1111, false),
        ("lynnfield", true, true, false, 0b1111, false),
        ("arrandale", true, true, true, 0b1111, false),
        ("haswell", true, true, true, 0b1111, false),
        ("skylake", true, true, true, 0b1111, true),
        ("tigerlake", true, true, true, 0b1111, true),
    ];
    for (name, ept, vpid, unrestricted, activity, zero_length) in rows {
        let it = Profile::from_name(name).unwrap().capabilities;
        assert_eq!((it.ept(), it.vpid(), it.unrestricted_guest()), (ept, vpid, unrestricted), "{name}");
        assert_eq!(it.activity_states(), activity, "{name}");
        assert_eq!(it.zero_length_injection(), zero_length, "{name}");
        assert!(it.exit_stores_lma(), "{name}");
        assert_eq!(it.cr3_targets(), 4, "{name}");
        assert_eq!(it.msr_area_entries(), 512, "{name}");
        assert_eq!(it.preemption_timer_shift(), 0, "{name}");
        assert_eq!(it.highest_field_index(), 26, "{name}");
    }
    assert_eq!(Profile::from_name("Skylake"), Some(&Profile::SKYLAKE));
    assert_eq!(Profile::from_name("p4"), None);
}

#[test]
fn ept_and_vpid_are_decoded() {
    let none = Profile::CORE2.capabilities.ept_vpid();
    assert_eq!(none.0, 0);
    assert!(!none.four_levels() && !none.invept() && !none.invvpid());
    let lynnfield = Profile::LYNNFIELD.capabilities.ept_vpid();
    assert!(lynnfield.execute_only() && lynnfield.four_levels() && !lynnfield.five_levels());
    assert!(lynnfield.uncacheable() && lynnfield.write_back());
    assert!(lynnfield.pages_2m() && !lynnfield.pages_1g());
    assert!(lynnfield.invept() && lynnfield.invept_single_context() && lynnfield.invept_all_contexts());
    assert!(lynnfield.invvpid() && lynnfield.invvpid_individual_address());
    assert!(lynnfield.invvpid_single_context() && lynnfield.invvpid_all_contexts());
    assert!(lynnfield.invvpid_retaining_globals() && !lynnfield.accessed_dirty());
    let haswell = Profile::HASWELL.capabilities;
    assert!(haswell.ept_vpid().accessed_dirty() && haswell.ept_vpid().pages_1g());
    assert_eq!(haswell.vm_functions(), 1);
}

#[test]
fn fields_exist_where_their_control_does() {
    let rows = [
        (Field::GUEST_CS_SELECTOR, [true; 6]),
        (Field::TPR_THRESHOLD, [true; 6]),
        (Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, [true; 6]),
        (Field::CR3_TARGET_VALUE_3, [true; 6]),
        (Field::GUEST_PHYSICAL_ADDRESS, [false, true, true, true, true, true]),
        (Field::VIRTUAL_PROCESSOR_ID, [false, true, true, true, true, true]),
        (Field::GUEST_IA32_EFER, [false, true, true, true, true, true]),
        (Field::VMX_PREEMPTION_TIMER_VALUE, [false, true, true, true, true, true]),
        (Field::GUEST_IA32_PERF_GLOBAL_CTRL, [true; 6]),
        (Field::PLE_GAP, [false, false, false, true, true, true]),
        (Field::EPTP_LIST_ADDRESS, [false, false, false, true, true, true]),
        (Field::VMREAD_BITMAP_ADDRESS, [false, false, false, true, true, true]),
        (Field::PML_ADDRESS, [false, false, false, false, true, true]),
        (Field::TSC_MULTIPLIER, [false, false, false, false, true, true]),
        (Field::HOST_SSP, [false, false, false, false, false, true]),
        (Field::HLAT_POINTER, [false; 6]),
        (Field::SHARED_EPT_POINTER, [false; 6]),
    ];
    for (field, wanted) in rows {
        assert_eq!(Profile::ALL.map(|profile| profile.capabilities.has_field(field)), wanted, "{field}");
    }
}

/// CPUID of Bochs' Core 2 and Skylake models, leaves 1, 7, 80000000h and 80000008h.
fn cpuid_of(core2: bool) -> impl FnMut(u32, u32) -> [u32; 4] {
    move |leaf, _| match (leaf, core2) {
        (0, true) => [0xD, 0x756E_6547, 0x6C65_746E, 0x4965_6E69],
        (0, false) => [0x16, 0x756E_6547, 0x6C65_746E, 0x4965_6E69],
        (1, true) => [0x0001_067A, 0x0001_0800, 0x0408_E3FD, 0xBFEB_FBFF],
        (1, false) => [0x0005_0654, 0x0001_0800, 0x77FA_F3BF, 0xBFEB_FBFF],
        (7, true) => [0; 4],
        (7, false) => [0, 0xD19F_27EB, 0, 0],
        // Bochs has no performance counters.
        (10, _) => [0; 4],
        (0x8000_0000, _) => [0x8000_0008, 0, 0, 0],
        (0x8000_0008, _) => [0x3028, 0, 0, 0],
        _ => panic!("CPUID {leaf:X}h is not needed"),
    }
}

#[test]
fn cpuid_facts_match_the_profiles() {
    assert_eq!(CpuFacts::read(cpuid_of(true)), Profile::CORE2.capabilities.cpu);
    assert_eq!(CpuFacts::read(cpuid_of(false)), Profile::SKYLAKE.capabilities.cpu);
    assert_eq!(CpuFacts::read(|_, _| [0; 4]), CpuFacts::LEAST);
    let every = CpuFacts::read(|leaf, _| match leaf {
        0 => [7, 0, 0, 0],
        0x8000_0000 => [0x8000_0008, 0, 0, 0],
        0x8000_0008 => [0x3934, 0, 0, 0],
        _ => [u32::MAX; 4],
    });
    assert_eq!((every.physical_address_bits, every.linear_address_bits), (52, 57));
    assert!(
        every.smx
            && every.sgx
            && every.rtm
            && every.bus_lock_detection
            && every.cet_shadow_stacks
            && every.cet_branch_tracking
            && every.lam
    );
    assert!(every.known && !CpuFacts::UNKNOWN.known && !Capabilities::none().cpu.known);
    let counters = CpuFacts::read(|leaf, _| match leaf {
        0 => [10, 0, 0, 0],
        // Version 2: four general counters, three fixed ones.
        10 => [0x0730_0402, 0, 0, 0x603],
        _ => [0; 4],
    });
    assert_eq!(counters.perf_global_ctrl, Some(0x7_0000_000F));
}

#[test]
fn addresses_are_judged_at_the_edge_of_their_width() {
    let cpu = Profile::CORE2.capabilities.cpu;
    for (address, wanted) in [(0, true), ((1 << 40) - 1, true), (1 << 40, false), (u64::MAX, false)] {
        assert_eq!(cpu.is_physical(address), wanted, "{address:X}h");
    }
    let rows = [
        (0, true),
        (0x0000_7FFF_FFFF_FFFF, true),
        (0x0000_8000_0000_0000, false),
        (0xFFFF_7FFF_FFFF_FFFF, false),
        (0xFFFF_8000_0000_0000, true),
        (u64::MAX, true),
    ];
    for (address, wanted) in rows {
        assert_eq!(cpu.is_canonical(address), wanted, "{address:X}h");
    }
    let wide = CpuFacts { linear_address_bits: 57, ..cpu };
    assert!(wide.is_canonical(0x00FF_FFFF_FFFF_FFFF) && !wide.is_canonical(0x0100_0000_0000_0000));
}

#[test]
fn an_absent_msr_is_known_to_be_absent_only_where_another_says_so() {
    let core2 = Profile::CORE2.capabilities;
    assert_eq!(core2.get(msr::EPT_VPID_CAP), None);
    assert!(core2.is_known(msr::EPT_VPID_CAP) && core2.is_known(msr::PROCBASED_CTLS3));
    let nothing = Capabilities::none();
    assert!(!nothing.is_known(msr::BASIC) && !nothing.is_known(msr::VMFUNC));
    let mut some = Capabilities::none();
    some.set(msr::ENTRY_CTLS, core2.get(msr::ENTRY_CTLS).unwrap());
    assert!(!some.knows_allowed(ControlKind::Entry), "there may be a TRUE MSR");
    some.set(msr::BASIC, 0);
    assert!(some.knows_allowed(ControlKind::Entry) && !some.knows_allowed(ControlKind::Exit));
}
