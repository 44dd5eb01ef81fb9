# The ring-0 #GP handler of components that take interrupts. An interrupt finds no gate of its own, so it comes here
# with an error code that names its vector (SDM vol. 3, 6.13 "Error Code"): it goes on to the task's handler in the
# real-mode vector table, as real mode would have delivered it. Any other #GP jumps to `guest_fault`, which the
# component defines, with the registers pushed and EBP = ESP at the frame below; it may end with `guest_isr_gpf_return`.

# The frame: PUSHAD, error code, then what the CPU pushes when it leaves virtual-8086 mode.
.set FRAME_ERROR, 32
.set FRAME_EIP, 36
.set FRAME_CS, 40
.set FRAME_EFLAGS, 44
.set FRAME_ESP, 48
.set FRAME_SS, 52

# Error code: bit 0 external event, bit 1 the index is a vector, index from bit 3 on.
.set ERROR_IDT, 1 << 1
.set ERROR_INDEX_SHIFT, 3

.code32
guest_isr_gpf:
    pushad
    mov ebp, esp
    cld
    test byte ptr [ebp + FRAME_ERROR], ERROR_IDT
    jz guest_fault

    # DS is null after virtual-8086 mode. EBX: base of the task's stack; EDX: its SP, which wraps in its segment.
    mov eax, SELECTOR_FLAT
    mov ds, ax
    movzx ebx, word ptr [ebp + FRAME_SS]
    shl ebx, 4
    mov edx, [ebp + FRAME_ESP]
    mov eax, [ebp + FRAME_EFLAGS]
    call reflect_push
    mov eax, [ebp + FRAME_CS]
    call reflect_push
    mov eax, [ebp + FRAME_EIP]
    call reflect_push
    mov [ebp + FRAME_ESP], edx
    and dword ptr [ebp + FRAME_EFLAGS], ~(FLAG_IF | FLAG_TF)

    mov eax, [ebp + FRAME_ERROR]
    shr eax, ERROR_INDEX_SHIFT
    movzx ecx, word ptr [eax * VECTOR_SIZE]
    mov [ebp + FRAME_EIP], ecx
    movzx ecx, word ptr [eax * VECTOR_SIZE + 2]
    mov [ebp + FRAME_CS], ecx

guest_isr_gpf_return:
    popad
    add esp, 4                          # the error code
    iretd

# Pushes AX onto the task's stack. Changes ECX, DX.
reflect_push:
    sub dx, 2
    movzx ecx, dx
    mov [ebx + ecx], ax
    ret
