//! What the processor may do about broken rules, what an audit leaves open, and the base states.

use vmx::audit::base::{self, Base};
use vmx::audit::{self, Finding, NoMemory, Outcome, Violation, Why, bit_name, predict};
use vmx::capability::Profile;
use vmx::exit::EntryFailure;
use vmx::instruction_error::InstructionError;
use vmx::{Capabilities, Field, Machine};

use crate::plan::{v8086, violations};

const CONTROL: Outcome = Outcome::Fails(InstructionError(7));
const HOST: Outcome = Outcome::Fails(InstructionError(8));

fn broken(changes: &[(Field, u64)]) -> Vec<Violation> {
    let capabilities = Profile::CORE2.capabilities;
    let mut machine = v8086(&capabilities);
    for (field, value) in changes {
        machine.set(*field, *value);
    }
    violations(&machine, &capabilities)
}

#[test]
fn the_order_of_checks_decides_what_is_permitted() {
    const PIN: (Field, u64) = (Field::PIN_BASED_VM_EXECUTION_CONTROLS, 0);
    const CR4: (Field, u64) = (Field::HOST_CR4, 0);
    const RFLAGS: (Field, u64) = (Field::GUEST_RFLAGS, 0x2_0000);
    const LINK: (Field, u64) = (Field::VMCS_LINK_POINTER, 1);
    const NMI: (Field, u64) = (Field::VM_ENTRY_INTERRUPTION_INFORMATION, 0x8000_0202);
    const STI: [(Field, u64); 2] =
        [(Field::GUEST_INTERRUPTIBILITY_STATE, 1), (Field::GUEST_RFLAGS, 0x2_0202)];
    let unspecified = Outcome::Exits(EntryFailure::Unspecified);
    let link = Outcome::Exits(EntryFailure::LinkPointer);
    let nmi = Outcome::Exits(EntryFailure::NmiInjection);
    type Row<'a> = (&'a [(Field, u64)], &'a [Outcome]);
    let rows: &[Row] = &[
        (&[], &[Outcome::Enters]),
        (&[PIN], &[CONTROL]),
        (&[CR4], &[HOST]),
        (&[PIN, CR4], &[CONTROL, HOST]),
        (&[PIN, RFLAGS], &[CONTROL]),
        (&[RFLAGS], &[unspecified]),
        (&[RFLAGS, LINK], &[unspecified, link]),
        (&[LINK], &[link]),
        (&[NMI, STI[0], STI[1]], &[nmi, Outcome::Enters]),
        (&[NMI, STI[0], STI[1], LINK], &[nmi, link]),
    ];
    for (changes, wanted) in rows {
        let permitted = predict(&broken(changes));
        assert!(permitted.outcomes().eq(wanted.iter().copied()), "{changes:X?}: {permitted:?}");
        assert_eq!(permitted.is_certain(), wanted.len() == 1);
        assert!(wanted.iter().all(|outcome| permitted.contains(*outcome)));
        assert!(!permitted.contains(Outcome::FailsInvalid) && !permitted.contains(Outcome::MachineCheck));
    }
}

#[test]
fn msr_loading_fails_at_the_first_bad_entry() {
    let capabilities = Profile::CORE2.capabilities;
    let mut machine = v8086(&capabilities);
    machine.set(Field::VM_ENTRY_MSR_LOAD_COUNT, 3);
    machine.set(Field::VM_ENTRY_MSR_LOAD_ADDRESS, 0x1000);
    // Good, x2APIC, GS base.
    let memory = |address: u64| match address {
        0x1000 => Some(0x174),
        0x1010 => Some(0x800),
        0x1020 => Some(0xC000_0101),
        _ => Some(0),
    };
    let mut found = Vec::new();
    audit::check_with(&machine, &capabilities, &memory, &mut |finding| {
        if let Finding::Violation(violation) = finding {
            found.push(violation);
        }
    });
    let ids: Vec<_> = found.iter().map(|violation| (violation.rule.id, violation.outcome())).collect();
    let wanted = [("load.msr.base", Outcome::LoadingFails(3)), ("load.msr.x2apic", Outcome::LoadingFails(2))];
    assert_eq!(ids, wanted);
    assert!(predict(&found).outcomes().eq([Outcome::LoadingFails(2)]));
    assert_eq!(Outcome::LoadingFails(2).exit(), Some((0x8000_0022, 2)));
    assert_eq!(found[1].fix().to_string(), "take entry 2 (MSR 800h) out of the area at 1000h");
}

#[test]
fn an_msr_that_may_not_exist_leaves_the_rule_on_values_undecided() {
    let capabilities = Profile::CORE2.capabilities;
    let mut machine = v8086(&capabilities);
    machine.set(Field::VM_ENTRY_MSR_LOAD_COUNT, 1);
    machine.set(Field::VM_ENTRY_MSR_LOAD_ADDRESS, 0x1000);
    // Acceptable where the MSR exists, so that nothing is certain; and one of which nothing is known.
    for (msr, value) in
        [(0xE1, 1), (0x6A2, 0), (0x6E1, 1 << 31), (0xD90, 3), (0x1CF, 0x40), (0xC000_0103, 1), (0x1A0, 1)]
    {
        let mut found = Vec::new();
        let memory = |address: u64| Some(if address.is_multiple_of(16) { msr } else { value });
        audit::check_with(&machine, &capabilities, &memory, &mut |finding| match finding {
            Finding::Violation(violation) => panic!("{msr:X}h: {violation:?}"),
            Finding::Undecided(undecided) => found.push(undecided.rule.id),
        });
        assert_eq!(found, ["load.msr.value"], "{msr:X}h");
    }
}

#[test]
fn judged_msrs_are_listed_by_number() {
    let msrs: Vec<_> = audit::judged_msrs().collect();
    assert!(msrs.is_sorted_by(|(_, last, _), (first, ..)| last < first));
    assert!(msrs.iter().all(|(first, last, name)| first <= last && !name.is_empty()));
}

#[test]
fn base_states_break_no_rule_wherever_they_are_possible() {
    for profile in Profile::ALL {
        for base in base::ALL {
            let Ok(machine) = base.plan(&profile.capabilities) else {
                assert_ne!(base.paging, base::Paging::Own, "{} on {}", base.name, profile.name);
                continue;
            };
            let found = violations(&machine, &profile.capabilities);
            assert_eq!(found, [], "{} on {}", base.name, profile.name);
            assert_eq!(violations(&machine, &Capabilities::none()), [], "{}", base.name);
        }
    }
    let possible =
        |profile: Profile| base::ALL.iter().filter(|base| base.plan(&profile.capabilities).is_ok()).count();
    assert_eq!((possible(Profile::CORE2), possible(Profile::SKYLAKE)), (9, 12));
    assert!(base::ALL.iter().all(|base| Base::from_name(base.name).is_some()));
}

fn undecided(machine: &Machine, capabilities: &Capabilities) -> Vec<(&'static str, Why)> {
    let mut open = Vec::new();
    audit::check_with(machine, capabilities, &NoMemory, &mut |finding| {
        if let Finding::Undecided(undecided) = finding {
            open.push((undecided.rule.id, undecided.why));
        }
    });
    open
}

#[test]
fn a_complete_state_leaves_nothing_open_on_a_known_processor() {
    for base in base::ALL {
        let capabilities = Profile::SKYLAKE.capabilities;
        let open = undecided(&base.plan(&capabilities).unwrap(), &capabilities);
        let wanted: &[_] =
            if base.name == "pae" { &[("guest.pdpte.memory", Why::Memory(0x5000))] } else { &[] };
        assert_eq!(open, wanted, "{}", base.name);
    }
}

#[test]
fn what_is_open_on_an_unknown_processor_says_which_fact_is_missing() {
    let machine = v8086(&Profile::CORE2.capabilities);
    let open = undecided(&machine, &Capabilities::none());
    for row in [
        ("control.pin_based.allowed", Why::Capability(0x481)),
        ("control.exit.allowed", Why::Capability(0x483)),
        ("host.cr0.fixed", Why::Capability(0x486)),
        ("host.address_space_size.outside", Why::Cpu("mode at the VM entry")),
    ] {
        assert!(open.contains(&row), "{row:?} in {open:?}");
    }
    let open = undecided(&Machine::new(), &Profile::CORE2.capabilities);
    assert!(open.contains(&("guest.rip.high", Why::Absent(Field::GUEST_RIP))));
    // Nothing is said about rules that do not hold: they need controls that Core 2 does not have.
    assert_eq!(open.len(), undecided(&Machine::new(), &Profile::CORE2.capabilities).len());
    assert_eq!(Why::Cpu("RTM").to_string(), "the processor's RTM is not known");
}

#[test]
fn fixes_are_concrete() {
    let rows: &[(&[(Field, u64)], &str)] = &[
        (
            &[(Field::GUEST_CS_ACCESS_RIGHTS, 0x9B)],
            "write F3h to guest_cs_access_rights, or clear bit 17 (VM) of guest_rflags",
        ),
        (
            &[(Field::HOST_CS_SELECTOR, 0)],
            "write the selector of a descriptor, such as 8h, to host_cs_selector",
        ),
        (&[(Field::GUEST_CR4, 0x11)], "set bit 13 (VMXE) of guest_cr4: write 2011h"),
        (&[(Field::GUEST_CR3, 0x10_0000_5000)], ""),
        (&[(Field::GUEST_CR3, 7 << 41)], "clear bits 43:41 of guest_cr3: write 0h"),
        (&[(Field::HOST_RIP, 1 << 47)], "write a canonical address such as FFFF800000000000h to host_rip"),
        (
            &[(Field::IO_BITMAP_A_ADDRESS, 0x1001)],
            "clear bit 0 of io_bitmap_a_address: write 1000h, or clear bit 25 (use I/O bitmaps) of \
             primary_processor_based_vm_execution_controls",
        ),
        (
            &[(Field::GUEST_DS_BASE, 5)],
            "write 0h to guest_ds_base, or change guest_ds_selector, or clear bit 17 (VM) of guest_rflags",
        ),
    ];
    for (changes, wanted) in rows {
        let fixes: Vec<_> = broken(changes).iter().map(|violation| violation.fix().to_string()).collect();
        let wanted: Vec<_> = Some(wanted.to_string()).into_iter().filter(|fix| !fix.is_empty()).collect();
        assert_eq!(fixes, wanted, "{changes:X?}");
    }
    // Segments as in virtual-8086 mode, without virtual-8086 mode: that is what is missing. Other segments lack nothing so.
    let fix = |rights: u64| {
        let found = broken(&[(Field::GUEST_RFLAGS, 2), (Field::GUEST_CS_ACCESS_RIGHTS, rights)]);
        found.iter().find(|found| found.rule.id == "guest.segment.cs.type").unwrap().fix().to_string()
    };
    assert_eq!(fix(0xF3), "write FBh to guest_cs_access_rights, or set bit 17 (VM) of guest_rflags");
    assert_eq!(fix(0x93), "write 9Bh to guest_cs_access_rights");
    assert_eq!(bit_name(Field::GUEST_RFLAGS, 17), Some("VM"));
    assert_eq!(bit_name(Field::VM_ENTRY_CONTROLS, 9), Some("IA-32e mode guest"));
    assert_eq!(bit_name(Field::GUEST_RIP, 9), None);
}

#[test]
fn rules_and_gaps_are_listed_with_their_sections() {
    assert!(audit::rules().len() > 150);
    for rule in audit::rules() {
        assert!(rule.sentence.ends_with('.') && rule.section.number.starts_with("28."), "{}", rule.id);
    }
    for gap in audit::not_checked() {
        assert!(gap.requirement.ends_with('.') && gap.why.ends_with('.'), "{gap:?}");
    }
    let sections: Vec<_> = audit::rules().iter().map(|rule| rule.section.number).collect();
    assert!(sections.is_sorted(), "the manual's order");
}
