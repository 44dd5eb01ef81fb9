//! The plan and the record as plain values.

use vmx::capability::Profile;
use vmx::{Field, Machine, Results};

#[test]
fn a_new_plan_is_empty() {
    const EMPTY: Machine = Machine::new();
    assert_eq!((EMPTY.len(), EMPTY.is_empty()), (0, true));
    assert_eq!(EMPTY.entries().count(), 0);
    assert!(Field::ALL.iter().all(|field| EMPTY.get(*field).is_none()));
}

#[test]
fn entries_come_in_table_order_whatever_the_order_of_planning() {
    let mut machine = Machine::new();
    for field in Field::ALL.into_iter().rev() {
        machine.set(field, 1);
    }
    assert_eq!(machine.len(), Field::COUNT);
    assert!(machine.entries().map(|(field, _)| field).eq(Field::ALL));
}

#[test]
fn a_later_value_replaces_an_earlier_and_removal_leaves_the_rest() {
    let mut machine = Machine::new();
    machine.set(Field::GUEST_RIP, 1);
    machine.set(Field::GUEST_RIP, 2);
    machine.set(Field::GUEST_RSP, 0);
    assert_eq!(machine.entries().collect::<Vec<_>>(), [(Field::GUEST_RSP, 0), (Field::GUEST_RIP, 2)]);
    assert_eq!(machine.remove(Field::GUEST_RIP), Some(2));
    assert_eq!(machine.remove(Field::GUEST_RIP), None);
    assert_eq!(machine.entries().collect::<Vec<_>>(), [(Field::GUEST_RSP, 0)]);
    let mut same = Machine::new();
    same.set(Field::GUEST_RSP, 0);
    assert_eq!(machine, same, "a removed value leaves no trace");
}

#[test]
fn bits_beyond_a_fields_width_are_dropped_as_by_vmwrite() {
    let mut machine = Machine::new();
    for (field, kept) in [
        (Field::GUEST_CS_SELECTOR, 0xFFFF),
        (Field::GUEST_CS_LIMIT, 0xFFFF_FFFF),
        (Field::VMCS_LINK_POINTER, u64::MAX),
        (Field::GUEST_CR0, u64::MAX),
    ] {
        machine.set(field, u64::MAX);
        assert_eq!(machine.get(field), Some(kept), "{field}");
    }
}

fn vmcall(field: Field) -> u64 {
    match field {
        Field::EXIT_REASON => 18,
        Field::VM_EXIT_INSTRUCTION_LENGTH => 3,
        Field::GUEST_RIP => 0x68,
        Field::GUEST_PHYSICAL_ADDRESS => 0xB8000,
        _ => 0,
    }
}

#[test]
fn results_without_capabilities_read_only_fields_that_every_processor_has() {
    let mut read = Vec::new();
    let results = Results::read(|field| {
        read.push(field);
        vmcall(field)
    });
    assert!(!read.contains(&Field::GUEST_PHYSICAL_ADDRESS));
    assert_eq!(results.get(Field::GUEST_PHYSICAL_ADDRESS), None);
    assert_eq!(results.get(Field::GUEST_RIP), Some(0x68));
    assert_eq!(results.get(Field::GUEST_CR3), None, "not part of the record");
    assert_eq!(results.entries().count(), Results::FIELDS.len() - 1);
}

#[test]
fn results_read_the_guest_physical_address_where_there_is_ept() {
    let of = |profile: Profile| Results::read_with(&profile.capabilities, vmcall);
    assert_eq!(of(Profile::CORE2).get(Field::GUEST_PHYSICAL_ADDRESS), None);
    assert_eq!(of(Profile::LYNNFIELD).get(Field::GUEST_PHYSICAL_ADDRESS), Some(0xB8000));
}

#[test]
fn results_say_in_words_what_happened() {
    let results = Results::read(vmcall);
    let rows = [
        (Field::VM_INSTRUCTION_ERROR, "error 0: no error"),
        (Field::EXIT_REASON, "VMCALL (18)"),
        (Field::EXIT_QUALIFICATION, "none"),
        (Field::VM_EXIT_INTERRUPTION_INFORMATION, "none"),
        (Field::VM_EXIT_INSTRUCTION_LENGTH, "3 bytes"),
        (Field::GUEST_RIP, "68h"),
        (Field::GUEST_PHYSICAL_ADDRESS, "not read"),
    ];
    for (field, words) in rows {
        assert_eq!(results.describe(field).to_string(), words, "{field}");
    }
    assert_eq!(results.instruction_length(), 3);
}
