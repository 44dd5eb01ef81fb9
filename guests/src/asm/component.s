# The frame of a component: header, descriptor tables, task-state segment, page directory, stacks. The component
# itself follows and defines `guest_task` (16-bit, ring 3, virtual-8086 mode; CS = SS = ARENA_SEGMENT) and
# `guest_isr_gpf` (32-bit, ring 0), where gate 13 leads.
#
# Addresses in this section are offsets in the arena; a linear address has ARENA added.

# Selectors in the GDT and in the LDT (table indicator, bit 2, set).
.set SELECTOR_TSS, 0x08
.set SELECTOR_LDT, 0x10
.set SELECTOR_CODE, 0x04
.set SELECTOR_DATA, 0x0C
.set SELECTOR_VRAM, 0x14
.set SELECTOR_FLAT, 0x1C

# Access rights of a descriptor (SDM vol. 3, 3.4.5 "Segment Descriptors").
.set PRESENT, 1 << 7
.set SYSTEM_LDT, 0x2
.set SYSTEM_TSS_BUSY, 0xB
.set SYSTEM_INTERRUPT_GATE_32, 0xE
.set CODE_READABLE, 0x1A
.set DATA_WRITABLE, 0x12
# And its flags, bits 23:20 of the upper half.
.set GRANULAR_4_KIB, 1 << 7
.set DEFAULT_32_BIT, 1 << 6

.set VECTORS, 32
.set VECTOR_GP, 13
.set VRAM, 0xB8000
.set VRAM_SIZE, 0x8000

# A page-directory entry that maps 4 MiB from physical 0 on for ring 3.
.set PAGE_PRESENT, 1 << 0
.set PAGE_WRITABLE, 1 << 1
.set PAGE_USER, 1 << 2
.set PAGE_4_MIB, 1 << 7

# A segment whose base is ARENA + `offset`, with a byte limit.
.macro arena_segment offset, limit, rights, flags
    .word (\limit), (\offset)
    .byte ARENA >> 16, (\rights), (\flags), 0
.endm

# A segment whose base and limit (in units of its granularity, below 2^20) are constants.
.macro fixed_segment base, limit, rights, flags
    .word (\limit) & 0xFFFF, (\base) & 0xFFFF
    .byte (\base) >> 16 & 0xFF, (\rights), (\flags) | (\limit) >> 16, (\base) >> 24
.endm

.section .component, "awx"

# The header, for whoever loads the component: doublewords, offsets in the arena.
component:
    .ascii "HX86"
    .long component_end
    .long guest_task
    .long guest_stack3_top
    .long guest_tss, guest_tss_limit
    .long guest_gdt, guest_gdt_limit
    .long guest_ldt, guest_ldt_limit
    .long guest_idt, guest_idt_limit
    .long guest_pgdir
    .long guest_stack0_top
    .long guest_isr_gpf
    .long 0

.balign 16, 0
guest_gdt:
    .quad 0
    arena_segment guest_tss, guest_tss_limit, PRESENT | SYSTEM_TSS_BUSY, 0
    arena_segment guest_ldt, guest_ldt_limit, PRESENT | SYSTEM_LDT, 0
.set guest_gdt_limit, . - guest_gdt - 1

.balign 16, 0
guest_ldt:
    fixed_segment ARENA, 0xFFFF, PRESENT | CODE_READABLE, DEFAULT_32_BIT
    fixed_segment ARENA, 0xFFFF, PRESENT | DATA_WRITABLE, DEFAULT_32_BIT
    fixed_segment VRAM, VRAM_SIZE - 1, PRESENT | DATA_WRITABLE, DEFAULT_32_BIT
    fixed_segment 0, 0xFFFFF, PRESENT | DATA_WRITABLE, DEFAULT_32_BIT | GRANULAR_4_KIB
.set guest_ldt_limit, . - guest_ldt - 1

# Only #GP has a gate. Any other vector therefore arrives there too, with the error code vector * 8 + 2.
.balign 16, 0
guest_idt:
    .zero VECTOR_GP * 8
    .word guest_isr_gpf, SELECTOR_CODE
    .byte 0, PRESENT | SYSTEM_INTERRUPT_GATE_32
    .word 0
    .zero (VECTORS - VECTOR_GP - 1) * 8
.set guest_idt_limit, . - guest_idt - 1

# The 32-bit task-state segment (SDM vol. 3, 8.2.1 "Task-State Segment (TSS)").
.balign 16, 0
guest_tss:
    .long 0                             # previous task
    .long guest_stack0_top              # ESP0
    .long SELECTOR_DATA                 # SS0
    .zero 16                            # stacks of rings 1 and 2
    .long ARENA + guest_pgdir           # CR3
    .zero 64                            # EIP, EFLAGS, general registers, segment registers
    .long SELECTOR_LDT                  # LDT
    .word 0                             # debug trap
    .word guest_io_map - guest_tss      # base of the I/O map
guest_redirection_map:
    .zero 256 / 8                       # 0: INT n of a virtual-8086 task goes through its own vector table
guest_io_map:
    .zero 65536 / 8                     # 0: the task may use the port
    .byte 0xFF                          # the CPU reads two bytes at a time
.set guest_tss_limit, . - guest_tss - 1

# The first 4 MiB, one page. A guest in a VM has it too, but a VMM gives it other page tables.
.balign 0x1000, 0
guest_pgdir:
    .long PAGE_PRESENT | PAGE_WRITABLE | PAGE_USER | PAGE_4_MIB
    .zero 1023 * 4

    .zero 4096                          # firmware services may want much of it
guest_stack3_top:
    .zero 1024
guest_stack0_top:
