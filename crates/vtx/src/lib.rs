//! The VMX instructions (SDM vol. 3, chapter "VMX Instruction Reference").
//!
//! Each reports through CF and ZF, which the very next instruction may change: they are captured in the asm block
//! of the instruction itself.
//!
//! On entry the processor is in 64-bit mode at CPL 0, with linear addresses equal to physical ones where an address is
//! given. The hypervisor and the harness that proves the auditor both stand on this crate.
#![no_std]

pub mod counters;

use core::arch::asm;
use core::fmt;

use rt::trap::Exception;
use vmx::Field;
use vmx::instruction_error::InstructionError;

/// A VMX instruction failed (SDM vol. 3, "VMX Instruction Reference", "Conventions").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VmxFailure {
    /// CF = 1: there is no current VMCS that could hold an error number.
    Invalid,
    /// ZF = 1: the VM-instruction error field of the current VMCS says why.
    Valid(u32),
}

impl fmt::Display for VmxFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid => {
                write!(f, "VMfailInvalid (CF = 1: no current VMCS, or VMXON refused its region)")
            }
            Self::Valid(number) => match InstructionError(*number).meaning() {
                Some(meaning) => write!(f, "VMfailValid, error {number}: {meaning}"),
                None => {
                    write!(f, "VMfailValid, error {number}, which this revision of the manual does not list")
                }
            },
        }
    }
}

/// CF and ZF as an instruction left them.
fn outcome(carry: u8, zero: u8) -> Result<(), VmxFailure> {
    match (carry, zero) {
        (0, 0) => Ok(()),
        (0, _) => Err(VmxFailure::Valid(vmread(Field::VM_INSTRUCTION_ERROR) as u32)),
        (_, _) => Err(VmxFailure::Invalid),
    }
}

/// VMXON with a region that holds the revision identifier.
///
/// # Safety
/// The page at `region`, a physical address, is reserved for the processor until VMXOFF.
///
/// # Errors
/// The exception, when the processor's state forbids VMX; inside, [`VmxFailure::Invalid`] for a wrong revision.
#[expect(clippy::result_large_err, reason = "the registers are the evidence, and there is one VMXON")]
pub unsafe fn vmxon(region: u64) -> Result<Result<(), VmxFailure>, Exception> {
    let execute = move || {
        let (carry, zero): (u8, u8);
        // SAFETY: the caller reserves the region. The instruction changes no register.
        unsafe {
            asm!("vmxon [{}]", "setc {}", "setz {}", in(reg) &region, out(reg_byte) carry, out(reg_byte) zero);
        }
        match (carry, zero) {
            (0, 0) => Ok(()),
            // There is no current VMCS yet, so no error number can be read.
            (0, _) => Err(VmxFailure::Valid(0)),
            (_, _) => Err(VmxFailure::Invalid),
        }
    };
    // SAFETY: one instruction that faults before it does anything; nothing here has a destructor.
    unsafe { rt::trap::catch(execute) }
}

/// VMXOFF.
///
/// # Safety
/// The processor is in VMX root operation, and no VMCS is used after this.
pub unsafe fn vmxoff() -> Result<(), VmxFailure> {
    let (carry, zero): (u8, u8);
    // SAFETY: the caller is in VMX root operation.
    unsafe { asm!("vmxoff", "setc {}", "setz {}", out(reg_byte) carry, out(reg_byte) zero) };
    outcome(carry, zero)
}

/// VMCLEAR: makes a VMCS clear and not current.
///
/// # Safety
/// In VMX root operation; the page at `region`, a physical address, is reserved for the processor while it is used as a
/// VMCS.
pub unsafe fn vmclear(region: u64) -> Result<(), VmxFailure> {
    let (carry, zero): (u8, u8);
    // SAFETY: as the caller promises.
    unsafe {
        asm!("vmclear [{}]", "setc {}", "setz {}", in(reg) &region, out(reg_byte) carry,
            out(reg_byte) zero);
    }
    outcome(carry, zero)
}

/// VMPTRLD: makes a VMCS current.
///
/// # Safety
/// As for [`vmclear`].
pub unsafe fn vmptrld(region: u64) -> Result<(), VmxFailure> {
    let (carry, zero): (u8, u8);
    // SAFETY: as the caller promises.
    unsafe {
        asm!("vmptrld [{}]", "setc {}", "setz {}", in(reg) &region, out(reg_byte) carry,
            out(reg_byte) zero);
    }
    outcome(carry, zero)
}

/// VMPTRST: the physical address of the current VMCS, all ones when there is none.
///
/// # Safety
/// In VMX root operation.
pub unsafe fn vmptrst() -> u64 {
    let mut address = 0_u64;
    // SAFETY: the caller is in VMX root operation; the operand is a local of eight bytes.
    unsafe { asm!("vmptrst [{}]", in(reg) &raw mut address) };
    address
}

/// VMREAD. A failure is a bug of ours (a field that does not exist, or no current VMCS): the processor stops at a
/// `ud2`, which the IDT reports with its address.
#[inline(always)]
pub fn vmread(field: Field) -> u64 {
    counters::count_read();
    let value: u64;
    // SAFETY: VMREAD reads the current VMCS into a register; on failure control goes to `ud2` and never comes back.
    unsafe {
        asm!(
            "vmread {value}, {field}",
            "ja 77f",
            "ud2",
            "77:",
            value = out(reg) value,
            field = in(reg) u64::from(field.encoding()),
            options(nostack, nomem),
        );
    }
    value
}

/// VMWRITE on the way of an exit. A failure is a bug of ours, treated as in [`vmread`].
#[inline(always)]
pub fn vmwrite(field: Field, value: u64) {
    counters::count_write();
    // SAFETY: VMWRITE changes the current VMCS only. What a value may do to the host at the next exit is decided by
    // the host-state fields, for which the one who enters the guest answers.
    unsafe {
        asm!(
            "vmwrite {field}, {value}",
            "ja 77f",
            "ud2",
            "77:",
            field = in(reg) u64::from(field.encoding()),
            value = in(reg) value,
            options(nostack),
        );
    }
}

/// VMWRITE where the processor may refuse: a plan may name a field that this processor lacks.
///
/// # Errors
/// What the processor said.
pub fn try_vmwrite(field: Field, value: u64) -> Result<(), VmxFailure> {
    let (carry, zero): (u8, u8);
    // SAFETY: as in `vmwrite`; a failure is captured.
    unsafe {
        asm!("vmwrite {}, {}", "setc {}", "setz {}", in(reg) u64::from(field.encoding()), in(reg) value,
            out(reg_byte) carry, out(reg_byte) zero);
    }
    outcome(carry, zero)
}

/// INVEPT or INVVPID of one context, the type 1 of both.
const ONE_CONTEXT: u64 = 1;

/// INVEPT: what the processor has kept of the extended page tables that `pointer`, an EPT pointer, leads to.
///
/// # Safety
/// In VMX root operation; the processor has INVEPT of one context, and `pointer` is one that a VM entry takes.
pub unsafe fn invept(pointer: u64) {
    let descriptor = [pointer, 0];
    // SAFETY: the caller vouches for the instruction; it changes translations of guests only.
    unsafe {
        asm!("invept {}, [{}]", "ja 77f", "ud2", "77:",
            in(reg) ONE_CONTEXT, in(reg) &descriptor, options(nostack));
    }
}

/// INVVPID: what the processor has kept of linear addresses of the guest `vpid`.
///
/// # Safety
/// In VMX root operation; the processor has INVVPID of one context, and `vpid` is not 0.
pub unsafe fn invvpid(vpid: u16) {
    let descriptor = [u64::from(vpid), 0];
    // SAFETY: the caller vouches for the instruction; it changes translations of guests only.
    unsafe {
        asm!("invvpid {}, [{}]", "ja 77f", "ud2", "77:",
            in(reg) ONE_CONTEXT, in(reg) &descriptor, options(nostack));
    }
}
