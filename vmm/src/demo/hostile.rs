//! Containment: guests that try to reach beyond their VM. Each run ends with the checksum over the VMM's code, tables
//! and the pages around guest memory, which must be what it was.

use vmx::Field;
use vmx::event::Event;
use vmx::event::EventKind;

use crate::cpu::vmx::vmwrite;
use crate::exit::{Exit, skip_instruction};
use crate::failure::{Failure, unexpected};
use crate::memory::PAGE_BYTES;
use crate::report::Reporter;
use crate::{Context, Ending};

use super::component_vm::RunningVm;
use super::{done, session};

/// What the components put into EAX at their last VMCALL.
const CALL_END: u32 = 0;

/// 4-KiB blocks that a virtual-8086 task can name: 0 to 10FFEFh.
const TASK_BLOCKS: u32 = 272;

/// 4-KiB pages of the arena that `hostile-kernel` runs in and leaves out.
const ARENA_PAGES: u32 = 16;

/// All pages of the linear address space.
const ALL_PAGES: u32 = 1 << 20;

const GENERAL_PROTECTION: u8 = 13;

/// Ring-3 code writes all over its address space.
///
/// # Errors
/// What went otherwise than announced.
pub fn task(context: &mut Context) -> Result<Ending, Failure> {
    session::run(
        context,
        |_| {},
        |report, running, exit| {
            let general = &running.vm.vcpu.general;
            let (call, blocks) = (general.eax(), general.ebx());
            if !matches!(exit, Exit::Vmcall) || call != CALL_END || blocks != TASK_BLOCKS {
                return Err(unexpected(format_args!(
                    "the task ended by {exit}, after {blocks} blocks of {TASK_BLOCKS}"
                )));
            }
            report.step(format_args!(
                "the task wrote {blocks} blocks of 4 KiB, all that 16-bit segments can name"
            ));
            Ok(())
        },
    )?;
    Ok(done("the task wrote all over its address space, and nothing outside its VM changed"))
}

/// Ring-0 code loads CR3, rewrites its page directory, and writes to every page of 4 GiB.
///
/// # Errors
/// What went otherwise than announced.
pub fn kernel(context: &mut Context) -> Result<Ending, Failure> {
    session::run(context, |_| {}, kernel_exits)?;
    Ok(done("ring-0 code wrote to every page it could reach, and nothing outside its VM changed"))
}

fn kernel_exits(report: &mut Reporter, running: &mut RunningVm, first: Exit) -> Result<(), Failure> {
    let mut exit = first;
    loop {
        match exit {
            // The guest goes on with the registers that the VMM gave it.
            Exit::ControlRegister(_) => {
                report.step(format_args!("refused: {exit}"));
                skip_instruction();
            }
            Exit::Wrmsr => {
                let index = running.vm.vcpu.general.ecx();
                report.step(format_args!("refused with #GP: {exit}, MSR {index:X}h"));
                inject_general_protection();
            }
            Exit::Vmcall => return kernel_end(report, running),
            other => return Err(unexpected(format_args!("the kernel left by {other}"))),
        }
        exit = running.resume(report)?;
    }
}

/// Answers the instruction at RIP with #GP(0).
fn inject_general_protection() {
    let event = Event { vector: GENERAL_PROTECTION, kind: EventKind::HardwareException, error_code: Some(0) };
    vmwrite(Field::VM_ENTRY_EXCEPTION_ERROR_CODE, 0);
    vmwrite(Field::VM_ENTRY_INTERRUPTION_INFORMATION, event.entry_information().into());
}

fn kernel_end(report: &mut Reporter, running: &RunningVm) -> Result<(), Failure> {
    let general = &running.vm.vcpu.general;
    let (written, refused, faults) = (general.ebx(), general.ecx(), general.edx());
    let own = (running.vm.space.ram().length() / PAGE_BYTES) as u32;
    report.step(format_args!(
        "pages written: {written}, refused by #PF: {refused}, instructions refused by #GP: {faults}"
    ));
    report.detail(format_args!(
        "the VM has {own} pages; the kernel runs in {ARENA_PAGES} of them and left those out"
    ));
    if general.eax() != CALL_END || written != own - ARENA_PAGES || refused != ALL_PAGES - own {
        return Err(unexpected(format_args!(
            "the kernel wrote {written} pages, its VM has {own} less {ARENA_PAGES}"
        )));
    }
    Ok(())
}

/// Ring-0 code takes its own interrupt table away and faults.
///
/// # Errors
/// What went otherwise than announced.
pub fn triple_fault(context: &mut Context) -> Result<Ending, Failure> {
    session::run(
        context,
        |_| {},
        |report, _, exit| match exit {
            Exit::TripleFault => {
                report.step(format_args!("VM exit: {exit}"));
                Ok(())
            }
            other => Err(unexpected(format_args!("the guest left by {other}"))),
        },
    )?;
    Ok(done("the guest's ring 0 ended in a triple fault, the VMM went on"))
}
