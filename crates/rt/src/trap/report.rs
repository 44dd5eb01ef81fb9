//! The last report: registers and stack of an exception that nobody catches.
//!
//! On entry: on an exception's own stack. Nothing here may fault: it reads registers, prints, and reads
//! the interrupted stack only where that is one of ours.

use core::fmt::{self, Write};
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::frame::{Exception, Frame, name};
use crate::cpu::control;
use crate::failure::{self, Report};
use crate::start::stack;

/// Stack words shown.
const STACK_WORDS: u64 = 8;

/// Set while a report is printed.
static REPORTING: AtomicBool = AtomicBool::new(false);

/// Reports and ends the program.
pub fn fatal(frame: &Frame) -> ! {
    if REPORTING.swap(true, Relaxed) {
        let text =
            format_args!("\nhyper86: {} at RIP {:X}h while reporting\n", name(frame.vector as u8), frame.rip);
        failure::end_at_once(text);
    }
    let exception = Exception { frame: *frame, cr2: control::cr2() };
    let mut report = Report::begin();
    // The report takes everything, so there is no error to handle.
    let _ = write!(report, "hyper86: CPU exception: {exception}\n{}", exception.registers());
    failure::end()
}

/// All registers of an exception, in lines.
pub struct Registers<'a>(pub(super) &'a Exception);

impl fmt::Display for Registers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Exception { frame, cr2 } = self.0;
        let rows = [
            [("RIP", frame.rip), ("CS ", frame.cs), ("FL ", frame.rflags)],
            [("RSP", frame.rsp), ("SS ", frame.ss), ("RBP", frame.rbp)],
            [("RAX", frame.rax), ("RBX", frame.rbx), ("RCX", frame.rcx)],
            [("RDX", frame.rdx), ("RSI", frame.rsi), ("RDI", frame.rdi)],
            [("R8 ", frame.r8), ("R9 ", frame.r9), ("R10", frame.r10)],
            [("R11", frame.r11), ("R12", frame.r12), ("R13", frame.r13)],
            [("R14", frame.r14), ("R15", frame.r15), ("CR0", frame.cr0)],
            [("CR2", *cr2), ("CR3", control::cr3()), ("CR4", control::cr4())],
        ];
        for [(a, x), (b, y), (c, z)] in rows {
            writeln!(f, "  {a} {x:016X}  {b} {y:016X}  {c} {z:016X}")?;
        }
        for word in 0..STACK_WORDS {
            let Some(value) = stack::word(frame.rsp.wrapping_add(8 * word)) else { break };
            let lead = if word == 0 {
                "  stack "
            } else if word % 3 == 0 {
                "\n        "
            } else {
                ""
            };
            write!(f, "{lead}{value:016X} ")?;
        }
        f.write_char('\n')
    }
}
