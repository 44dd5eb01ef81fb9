//! What is told of an access to guest-physical memory that no back-end has an answer to: an EPT violation inside the RAM,
//! or a misconfiguration. Either is a bug of the VMM, so all of the walk is told.

use vmx::Field;
use vmx::exit::EptViolation;
use wire::LineKind;

use crate::cpu::vmx::vmread;
use crate::failure::{Failure, unexpected};
use crate::report::Reporter;

use super::vm::Vm;

/// Tells of the access, with the entries that it met. `None`: a misconfiguration.
pub fn tell(vm: &Vm, report: &mut Reporter, violation: Option<EptViolation>) -> Failure {
    let physical = vmread(Field::GUEST_PHYSICAL_ADDRESS);
    if let Some(access) = violation {
        report.line(LineKind::Error, format_args!("EPT violation at {physical:X}h: {access}"));
        if access.linear_address_valid() {
            let linear = vmread(Field::GUEST_LINEAR_ADDRESS);
            report.line(LineKind::Detail, format_args!("linear address {linear:X}h"));
        }
    } else {
        report.line(LineKind::Error, format_args!("EPT misconfiguration at {physical:X}h"));
    }
    vm.space.walk(physical, &mut |entry, misconfiguration| {
        report.line(LineKind::Detail, format_args!("{entry}"));
        if let Some(why) = misconfiguration {
            report.line(LineKind::Detail, format_args!("{why}"));
        }
    });
    let what = if violation.is_some() { "violation" } else { "misconfiguration" };
    unexpected(format_args!("EPT {what} at {physical:X}h, RIP {:X}h", vm.at.rip))
}
