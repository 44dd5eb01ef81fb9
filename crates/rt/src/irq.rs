//! Hardware interrupts: the two 8259 controllers, moved to vectors 20h to 2Fh, all lines masked.
//!
//! Interrupts are off everywhere but in [`wait`], [`sleep`] and [`accept`].

use crate::cpu::{interrupt, port, rdtsc};
use crate::trap::{self, Hook};

/// Vector of line 0.
pub const FIRST_VECTOR: u8 = 0x20;
/// Vector of line 15.
pub const LAST_VECTOR: u8 = 0x2f;

const FIRST_COMMAND: u16 = 0x20;
const FIRST_DATA: u16 = 0x21;
const SECOND_COMMAND: u16 = 0xa0;
const SECOND_DATA: u16 = 0xa1;

/// ICW1: edge-triggered, cascaded, ICW4 follows.
const INITIALIZE: u8 = 0x11;
/// The line of the first controller that the second one hangs on.
const CASCADE: u8 = 2;
/// ICW4: 8086 mode.
const MODE_8086: u8 = 0x01;
const END_OF_INTERRUPT: u8 = 0x20;
/// OCW3: the next read of the command port gives the in-service register.
const READ_IN_SERVICE: u8 = 0x0b;

static HOOK: Hook<fn(u8)> = Hook::new();

/// Sets the function that is called with the line, 0 to 15, of each interrupt; rt then acknowledges it.
pub fn set_hook(hook: fn(u8)) {
    HOOK.set(Some(hook));
}

/// Programs both controllers. Called by rt before `main`; a program that let a guest have them calls it
/// again.
pub fn init() {
    let second = FIRST_VECTOR + 8;
    let words = [
        (FIRST_COMMAND, INITIALIZE),
        (SECOND_COMMAND, INITIALIZE),
        (FIRST_DATA, FIRST_VECTOR),
        (SECOND_DATA, second),
        (FIRST_DATA, 1 << CASCADE),
        (SECOND_DATA, CASCADE),
        (FIRST_DATA, MODE_8086),
        (SECOND_DATA, MODE_8086),
        (FIRST_DATA, 0xff),
        (SECOND_DATA, 0xff),
    ];
    for (register, value) in words {
        out(register, value);
    }
}

/// Lets a line, 0 to 15, interrupt.
pub fn unmask(line: u8) {
    let (data, bit) = mask_bit(line);
    out(data, read(data) & !bit);
    if line >= 8 {
        out(FIRST_DATA, read(FIRST_DATA) & !(1 << CASCADE));
    }
}

/// Keeps a line, 0 to 15, from interrupting.
pub fn mask(line: u8) {
    let (data, bit) = mask_bit(line);
    out(data, read(data) | bit);
}

/// Acknowledges a line's interrupt, where the program took it in another way than by the hook.
pub fn end_of_interrupt(line: u8) {
    if line >= 8 {
        out(SECOND_COMMAND, END_OF_INTERRUPT);
    }
    out(FIRST_COMMAND, END_OF_INTERRUPT);
}

/// Sleeps until an interrupt was served.
pub fn wait() {
    interrupt::wait();
}

/// From now on the interrupt of a line of the first controller, 0 to 7, does nothing but wake [`sleep`], quickly. There is no
/// hook for it any more.
pub fn let_wake(line: u8) {
    assert!(line < 8, "line {line} is not the first controller's");
    trap::let_wake(FIRST_VECTOR + line);
}

/// Sleeps until an interrupt came: from when until when, in TSC ticks. What its handler took is not slept.
#[inline(always)]
pub fn sleep() -> (u64, u64) {
    let since = rdtsc();
    interrupt::wait();
    let woken = trap::woken_at();
    // An NMI does not note when it came.
    (since, if woken >= since { woken } else { rdtsc() })
}

/// Serves an interrupt that is pending, if there is one.
pub fn accept() {
    interrupt::accept();
}

/// Called by the trap handler.
pub(crate) fn dispatch(line: u8) {
    if line % 8 == 7 && is_spurious(line) {
        // The second controller's spurious interrupt was a real one on the cascade line.
        if line >= 8 {
            out(FIRST_COMMAND, END_OF_INTERRUPT);
        }
        return;
    }
    if let Some(hook) = HOOK.get() {
        hook(line);
    }
    end_of_interrupt(line);
}

/// Line 7 or 15 also answers for a request that went away; it is then not in service.
fn is_spurious(line: u8) -> bool {
    let command = if line < 8 { FIRST_COMMAND } else { SECOND_COMMAND };
    out(command, READ_IN_SERVICE);
    read(command) & 1 << 7 == 0
}

fn mask_bit(line: u8) -> (u16, u8) {
    assert!(line < 16, "there is no interrupt line {line}");
    if line < 8 { (FIRST_DATA, 1 << line) } else { (SECOND_DATA, 1 << (line - 8)) }
}

fn out(register: u16, value: u8) {
    // SAFETY: the interrupt controllers touch no memory, and every vector has a gate.
    unsafe { port::out8(register, value) };
}

fn read(register: u16) -> u8 {
    // SAFETY: as in `out`.
    unsafe { port::in8(register) }
}
