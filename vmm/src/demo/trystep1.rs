//! The course's first testbed: the guest component works by itself, without any VMX.
//!
//! The processor leaves 64-bit mode for protected mode without paging, loads the component's TSS and enters its task in
//! virtual-8086 mode with EFLAGS 20002h. The task sends its message through the machine's own COM1 and ends with HLT,
//! whose #GP brings the processor back here. The ports of COM1 are closed in the component's I/O map, so each IN and
//! OUT is carried out, on the real UART, by the testbed, which thus knows what was sent.

use v8086::GuestMemory;
use wire::LineKind;

use crate::component::Component;
use crate::cpu::testbed::{Fault, Testbed};
use crate::failure::{Failure, unexpected};
use crate::memory::FirstMib;
use crate::{Context, Ending};

use super::{component_in_first_mib, done};

/// The opcode of HLT.
const HLT: u8 = 0xF4;

/// # Errors
/// What went otherwise than announced.
pub fn show(context: &mut Context) -> Result<Ending, Failure> {
    context.report.heading(format_args!("The guest component on its testbed, without VMX"));
    let (component, mut memory) = component_in_first_mib(context)?;
    let report = &mut context.report;
    let (length, arena) = (context.module.len(), Component::ARENA);
    report.step(format_args!("component of {length} bytes at physical {arena:X}h"));
    let mut testbed = Testbed::new(&component, &mut memory);
    report.step(format_args!(
        "gate 13 leads to the testbed; COM1 is closed in the I/O map, to see what is sent"
    ));
    let (selector, entry, cr0) = (Component::SELECTOR, component.entry, testbed.task_cr0());
    report.step(format_args!(
        "leaving 64-bit mode: CR0 = {cr0:08X}h, LTR, IRETD to {selector:04X}:{entry:04X} with EFLAGS 20002h"
    ));
    let fault = testbed.run();
    report.step(format_args!("back in 64-bit mode"));
    testbed.serial().iter().for_each(|&byte| report.guest_serial(byte));
    report.flush_serial();
    show_fault(context, &fault, &memory);
    check(&fault, &memory, testbed.serial(), cr0)?;
    Ok(done("the guest component ran without VMX, sent its message and ended in #GP(0)"))
}

fn opcode(fault: &Fault, memory: &FirstMib) -> u8 {
    memory.read_u8(((fault.task.cs & 0xFFFF) << 4) + (fault.task.eip & 0xFFFF))
}

fn show_fault(context: &mut Context, fault: &Fault, memory: &FirstMib) {
    let Fault { eax, ebx, ecx, edx, esi, edi, ebp, error_code, task, .. } = *fault;
    let report = &mut context.report;
    report.step(format_args!(
        "#GP({error_code:X}h) at {:04X}:{:04X}, opcode {:02X}h, from virtual-8086 mode",
        task.cs,
        task.eip,
        opcode(fault, memory)
    ));
    report.line(LineKind::Detail, format_args!("EAX={eax:08X} EBX={ebx:08X} ECX={ecx:08X} EDX={edx:08X}"));
    report.line(
        LineKind::Detail,
        format_args!("ESI={esi:08X} EDI={edi:08X} EBP={ebp:08X} ESP={:08X} SS={:04X}", task.esp, task.ss),
    );
    report.line(
        LineKind::Detail,
        format_args!(
            "EFLAGS={:08X} DS={:04X} ES={:04X} FS={:04X} GS={:04X}",
            task.eflags, task.ds, task.es, task.fs, task.gs
        ),
    );
}

fn check(fault: &Fault, memory: &FirstMib, serial: &[u8], cr0: u32) -> Result<(), Failure> {
    let opcode = opcode(fault, memory);
    if fault.error_code != 0 || opcode != HLT {
        let error = fault.error_code;
        return Err(unexpected(format_args!(
            "the task should end by HLT, but #GP({error:X}h) came at opcode {opcode:02X}h"
        )));
    }
    for wanted in [&b" Hello from Guest VM "[..], &cr0_text(cr0)] {
        if !serial.windows(wanted.len()).any(|window| window == wanted) {
            return Err(unexpected(format_args!("the task did not send `{}`", wanted.escape_ascii())));
        }
    }
    Ok(())
}

/// ` CR0=XXXXXXXX `, as the task should have sent it.
fn cr0_text(cr0: u32) -> [u8; 14] {
    let mut text = *b" CR0=00000000 ";
    for (index, digit) in text[5..13].iter_mut().enumerate() {
        let value = (cr0 >> (28 - 4 * index) & 0xF) as u8;
        *digit = if value < 10 { b'0' + value } else { b'A' + value - 10 };
    }
    text
}
