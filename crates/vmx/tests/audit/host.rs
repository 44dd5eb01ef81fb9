//! Rules on host state.

use vmx::Field;
use vmx::audit::{Demand, Outcome};
use vmx::capability::Profile;
use vmx::controls::{ControlKind, exit};
use vmx::instruction_error::InstructionError;

use crate::plan::{flip, rules, try_changes, v8086, violations};

#[test]
fn the_host_address_space_break_predicts_error_8() {
    let core2 = &Profile::CORE2;
    let change = flip(core2, ControlKind::Exit, exit::HOST_ADDRESS_SPACE_SIZE);
    let mut machine = v8086(&core2.capabilities);
    machine.set(change.0, change.1);
    let [violation] = violations(&machine, &core2.capabilities)[..] else { panic!("one rule is broken") };
    assert_eq!(violation.rule.id, "host.address_space_size");
    assert_eq!(violation.rule.outcome, Outcome::Fails(InstructionError::ENTRY_INVALID_HOST_STATE));
    assert_eq!(violation.demand, Demand::Bits { set: exit::HOST_ADDRESS_SPACE_SIZE, clear: 0 });
}

#[test]
fn host_registers_are_those_of_a_64_bit_host_in_vmx_operation() {
    try_changes(
        &Profile::CORE2,
        &[
            (&[(Field::HOST_CR0, 0x8000_0011)], &["host.cr0.fixed"]),
            (&[(Field::HOST_CR0, 1 << 32 | 0x8000_0031)], &["host.cr0.fixed"]),
            (&[(Field::HOST_CR4, 0x0620)], &["host.cr4.fixed"]),
            (&[(Field::HOST_CR4, 0x2600)], &["host.address_space_size.cr4"]),
            (&[(Field::HOST_CR3, 0xFF_FFFF_F000)], &[]),
            (&[(Field::HOST_CR3, 1 << 40)], &["host.cr3.width"]),
            (&[(Field::HOST_IA32_SYSENTER_ESP, 1 << 47)], &["host.sysenter.canonical"]),
            (&[(Field::HOST_IA32_SYSENTER_EIP, !0 << 47)], &[]),
            (&[(Field::HOST_CS_SELECTOR, 0)], &["host.selector.null"]),
            (&[(Field::HOST_TR_SELECTOR, 0)], &["host.selector.null"]),
            (&[(Field::HOST_SS_SELECTOR, 0)], &[]),
            (&[(Field::HOST_SS_SELECTOR, 0x13)], &["host.selector.rpl_ti"]),
            (&[(Field::HOST_GS_SELECTOR, 0x04)], &["host.selector.rpl_ti"]),
            (&[(Field::HOST_GS_BASE, 1 << 48)], &["host.base.canonical"]),
            (&[(Field::HOST_IDTR_BASE, (1 << 47) - 1)], &[]),
            (&[(Field::HOST_RIP, 1 << 47)], &["host.address_space_size.rip"]),
        ],
    );
}

#[test]
fn loaded_msrs_of_the_host_are_well_formed() {
    let lynnfield = &Profile::LYNNFIELD;
    let pat = flip(lynnfield, ControlKind::Exit, exit::LOAD_IA32_PAT);
    let efer = flip(lynnfield, ControlKind::Exit, exit::LOAD_IA32_EFER);
    try_changes(
        lynnfield,
        &[
            (&[pat, (Field::HOST_IA32_PAT, 0x0007_0406_0007_0406)], &[]),
            (&[pat, (Field::HOST_IA32_PAT, 0x0007_0406_0002_0406)], &["host.pat"]),
            (&[pat, (Field::HOST_IA32_PAT, 0x0807_0406_0007_0406)], &["host.pat"]),
            (&[(Field::HOST_IA32_PAT, 2)], &[]),
            (&[efer, (Field::HOST_IA32_EFER, 0x500)], &[]),
            (&[efer, (Field::HOST_IA32_EFER, 0xD01)], &[]),
            (&[efer, (Field::HOST_IA32_EFER, 0x100)], &["host.efer.mode"]),
            (&[efer, (Field::HOST_IA32_EFER, 0x502)], &["host.efer.reserved"]),
        ],
    );
}

#[test]
fn a_32_bit_host_is_judged_as_one() {
    let mut capabilities = Profile::CORE2.capabilities;
    capabilities.cpu.in_ia32e_mode = false;
    let mut machine = v8086(&capabilities);
    assert_eq!(rules(&machine, &capabilities), ["host.address_space_size.outside"]);
    let (field, narrow) = flip(&Profile::CORE2, ControlKind::Exit, exit::HOST_ADDRESS_SPACE_SIZE);
    machine.set(field, narrow);
    assert_eq!(rules(&machine, &capabilities), [] as [&str; 0]);
    machine.set(Field::HOST_RIP, 1 << 32);
    machine.set(Field::HOST_SS_SELECTOR, 0);
    assert_eq!(rules(&machine, &capabilities), ["host.selector.null_ss", "host.address_space_size.rip_32"]);
}
