//! `hostile-kernel`: ring-0 code that tries to leave its VM.
//!
//! Reached through the #GP gate, it installs an interrupt table of its own, rewrites its page directory so that it maps
//! all 4 GiB of physical memory and loads it into CR3, changes CR0, CR4, EFER and GDTR, sends the word that switches
//! a Bochs machine off, and then writes into each of the 1,048,576 pages of the linear address space but the 16 of its
//! own arena. A refused write or instruction comes to it as #PF or #GP, and it goes on.
//!
//! Exception bits 13 (#GP of ring 0) and 14 (#PF) should be left to it. For an intercepted MOV CR, LMSW, CLTS or WRMSR
//! the VMM may skip the instruction, carry out what is harmless, or inject #GP(0). It ends with VMCALL: EAX = 0,
//! EBX = pages that it could write, ECX = pages that it could not, EDX = instructions refused by #GP.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/component.s"),
    r#"
.set PATTERN, 0x86BADBAD
.set PAGE_SIZE, 0x1000
.set LARGE_PAGE_SIZE, 1 << 22
.set ARENA_SIZE, 0x10000
.set VECTOR_PF, 14
.set CR0_TS, 1 << 3
.set CR0_WP, 1 << 16
.set CR0_PG, 1 << 31
.set CR4_VME, 1 << 0
.set CR4_PAE, 1 << 5
.set CR4_VMXE, 1 << 13
.set IA32_EFER, 0xC0000080
.set EFER_LME, 1 << 8
.set BOCHS_POWER_PORT, 0x8900

# Executes an instruction; where it faults, the handlers go on behind it.
.macro attempt instruction:vararg
    mov ebp, offset guest_behind_\@
    \instruction
guest_behind_\@:
.endm

.balign 16, 0
guest_own_idt:
    .zero VECTOR_GP * 8
    .word guest_isr_own_gp, SELECTOR_CODE
    .byte 0, PRESENT | SYSTEM_INTERRUPT_GATE_32
    .word 0
    .word guest_isr_own_pf, SELECTOR_CODE
    .byte 0, PRESENT | SYSTEM_INTERRUPT_GATE_32
    .word 0
guest_own_idtr:
    .word . - guest_own_idt - 1
    .long ARENA + guest_own_idt
guest_foreign_gdtr:
    .word 0xFFFF
    .long 0x100000
guest_power_word:
    .ascii "Shutdown"
.set guest_power_word_length, . - guest_power_word
guest_refused:
    .long 0

.code16
guest_task:
    hlt                                 # to ring 0
    jmp guest_task

.code32
guest_isr_gpf:
    cld
    mov eax, SELECTOR_DATA
    mov ds, ax
    mov es, ax
    lidt [guest_own_idtr]
    lgdt [guest_foreign_gdtr]

    # Linear = physical, all of it, writable.
    mov edi, offset guest_pgdir
    mov eax, PAGE_PRESENT | PAGE_WRITABLE | PAGE_USER | PAGE_4_MIB
guest_map:
    stosd
    add eax, LARGE_PAGE_SIZE
    jnc guest_map
    mov eax, offset guest_pgdir
    add eax, ARENA
    attempt mov cr3, eax

    mov eax, cr4
    or eax, CR4_PAE
    attempt mov cr4, eax
    mov eax, cr4
    and eax, ~(CR4_VMXE | CR4_VME)
    attempt mov cr4, eax
    mov eax, cr0
    and eax, ~CR0_WP
    attempt mov cr0, eax
    mov eax, cr0
    and eax, ~CR0_PG
    attempt mov cr0, eax
    mov eax, CR0_TS
    attempt lmsw ax
    attempt clts
    mov ecx, IA32_EFER
    mov eax, EFER_LME
    xor edx, edx
    attempt wrmsr

    mov esi, offset guest_power_word
    mov ecx, offset guest_power_word_length
    mov edx, BOCHS_POWER_PORT
guest_power:
    lodsb
    attempt out dx, al
    loop guest_power

    # EDI: linear address; EBX, ECX: pages written, not written; DS flat.
    mov eax, SELECTOR_FLAT
    mov ds, ax
    xor edi, edi
    xor ebx, ebx
    xor ecx, ecx
    mov eax, PATTERN
    mov ebp, offset guest_next_page
guest_page:
    mov edx, edi
    sub edx, ARENA
    cmp edx, ARENA_SIZE
    jb guest_next_page
    mov [edi], eax
    mov [edi + PAGE_SIZE - 4], eax
    inc ebx
guest_next_page:
    add edi, PAGE_SIZE
    jnc guest_page

    mov edx, ss:[guest_refused]
    xor eax, eax
guest_end:
    vmcall
    jmp guest_end

# Both go on where EBP says.
guest_isr_own_gp:
    inc dword ptr ss:[guest_refused]
    jmp guest_go_on
guest_isr_own_pf:
    inc ecx
guest_go_on:
    add esp, 4                          # the error code
    mov [esp], ebp
    iretd
.code64
"#,
    options(raw)
);
