//! The world switch: from the VMM into the guest and back.
//!
//! On entry a VMCS is current and written, interrupts are off, and the processor runs on a stack of the VMM. The one
//! routine here saves what the System V ABI says a callee keeps, loads the guest's general registers and x87/SSE
//! state, enters, and undoes it all at the exit. RSP, RIP, RFLAGS, segments and control registers are the VMCS's.
//! R8 to R15 are not the guest's to use: no guest runs in 64-bit mode.

use core::arch::{asm, global_asm};
use core::mem::offset_of;

use v8086::General;
use vmx::Field;

use super::vmx::{VmxFailure, vmread};

/// The processor state that a VM exit leaves in registers and that must survive until the next entry.
#[repr(C, align(16))]
pub struct Vcpu {
    /// x87, MMX and SSE state, in the layout of FXSAVE.
    extended: Extended,
    /// The guest's general registers.
    pub general: General,
    /// What HOST_RSP holds, so that it is written only when the stack moved.
    host_rsp: u64,
}

/// The FXSAVE image (SDM vol. 1, 10.5.1 "FXSAVE Area").
#[repr(C, align(16))]
struct Extended([u8; 512]);

const _: () = assert!(offset_of!(Vcpu, extended) == 0 && size_of::<Extended>() == 512);

impl Vcpu {
    /// As after a reset: general registers 0, x87 as after FNINIT, MXCSR 1F80h (SDM vol. 3, "Processor State After
    /// Reset").
    pub const fn new() -> Self {
        let mut extended = [0; 512];
        // FCW = 037Fh
        extended[0] = 0x7F;
        extended[1] = 0x03;
        // MXCSR = 1F80h
        extended[24] = 0x80;
        extended[25] = 0x1F;
        let general = General { rax: 0, rbx: 0, rcx: 0, rdx: 0, rsi: 0, rdi: 0, rbp: 0 };
        // All ones is no stack pointer, so the first entry writes HOST_RSP.
        Self { extended: Extended(extended), general, host_rsp: u64::MAX }
    }

    /// Makes the next entry write HOST_RSP, because another VMCS is current or this one was cleared.
    pub fn forget_host_stack(&mut self) {
        self.host_rsp = u64::MAX;
    }
}

/// With which instruction to enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Entry {
    /// VMLAUNCH, for a clear VMCS.
    Launch = 0,
    /// VMRESUME, for a launched one.
    Resume = 1,
}

global_asm!(
    ".pushsection .text.world_switch, \"ax\"",
    ".code64",
    // world_switch_enter: one trip into the guest.
    // Receives: RDI = the Vcpu, RSI = 0 for VMLAUNCH, 1 for VMRESUME.
    // Returns:  RAX = 0 after a VM exit; bit 0 = CF, bit 1 = ZF when the instruction failed.
    // Keeps what the System V ABI asks for, and MXCSR and the x87 control word as the VMM had them.
    ".global world_switch_enter",
    "world_switch_enter:",
    "    push rbx",
    "    push rbp",
    "    push r12",
    "    push r13",
    "    push r14",
    "    push r15",
    "    push rdi",
    // The stack rarely moves between entries; a compare is cheaper than a VMWRITE.
    "    cmp [rdi + {host_rsp}], rsp",
    "    je 1f",
    "    mov [rdi + {host_rsp}], rsp",
    "    mov eax, {HOST_RSP}",
    "    vmwrite rax, rsp",
    "    jbe 9f",
    "1:  fxrstor64 [rdi]",
    "    test esi, esi",
    "    mov rax, [rdi + {rax}]",
    "    mov rbx, [rdi + {rbx}]",
    "    mov rcx, [rdi + {rcx}]",
    "    mov rdx, [rdi + {rdx}]",
    "    mov rsi, [rdi + {rsi}]",
    "    mov rbp, [rdi + {rbp}]",
    "    mov rdi, [rdi + {rdi}]",
    "    jnz 2f",
    "    vmlaunch",
    "    jmp 3f",
    "2:  vmresume",
    // Still here: the instruction failed. Capture its flags before anything changes them.
    "3:  setc al",
    "    setz cl",
    "    movzx eax, al",
    "    movzx ecx, cl",
    "    lea eax, [rax + 2*rcx]",
    "    pop rdi",
    "    jmp 4f",
    // world_switch_exit: HOST_RIP. RSP is what the entry wrote; every other general register is the guest's.
    ".global world_switch_exit",
    "world_switch_exit:",
    "    xchg rdi, [rsp]",
    "    mov [rdi + {rax}], rax",
    "    mov [rdi + {rbx}], rbx",
    "    mov [rdi + {rcx}], rcx",
    "    mov [rdi + {rdx}], rdx",
    "    mov [rdi + {rsi}], rsi",
    "    mov [rdi + {rbp}], rbp",
    "    fxsave64 [rdi]",
    "    pop rax",
    "    mov [rdi + {rdi}], rax",
    "    xor eax, eax",
    // The guest's x87 and SSE control words are not ours. Clearing the x87 state also drops a pending exception.
    "4:  fninit",
    "    ldmxcsr [rip + world_switch_mxcsr]",
    "    pop r15",
    "    pop r14",
    "    pop r13",
    "    pop r12",
    "    pop rbp",
    "    pop rbx",
    "    ret",
    "9:  ud2",
    ".balign 4",
    "world_switch_mxcsr: .long 0x1F80",
    ".popsection",
    host_rsp = const offset_of!(Vcpu, host_rsp),
    rax = const offset_of!(Vcpu, general) + offset_of!(General, rax),
    rbx = const offset_of!(Vcpu, general) + offset_of!(General, rbx),
    rcx = const offset_of!(Vcpu, general) + offset_of!(General, rcx),
    rdx = const offset_of!(Vcpu, general) + offset_of!(General, rdx),
    rsi = const offset_of!(Vcpu, general) + offset_of!(General, rsi),
    rdi = const offset_of!(Vcpu, general) + offset_of!(General, rdi),
    rbp = const offset_of!(Vcpu, general) + offset_of!(General, rbp),
    HOST_RSP = const Field::HOST_RSP.encoding(),
);

unsafe extern "sysv64" {
    fn world_switch_enter(vcpu: *mut Vcpu, entry: Entry) -> u64;
    fn world_switch_exit();
}

/// The address for HOST_RIP.
pub fn exit_address() -> u64 {
    world_switch_exit as *const () as u64
}

/// Enters the guest of the current VMCS; returns after the next VM exit.
///
/// # Safety
/// The current VMCS holds a host state that brings the processor back to this address space with HOST_RIP =
/// [`exit_address`], and a guest state whose memory is the guest's alone.
///
/// # Errors
/// The instruction failed and the guest did not run.
pub unsafe fn enter(vcpu: &mut Vcpu, entry: Entry) -> Result<(), VmxFailure> {
    // SAFETY: the caller vouches for the VMCS; `vcpu` is valid and exclusive for the call.
    let flags = unsafe { world_switch_enter(vcpu, entry) };
    match flags {
        0 => Ok(()),
        2 => Err(VmxFailure::Valid(vmread(Field::VM_INSTRUCTION_ERROR) as u32)),
        _ => Err(VmxFailure::Invalid),
    }
}

/// VMLAUNCH or VMRESUME with nothing prepared, to show what the processor answers when there is no current VMCS.
///
/// # Safety
/// In VMX root operation, with no current VMCS.
pub unsafe fn launch_without_vmcs() -> VmxFailure {
    let (carry, zero): (u8, u8);
    // SAFETY: without a current VMCS the instruction can only fail, so control stays here.
    unsafe { asm!("vmlaunch", "setc {}", "setz {}", out(reg_byte) carry, out(reg_byte) zero) };
    if zero != 0 && carry == 0 { VmxFailure::Valid(0) } else { VmxFailure::Invalid }
}
