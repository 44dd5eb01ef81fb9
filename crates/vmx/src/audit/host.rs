//! Rules on host state ("Checks on VMX Controls and Host-State Area", section 28.2).

use super::rule::{Rule, section};
use super::view::View;
use crate::control_register::{cr4, efer};
use crate::controls::{ControlKind, entry, exit};
use crate::field::Field;

const CR0: Rule = Rule::host(
    "host.cr0.fixed",
    section::HOST_REGISTERS,
    "CR0 must have no bit that VMX operation fixes to the other setting.",
);
const CR4: Rule = Rule::host(
    "host.cr4.fixed",
    section::HOST_REGISTERS,
    "CR4 must have no bit that VMX operation fixes to the other setting.",
);
const CR3: Rule =
    Rule::host("host.cr3.width", section::HOST_REGISTERS, "CR3 must lie within the physical-address width.");
const SYSENTER: Rule = Rule::host(
    "host.sysenter.canonical",
    section::HOST_REGISTERS,
    "The SYSENTER stack and instruction pointers must be canonical.",
);
const PAT: Rule = Rule::host(
    "host.pat",
    section::HOST_REGISTERS,
    "A loaded IA32_PAT must hold the memory types 0, 1, 4, 5, 6 or 7 in each byte.",
);
const EFER: Rule = Rule::host(
    "host.efer",
    section::HOST_REGISTERS,
    "A loaded IA32_EFER must have no reserved bit, and LMA and LME as the host's address-space size says.",
);
const SELECTOR: Rule = Rule::host(
    "host.selector.rpl_ti",
    section::HOST_SEGMENTS,
    "A host selector must have privilege 0 and come from the GDT: bits 2:0 are 0.",
);
const CS_TR: Rule = Rule::host(
    "host.selector.null",
    section::HOST_SEGMENTS,
    "The host's CS and TR must not be null; nor must SS for a host that is not in 64-bit mode.",
);
const BASE: Rule = Rule::host(
    "host.base.canonical",
    section::HOST_SEGMENTS,
    "The host's bases of FS, GS, TR, GDTR and IDTR must be canonical.",
);
const MODE: Rule = Rule::host(
    "host.address_space_size",
    section::ADDRESS_SPACE_SIZE,
    "\"Host address-space size\" must be 1 exactly where the processor is in IA-32e mode at the entry.",
);
const MODE_GUEST: Rule = Rule::host(
    "host.address_space_size.guest",
    section::ADDRESS_SPACE_SIZE,
    "A guest in IA-32e mode needs a host in IA-32e mode.",
);
const MODE_CR4: Rule = Rule::host(
    "host.address_space_size.cr4",
    section::ADDRESS_SPACE_SIZE,
    "CR4.PAE must be 1 for a 64-bit host, CR4.PCIDE 0 for another.",
);
const MODE_RIP: Rule = Rule::host(
    "host.address_space_size.rip",
    section::ADDRESS_SPACE_SIZE,
    "RIP must be canonical for a 64-bit host, and below 4 GiB for another.",
);

pub(super) fn check(view: &mut View) {
    check_registers(view);
    check_segments(view);
    check_address_space(view);
}

/// Whether the exit leaves the host in 64-bit mode; `None` where the VM-exit controls are absent.
fn is_64_bit(view: &View) -> Option<bool> {
    view.get(Field::PRIMARY_VM_EXIT_CONTROLS).map(|word| word & exit::HOST_ADDRESS_SPACE_SIZE != 0)
}

/// Whether each byte of `pat` is a memory type.
pub(super) fn is_pat(pat: u64) -> bool {
    pat.to_le_bytes().iter().all(|memory_type| matches!(memory_type, 0 | 1 | 4..=7))
}

fn check_registers(view: &mut View) {
    let (cr0, cr4) = (view.capabilities.cr0_fixed(), view.capabilities.cr4_fixed());
    view.require_bits(&CR0, Field::HOST_CR0, cr0.must_be_1, !cr0.may_be_1);
    view.require_bits(&CR4, Field::HOST_CR4, cr4.must_be_1, !cr4.may_be_1);
    let width_bits = view.cpu().physical_address_bits;
    view.require_bits(&CR3, Field::HOST_CR3, 0, u64::MAX << width_bits);
    view.require_canonical(&SYSENTER, Field::HOST_IA32_SYSENTER_ESP);
    view.require_canonical(&SYSENTER, Field::HOST_IA32_SYSENTER_EIP);
    if view.has(ControlKind::Exit, exit::LOAD_IA32_PAT) {
        view.require(&PAT, Field::HOST_IA32_PAT, is_pat);
    }
    if view.has(ControlKind::Exit, exit::LOAD_IA32_EFER) {
        let modes = efer::LMA | efer::LME;
        let mode = if is_64_bit(view) == Some(true) { modes } else { 0 };
        view.require_bits(&EFER, Field::HOST_IA32_EFER, mode, !efer::DEFINED | modes & !mode);
    }
}

fn check_segments(view: &mut View) {
    for selector in [
        Field::HOST_ES_SELECTOR,
        Field::HOST_CS_SELECTOR,
        Field::HOST_SS_SELECTOR,
        Field::HOST_DS_SELECTOR,
        Field::HOST_FS_SELECTOR,
        Field::HOST_GS_SELECTOR,
        Field::HOST_TR_SELECTOR,
    ] {
        view.require_bits(&SELECTOR, selector, 0, 7);
    }
    view.require(&CS_TR, Field::HOST_CS_SELECTOR, |selector| selector != 0);
    view.require(&CS_TR, Field::HOST_TR_SELECTOR, |selector| selector != 0);
    if is_64_bit(view) == Some(false) {
        view.require(&CS_TR, Field::HOST_SS_SELECTOR, |selector| selector != 0);
    }
    for base in [
        Field::HOST_FS_BASE,
        Field::HOST_GS_BASE,
        Field::HOST_TR_BASE,
        Field::HOST_GDTR_BASE,
        Field::HOST_IDTR_BASE,
    ] {
        view.require_canonical(&BASE, base);
    }
}

fn check_address_space(view: &mut View) {
    let Some(is_64_bit) = is_64_bit(view) else { return };
    let (must_be_1, must_be_0) = if view.cpu().in_ia32e_mode {
        (exit::HOST_ADDRESS_SPACE_SIZE, 0)
    } else {
        (0, exit::HOST_ADDRESS_SPACE_SIZE)
    };
    view.require_bits(&MODE, Field::PRIMARY_VM_EXIT_CONTROLS, must_be_1, must_be_0);
    if is_64_bit {
        view.require_bits(&MODE_CR4, Field::HOST_CR4, cr4::PAE, 0);
        view.require_canonical(&MODE_RIP, Field::HOST_RIP);
    } else {
        view.require_bits(&MODE_GUEST, Field::VM_ENTRY_CONTROLS, 0, entry::IA_32E_MODE_GUEST);
        view.require_bits(&MODE_CR4, Field::HOST_CR4, 0, cr4::PCIDE);
        view.require_bits(&MODE_RIP, Field::HOST_RIP, 0, !0xFFFF_FFFF);
    }
}
