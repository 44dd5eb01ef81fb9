//! The turns of a guest: what nearly every exit goes through, and nothing besides.
//!
//! On entry a guest has exited. What can be answered from the registers and one device is answered here and at once, by one
//! match on the reason. All else goes through [`Exit`] and [`Vm::answer`], and what concerns more than the guest ends the
//! turns. Speed is counted: `hyper86 bench` holds each way through here against its limit.

use v8086::Shutdown;
use vmx::Field;
use vmx::exit::ExitReason;

use crate::cpu::vmx::{vmread, vmwrite};
use crate::exit::{Exit, number};
use crate::failure::Failure;
use crate::guest_cpu::AtExit;
use crate::operation::{EntryFailure, LaunchedVmcs, Left};
use crate::report::Reporter;

use super::post_mortem::Place;
use super::unrestricted;
use super::vm::{Next, SHUTDOWN, Shown, Vm};

/// Why the turns pause: the last exit, and its answer.
pub struct Pause {
    /// Why the guest exited.
    pub reason: ExitReason,
    /// What was answered.
    pub answer: Result<Next, Failure>,
}

/// Resumes the guest, until it exits.
#[inline(always)]
pub fn resume(vm: &mut Vm, vmcs: &mut LaunchedVmcs) -> Left {
    #[cfg(feature = "fuzz")]
    vm.space.assert_told();
    vmcs.turn(&mut vm.vcpu)
}

/// Answers the exit of a guest that was left like this, resumes it, and so on, until there is more to do than that.
///
/// # Errors
/// The processor refuses to resume.
#[inline(never)]
pub fn turns(
    vm: &mut Vm,
    vmcs: &mut LaunchedVmcs,
    mut left: Left,
    report: &mut Reporter,
) -> Result<Pause, EntryFailure> {
    loop {
        let place = vm.ring.begin(left);
        let at = AtExit::read();
        vm.ring.note(place, &at);
        let mut done = if vm.watch.is_usual(at.rflags) && at.tsc < vm.due {
            match Kind::of(left.reason) {
                Kind::Io => vm.quick_io(&at, place, report),
                Kind::Cpuid => {
                    vm.answer_cpuid();
                    Done::To(next_rip(&at))
                }
                Kind::Vmcall => {
                    let done = vm.quick_vmcall(&at);
                    if vm.shown == Shown::Nothing {
                        done
                    } else if let Done::To(rip) = done {
                        vm.at = AtExit { complete: false, ..vm.ring.at() };
                        vm.at.set_rip(rip as u32);
                        return Ok(Pause { reason: vm.ring.reason(), answer: Ok(Next::Run) });
                    } else {
                        done
                    }
                }
                Kind::Exception => vm.quick_refused(&at, place),
                Kind::Rdmsr if vm.tell_time(&at) => Done::To(next_rip(&at)),
                Kind::Hlt if at.interrupts_enabled() => Done::Halt(next_rip(&at)),
                Kind::Rdmsr | Kind::Hlt | Kind::Other => Done::Not,
            }
        } else {
            Done::Not
        };
        if let Done::Halt(rip) = done {
            done = if vm.sleep(at.tsc) { Done::To(rip) } else { Done::Not };
        }
        if let Done::To(rip) = done {
            if !vm.pc.interrupt_pending() {
                vmwrite(Field::GUEST_RIP, rip);
                left = resume(vm, vmcs);
                continue;
            }
            if let Ok(()) = vm.interrupt_at(rip) {
                left = resume(vm, vmcs);
                continue;
            }
            return Ok(Pause { reason: vm.ring.reason(), answer: Ok(SHUTDOWN) });
        }
        let reason = vm.ring.reason();
        if let Err(failure) = (Left { reason, rax: 0 }).ran() {
            vm.ring.forget_last();
            if unrestricted::wrap_instruction_pointer() {
                left = resume(vm, vmcs);
                continue;
            }
            return Err(failure.into());
        }
        if let Some(answer) = answer(vm, reason, report) {
            return Ok(Pause { reason, answer });
        }
        left = resume(vm, vmcs);
    }
}

/// What can be answered here.
#[derive(Clone, Copy)]
enum Kind {
    Other,
    Exception,
    Cpuid,
    Vmcall,
    Io,
    Rdmsr,
    Hlt,
}

/// The kind of each basic reason: small and without gaps, so that the match on it is a table too. No processor has more than
/// 256 reasons.
const KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Other; 256];
    kinds[number::EXCEPTION_OR_NMI as usize] = Kind::Exception;
    kinds[number::CPUID as usize] = Kind::Cpuid;
    kinds[number::HLT as usize] = Kind::Hlt;
    kinds[number::VMCALL as usize] = Kind::Vmcall;
    kinds[number::IO_INSTRUCTION as usize] = Kind::Io;
    kinds[number::RDMSR as usize] = Kind::Rdmsr;
    kinds
};

impl Kind {
    #[inline(always)]
    fn of(reason: ExitReason) -> Self {
        KINDS[usize::from(reason.basic_number() as u8)]
    }
}

/// What has been done for a guest that has neither TF nor RF set.
#[derive(Clone, Copy)]
pub enum Done {
    /// Nothing.
    Not,
    /// An instruction was carried out, up to this RIP, and nothing besides is to be done.
    To(u64),
    /// HLT, up to this RIP, is still to be carried out; interrupts are enabled.
    Halt(u64),
}

/// RIP behind the instruction that exited, whose length the processor knows.
#[inline(always)]
fn next_rip(at: &AtExit) -> u64 {
    at.rip.wrapping_add(vmread(Field::VM_EXIT_INSTRUCTION_LENGTH) as u32).into()
}

/// Answers an exit in full. `None`: the guest goes on.
#[inline(never)]
fn answer(vm: &mut Vm, reason: ExitReason, report: &mut Reporter) -> Option<Result<Next, Failure>> {
    vm.at = AtExit { complete: false, ..vm.ring.at() };
    let exit = Exit::read(reason, vm.ring.last());
    let answer = vm.answer(exit, report);
    if !matches!(answer, Ok(Next::Run)) || vm.is_due() {
        return Some(answer);
    }
    if let Err(Shutdown) = vm.deliver_interrupt() {
        return Some(Ok(SHUTDOWN));
    }
    vm.watch.before_entry(vm.at.rflags);
    None
}

/// Linear addresses below here are RAM, whatever the A20 gate and the video mode say.
pub const CONVENTIONAL: u32 = 0xA_0000;

/// The bytes at CS:IP of a guest whose CS has the base of real mode, if they lie in conventional memory.
#[inline(always)]
fn code<const N: usize>(vm: &Vm, at: &AtExit) -> Option<[u8; N]> {
    let linear = at.cs * 16 + at.rip;
    (linear < CONVENTIONAL - N as u32).then(|| vm.space.ram().conventional(linear))
}

/// A #GP, in virtual-8086 mode: its kind, vector and error code, all but the error code's value.
const GENERAL_PROTECTION: u32 = 1 << 31 | 1 << 11 | 3 << 8 | 13;

/// The bits of the interruption information that say so.
const EVENT: u32 = 1 << 31 | 0xFFF;

/// HLT, in the first byte.
const HLT: u8 = 0xF4;

/// RDMSR.
const RDMSR: u16 = u16::from_le_bytes([0x0F, 0x32]);

/// IA32_TIME_STAMP_COUNTER.
const TIME_STAMP_COUNTER: u32 = 0x10;

impl Vm {
    /// A #GP of a guest in virtual-8086 mode that stands for HLT, or for RDMSR of the time-stamp counter, as programs time
    /// themselves by: the monitor would do the same at five times the cost.
    #[inline(always)]
    fn quick_refused(&mut self, at: &AtExit, place: Place) -> Done {
        let interruption = vmread(Field::VM_EXIT_INTERRUPTION_INFORMATION) as u32;
        self.ring.record(place).interruption = interruption;
        if interruption & EVENT != GENERAL_PROTECTION || at.rip >= 0xFFFE || self.stepping.is_some() {
            return Done::Not;
        }
        let Some(code) = code(self, at).map(u16::from_le_bytes) else { return Done::Not };
        let halts = code as u8 == HLT;
        if !halts && code != RDMSR || vmread(Field::IDT_VECTORING_INFORMATION) >> 31 & 1 == 1 {
            Done::Not
        } else if halts && at.interrupts_enabled() {
            Done::Halt(u64::from(at.rip) + 1)
        } else if self.tell_time(at) {
            Done::To(u64::from(at.rip) + 2)
        } else {
            Done::Not
        }
    }

    /// RDMSR of the time-stamp counter. `false`: it is of another.
    #[inline(always)]
    fn tell_time(&mut self, at: &AtExit) -> bool {
        let asked = self.vcpu.general.ecx() == TIME_STAMP_COUNTER;
        if asked {
            self.vcpu.general.set_eax(at.tsc as u32);
            self.vcpu.general.set_edx((at.tsc >> 32) as u32);
        }
        asked
    }
}
