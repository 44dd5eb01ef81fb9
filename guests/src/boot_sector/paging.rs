//! `paging`: protected mode with page tables of its own: a page that is another, a page that its #PF handler brings, and what
//! is left of both in real mode.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
.set CR0_PE, 1
.set CR0_PG, 1 << 31
.set CODE, 0x08
.set FLAT, 0x10
.set DIRECTORY, 0x10000
.set TABLE, 0x11000
.set ALIAS_TABLE, 0x12000
.set FRAME, 0x20000
.set ALIAS, 0x400000
.set ABSENT, 0x800000
.set PRESENT, 0b11
.set INT_PAGE_FAULT, 14

    cli
    lgdt [paging_gdt]
    lidt [paging_idt]
    mov eax, cr0
    or al, CR0_PE
    mov cr0, eax
    .byte 0xEA
    .word paging_protected, CODE
paging_protected:
    mov ax, FLAT
    mov ds, ax
    mov es, ax
    mov ss, ax
    # Linear 0 to 4 MiB as it is, 4 MiB + n as FRAME + n for one page.
    mov edi, DIRECTORY
    mov ecx, 3 * 1024
    xor eax, eax
    .byte 0x67                          # by ECX and EDI
    rep stosd
    mov edi, DIRECTORY
    mov dword ptr [edi], TABLE | PRESENT
    mov dword ptr [edi + 4], ALIAS_TABLE | PRESENT
    mov edi, ALIAS_TABLE
    mov dword ptr [edi], FRAME | PRESENT
    mov edi, TABLE
    mov eax, PRESENT
paging_next:
    mov [edi], eax
    add edi, 4
    add eax, 0x1000
    cmp edi, TABLE + 0x1000
    jb paging_next
    mov eax, DIRECTORY
    mov cr3, eax
    mov eax, cr0
    or eax, CR0_PG
    mov cr0, eax
    jmp paging_on
paging_on:
    mov edi, ALIAS
    mov word ptr [edi], 0x1234
    mov word ptr [edi + ABSENT - ALIAS + 4], 0x5678     # #PF, which maps it like ALIAS
    mov eax, cr0
    and eax, ~(CR0_PG | CR0_PE)
    mov cr0, eax
    .byte 0xEA
    .word paging_real, 0
paging_real:
    xor ax, ax
    mov ds, ax
    mov ss, ax
    lidt [paging_real_idt]
    sti
    mov ax, FRAME >> 4
    mov es, ax
    mov ax, es:[0]
    call paging_print                   # 1234
    mov ax, es:[4]
    call paging_print                   # 5678
    mov ax, [paging_address + 2]
    call boot_print_hex
    mov ax, [paging_address]
    call paging_print                   # 00800004
    mov ax, [paging_error]
    call paging_print                   # 0002: a write, at level 0, to a page that is not there
    cli
paging_end:
    hlt
    jmp paging_end

# Prints AX and a space. Changes AX, BX, CX.
paging_print:
    call boot_print_hex
    mov al, ' '
    jmp boot_put

paging_fault:
    push eax
    push edi
    mov eax, cr2
    mov [paging_address], eax
    mov edi, DIRECTORY
    mov eax, [edi + 4]
    mov [edi + 8], eax
    pop edi
    pop eax
    pop word ptr [paging_error]
    iret

paging_address:
    .long 0
paging_error:
    .word 0
.balign 8
paging_descriptors:
    .quad 0
    .quad 0x00009B000000FFFF            # 16-bit code
    .quad 0x008F93000000FFFF            # data: 4 GiB, a 16-bit stack
paging_gdt:
    .word paging_gdt - paging_descriptors - 1
    .long paging_descriptors
paging_idt:
    .word (INT_PAGE_FAULT + 1) * 8 - 1
    .long paging_gates - INT_PAGE_FAULT * 8
paging_real_idt:
    .word 0x3FF
    .long 0
paging_gates:
    .word paging_fault, CODE, 0x8600, 0 # a 16-bit interrupt gate
end_of_sector
.code64
"#,
    options(raw)
);
