//! VM exits of different kinds, each answered, and the guest resumed behind it: VMRESUME for real.
//!
//! What the guest does and expects stands in the table of `guests/src/component/reenter.rs`. A #GP without an error code
//! is an instruction that ring 3 may not execute: the monitor of `v8086` carries it out. A #GP with one is the guest's
//! own, an INT3 without a gate, and is injected back.

use rt::cpu::rdtsc;
use v8086::{Change, Exception, GuestMemory, ModelSpecificRegisters, Monitor, Outcome, SystemRegisters};
use vmx::Field;
use vmx::event::Event;
use wire::{CodeSize, EXIT_CODE, ExitRecord, Record};

use crate::cpu::vmx::{vmread, vmwrite};
use crate::exit::{Exit, skip_instruction};
use crate::failure::{Failure, unexpected};
use crate::guest_cpu::GuestCpu;
use crate::plan::INTERRUPTIBLE_COMPONENT_FLAGS;
use crate::report::Reporter;
use crate::{Context, Ending};

use super::component_vm::RunningVm;
use super::{done, session};

/// What the component says by VMCALL, in EAX.
mod call {
    pub const END: u32 = 0;
    pub const COMPLEMENT: u32 = 1;
}

/// Checks that the component makes.
const CHECKS: u32 = 10;

/// The first CPUID leaf of hypervisors, and what this one says.
const CPUID_HYPERVISOR: u32 = 0x4000_0000;
const SIGNATURE: &[u8; 12] = b"hyper86 VMM ";

/// IA32_APIC_BASE and its value on the boot processor.
const IA32_APIC_BASE: u32 = 0x1B;
const APIC_BASE: u64 = 0xFEE0_0900;

const GENERAL_PROTECTION: u8 = 13;

/// Kinds of exit in the table at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Cpuid,
    Vmcall,
    Io,
    TaskHlt,
    TaskInvd,
    TaskRdmsr,
    TaskInt3,
    KernelInvd,
    KernelRdmsr,
    KernelHlt,
    HostTimer,
}

/// A row of the table: exit, cause, answer, and how often it must occur, if that is fixed.
struct Row(&'static str, &'static str, &'static str, Option<u32>);

/// By [`Kind`].
const ROWS: [Row; 11] = [
    Row("CPUID (10)", "CPUID, leaf 40000000h", "hyper86 VMM", Some(1)),
    Row("VMCALL (18)", "VMCALL", "the complement; the end", Some(2)),
    Row("I/O instruction (30)", "IN and OUT on COM1", "the virtual UART", None),
    Row("exception (0), #GP(0)", "HLT at ring 3", "carried out", Some(1)),
    Row("exception (0), #GP(0)", "INVD at ring 3", "carried out", Some(1)),
    Row("exception (0), #GP(0)", "RDMSR at ring 3", "carried out", Some(1)),
    Row("exception (0), #GP(1Ah)", "INT3 without a gate", "injected back", Some(1)),
    Row("INVD (13)", "INVD at ring 0", "carried out", Some(1)),
    Row("RDMSR (31)", "RDMSR at ring 0", "the APIC base", Some(1)),
    Row("HLT (12)", "HLT at ring 0", "goes on", Some(1)),
    Row("external interrupt (1)", "the host's timer", "acknowledged", None),
];

/// How often each [`Kind`] occurred.
type Tally = [u32; ROWS.len()];

/// The model-specific registers that this guest has.
struct ApicBase;

impl ModelSpecificRegisters for ApicBase {
    fn read(&mut self, index: u32) -> Option<u64> {
        (index == IA32_APIC_BASE).then_some(APIC_BASE)
    }

    fn write(&mut self, _index: u32, _value: u64) -> Option<()> {
        None
    }

    fn performance_counter(&mut self, _index: u32) -> Option<u64> {
        None
    }
}

/// # Errors
/// What went otherwise than announced.
pub fn show(context: &mut Context) -> Result<Ending, Failure> {
    session::run(
        context,
        |planned| {
            planned.machine.set(Field::GUEST_RFLAGS, INTERRUPTIBLE_COMPONENT_FLAGS);
            planned.machine.set(Field::EXCEPTION_BITMAP, 1 << GENERAL_PROTECTION);
        },
        exits,
    )?;
    Ok(done("every exit was answered and the guest resumed behind it with the right result"))
}

fn exits(report: &mut Reporter, running: &mut RunningVm, first: Exit) -> Result<(), Failure> {
    let mut tally: Tally = [0; ROWS.len()];
    let mut exit = first;
    loop {
        let kind = answer(report, running, &exit)?;
        tally[kind as usize] += 1;
        if kind == Kind::Vmcall && running.vm.vcpu.general.eax() == call::END {
            break;
        }
        exit = running.step()?;
    }
    show_table(report, &tally);
    let passed = running.vm.vcpu.general.ebx();
    report.step(format_args!("the guest's own checks: {passed} of {CHECKS} passed"));
    let as_announced = ROWS.iter().zip(tally).all(|(row, count)| row.3.is_none_or(|wanted| wanted == count));
    if passed == CHECKS && as_announced && tally[Kind::Io as usize] > 0 {
        Ok(())
    } else {
        Err(unexpected(format_args!("the exits or the guest's checks are not what they should be")))
    }
}

/// Does what the guest expects, and says what it was.
fn answer(report: &mut Reporter, running: &mut RunningVm, exit: &Exit) -> Result<Kind, Failure> {
    note(report, running, exit);
    let general = &mut running.vm.vcpu.general;
    let kind = match exit {
        Exit::Cpuid if general.eax() == CPUID_HYPERVISOR => {
            let [b, c, d] =
                [0, 4, 8].map(|at| u32::from_le_bytes([0, 1, 2, 3].map(|byte| SIGNATURE[at + byte])));
            general.set_eax(CPUID_HYPERVISOR);
            general.set_ebx(b);
            general.set_ecx(c);
            general.set_edx(d);
            Kind::Cpuid
        }
        Exit::Vmcall if general.eax() == call::END => return Ok(Kind::Vmcall),
        Exit::Vmcall if general.eax() == call::COMPLEMENT => {
            general.set_eax(!general.ebx());
            Kind::Vmcall
        }
        Exit::Invalidate => Kind::KernelInvd,
        Exit::Hlt => Kind::KernelHlt,
        Exit::Rdmsr if general.ecx() == IA32_APIC_BASE => {
            general.set_eax(APIC_BASE as u32);
            general.set_edx((APIC_BASE >> 32) as u32);
            Kind::KernelRdmsr
        }
        Exit::Exception { event: Event { vector: GENERAL_PROTECTION, error_code: Some(0), .. }, .. } => {
            return refused_instruction(running);
        }
        Exit::Exception {
            event: event @ Event { vector: GENERAL_PROTECTION, error_code: Some(code), .. },
            ..
        } => {
            vmwrite(Field::VM_ENTRY_EXCEPTION_ERROR_CODE, (*code).into());
            vmwrite(Field::VM_ENTRY_INTERRUPTION_INFORMATION, event.entry_information().into());
            return Ok(Kind::TaskInt3);
        }
        Exit::Io(_) if running.answer(report, exit)? => return Ok(Kind::Io),
        Exit::ExternalInterrupt { .. } if running.answer(report, exit)? => return Ok(Kind::HostTimer),
        other => return Err(unexpected(format_args!("the guest left by {other}"))),
    };
    skip_instruction();
    Ok(kind)
}

/// Reports an exit; of I/O and of the host's timer there are too many.
fn note(report: &mut Reporter, running: &RunningVm, exit: &Exit) {
    if matches!(exit, Exit::Io(_) | Exit::ExternalInterrupt { .. }) {
        return;
    }
    let mut code = [0; EXIT_CODE];
    running.vm.space.read(code_address(), &mut code);
    let record = exit_record(running.vm.vcpu.general.rax, code);
    report.step(format_args!("VM exit: {exit}, at {:04X}:{:04X}", record.cs, record.rip));
    report.record(&Record::Exit(record));
}

fn exit_record(rax: u64, code: [u8; EXIT_CODE]) -> ExitRecord {
    ExitRecord {
        tsc: rdtsc(),
        reason: vmread(Field::EXIT_REASON) as u32,
        qualification: vmread(Field::EXIT_QUALIFICATION),
        interruption: vmread(Field::VM_EXIT_INTERRUPTION_INFORMATION) as u32,
        cs: vmread(Field::GUEST_CS_SELECTOR) as u16,
        rip: vmread(Field::GUEST_RIP) as u32,
        rflags: vmread(Field::GUEST_RFLAGS) as u32,
        rax,
        size: CodeSize::Bits16,
        code,
    }
}

/// Linear address of the instruction at CS:RIP.
fn code_address() -> u32 {
    (vmread(Field::GUEST_CS_BASE) + vmread(Field::GUEST_RIP)) as u32
}

/// An instruction that ring 3 may not execute: the monitor carries it out, or else it is none that was announced.
fn refused_instruction(running: &mut RunningVm) -> Result<Kind, Failure> {
    let mut code = [0; 2];
    running.vm.space.read(code_address(), &mut code);
    let kind = match code {
        [0xF4, _] => Kind::TaskHlt,
        [0x0F, 0x08] => Kind::TaskInvd,
        [0x0F, 0x32] => Kind::TaskRdmsr,
        _ => return Err(unexpected(format_args!("#GP(0) at an instruction that starts with {code:02X?}"))),
    };
    let mut system = SystemRegisters::after_bios(0);
    let mut monitor = Monitor {
        cpu: &mut GuestCpu::current(&mut running.vm.vcpu.general),
        memory: &mut running.vm.space,
        system: &mut system,
        model_specific: &mut ApicBase,
    };
    match monitor.exception(Exception::Fault { vector: GENERAL_PROTECTION }) {
        Outcome::Halt | Outcome::Done(Change::None) => Ok(kind),
        _ => Err(unexpected(format_args!("the monitor has another answer to the instruction"))),
    }
}

fn show_table(report: &mut Reporter, tally: &Tally) {
    report.heading(format_args!("Exits"));
    report.detail(format_args!("{:<24} {:<24} {:<24} {:>5}", "exit", "cause", "answer", "count"));
    for (Row(exit, cause, answer, _), count) in ROWS.iter().zip(tally) {
        report.detail(format_args!("{exit:<24} {cause:<24} {answer:<24} {count:>5}"));
    }
}
