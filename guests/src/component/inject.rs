//! `inject`: the task for event injection, an NMI exit and a HLT exit.
//!
//! Started with EFLAGS 23202h (VM, IOPL 3, IF). It speaks with the VMM through VMCALL:
//!
//! | EAX | meaning | what the VMM does |
//! |---|---|---|
//! | 1 | the handler of INT 8 is installed | resumes with VM-entry interruption information 80000008h |
//! | 2 | the task will spin | makes an NMI come, and takes the NMI exit; it resumes with EBX = 1 |
//! | 0 | end; EBX = the INT 8s counted, ECX = 1 if the NMI exit ended the spin | |
//!
//! Between 2 and 0 the task executes HLT: #GP(0), whose ring-0 handler executes HLT again, now a HLT exit (12). The VMM
//! resumes behind it. The spin ends by itself after 2^29 cycles of the time-stamp counter.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/component.s"),
    include_str!("../asm/serial.s"),
    include_str!("../asm/reflect.s"),
    r#"
.set CALL_END, 0
.set CALL_INJECT, 1
.set CALL_SPIN, 2
.set SPIN_CYCLES, 1 << 29

guest_interrupts:
    .long 0
guest_spin_ended:
    .long 0
guest_spin_start:
    .long 0
guest_text_injected:
    .asciz " INT 8 came through the real-mode vector\r\n"
guest_text_not_injected:
    .asciz " INT 8 did not come\r\n"
guest_text_nmi:
    .asciz " the NMI exit ended the spin\r\n"
guest_text_no_nmi:
    .asciz " no NMI exit ended the spin\r\n"
guest_text_hlt:
    .asciz " ring 0 came back from HLT\r\n"

.code16
guest_task:
    mov ax, cs
    mov ds, ax
    cld
    xor cx, cx
    mov es, cx
    mov word ptr es:[INT_TIMER * VECTOR_SIZE], offset guest_isr_timer
    mov es:[INT_TIMER * VECTOR_SIZE + 2], cs
    call serial_open

    mov eax, CALL_INJECT
    vmcall
    mov si, offset guest_text_injected
    cmp dword ptr [guest_interrupts], 1
    je guest_show_injected
    mov si, offset guest_text_not_injected
guest_show_injected:
    call serial_print

    xor ebx, ebx
    rdtsc
    mov [guest_spin_start], eax
    mov eax, CALL_SPIN
    vmcall
guest_spin:
    test ebx, ebx
    jnz guest_spin_ends
    rdtsc
    sub eax, [guest_spin_start]
    cmp eax, SPIN_CYCLES
    jb guest_spin
guest_spin_ends:
    mov [guest_spin_ended], ebx
    mov si, offset guest_text_nmi
    test ebx, ebx
    jnz guest_show_nmi
    mov si, offset guest_text_no_nmi
guest_show_nmi:
    call serial_print

    hlt
    mov si, offset guest_text_hlt
    call serial_print
    call serial_drain
    mov ebx, [guest_interrupts]
    mov ecx, [guest_spin_ended]
    mov eax, CALL_END
guest_end:
    vmcall
    jmp guest_end

# INT 8, as in real mode. It was injected, not raised by a controller: no end-of-interrupt command.
guest_isr_timer:
    inc dword ptr cs:[guest_interrupts]
    iret

.code32
guest_fault:
    hlt
    inc dword ptr [ebp + FRAME_EIP]     # behind the task's own HLT
    jmp guest_isr_gpf_return
.code64
"#,
    options(raw)
);
