//! VMLAUNCH, and the way back from whatever it does.
//!
//! The host state of a case is its own: valid, but with another stack, other tables, other control bits. So the way back
//! believes nothing: it takes stack, control registers, EFER, GDT, IDT, TR and segments from what [`note_host`] noted.

use core::arch::global_asm;

use rt::trap::{CODE_SELECTOR, DATA_SELECTOR, TASK_SELECTOR};

/// What VMLAUNCH did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Launch {
    /// A VM exit came, from the guest or from the entry.
    Exited,
    /// CF = 1.
    FailedInvalid,
    /// ZF = 1: there is an error number.
    Failed,
}

global_asm!(
    ".pushsection .data.prover, \"aw\"",
    ".balign 8",
    "prover_stack: .quad 0",
    "prover_cr0: .quad 0",
    "prover_cr3: .quad 0",
    "prover_cr4: .quad 0",
    "prover_efer: .quad 0",
    "prover_gdt: .quad 0, 0",
    "prover_idt: .quad 0, 0",
    ".popsection",
    ".pushsection .text.prover, \"ax\"",
    ".code64",
    // prover_note_host: notes what prover_exit brings back. Changes RAX, RCX, RDX.
    ".global prover_note_host",
    "prover_note_host:",
    "    mov rax, cr0",
    "    mov [rip + prover_cr0], rax",
    "    mov rax, cr3",
    "    mov [rip + prover_cr3], rax",
    "    mov rax, cr4",
    "    mov [rip + prover_cr4], rax",
    "    mov ecx, {EFER}",
    "    rdmsr",
    "    mov [rip + prover_efer], eax",
    "    mov [rip + prover_efer + 4], edx",
    "    sgdt [rip + prover_gdt]",
    "    sidt [rip + prover_idt]",
    "    ret",
    // prover_launch: VMLAUNCH.
    // Returns: RAX = 0 after a VM exit; bit 0 = CF, bit 1 = ZF when the instruction failed.
    // Keeps what the System V ABI asks for, x87 and SSE state apart, which no guest here changes.
    ".global prover_launch",
    "prover_launch:",
    "    push rbx",
    "    push rbp",
    "    push r12",
    "    push r13",
    "    push r14",
    "    push r15",
    "    mov [rip + prover_stack], rsp",
    "    vmlaunch",
    "    setc al",
    "    setz cl",
    "    movzx eax, al",
    "    movzx ecx, cl",
    "    lea eax, [rax + 2*rcx]",
    "    jmp 3f",
    // prover_exit: where the stub at HOST_RIP jumps. On entry only RIP and the mapping of the first GiB are certain.
    ".global prover_exit",
    "prover_exit:",
    "    mov rsp, [rip + prover_stack]",
    "    mov ecx, {EFER}",
    "    mov eax, [rip + prover_efer]",
    "    mov edx, [rip + prover_efer + 4]",
    "    wrmsr",
    "    mov rax, [rip + prover_cr4]",
    "    mov cr4, rax",
    "    mov rax, [rip + prover_cr0]",
    "    mov cr0, rax",
    "    mov rax, [rip + prover_cr3]",
    "    mov cr3, rax",
    "    lgdt [rip + prover_gdt]",
    "    lidt [rip + prover_idt]",
    // LTR wants an available TSS: clear the busy bit, bit 1 of the descriptor's byte 5.
    "    mov rax, [rip + prover_gdt + 2]",
    "    and byte ptr [rax + {TASK} + 5], 0xFD",
    "    mov eax, {TASK}",
    "    ltr ax",
    "    push {CODE}",
    "    lea rax, [rip + 2f]",
    "    push rax",
    "    retfq",
    "2:  mov eax, {DATA}",
    "    mov ds, eax",
    "    mov es, eax",
    "    mov ss, eax",
    "    xor eax, eax",
    "    mov fs, eax",
    "    mov gs, eax",
    "3:  pop r15",
    "    pop r14",
    "    pop r13",
    "    pop r12",
    "    pop rbp",
    "    pop rbx",
    "    ret",
    ".popsection",
    EFER = const 0xC000_0080_u32,
    CODE = const CODE_SELECTOR,
    DATA = const DATA_SELECTOR,
    TASK = const TASK_SELECTOR,
);

unsafe extern "sysv64" {
    fn prover_note_host();
    fn prover_launch() -> u64;
    fn prover_exit();
}

/// Notes the host's state as it is now.
pub(super) fn note_host() {
    // SAFETY: the routine reads registers that exist in 64-bit mode, at CPL 0, and writes its own memory.
    unsafe { prover_note_host() };
}

/// Where the stub at HOST_RIP goes on.
pub(super) fn exit_address() -> u64 {
    prover_exit as *const () as u64
}

/// VMLAUNCH of the current VMCS; returns when the guest has exited or never ran.
pub fn launch() -> Launch {
    // SAFETY: cases are contained: what the processor accepts leads to the arena's tables and stub, which `fill_arena`
    // wrote, and from there to `prover_exit`, which restores what `note_host` noted.
    match unsafe { prover_launch() } {
        0 => Launch::Exited,
        2 => Launch::Failed,
        _ => Launch::FailedInvalid,
    }
}
