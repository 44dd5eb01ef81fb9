//! VMXON, VMCLEAR, VMPTRLD and VMXOFF, each reported as a step: the frame around every guest.

use vmx::{Capabilities, Field, Machine};
use wire::{LineKind, Record};

use crate::Context;
use crate::cpu::vmx::vmread;
use crate::failure::{Failure, unexpected};
use crate::operation::{CurrentVmcs, VmxOperation};
use crate::probe::Processor;
use crate::report::Reporter;

/// VMXON with the revision identifier that the processor names, reported.
///
/// # Errors
/// What the processor refuses.
pub fn enter_vmx(context: &mut Context, processor: &Processor) -> Result<VmxOperation, Failure> {
    let revision = processor.capabilities.revision();
    let operation = VmxOperation::enter(context.frames.take()?, revision)?;
    context.report.step(format_args!(
        "VMXON: region at {:X}h, revision {revision:X}h as MSR 480h says",
        operation.region().0
    ));
    Ok(operation)
}

/// VMXOFF, reported.
///
/// # Errors
/// What the processor refuses.
pub fn leave_vmx(context: &mut Context, operation: VmxOperation) -> Result<(), Failure> {
    operation.leave().map_err(|failure| Failure::Instruction("VMXOFF", failure))?;
    context.report.step(format_args!("VMXOFF: VMX operation ended"));
    Ok(())
}

/// VMCLEAR and VMPTRLD of a new VMCS, each reported; VMPTRST must agree.
///
/// # Errors
/// What the processor refuses.
pub fn make_current<'vmx>(
    context: &mut Context,
    operation: &'vmx VmxOperation,
    processor: &Processor,
) -> Result<CurrentVmcs<'vmx>, Failure> {
    let revision = processor.capabilities.revision();
    let frame = context.frames.take()?;
    let clear =
        operation.clear(frame, revision).map_err(|failure| Failure::Instruction("VMCLEAR", failure))?;
    let region = clear.region();
    context.report.step(format_args!("VMCLEAR: VMCS at {:X}h, revision {revision:X}h", region.0));
    let current = clear.load().map_err(|failure| Failure::Instruction("VMPTRLD", failure))?;
    if operation.current() != region {
        return Err(unexpected(format_args!("VMPTRST says {:X}h is current", operation.current().0)));
    }
    context.report.step(format_args!("VMPTRLD: the VMCS is current; VMPTRST agrees"));
    Ok(current)
}

/// Audits what the current VMCS holds, after an entry that failed: reports every field, for programs, and every broken
/// rule.
pub fn audit_current(report: &mut Reporter, capabilities: &Capabilities) {
    let mut machine = Machine::new();
    for field in Field::ALL.into_iter().filter(|field| capabilities.has_field(*field)) {
        machine.set(field, vmread(field));
        report.record(&Record::Machine(field.encoding(), vmread(field)));
    }
    audit(report, &machine, capabilities);
}

/// Checks a plan by the manual's rules; each broken one is reported. Returns how many.
pub fn audit(report: &mut Reporter, machine: &Machine, capabilities: &Capabilities) -> usize {
    let mut broken_rules = 0;
    vmx::audit::check(machine, capabilities, &mut |violation| {
        broken_rules += 1;
        report.line(LineKind::Error, format_args!("{violation}"));
    });
    broken_rules
}
