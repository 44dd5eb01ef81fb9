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
        let record = vm.ring.note(reason, &at, vm.vcpu.general.rax);
        // Single steps are for the back-end, and what is due goes first.
        let calm = at.rflags & (Flags::TF | Flags::RF) == 0 && at.tsc < vm.due;
        let exit = match reason.basic_number() {
            number::IO_INSTRUCTION => {
                let qualification = vmread(Field::EXIT_QUALIFICATION);
                record.qualification = qualification;
                if calm && vm.quick_io(&at, qualification, report) {
                    None
                } else {
                    Some(Exit::io(reason, qualification))
                }
            }
            number::CPUID if calm => {
                vm.answer_cpuid();
                complete(&at, vmread(Field::VM_EXIT_INSTRUCTION_LENGTH) as u32);
                None
            }
            number::VMCALL => {
                if calm && vm.look_up(&at) {
                    None
                } else {
                    Some(Exit::Vmcall)
                }
            }
            _ => Some(Exit::read(reason, record)),
        };
        if let Some(exit) = exit {
            vm.at = AtExit { complete: false, ..at };
            let answer = vm.answer(exit, report);
            if !matches!(answer, Ok(Next::Run)) || vm.is_due() {
                return Ok(Pause { reason, answer });
            }
            if let end @ Next::End(_) = vm.deliver_interrupt() {
                return Ok(Pause { reason, answer: Ok(end) });
            }
            vm.watch(vm.at.rflags);
        } else {
            if vm.pc.interrupt_pending() {
                vm.at = at;
                vm.at.rip = vmread(Field::GUEST_RIP) as u32;
                if let end @ Next::End(_) = vm.deliver_interrupt() {
                    return Ok(Pause { reason, answer: Ok(end) });
                }
            }
            vm.watch(at.rflags);
        }
        reason = vmcs.resume(&mut vm.vcpu)?;
    }
}

/// Ends an instruction of this length in bytes, of a guest that has neither TF nor RF set. It may have stood in the shadow
/// of STI or MOV SS, which is over then; to look whether it did would cost as much as the write.
#[inline(always)]
pub fn complete(at: &AtExit, length: u32) {
    vmwrite(Field::GUEST_RIP, at.rip.wrapping_add(length).into());
    vmwrite(Field::GUEST_INTERRUPTIBILITY_STATE, 0);
}

/// Linear addresses below here are RAM, whatever the A20 gate and the video mode say.
const CONVENTIONAL: u32 = 0xA_0000;

/// The bytes at CS:IP of a guest whose CS has the base of real mode, if they lie in conventional memory.
#[inline(always)]
pub fn code<const N: usize>(vm: &Vm, at: &AtExit) -> Option<[u8; N]> {
    let linear = u32::from(at.cs) * 16 + at.rip;
    if linear < CONVENTIONAL - N as u32 { vm.space.ram().load(linear as usize) } else { None }
}
