//! In-class exercise 2: the CPU initialisations, VMXON and VMXOFF.

use crate::failure::Failure;
use crate::operation::VmxOperation;
use crate::probe::{self, Processor};
use crate::{Context, Ending};

use super::done;

/// # Errors
/// What the processor refuses.
pub fn show(context: &mut Context) -> Result<Ending, Failure> {
    context.report.heading(format_args!("CPU initialisations"));
    let processor = probe::prepare(&mut context.report, None)?;
    context.report.heading(format_args!("VMX operation"));
    let operation = enter(context, &processor)?;
    leave(context, operation)?;
    Ok(done("VMXON and VMXOFF succeeded"))
}

/// VMXON with the revision identifier that the processor names, reported.
///
/// # Errors
/// What the processor refuses.
pub fn enter(context: &mut Context, processor: &Processor) -> Result<VmxOperation, Failure> {
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
pub fn leave(context: &mut Context, operation: VmxOperation) -> Result<(), Failure> {
    operation.leave().map_err(|failure| Failure::Instruction("VMXOFF", failure))?;
    context.report.step(format_args!("VMXOFF: VMX operation ended"));
    Ok(())
}
