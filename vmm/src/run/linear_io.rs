//! INS and OUTS of an unrestricted guest, in any of its modes: between a port and its memory, through its segments and
//! its own page tables.
//!
//! On entry the processor has found that the guest may use the port, and nothing else: the exit comes before segment,
//! limit and page are looked at, and with a count of 0 too.

use pc::{Ticks, Width};
use v8086::{Flags, General, SegmentRegister, vector};
use vmx::Field;
use vmx::control_register::cr0;
use vmx::exit::{Direction, IoQualification};
use vmx::segment::SegmentName;

use crate::cpu::vmx::{vmread, vmwrite};
use crate::io;
use crate::report::Reporter;

use super::linear_space::{Access, LinearSpace, PageFault};
use super::unrestricted::{raise, skip_instruction};
use super::vm::{Next, Vm};

/// Elements of INS or OUTS that are moved in one exit.
const STRING_BATCH: u64 = 64;

/// The longest instruction in bytes.
const MAX_LENGTH: usize = 15;

/// Carries out a batch of INS or OUTS.
pub fn string_io(vm: &mut Vm, access: IoQualification, report: &mut Reporter, now: Ticks) -> Next {
    StringAccess::decode(vm, access).run(vm, report, now);
    Next::Run
}

/// INS or OUTS.
struct StringAccess {
    access: IoQualification,
    width: Width,
    /// Masks SI, DI and CX.
    mask: u64,
    segment: SegmentCache,
    linear: LinearSpace,
}

/// Why an element could not be moved.
enum Fault {
    /// It lies beyond its segment, or may not be accessed through it: #SS or #GP.
    Segment,
    Page(PageFault),
}

impl From<PageFault> for Fault {
    fn from(fault: PageFault) -> Self {
        Self::Page(fault)
    }
}

impl StringAccess {
    /// Reads the prefixes of the instruction at CS:IP: not every processor reports segment and address size.
    fn decode(vm: &mut Vm, access: IoQualification) -> Self {
        let linear = LinearSpace::current();
        let code = SegmentCache::read(SegmentRegister::Cs);
        let at = code.base.wrapping_add(vm.at.rip);
        let mut segment = match access.direction {
            Direction::In => SegmentRegister::Es,
            Direction::Out => SegmentRegister::Ds,
        };
        let mut long_addresses = code.access_rights & SegmentCache::BIG != 0;
        for offset in 0..MAX_LENGTH as u32 {
            let mut byte = [0];
            // Its page was there a moment ago; at worst the defaults hold.
            if linear.read(&mut vm.space, at.wrapping_add(offset), &mut byte).is_err() {
                break;
            }
            let prefix = match byte[0] {
                0x26 => Some(SegmentRegister::Es),
                0x2E => Some(SegmentRegister::Cs),
                0x36 => Some(SegmentRegister::Ss),
                0x3E => Some(SegmentRegister::Ds),
                0x64 => Some(SegmentRegister::Fs),
                0x65 => Some(SegmentRegister::Gs),
                0x67 => {
                    long_addresses = code.access_rights & SegmentCache::BIG == 0;
                    None
                }
                0x66 | 0xF0 | 0xF2 | 0xF3 => None,
                _ => break,
            };
            if let (Some(named), Direction::Out) = (prefix, access.direction) {
                segment = named;
            }
        }
        Self {
            access,
            width: io::width(access.width),
            mask: if long_addresses { 0xFFFF_FFFF } else { 0xFFFF },
            segment: SegmentCache::read(segment),
            linear,
        }
    }

    fn run(&self, vm: &mut Vm, report: &mut Reporter, now: Ticks) {
        let count = if self.access.rep { vm.vcpu.general.rcx & self.mask } else { 1 };
        let rflags = vm.at.rflags;
        let stepping = rflags & Flags::TF != 0;
        let size = u64::from(self.width.bytes());
        let step = if rflags & Flags::DF != 0 { size.wrapping_neg() } else { size };
        let wanted = count.min(if stepping { 1 } else { STRING_BATCH });
        let mut index = self.index(&vm.vcpu.general);
        let mut outcome = Ok(());
        let mut moved = 0;
        while moved < wanted {
            outcome = self.element(vm, index as u32, report, now);
            if outcome.is_err() {
                break;
            }
            index = index.wrapping_add(step) & self.mask;
            moved += 1;
        }
        self.advance(&mut vm.vcpu.general, index, moved);
        match outcome {
            Err(Fault::Page(fault)) => fault.raise(),
            Err(Fault::Segment) => raise(self.segment.fault(), Some(0)),
            Ok(()) if moved == count => skip_instruction(vm),
            Ok(()) => between_elements(stepping),
        }
    }

    fn index(&self, general: &General) -> u64 {
        self.mask
            & match self.access.direction {
                Direction::In => general.rdi,
                Direction::Out => general.rsi,
            }
    }

    fn advance(&self, general: &mut General, index: u64, moved: u64) {
        if moved == 0 {
            return;
        }
        // A 32-bit register has no upper half that could stay.
        let replace = |old: u64, new: u64| old & !self.mask | new & self.mask;
        match self.access.direction {
            Direction::In => general.rdi = replace(general.rdi, index),
            Direction::Out => general.rsi = replace(general.rsi, index),
        }
        if self.access.rep {
            general.rcx = replace(general.rcx, general.rcx.wrapping_sub(moved));
        }
    }

    fn element(&self, vm: &mut Vm, offset: u32, report: &mut Reporter, now: Ticks) -> Result<(), Fault> {
        let size = self.width.bytes() as usize;
        let mut bytes = [0; 4];
        let bytes = &mut bytes[..size];
        if !self.segment.allows(offset, size as u32, self.access.direction) {
            return Err(Fault::Segment);
        }
        let linear = self.segment.base.wrapping_add(offset);
        match self.access.direction {
            Direction::Out => {
                self.linear.read(&mut vm.space, linear, bytes)?;
                let mut value = [0; 4];
                value[..size].copy_from_slice(bytes);
                vm.pc.port_out(self.access.port, self.width, u32::from_le_bytes(value), now, report);
            }
            Direction::In => {
                // Before the port is touched.
                self.linear.probe(&mut vm.space, linear, size, Access::Write)?;
                let value = vm.pc.port_in(self.access.port, self.width, now).to_le_bytes();
                bytes.copy_from_slice(&value[..size]);
                self.linear.write(&mut vm.space, linear, bytes)?;
            }
        }
        Ok(())
    }
}

/// A repeated instruction goes on after whatever is due.
fn between_elements(stepping: bool) {
    /// Bit 14 (BS) of the pending debug exceptions.
    const SINGLE_STEP: u64 = 1 << 14;
    vmwrite(Field::GUEST_INTERRUPTIBILITY_STATE, 0);
    if stepping {
        vmwrite(Field::GUEST_PENDING_DEBUG_EXCEPTIONS, SINGLE_STEP);
    }
}

/// What the processor keeps of a segment (SDM vol. 3, 3.4.3 "Segment Registers").
#[derive(Clone, Copy, Debug)]
struct SegmentCache {
    register: SegmentRegister,
    base: u32,
    limit: u32,
    access_rights: u32,
}

impl SegmentCache {
    const CODE: u32 = 1 << 3;
    /// Of data: the limit is the lower one.
    const EXPAND_DOWN: u32 = 1 << 2;
    /// Data that can be written, code that can be read.
    const PERMITTED: u32 = 1 << 1;
    const BIG: u32 = 1 << 14;
    const UNUSABLE: u32 = 1 << 16;

    fn read(register: SegmentRegister) -> Self {
        let fields = SegmentName::CODE_AND_DATA[register as usize].fields();
        Self {
            register,
            base: vmread(fields.base) as u32,
            limit: vmread(fields.limit) as u32,
            access_rights: vmread(fields.access_rights) as u32,
        }
    }

    /// Whether `size` bytes at `offset` lie in the segment, and may be read (OUTS) or written (INS) through it.
    fn allows(&self, offset: u32, size: u32, direction: Direction) -> bool {
        let rights = self.access_rights;
        // Real mode asks for no rights, and code that was loaded there is not marked as code.
        let protected = vmread(Field::GUEST_CR0) & cr0::PE != 0;
        let permitted = match direction {
            Direction::In => rights & Self::CODE == 0 && rights & Self::PERMITTED != 0,
            Direction::Out => rights & Self::CODE == 0 || rights & Self::PERMITTED != 0,
        };
        if rights & Self::UNUSABLE != 0 || protected && !permitted {
            return false;
        }
        let Some(last) = offset.checked_add(size - 1) else { return false };
        if rights & (Self::CODE | Self::EXPAND_DOWN) == Self::EXPAND_DOWN {
            let highest = if rights & Self::BIG != 0 { u32::MAX } else { 0xFFFF };
            offset > self.limit && last <= highest
        } else {
            last <= self.limit
        }
    }

    /// The exception that an access which it does not allow raises.
    fn fault(&self) -> u8 {
        if self.register == SegmentRegister::Ss { vector::STACK_FAULT } else { vector::GENERAL_PROTECTION }
    }
}
