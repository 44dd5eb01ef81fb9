//! Lesson 22: timer interrupts reach a virtual-8086 task through its own ring-0 #GP handler.
//!
//! The virtual PC's timer asks for interrupt 8, the VM entry injects it as an external interrupt, and the processor
//! looks into the component's IDT, which has no gate for it: #GP with the error code 8 × 8 + 3. The component's
//! handler finds the vector in it and goes on through the real-mode vector, on the task's own stack. The task counts.

use pc::{Pc, Width};
use v8086::Flags;
use vmx::Field;
use vmx::controls::primary;
use vmx::event::Event;

use crate::cpu::vmx::{vmread, vmwrite};
use crate::exit::{Exit, skip_instruction};
use crate::failure::{Failure, unexpected};
use crate::plan::INTERRUPTIBLE_COMPONENT_FLAGS;
use crate::report::Reporter;
use crate::{Context, Ending, host_timer};

use super::component_vm::RunningVm;
use super::{done, session};

/// What the component says by VMCALL, in EAX.
mod call {
    pub const END: u32 = 0;
    pub const READY: u32 = 1;
}

/// Blocking by STI and by MOV SS, in the interruptibility state.
const BLOCKING: u64 = 0b11;

/// What a BIOS has done before it boots: the timer runs at 18.2 Hz, the first interrupt controller has vectors 8 to 15
/// with IRQ 0 open. Port and byte each (82C54 and 8259A data sheets).
const BIOS_PORTS: [(u16, u8); 8] = [
    // Channel 0, both bytes, mode 3, count 65536.
    (0x43, 0x36),
    (0x40, 0x00),
    (0x40, 0x00),
    // ICW1: edge-triggered, cascaded, ICW4 follows; ICW2: first vector; ICW3: the cascade; ICW4: 8086 mode; mask.
    (0x20, 0x11),
    (0x21, 0x08),
    (0x21, 0x04),
    (0x21, 0x01),
    (0x21, 0xFE),
];

/// # Errors
/// What went otherwise than announced.
pub fn show(context: &mut Context, ticks: u32) -> Result<Ending, Failure> {
    session::run(
        context,
        |planned| {
            planned.machine.set(Field::GUEST_RFLAGS, INTERRUPTIBLE_COMPONENT_FLAGS);
            planned.vm.vcpu.general.set_eax(ticks);
        },
        |report, running, exit| interrupts(report, running, exit, ticks),
    )?;
    Ok(done("timer interrupts reached the guest through its #GP handler and the real-mode vector"))
}

fn interrupts(
    report: &mut Reporter,
    running: &mut RunningVm,
    first: Exit,
    ticks: u32,
) -> Result<(), Failure> {
    let mut exit = first;
    let mut injected = 0;
    let mut ready = false;
    loop {
        match exit {
            Exit::Vmcall if running.vm.vcpu.general.eax() == call::READY && !ready => {
                report.step(format_args!("VM exit: {exit}: the guest's INT 8 handler is installed"));
                start_timer(&mut running.vm.pc, running.vm.clock.now(), report);
                ready = true;
                skip_instruction();
            }
            Exit::Vmcall if running.vm.vcpu.general.eax() == call::END => {
                let shown = running.vm.vcpu.general.ebx();
                report.step(format_args!(
                    "VM exit: {exit}: the guest showed {shown} ticks, {injected} were injected"
                ));
                let enough = ready && shown == ticks && injected >= ticks;
                return if enough { Ok(()) } else { Err(unexpected(format_args!("{ticks} ticks were due"))) };
            }
            Exit::InterruptWindow => want_window(false),
            other if running.answer(report, &other)? => {}
            other => return Err(unexpected(format_args!("the guest left by {other}"))),
        }
        if ready && deliver(running, report, injected == 0) {
            injected += 1;
        }
        if ready && matches!(exit, Exit::Vmcall | Exit::ExternalInterrupt { .. }) {
            host_timer::follow(&running.vm.pc, running.vm.clock.now());
        }
        exit = running.step()?;
    }
}

fn start_timer(pc: &mut Pc, now: pc::Ticks, report: &mut Reporter) {
    for (port, byte) in BIOS_PORTS {
        pc.port_out(port, Width::Byte, byte.into(), now, report);
    }
}

/// Injects an interrupt that is due, or asks for the moment when the guest can take it. Returns whether it injected.
fn deliver(running: &mut RunningVm, report: &mut Reporter, is_first: bool) -> bool {
    let now = running.vm.clock.now();
    running.vm.pc.advance(now);
    if !running.vm.pc.interrupt_pending() {
        return false;
    }
    let blocked = vmread(Field::GUEST_INTERRUPTIBILITY_STATE) & BLOCKING != 0;
    if blocked || vmread(Field::GUEST_RFLAGS) & u64::from(Flags::IF) == 0 {
        want_window(true);
        return false;
    }
    let event = Event::external_interrupt(running.vm.pc.acknowledge());
    vmwrite(Field::VM_ENTRY_INTERRUPTION_INFORMATION, event.entry_information().into());
    if is_first {
        report.step(format_args!(
            "the timer's interrupt is injected: VM-entry interruption information {:08X}h; vector {} has no gate in \
             the guest's IDT",
            event.entry_information(),
            event.vector
        ));
    }
    true
}

fn want_window(wanted: bool) {
    let field = Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS;
    let others = vmread(field) & !primary::INTERRUPT_WINDOW_EXITING;
    vmwrite(field, others | if wanted { primary::INTERRUPT_WINDOW_EXITING } else { 0 });
}
