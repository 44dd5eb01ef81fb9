# The testbed's switch, see testbed.rs: 64-bit mode, protected mode without paging, a virtual-8086 task, and back.
# EBX, later EDI: the Testbed. All of this lies below 4 GiB and is mapped one to one.

.section .text.testbed, "ax"
.code64
# testbed_run. Receives: RDI = the Testbed. Returns when the task has ended. Keeps what the System V ABI asks for.
testbed_run:
    push rbx
    push rbp
    push r12
    push r13
    push r14
    push r15
    mov [rdi + {host_rsp}], rsp
    mov [rdi + {host_cs}], cs
    mov [rdi + {host_ss}], ss
    str word ptr [rdi + {host_tr}]
    sgdt [rdi + {host_gdt}]
    sidt [rdi + {host_idt}]
    mov rax, cr0
    mov [rdi + {host_cr0}], rax
    mov [rip + testbed_current], edi
    lgdt [rdi + {task_gdt}]
    push {CODE_32}
    lea rax, [rip + testbed_leave_long_mode]
    push rax
    retfq

.code32
# In compatibility mode. Clearing CR0.PG ends long mode (SDM vol. 3, 9.8.5.4 "Switching Out of IA-32e Mode").
testbed_leave_long_mode:
    mov eax, {DATA}
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov eax, [edi + {task_cr0}]
    mov cr0, eax
    mov ecx, {EFER}
    rdmsr
    and eax, {NOT_LME}
    wrmsr
    lidt [edi + {task_idt}]
    mov eax, {LDT}
    lldt ax
    mov eax, {TSS}
    ltr ax
    sub esp, {frame_bytes}
    lea esi, [edi + {start}]
    mov edi, esp
    mov ecx, {frame_bytes} / 4
    cld
    rep movsd
    xor eax, eax
    xor ebx, ebx
    xor ecx, ecx
    xor edx, edx
    xor esi, esi
    xor edi, edi
    xor ebp, ebp
    iretd

# testbed_isr_gpf: 32-bit, ring 0, on the component's ring-0 stack; DS and ES are null. EBP addresses the Fault.
testbed_isr_gpf:
    pushad
    mov ebp, esp
    cld
    mov eax, {DATA}
    mov ds, eax
    mov es, eax
    mov edi, [testbed_current]
    cmp dword ptr [ebp + {error_code}], 0
    jne testbed_end
    movzx esi, word ptr [ebp + {fault_cs}]
    shl esi, 4
    movzx eax, word ptr [ebp + {fault_eip}]
    mov bl, [esi + eax]
    mov edx, [ebp + {fault_edx}]
    lea eax, [edx - {UART}]
    cmp ax, 8
    jae testbed_end
    cmp bl, {IN_AL_DX}
    je testbed_in
    cmp bl, {OUT_DX_AL}
    jne testbed_end
# A byte to the data register is kept, unless the divisor latch lies there.
    test ax, ax
    jnz testbed_out
    mov dx, {UART_LINE_CONTROL}
    in al, dx
    mov edx, [ebp + {fault_edx}]
    test al, {DIVISOR_ACCESS}
    jnz testbed_out
    mov ecx, [edi + {serial_length}]
    cmp ecx, {SERIAL_BYTES}
    jae testbed_out
    mov eax, [ebp + {fault_eax}]
    mov [edi + ecx + {serial}], al
    inc dword ptr [edi + {serial_length}]
testbed_out:
    mov eax, [ebp + {fault_eax}]
    out dx, al
    jmp testbed_next
testbed_in:
    in al, dx
    mov [ebp + {fault_eax}], al
testbed_next:
    inc word ptr [ebp + {fault_eip}]
    popad
    add esp, 4
    iretd

# The task has ended: keep the frame, and go back as a boot loader goes there in the first place (SDM vol. 3,
# 9.8.5 "Initializing IA-32e Mode"). CR3 and CR4.PAE are what they were.
testbed_end:
    mov ebx, edi
    lea esi, [ebp + {ARENA}]
    add edi, {fault}
    mov ecx, {fault_bytes} / 4
    rep movsd
    mov eax, {DATA}
    mov ss, eax
    mov esp, [ebx + {host_rsp}]
    mov ecx, {EFER}
    rdmsr
    or eax, {LME}
    wrmsr
# Without WP the busy bits of both TSS descriptors can be written wherever they lie.
    mov eax, [ebx + {host_cr0}]
    and eax, {NOT_WP}
    mov cr0, eax
    mov eax, {CODE_64}
    push eax
    mov eax, offset testbed_long_mode
    push eax
    retf

.code64
testbed_long_mode:
    mov ebx, ebx
    lgdt [rbx + {host_gdt}]
    lidt [rbx + {host_idt}]
    mov rax, [rbx + {host_gdt} + 2]
    movzx ecx, word ptr [rbx + {host_tr}]
    and byte ptr [rax + rcx + 5], {NOT_BUSY}
    ltr cx
    xor ecx, ecx
    lldt cx
    mov rax, [rbx + {host_cr0}]
    mov cr0, rax
    mov eax, [rbx + {host_ss}]
    mov ss, eax
    mov ds, eax
    mov es, eax
    mov fs, ecx
    mov gs, ecx
    push qword ptr [rbx + {host_cs}]
    lea rax, [rip + testbed_home]
    push rax
    retfq
testbed_home:
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbp
    pop rbx
    ret

.section .data.testbed, "aw"
.balign 4
testbed_current: .long 0
.text
