//! `conform-tasks`: what a task switch refuses, before it and in the new task, at privilege levels 0 and 3, and the trap of a
//! TSS. Each case is a line: vector, error code, and where the handler found the processor. A task that is entered without
//! a fault calls INT 40h, which is a case's end, too. Only the unrestricted back-end can run it.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    include_str!("../asm/exerciser.s"),
    include_str!("../asm/serial.s"),
    r#"
.set TEXT_SEGMENT, 0x3000
.set STACKS, 0x20000
.set CR0_PE, 1
.set FLAG_NT, 1 << 14
# Selectors, in the order of the table.
.set CODE, 0x08
.set DATA, 0x10
.set USER_CODE, 0x18 + 3
.set USER_DATA, 0x20 + 3
.set READ_ONLY, 0x28
.set EXECUTE_ONLY, 0x30
.set ABSENT_DATA, 0x38
.set ABSENT_CODE, 0x40
.set CONFORMING, 0x48
.set LDT, 0x50
.set ABSENT_LDT, 0x58
.set CODE16, 0x60
.set DATA16, 0x68
.set TSS_MAIN, 0x70
.set TSS_NEW, 0x78
.set TSS_USER, 0x80
.set TSS_ABSENT, 0x88
.set TSS_SHORT, 0x90
.set TSS_NARROW, 0x98
.set GATE, 0xA0
.set USER_GATE, 0xA8
.set ABSENT_GATE, 0xB0
.set GATE_TO_CODE, 0xB8
.set GATE_TO_LDT, 0xC0
.set BEYOND, 0xFFF8
# Offsets in a 32-bit TSS.
.set TSS_LINK, 0
.set TSS_FLAGS, 0x24
.set TSS_ES, 0x48
.set TSS_CS, 0x4C
.set TSS_SS, 0x50
.set TSS_DS, 0x54
.set TSS_FS, 0x58
.set TSS_GS, 0x5C
.set TSS_LDT, 0x60
.set TSS_TRAP, 0x64
.set TSS_BYTES, 0x68

exercises:
run_code tasks_run
.byte 14

tasks_run:
    cli
    mov [tasks_sp], esp
    lgdt [gdt_register]
    lidt [idt_register]
    mov eax, cr0
    or al, CR0_PE
    mov cr0, eax
    .byte 0x66, 0xEA
    .long tasks_protected
    .word CODE

.code32
tasks_protected:
    mov dword ptr [tasks_resume], offset tasks_state
    jmp tasks_recover

# What the new task's state lacks, row by row.
tasks_state:
    mov esi, [tasks_row]
    cmp byte ptr [esi], 0xFF
    je tasks_transfers
    call note_row
    movzx ebx, byte ptr [esi + 1]
    mov ax, [esi + 2]
    mov [tss_new + ebx], ax
    cmp byte ptr [esi], 'u'
    jne tasks_enter
    call tasks_user_state
    mov ax, [esi + 2]
    mov [tss_new + ebx], ax
tasks_enter:
    .byte 0xEA
    .long 0
    .word TSS_NEW

# Far transfers to selectors, row by row: from level 0 by JMP and by CALL, from level 3 by CALL.
tasks_transfers:
    mov dword ptr [tasks_resume], offset tasks_transfer
    mov dword ptr [tasks_row], offset tasks_selectors
tasks_transfer:
    mov esi, [tasks_row]
    mov ax, [esi + 2]
    cmp al, 0xFF
    je tasks_interrupts
    mov [tasks_pointer + 4], ax
    call note_row
    cmp byte ptr [esi], 'c'
    je tasks_call
    cmp byte ptr [esi], 'u'
    je tasks_user_call
    jmp fword ptr [tasks_pointer]
tasks_call:
    call fword ptr [tasks_pointer]
tasks_user_call:
    mov eax, offset user_call
tasks_to_user:
    push USER_DATA
    push STACKS + 0x300
    push 2
    push USER_CODE
    push eax
    mov edx, USER_DATA
    mov ds, edx
    iretd
user_call:
    call fword ptr [tasks_pointer]
user_gate:
    int 0x30
user_forbidden_gate:
    int 0x33

# Gates of the interrupt table, at both levels, and IRET to what TSS_MAIN has as its link.
tasks_interrupts:
    mov dword ptr [tasks_resume], offset tasks_interrupt_1
    int 0x30
tasks_interrupt_1:
    mov dword ptr [tasks_resume], offset tasks_interrupt_2
    int 0x31
tasks_interrupt_2:
    mov dword ptr [tasks_resume], offset tasks_interrupt_3
    int 0x32
tasks_interrupt_3:
    mov dword ptr [tasks_resume], offset tasks_interrupt_4
    mov eax, offset user_gate
    jmp tasks_to_user
tasks_interrupt_4:
    mov dword ptr [tasks_resume], offset tasks_interrupt_5
    mov eax, offset user_forbidden_gate
    jmp tasks_to_user
# #DE, whose task lacks its data segment, is a double fault; #BR is none, and the error code says that something from outside the
# program came first.
tasks_interrupt_5:
    mov dword ptr [tasks_resume], offset tasks_interrupt_6
    mov word ptr [tss_new + TSS_DS], ABSENT_DATA
    xor ecx, ecx
    div ecx
tasks_interrupt_6:
    mov dword ptr [tasks_resume], offset tasks_links
    mov word ptr [tss_new + TSS_DS], ABSENT_DATA
    bound ecx, [tasks_bounds]
tasks_links:
    mov dword ptr [tasks_resume], offset tasks_link
    mov dword ptr [tasks_row], offset tasks_back
tasks_link:
    mov esi, [tasks_row]
    mov ax, [esi]
    add dword ptr [tasks_row], 2
    cmp ax, 0xFFFF
    je tasks_short
    mov [tss_main + TSS_LINK], ax
    push 2 | FLAG_NT
    popfd
    iretd
# The old task's TSS has no room for its state.
tasks_short:
    mov dword ptr [tasks_resume], offset tasks_done
    mov eax, TSS_NARROW
    ltr ax
    .byte 0xEA
    .long 0
    .word TSS_NEW
tasks_done:
    .byte 0xEA
    .long back_16
    .word CODE16

# A task of level 3. Changes AX.
tasks_user_state:
    mov word ptr [tss_new + TSS_CS], USER_CODE
    mov ax, USER_DATA
    mov [tss_new + TSS_ES], ax
    mov [tss_new + TSS_SS], ax
    mov [tss_new + TSS_DS], ax
    mov [tss_new + TSS_FS], ax
    mov [tss_new + TSS_GS], ax
    ret

# The new task.
task_new:
    int 0x40

.macro handler vector, has_error_code
handler_\vector:
    .if \has_error_code == 0
    push 0
    .endif
    push \vector
    jmp handler
.endm
handler 1, 0
handler 8, 1
handler 10, 1
handler 11, 1
handler 12, 1
handler 13, 1
handler 14, 1
handler 64, 0

# Notes vector, error code, EIP, CS and EFLAGS, then TR, ESP and CR0, and for #DB DR6. The level of CS is left out: while SS
# is not loaded yet, it is 3 in one place of Bochs and the task's own in another.
handler:
    mov eax, DATA
    mov ds, eax
    mov es, eax
    mov ebx, [esp]
    and byte ptr [esp + 12], ~3 & 0xFF
    mov ecx, 5
handler_word:
    pop eax
    call note_hex
    loop handler_word
    str eax
    call note_hex
    mov eax, esp
    call note_hex
    mov eax, cr0
    movzx eax, ax
    call note_hex
    cmp ebx, 1
    jne handler_end
    mov eax, dr6
    call note_hex
handler_end:
    mov al, LF
    call note

# Everything as it was before, in TSS_MAIN, and on with the next case.
tasks_recover:
    mov eax, DATA
    mov ds, eax
    mov es, eax
    mov ss, eax
    xor eax, eax
    mov fs, eax
    mov gs, eax
    mov dr6, eax
    lldt ax
    mov esp, STACKS + 0xF00
    push 2
    popfd
    clts
    mov al, 0x89
    mov [gdt + TSS_MAIN + 5], al
    mov [gdt + TSS_NEW + 5], al
    mov [gdt + TSS_NARROW + 5], al
    mov byte ptr [gdt + TSS_USER + 5], 0xE9
    mov esi, offset tss_model
    mov edi, offset tss_new
    mov ecx, TSS_BYTES / 4
    rep movsd
    mov eax, TSS_MAIN
    ltr ax
    jmp [tasks_resume]

# Notes AL. Changes nothing.
note:
    push edi
    mov edi, [tasks_length]
    mov [TEXT_SEGMENT * 16 + edi], al
    inc dword ptr [tasks_length]
    pop edi
    ret
# Notes EAX as hexadecimal digits, without leading zeros, and a space. Changes EAX, EDX.
note_hex:
    mov edx, eax
    push ecx
    mov ecx, 8
note_skip:
    cmp ecx, 1
    je note_digits
    test edx, 0xF0000000
    jnz note_digits
    shl edx, 4
    dec ecx
    jmp note_skip
note_digits:
    rol edx, 4
    mov al, dl
    and al, 0xF
    cmp al, 10
    sbb al, 0x69                        # with DAS: a digit as ASCII
    das
    call note
    loop note_digits
    pop ecx
note_space:
    mov al, ' '
    jmp note
# Notes the row at ESI, and goes on to the next. Changes EAX, EDX.
note_row:
    mov al, [esi]
    call note
    call note_space
    movzx eax, byte ptr [esi + 1]
    call note_hex
    movzx eax, word ptr [esi + 2]
    add dword ptr [tasks_row], 4
    jmp note_hex

.code16
back_16:
    mov ax, DATA16
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov eax, cr0
    and al, ~CR0_PE
    mov cr0, eax
    .byte 0xEA
    .word back_real, 0
back_real:
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov esp, [tasks_sp]
    lidt [real_idt_register]
    mov ax, TEXT_SEGMENT
    mov ds, ax
    xor si, si
    mov di, es:[tasks_length]
    mov byte ptr [di], 0
    call exercise_text
    xor ax, ax
    mov ds, ax
    sti
    ret
"#,
    include_str!("../asm/tasks_tables.s"),
    "exercises_end\n.code64",
    options(raw)
);
