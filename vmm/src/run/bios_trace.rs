//! What a BIOS call was given and what it gave back, for the trace of the host tool.
//!
//! The caller's FLAGS and the address behind its INT lie on its stack while a service runs.

use v8086::{Cpu, GuestMemory, SegmentRegister};
use wire::{BiosCall, CALL_BYTES, CallRegisters, Record};

use crate::report::Reporter;

use super::vm::Vm;

/// IRET, the instruction behind a service that is done.
const IRET: u8 = 0xCF;

/// A call before its service runs.
pub struct Call {
    from: (u16, u16),
    before: CallRegisters,
    flags: u16,
    block: [u8; CALL_BYTES],
}

impl Call {
    /// The call at whose VMCALL the guest stands.
    pub fn begin(vm: &mut Vm) -> Self {
        let [ip, cs, flags] = frame(vm);
        let before = registers(vm);
        Self { from: (cs, ip), before, flags, block: block(vm, &before) }
    }

    /// The service has run. One that waits has not ended: it is called again, with the same registers.
    pub fn end(self, vm: &mut Vm, vector: u8, report: &mut Reporter) {
        let cpu = vm.cpu();
        let next = (u32::from(cpu.segment(SegmentRegister::Cs)) << 4) + cpu.eip();
        if is_hardware_interrupt(vector) || (vm.space.read_u8(next) != IRET && vm.ended().is_none()) {
            return;
        }
        let [_, _, flags] = frame(vm);
        let after = registers(vm);
        let call = BiosCall {
            vector,
            from: self.from,
            before: self.before,
            after,
            flags: (self.flags, flags),
            block: (self.block, block(vm, &self.before)),
        };
        report.flush_serial();
        report.record(&Record::BiosCall(call));
    }
}

/// Nobody calls these.
const fn is_hardware_interrupt(vector: u8) -> bool {
    matches!(vector, 0x08..=0x0F | 0x70..=0x77)
}

/// IP, CS and FLAGS on the guest's stack.
fn frame(vm: &mut Vm) -> [u16; 3] {
    let cpu = vm.cpu();
    let (segment, offset) = (u32::from(cpu.segment(SegmentRegister::Ss)) << 4, cpu.esp() as u16);
    [0, 2, 4].map(|place| vm.space.read_u16(segment + u32::from(offset.wrapping_add(place))))
}

fn registers(vm: &mut Vm) -> CallRegisters {
    let cpu = vm.cpu();
    let general = cpu.general();
    CallRegisters {
        eax: general.eax(),
        ebx: general.ebx(),
        ecx: general.ecx(),
        edx: general.edx(),
        esi: general.esi(),
        edi: general.edi(),
        bp: general.ebp() as u16,
        ds: cpu.segment(SegmentRegister::Ds),
        es: cpu.segment(SegmentRegister::Es),
    }
}

/// Where a service has its block, if it has one.
fn block(vm: &Vm, registers: &CallRegisters) -> [u8; CALL_BYTES] {
    let (segment, offset) = match (registers.eax >> 8) as u8 {
        0x87 => (registers.es, registers.esi),
        0xE8 => (registers.es, registers.edi),
        _ => (registers.ds, registers.esi),
    };
    let mut bytes = [0; CALL_BYTES];
    vm.space.read((u32::from(segment) << 4) + u32::from(offset as u16), &mut bytes);
    bytes
}
