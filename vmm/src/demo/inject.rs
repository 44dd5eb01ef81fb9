//! Lesson 25: an event injected at VM entry, an exit by a non-maskable interrupt, and an exit by HLT.

use vmx::Field;
use vmx::event::Event;

use crate::cpu::nmi::IoApic;
use crate::cpu::vmx::{vmread, vmwrite};
use crate::exit::{Exit, skip_instruction};
use crate::failure::{Failure, unexpected};
use crate::host_timer;
use crate::plan::INTERRUPTIBLE_COMPONENT_FLAGS;
use crate::report::Reporter;
use crate::{Context, Ending};

use super::component_vm::RunningVm;
use super::{done, session};

/// What the component says by VMCALL, in EAX.
mod call {
    pub const END: u32 = 0;
    pub const INJECT: u32 = 1;
    pub const SPIN: u32 = 2;
}

/// INT 8, the timer's vector on a PC.
const TIMER_VECTOR: u8 = 8;

/// # Errors
/// What went otherwise than announced.
pub fn show(context: &mut Context) -> Result<Ending, Failure> {
    let io_apic = IoApic::map()
        .ok_or_else(|| unexpected(format_args!("no I/O APIC at FEC00000h to make an NMI with")))?;
    session::run(
        context,
        |planned| planned.machine.set(Field::GUEST_RFLAGS, INTERRUPTIBLE_COMPONENT_FLAGS),
        |report, running, exit| events(report, running, &exit, &io_apic),
    )?;
    Ok(done("INT 8 was injected, an NMI and a HLT ended the guest's turn, and it went on after each"))
}

fn events(
    report: &mut Reporter,
    running: &mut RunningVm,
    first: &Exit,
    io_apic: &IoApic,
) -> Result<(), Failure> {
    expect_call(running, first, call::INJECT)?;
    let event = Event::external_interrupt(TIMER_VECTOR);
    report.step(format_args!("VM exit: {first}: the guest's INT 8 handler is installed"));
    skip_instruction();
    vmwrite(Field::VM_ENTRY_INTERRUPTION_INFORMATION, event.entry_information().into());
    report.step(format_args!("VMRESUME with interruption information {:08X}h", event.entry_information()));

    let exit = running.resume(report)?;
    expect_call(running, &exit, call::SPIN)?;
    report.step(format_args!("VM exit: {exit}: the guest is about to spin"));
    skip_instruction();
    non_maskable_interrupt(report, running, io_apic)?;

    let exit = running.resume(report)?;
    if !matches!(exit, Exit::Hlt) {
        return Err(unexpected(format_args!("HLT at ring 0 should end the guest's turn, {exit} did")));
    }
    report.step(format_args!("VM exit: {exit}, at ring 0: the guest goes on behind it"));
    skip_instruction();

    let exit = running.resume(report)?;
    expect_call(running, &exit, call::END)?;
    let (interrupts, spin_ended) = (running.vm.vcpu.general.ebx(), running.vm.vcpu.general.ecx());
    report.step(format_args!("VM exit: {exit}: the guest counted {interrupts} INT 8"));
    if interrupts == 1 && spin_ended == 1 {
        Ok(())
    } else {
        Err(unexpected(format_args!(
            "the guest counted {interrupts} INT 8, its spin ended with {spin_ended}"
        )))
    }
}

fn expect_call(running: &RunningVm, exit: &Exit, wanted: u32) -> Result<(), Failure> {
    match (exit, running.vm.vcpu.general.eax()) {
        (Exit::Vmcall, call) if call == wanted => Ok(()),
        (exit, eax) => Err(unexpected(format_args!(
            "VMCALL with EAX = {wanted} is due, the guest left by {exit}, EAX = {eax:X}h"
        ))),
    }
}

/// Orders an NMI and resumes the guest, which spins until the VMM puts 1 into EBX.
fn non_maskable_interrupt(
    report: &mut Reporter,
    running: &mut RunningVm,
    io_apic: &IoApic,
) -> Result<(), Failure> {
    host_timer::stop();
    // The NMI must find the guest; one that finds the VMM is lost, and the guest gives up by itself.
    rt::trap::set_nmi_hook(|_| {});
    report.step(format_args!("the next tick of the timer is an NMI; VMRESUME"));
    io_apic.arm();
    let exit = running.step()?;
    io_apic.disarm();
    host_timer::start(running.vm.pc.timer_period());
    if !matches!(exit, Exit::Nmi) {
        return Err(unexpected(format_args!("an NMI should end the guest's turn, {exit} did")));
    }
    let information = vmread(Field::VM_EXIT_INTERRUPTION_INFORMATION);
    report.step(format_args!("VM exit: {exit}, interruption information {information:08X}h"));
    running.vm.vcpu.general.set_ebx(1);
    Ok(())
}
