//! The `unrestricted` back-end: the processor itself runs real mode, protected mode and all between, behind EPT.
//!
//! Segment caches, interrupts and paging are the hardware's; nearly nothing exits but I/O, HLT, CPUID, MSRs and what
//! touches a control bit that VMX or the host owns.

use pc::Ticks;
use v8086::{Debug, Flags, TableRegister, vector};
use vmx::control_register::cr0;
use vmx::controls::ControlRefused;
use vmx::event::{Event, EventKind, InterruptionInformation};
use vmx::exit::{BasicExitReason, EptViolation, ExitReason, IoQualification, TaskSwitch};
use vmx::{Capabilities, Field, Machine};

use crate::aids::Aids;
use crate::cpu::registers;
use crate::cpu::vmx::{vmread, vmwrite};
use crate::exit::Exit;
use crate::failure::{Failure, unexpected};
use crate::guest_cpu::AtExit;
use crate::memory::{Access, Mode, Tables, Translation};
use crate::plan::{self, Surroundings};
use crate::report::Reporter;

use super::backend::{Backend, Injection};
use super::control_registers::control_register;
use super::ept_report;
use super::linear_io;
use super::msrs::COUNTERS;
use super::single_step::Stepping;
use super::task_switch;
use super::vm::{Next, Vm};

/// See the module.
pub struct Unrestricted;

impl Backend for Unrestricted {
    fn name(&self) -> &'static str {
        "unrestricted"
    }

    fn aids(&self, capabilities: &Capabilities) -> Aids {
        Aids::of(capabilities)
    }

    fn translation(&self) -> Translation {
        Translation::Extended(Mode::Unrestricted)
    }

    fn plan(&self, around: &Surroundings, tables: Tables) -> Result<Machine, ControlRefused> {
        plan::unrestricted_pc(around, tables)
    }

    fn answer(&self, vm: &mut Vm, exit: Exit, report: &mut Reporter) -> Result<Next, Failure> {
        match exit {
            Exit::Exception { event, .. } => exception(vm, event),
            Exit::EptViolation { physical, access } => closed_page(vm, physical, access, report),
            Exit::EptMisconfiguration => Err(ept_report::tell(vm, report, None)),
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

    fn injection(&self) -> Injection {
        Injection { information: Event::external_interrupt(0).entry_information(), length: 0, mask: u32::MAX }
    }

    fn in_real_mode(&self) -> bool {
        vmread(Field::GUEST_CR0) & cr0::PE == 0 || vmread(Field::GUEST_RFLAGS) as u32 & Flags::VM != 0
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
    // The frame of a fault has RF, which the processor sees to but for an event that an entry injects.
    if vector != vector::DEBUG {
        vmwrite(Field::GUEST_RFLAGS, vmread(Field::GUEST_RFLAGS) | u64::from(Flags::RF));
    }
    inject(Event { vector, kind: EventKind::HardwareException, error_code });
}

fn exception(vm: &mut Vm, event: Event) -> Result<Next, Failure> {
    let stepped = vm.end_step();
    if stepped.is_some() {
        vmwrite(Field::EXCEPTION_BITMAP, plan::UNRESTRICTED_EXCEPTIONS.into());
    }
    match (event.vector, stepped) {
        // ICEBP, which no step hides.
        (vector::DEBUG, _) if event.kind == EventKind::PrivilegedSoftwareException => {
            vmwrite(Field::VM_ENTRY_INSTRUCTION_LENGTH, vmread(Field::VM_EXIT_INSTRUCTION_LENGTH));
            inject(event);
            Ok(Next::Run)
        }
        (vector::DEBUG, stepped) => {
            debug_exception(vm, stepped);
            Ok(Next::Run)
        }
        (vector::X87_ERROR, _) => {
            if vmread(Field::CR0_READ_SHADOW) & cr0::NE == 0 {
                let next = vm.x87_error();
                vmwrite(Field::EXCEPTION_BITMAP, u32::MAX.into());
                return Ok(next);
            }
            raise(vector::X87_ERROR, None);
            Ok(Next::Run)
        }
        // Exits only so that a guest whose handler cannot be reached without another one loops through the VMM.
        (vector::ALIGNMENT_CHECK, _) => {
            raise(vector::ALIGNMENT_CHECK, Some(0));
            Ok(Next::Run)
        }
        // Of the instruction that was stepped over.
        (vector, Some(_)) => {
            if vector == vector::PAGE_FAULT {
                registers::set_cr2(vmread(Field::EXIT_QUALIFICATION));
            }
            raise(vector, event.error_code);
            Ok(Next::Run)
        }
        (vector, None) => {
            Err(unexpected(format_args!("exception {vector} of the guest exits, which it should not")))
        }
    }
}

/// A #DB, which exits only so that a guest whose handler cannot be reached without another one loops through the VMM.
/// The VMM's own step is none of the guest's business.
fn debug_exception(vm: &mut Vm, stepped: Option<Stepping>) {
    const ANY: u32 = Debug::BREAKPOINTS | Debug::BS | Debug::BD;
    let causes = vmread(Field::EXIT_QUALIFICATION);
    let own_step = stepped.is_some_and(|stepping| !stepping.guest_traps);
    let causes = if own_step { causes & !u64::from(Debug::BS) } else { causes };
    if own_step && causes & u64::from(ANY) == 0 {
        return;
    }
    vm.at.end_blocking();
    debug_trap(causes);
}

/// Raises #DB. The exit came before the processor noted the causes, and before its delivery did what it does.
pub fn debug_trap(causes: u64) {
    registers::note_debug_exception(causes);
    vmwrite(Field::GUEST_DR7, vmread(Field::GUEST_DR7) & !u64::from(Debug::GD));
    raise(vector::DEBUG, None);
}

/// An access beyond RAM: the instruction runs with the page open. So does the delivery of an event, which in protected mode
/// leaves the page open until the next step; nobody has a stack or a table there but by mistake.
fn closed_page(
    vm: &mut Vm,
    physical: u64,
    access: EptViolation,
    report: &mut Reporter,
) -> Result<Next, Failure> {
    let delivering = InterruptionInformation(vmread(Field::IDT_VECTORING_INFORMATION) as u32).is_valid();
    if vm.opens_screen(physical) {
        redeliver_event();
        return Ok(Next::Run);
    }
    if !vm.open(physical, Access::of(access.write())) {
        return Err(ept_report::tell(vm, report, Some(access)));
    }
    if !delivering {
        vm.step(None);
        // Its exceptions must not be delivered with TF in the frame.
        vmwrite(Field::EXCEPTION_BITMAP, u32::MAX.into());
    } else if vm.plain_code == 0 {
        redeliver_event();
    } else {
        vm.space.close();
        let (base, limit) = (vmread(Field::GUEST_IDTR_BASE) as u32, vmread(Field::GUEST_IDTR_LIMIT) as u16);
        return Ok(vm.interrupted_delivery(TableRegister { base, limit }));
    }
    Ok(Next::Run)
}

/// After an entry that failed: whether RIP was beyond 32 bits, which it is no more. By the manual no exit from 32-bit code
/// saves such a one; Bochs 2.7 does behind an instruction that ran over the end of 4 GiB.
#[cold]
pub fn wrap_instruction_pointer() -> bool {
    let rip = vmread(Field::GUEST_RIP);
    vmwrite(Field::GUEST_RIP, u64::from(rip as u32));
    rip >> 32 != 0
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
