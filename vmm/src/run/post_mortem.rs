//! The post-mortem: what is known at an abnormal end. A ring of the last exits, always on, and the guest's registers. The
//! host tool finds the words for it.

use v8086::{Flags, GuestMemory};
use vmx::Field;
use vmx::control_register::cr0;
use vmx::exit::ExitReason;
use wire::{CodeSize, EXIT_CODE, ExitRecord, Record, Registers};

use crate::cpu::vmx::vmread;
use crate::exit::number;
use crate::guest_cpu::{AtExit, SEGMENTS};
use crate::memory::{Mode, Translation};
use crate::operation::Left;
use crate::report::Reporter;

use super::linear_space::LinearSpace;
use super::vm::Vm;

/// The segment of the BIOS.
const ROM: u16 = 0xF000;

/// How many exits are kept.
const KEPT: usize = 64;

/// Bytes of a record.
const RECORD: u64 = size_of::<ExitRecord>() as u64;

const _: () = assert!(RECORD == 64);

/// The last exits. A record is a cache line.
#[repr(align(64))]
pub struct Ring {
    records: [ExitRecord; KEPT],
    /// Bytes of the records so far: counted thus, an exit's place takes one AND.
    noted: u64,
}

/// Where an exit is noted.
#[derive(Clone, Copy)]
pub struct Place(usize);

impl Ring {
    /// Empty.
    pub const fn new() -> Self {
        const EMPTY: ExitRecord = ExitRecord {
            tsc: 0,
            reason: 0,
            qualification: 0,
            interruption: 0,
            cs: 0,
            rip: 0,
            rflags: 0,
            rax: 0,
            size: CodeSize::Unknown,
            code: [0; EXIT_CODE],
        };
        Self { records: [EMPTY; KEPT], noted: 0 }
    }

    /// Exits so far.
    pub fn count(&self) -> u64 {
        self.noted / RECORD
    }

    /// Counts the exit that has just been taken, and notes it as far as it is known. What its kind has besides is for the caller
    /// to fill in; what it has not stays as an older exit left it, until [`Self::report`].
    #[inline(always)]
    pub fn begin(&mut self, left: Left) -> Place {
        self.noted += RECORD;
        let place = self.last_place();
        let record = self.record(place);
        record.rax = left.rax;
        record.reason = left.reason.0;
        place
    }

    /// Notes the rest.
    #[inline(always)]
    pub fn note(&mut self, place: Place, at: &AtExit) {
        let record = self.record(place);
        record.tsc = at.tsc;
        record.rip = at.rip;
        record.cs = at.cs as u16;
        record.rflags = at.rflags;
    }

    /// A record.
    #[inline(always)]
    pub fn record(&mut self, Place(place): Place) -> &mut ExitRecord {
        &mut self.records[place]
    }

    #[inline(always)]
    fn last_place(&self) -> Place {
        Place((self.noted / RECORD) as usize % KEPT)
    }

    /// The record of the exit that was noted last.
    #[inline(always)]
    pub fn last(&mut self) -> &mut ExitRecord {
        self.record(self.last_place())
    }

    /// Why the guest exited last.
    pub fn reason(&mut self) -> ExitReason {
        ExitReason(self.last().reason)
    }

    /// What was read at the exit that was noted last.
    #[inline(always)]
    pub fn at(&mut self) -> AtExit {
        let record = self.last();
        AtExit {
            tsc: record.tsc,
            rip: record.rip,
            rflags: record.rflags,
            cs: record.cs.into(),
            complete: true,
        }
    }

    /// What was noted last was no exit, but a failed entry.
    #[cold]
    pub fn forget_last(&mut self) {
        self.noted -= RECORD;
    }

    /// Reports the exits, oldest first, with the code that stands there now.
    fn report(&self, report: &mut Reporter, vm: &Vm) {
        let here = code_segment();
        let count = self.count();
        for number in count - count.min(KEPT as u64)..count {
            let mut record = self.records[(number as usize + 1) % KEPT];
            forget_older(&mut record);
            // In real mode the selector tells the base. In protected mode only that of the last segment is known.
            let (base, size) = match record.cs {
                cs if cs == here.selector => (here.base, here.size),
                // Nobody but real mode calls the BIOS.
                cs if vm.backend.in_real_mode() || cs == ROM => (u32::from(cs) << 4, CodeSize::Bits16),
                _ => (0, CodeSize::Unknown),
            };
            record.size = size;
            if size != CodeSize::Unknown {
                read(vm, base.wrapping_add(record.rip), &mut record.code);
            }
            report.record(&Record::Exit(record));
        }
    }
}

/// Clears what an exit's kind does not have.
fn forget_older(record: &mut ExitRecord) {
    let (qualification, interruption) = number::have(ExitReason(record.reason).basic_number());
    record.qualification *= u64::from(qualification);
    record.interruption *= u32::from(interruption);
}

/// Where the guest's code segment is, and how its code is read.
struct CodeSegment {
    selector: u16,
    base: u32,
    size: CodeSize,
}

fn code_segment() -> CodeSegment {
    /// D/B of an access-rights word.
    const BIG: u64 = 1 << 14;
    let big = vmread(Field::GUEST_CS_ACCESS_RIGHTS) & BIG != 0;
    CodeSegment {
        selector: vmread(Field::GUEST_CS_SELECTOR) as u16,
        base: vmread(Field::GUEST_CS_BASE) as u32,
        size: if big { CodeSize::Bits32 } else { CodeSize::Bits16 },
    }
}

/// CR0 as the guest believes it.
fn visible_cr0(vm: &Vm) -> u32 {
    if seems_real(vm) {
        return vm.system.cr0;
    }
    let owned = vmread(Field::CR0_GUEST_HOST_MASK);
    (vmread(Field::GUEST_CR0) & !owned | vmread(Field::CR0_READ_SHADOW) & owned) as u32
}

/// Whether the guest runs in a virtual-8086 mode of the VMM's, which it takes for real mode.
fn seems_real(vm: &Vm) -> bool {
    vm.backend.translation() != Translation::Extended(Mode::Unrestricted)
}

/// Reads linear memory; what is not mapped reads zero.
fn read(vm: &Vm, linear: u32, bytes: &mut [u8]) {
    if u64::from(visible_cr0(vm)) & cr0::PG == 0 {
        return vm.space.read(linear, bytes);
    }
    let paging = LinearSpace::current();
    for (offset, byte) in (0..).zip(bytes) {
        if let Some(physical) = paging.readable(&vm.space, linear.wrapping_add(offset)) {
            *byte = vm.space.read_u8(physical);
        }
    }
}

/// Reports all of it.
pub fn report(report: &mut Reporter, vm: &Vm) {
    report.figure("exits", vm.ring.count());
    registers(report, vm);
    vm.ring.report(report, vm);
}

/// Reports the guest's registers.
fn registers(report: &mut Reporter, vm: &Vm) {
    let general = &vm.vcpu.general;
    let esp = vmread(Field::GUEST_RSP) as u32;
    let code = code_segment();
    let mut registers = Registers {
        general: [
            general.eax(),
            general.ebx(),
            general.ecx(),
            general.edx(),
            general.esi(),
            general.edi(),
            general.ebp(),
            esp,
        ],
        eip: vmread(Field::GUEST_RIP) as u32,
        eflags: vmread(Field::GUEST_RFLAGS) as u32 & if seems_real(vm) { !Flags::VM } else { u32::MAX },
        selectors: SEGMENTS.map(|(selector, _)| vmread(selector) as u16),
        bases: SEGMENTS.map(|(_, base)| vmread(base) as u32),
        cr0: visible_cr0(vm),
        tables: [
            (vmread(Field::GUEST_GDTR_BASE) as u32, vmread(Field::GUEST_GDTR_LIMIT) as u32),
            (vmread(Field::GUEST_IDTR_BASE) as u32, vmread(Field::GUEST_IDTR_LIMIT) as u32),
        ],
        size: code.size,
        ..Registers::default()
    };
    read(vm, code.base.wrapping_add(registers.eip), &mut registers.code);
    read(vm, (vmread(Field::GUEST_SS_BASE) as u32).wrapping_add(esp), &mut registers.stack);
    report.record(&Record::Registers(registers));
}
