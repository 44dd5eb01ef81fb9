//! Rules on VM-execution controls ("VM-Execution Control Fields", section 28.2.1.1).

use super::super::engine::{Audit, Decision, HOLDS, Row, Test, bits, demand, off, on, state};
use super::super::finding::{Demand, Evidence, Why};
use super::super::rule::{Rule, section::EXECUTION_CONTROLS as S};
use super::super::state::EPTP_SWITCHING;
use crate::capability::msr;
use crate::controls::ControlKind::{self, Entry, Exit, PinBased, Primary, Secondary, Tertiary};
use crate::controls::{entry, exit, pin, primary, secondary, tertiary};
use crate::field::Field;

const PIN_FIELD: Field = PinBased.field();
const PRIMARY_FIELD: Field = Primary.field();
const SECONDARY_FIELD: Field = Secondary.field();
const TERTIARY_FIELD: Field = Tertiary.field();
const EPT: Test = Test::Control(secondary::ENABLE_EPT);
const DELIVERY: Test = Test::Control(secondary::VIRTUAL_INTERRUPT_DELIVERY);
/// The low bits of a page's address.
const PAGE: Test = Test::Address(0xFFF);

#[rustfmt::skip]
pub(in super::super) static ROWS: &[Row] = &[
    Row { rule: &Rule::control("control.pin_based.allowed", S,
            "Each pin-based control must have a setting that the capability MSR allows."),
        when: &[], fields: &[PIN_FIELD], test: Test::Special(allowed) },
    Row { rule: &Rule::control("control.primary.allowed", S,
            "Each primary processor-based control must have a setting that the capability MSR allows."),
        when: &[], fields: &[PRIMARY_FIELD], test: Test::Special(allowed) },
    Row { rule: &Rule::control("control.secondary.allowed", S,
            "Each activated secondary control must have a setting that the capability MSR allows."),
        when: &[on(Primary, primary::ACTIVATE_SECONDARY_CONTROLS)],
        fields: &[SECONDARY_FIELD], test: Test::Special(allowed) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.tertiary.allowed", S,
            "Each activated tertiary control must have a setting that the capability MSR allows."),
        when: &[on(Primary, primary::ACTIVATE_TERTIARY_CONTROLS)],
        fields: &[TERTIARY_FIELD], test: Test::Special(allowed) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.cr3_target_count", S,
            "There must not be more CR3 targets than the processor has values for."),
        when: &[], fields: &[Field::CR3_TARGET_COUNT], test: Test::Special(cr3_targets) },
    Row { rule: &Rule::control("control.io_bitmaps.address", S,
            "With I/O bitmaps in use, the address of each must be a page's and within the physical-address width."),
        when: &[on(Primary, primary::USE_IO_BITMAPS)],
        fields: &[Field::IO_BITMAP_A_ADDRESS, Field::IO_BITMAP_B_ADDRESS], test: PAGE },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.msr_bitmaps.address", S,
            "With MSR bitmaps in use, their address must be a page's and within the physical-address width."),
        when: &[on(Primary, primary::USE_MSR_BITMAPS)], fields: &[Field::MSR_BITMAPS_ADDRESS], test: PAGE },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.virtual_apic.address", S,
            "With a TPR shadow, the virtual-APIC address must be a page's and within the physical-address width."),
        when: &[on(Primary, primary::USE_TPR_SHADOW)], fields: &[Field::VIRTUAL_APIC_ADDRESS], test: PAGE },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.tpr_threshold.reserved", S,
            "With a TPR shadow and without virtual-interrupt delivery, bits 31:4 of the TPR threshold must be 0."),
        when: &[on(Primary, primary::USE_TPR_SHADOW), off(Secondary, secondary::VIRTUAL_INTERRUPT_DELIVERY)],
        fields: &[Field::TPR_THRESHOLD], test: Test::Bits(0, 0xFFFF_FFF0) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.tpr_threshold.vtpr", S,
            "Without virtualized APIC accesses, the TPR threshold must not exceed bits 7:4 of the virtual TPR."),
        when: &[on(Primary, primary::USE_TPR_SHADOW),
            off(Secondary, secondary::VIRTUAL_INTERRUPT_DELIVERY | secondary::VIRTUALIZE_APIC_ACCESSES)],
        fields: &[Field::TPR_THRESHOLD], test: Test::Special(virtual_tpr) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.virtual_nmis", S, "Virtual NMIs need NMI exiting."),
        when: &[on(PinBased, pin::VIRTUAL_NMIS)], fields: &[PIN_FIELD], test: Test::Bits(pin::NMI_EXITING, 0) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.nmi_window", S, "NMI-window exiting needs virtual NMIs."),
        when: &[on(Primary, primary::NMI_WINDOW_EXITING)],
        fields: &[PIN_FIELD], test: Test::Bits(pin::VIRTUAL_NMIS, 0) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.apic_access.address", S,
            "The APIC-access address in use must be a page's and within the physical-address width."),
        when: &[on(Secondary, secondary::VIRTUALIZE_APIC_ACCESSES)],
        fields: &[Field::APIC_ACCESS_ADDRESS], test: PAGE },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.tpr_shadow", S,
            "Virtualized x2APIC mode, APIC-register virtualization and virtual-interrupt delivery need a TPR shadow."),
        when: &[off(Primary, primary::USE_TPR_SHADOW), on(Primary, primary::ACTIVATE_SECONDARY_CONTROLS)],
        fields: &[SECONDARY_FIELD],
        test: Test::Bits(0, secondary::VIRTUALIZE_X2APIC_MODE | secondary::APIC_REGISTER_VIRTUALIZATION
            | secondary::VIRTUAL_INTERRUPT_DELIVERY) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.tpr_shadow.ipi", S, "IPI virtualization needs a TPR shadow."),
        when: &[on(Tertiary, tertiary::IPI_VIRTUALIZATION)],
        fields: &[PRIMARY_FIELD], test: Test::Bits(primary::USE_TPR_SHADOW, 0) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.x2apic_mode", S,
            "Virtualized x2APIC mode and virtualized APIC accesses exclude each other."),
        when: &[on(Secondary, secondary::VIRTUALIZE_X2APIC_MODE)],
        fields: &[SECONDARY_FIELD], test: Test::Bits(0, secondary::VIRTUALIZE_APIC_ACCESSES) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.virtual_interrupt_delivery", S,
            "Virtual-interrupt delivery needs external-interrupt exiting."),
        when: &[on(Secondary, secondary::VIRTUAL_INTERRUPT_DELIVERY)],
        fields: &[PIN_FIELD], test: Test::Bits(pin::EXTERNAL_INTERRUPT_EXITING, 0) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.posted_interrupts.delivery", S,
            "Posted interrupts need virtual-interrupt delivery."),
        when: &[on(PinBased, pin::PROCESS_POSTED_INTERRUPTS)], fields: &[SECONDARY_FIELD], test: DELIVERY },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.posted_interrupts.acknowledge", S,
            "Posted interrupts need \"acknowledge interrupt on exit\"."),
        when: &[on(PinBased, pin::PROCESS_POSTED_INTERRUPTS)],
        fields: &[Exit.field()], test: Test::Bits(exit::ACKNOWLEDGE_INTERRUPT_ON_EXIT, 0) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.posted_interrupts.vector", S,
            "Bits 15:8 of the posted-interrupt notification vector must be 0."),
        when: &[on(PinBased, pin::PROCESS_POSTED_INTERRUPTS)],
        fields: &[Field::POSTED_INTERRUPT_NOTIFICATION_VECTOR], test: Test::Bits(0, 0xFF00) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.posted_interrupts.descriptor", S,
            "The posted-interrupt descriptor must be 64-byte aligned and within the physical-address width."),
        when: &[on(PinBased, pin::PROCESS_POSTED_INTERRUPTS)],
        fields: &[Field::POSTED_INTERRUPT_DESCRIPTOR_ADDRESS], test: Test::Address(0x3F) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.ipi.table", S,
            "The PID-pointer table must be 8-byte aligned and within the physical-address width."),
        when: &[on(Tertiary, tertiary::IPI_VIRTUALIZATION)],
        fields: &[Field::PID_POINTER_TABLE_ADDRESS], test: Test::Address(7) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.ipi.last", S,
            "The last entry of the PID-pointer table must lie within the physical-address width."),
        when: &[on(Tertiary, tertiary::IPI_VIRTUALIZATION)],
        fields: &[Field::LAST_PID_POINTER_INDEX], test: Test::Special(last_pid_pointer) },
    Row { rule: &Rule::control("control.vpid", S, "An enabled VPID must not be 0."),
        when: &[on(Secondary, secondary::ENABLE_VPID)],
        fields: &[Field::VIRTUAL_PROCESSOR_ID], test: Test::AtLeast(1) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.ept_pointer.memory_type", S,
            "The EPT pointer's memory type must be one that the processor supports for EPT: uncacheable or write-back."),
        when: &[on(Secondary, secondary::ENABLE_EPT)],
        fields: &[Field::EPT_POINTER], test: Test::Special(ept_memory_type) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.ept_pointer.walk", S,
            "The EPT pointer's bits 5:3 must be one less than a page-walk length that the processor supports."),
        when: &[on(Secondary, secondary::ENABLE_EPT)],
        fields: &[Field::EPT_POINTER], test: Test::Special(ept_walk) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.ept_pointer.flags", S,
            "The EPT pointer's bits 6 (accessed and dirty flags) and 7 (shadow stacks) need the processor's support."),
        when: &[on(Secondary, secondary::ENABLE_EPT)],
        fields: &[Field::EPT_POINTER], test: Test::Special(ept_flags) },
    Row { rule: &Rule::control("control.ept_pointer.reserved", S,
            "Bits 11:8 of the EPT pointer must be 0, and its address within the physical-address width."),
        when: &[on(Secondary, secondary::ENABLE_EPT)],
        fields: &[Field::EPT_POINTER], test: Test::Address(0xF00) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.pml.ept", S, "PML needs EPT."),
        when: &[on(Secondary, secondary::ENABLE_PML)], fields: &[SECONDARY_FIELD], test: EPT },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.pml.address", S,
            "The PML address must be a page's and within the physical-address width."),
        when: &[on(Secondary, secondary::ENABLE_PML)], fields: &[Field::PML_ADDRESS], test: PAGE },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.unrestricted_guest", S, "An unrestricted guest needs EPT."),
        when: &[on(Secondary, secondary::UNRESTRICTED_GUEST)], fields: &[SECONDARY_FIELD], test: EPT },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.mode_based_execute", S, "Mode-based execute control needs EPT."),
        when: &[on(Secondary, secondary::MODE_BASED_EXECUTE_CONTROL_FOR_EPT)],
        fields: &[SECONDARY_FIELD], test: EPT },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.spp.ept", S, "Sub-page write permissions need EPT."),
        when: &[on(Secondary, secondary::SUB_PAGE_WRITE_PERMISSIONS)], fields: &[SECONDARY_FIELD], test: EPT },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.spp.address", S,
            "The sub-page-permission table must be a page's and within the physical-address width."),
        when: &[on(Secondary, secondary::SUB_PAGE_WRITE_PERMISSIONS)],
        fields: &[Field::SUB_PAGE_PERMISSION_TABLE_POINTER], test: PAGE },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.pt.ept", S, "\"Intel PT uses guest physical addresses\" needs EPT."),
        when: &[on(Secondary, secondary::INTEL_PT_USES_GUEST_PHYSICAL_ADDRESSES)],
        fields: &[SECONDARY_FIELD], test: EPT },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.hlat.ept", S, "HLAT needs EPT."),
        when: &[on(Tertiary, tertiary::ENABLE_HLAT)], fields: &[SECONDARY_FIELD], test: EPT },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.paging_write.ept", S, "EPT paging-write control needs EPT."),
        when: &[on(Tertiary, tertiary::EPT_PAGING_WRITE_CONTROL)], fields: &[SECONDARY_FIELD], test: EPT },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.guest_paging.ept", S, "Guest-paging verification needs EPT."),
        when: &[on(Tertiary, tertiary::GUEST_PAGING_VERIFICATION)], fields: &[SECONDARY_FIELD], test: EPT },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.vm_functions.reserved", S,
            "Each VM-function control must be one that the capability MSR allows."),
        when: &[on(Secondary, secondary::ENABLE_VM_FUNCTIONS)],
        fields: &[Field::VM_FUNCTION_CONTROLS], test: Test::Special(vm_functions) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.eptp_switching.ept", S, "EPTP switching needs EPT."),
        when: &[on(Secondary, secondary::ENABLE_VM_FUNCTIONS), state(EPTP_SWITCHING, 0)],
        fields: &[SECONDARY_FIELD], test: EPT },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.eptp_switching.address", S,
            "The EPTP list must be a page's and within the physical-address width."),
        when: &[on(Secondary, secondary::ENABLE_VM_FUNCTIONS), state(EPTP_SWITCHING, 0)],
        fields: &[Field::EPTP_LIST_ADDRESS], test: PAGE },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.vmcs_shadowing.address", S,
            "With VMCS shadowing, the address of each bitmap must be a page's and within the physical-address width."),
        when: &[on(Secondary, secondary::VMCS_SHADOWING)],
        fields: &[Field::VMREAD_BITMAP_ADDRESS, Field::VMWRITE_BITMAP_ADDRESS], test: PAGE },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.virtualization_exception.address", S,
            "With EPT-violation #VE, the information area must be a page's and within the physical-address width."),
        when: &[on(Secondary, secondary::EPT_VIOLATION_VE)],
        fields: &[Field::VIRTUALIZATION_EXCEPTION_INFORMATION_ADDRESS], test: PAGE },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.pt.load", S,
            "\"Intel PT uses guest physical addresses\" needs the VM-entry control \"load IA32_RTIT_CTL\"."),
        when: &[on(Secondary, secondary::INTEL_PT_USES_GUEST_PHYSICAL_ADDRESSES)],
        fields: &[Entry.field()], test: Test::Bits(entry::LOAD_IA32_RTIT_CTL, 0) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.pt.clear", S,
            "\"Intel PT uses guest physical addresses\" needs the VM-exit control \"clear IA32_RTIT_CTL\"."),
        when: &[on(Secondary, secondary::INTEL_PT_USES_GUEST_PHYSICAL_ADDRESSES)],
        fields: &[Exit.field()], test: Test::Bits(exit::CLEAR_IA32_RTIT_CTL, 0) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.tsc_multiplier", S, "A TSC multiplier in use must not be 0."),
        when: &[on(Secondary, secondary::USE_TSC_SCALING)],
        fields: &[Field::TSC_MULTIPLIER], test: Test::AtLeast(1) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.pasid.address", S,
            "With PASID translation, each PASID directory must be a page's and within the physical-address width."),
        when: &[on(Secondary, secondary::PASID_TRANSLATION)],
        fields: &[Field::LOW_PASID_DIRECTORY_ADDRESS, Field::HIGH_PASID_DIRECTORY_ADDRESS], test: PAGE },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.hlat.pointer", S,
            "Bits 2:0 and 11:5 of the HLAT pointer must be 0, and its address within the physical-address width."),
        when: &[on(Tertiary, tertiary::ENABLE_HLAT)], fields: &[Field::HLAT_POINTER], test: Test::Address(0xFE7) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.apic_timer.delivery", S,
            "APIC-timer virtualization needs virtual-interrupt delivery."),
        when: &[on(Tertiary, tertiary::APIC_TIMER_VIRTUALIZATION)], fields: &[SECONDARY_FIELD], test: DELIVERY },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.apic_timer.rdtsc", S,
            "APIC-timer virtualization excludes RDTSC exiting."),
        when: &[on(Tertiary, tertiary::APIC_TIMER_VIRTUALIZATION)],
        fields: &[PRIMARY_FIELD], test: Test::Bits(0, primary::RDTSC_EXITING) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::control("control.apic_timer.vector", S, "Bits 15:8 of the virtual timer vector must be 0."),
        when: &[on(Tertiary, tertiary::APIC_TIMER_VIRTUALIZATION)],
        fields: &[Field::VIRTUAL_TIMER_VECTOR], test: Test::Bits(0, 0xFF00) },
];

/// The settings that the capability MSRs allow.
pub(super) fn allowed(audit: &Audit, field: Field, value: u64) -> Decision {
    let Some(kind) = ControlKind::ALL.into_iter().find(|kind| kind.field() == field) else { return HOLDS };
    let capabilities = audit.capabilities;
    if capabilities.knows_allowed(kind) {
        let allowed = capabilities.allowed(kind);
        bits(value, allowed.must_be_1, !allowed.may_be_1)
    } else {
        Err(Why::Capability(capabilities.allowed_msr(kind)))
    }
}

fn need_msr(audit: &Audit, address: u32) -> Result<(), Why> {
    if audit.capabilities.is_known(address) { Ok(()) } else { Err(Why::Capability(address)) }
}

fn cr3_targets(audit: &Audit, _: Field, value: u64) -> Decision {
    if value == 0 {
        return HOLDS;
    }
    need_msr(audit, msr::MISC)?;
    let most = u64::from(audit.capabilities.cr3_targets());
    demand(value <= most, Demand::AtMost(most))
}

/// VTPR is the byte at offset 80h of the virtual-APIC page.
fn virtual_tpr(audit: &Audit, _: Field, value: u64) -> Decision {
    if value & 0xF == 0 {
        return HOLDS;
    }
    let address = audit.need(Field::VIRTUAL_APIC_ADDRESS)? & !0xFFF | 0x80;
    let word = audit.memory.read(address).ok_or(Why::Memory(address))?;
    let most = word >> 4 & 0xF;
    if value & 0xF <= most {
        HOLDS
    } else {
        Ok(Some((Demand::AtMost(most), Evidence::Memory { address, value: word })))
    }
}

fn last_pid_pointer(audit: &Audit, _: Field, index: u64) -> Decision {
    let table = audit.need(Field::PID_POINTER_TABLE_ADDRESS)?;
    let limit = 1 << audit.physical_width_bits();
    // A table that lies too high itself breaks the rule on its address.
    if table >= limit || audit.physical(table + 8 * index, 0)?.is_none() {
        return HOLDS;
    }
    let most = Demand::AtMost((limit - 1 - table) / 8);
    Ok(Some((most, Evidence::Field(Field::PID_POINTER_TABLE_ADDRESS, table))))
}

/// The EPT pointer (section 26.6.11): memory type 2:0, walk length less 1 in 5:3, accessed and dirty flags in 6,
/// supervisor shadow-stack control in 7, reserved 11:8, the address from 12 on.
fn ept_memory_type(audit: &Audit, _: Field, pointer: u64) -> Decision {
    const WRITE_BACK: u64 = 6;
    let fits = match pointer & 7 {
        kind @ (0 | WRITE_BACK) => {
            need_msr(audit, msr::EPT_VPID_CAP)?;
            let ept = audit.capabilities.ept_vpid();
            if kind == 0 { ept.uncacheable() } else { ept.write_back() }
        }
        _ => false,
    };
    demand(fits, Demand::OneOf(7, &[WRITE_BACK, 0]))
}

fn ept_walk(audit: &Audit, _: Field, pointer: u64) -> Decision {
    let fits = match pointer >> 3 & 7 {
        levels @ (3 | 4) => {
            need_msr(audit, msr::EPT_VPID_CAP)?;
            let ept = audit.capabilities.ept_vpid();
            if levels == 3 { ept.four_levels() } else { ept.five_levels() }
        }
        _ => false,
    };
    demand(fits, Demand::OneOf(7 << 3, &[3 << 3, 4 << 3]))
}

fn ept_flags(audit: &Audit, _: Field, pointer: u64) -> Decision {
    if pointer & 0xC0 == 0 {
        return HOLDS;
    }
    need_msr(audit, msr::EPT_VPID_CAP)?;
    let ept = audit.capabilities.ept_vpid();
    let accessed_dirty = if ept.accessed_dirty() { 0 } else { 1 << 6 };
    let shadow_stack = if ept.supervisor_shadow_stack() { 0 } else { 1 << 7 };
    bits(pointer, 0, accessed_dirty | shadow_stack)
}

fn vm_functions(audit: &Audit, _: Field, value: u64) -> Decision {
    if value == 0 {
        return HOLDS;
    }
    need_msr(audit, msr::VMFUNC)?;
    bits(value, 0, !audit.capabilities.vm_functions())
}
