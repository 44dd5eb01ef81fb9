//! From the CPU initialisations to VMXOFF around a component, for demos whose point is what happens in between.

use wire::Record;

use crate::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lifecycle::{audit, enter_vmx, leave_vmx};
use crate::probe;
use crate::report::Reporter;

use super::component_vm::{Planned, RunningVm};

/// Prepares the processor, plans a VM, lets `prepare` change the plan, checks and launches it, and hands the running
/// guest, at its first exit, to `work`. Then the VM is taken down and its memory is checked.
///
/// # Errors
/// What the processor refuses; what `work` returns; damage.
pub fn run(
    context: &mut Context,
    prepare: impl FnOnce(&mut Planned),
    work: impl FnOnce(&mut Reporter, &mut RunningVm, Exit) -> Result<(), Failure>,
) -> Result<(), Failure> {
    context.report.heading(format_args!("CPU initialisations"));
    let processor = probe::prepare(&mut context.report, None)?;
    context.report.heading(format_args!("VMX operation"));
    let operation = enter_vmx(context, &processor)?;
    let mut planned = Planned::new(context, &operation, &processor)?;
    prepare(&mut planned);
    let report = &mut context.report;
    for (field, value) in planned.machine.entries() {
        report.record(&Record::Machine(field.encoding(), value));
    }
    let broken_rules = audit(report, &planned.machine, &processor.capabilities);
    if broken_rules > 0 {
        return Err(Failure::Audit(broken_rules));
    }
    report.step(format_args!(
        "machine: {} entries planned, no rule broken; VMWRITE of each",
        planned.machine.len()
    ));
    report.heading(format_args!("VMLAUNCH"));
    let (mut running, exit) = planned.launch(report)?;
    work(report, &mut running, exit)?;
    report.heading(format_args!("The end"));
    running.finish(report)?;
    leave_vmx(context, operation)
}
