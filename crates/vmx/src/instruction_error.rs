//! VM-instruction errors: why a VMX instruction failed with VMfailValid.
//!
//! "VM Instruction Error Numbers" (section 32.4). The number is in the field VM_INSTRUCTION_ERROR of the current VMCS;
//! without a current VMCS an instruction can only fail with VMfailInvalid, which has no number.

use core::fmt;

/// An error number from the VM-instruction error field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InstructionError(pub u32);

impl InstructionError {
    /// VMLAUNCH of a VMCS that is not clear.
    pub const VMLAUNCH_NOT_CLEAR: InstructionError = InstructionError(4);
    /// VMRESUME of a VMCS that is not launched.
    pub const VMRESUME_NOT_LAUNCHED: InstructionError = InstructionError(5);
    /// VM entry refused for a control field.
    pub const ENTRY_INVALID_CONTROL: InstructionError = InstructionError(7);
    /// VM entry refused for a host-state field.
    pub const ENTRY_INVALID_HOST_STATE: InstructionError = InstructionError(8);
    /// VMREAD or VMWRITE of a field that does not exist.
    pub const UNSUPPORTED_FIELD: InstructionError = InstructionError(12);

    /// What the number means; `None` for one that the manual does not define.
    pub const fn meaning(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "no error",
            1 => "VMCALL in VMX root operation",
            2 => "VMCLEAR with an address that is not aligned or too wide",
            3 => "VMCLEAR of the VMXON region",
            4 => "VMLAUNCH of a VMCS that is not clear: VMCLEAR it first, or use VMRESUME",
            5 => "VMRESUME of a VMCS that was not launched: use VMLAUNCH",
            6 => "VMRESUME after VMXOFF: the VMCS was active when VMX operation was left",
            7 => "VM entry with an invalid control field",
            8 => "VM entry with an invalid host-state field",
            9 => "VMPTRLD with an address that is not aligned or too wide",
            10 => "VMPTRLD of the VMXON region",
            11 => "VMPTRLD of a VMCS whose revision identifier is not this processor's",
            12 => "VMREAD or VMWRITE of a field that this processor does not have",
            13 => "VMWRITE to a read-only field",
            15 => "VMXON in VMX root operation",
            16 => "VM entry from SMM with an invalid executive-VMCS pointer",
            17 => "VM entry from SMM with an executive VMCS that was not launched",
            18 => {
                "VM entry from SMM whose executive-VMCS pointer is not the VMXON pointer, \
                 while it deactivates the dual-monitor treatment"
            }
            19 => "VMCALL to activate the dual-monitor treatment with a VMCS that is not clear",
            20 => "VMCALL to activate the dual-monitor treatment with invalid VM-exit controls",
            22 => "VMCALL to activate the dual-monitor treatment with a wrong MSEG revision identifier",
            23 => "VMXOFF while the dual-monitor treatment is active",
            24 => "VMCALL to activate the dual-monitor treatment with invalid SMM-monitor features",
            25 => "VM entry from SMM with invalid VM-execution controls in the executive VMCS",
            26 => "VM entry right after MOV SS or POP SS",
            28 => "INVEPT or INVVPID with an invalid operand",
            _ => return None,
        })
    }
}

/// The number and its meaning, such as `error 8: VM entry with an invalid host-state field`.
impl fmt::Display for InstructionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error {}: {}", self.0, self.meaning().unwrap_or("not defined by the manual"))
    }
}
