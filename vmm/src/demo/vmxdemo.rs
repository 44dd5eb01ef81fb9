//! The whole of the deck: CPU initialisations, VMXON, VMCLEAR, VMPTRLD, the `machine` written, VMLAUNCH, the guest's
//! message, one VM exit, the `results` read, VMXOFF. And the same with one thing broken on purpose.

use rt::cpu::control::cr4;
use rt::trap::Exception;
use vmx::{Field, Machine, Results};
use wire::{Answer, Break, Record};

use crate::cpu::vmx::{VmxFailure, vmread};
use crate::exit::Exit;
use crate::failure::{Failure, unexpected};
use crate::lifecycle::{audit, enter_vmx, leave_vmx};
use crate::operation::{EntryFailure, VmxOperation, VmxonError};
use crate::probe::{self, Processor};
use crate::{Context, Ending};

use super::component_vm::{Planned, RunningVm, read_results};
use super::done;

/// VMX-instruction errors (SDM vol. 3, "VM Instruction Error Numbers").
mod error {
    /// VMLAUNCH with non-clear VMCS.
    pub const LAUNCH_NOT_CLEAR: u32 = 4;
}

/// VM entry failed because of invalid guest state.
const ENTRY_FAILED_GUEST_STATE: u32 = 0x8000_0021;

/// What the deck's guest ends with.
const VMCALL: u64 = 18;

/// # Errors
/// What went otherwise than announced.
pub fn show(context: &mut Context, sabotage: Option<Break>) -> Result<Ending, Failure> {
    context.report.heading(format_args!("CPU initialisations"));
    let processor = probe::prepare(&mut context.report, sabotage)?;
    context.report.heading(format_args!("VMX operation"));
    match sabotage {
        Some(Break::Revision) => return wrong_revision(context, &processor),
        Some(Break::Cr0Ne) => return numeric_error_clear(context, &processor),
        _ => {}
    }
    let operation = enter_vmx(context, &processor)?;
    let ending = match sabotage {
        Some(Break::NoVmptrld) => no_current_vmcs(context, &operation, &processor),
        _ => guest(context, &operation, &processor, sabotage),
    }?;
    leave_vmx(context, operation)?;
    Ok(ending)
}

fn guest(
    context: &mut Context,
    operation: &VmxOperation,
    processor: &Processor,
    sabotage: Option<Break>,
) -> Result<Ending, Failure> {
    let mut planned = Planned::new(context, operation, processor)?;
    if let Some(sabotage) = sabotage {
        break_plan(&mut planned.machine, sabotage)?;
    }
    let report = &mut context.report;
    for (field, value) in planned.machine.entries() {
        report.record(&Record::Machine(field.encoding(), value));
    }
    let broken_rules = audit(report, &planned.machine, &processor.capabilities);
    if broken_rules > 0 && sabotage.is_none() {
        return Err(Failure::Audit(broken_rules));
    }
    let entries = planned.machine.len();
    report.step(format_args!(
        "machine: {entries} entries planned, {broken_rules} rule(s) broken; VMWRITE of each"
    ));
    report.heading(format_args!("VMLAUNCH"));
    let answer = match sabotage {
        Some(Break::Plan { answer, .. }) => answer,
        _ => Answer::Runs,
    };
    match (planned.launch(report), answer) {
        (Ok((running, _)), Answer::Runs) if sabotage == Some(Break::LaunchTwice) => {
            launch_twice(context, running)
        }
        (Ok((running, exit)), Answer::Runs) => first_exit(context, running, &exit, sabotage),
        (Err(Failure::Entry(failure)), answer) => entry_failed(context, failure, answer),
        (Err(failure), _) => Err(failure),
        (Ok(_), Answer::Error(_) | Answer::GuestState(_)) => {
            Err(unexpected(format_args!("the guest ran with a broken plan")))
        }
    }
}

fn break_plan(machine: &mut Machine, sabotage: Break) -> Result<(), Failure> {
    if let Break::Plan { field: encoding, clear, set, .. } = sabotage {
        let field = Field::from_encoding(encoding)
            .ok_or_else(|| unexpected(format_args!("there is no field {encoding:X}h to break")))?;
        machine.set(field, machine.get(field).unwrap_or(0) & !clear | set);
    }
    Ok(())
}

/// The guest has run and left: what does the record say?
fn first_exit(
    context: &mut Context,
    running: RunningVm,
    exit: &Exit,
    sabotage: Option<Break>,
) -> Result<Ending, Failure> {
    let report = &mut context.report;
    report.flush_serial();
    report.step(format_args!("VM exit: {exit}"));
    let results = read_results(report);
    verify(&results)?;
    running.finish(report)?;
    Ok(match sabotage {
        None => done("the guest ran in its VM, sent its message and came back by VMCALL"),
        Some(_) => done("the guest ran with the broken plan, as it must"),
    })
}

fn verify(results: &Results) -> Result<(), Failure> {
    let expected = [
        (Field::VM_INSTRUCTION_ERROR, 0),
        (Field::EXIT_REASON, VMCALL),
        (Field::VM_EXIT_INSTRUCTION_LENGTH, 3),
    ];
    for (field, value) in expected {
        let read = results.get(field);
        if read != Some(value) {
            let name = field.name();
            return Err(unexpected(format_args!("{name} should be {value:X}h, is {read:X?}")));
        }
    }
    Ok(())
}

fn entry_failed(context: &mut Context, failure: EntryFailure, answer: Answer) -> Result<Ending, Failure> {
    let report = &mut context.report;
    match (&failure, answer) {
        (EntryFailure::GuestState(reason), Answer::GuestState(qualification))
            if reason.0 == ENTRY_FAILED_GUEST_STATE && vmread(Field::EXIT_QUALIFICATION) == qualification =>
        {
            report.step(format_args!("VM entry failed: exit reason {:X}h, {reason}", reason.0));
            read_results(report);
            Ok(done("the entry failed with exit reason 80000021h, as it must"))
        }
        (EntryFailure::Instruction(answered @ VmxFailure::Valid(error)), Answer::Error(expected))
            if *error == expected =>
        {
            report.step(format_args!("VMLAUNCH: {answered}"));
            read_results(report);
            Ok(done("VMLAUNCH failed with the error that it must"))
        }
        _ => Err(failure.into()),
    }
}

fn launch_twice(context: &mut Context, mut running: RunningVm) -> Result<Ending, Failure> {
    let report = &mut context.report;
    report.step(format_args!("the guest ran and left; now VMLAUNCH again, where VMRESUME is due"));
    match running.vmcs.launch_again(&mut running.vm.vcpu) {
        Err(failure @ VmxFailure::Valid(error::LAUNCH_NOT_CLEAR)) => {
            report.step(format_args!("VMLAUNCH: {failure}"));
            read_results(report);
            running.finish(report)?;
            Ok(done("the second VMLAUNCH failed with error 4, as it must"))
        }
        Err(failure) => Err(Failure::Instruction("VMLAUNCH", failure)),
        Ok(()) => Err(unexpected(format_args!("a second VMLAUNCH of the same VMCS was accepted"))),
    }
}

fn no_current_vmcs(
    context: &mut Context,
    operation: &VmxOperation,
    processor: &Processor,
) -> Result<Ending, Failure> {
    let revision = processor.capabilities.revision();
    let cleared = operation
        .clear(context.frames.take()?, revision)
        .map_err(|failure| Failure::Instruction("VMCLEAR", failure))?;
    context.report.step(format_args!("VMCLEAR: VMCS at {:X}h; VMPTRLD is left out", cleared.region().0));
    match operation.launch_nothing() {
        failure @ VmxFailure::Invalid => {
            context.report.step(format_args!("VMLAUNCH: {failure}"));
            Ok(done("VMLAUNCH without a current VMCS ended in VMfailInvalid, as it must"))
        }
        failure => Err(Failure::Instruction("VMLAUNCH", failure)),
    }
}

fn wrong_revision(context: &mut Context, processor: &Processor) -> Result<Ending, Failure> {
    let wrong = processor.capabilities.revision() ^ 1;
    let frame = context.frames.take()?;
    match VmxOperation::enter(frame, wrong) {
        Err(VmxonError::Failed(failure @ VmxFailure::Invalid)) => {
            context.report.step(format_args!("VMXON with revision {wrong:X}h: {failure}"));
            Ok(done("VMXON with a wrong revision identifier ended in VMfailInvalid, as it must"))
        }
        Err(error) => Err(error.into()),
        Ok(_) => Err(unexpected(format_args!("VMXON accepted revision {wrong:X}h"))),
    }
}

fn numeric_error_clear(context: &mut Context, processor: &Processor) -> Result<Ending, Failure> {
    const GENERAL_PROTECTION: u8 = 13;
    let frame = context.frames.take()?;
    match VmxOperation::enter(frame, processor.capabilities.revision()) {
        Err(VmxonError::Fault(exception)) if exception.vector() == GENERAL_PROTECTION => {
            context.report.step(format_args!("VMXON with CR0.NE = 0: caught by the IDT"));
            registers(context, exception);
            Ok(done("VMXON with CR0.NE = 0 raised #GP, as it must"))
        }
        Err(error) => Err(error.into()),
        Ok(_) => Err(unexpected(format_args!("VMXON was accepted with CR0.NE = 0"))),
    }
}

fn registers(context: &mut Context, exception: &Exception) {
    let Exception { frame, .. } = exception;
    context.report.detail(format_args!("{exception}"));
    for [(a, x), (b, y), (c, z)] in [
        [("RIP", frame.rip), ("RSP", frame.rsp), ("RFLAGS", frame.rflags)],
        [("RAX", frame.rax), ("RBX", frame.rbx), ("RCX", frame.rcx)],
        [("RDX", frame.rdx), ("RSI", frame.rsi), ("RDI", frame.rdi)],
        [("RBP", frame.rbp), ("CR0", frame.cr0), ("CR4", cr4())],
    ] {
        context.report.detail(format_args!("{a:6} {x:016X}  {b:6} {y:016X}  {c:6} {z:016X}"));
    }
}
