//! `conform-protected`: protected mode and what it has: a 16-bit and a 32-bit code segment, paging, task switches by
//! JMP, CALL, IRET and task gates between 32- and 16-bit tasks, a virtual-8086 task with its monitor, call gates and an
//! LDT, and segments of 4 GiB that are kept on the way back to real mode. Each part adds to a text that goes to COM1.
//! Only the unrestricted back-end can run it.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    include_str!("../asm/exerciser.s"),
    include_str!("../asm/serial.s"),
    r#"
.set CODE16, 0x08
.set DATA16, 0x10
.set CODE32, 0x18
.set FLAT, 0x20
.set TSS_MAIN, 0x28
.set TSS_WIDE, 0x30
.set TSS_NARROW, 0x38
.set TASK_GATE, 0x40
.set CALL_GATE, 0x48
.set LDT, 0x50
.set TSS_V86, 0x58
.set LDT_DATA, 0x04
.set PAGES, 0x30000
.set STACKS, 0x20000
.set CR0_PE, 1
.set CR0_PG, 1 << 31
.set FLAG_VM, 1 << 17
.set FLAG_NT, 1 << 14

exercises:
run_code protected_run
.byte 14

protected_run:
    cli
    mov [protected_sp], esp
    lgdt [gdt_register]
    lidt [idt_register]
    mov eax, cr0
    or al, CR0_PE
    mov cr0, eax
    .byte 0xEA
    .word protected_16, CODE16
protected_16:
    mov ax, FLAT
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov ax, TSS_MAIN
    ltr ax
    mov al, '1'
    call note_16
    .byte 0x66, 0xEA
    .long protected_32
    .word CODE32

.code32
protected_32:
    mov al, '3'
    call note
    # A far CALL to a 32-bit task that counts, returns by IRET, and goes on behind it the second time.
    mov ebx, 0x11111111
    .byte 0x9A
    .long 0
    .word TSS_WIDE
    mov al, 'a'
    call note
    # TS is set. (The cache bits are as the BIOS left them.)
    mov eax, cr0
    movzx eax, ax
    call note_hex
    mov eax, ebx
    call note_hex
    clts
    .byte 0x9A
    .long 0
    .word TSS_WIDE
    mov al, 'b'
    call note
    # Through a task gate of the GDT, and one of the interrupt table.
    .byte 0x9A
    .long 0
    .word TASK_GATE
    mov al, 'c'
    call note
    int 0x30
    mov al, 'd'
    call note
    # A 16-bit task.
    .byte 0x9A
    .long 0
    .word TSS_NARROW
    mov al, 'e'
    call note
    # JMP there, which returns by JMP.
    mov byte ptr [narrow_jumps], 1
    .byte 0xEA
    .long 0
    .word TSS_NARROW
    mov al, 'f'
    call note
    # An exception with an error code, whose gate is a task gate: selector FFF8h is beyond the table.
    mov eax, 0xFFF8
    .byte 0x8E, 0xE0                    # MOV FS, AX, in two bytes
    mov al, 'g'
    call note
    # What is left in memory: busy bits, links, flags.
    mov al, [gdt + TSS_MAIN + 5]
    call note_byte
    mov al, [gdt + TSS_WIDE + 5]
    call note_byte
    mov al, [gdt + TSS_NARROW + 5]
    call note_byte
    mov ax, [tss_wide]
    call note_word
    mov eax, [tss_wide + 0x24]
    call note_hex
    mov ax, [tss_narrow]
    call note_word
    mov ax, [tss_narrow + 0x10]
    call note_word
    # A call gate, and a segment of the LDT.
    .byte 0x9A
    .long 0
    .word CALL_GATE
    mov ax, LDT
    lldt ax
    mov ax, LDT_DATA
    mov gs, ax
    mov al, gs:[0]
    call note
    mov ax, FLAT
    mov gs, ax
    # 32-bit paging with 4-KiB pages: a page of its own at 400000h shows the text's memory.
    mov edi, PAGES
    mov ecx, 0x1000
    xor eax, eax
    rep stosd
    mov dword ptr [PAGES], PAGES + 0x1007
    mov dword ptr [PAGES + 4], PAGES + 0x3007
    mov edi, PAGES + 0x1000
    mov eax, 7
page_next:
    stosd
    add eax, 0x1000
    cmp eax, 0x400007
    jb page_next
    mov dword ptr [PAGES + 0x3000], 0x50007
    mov eax, PAGES
    mov cr3, eax
    mov eax, cr0
    or eax, CR0_PG
    mov cr0, eax
    mov dword ptr [0x400010], 0x12345678
    mov eax, [0x50010]
    call note_hex
    # INS and OUTS through the page tables, then a page that is not there.
    mov edi, 0x400020
    mov edx, 0xED
    mov ecx, 5
    rep insb
    mov eax, [0x50020]
    call note_hex
    mov edi, 0x401000
    mov esi, 0
    insb
    mov al, 'p'
    call note
    mov eax, cr2
    call note_hex
    mov eax, [PAGES + 0x3000]
    call note_hex
    # The same with PAE.
    mov eax, cr0
    and eax, ~CR0_PG
    mov cr0, eax
    mov edi, PAGES
    mov ecx, 0x800
    xor eax, eax
    rep stosd
    mov dword ptr [PAGES], PAGES + 0x1001
    mov dword ptr [PAGES + 0x1000], 0x87
    mov dword ptr [PAGES + 0x1008], 0x87
    mov eax, cr4
    or al, 1 << 5
    mov cr4, eax
    mov eax, PAGES
    mov cr3, eax
    mov eax, cr0
    or eax, CR0_PG
    mov cr0, eax
    mov eax, [0x250010]
    call note_hex
    mov dword ptr [PAGES + 0x1008], 0
    invlpg [0x250010]
    mov edi, 0x250020
    insb
    mov eax, [0x250010]
    mov al, 'q'
    call note
    mov eax, cr0
    and eax, ~CR0_PG
    mov cr0, eax
    mov eax, cr4
    and al, ~(1 << 5)
    mov cr4, eax
    mov word ptr [idt_gp], offset monitor
    mov dword ptr [idt_gp + 2], 0x8E000000 | CODE32
    # A virtual-8086 task: its INT 21h, CLI and HLT come to the monitor.
    .byte 0x9A
    .long 0
    .word TSS_V86
    mov al, 'v'
    call note
    # Real mode again, with a limit of 4 GiB in FS.
    mov ax, FLAT
    mov fs, ax
    .byte 0xEA
    .long back_16
    .word CODE16
.code16
back_16:
    mov ax, DATA16
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov gs, ax
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
    mov esp, [protected_sp]
    lidt [real_idt_register]
    mov ebx, 0x100000
    mov dword ptr fs:[ebx], 0xCAFE1234
    mov eax, fs:[ebx]
    call real_hex
    # Nothing is there, nor far below 4 GiB.
    mov ebx, 0x3000000
    mov eax, fs:[ebx]
    call real_hex
    mov dword ptr fs:[ebx], 5
    mov ebx, 0xD0000000
    mov eax, fs:[ebx]
    call real_hex
    mov si, offset protected_text
    call exercise_text
    call exercise_line_end
    sti
    ret

# Notes EAX, from real mode. Changes EAX.
real_hex:
    push eax
    shr eax, 16
    call exercise_hex
    pop eax
    call exercise_hex
    mov al, ' '
    jmp exercise_put

# Notes AL, from 16-bit protected mode.
note_16:
    mov edi, [protected_length]
    mov [protected_text + edi], al
    inc dword ptr [protected_length]
    ret

.code32
# Notes AL. Changes nothing.
note:
    push edi
    mov edi, [protected_length]
    mov [protected_text + edi], al
    inc dword ptr [protected_length]
    pop edi
    ret
# Note EAX, AX, AL as hexadecimal digits. Change nothing.
note_hex:
    rol eax, 16
    call note_word
    rol eax, 16
note_word:
    rol ax, 8
    call note_byte
    rol ax, 8
note_byte:
    push eax
    shr al, 4
    call note_digit
    mov al, [esp]
    and al, 0xF
    call note_digit
    pop eax
    ret
note_digit:
    cmp al, 10
    sbb al, 0x69
    das
    jmp note

task_wide:
    mov al, 'W'
    call note
    mov eax, ecx
    call note_hex
    inc ecx
    pushfd
    pop eax
    call note_hex
    iretd
    jmp task_wide
task_gate:
    mov al, 'G'
    call note
    iretd
    jmp task_gate
# The task of #GP: with the error code, and the interrupted task's IP moved on.
task_fault:
    mov al, 'F'
    call note
    pop eax
    call note_hex
    mov eax, [tss_main + 0x20]
    call note_hex
    add dword ptr [tss_main + 0x20], 2
    iretd
    jmp task_fault
call_gate:
    mov al, 'C'
    call note
    retf
# #PF: the page is there from now on.
page_fault:
    mov al, 'P'
    call note
    pop eax
    call note_hex
    mov dword ptr [PAGES + 0x3004], 0x50007
    mov dword ptr [PAGES + 0x1008], 0x87
    push eax
    mov eax, cr3
    mov cr3, eax
    pop eax
    iretd
# The monitor of the virtual-8086 task: #GP, or an exception of its own accord.
monitor:
    mov ax, FLAT
    mov ds, ax
    mov es, ax
    mov al, 'M'
    call note
    pop eax
    mov ebx, [esp]
    mov eax, [esp + 8]
    test eax, FLAG_VM
    jz monitor_end
    movzx eax, byte ptr [ebx]
    call note_byte
    inc dword ptr [esp]
    cmp al, 0xF4
    je monitor_end
    cmp al, 0xCD
    jne monitor_next
    inc dword ptr [esp]
monitor_next:
    iretd
monitor_end:
    # HLT: back to the task that called, by its link.
    add esp, 36
    pushfd
    or dword ptr [esp], FLAG_NT
    popfd
    iretd
"#,
    include_str!("../asm/protected_tables.s"),
    "exercises_end\n.code64",
    options(raw)
);
