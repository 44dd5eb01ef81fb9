//! In-class exercise 2: the CPU initialisations, VMXON and VMXOFF.

use crate::failure::Failure;
use crate::lifecycle::{enter_vmx, leave_vmx};
use crate::probe;
use crate::{Context, Ending};

use super::done;

/// # Errors
/// What the processor refuses.
pub fn show(context: &mut Context) -> Result<Ending, Failure> {
    context.report.heading(format_args!("CPU initialisations"));
    let processor = probe::prepare(&mut context.report, None)?;
    context.report.heading(format_args!("VMX operation"));
    let operation = enter_vmx(context, &processor)?;
    leave_vmx(context, operation)?;
    Ok(done("VMXON and VMXOFF succeeded"))
}
