//! Rules on controls.

use vmx::Field;
use vmx::capability::msr;
use vmx::controls::ControlKind::{Entry, Exit, PinBased, Primary, Secondary, SecondaryExit, Tertiary};
use vmx::controls::{entry, exit, pin, primary, secondary, tertiary};

use super::Change::{Memory, Off, On, Processor, Set};
use super::{Case, Change, case};

const V: &str = "v8086";
const EPT: Change = On(Secondary, secondary::ENABLE_EPT);
const POINTER: Change = Set(Field::EPT_POINTER, 0x1E);
const TPR: Change = On(Primary, primary::USE_TPR_SHADOW);
const VAPIC: Change = Set(Field::VIRTUAL_APIC_ADDRESS, 0x1000);
const THRESHOLD: Change = Set(Field::TPR_THRESHOLD, 0);
const TERTIARY: Change = On(Primary, primary::ACTIVATE_TERTIARY_CONTROLS);
const VID: Change = On(Secondary, secondary::VIRTUAL_INTERRUPT_DELIVERY);
const EXTINT: Change = On(PinBased, pin::EXTERNAL_INTERRUPT_EXITING);
const POSTED: Change = On(PinBased, pin::PROCESS_POSTED_INTERRUPTS);
const ACK: Change = On(Exit, exit::ACKNOWLEDGE_INTERRUPT_ON_EXIT);
const NV: Change = Set(Field::POSTED_INTERRUPT_NOTIFICATION_VECTOR, 0xFF);
const PID: Change = Set(Field::POSTED_INTERRUPT_DESCRIPTOR_ADDRESS, 0x40);
const IPI: Change = On(Tertiary, tertiary::IPI_VIRTUALIZATION);
const TABLE: Change = Set(Field::PID_POINTER_TABLE_ADDRESS, 8);
const LAST: Change = Set(Field::LAST_PID_POINTER_INDEX, 0xFFFF);
const FUNCTIONS: Change = On(Secondary, secondary::ENABLE_VM_FUNCTIONS);
const SWITCHING: Change = Set(Field::VM_FUNCTION_CONTROLS, 1);
const LIST: Change = Set(Field::EPTP_LIST_ADDRESS, 0x1000);
const PT: Change = On(Secondary, secondary::INTEL_PT_USES_GUEST_PHYSICAL_ADDRESSES);
const PT_LOAD: Change = On(Entry, entry::LOAD_IA32_RTIT_CTL);
const PT_CLEAR: Change = On(Exit, exit::CLEAR_IA32_RTIT_CTL);
const RTIT: Change = Set(Field::GUEST_IA32_RTIT_CTL, 0);
const WORD: Field = Field::VM_ENTRY_INTERRUPTION_INFORMATION;
const LENGTH: Field = Field::VM_ENTRY_INSTRUCTION_LENGTH;
const PML: Change = On(Secondary, secondary::ENABLE_PML);
const SPP: Change = On(Secondary, secondary::SUB_PAGE_WRITE_PERMISSIONS);
const TIMER: Change = On(Tertiary, tertiary::APIC_TIMER_VIRTUALIZATION);
const TIMER_VECTOR: Change = Set(Field::VIRTUAL_TIMER_VECTOR, 0xFF);
const HLAT: Change = On(Tertiary, tertiary::ENABLE_HLAT);
const HLATP: Change = Set(Field::HLAT_POINTER, 0x1018);

#[rustfmt::skip]
pub const CASES: &[Case] = &[
    case("control.pin_based.allowed", V, &[Off(PinBased, 2)], &[EXTINT]),
    case("control.primary.allowed", V, &[Off(Primary, 2)], &[On(Primary, primary::RDTSC_EXITING)]),
    case("control.secondary.allowed", V, &[On(Secondary, secondary::WBINVD_EXITING), Processor(|c| c.set(msr::PROCBASED_CTLS2, 0))],
        &[On(Secondary, secondary::WBINVD_EXITING), Off(Primary, primary::ACTIVATE_SECONDARY_CONTROLS), Processor(|c| c.set(msr::PROCBASED_CTLS2, 0))]),
    case("control.tertiary.allowed", V, &[TERTIARY, Set(Field::TERTIARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, 1 << 9)],
        &[TERTIARY, Set(Field::TERTIARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, tertiary::LOADIWKEY_EXITING)]),
    case("control.cr3_target_count", V, &[Set(Field::CR3_TARGET_COUNT, 5)], &[Set(Field::CR3_TARGET_COUNT, 4)]),
    case("control.io_bitmaps.address", V, &[Set(Field::IO_BITMAP_B_ADDRESS, 1 << 40)], &[Set(Field::IO_BITMAP_B_ADDRESS, 0xFF_FFFF_F000)]),
    case("control.msr_bitmaps.address", V, &[On(Primary, primary::USE_MSR_BITMAPS), Set(Field::MSR_BITMAPS_ADDRESS, 0x1800)],
        &[On(Primary, primary::USE_MSR_BITMAPS), Set(Field::MSR_BITMAPS_ADDRESS, 0x1000)]),
    case("control.virtual_apic.address", V, &[TPR, THRESHOLD, Set(Field::VIRTUAL_APIC_ADDRESS, 0x1001)], &[TPR, THRESHOLD, VAPIC]),
    case("control.tpr_threshold.reserved", V, &[TPR, VAPIC, Set(Field::TPR_THRESHOLD, 0x10)],
        &[TPR, VAPIC, EXTINT, VID, Set(Field::TPR_THRESHOLD, 0x10)]),
    case("control.tpr_threshold.vtpr", V, &[TPR, VAPIC, Set(Field::TPR_THRESHOLD, 5), Memory(0x1080, 0x4F)],
        &[TPR, VAPIC, Set(Field::TPR_THRESHOLD, 5), Memory(0x1080, 0x50)]),
    case("control.virtual_nmis", V, &[On(PinBased, pin::VIRTUAL_NMIS)], &[On(PinBased, pin::VIRTUAL_NMIS | pin::NMI_EXITING)]),
    case("control.nmi_window", V, &[On(Primary, primary::NMI_WINDOW_EXITING)],
        &[On(Primary, primary::NMI_WINDOW_EXITING), On(PinBased, pin::VIRTUAL_NMIS | pin::NMI_EXITING)]),
    case("control.apic_access.address", V, &[On(Secondary, secondary::VIRTUALIZE_APIC_ACCESSES), Set(Field::APIC_ACCESS_ADDRESS, 1)],
        &[On(Secondary, secondary::VIRTUALIZE_APIC_ACCESSES), Set(Field::APIC_ACCESS_ADDRESS, 0)]),
    case("control.tpr_shadow", V, &[On(Secondary, secondary::APIC_REGISTER_VIRTUALIZATION)],
        &[On(Secondary, secondary::APIC_REGISTER_VIRTUALIZATION), TPR, VAPIC, THRESHOLD]),
    case("control.tpr_shadow.ipi", V, &[TERTIARY, IPI, TABLE, LAST], &[TERTIARY, IPI, TABLE, LAST, TPR, VAPIC, THRESHOLD]),
    case("control.x2apic_mode", V, &[On(Secondary, secondary::VIRTUALIZE_X2APIC_MODE | secondary::VIRTUALIZE_APIC_ACCESSES), TPR, VAPIC, THRESHOLD, Set(Field::APIC_ACCESS_ADDRESS, 0)],
        &[On(Secondary, secondary::VIRTUALIZE_X2APIC_MODE), TPR, VAPIC, THRESHOLD]),
    case("control.virtual_interrupt_delivery", V, &[VID, TPR, VAPIC], &[VID, TPR, VAPIC, EXTINT]),
    case("control.posted_interrupts.delivery", V, &[POSTED, ACK, NV, PID], &[POSTED, ACK, NV, PID, VID, TPR, VAPIC, EXTINT]),
    case("control.posted_interrupts.acknowledge", V, &[POSTED, NV, PID, VID, TPR, VAPIC, EXTINT], &[POSTED, ACK, NV, PID, VID, TPR, VAPIC, EXTINT]),
    case("control.posted_interrupts.vector", V, &[POSTED, ACK, PID, VID, TPR, VAPIC, EXTINT, Set(Field::POSTED_INTERRUPT_NOTIFICATION_VECTOR, 0x100)],
        &[POSTED, ACK, NV, PID, VID, TPR, VAPIC, EXTINT]),
    case("control.posted_interrupts.descriptor", V, &[POSTED, ACK, NV, VID, TPR, VAPIC, EXTINT, Set(Field::POSTED_INTERRUPT_DESCRIPTOR_ADDRESS, 0x20)],
        &[POSTED, ACK, NV, PID, VID, TPR, VAPIC, EXTINT]),
    case("control.ipi.table", V, &[TERTIARY, IPI, TPR, VAPIC, THRESHOLD, LAST, Set(Field::PID_POINTER_TABLE_ADDRESS, 4)], &[TERTIARY, IPI, TABLE, LAST, TPR, VAPIC, THRESHOLD]),
    case("control.ipi.last", V, &[TERTIARY, IPI, TPR, VAPIC, THRESHOLD, LAST, Set(Field::PID_POINTER_TABLE_ADDRESS, 0xFF_FFF8_0008)],
        &[TERTIARY, IPI, TPR, VAPIC, THRESHOLD, LAST, Set(Field::PID_POINTER_TABLE_ADDRESS, 0xFF_FFF8_0000)]),
    case("control.vpid", V, &[On(Secondary, secondary::ENABLE_VPID), Set(Field::VIRTUAL_PROCESSOR_ID, 0)],
        &[On(Secondary, secondary::ENABLE_VPID), Set(Field::VIRTUAL_PROCESSOR_ID, 1)]),
    case("control.ept_pointer.memory_type", V, &[EPT, Set(Field::EPT_POINTER, 0x1C)], &[EPT, Set(Field::EPT_POINTER, 0x18)]),
    case("control.ept_pointer.walk", V, &[EPT, Set(Field::EPT_POINTER, 0x26)], &[EPT, POINTER]),
    case("control.ept_pointer.flags", V, &[EPT, Set(Field::EPT_POINTER, 0x5E)], &[EPT, Set(Field::EPT_POINTER, 0x5E), Processor(|c| c.set(msr::EPT_VPID_CAP, 0x0F01_0631_4141))]),
    case("control.ept_pointer.reserved", V, &[EPT, Set(Field::EPT_POINTER, 0x81E)], &[EPT, Set(Field::EPT_POINTER, 0x101E)]),
    case("control.pml.ept", V, &[PML, Set(Field::PML_ADDRESS, 0)], &[PML, EPT, POINTER, Set(Field::PML_ADDRESS, 0)]),
    case("control.pml.address", V, &[PML, EPT, POINTER, Set(Field::PML_ADDRESS, 0x800)], &[PML, EPT, POINTER, Set(Field::PML_ADDRESS, 0x1000)]),
    case("control.unrestricted_guest", V, &[On(Secondary, secondary::UNRESTRICTED_GUEST)], &[On(Secondary, secondary::UNRESTRICTED_GUEST), EPT, POINTER]),
    case("control.mode_based_execute", V, &[On(Secondary, secondary::MODE_BASED_EXECUTE_CONTROL_FOR_EPT)],
        &[On(Secondary, secondary::MODE_BASED_EXECUTE_CONTROL_FOR_EPT), EPT, POINTER]),
    case("control.spp.ept", V, &[SPP, Set(Field::SUB_PAGE_PERMISSION_TABLE_POINTER, 0)], &[SPP, EPT, POINTER, Set(Field::SUB_PAGE_PERMISSION_TABLE_POINTER, 0)]),
    case("control.spp.address", V, &[SPP, EPT, POINTER, Set(Field::SUB_PAGE_PERMISSION_TABLE_POINTER, 1)],
        &[SPP, EPT, POINTER, Set(Field::SUB_PAGE_PERMISSION_TABLE_POINTER, 0x1000)]),
    case("control.pt.ept", V, &[PT, PT_LOAD, PT_CLEAR, RTIT], &[PT, PT_LOAD, PT_CLEAR, RTIT, EPT, POINTER]),
    case("control.hlat.ept", V, &[TERTIARY, HLAT, HLATP], &[TERTIARY, HLAT, HLATP, EPT, POINTER]),
    case("control.paging_write.ept", V, &[TERTIARY, On(Tertiary, tertiary::EPT_PAGING_WRITE_CONTROL)], &[TERTIARY, On(Tertiary, tertiary::EPT_PAGING_WRITE_CONTROL), EPT, POINTER]),
    case("control.guest_paging.ept", V, &[TERTIARY, On(Tertiary, tertiary::GUEST_PAGING_VERIFICATION)], &[TERTIARY, On(Tertiary, tertiary::GUEST_PAGING_VERIFICATION), EPT, POINTER]),
    case("control.vm_functions.reserved", V, &[FUNCTIONS, Set(Field::VM_FUNCTION_CONTROLS, 2)], &[FUNCTIONS, EPT, POINTER, SWITCHING, LIST]),
    case("control.eptp_switching.ept", V, &[FUNCTIONS, SWITCHING, LIST], &[FUNCTIONS, Set(Field::VM_FUNCTION_CONTROLS, 0)]),
    case("control.eptp_switching.address", V, &[FUNCTIONS, SWITCHING, EPT, POINTER, Set(Field::EPTP_LIST_ADDRESS, 0xFFF)], &[FUNCTIONS, SWITCHING, EPT, POINTER, LIST]),
    case("control.vmcs_shadowing.address", V, &[On(Secondary, secondary::VMCS_SHADOWING), Set(Field::VMREAD_BITMAP_ADDRESS, 0), Set(Field::VMWRITE_BITMAP_ADDRESS, 1)],
        &[On(Secondary, secondary::VMCS_SHADOWING), Set(Field::VMREAD_BITMAP_ADDRESS, 0), Set(Field::VMWRITE_BITMAP_ADDRESS, 0)]),
    case("control.virtualization_exception.address", V, &[On(Secondary, secondary::EPT_VIOLATION_VE), Set(Field::VIRTUALIZATION_EXCEPTION_INFORMATION_ADDRESS, 1 << 40)],
        &[On(Secondary, secondary::EPT_VIOLATION_VE), Set(Field::VIRTUALIZATION_EXCEPTION_INFORMATION_ADDRESS, 1 << 39)]),
    case("control.pt.load", V, &[PT, PT_CLEAR, EPT, POINTER], &[PT, PT_LOAD, PT_CLEAR, RTIT, EPT, POINTER]),
    case("control.pt.clear", V, &[PT, PT_LOAD, RTIT, EPT, POINTER], &[PT, PT_LOAD, PT_CLEAR, RTIT, EPT, POINTER]),
    case("control.tsc_multiplier", V, &[On(Secondary, secondary::USE_TSC_SCALING), Set(Field::TSC_MULTIPLIER, 0)],
        &[On(Secondary, secondary::USE_TSC_SCALING), Set(Field::TSC_MULTIPLIER, 1)]),
    case("control.pasid.address", V, &[On(Secondary, secondary::PASID_TRANSLATION), Set(Field::LOW_PASID_DIRECTORY_ADDRESS, 2), Set(Field::HIGH_PASID_DIRECTORY_ADDRESS, 0)],
        &[On(Secondary, secondary::PASID_TRANSLATION), Set(Field::LOW_PASID_DIRECTORY_ADDRESS, 0x1000), Set(Field::HIGH_PASID_DIRECTORY_ADDRESS, 0)]),
    case("control.hlat.pointer", V, &[TERTIARY, HLAT, EPT, POINTER, Set(Field::HLAT_POINTER, 0x1020)], &[TERTIARY, HLAT, EPT, POINTER, HLATP]),
    case("control.apic_timer.delivery", V, &[TERTIARY, TIMER, TIMER_VECTOR], &[TERTIARY, TIMER, TIMER_VECTOR, VID, TPR, VAPIC, EXTINT]),
    case("control.apic_timer.rdtsc", V, &[TERTIARY, TIMER, TIMER_VECTOR, VID, TPR, VAPIC, EXTINT, On(Primary, primary::RDTSC_EXITING)],
        &[TERTIARY, TIMER, TIMER_VECTOR, VID, TPR, VAPIC, EXTINT]),
    case("control.apic_timer.vector", V, &[TERTIARY, TIMER, VID, TPR, VAPIC, EXTINT, Set(Field::VIRTUAL_TIMER_VECTOR, 0x100)],
        &[TERTIARY, TIMER, TIMER_VECTOR, VID, TPR, VAPIC, EXTINT]),
    case("control.exit.allowed", V, &[Off(Exit, 1)], &[On(Exit, exit::SAVE_IA32_PAT)]),
    case("control.secondary_exit.allowed", V, &[On(Exit, exit::ACTIVATE_SECONDARY_CONTROLS), Set(SecondaryExit.field(), 0x10)],
        &[On(Exit, exit::ACTIVATE_SECONDARY_CONTROLS), Set(SecondaryExit.field(), 8)]),
    case("control.exit.save_preemption_timer", V, &[On(Exit, exit::SAVE_VMX_PREEMPTION_TIMER_VALUE)],
        &[On(Exit, exit::SAVE_VMX_PREEMPTION_TIMER_VALUE), On(PinBased, pin::ACTIVATE_VMX_PREEMPTION_TIMER)]),
    case("control.exit.msr_store", V, &[Set(Field::VM_EXIT_MSR_STORE_COUNT, 1), Set(Field::VM_EXIT_MSR_STORE_ADDRESS, 8)],
        &[Set(Field::VM_EXIT_MSR_STORE_COUNT, 1), Set(Field::VM_EXIT_MSR_STORE_ADDRESS, 16)]),
    case("control.exit.msr_store.last", V, &[Set(Field::VM_EXIT_MSR_STORE_COUNT, 2), Set(Field::VM_EXIT_MSR_STORE_ADDRESS, 0xFF_FFFF_FFF0)],
        &[Set(Field::VM_EXIT_MSR_STORE_COUNT, 1), Set(Field::VM_EXIT_MSR_STORE_ADDRESS, 0xFF_FFFF_FFF0)]),
    case("control.exit.msr_load", V, &[Set(Field::VM_EXIT_MSR_LOAD_COUNT, 1), Set(Field::VM_EXIT_MSR_LOAD_ADDRESS, 1 << 40)],
        &[Set(Field::VM_EXIT_MSR_LOAD_COUNT, 1), Set(Field::VM_EXIT_MSR_LOAD_ADDRESS, 1 << 39)]),
    case("control.exit.msr_load.last", V, &[Set(Field::VM_EXIT_MSR_LOAD_COUNT, 2), Set(Field::VM_EXIT_MSR_LOAD_ADDRESS, 0xFF_FFFF_FFF0)],
        &[Set(Field::VM_EXIT_MSR_LOAD_COUNT, 2), Set(Field::VM_EXIT_MSR_LOAD_ADDRESS, 0xFF_FFFF_FFE0)]),
    case("control.entry.allowed", V, &[Off(Entry, 1)], &[On(Entry, entry::CONCEAL_VMX_FROM_PT)]),
    case("control.entry.event.type", V, &[Set(WORD, 0x8000_0108)], &[Set(WORD, 0x8000_0202)]),
    case("control.entry.event.type", V, &[Set(WORD, 0x8000_0700), Processor(|c| c.set(msr::TRUE_PROCBASED_CTLS, 0xF7F9_FFFE_0400_6172))],
        &[Set(WORD, 0x8000_0700)]),
    case("control.entry.event.vector", V, &[Set(WORD, 0x8000_0203)], &[Set(WORD, 0x8000_031F)]),
    case("control.entry.event.vector", V, &[Set(WORD, 0x8000_0701), Set(LENGTH, 1)], &[Set(WORD, 0x8000_0700)]),
    case("control.entry.event.deliver_error_code", V, &[Set(WORD, 0x8000_030D)], &[Set(WORD, 0x8000_0B0D), Set(Field::VM_ENTRY_EXCEPTION_ERROR_CODE, 0xFFFF)]),
    case("control.entry.event.no_error_code", V, &[Set(WORD, 0x8000_0B06)], &[Set(WORD, 0x8000_0B06), Processor(|c| c.set(msr::BASIC, 0x01D8_1000_0000_002B))]),
    case("control.entry.event.no_error_code", "real", &[Set(WORD, 0x8000_0B0D)], &[Set(WORD, 0x8000_030D)]),
    case("control.entry.event.nested", V, &[Set(WORD, 0x8000_2306)], &[Set(WORD, 0x8000_2306), Processor(|c| c.set(msr::BASIC, 0x05D8_1000_0000_002B))]),
    case("control.entry.event.reserved", V, &[Set(WORD, 0x8000_1306)], &[Set(WORD, 0x8000_0306)]),
    case("control.entry.event.error_code", V, &[Set(WORD, 0x8000_0B0D), Set(Field::VM_ENTRY_EXCEPTION_ERROR_CODE, 0x1_0000)],
        &[Set(WORD, 0x8000_0B0D), Set(Field::VM_ENTRY_EXCEPTION_ERROR_CODE, 0xFFFF)]),
    case("control.entry.event.instruction_length", V, &[Set(WORD, 0x8000_0408), Set(LENGTH, 16)], &[Set(WORD, 0x8000_0408), Set(LENGTH, 15)]),
    case("control.entry.event.instruction_length", V, &[Set(WORD, 0x8000_0603), Set(LENGTH, 0)],
        &[Set(WORD, 0x8000_0603), Set(LENGTH, 0), Processor(|c| c.set(msr::MISC, 0x6004_01E0))]),
    case("control.entry.msr_load", V, &[Set(Field::VM_ENTRY_MSR_LOAD_COUNT, 1), Set(Field::VM_ENTRY_MSR_LOAD_ADDRESS, 8)],
        &[Set(Field::VM_ENTRY_MSR_LOAD_COUNT, 1), Set(Field::VM_ENTRY_MSR_LOAD_ADDRESS, 16)]),
    case("control.entry.msr_load.last", V, &[Set(Field::VM_ENTRY_MSR_LOAD_COUNT, 2), Set(Field::VM_ENTRY_MSR_LOAD_ADDRESS, 0xFF_FFFF_FFF0)],
        &[Set(Field::VM_ENTRY_MSR_LOAD_COUNT, 1), Set(Field::VM_ENTRY_MSR_LOAD_ADDRESS, 0xFF_FFFF_FFF0)]),
    case("control.entry.outside_smm", V, &[On(Entry, entry::ENTRY_TO_SMM)], &[]),
    case("control.entry.outside_smm", V, &[On(Entry, entry::DEACTIVATE_DUAL_MONITOR_TREATMENT)], &[]),
];
