//! Exceptions and interrupts.
//!
//! On entry: 64-bit mode, interrupts off. Responsible for: a GDT, TSS and IDT of our own; every vector on a
//! stack of its own kind, since compiled code may use the memory below its stack pointer; and what happens
//! then: a caught exception resumes in [`catch`], interrupts go to [`crate::irq`], an NMI to its hook, and
//! everything else is reported with all registers and ends the program.

mod descriptors;
mod frame;
mod hook;
mod report;

use core::arch::global_asm;
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

pub(crate) use descriptors::let_wake;
pub use descriptors::{CODE_SELECTOR, DATA_SELECTOR, TASK_SELECTOR, load, task_state_base};
pub use frame::{Exception, Frame, name};
pub(crate) use hook::Hook;
pub use report::Registers;

use crate::cpu::control;
use crate::cpu::msr::{rdmsr, wrmsr};
use crate::irq;

global_asm!(include_str!("stubs.s"));

unsafe extern "C" {
    fn rt_catch(function: unsafe extern "C" fn(*mut u8), argument: *mut u8) -> u64;
    fn rt_catch_landing();
}

/// How many handlers are active, kept by the stubs.
#[unsafe(export_name = "rt_trap_depth")]
static DEPTH: AtomicU32 = AtomicU32::new(0);

/// The stack pointer of the innermost `rt_catch`, or 0.
#[unsafe(export_name = "rt_catch_stack")]
static CATCH_STACK: AtomicU64 = AtomicU64::new(0);

/// When the gate that only wakes was last entered, in TSC ticks.
#[unsafe(export_name = "rt_trap_woken")]
static WOKEN: AtomicU64 = AtomicU64::new(0);

/// When an interrupt that only wakes last came, in TSC ticks.
#[inline(always)]
pub(crate) fn woken_at() -> u64 {
    WOKEN.load(Relaxed)
}

/// The exception that ended the innermost `rt_catch`.
struct Caught(UnsafeCell<MaybeUninit<Exception>>);

// SAFETY: written by the handler and read by `catch` that it resumes, one after the other on one CPU.
unsafe impl Sync for Caught {}

static CAUGHT: Caught = Caught(UnsafeCell::new(MaybeUninit::uninit()));

static NMI_HOOK: Hook<fn(&Frame)> = Hook::new();

/// Sets the function that is called on an NMI; without one an NMI ends the program. It runs on the NMI's
/// stack, between any two instructions of the rest, so it should do no more than note the fact.
pub fn set_nmi_hook(hook: fn(&Frame)) {
    NMI_HOOK.set(Some(hook));
}

/// Runs `function` and returns its value, or the exception that it raised. NMI, #DF and #MC are not caught.
///
/// # Errors
/// The exception, with all registers of the faulting instruction.
///
/// # Safety
/// Where `function` can fault, no frame holds a value whose destructor matters, and no data structure is
/// half changed: what is left of `function` is simply dropped. Best is a single instruction. Not to be
/// called from hooks.
#[expect(clippy::result_large_err, reason = "the registers are the point, and this is no hot path")]
pub unsafe fn catch<T: Copy, F: FnOnce() -> T + Copy>(function: F) -> Result<T, Exception> {
    struct Call<T, F> {
        function: F,
        value: MaybeUninit<T>,
    }
    unsafe extern "C" fn call<T: Copy, F: FnOnce() -> T + Copy>(argument: *mut u8) {
        // SAFETY: `catch` passes a pointer to its Call, which nobody else uses meanwhile.
        let call = unsafe { &mut *argument.cast::<Call<T, F>>() };
        call.value.write((call.function)());
    }
    let mut state = Call { function, value: MaybeUninit::uninit() };
    // SAFETY: `call` gets what it expects; leaving it early is what the caller answers for.
    match unsafe { rt_catch(call::<T, F>, (&raw mut state).cast()) } {
        // SAFETY: `call` returned, so it wrote the value.
        0 => Ok(unsafe { state.value.assume_init() }),
        // SAFETY: the handler wrote it before it resumed `rt_catch`, on this CPU.
        _ => Err(unsafe { (*CAUGHT.0.get()).assume_init() }),
    }
}

/// RDMSR of an MSR that this CPU may not have.
///
/// # Errors
/// #GP if it has not.
#[expect(clippy::result_large_err, reason = "as for `catch`")]
pub fn try_rdmsr(msr: u32) -> Result<u64, Exception> {
    // SAFETY: one instruction, which reads an MSR or faults.
    unsafe { catch(|| rdmsr(msr)) }
}

/// WRMSR of a value that this CPU may refuse.
///
/// # Errors
/// #GP if it does.
///
/// # Safety
/// If it is taken, what it switches does not pull the ground from under compiled code.
#[expect(clippy::result_large_err, reason = "as for `catch`")]
pub unsafe fn try_wrmsr(msr: u32, value: u64) -> Result<(), Exception> {
    // SAFETY: one instruction, for whose effect the caller answers, or a fault.
    unsafe { catch(|| wrmsr(msr, value)) }
}

/// Called by the stubs.
#[unsafe(no_mangle)]
extern "C" fn rt_trap(frame: &mut Frame) {
    match (frame.vector as u8, NMI_HOOK.get()) {
        (2, Some(hook)) => hook(frame),
        (irq::FIRST_VECTOR..=irq::LAST_VECTOR, _) => irq::dispatch(frame.vector as u8 - irq::FIRST_VECTOR),
        (0..=1 | 3..=7 | 9..=17 | 19..=31, _) if is_caught() => resume_catch(frame),
        _ => report::fatal(frame),
    }
}

/// Whether a [`catch`] waits, and for this exception: one from inside a hook has a handler below it.
fn is_caught() -> bool {
    CATCH_STACK.load(Relaxed) != 0 && DEPTH.load(Relaxed) == 1
}

/// Makes the handler return into `rt_catch`, as its function's failure.
fn resume_catch(frame: &mut Frame) {
    /// RFLAGS with nothing but its fixed bit.
    const CLEAR: u64 = 1 << 1;
    let exception = Exception { frame: *frame, cr2: control::cr2() };
    // SAFETY: `catch` reads it only after this handler has returned.
    unsafe { (*CAUGHT.0.get()).write(exception) };
    frame.rip = rt_catch_landing as *const () as u64;
    frame.rsp = CATCH_STACK.load(Relaxed);
    frame.rflags = CLEAR;
}
