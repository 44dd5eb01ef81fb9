//! Keeps a case from harming the harness: an address that the processor would accept becomes one of the arena's.
//!
//! Bits that break a rule stay (misaligned, beyond the physical-address width, not canonical), so that what is wrong
//! stays wrong; only what would be right but lead elsewhere is redirected.

use super::{Case, arena};
use crate::capability::Capabilities;
use crate::control_register::{cr0, cr4};
use crate::controls::{entry, exit};
use crate::field::Field;
use crate::machine::Machine;

/// Addresses that go to one page.
const PAGES: [(Field, u64); 13] = [
    (Field::IO_BITMAP_A_ADDRESS, arena::IO_BITMAPS[0]),
    (Field::IO_BITMAP_B_ADDRESS, arena::IO_BITMAPS[1]),
    (Field::MSR_BITMAPS_ADDRESS, arena::MSR_BITMAPS),
    (Field::PML_ADDRESS, arena::PML),
    (Field::VIRTUAL_APIC_ADDRESS, arena::VIRTUAL_APIC),
    (Field::APIC_ACCESS_ADDRESS, arena::APIC_ACCESS),
    (Field::POSTED_INTERRUPT_DESCRIPTOR_ADDRESS, arena::POSTED_INTERRUPTS),
    (Field::EPTP_LIST_ADDRESS, arena::EPTP_LIST),
    (Field::VMREAD_BITMAP_ADDRESS, arena::VMREAD_BITMAP),
    (Field::VMWRITE_BITMAP_ADDRESS, arena::VMWRITE_BITMAP),
    (Field::VIRTUALIZATION_EXCEPTION_INFORMATION_ADDRESS, arena::VIRTUALIZATION_EXCEPTION),
    (Field::EPT_POINTER, arena::EPT_ROOT),
    (Field::SUB_PAGE_PERMISSION_TABLE_POINTER, arena::EPTP_LIST),
];

/// MSR areas: count, address, page.
const AREAS: [(Field, Field, u64); 3] = [
    (Field::VM_EXIT_MSR_STORE_COUNT, Field::VM_EXIT_MSR_STORE_ADDRESS, arena::EXIT_STORE),
    (Field::VM_EXIT_MSR_LOAD_COUNT, Field::VM_EXIT_MSR_LOAD_ADDRESS, arena::EXIT_LOAD),
    (Field::VM_ENTRY_MSR_LOAD_COUNT, Field::VM_ENTRY_MSR_LOAD_ADDRESS, arena::ENTRY_LOAD),
];

/// Where CR3 of a guest may lead.
const GUEST_TABLES: [u64; 3] = [arena::DIRECTORY, arena::POINTERS, arena::ROOT];
/// Where CR3 of the host may lead.
const HOST_TABLES: [u64; 2] = [arena::HOST_ROOT, arena::HOST_ROOT_ALIAS];
/// Where the link pointer may lead.
const REGIONS: [u64; 4] = [arena::SHADOW_VMCS, arena::ORDINARY_VMCS, arena::WRONG_VMCS, arena::VMCS];

/// Bits of an address within a page.
const IN_PAGE: u64 = arena::PAGE - 1;

pub(super) fn contain(case: &mut Case, capabilities: &Capabilities) {
    let width = u64::MAX >> (64 - u32::from(capabilities.cpu.physical_address_bits));
    let tables = case.kind.tables();
    let machine = &mut case.machine;
    for (field, page) in PAGES {
        redirect(machine, field, width, |_| page);
    }
    let is_pae = is_pae(machine);
    redirect(machine, Field::GUEST_CR3, width, |page| match one_of(&GUEST_TABLES, page).unwrap_or(tables) {
        // Another kind of paging would set accessed bits in them, which their own kind reserves.
        arena::POINTERS if !is_pae => arena::DIRECTORY,
        page => page,
    });
    redirect(machine, Field::HOST_CR3, width, |page| one_of(&HOST_TABLES, page).unwrap_or(HOST_TABLES[0]));
    if machine.get(Field::VMCS_LINK_POINTER) != Some(u64::MAX) {
        redirect(machine, Field::VMCS_LINK_POINTER, width, |page| {
            one_of(&REGIONS, page).unwrap_or(arena::WRONG_VMCS)
        });
    }
    for (count, address, page) in AREAS {
        contain_area(machine, count, address, page, width);
    }
    contain_return(machine, capabilities);
    contain_enforcement(machine);
    machine.set(Field::EXCEPTION_BITMAP, u64::from(u32::MAX));
    if machine.get(Field::VMX_PREEMPTION_TIMER_VALUE).is_some() {
        machine.set(Field::VMX_PREEMPTION_TIMER_VALUE, 0);
    }
}

/// Replaces the page number of an address, as far as the processor has address lines.
fn redirect(machine: &mut Machine, field: Field, width: u64, page: impl FnOnce(u64) -> u64) {
    let Some(value) = machine.get(field) else { return };
    let replaced = width & !IN_PAGE;
    machine.set(field, value & !replaced | page(value & replaced));
}

/// Whether the guest, if it is entered, uses PAE paging.
fn is_pae(machine: &Machine) -> bool {
    let has = |field: Field, mask: u64| machine.get(field).is_some_and(|value| value & mask != 0);
    has(Field::GUEST_CR4, cr4::PAE) && !has(Field::VM_ENTRY_CONTROLS, entry::IA_32E_MODE_GUEST)
}

fn one_of(choices: &[u64], page: u64) -> Option<u64> {
    choices.iter().copied().find(|choice| *choice == page)
}

/// An area stays at the start of its page, with no more entries than are harmless; but one that reaches beyond the
/// physical-address width, which the processor must refuse, may lie at its end. It has no more entries than have their
/// length in 32 bits: Bochs multiplies in those, and a longer area looks short to it.
fn contain_area(machine: &mut Machine, count: Field, address: Field, page: u64, width: u64) {
    let (Some(entries), Some(start)) = (machine.get(count), machine.get(address)) else { return };
    const MOST_ENTRIES: u64 = u32::MAX as u64 / 16;
    let overflows = entries != 0
        && entries <= MOST_ENTRIES
        && start <= width
        && start.checked_add(16 * entries - 1).is_none_or(|last| last > width)
        && start & !IN_PAGE == width & !IN_PAGE;
    if overflows {
        return;
    }
    machine.set(address, start & !(width & !0xF) | page);
    machine.set(count, entries % (super::MSR_ENTRIES as u64 + 1));
}

/// HOST_RIP: what is canonical leads to the way back.
fn contain_return(machine: &mut Machine, capabilities: &Capabilities) {
    let Some(rip) = machine.get(Field::HOST_RIP) else { return };
    if capabilities.cpu.is_canonical(rip) && rip != arena::STUB + arena::STUB_ALIAS {
        machine.set(Field::HOST_RIP, arena::STUB);
    }
}

/// Control-flow enforcement stays off in the host where Bochs would accept it, which looks at CR0.WP only where the exit
/// loads CET state: the way back does not begin with ENDBR64, and has no shadow stack.
fn contain_enforcement(machine: &mut Machine) {
    let has = |field: Field, mask: u64| machine.get(field).is_some_and(|value| value & mask != 0);
    let refused =
        !has(Field::HOST_CR0, cr0::WP) && has(Field::PRIMARY_VM_EXIT_CONTROLS, exit::LOAD_CET_STATE);
    if has(Field::HOST_CR4, cr4::CET) && !refused {
        let value = machine.get(Field::HOST_CR4).unwrap_or(0);
        machine.set(Field::HOST_CR4, value & !cr4::CET);
    }
}
