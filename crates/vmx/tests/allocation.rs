//! The audit allocates nothing: not where every rule holds, and not where rules are broken or left open.

use allocation_counter::measure;
use vmx::audit::{self, Finding, NoMemory, base};
use vmx::capability::Profile;
use vmx::{Capabilities, Machine};

/// How many allocations an audit makes, and how many findings it has.
fn audit(machine: &Machine, capabilities: &Capabilities) -> (u64, usize) {
    let mut found = 0;
    let allocations = measure(|| {
        audit::check(machine, capabilities, &mut |_| found += 1);
        audit::check_with(machine, capabilities, &NoMemory, &mut |finding| {
            found += usize::from(matches!(finding, Finding::Violation(_)));
        });
    });
    (allocations.count_total, found)
}

#[test]
fn the_counter_counts() {
    assert_eq!(measure(|| drop(std::hint::black_box(Box::new(1)))).count_total, 1);
}

#[test]
fn an_audit_of_a_valid_state_allocates_nothing() {
    for profile in Profile::ALL {
        for base in base::ALL {
            if let Ok(machine) = base.plan(&profile.capabilities) {
                assert_eq!(
                    audit(&machine, &profile.capabilities),
                    (0, 0),
                    "{} on {}",
                    base.name,
                    profile.name
                );
            }
        }
    }
}

#[test]
fn an_audit_of_nothing_and_of_everything_wrong_allocates_nothing_either() {
    let capabilities = Profile::TIGERLAKE.capabilities;
    let (allocations, _) = audit(&Machine::new(), &Capabilities::none());
    assert_eq!(allocations, 0);
    let mut machine = Machine::new();
    for field in vmx::Field::ALL {
        machine.set(field, field.width().mask());
    }
    let (allocations, found) = audit(&machine, &capabilities);
    assert!(allocations == 0 && found > 100, "{allocations} allocations, {found} findings");
}
