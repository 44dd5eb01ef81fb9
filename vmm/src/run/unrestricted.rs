//! The `unrestricted` back-end: the processor itself runs real mode, protected mode and all between, behind EPT.
//!
//! Segment caches, interrupts and paging are the hardware's; nearly nothing exits but I/O, HLT, CPUID, MSRs and what
//! touches a control bit that VMX or the host owns.

use pc::Ticks;
use v8086::{Debug, Flags, General, GuestMemory, Shutdown, vector};
use vmx::control_register::{cr0, cr4};
use vmx::controls::ControlRefused;
use vmx::event::{Event, EventKind};
use vmx::exit::{
    BasicExitReason, ControlRegisterAccess, ControlRegisterAction, ExitReason, GeneralRegister,
    IoQualification, TaskSwitch,
};
use vmx::{Field, Machine};

use crate::cpu::registers;
use crate::cpu::vmx::{vmread, vmwrite};
use crate::exit::Exit;
use crate::failure::{Failure, unexpected};
use crate::guest_cpu::AtExit;
use crate::memory::{Mode, Tables, Translation};
use crate::plan::{self, Surroundings};
use crate::report::Reporter;

use super::backend::Backend;
use super::linear_io;
use super::msrs::COUNTERS;
use super::task_switch;
use super::vm::{Next, Stepping, Vm};

/// See the module.
pub struct Unrestricted;

impl Backend for Unrestricted {
    fn name(&self) -> &'static str {
        "unrestricted"
    }

    fn translation(&self) -> Translation {
        Translation::Extended(Mode::Unrestricted)
    }

    fn plan(&self, around: &Surroundings, tables: Tables) -> Result<Machine, ControlRefused> {
        plan::unrestricted_pc(around, tables)
    }

    fn answer(&self, vm: &mut Vm, exit: Exit, _: &mut Reporter) -> Result<Next, Failure> {
        match exit {
            Exit::Exception { event, .. } => exception(vm, event),
            Exit::EptViolation { physical, .. } => write_to_rom(vm, physical),
            Exit::ControlRegister(access) => control_register(vm, access),
            Exit::Hlt => {
                skip_instruction(vm);
                Ok(Next::Sleep)
            }
            Exit::Rdmsr | Exit::Wrmsr => Ok(model_specific_register(vm, exit)),
            // Caches are the host's; there is nothing of the guest's to lose.
            Exit::Invalidate => {
                skip_instruction(vm);
                Ok(Next::Run)
            }
            Exit::Other(reason) => other_exit(self, vm, reason),
            other => Err(unexpected(format_args!("the unrestricted back-end has no answer to {other}"))),
        }
    }

    fn string_io(
        &self,
        vm: &mut Vm,
        access: IoQualification,
        report: &mut Reporter,
        now: Ticks,
    ) -> Result<Next, Failure> {
        let next = linear_io::string_io(vm, access, report, now);
        vm.follow_devices();
        Ok(vm.ended().map_or(next, Next::End))
    }

    fn complete(&self, vm: &mut Vm, length: u32) -> Next {
        skip(&mut vm.at, length);
        Next::Run
    }

    fn undefined_instruction(&self, _: &mut Vm) -> Next {
        raise(vector::INVALID_OPCODE, None);
        Next::Run
    }

    fn interrupt(&self, vm: &mut Vm, vector: u8) -> Result<(), Shutdown> {
        vm.at.set_rip(vm.at.rip);
        inject(Event::external_interrupt(vector));
        Ok(())
    }

    fn in_real_mode(&self) -> bool {
        vmread(Field::GUEST_CR0) & cr0::PE == 0
    }
}

/// The exits that few guests cause.
fn other_exit(backend: &Unrestricted, vm: &mut Vm, reason: ExitReason) -> Result<Next, Failure> {
    use BasicExitReason as Reason;
    match reason.basic() {
        Some(Reason::TaskSwitch) => {
            Ok(task_switch::switch(vm, TaskSwitch::decode(vmread(Field::EXIT_QUALIFICATION))))
        }
        Some(Reason::Rdpmc) => Ok(performance_counter(vm)),
        // What CPUID denies the guest, and what exits before the processor looks at that: VMX, SMX, MONITOR and MWAIT.
        Some(
            Reason::Vmclear
            | Reason::Vmlaunch
            | Reason::Vmptrld
            | Reason::Vmptrst
            | Reason::Vmread
            | Reason::Vmresume
            | Reason::Vmwrite
            | Reason::Vmxoff
            | Reason::Vmxon
            | Reason::Invept
            | Reason::Invvpid
            | Reason::Vmfunc
            | Reason::Getsec
            | Reason::Mwait
            | Reason::Monitor
            | Reason::Xsetbv,
        ) => Ok(backend.undefined_instruction(vm)),
        _ => Err(unexpected(format_args!("the unrestricted back-end has no answer to {reason}"))),
    }
}

/// Ends the instruction that exited.
pub fn skip_instruction(vm: &mut Vm) {
    skip(&mut vm.at, vmread(Field::VM_EXIT_INSTRUCTION_LENGTH) as u32);
}

/// Ends an instruction of this length; a single-stepping guest sees its trap.
fn skip(at: &mut AtExit, length: u32) {
    /// Bit 14 (BS) of the pending debug exceptions.
    const SINGLE_STEP: u64 = 1 << 14;
    at.set_rip(at.rip.wrapping_add(length));
    at.end_blocking();
    if at.rflags & Flags::TF != 0 {
        vmwrite(Field::GUEST_PENDING_DEBUG_EXCEPTIONS, SINGLE_STEP);
    }
}

fn inject(event: Event) {
    if let Some(error_code) = event.error_code {
        vmwrite(Field::VM_ENTRY_EXCEPTION_ERROR_CODE, error_code.into());
    }
    vmwrite(Field::VM_ENTRY_INTERRUPTION_INFORMATION, event.entry_information().into());
}

/// Raises an exception at the next entry. Real mode pushes no error code, and an entry must not ask for one.
pub fn raise(vector: u8, error_code: Option<u32>) {
    let protected = vmread(Field::GUEST_CR0) & cr0::PE != 0;
    let error_code = if protected { error_code } else { None };
    vmwrite(Field::GUEST_PENDING_DEBUG_EXCEPTIONS, 0);
    inject(Event { vector, kind: EventKind::HardwareException, error_code });
}

fn exception(vm: &mut Vm, event: Event) -> Result<Next, Failure> {
    let stepped = vm.stepping.take();
    // Whatever came ends the step: an instruction that faulted first comes to the ROM again.
    stepped.into_iter().for_each(|stepping| end_step(vm, stepping));
    match (event.vector, stepped) {
        (vector::DEBUG, Some(stepping)) => {
            let causes = vmread(Field::EXIT_QUALIFICATION);
            let causes = if stepping.guest_traps { causes } else { causes & !u64::from(Debug::BS) };
            if causes & u64::from(Debug::BREAKPOINTS | Debug::BS | Debug::BD) != 0 {
                // The exit came before the processor noted the causes.
                registers::note_debug_exception(causes);
                raise(vector::DEBUG, None);
            }
            Ok(Next::Run)
        }
        (vector::X87_ERROR, _) => {
            if vmread(Field::CR0_READ_SHADOW) & cr0::NE != 0 {
                raise(vector::X87_ERROR, None);
            } else {
                vm.pc.raise_x87_error();
            }
            Ok(Next::Run)
        }
        // Exits only so that a guest whose handler cannot be reached without another one loops through the VMM.
        (vector::ALIGNMENT_CHECK, _) => {
            raise(vector::ALIGNMENT_CHECK, Some(0));
            Ok(Next::Run)
        }
        (vector, _) => {
            Err(unexpected(format_args!("exception {vector} of the guest exits, which it should not")))
        }
    }
}

/// A write to ROM, to a hole or beyond the memory: it runs once on a copy, and so vanishes.
fn write_to_rom(vm: &mut Vm, physical: u64) -> Result<Next, Failure> {
    if !vm.space.open(physical) {
        let rip = vm.at.rip;
        return Err(unexpected(format_args!("EPT violation at {physical:X}h, RIP {rip:X}h")));
    }
    vm.dropped_writes += 1;
    let rflags = vm.at.rflags;
    // By the manual no trap is pending before an instruction is over; Bochs 2.7 saves one.
    vmwrite(Field::GUEST_PENDING_DEBUG_EXCEPTIONS, 0);
    if vm.stepping.is_none() {
        vm.stepping = Some(Stepping { guest_traps: rflags & Flags::TF != 0 });
    }
    vm.at.set_rflags(rflags | Flags::TF);
    vmwrite(Field::EXCEPTION_BITMAP, (plan::UNRESTRICTED_EXCEPTIONS | 1 << vector::DEBUG).into());
    // An event whose frame went to ROM is delivered again, now that the frame has a place to vanish.
    redeliver_event();
    Ok(Next::Run)
}

/// Lets the event whose delivery the exit interrupted be delivered again. In real mode none has an error code, though
/// Bochs 2.7 notes one, and an entry must not ask for it.
pub fn redeliver_event() {
    /// Vector, type, valid.
    const EVENT: u64 = 0x8000_07FF;
    const HAS_ERROR_CODE: u64 = 1 << 11;
    let delivering = vmread(Field::IDT_VECTORING_INFORMATION);
    if delivering >> 31 & 1 == 1 {
        let protected = vmread(Field::GUEST_CR0) & cr0::PE != 0;
        let error_code = if protected { delivering & HAS_ERROR_CODE } else { 0 };
        vmwrite(Field::VM_ENTRY_EXCEPTION_ERROR_CODE, vmread(Field::IDT_VECTORING_ERROR_CODE));
        vmwrite(Field::VM_ENTRY_INSTRUCTION_LENGTH, vmread(Field::VM_EXIT_INSTRUCTION_LENGTH));
        vmwrite(Field::VM_ENTRY_INTERRUPTION_INFORMATION, delivering & EVENT | error_code);
    }
}

fn end_step(vm: &mut Vm, stepping: Stepping) {
    vm.space.close();
    vmwrite(Field::EXCEPTION_BITMAP, plan::UNRESTRICTED_EXCEPTIONS.into());
    if !stepping.guest_traps {
        vm.at.set_rflags(vm.at.rflags & !Flags::TF);
    }
}

/// A general register.
pub fn register(general: &General, register: GeneralRegister) -> u64 {
    match register.0 {
        0 => general.rax,
        1 => general.rcx,
        2 => general.rdx,
        3 => general.rbx,
        4 => vmread(Field::GUEST_RSP),
        5 => general.rbp,
        6 => general.rsi,
        _ => general.rdi,
    }
}

/// Sets a general register.
pub fn set_register(general: &mut General, register: GeneralRegister, value: u64) {
    match register.0 {
        0 => general.rax = value,
        1 => general.rcx = value,
        2 => general.rdx = value,
        3 => general.rbx = value,
        4 => vmwrite(Field::GUEST_RSP, value),
        5 => general.rbp = value,
        6 => general.rsi = value,
        _ => general.rdi = value,
    }
}

fn control_register(vm: &mut Vm, access: ControlRegisterAccess) -> Result<Next, Failure> {
    let general = &mut vm.vcpu.general;
    let accepted = match (access.number, access.action) {
        (0, ControlRegisterAction::MovTo(from)) => {
            set_cr0(vm, register(&vm.vcpu.general, from) & 0xFFFF_FFFF)
        }
        (0, ControlRegisterAction::Clts) => set_cr0(vm, vmread(Field::GUEST_CR0) & !cr0::TS),
        (0, ControlRegisterAction::Lmsw { source, .. }) => {
            let low = u64::from(source) & 0xF;
            // LMSW cannot clear PE.
            let kept = vmread(Field::GUEST_CR0) & !(cr0::MP | cr0::EM | cr0::TS);
            set_cr0(vm, kept & !cr0::NE | vmread(Field::CR0_READ_SHADOW) & cr0::NE | low)
        }
        (3, ControlRegisterAction::MovTo(from)) => {
            let value = register(general, from);
            set_cr3(vm, value);
            true
        }
        (3, ControlRegisterAction::MovFrom(to)) => {
            set_register(general, to, vmread(Field::GUEST_CR3));
            true
        }
        (4, ControlRegisterAction::MovTo(from)) => {
            let value = register(general, from) & 0xFFFF_FFFF;
            let known = value & !plan::UNRESTRICTED_CR4 == 0;
            if known {
                vmwrite(Field::GUEST_CR4, value | cr4::VMXE);
                vmwrite(Field::CR4_READ_SHADOW, value);
                load_pdptes(vm);
            }
            known
        }
        _ => return Err(unexpected(format_args!("the guest left by {access}"))),
    };
    if accepted {
        skip_instruction(vm);
    } else {
        raise(vector::GENERAL_PROTECTION, Some(0));
    }
    Ok(Next::Run)
}

/// CR0 as the guest wants it; NE, CD and NW are believed only. `false` for a value that is #GP.
fn set_cr0(vm: &mut Vm, value: u64) -> bool {
    let paging_alone = value & cr0::PG != 0 && value & cr0::PE == 0;
    let write_through_alone = value & cr0::NW != 0 && value & cr0::CD == 0;
    if paging_alone || write_through_alone {
        return false;
    }
    vmwrite(Field::GUEST_CR0, value & !(cr0::CD | cr0::NW) | cr0::NE | cr0::ET);
    vmwrite(Field::CR0_READ_SHADOW, value | cr0::ET);
    if value & cr0::PE != 0 {
        vm.plain_code = 0;
    }
    load_pdptes(vm);
    true
}

/// CR3, of which a guest without 64-bit mode has 32 bits.
pub fn set_cr3(vm: &Vm, value: u64) {
    vmwrite(Field::GUEST_CR3, value & 0xFFFF_FFFF);
    load_pdptes(vm);
}

/// With EPT and PAE paging an entry takes the four page-directory pointers from the VMCS.
fn load_pdptes(vm: &Vm) {
    let paging = vmread(Field::GUEST_CR0) & cr0::PG != 0 && vmread(Field::GUEST_CR4) & cr4::PAE != 0;
    if !paging {
        return;
    }
    let table = vmread(Field::GUEST_CR3) as u32 & !0x1F;
    let fields = [Field::GUEST_PDPTE0, Field::GUEST_PDPTE1, Field::GUEST_PDPTE2, Field::GUEST_PDPTE3];
    for (index, field) in (0..).zip(fields) {
        vmwrite(field, read_u64(vm, table + 8 * index));
    }
}

fn read_u64(vm: &Vm, physical: u32) -> u64 {
    let mut bytes = [0; 8];
    vm.space.read(physical, &mut bytes);
    u64::from_le_bytes(bytes)
}

/// RDPMC of a counter that stands still. Another is #GP.
fn performance_counter(vm: &mut Vm) -> Next {
    let general = &mut vm.vcpu.general;
    if general.ecx() < COUNTERS {
        general.set_eax(0);
        general.set_edx(0);
        skip_instruction(vm);
    } else {
        raise(vector::GENERAL_PROTECTION, Some(0));
    }
    Next::Run
}

/// RDMSR and WRMSR of what a 32-bit guest may expect: the TSC and the SYSENTER registers. Another is #GP.
fn model_specific_register(vm: &mut Vm, exit: Exit) -> Next {
    let general = &mut vm.vcpu.general;
    const TIME_STAMP_COUNTER: u32 = 0x10;
    let field = match general.ecx() {
        0x174 => Some(Field::GUEST_IA32_SYSENTER_CS),
        0x175 => Some(Field::GUEST_IA32_SYSENTER_ESP),
        0x176 => Some(Field::GUEST_IA32_SYSENTER_EIP),
        _ => None,
    };
    let value = match (exit, field) {
        (Exit::Rdmsr, Some(field)) => Some(vmread(field)),
        (Exit::Rdmsr, None) if general.ecx() == TIME_STAMP_COUNTER => Some(rt::cpu::rdtsc()),
        (Exit::Wrmsr, Some(field)) => {
            vmwrite(field, general.eax().into());
            None
        }
        _ => {
            raise(vector::GENERAL_PROTECTION, Some(0));
            return Next::Run;
        }
    };
    if let Some(value) = value {
        general.set_eax(value as u32);
        general.set_edx((value >> 32) as u32);
    }
    skip_instruction(vm);
    Next::Run
}
