//! Where the manual describes a field.

use vmx::Field;
use vmx::controls::ControlKind;
use vmx::field::{Kind, Requirement};

/// Number and title of the section about `field`, in the numbering that the `vmx` crate pins.
pub fn section(field: Field) -> (&'static str, &'static str) {
    match field.kind() {
        Kind::Host => ("26.5", "Host-State Area"),
        Kind::Guest => guest(field),
        Kind::ExitInformation => exit_information(field),
        Kind::Control => control(field),
    }
}

fn guest(field: Field) -> (&'static str, &'static str) {
    let is_no_register = matches!(
        field,
        Field::GUEST_ACTIVITY_STATE
            | Field::GUEST_INTERRUPTIBILITY_STATE
            | Field::GUEST_PENDING_DEBUG_EXCEPTIONS
            | Field::VMCS_LINK_POINTER
            | Field::VMX_PREEMPTION_TIMER_VALUE
            | Field::GUEST_PDPTE0
            | Field::GUEST_PDPTE1
            | Field::GUEST_PDPTE2
            | Field::GUEST_PDPTE3
            | Field::GUEST_INTERRUPT_STATUS
            | Field::PML_INDEX
            | Field::GUEST_UINV
    );
    if is_no_register { ("26.4.2", "Guest Non-Register State") } else { ("26.4.1", "Guest Register State") }
}

fn exit_information(field: Field) -> (&'static str, &'static str) {
    match field {
        Field::VM_INSTRUCTION_ERROR => ("26.9.5", "VM-Instruction Error Field"),
        Field::VM_EXIT_INTERRUPTION_INFORMATION | Field::VM_EXIT_INTERRUPTION_ERROR_CODE => {
            ("26.9.2", "Information for VM Exits Due to Vectored Events")
        }
        Field::IDT_VECTORING_INFORMATION | Field::IDT_VECTORING_ERROR_CODE => {
            ("26.9.3", "Information for VM Exits That Occur During Event Delivery")
        }
        Field::VM_EXIT_INSTRUCTION_LENGTH
        | Field::VM_EXIT_INSTRUCTION_INFORMATION
        | Field::IO_RCX
        | Field::IO_RSI
        | Field::IO_RDI
        | Field::IO_RIP => ("26.9.4", "Information for VM Exits Due to Instruction Execution"),
        _ => ("26.9.1", "Basic VM-Exit Information"),
    }
}

fn control(field: Field) -> (&'static str, &'static str) {
    match field {
        Field::PIN_BASED_VM_EXECUTION_CONTROLS => ("26.6.1", "Pin-Based VM-Execution Controls"),
        Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS
        | Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS
        | Field::TERTIARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS => {
            ("26.6.2", "Processor-Based VM-Execution Controls")
        }
        Field::EXCEPTION_BITMAP | Field::PAGE_FAULT_ERROR_CODE_MASK | Field::PAGE_FAULT_ERROR_CODE_MATCH => {
            ("26.6.3", "Exception Bitmap")
        }
        Field::IO_BITMAP_A_ADDRESS | Field::IO_BITMAP_B_ADDRESS => ("26.6.4", "I/O-Bitmap Addresses"),
        Field::TSC_OFFSET | Field::TSC_MULTIPLIER => ("26.6.5", "Time-Stamp Counter Offset and Multiplier"),
        Field::CR0_GUEST_HOST_MASK
        | Field::CR4_GUEST_HOST_MASK
        | Field::CR0_READ_SHADOW
        | Field::CR4_READ_SHADOW => ("26.6.6", "Guest/Host Masks and Read Shadows for CR0 and CR4"),
        Field::CR3_TARGET_COUNT
        | Field::CR3_TARGET_VALUE_0
        | Field::CR3_TARGET_VALUE_1
        | Field::CR3_TARGET_VALUE_2
        | Field::CR3_TARGET_VALUE_3 => ("26.6.7", "CR3-Target Controls"),
        Field::VIRTUAL_APIC_ADDRESS
        | Field::APIC_ACCESS_ADDRESS
        | Field::TPR_THRESHOLD
        | Field::EOI_EXIT_BITMAP_0
        | Field::EOI_EXIT_BITMAP_1
        | Field::EOI_EXIT_BITMAP_2
        | Field::EOI_EXIT_BITMAP_3
        | Field::POSTED_INTERRUPT_NOTIFICATION_VECTOR
        | Field::POSTED_INTERRUPT_DESCRIPTOR_ADDRESS => ("26.6.8", "Controls for APIC Virtualization"),
        Field::MSR_BITMAPS_ADDRESS => ("26.6.9", "MSR-Bitmap Address"),
        Field::EXECUTIVE_VMCS_POINTER => ("26.6.10", "Executive-VMCS Pointer"),
        Field::EPT_POINTER => ("26.6.11", "Extended-Page-Table Pointer (EPTP)"),
        Field::VIRTUAL_PROCESSOR_ID => ("26.6.12", "Virtual-Processor Identifier (VPID)"),
        Field::PLE_GAP | Field::PLE_WINDOW => ("26.6.13", "Controls for PAUSE-Loop Exiting"),
        Field::VM_FUNCTION_CONTROLS | Field::EPTP_LIST_ADDRESS => ("26.6.14", "VM-Function Controls"),
        Field::VMREAD_BITMAP_ADDRESS | Field::VMWRITE_BITMAP_ADDRESS => {
            ("26.6.15", "VMCS Shadowing Bitmap Addresses")
        }
        Field::PRIMARY_VM_EXIT_CONTROLS | Field::SECONDARY_VM_EXIT_CONTROLS => ("26.7.1", "VM-Exit Controls"),
        Field::VM_EXIT_MSR_STORE_COUNT
        | Field::VM_EXIT_MSR_STORE_ADDRESS
        | Field::VM_EXIT_MSR_LOAD_COUNT
        | Field::VM_EXIT_MSR_LOAD_ADDRESS => ("26.7.2", "VM-Exit Controls for MSRs"),
        Field::VM_ENTRY_CONTROLS => ("26.8.1", "VM-Entry Controls"),
        Field::VM_ENTRY_MSR_LOAD_COUNT | Field::VM_ENTRY_MSR_LOAD_ADDRESS => {
            ("26.8.2", "VM-Entry Controls for MSRs")
        }
        Field::VM_ENTRY_INTERRUPTION_INFORMATION
        | Field::VM_ENTRY_EXCEPTION_ERROR_CODE
        | Field::VM_ENTRY_INSTRUCTION_LENGTH
        | Field::INJECTED_EVENT_DATA => ("26.8.3", "VM-Entry Controls for Event Injection"),
        _ => ("26.6", "VM-Execution Control Fields"),
    }
}

/// Which area of the VMCS, in words.
pub fn area(kind: Kind) -> &'static str {
    match kind {
        Kind::Control => "control field",
        Kind::ExitInformation => "read-only data field",
        Kind::Guest => "guest-state field",
        Kind::Host => "host-state field",
    }
}

/// When a field exists, in words.
pub fn existence(requirement: Requirement) -> String {
    match requirement {
        Requirement::Always => "on every processor with VMX".into(),
        Requirement::Control(_) | Requirement::Either(..) => {
            format!("where the processor allows {requirement}")
        }
        Requirement::Cr3Targets(_) | Requirement::VmFunction(_) | Requirement::Seam => {
            format!("where the processor has {requirement}")
        }
    }
}

/// The section about a control word's capability MSR.
pub fn capability_section(kind: ControlKind) -> (&'static str, &'static str) {
    match kind {
        ControlKind::PinBased | ControlKind::Primary | ControlKind::Secondary | ControlKind::Tertiary => {
            ("A.3", "VM-Execution Controls")
        }
        ControlKind::Exit | ControlKind::SecondaryExit => ("A.4", "VM-Exit Controls"),
        ControlKind::Entry => ("A.5", "VM-Entry Controls"),
    }
}
