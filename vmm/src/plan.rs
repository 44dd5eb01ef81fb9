//! The plan: what goes into a VMCS, computed as a plain value before anything is written.
//!
//! Two kinds of guest, one set of controls and one host state. A *component* is the deck's guest: it brings its own
//! TSS, IDT and ring-0 code. A *real-mode PC* has nothing of the kind: every exception comes to the VMM.

use rt::cpu::{control, table};
use rt::trap;
use vmx::control_register::{cr0, cr4};
use vmx::controls::secondary;
use vmx::controls::{self, ControlKind, ControlRefused, settle};
use vmx::segment::{AccessRights, Segment, SegmentName};
use vmx::{Capabilities, Field, Machine};

use crate::aids::{Aids, FIRST_WINDING, VPID};
use crate::component::{Component, Table};
use crate::cpu::{registers, world_switch};
use crate::memory::{PhysicalAddress, Tables};

/// CR0 of a guest as the deck has it: 80000031h.
const GUEST_CR0: u64 = cr0::PG | cr0::NE | cr0::ET | cr0::PE;

/// CR0 bits that a component must not own: those VMX fixes, and the cache bits, which a VM exit does not restore.
const COMPONENT_CR0_MASK: u64 = cr0::PG | cr0::CD | cr0::NW | cr0::NE | cr0::PE;

/// The bit of RFLAGS that is always 1, and VM.
const V8086_FLAGS: u64 = 1 << 17 | 1 << 1;

/// IOPL 3 and IF.
const FLAGS_IOPL3_IF: u64 = 3 << 12 | 1 << 9;

/// The parts of the machine that a plan refers to.
pub struct Surroundings<'a> {
    /// What the processor can do.
    pub capabilities: &'a Capabilities,
    /// I/O bitmaps A and B.
    pub io_bitmaps: [PhysicalAddress; 2],
    /// The MSR bitmap of an unrestricted guest.
    pub msr_bitmap: Option<PhysicalAddress>,
    /// What the processor returns to.
    pub host: HostState,
}

/// The VMM's own processor state that changes from start to start.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct HostState {
    pub cr0: u64,
    pub cr3: u64,
    pub cr4: u64,
    pub tss_base: u64,
    pub gdt_base: u64,
    pub idt_base: u64,
}

impl HostState {
    /// As it is now.
    pub fn current() -> Self {
        Self {
            cr0: control::cr0(),
            cr3: control::cr3(),
            cr4: control::cr4(),
            tss_base: trap::task_state_base(),
            gdt_base: table::sgdt().base,
            idt_base: table::sidt().base,
        }
    }
}

/// The plan for a guest component, which starts at its entry point in virtual-8086 mode.
///
/// # Errors
/// A control that this processor does not allow.
pub fn component(
    around: &Surroundings,
    component: &Component,
    directory: PhysicalAddress,
) -> Result<Machine, ControlRefused> {
    let mut machine = Machine::new();
    host(&mut machine, &around.host);
    control_words(&mut machine, around, 0, Aids::default())?;
    machine.set(Field::EXCEPTION_BITMAP, 0);
    machine.set(Field::CR0_GUEST_HOST_MASK, COMPONENT_CR0_MASK);
    machine.set(Field::CR0_READ_SHADOW, GUEST_CR0);
    machine.set(Field::CR4_GUEST_HOST_MASK, u64::from(u32::MAX));
    machine.set(Field::CR4_READ_SHADOW, cr4::VMXE | cr4::PSE | cr4::VME);

    let segment = Segment::v8086(Component::SELECTOR);
    for name in [SegmentName::Cs, SegmentName::Ss] {
        segment.write_to(name, &mut machine);
    }
    for name in [SegmentName::Es, SegmentName::Ds, SegmentName::Fs, SegmentName::Gs] {
        Segment::v8086(0).write_to(name, &mut machine);
    }
    let (ldt, tss) = (component.ldt, component.tss);
    system_segment(Component::LDT_SELECTOR, ldt, AccessRights::LDT).write_to(SegmentName::Ldtr, &mut machine);
    system_segment(Component::TSS_SELECTOR, tss, AccessRights::BUSY_TSS)
        .write_to(SegmentName::Tr, &mut machine);
    let (gdt, idt) = (component.gdt, component.idt);
    descriptor_tables(&mut machine, gdt, idt);
    guest_rest(&mut machine, around.capabilities, directory);
    machine.set(Field::GUEST_RIP, component.entry.into());
    machine.set(Field::GUEST_RSP, component.ring3_stack.into());
    machine.set(Field::GUEST_RFLAGS, V8086_FLAGS);
    Ok(machine)
}

/// The plan for a real-mode PC in virtual-8086 mode, the fast way: IOPL 3, so that the guest's IF is real; every INT n
/// through the IVT by hardware; every exception an exit. Registers are as the BIOS sets them afterwards.
///
/// # Errors
/// A control that this processor does not allow.
pub fn real_mode_pc(around: &Surroundings, tables: Tables) -> Result<Machine, ControlRefused> {
    let mut machine = Machine::new();
    host(&mut machine, &around.host);
    let second = if tables.ept.is_some() { secondary::ENABLE_EPT } else { 0 };
    control_words(&mut machine, around, second, Aids::default())?;
    if let Some(pointer) = tables.ept {
        machine.set(Field::EPT_POINTER, pointer);
    }
    machine.set(Field::EXCEPTION_BITMAP, u32::MAX.into());
    // All bits are the VMM's: SMSW shows the shadow.
    machine.set(Field::CR0_GUEST_HOST_MASK, u64::from(u32::MAX));
    machine.set(Field::CR0_READ_SHADOW, cr0::ET | cr0::PE);
    machine.set(Field::CR4_GUEST_HOST_MASK, u64::from(u32::MAX));
    machine.set(Field::CR4_READ_SHADOW, 0);
    for name in SegmentName::CODE_AND_DATA {
        Segment::v8086(0).write_to(name, &mut machine);
    }
    Segment::UNUSABLE.write_to(SegmentName::Ldtr, &mut machine);
    system_segment(Component::TSS_SELECTOR, tables.tss, AccessRights::BUSY_TSS)
        .write_to(SegmentName::Tr, &mut machine);
    // What SGDT and SIDT show: the guest's belief after a reset, since neither table is used.
    descriptor_tables(&mut machine, Table { base: 0, limit: 0xFFFF }, Table { base: 0, limit: 0x3FF });
    guest_rest(&mut machine, around.capabilities, tables.directory);
    // Of the software interrupts that bring hardware interrupts to the guest.
    machine.set(Field::VM_ENTRY_INSTRUCTION_LENGTH, 1);
    machine.set(Field::GUEST_RIP, 0);
    machine.set(Field::GUEST_RSP, 0);
    machine.set(Field::GUEST_RFLAGS, V8086_FLAGS | FLAGS_IOPL3_IF);
    Ok(machine)
}

/// The plan for a PC as an unrestricted guest: real mode, and whatever the guest switches to, by the processor itself.
///
/// # Errors
/// A control that this processor does not allow: EPT or unrestricted guest.
pub fn unrestricted_pc(around: &Surroundings, tables: Tables) -> Result<Machine, ControlRefused> {
    let mut machine = Machine::new();
    host(&mut machine, &around.host);
    let aids = Aids::of(around.capabilities);
    let vpid = if aids.vpid { secondary::ENABLE_VPID } else { 0 };
    control_words(&mut machine, around, secondary::ENABLE_EPT | secondary::UNRESTRICTED_GUEST | vpid, aids)?;
    if aids.vpid {
        machine.set(Field::VIRTUAL_PROCESSOR_ID, VPID.into());
    }
    if aids.timer.is_some() {
        machine.set(Field::VMX_PREEMPTION_TIMER_VALUE, FIRST_WINDING);
    }
    // Else the guest would inherit LME, and paging without PAE be #GP.
    machine.set(Field::GUEST_IA32_EFER, 0);
    machine.set(Field::HOST_IA32_EFER, registers::extended_feature_enable());
    machine.set(Field::EPT_POINTER, tables.ept.unwrap_or(0));
    machine.set(Field::EXCEPTION_BITMAP, UNRESTRICTED_EXCEPTIONS.into());
    machine.set(Field::CR0_GUEST_HOST_MASK, UNRESTRICTED_CR0_MASK);
    machine.set(Field::CR0_READ_SHADOW, cr0::ET);
    machine.set(Field::CR4_GUEST_HOST_MASK, !UNRESTRICTED_CR4 & u64::from(u32::MAX));
    machine.set(Field::CR4_READ_SHADOW, 0);
    for name in SegmentName::CODE_AND_DATA {
        Segment { access_rights: REAL_MODE_SEGMENT, ..Segment::v8086(0) }.write_to(name, &mut machine);
    }
    Segment::UNUSABLE.write_to(SegmentName::Ldtr, &mut machine);
    system_segment(0, Table { base: 0, limit: 0xFFFF }, AccessRights::BUSY_TSS)
        .write_to(SegmentName::Tr, &mut machine);
    descriptor_tables(&mut machine, Table { base: 0, limit: 0xFFFF }, Table { base: 0, limit: 0x3FF });
    guest_rest(&mut machine, around.capabilities, PhysicalAddress(0));
    let fixed = around.capabilities.cr0_fixed().must_be_1 & !(cr0::PG | cr0::PE);
    machine.set(Field::GUEST_CR0, fixed | cr0::NE | cr0::ET);
    machine.set(Field::GUEST_CR4, cr4::VMXE | around.capabilities.cr4_fixed().must_be_1);
    for field in [Field::GUEST_PDPTE0, Field::GUEST_PDPTE1, Field::GUEST_PDPTE2, Field::GUEST_PDPTE3] {
        machine.set(field, 0);
    }
    machine.set(Field::GUEST_RIP, 0);
    machine.set(Field::GUEST_RSP, 0);
    machine.set(Field::GUEST_RFLAGS, 1 << 1);
    Ok(machine)
}

/// Exceptions of an unrestricted guest that exit: #MF, which a PC reports by IRQ 13, and #DB and #AC, which a breakpoint
/// on the stack, or a stack that is misaligned, raises again at each delivery, so that a processor that delivers them by
/// itself may never come to an exit (CVE-2015-8104, CVE-2015-5307).
pub const UNRESTRICTED_EXCEPTIONS: u32 = 1 << 1 | 1 << 16 | 1 << 17;

/// CR0 bits that an unrestricted guest does not own: NE, which VMX fixes, the cache bits, which an exit does not restore,
/// and PE: as long as the guest has not set it, CS's base is known from its selector.
pub const UNRESTRICTED_CR0_MASK: u64 = cr0::CD | cr0::NW | cr0::NE | cr0::PE;

/// CR4 bits that an unrestricted guest owns.
pub const UNRESTRICTED_CR4: u64 = cr4::VME
    | cr4::PVI
    | cr4::TSD
    | cr4::DE
    | cr4::PSE
    | cr4::PAE
    | cr4::PGE
    | cr4::PCE
    | cr4::OSFXSR
    | cr4::OSXMMEXCPT;

/// Access rights of a real-mode segment: present, accessed, writable data, as a reset leaves all six.
const REAL_MODE_SEGMENT: AccessRights = AccessRights(0x93);

/// RFLAGS of a component that is interrupted by hardware: IOPL 3, IF.
pub const INTERRUPTIBLE_COMPONENT_FLAGS: u64 = V8086_FLAGS | FLAGS_IOPL3_IF;

fn host(machine: &mut Machine, host: &HostState) {
    for field in [
        Field::HOST_ES_SELECTOR,
        Field::HOST_SS_SELECTOR,
        Field::HOST_DS_SELECTOR,
        Field::HOST_FS_SELECTOR,
        Field::HOST_GS_SELECTOR,
    ] {
        machine.set(field, trap::DATA_SELECTOR.into());
    }
    machine.set(Field::HOST_CS_SELECTOR, trap::CODE_SELECTOR.into());
    machine.set(Field::HOST_TR_SELECTOR, trap::TASK_SELECTOR.into());
    machine.set(Field::HOST_CR0, host.cr0);
    machine.set(Field::HOST_CR3, host.cr3);
    machine.set(Field::HOST_CR4, host.cr4);
    machine.set(Field::HOST_FS_BASE, 0);
    machine.set(Field::HOST_GS_BASE, 0);
    machine.set(Field::HOST_TR_BASE, host.tss_base);
    machine.set(Field::HOST_GDTR_BASE, host.gdt_base);
    machine.set(Field::HOST_IDTR_BASE, host.idt_base);
    machine.set(Field::HOST_IA32_SYSENTER_CS, 0);
    machine.set(Field::HOST_IA32_SYSENTER_ESP, 0);
    machine.set(Field::HOST_IA32_SYSENTER_EIP, 0);
    // The world switch writes the real stack pointer at each entry where it moved.
    machine.set(Field::HOST_RSP, 0);
    machine.set(Field::HOST_RIP, world_switch::exit_address());
}

fn control_words(
    machine: &mut Machine,
    around: &Surroundings,
    secondary_wanted: u64,
    aids: Aids,
) -> Result<(), ControlRefused> {
    use controls::{entry, exit, pin, primary};
    // Host interrupts and NMIs must end the guest's turn, or a guest that never exits could not be stopped.
    let (pin_timer, exit_timer) = match aids.timer {
        Some(_) => (pin::ACTIVATE_VMX_PREEMPTION_TIMER, exit::SAVE_VMX_PREEMPTION_TIMER_VALUE),
        None => (0, 0),
    };
    let pin_wanted = pin::EXTERNAL_INTERRUPT_EXITING | pin::NMI_EXITING | pin_timer;
    // What a ring-0 guest could use to reach beyond its VM, and every port.
    let isolating = primary::HLT_EXITING
        | primary::MWAIT_EXITING
        | primary::RDPMC_EXITING
        | primary::USE_IO_BITMAPS
        | primary::MONITOR_EXITING;
    // An unrestricted guest has page tables and debug registers of its own; EPT holds it.
    let paging = if secondary_wanted & secondary::UNRESTRICTED_GUEST == 0 {
        primary::CR3_LOAD_EXITING | primary::CR3_STORE_EXITING | primary::MOV_DR_EXITING
    } else {
        0
    };
    let (entry_efer, exit_efer) = if secondary_wanted & secondary::UNRESTRICTED_GUEST == 0 {
        (0, 0)
    } else {
        (entry::LOAD_IA32_EFER, exit::LOAD_IA32_EFER)
    };
    let second = if secondary_wanted == 0 { 0 } else { primary::ACTIVATE_SECONDARY_CONTROLS };
    let bitmap = msr_bitmap(machine, around, aids);
    let primary_forbidden = (primary::USE_MSR_BITMAPS & !bitmap)
        | primary::USE_TPR_SHADOW
        | primary::INTERRUPT_WINDOW_EXITING
        | (primary::ACTIVATE_SECONDARY_CONTROLS & !second);
    // Without "save" and "load debug controls" a guest's DR7 would be 400h after its first exit.
    let exit_wanted = exit::HOST_ADDRESS_SPACE_SIZE
        | exit::ACKNOWLEDGE_INTERRUPT_ON_EXIT
        | exit::SAVE_DEBUG_CONTROLS
        | exit_timer
        | exit_efer;
    let words = [
        (Field::PIN_BASED_VM_EXECUTION_CONTROLS, ControlKind::PinBased, pin_wanted, 0),
        (
            Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
            ControlKind::Primary,
            isolating | paging | bitmap | second,
            primary_forbidden,
        ),
        (Field::PRIMARY_VM_EXIT_CONTROLS, ControlKind::Exit, exit_wanted, 0),
        (
            Field::VM_ENTRY_CONTROLS,
            ControlKind::Entry,
            entry::LOAD_DEBUG_CONTROLS | entry_efer,
            entry::IA_32E_MODE_GUEST,
        ),
    ];
    for (field, kind, wanted, forbidden) in words {
        machine.set(field, settle(kind, wanted, forbidden, around.capabilities)?);
    }
    if secondary_wanted != 0 {
        let word = settle(ControlKind::Secondary, secondary_wanted, 0, around.capabilities)?;
        machine.set(Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, word);
    }
    machine.set(Field::IO_BITMAP_A_ADDRESS, around.io_bitmaps[0].0);
    machine.set(Field::IO_BITMAP_B_ADDRESS, around.io_bitmaps[1].0);
    unused_controls(machine);
    Ok(())
}

/// The control that makes the processor look at the MSR bitmap, if there is one to be used.
fn msr_bitmap(machine: &mut Machine, around: &Surroundings, aids: Aids) -> u64 {
    match around.msr_bitmap {
        Some(address) if aids.msr_bitmap => {
            machine.set(Field::MSR_BITMAPS_ADDRESS, address.0);
            controls::primary::USE_MSR_BITMAPS
        }
        _ => 0,
    }
}

/// Controls that no plan uses.
fn unused_controls(machine: &mut Machine) {
    for field in [
        Field::PAGE_FAULT_ERROR_CODE_MASK,
        Field::PAGE_FAULT_ERROR_CODE_MATCH,
        Field::CR3_TARGET_COUNT,
        Field::VM_EXIT_MSR_STORE_COUNT,
        Field::VM_EXIT_MSR_LOAD_COUNT,
        Field::VM_ENTRY_MSR_LOAD_COUNT,
        Field::VM_EXIT_MSR_STORE_ADDRESS,
        Field::VM_EXIT_MSR_LOAD_ADDRESS,
        Field::VM_ENTRY_MSR_LOAD_ADDRESS,
        Field::VM_ENTRY_INTERRUPTION_INFORMATION,
        Field::VM_ENTRY_EXCEPTION_ERROR_CODE,
        Field::VM_ENTRY_INSTRUCTION_LENGTH,
        Field::TSC_OFFSET,
        Field::EXECUTIVE_VMCS_POINTER,
    ] {
        machine.set(field, 0);
    }
}

fn system_segment(selector: u16, table: Table, access_rights: AccessRights) -> Segment {
    Segment { selector, base: table.base.into(), limit: table.limit, access_rights }
}

fn descriptor_tables(machine: &mut Machine, gdt: Table, idt: Table) {
    machine.set(Field::GUEST_GDTR_BASE, gdt.base.into());
    machine.set(Field::GUEST_GDTR_LIMIT, gdt.limit.into());
    machine.set(Field::GUEST_IDTR_BASE, idt.base.into());
    machine.set(Field::GUEST_IDTR_LIMIT, idt.limit.into());
}

/// Guest state that is the same for both kinds.
fn guest_rest(machine: &mut Machine, capabilities: &Capabilities, directory: PhysicalAddress) {
    let cr4 = cr4::VMXE | cr4::PSE | cr4::VME;
    machine.set(Field::GUEST_CR0, GUEST_CR0 | capabilities.cr0_fixed().must_be_1);
    machine.set(Field::GUEST_CR3, directory.0);
    machine.set(Field::GUEST_CR4, cr4 | capabilities.cr4_fixed().must_be_1);
    machine.set(Field::GUEST_DR7, 0x400);
    // No shadow VMCS.
    machine.set(Field::VMCS_LINK_POINTER, u64::MAX);
    for field in [
        Field::GUEST_IA32_DEBUGCTL,
        Field::GUEST_INTERRUPTIBILITY_STATE,
        Field::GUEST_ACTIVITY_STATE,
        Field::GUEST_SMBASE,
        Field::GUEST_PENDING_DEBUG_EXCEPTIONS,
        Field::GUEST_IA32_SYSENTER_CS,
        Field::GUEST_IA32_SYSENTER_ESP,
        Field::GUEST_IA32_SYSENTER_EIP,
    ] {
        machine.set(field, 0);
    }
}
