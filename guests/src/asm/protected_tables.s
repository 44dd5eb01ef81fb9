# What protected mode needs for conform_protected.rs, whose names for selectors and stacks it uses: descriptor tables, the
# interrupt table, task-state segments, the 16-bit tasks; and the program's variables.

.code16
task_narrow:
    mov al, 'N'
    call note_16
    cmp byte ptr [narrow_jumps], 1
    je task_narrow_jump
    iret
    jmp task_narrow
task_narrow_jump:
    .byte 0xEA
    .word 0, TSS_MAIN
    jmp task_narrow
v86_task:
    cli
    int 0x21
    in al, 0xED
    sti
    hlt

.macro descriptor base, limit, rights, flags
    .word \limit & 0xFFFF, \base & 0xFFFF
    .byte (\base >> 16) & 0xFF, \rights, \flags | ((\limit >> 16) & 0xF), \base >> 24
.endm

protected_sp:
    .long 0
protected_length:
    .long 0
narrow_jumps:
    .byte 0
ldt_text:
    .byte 'L'
.balign 8, 0
gdt:
    .quad 0
    descriptor 0, 0xFFFF, 0x9A, 0
    descriptor 0, 0xFFFF, 0x92, 0
    descriptor 0, 0xFFFFF, 0x9A, 0xC0
    descriptor 0, 0xFFFFF, 0x92, 0xC0
gdt_tss_main:
    .word 103, tss_main, 0x8900, 0
    .word 103, tss_wide, 0x8900, 0
    .word 43, tss_narrow, 0x8100, 0
    .word 0, TSS_GATE, 0x8500, 0
    .word call_gate, CODE32, 0x8C00, 0
    .word 7, ldt, 0x8200, 0
    .word 103, tss_v86, 0x8900, 0
    .word 103, tss_gate, 0x8900, 0
    .word 103, tss_fault, 0x8900, 0
gdt_end:
.set TSS_GATE, 0x60
.set TSS_FAULT, 0x68
gdt_register:
    .word gdt_end - gdt - 1
    .long gdt
ldt:
    .word 0, ldt_text, 0x9200, 0
idt_register:
    .word 0x31 * 8 - 1
    .long idt
real_idt_register:
    .word 0x3FF
    .long 0
.balign 8, 0
idt:
    .fill 10, 8, 0
    .fill 3, 8, 0
idt_gp:
    .word 0, TSS_FAULT, 0x8500, 0
    .word page_fault, CODE32, 0x8E00, 0
    .fill 0x30 - 15, 8, 0
    .word 0, TSS_GATE, 0x8500, 0

.macro tss32 eip, esp, eflags, cs, data
    .long 0, STACKS + 0xF00, FLAT, 0, 0, 0, 0, 0
    .long \eip, \eflags, 0, 0x22, 0, 0, \esp, 0, 0, 0
    .long \data, \cs, \data, \data, \data, \data, 0, 104 << 16
.endm
.balign 4, 0
tss_main:
    .fill 26, 4, 0
tss_wide:
    tss32 task_wide, STACKS + 0x400, 2, CODE32, FLAT
tss_gate:
    tss32 task_gate, STACKS + 0x500, 2, CODE32, FLAT
tss_fault:
    tss32 task_fault, STACKS + 0x600, 2, CODE32, FLAT
tss_v86:
    tss32 v86_task, 0x700, 0x20002, 0, 0
tss_narrow:
    .word 0, 0, 0, 0, 0, 0, 0
    .word task_narrow, 2, 0, 0, 0, 0, 0x7A00, 0, 0, 0
    .word DATA16, CODE16, DATA16, DATA16, 0
protected_text:
    .fill 512, 1, 0
