//! The rules of VM entry that a virtual-8086 guest meets: a valid plan breaks none, and each rule is tried just inside
//! and just outside.

mod cases;
mod controls;
mod guest;
mod host;
mod outcome;
mod plan;

use plan::{rules, v8086, violations};
use vmx::audit::{Demand, Outcome};
use vmx::capability::Profile;
use vmx::exit::EntryFailure;
use vmx::{Field, Machine};

#[test]
fn the_demonstrations_plan_breaks_no_rule_on_any_model() {
    for profile in Profile::ALL {
        assert_eq!(violations(&v8086(&profile.capabilities), &profile.capabilities), [], "{}", profile.name);
    }
}

#[test]
fn an_empty_plan_breaks_no_rule_since_nothing_can_be_decided() {
    for profile in Profile::ALL {
        assert_eq!(rules(&Machine::new(), &profile.capabilities), [] as [&str; 0]);
    }
}

#[test]
fn a_violation_carries_its_evidence() {
    let core2 = Profile::CORE2.capabilities;
    let mut machine = v8086(&core2);
    machine.set(Field::GUEST_CS_ACCESS_RIGHTS, 0x9B);
    let [violation] = violations(&machine, &core2)[..] else { panic!("one rule is broken") };
    assert_eq!(violation.rule.id, "guest.segment.v8086.access_rights");
    assert_eq!((violation.field, violation.value), (Field::GUEST_CS_ACCESS_RIGHTS, 0x9B));
    assert_eq!(violation.demand, Demand::Value(0xF3));
    assert_eq!(violation.rule.section.title, "Checks on Guest Segment Registers");
    assert_eq!(violation.rule.outcome, Outcome::Exits(EntryFailure::Unspecified));
    assert_eq!(
        violation.to_string(),
        "guest_cs_access_rights is 9Bh and must be F3h: In virtual-8086 mode each segment's access rights must be F3h: \
         present read-write data of privilege 3. (rule guest.segment.v8086.access_rights, section 28.3.1.2, \
         \"Checks on Guest Segment Registers\")"
    );
}

#[test]
fn several_broken_rules_come_in_the_manuals_order() {
    let core2 = Profile::CORE2.capabilities;
    let mut machine = v8086(&core2);
    machine.set(Field::VMCS_LINK_POINTER, 0);
    machine.set(Field::GUEST_RFLAGS, 0x2_0000);
    machine.set(Field::GUEST_SS_LIMIT, 0);
    machine.set(Field::GUEST_CR4, 0);
    machine.set(Field::HOST_CR4, 0);
    machine.set(Field::PIN_BASED_VM_EXECUTION_CONTROLS, 0);
    let wanted = [
        "control.pin_based.allowed",
        "host.cr4.fixed",
        "host.address_space_size.cr4",
        "guest.cr4.fixed",
        "guest.segment.v8086.limit",
        "guest.rflags.reserved",
    ];
    assert_eq!(rules(&machine, &core2), wanted);
}
