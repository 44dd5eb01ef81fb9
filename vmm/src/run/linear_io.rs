//! INS and OUTS of an unrestricted guest: between a port and linear memory, through the guest's own page tables if it
//! has paging on.
//!
//! On entry the exit has told the address of the first element, with segment and limit already applied.

use pc::{Ticks, Width};
use v8086::{Flags, General, GuestMemory};
use vmx::Field;
use vmx::control_register::{cr0, cr4};
use vmx::exit::{AddressSize, Direction, InstructionInformation, IoQualification};

use crate::cpu::registers;
use crate::cpu::vmx::vmread;
use crate::exit::skip_instruction;
use crate::io;
use crate::report::Reporter;

use super::unrestricted::{raise, read_u64, vector};
use super::vm::{Next, Vm};

/// Carries out a batch of INS or OUTS.
pub fn string_io(vm: &mut Vm, access: IoQualification, report: &mut Reporter, now: Ticks) -> Next {
    StringAccess::new(access).run(vm, report, now)
}

/// Elements of INS or OUTS that are moved in one exit.
const STRING_BATCH: u32 = 64;

/// INS or OUTS, as its exit describes it.
struct StringAccess {
    access: IoQualification,
    width: Width,
    /// Masks SI, DI and CX.
    mask: u64,
    /// Linear address of the first element.
    linear: u32,
}

/// Why an element could not be moved.
struct Fault {
    linear: u32,
    error_code: u32,
}

impl StringAccess {
    fn new(access: IoQualification) -> Self {
        let information = InstructionInformation(vmread(Field::VM_EXIT_INSTRUCTION_INFORMATION) as u32);
        let mask = match information.address_size() {
            Some(AddressSize::Bits32) => 0xFFFF_FFFF,
            _ => 0xFFFF,
        };
        Self {
            access,
            width: io::width(access.width),
            mask,
            linear: vmread(Field::GUEST_LINEAR_ADDRESS) as u32,
        }
    }

    fn run(&self, vm: &mut Vm, report: &mut Reporter, now: Ticks) -> Next {
        let count = if self.access.rep { vm.vcpu.general.rcx & self.mask } else { 1 };
        let downwards = vmread(Field::GUEST_RFLAGS) & u64::from(Flags::DF) != 0;
        let size = u32::from(self.width.bytes());
        let step = if downwards { size.wrapping_neg() } else { size };
        let wanted = count.min(STRING_BATCH.into());
        let mut moved = 0;
        let mut linear = self.linear;
        while moved < wanted {
            if let Err(fault) = self.element(vm, linear, report, now) {
                self.advance(&mut vm.vcpu.general, moved, step);
                registers::set_cr2(fault.linear.into());
                raise(vector::PAGE_FAULT, Some(fault.error_code));
                return Next::Run;
            }
            moved += 1;
            linear = linear.wrapping_add(step);
            let index = (self.index(&vm.vcpu.general) + moved * u64::from(step)) & self.mask;
            if index < size.into() || index > self.mask - u64::from(size) {
                // The next element wraps; the processor computes its address anew.
                break;
            }
        }
        self.advance(&mut vm.vcpu.general, moved, step);
        if moved == count {
            skip_instruction();
        }
        Next::Run
    }

    fn index(&self, general: &General) -> u64 {
        match self.access.direction {
            Direction::In => general.rdi,
            Direction::Out => general.rsi,
        }
    }

    fn advance(&self, general: &mut General, moved: u64, step: u32) {
        let replace = |old: u64, new: u64| old & !self.mask | new & self.mask;
        let distance = moved.wrapping_mul(i64::from(step as i32) as u64);
        match self.access.direction {
            Direction::In => general.rdi = replace(general.rdi, general.rdi.wrapping_add(distance)),
            Direction::Out => general.rsi = replace(general.rsi, general.rsi.wrapping_add(distance)),
        }
        if self.access.rep {
            general.rcx = replace(general.rcx, general.rcx.wrapping_sub(moved));
        }
    }

    fn element(&self, vm: &mut Vm, linear: u32, report: &mut Reporter, now: Ticks) -> Result<(), Fault> {
        let mut bytes = [0; 4];
        let size = usize::from(self.width.bytes());
        let write = self.access.direction == Direction::In;
        // Both ends first, so that a port is touched only if all of the element is there.
        translate(vm, linear, write)?;
        translate(vm, linear.wrapping_add(size as u32 - 1), write)?;
        match self.access.direction {
            Direction::Out => {
                for (offset, byte) in (0..).zip(&mut bytes[..size]) {
                    *byte = vm.space.read_u8(translate(vm, linear.wrapping_add(offset), write)?);
                }
                vm.pc.port_out(self.access.port, self.width, u32::from_le_bytes(bytes), now, report);
            }
            Direction::In => {
                bytes = vm.pc.port_in(self.access.port, self.width, now).to_le_bytes();
                for (offset, byte) in (0..).zip(&bytes[..size]) {
                    let physical = translate(vm, linear.wrapping_add(offset), write)?;
                    vm.space.write_u8(physical, *byte);
                }
            }
        }
        Ok(())
    }
}

/// The guest-physical address of `linear`, if the guest may read there.
pub fn readable(vm: &Vm, linear: u32) -> Option<u32> {
    translate(vm, linear, false).ok()
}

/// The guest-physical address of `linear`, by the guest's own page tables if it has paging on (SDM vol. 3, 4.3 "32-Bit
/// Paging" and 4.4 "PAE Paging").
fn translate(vm: &Vm, linear: u32, write: bool) -> Result<u32, Fault> {
    const PRESENT: u64 = 1 << 0;
    const WRITABLE: u64 = 1 << 1;
    const USER: u64 = 1 << 2;
    const LARGE: u64 = 1 << 7;
    const ERROR_PRESENT: u32 = 1;
    const ERROR_WRITE: u32 = 2;
    const ERROR_USER: u32 = 4;
    let cr0 = vmread(Field::GUEST_CR0);
    if cr0 & cr0::PG == 0 {
        return Ok(linear);
    }
    let user = vmread(Field::GUEST_SS_ACCESS_RIGHTS) >> 5 & 3 == 3;
    let asked = if write { ERROR_WRITE } else { 0 } | if user { ERROR_USER } else { 0 };
    let fault = |present: u32| Fault { linear, error_code: asked | present };
    let cr3 = vmread(Field::GUEST_CR3) as u32;
    let cr4 = vmread(Field::GUEST_CR4);
    let pae = cr4 & cr4::PAE != 0;
    let entry = |address: u32| if pae { read_u64(vm, address) } else { vm.space.read_u32(address).into() };
    let (directory, directory_index, table_index, large_bits) = if pae {
        let pointer = read_u64(vm, (cr3 & !0x1F) + 8 * (linear >> 30));
        if pointer & PRESENT == 0 {
            return Err(fault(0));
        }
        (pointer as u32 & !0xFFF, 8 * (linear >> 21 & 0x1FF), 8 * (linear >> 12 & 0x1FF), 21)
    } else {
        (cr3 & !0xFFF, 4 * (linear >> 22), 4 * (linear >> 12 & 0x3FF), 22)
    };
    let upper = entry(directory + directory_index);
    if upper & PRESENT == 0 {
        return Err(fault(0));
    }
    let large = upper & LARGE != 0 && (pae || cr4 & cr4::PSE != 0);
    let (lower, page_bits) =
        if large { (upper, large_bits) } else { (entry((upper as u32 & !0xFFF) + table_index), 12) };
    if lower & PRESENT == 0 {
        return Err(fault(0));
    }
    let rights = upper & lower;
    let supervisor_may = cr0 & cr0::WP == 0 && !user;
    if (user && rights & USER == 0) || (write && rights & WRITABLE == 0 && !supervisor_may) {
        return Err(fault(ERROR_PRESENT));
    }
    let offset_mask = (1_u32 << page_bits) - 1;
    Ok(lower as u32 & !offset_mask | linear & offset_mask)
}
