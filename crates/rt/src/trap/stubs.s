# From an exception or interrupt to rt_trap and back.
#
# On entry to a stub: on the stack that the IDT's gate names, interrupts off, the CPU's frame (RIP, CS,
# RFLAGS, RSP, SS) and for some vectors an error code pushed. All registers, SSE ones included, belong to
# the interrupted code. Each stub makes the frames alike and hands its vector on.

# Vectors at which the CPU pushes an error code: 8, 10 to 14, 17, 21, 29, 30.
.equ TRAP_ERROR_CODES, 0x60227d00
.equ TRAP_DEPTH_LIMIT, 8

.section .text.rt_trap_stubs, "ax"
.code64
.balign 16
.global rt_trap_stubs
rt_trap_stubs:
.set trap_vector, 0
.rept 256
    .balign 16
    .if trap_vector >= 32
        push 0
    .else
        .if ((TRAP_ERROR_CODES >> trap_vector) & 1) == 0
            push 0
        .endif
    .endif
    push trap_vector
    jmp rt_trap_common
    .set trap_vector, trap_vector + 1
.endr

rt_trap_common:
    push rax
    push rcx
    push rdx
    push rbx
    push rbp
    push rsi
    push rdi
    push r8
    push r9
    push r10
    push r11
    push r12
    push r13
    push r14
    push r15
    mov rax, cr0
    push rax                            # the frame is complete: see trap::Frame
    cld
    inc dword ptr [rip + rt_trap_depth]
    cmp dword ptr [rip + rt_trap_depth], TRAP_DEPTH_LIMIT
    ja rt_trap_give_up
    test al, 1 << 3 | 1 << 2            # TS, EM: SSE would fault in here, without end
    jz 1f
    and al, ~(1 << 3 | 1 << 2) & 0xff
    mov cr0, rax
1:  mov rdi, rsp
    mov rbx, rsp
    sub rsp, 512
    and rsp, -16
    fxsave64 [rsp]
    call rt_trap
    fxrstor64 [rsp]
    mov rsp, rbx
    dec dword ptr [rip + rt_trap_depth]
    pop rax                             # CR0 stays as it is
    pop r15
    pop r14
    pop r13
    pop r12
    pop r11
    pop r10
    pop r9
    pop r8
    pop rdi
    pop rsi
    pop rbp
    pop rbx
    pop rdx
    pop rcx
    pop rax
    add rsp, 16                         # vector and error code
    iretq

# The gate of an interrupt that does no more than wake `irq::sleep`: notes the time, and acknowledges it to the first
# interrupt controller. Changes nothing else.
.equ TRAP_FIRST_CONTROLLER, 0x20
.equ TRAP_END_OF_INTERRUPT, 0x20
.global rt_trap_wake
rt_trap_wake:
    push rax
    push rdx
    rdtsc
    mov [rip + rt_trap_woken], eax
    mov [rip + rt_trap_woken + 4], edx
    mov al, TRAP_END_OF_INTERRUPT
    out TRAP_FIRST_CONTROLLER, al
    pop rdx
    pop rax
    iretq

# Exceptions inside exceptions, too many to report: end by the shutdown port, without using any memory.
rt_trap_give_up:
    lea rsi, [rip + rt_trap_last_word]
    mov ecx, 8
    mov edx, 0x8900
    rep outsb
2:  cli
    hlt
    jmp 2b
rt_trap_last_word:
    .ascii "Shutdown"

# extern "C" fn rt_catch(function: extern "C" fn(*mut u8) [RDI], argument: *mut u8 [RSI]) -> u64
# Calls function(argument). Returns 0 when that returned and 1 when an exception ended it: rt_trap then
# resumes at rt_catch_landing with RSP = rt_catch_stack. Nested calls keep the outer landing on the stack.
.global rt_catch, rt_catch_landing
rt_catch:
    push rbx
    push rbp
    push r12
    push r13
    push r14
    push r15
    push qword ptr [rip + rt_catch_stack]
    mov [rip + rt_catch_stack], rsp
    mov rax, rdi
    mov rdi, rsi
    call rax
    xor eax, eax
1:  pop qword ptr [rip + rt_catch_stack]
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbp
    pop rbx
    ret
rt_catch_landing:
    mov eax, 1
    jmp 1b
.text
