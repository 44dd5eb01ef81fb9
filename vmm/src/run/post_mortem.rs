//! The post-mortem: what is known at an abnormal end. A ring of the last exits, always on, and the guest's registers.

use rt::cpu::rdtsc;
use v8086::{Cpu, GuestMemory, SegmentRegister};
use vmx::Field;
use vmx::event::{InterruptionInformation, exception_name};
use vmx::exit::ExitReason;
use wire::{ExitRecord, LineKind, Record};

use crate::cpu::vmx::vmread;
use crate::report::Reporter;

/// How many exits are kept.
const KEPT: usize = 64;

/// The last exits.
pub struct Ring {
    records: [ExitRecord; KEPT],
    /// Exits so far.
    count: u64,
}

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
            code: [0; 8],
        };
        Self { records: [EMPTY; KEPT], count: 0 }
    }

    /// Exits so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Notes the exit that has just been taken.
    #[inline]
    pub fn note(&mut self, reason: ExitReason, rax: u64) {
        let record = &mut self.records[self.count as usize % KEPT];
        record.tsc = rdtsc();
        record.reason = reason.0;
        record.qualification = vmread(Field::EXIT_QUALIFICATION);
        record.interruption = vmread(Field::VM_EXIT_INTERRUPTION_INFORMATION) as u32;
        record.cs = vmread(Field::GUEST_CS_SELECTOR) as u16;
        record.rip = vmread(Field::GUEST_RIP) as u32;
        record.rflags = vmread(Field::GUEST_RFLAGS) as u32;
        record.rax = rax;
        self.count += 1;
    }

    /// Reports the exits, oldest first, with the code that stands there now.
    pub fn report(&mut self, report: &mut Reporter, memory: &dyn GuestMemory) {
        let kept = self.count.min(KEPT as u64);
        report.heading(format_args!("The last {kept} of {} exits", self.count));
        for number in self.count - kept..self.count {
            let mut record = self.records[number as usize % KEPT];
            memory.read(u32::from(record.cs) * 16 + record.rip, &mut record.code);
            report.record(&Record::Exit(record));
            let exception = InterruptionInformation(record.interruption);
            let name =
                exception.is_valid().then(|| exception_name(exception.vector())).flatten().unwrap_or("");
            report.detail(format_args!(
                "{number:>8}  {:04X}:{:04X}  {:016X}  {} {name}",
                record.cs,
                record.rip,
                u64::from_be_bytes(record.code),
                ExitReason(record.reason)
            ));
        }
    }
}

/// Reports the guest's registers.
pub fn registers(report: &mut Reporter, cpu: &dyn Cpu) {
    let general = *cpu.general();
    report.line(LineKind::Heading, format_args!("The guest's registers"));
    report.detail(format_args!(
        "EAX {:08X}  EBX {:08X}  ECX {:08X}  EDX {:08X}",
        general.eax(),
        general.ebx(),
        general.ecx(),
        general.edx()
    ));
    report.detail(format_args!(
        "ESI {:08X}  EDI {:08X}  EBP {:08X}  ESP {:08X}",
        general.esi(),
        general.edi(),
        general.ebp(),
        cpu.esp()
    ));
    report.detail(format_args!(
        "CS {:04X}  SS {:04X}  DS {:04X}  ES {:04X}  FS {:04X}  GS {:04X}  EIP {:08X}  EFLAGS {:08X}",
        cpu.segment(SegmentRegister::Cs),
        cpu.segment(SegmentRegister::Ss),
        cpu.segment(SegmentRegister::Ds),
        cpu.segment(SegmentRegister::Es),
        cpu.segment(SegmentRegister::Fs),
        cpu.segment(SegmentRegister::Gs),
        cpu.eip(),
        cpu.eflags()
    ));
}
