//! The world switch: from the VMM into the guest and back.
//!
//! On entry a VMCS is current and written, interrupts are off, and the processor runs on a stack of the VMM. The one
//! routine here saves the few registers that the compiler cannot, loads the guest's general registers and x87/SSE
//! state, enters, and undoes it all at the exit. FXSAVE and FXRSTOR are one instruction each: to prove of each exit that it
//! leaves that state alone would cost more than to save it. RSP, RIP, RFLAGS, segments and control registers are the VMCS's.
//! R8 to R15 are not the guest's to use: no guest runs in 64-bit mode.

use core::arch::{asm, global_asm};
use core::mem::offset_of;

use v8086::General;
use vmx::Field;
use vmx::exit::ExitReason;
use vtx::counters;

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

/// Of that image, where the x87's registers lie, and their bits.
mod image {
    pub const CONTROL: usize = 0;
    pub const STATUS: usize = 2;
    /// Bits 39:32 of the address of the last instruction that computed: 0, since no guest runs above 4 GiB.
    pub const LAST_INSTRUCTION_HIGH: usize = 12;
    /// The six exceptions: their masks in the control word, their flags in the status word.
    pub const EXCEPTIONS: u8 = 0x3F;
    /// An exception that is not masked is flagged.
    pub const SUMMARY: u8 = 0x80;
    /// The same, in the status word's high byte.
    pub const BUSY: u8 = 0x80;
}

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

    /// Masks the x87's exceptions, so that one that is pending does not keep the next instruction from being carried out.
    /// Returns what [`Self::unmask_x87`] wants.
    pub fn mask_x87(&mut self) -> u8 {
        let image = &mut self.extended.0;
        let control = image[image::CONTROL];
        image[image::CONTROL] = control | image::EXCEPTIONS;
        image[image::STATUS] &= !image::SUMMARY;
        image[image::STATUS + 1] &= !image::BUSY;
        image[image::LAST_INSTRUCTION_HIGH] = 1;
        control
    }

    /// Puts the masks back, unless the instruction itself loaded some: `waited` says that it was WAIT, or none; of the
    /// others those that have no operand but the control word are no "last instruction".
    pub fn unmask_x87(&mut self, control: u8, waited: bool) {
        let image = &mut self.extended.0;
        let computed = core::mem::take(&mut image[image::LAST_INSTRUCTION_HIGH]) == 0;
        if (waited || computed) && image[image::CONTROL] == control | image::EXCEPTIONS {
            image[image::CONTROL] = control;
        }
        if image[image::STATUS] & !image[image::CONTROL] & image::EXCEPTIONS != 0 {
            image[image::STATUS] |= image::SUMMARY;
            image[image::STATUS + 1] |= image::BUSY;
        }
    }

    /// Makes the next entry write HOST_RSP, because another VMCS is current or this one was cleared.
    pub fn forget_host_stack(&mut self) {
        self.host_rsp = u64::MAX;
    }
}

/// The guest did not start.
#[derive(Debug)]
pub enum EntryFailure {
    /// VMLAUNCH fell through: controls or host state.
    Instruction(VmxFailure),
    /// An exit with bit 31 of its reason set: guest state or MSR loading.
    GuestState(ExitReason),
}

/// How a guest was left, or that it was not entered.
#[derive(Clone, Copy)]
pub struct Left {
    /// The exit reason, or what the routine made of an instruction that failed. Of an entry that failed it has bit 31 set, and a
    /// basic number that no exit of a guest has.
    pub reason: ExitReason,
    /// The guest's RAX.
    pub rax: u64,
}

impl Left {
    /// The exit reason of a guest that ran.
    ///
    /// # Errors
    /// [`NotEntered`], an [`EntryFailure`]
    #[inline(always)]
    pub const fn ran(self) -> Result<ExitReason, NotEntered> {
        if self.reason.entry_failed() { Err(NotEntered(self.reason.0)) } else { Ok(self.reason) }
    }
}

/// What the routine returned of an entry that failed. Its meaning is for a cold place to find.
pub struct NotEntered(u32);

impl From<NotEntered> for EntryFailure {
    #[cold]
    fn from(NotEntered(returned): NotEntered) -> Self {
        const ZERO_FLAG_ALONE: u32 = 2;
        if returned & NOT_ENTERED != NOT_ENTERED {
            Self::GuestState(ExitReason(returned))
        } else if returned & !NOT_ENTERED == ZERO_FLAG_ALONE {
            Self::Instruction(VmxFailure::Valid(vmread(Field::VM_INSTRUCTION_ERROR) as u32))
        } else {
            Self::Instruction(VmxFailure::Invalid)
        }
    }
}

/// With which instruction to enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// VMLAUNCH, for a clear VMCS.
    Launch,
    /// VMRESUME, for a launched one.
    Resume,
}

global_asm!(
    ".pushsection .text.world_switch, \"ax\"",
    ".code64",
    // Saves the host's registers, loads the guest's.
    ".macro world_switch_load",
    "    push rbx",
    "    push rbp",
    "    push rdi",
    // The stack rarely moves between entries; a compare is cheaper than a VMWRITE.
    "    cmp [rdi + {host_rsp}], rsp",
    "    je 1f",
    "    mov [rdi + {host_rsp}], rsp",
    "    mov eax, {HOST_RSP}",
    "    vmwrite rax, rsp",
    "    jbe world_switch_bug",
    "1:  fxrstor64 [rdi]",
    "    mov rax, [rdi + {rax}]",
    "    mov rbx, [rdi + {rbx}]",
    "    mov rcx, [rdi + {rcx}]",
    "    mov rdx, [rdi + {rdx}]",
    "    mov rsi, [rdi + {rsi}]",
    "    mov rbp, [rdi + {rbp}]",
    "    mov rdi, [rdi + {rdi}]",
    ".endm",
    // world_switch_launch, world_switch_resume: one trip into the guest, by VMLAUNCH or VMRESUME.
    // Receives: RDI = the Vcpu.
    // Returns:  ECX = the exit reason after a VM exit, RAX = the guest's; when the instruction failed, ECX = NOT_ENTERED
    //           with bit 0 = CF, bit 1 = ZF.
    // Keeps RBX, RBP and RSP; its caller expects nothing else. So the compiler saves what it needs to, which is nearly
    // nothing. MXCSR and the x87 registers stay the guest's, a pending exception among them: the VMM moves bytes through
    // SSE registers and computes nothing there (cli/tests/metal.rs looks at every instruction).
    ".global world_switch_launch",
    "world_switch_launch:",
    "    world_switch_load",
    "    vmlaunch",
    "    jmp 3f",
    ".global world_switch_resume",
    "world_switch_resume:",
    "    world_switch_load",
    "    vmresume",
    // Still here: the instruction failed. Capture its flags before anything changes them.
    "3:  setc al",
    "    setz cl",
    "    movzx eax, al",
    "    movzx ecx, cl",
    "    lea ecx, [rax + 2*rcx]",
    "    or ecx, {NOT_ENTERED}",
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
    "    pop qword ptr [rdi + {rdi}]",
    "    mov ecx, {EXIT_REASON}",
    "    vmread rcx, rcx",
    "    jbe world_switch_bug",
    "4:  pop rbp",
    "    pop rbx",
    "    ret",
    "world_switch_bug:",
    "    ud2",
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
    EXIT_REASON = const Field::EXIT_REASON.encoding(),
    NOT_ENTERED = const NOT_ENTERED,
);

/// In what the routine returns: the instruction failed. Bit 31 alone tells a caller that something did; no exit has a basic
/// number like the rest.
const NOT_ENTERED: u32 = 1 << 31 | 0xFFF0;

unsafe extern "sysv64" {
    fn world_switch_launch();
    fn world_switch_resume();
    fn world_switch_exit();
}

/// The address for HOST_RIP.
pub fn exit_address() -> u64 {
    world_switch_exit as *const () as u64
}

/// Enters the guest of the current VMCS; returns after the next VM exit, or if the guest did not run.
///
/// # Safety
/// The current VMCS holds a host state that brings the processor back to this address space with HOST_RIP =
/// [`exit_address`], and a guest state whose memory is the guest's alone.
#[inline(always)]
pub unsafe fn enter(vcpu: &mut Vcpu, entry: Entry) -> Left {
    let (returned, rax): (u32, u64);
    // SAFETY: the caller vouches for the VMCS; `vcpu` is valid and exclusive for the call. The routine keeps RBX, RBP and
    // RSP; all else is named here as changed. (R8 to R15 hold over a guest outside 64-bit mode on every processor that is
    // known, but the manual does not promise it.)
    unsafe {
        match entry {
            Entry::Launch => asm!("call {}", sym world_switch_launch, inout("rdi") &raw mut *vcpu => _,
                out("ecx") returned, out("rax") rax, out("r12") _, out("r13") _, out("r14") _, out("r15") _, clobber_abi("sysv64")),
            Entry::Resume => asm!("call {}", sym world_switch_resume, inout("rdi") &raw mut *vcpu => _,
                out("ecx") returned, out("rax") rax, out("r12") _, out("r13") _, out("r14") _, out("r15") _, clobber_abi("sysv64")),
        }
    }
    counters::count_read();
    Left { reason: ExitReason(returned), rax }
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
