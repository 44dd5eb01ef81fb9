# Tables and variables of conform_tasks.rs: what each case changes, descriptors, the interrupt table, task-state segments.

.macro descriptor base, limit, rights, flags
    .word \limit & 0xFFFF, \base & 0xFFFF
    .byte (\base >> 16) & 0xFF, \rights, \flags | ((\limit >> 16) & 0xF), \base >> 24
.endm

.balign 4, 0
tasks_sp:
    .long 0
tasks_length:
    .long 0
tasks_resume:
    .long 0
tasks_row:
    .long tasks_states
tasks_pointer:
    .long 0
    .word 0

# Level of the new task ('k', 'u'), offset in its TSS, the word that stands there.
.macro state level, offset, value
    .byte \level, \offset
    .word \value
.endm
tasks_states:
state 'k', TSS_FS, 0
state 'u', TSS_FS, 0
state 'k', TSS_LDT, LDT
state 'k', TSS_LDT, CODE
state 'k', TSS_LDT, ABSENT_LDT
state 'k', TSS_LDT, LDT + 4
state 'k', TSS_LDT, BEYOND
state 'u', TSS_LDT, CODE
state 'k', TSS_CS, 0
state 'k', TSS_CS, BEYOND
state 'k', TSS_CS, DATA
state 'k', TSS_CS, LDT
state 'k', TSS_CS, ABSENT_CODE
state 'k', TSS_CS, USER_CODE - 3
state 'k', TSS_CS, CODE + 3
state 'k', TSS_CS, CONFORMING
state 'u', TSS_CS, USER_CODE - 3
state 'u', TSS_CS, CODE + 3
state 'u', TSS_CS, CONFORMING + 3
state 'u', TSS_CS, BEYOND + 3
state 'k', TSS_SS, 0
state 'k', TSS_SS, BEYOND
state 'k', TSS_SS, READ_ONLY
state 'k', TSS_SS, CODE
state 'k', TSS_SS, ABSENT_DATA
state 'k', TSS_SS, USER_DATA - 3
state 'k', TSS_SS, DATA + 3
state 'u', TSS_SS, USER_DATA - 3
state 'u', TSS_SS, DATA + 3
state 'k', TSS_DS, 0
state 'k', TSS_DS, BEYOND
state 'k', TSS_DS, EXECUTE_ONLY
state 'k', TSS_DS, LDT
state 'k', TSS_DS, ABSENT_DATA
state 'k', TSS_DS, DATA + 3
state 'k', TSS_DS, CONFORMING + 3
state 'u', TSS_DS, DATA
state 'u', TSS_DS, CODE
state 'k', TSS_ES, ABSENT_DATA
state 'k', TSS_FS, ABSENT_DATA
state 'k', TSS_GS, ABSENT_DATA
state 'k', TSS_TRAP, 1
state 'u', TSS_TRAP, 1
state 'k', TSS_FLAGS, FLAG_TF | 2
    .byte 0xFF
.balign 2, 0

# 'j' JMP, 'c' CALL, 'u' CALL at level 3; the selector.
.macro transfer kind, selector
    .byte \kind, 0
    .word \selector
.endm
tasks_selectors:
transfer 'j', TSS_NEW
transfer 'j', TSS_NEW + 3
transfer 'c', TSS_NEW + 3
transfer 'u', TSS_NEW
transfer 'u', TSS_NEW + 3
transfer 'j', TSS_USER + 3
transfer 'u', TSS_USER + 3
transfer 'u', TSS_USER
transfer 'j', TSS_MAIN
transfer 'c', TSS_MAIN
transfer 'j', TSS_NEW + 4
transfer 'j', TSS_ABSENT
transfer 'c', TSS_ABSENT
transfer 'j', TSS_SHORT
transfer 'c', TSS_SHORT
transfer 'j', GATE
transfer 'c', GATE
transfer 'j', GATE + 3
transfer 'u', GATE
transfer 'u', USER_GATE + 3
transfer 'j', ABSENT_GATE
transfer 'j', GATE_TO_CODE
transfer 'c', GATE_TO_LDT
transfer 'j', BEYOND
transfer 'j', LDT
    .word 0, 0xFFFF

# Bounds that hold no number.
tasks_bounds:
    .long 1, 0

# What IRET with NT finds as the link.
tasks_back:
    .word 0, TSS_NEW, CODE, BEYOND, TSS_MAIN + 4, 0xFFFF

.balign 8, 0
gdt:
    .quad 0
.macro system low, high, rights
    .word \low, \high, \rights << 8, 0
.endm
    descriptor 0, 0xFFFFF, 0x9A, 0xC0
    descriptor 0, 0xFFFFF, 0x92, 0xC0
    descriptor 0, 0xFFFFF, 0xFA, 0xC0
    descriptor 0, 0xFFFFF, 0xF2, 0xC0
    descriptor 0, 0xFFFFF, 0x90, 0xC0
    descriptor 0, 0xFFFFF, 0x98, 0xC0
    descriptor 0, 0xFFFFF, 0x12, 0xC0
    descriptor 0, 0xFFFFF, 0x1A, 0xC0
    descriptor 0, 0xFFFFF, 0xFE, 0xC0
    descriptor 0, 7, 0x82, 0
    descriptor 0, 7, 0x02, 0
    descriptor 0, 0xFFFF, 0x9A, 0
    descriptor 0, 0xFFFF, 0x92, 0
    system TSS_BYTES - 1, tss_main, 0x89
    system TSS_BYTES - 1, tss_new, 0x89
    system TSS_BYTES - 1, tss_new, 0xE9
    system TSS_BYTES - 1, tss_new, 0x09
    system TSS_BYTES - 2, tss_new, 0x89
    system 0x50, tss_main, 0x89
    system 0, TSS_NEW, 0x85
    system 0, TSS_NEW, 0xE5
    system 0, TSS_NEW, 0x05
    system 0, CODE, 0x85
    system 0, TSS_NEW + 4, 0x85
gdt_end:
gdt_register:
    .word gdt_end - gdt - 1
    .long gdt
idt_register:
    .word 0x41 * 8 - 1
    .long idt
real_idt_register:
    .word 0x3FF
    .long 0

.macro gate handler
    .word \handler, CODE, 0xEE00, 0
.endm
.balign 8, 0
idt:
    .word 0, TSS_NEW, 0x8500, 0
gate handler_1
    .fill 3, 8, 0
    .word 0, TSS_NEW, 0x8500, 0
    .fill 2, 8, 0
gate handler_8
    .fill 1, 8, 0
gate handler_10
gate handler_11
gate handler_12
gate handler_13
gate handler_14
    .fill 0x30 - 15, 8, 0
    .word 0, TSS_NEW, 0xE500, 0
    .word 0, TSS_NEW, 0x6500, 0
    .word 0, CODE, 0xE500, 0
    .word 0, TSS_NEW, 0x8500, 0
    .fill 0x40 - 0x34, 8, 0
gate handler_64

.macro tss stack
    .long 0, \stack, DATA, 0, 0, 0, 0, 0
    .long task_new, 2, 0, 0, 0, 0, \stack - 0x80, 0, 0, 0
    .long DATA, CODE, DATA, DATA, DATA, DATA, 0, TSS_BYTES << 16
.endm
.balign 4, 0
tss_main:
    tss STACKS + 0xE00
tss_model:
    tss STACKS + 0x700
tss_new:
    .fill TSS_BYTES, 1, 0
