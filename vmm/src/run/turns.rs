//! The turns of a guest: what nearly every exit goes through, and nothing besides.
//!
//! On entry a guest has exited. What can be answered from the registers and one device is answered here and at once, by one
//! match on the reason. All else goes through [`Exit`] and [`Vm::answer`], and what concerns more than the guest ends the
//! turns. Speed is counted: `hyper86 bench` holds each way through here against its limit.

use v8086::Flags;
use vmx::Field;
use vmx::exit::ExitReason;

use crate::cpu::vmx::{vmread, vmwrite};
use crate::exit::{Exit, number};
use crate::failure::Failure;
use crate::guest_cpu::AtExit;
use crate::operation::{EntryFailure, LaunchedVmcs};
use crate::report::Reporter;

use super::vm::{Next, Vm};

/// Why the turns pause: the last exit, and its answer.
pub struct Pause {
    /// Why the guest exited.
    pub reason: ExitReason,
    /// What was answered.
    pub answer: Result<Next, Failure>,
}

/// Answers an exit, resumes the guest, and so on, until there is more to do than that.
///
/// # Errors
/// The processor refuses to resume.
#[inline(never)]
pub fn turns(
    vm: &mut Vm,
    vmcs: &mut LaunchedVmcs,
    report: &mut Reporter,
    mut reason: ExitReason,
) -> Result<Pause, EntryFailure> {
    loop {
        let at = AtExit::read();
        let place = vm.ring.note(reason, &at, vm.vcpu.general.rax);
        // Single steps are for the back-end, and what is due goes first.
        let mut particulars = Particulars::Unread;
        let answered = at.rflags & (Flags::TF | Flags::RF) == 0
            && at.tsc < vm.due
            && match reason.basic_number() {
                number::IO_INSTRUCTION => {
                    let qualification = vmread(Field::EXIT_QUALIFICATION);
                    vm.ring.record(place).qualification = qualification;
                    particulars = Particulars::Read;
                    vm.quick_io(&at, qualification, report)
                }
                number::CPUID => {
                    vm.answer_cpuid();
                    complete(vm, &at, vmread(Field::VM_EXIT_INSTRUCTION_LENGTH) as u32);
                    true
                }
                number::VMCALL => vm.quick_vmcall(&at),
                number::EXCEPTION_OR_NMI => {
                    let interruption = vmread(Field::VM_EXIT_INTERRUPTION_INFORMATION) as u32;
                    vm.ring.record(place).interruption = interruption;
                    particulars = Particulars::Read;
                    vm.quick_rdmsr(&at, interruption)
                }
                _ => false,
            };
        if !answered {
            vm.at = AtExit { complete: false, ..at };
            if let Some(answer) = answer(vm, reason, particulars, report) {
                return Ok(Pause { reason, answer });
            }
        } else {
            if vm.pc.interrupt_pending() {
                vm.at = AtExit { rip: vm.at.rip, ..at };
                if let end @ Next::End(_) = vm.deliver_pending() {
                    return Ok(Pause { reason, answer: Ok(end) });
                }
            }
            vm.watch(at.rflags);
        }
        reason = vmcs.resume(&mut vm.vcpu)?;
    }
}

/// Whether the record of an exit holds what its kind has beside the reason.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Particulars {
    Read,
    Unread,
}

/// Answers an exit in full. `None`: the guest goes on.
#[inline(never)]
fn answer(
    vm: &mut Vm,
    reason: ExitReason,
    particulars: Particulars,
    report: &mut Reporter,
) -> Option<Result<Next, Failure>> {
    let record = vm.ring.last();
    let exit = match (reason.basic_number(), particulars) {
        (number::IO_INSTRUCTION, Particulars::Read) => Exit::io(reason, record.qualification),
        (number::EXCEPTION_OR_NMI, Particulars::Read) => Exit::exception(reason, record.interruption),
        _ => Exit::read(reason, record),
    };
    let answer = vm.answer(exit, report);
    if !matches!(answer, Ok(Next::Run)) || vm.is_due() {
        return Some(answer);
    }
    if let end @ Next::End(_) = vm.deliver_interrupt() {
        return Some(Ok(end));
    }
    vm.watch(vm.at.rflags);
    None
}

/// Ends an instruction of this length in bytes, of a guest that has neither TF nor RF set. It may have stood in the shadow
/// of STI or MOV SS, which is over then; to look whether it did would cost as much as the write.
#[inline(always)]
pub fn complete(vm: &mut Vm, at: &AtExit, length: u32) {
    vm.at.set_rip(at.rip.wrapping_add(length));
    vmwrite(Field::GUEST_INTERRUPTIBILITY_STATE, 0);
}

/// Linear addresses below here are RAM, whatever the A20 gate and the video mode say.
pub const CONVENTIONAL: u32 = 0xA_0000;

/// The bytes at CS:IP of a guest whose CS has the base of real mode, if they lie in conventional memory.
#[inline(always)]
fn code<const N: usize>(vm: &Vm, at: &AtExit) -> Option<[u8; N]> {
    let linear = u32::from(at.cs) * 16 + at.rip;
    (linear < CONVENTIONAL - N as u32).then(|| vm.space.ram().conventional(linear))
}

/// A #GP, in virtual-8086 mode: its kind, vector and error code, all but the error code's value.
const GENERAL_PROTECTION: u32 = 1 << 31 | 1 << 11 | 3 << 8 | 13;

/// The bits of the interruption information that say so.
const EVENT: u32 = 1 << 31 | 0xFFF;

/// RDMSR, with what follows it.
const RDMSR: u16 = u16::from_le_bytes([0x0F, 0x32]);

/// IA32_TIME_STAMP_COUNTER.
const TIME_STAMP_COUNTER: u32 = 0x10;

impl Vm {
    /// A #GP of a guest in virtual-8086 mode that stands for RDMSR of the time-stamp counter, as programs time themselves
    /// by: the monitor would do the same at five times the cost. `false`: it is another, and nothing is done.
    #[inline(always)]
    fn quick_rdmsr(&mut self, at: &AtExit, interruption: u32) -> bool {
        if interruption & EVENT != GENERAL_PROTECTION
            || self.vcpu.general.ecx() != TIME_STAMP_COUNTER
            || at.rip >= 0xFFFE
            || self.stepping.is_some()
            || code(self, at).map(u16::from_le_bytes) != Some(RDMSR)
            || vmread(Field::IDT_VECTORING_INFORMATION) >> 31 & 1 == 1
        {
            return false;
        }
        self.vcpu.general.set_eax(at.tsc as u32);
        self.vcpu.general.set_edx((at.tsc >> 32) as u32);
        complete(self, at, 2);
        true
    }
}
