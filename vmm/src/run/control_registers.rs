//! Control registers of an unrestricted guest: the bits that VMX or the VMM owns, and what the processor does when paging
//! changes.

use v8086::{General, GuestMemory, vector};
use vmx::Field;
use vmx::control_register::{cr0, cr4};
use vmx::exit::{ControlRegisterAccess, ControlRegisterAction, GeneralRegister};

use crate::cpu::vmx::{vmread, vmwrite};
use crate::failure::{Failure, unexpected};
use crate::plan;

use super::unrestricted::{raise, skip_instruction};
use super::vm::{Next, Vm};

/// A general register.
pub fn register(general: &General, register: GeneralRegister) -> u64 {
    match register.0 {
        0 => general.rax,
        1 => general.rcx,
        2 => general.rdx,
        3 => general.rbx,
        4 => vmread(Field::GUEST_RSP),
        5 => general.rbp,
        6 => general.rsi,
        _ => general.rdi,
    }
}

/// Sets a general register.
pub fn set_register(general: &mut General, register: GeneralRegister, value: u64) {
    match register.0 {
        0 => general.rax = value,
        1 => general.rcx = value,
        2 => general.rdx = value,
        3 => general.rbx = value,
        4 => vmwrite(Field::GUEST_RSP, value),
        5 => general.rbp = value,
        6 => general.rsi = value,
        _ => general.rdi = value,
    }
}

/// MOV to and from CR0, CR3, CR4, LMSW, CLTS.
///
/// # Errors
/// An access that no plan makes exit.
pub fn control_register(vm: &mut Vm, access: ControlRegisterAccess) -> Result<Next, Failure> {
    let general = &mut vm.vcpu.general;
    let accepted = match (access.number, access.action) {
        (0, ControlRegisterAction::MovTo(from)) => {
            set_cr0(vm, register(&vm.vcpu.general, from) & 0xFFFF_FFFF)
        }
        (0, ControlRegisterAction::Clts) => set_cr0(vm, vmread(Field::GUEST_CR0) & !cr0::TS),
        (0, ControlRegisterAction::Lmsw { source, .. }) => {
            let low = u64::from(source) & 0xF;
            // LMSW cannot clear PE.
            let kept = vmread(Field::GUEST_CR0) & !(cr0::MP | cr0::EM | cr0::TS);
            set_cr0(vm, kept & !cr0::NE | vmread(Field::CR0_READ_SHADOW) & cr0::NE | low)
        }
        (3, ControlRegisterAction::MovTo(from)) => {
            let value = register(general, from);
            set_cr3(vm, value);
            true
        }
        (3, ControlRegisterAction::MovFrom(to)) => {
            set_register(general, to, vmread(Field::GUEST_CR3));
            true
        }
        (4, ControlRegisterAction::MovTo(from)) => {
            let value = register(general, from) & 0xFFFF_FFFF;
            let known = value & !plan::UNRESTRICTED_CR4 == 0;
            if known {
                vmwrite(Field::GUEST_CR4, value | cr4::VMXE);
                vmwrite(Field::CR4_READ_SHADOW, value);
                load_paging(vm);
            }
            known
        }
        _ => return Err(unexpected(format_args!("the guest left by {access}"))),
    };
    if accepted {
        skip_instruction(vm);
    } else {
        raise(vector::GENERAL_PROTECTION, Some(0));
    }
    Ok(Next::Run)
}

/// CR0 as the guest wants it; NE, CD and NW are believed only. `false` for a value that is #GP.
fn set_cr0(vm: &mut Vm, value: u64) -> bool {
    let paging_alone = value & cr0::PG != 0 && value & cr0::PE == 0;
    let write_through_alone = value & cr0::NW != 0 && value & cr0::CD == 0;
    if paging_alone || write_through_alone {
        return false;
    }
    vmwrite(Field::GUEST_CR0, value & !(cr0::CD | cr0::NW) | cr0::NE | cr0::ET);
    vmwrite(Field::CR0_READ_SHADOW, value | cr0::ET);
    if value & cr0::PE != 0 {
        vm.plain_code = 0;
        // It runs at privilege level 0 until it loads CS. By the manual SS says so, but Bochs 2.7 enters at the level that
        // the selector of CS has, which in real mode is part of an address.
        vmwrite(Field::GUEST_CS_SELECTOR, u64::from(vm.at.cs & !3));
    }
    load_paging(vm);
    true
}

/// CR3, of which a guest without 64-bit mode has 32 bits.
pub fn set_cr3(vm: &Vm, value: u64) {
    vmwrite(Field::GUEST_CR3, value & 0xFFFF_FFFF);
    load_paging(vm);
}

/// What the processor does when paging changes. With EPT and PAE paging an entry takes the four page-directory pointers
/// from the VMCS.
fn load_paging(vm: &Vm) {
    vm.aids.forget_translations();
    let paging = vmread(Field::GUEST_CR0) & cr0::PG != 0 && vmread(Field::GUEST_CR4) & cr4::PAE != 0;
    if !paging {
        return;
    }
    let table = vmread(Field::GUEST_CR3) as u32 & !0x1F;
    let fields = [Field::GUEST_PDPTE0, Field::GUEST_PDPTE1, Field::GUEST_PDPTE2, Field::GUEST_PDPTE3];
    for (index, field) in (0..).zip(fields) {
        vmwrite(field, read_u64(vm, table + 8 * index));
    }
}

fn read_u64(vm: &Vm, physical: u32) -> u64 {
    let mut bytes = [0; 8];
    vm.space.read(physical, &mut bytes);
    u64::from_le_bytes(bytes)
}
