//! `alignment-loop`: #AC in protected mode. The first goes to ring 0, which shows the error code. Then the gate leads to
//! ring 3, whose stack is misaligned: each delivery raises #AC again, for ever. Only the unrestricted back-end runs it.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
.set CODE32, 0x08
.set FLAT, 0x10
.set RING3_CODE, 0x18 | 3
.set RING3_FLAT, 0x20 | 3
.set TSS, 0x28
# Memory behind the boot sector, which is zero.
.set TSS_ADDRESS, 0x8000
.set TSS_ESP0, TSS_ADDRESS + 4
.set TSS_SS0, TSS_ADDRESS + 8
.set IDT, 0x8100
.set ALIGNMENT_GATE, IDT + 17 * 8
.set PRESENT_INTERRUPT_GATE, 0x8E00
.set STACK, 0x7000
.set MISALIGNED_STACK, 0x6001
.set MISALIGNED, 0x5001
.set FLAG_AC, 1 << 18
.set CR0_PE_AM, 1 << 18 | 1
.set SCREEN, 0xB8000
.set BRIGHT, 0x0F00

    cli
    lgdt [alignment_gdt_register]
    lidt [alignment_idt_register]
    mov eax, cr0
    or eax, CR0_PE_AM
    mov cr0, eax
    .byte 0x66, 0xEA
    .long alignment_start
    .word CODE32

.code32
alignment_start:
    mov ax, FLAT
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov esp, STACK
    mov dword ptr [TSS_ESP0], STACK
    mov dword ptr [TSS_SS0], FLAT
    mov ax, TSS
    ltr ax
    mov word ptr [ALIGNMENT_GATE], offset alignment_check
    mov word ptr [ALIGNMENT_GATE + 2], CODE32
    mov word ptr [ALIGNMENT_GATE + 4], PRESENT_INTERRUPT_GATE
    push RING3_FLAT
    push MISALIGNED_STACK
    push FLAG_AC | 2
    push RING3_CODE
    mov eax, offset ring3
    push eax
    iretd
ring3:
    mov ax, RING3_FLAT
    mov ds, ax
ring3_access:
    mov eax, [MISALIGNED]
    jmp ring3_access

# Shows the error code, a digit, and how far behind `ring3` the instruction stands, another.
alignment_check:
    # Segments that the way back to ring 3 leaves alone.
    mov ax, RING3_FLAT
    mov ds, ax
    mov es, ax
    mov edi, SCREEN
    mov esi, offset alignment_text
alignment_show:
    lodsb
    mov ah, BRIGHT >> 8
    test al, al
    jz alignment_shown
    stosw
    jmp alignment_show
alignment_shown:
    pop eax
    and eax, 0xFF
    add eax, BRIGHT + '0'
    stosw
    mov eax, [esp]
    sub eax, offset ring3 - '0' - BRIGHT
    stosw
    mov word ptr [ALIGNMENT_GATE + 2], RING3_CODE
    iretd
alignment_text:
    .asciz "alignment check, error code and place "

.balign 8, 0
alignment_gdt:
    .quad 0
    .quad 0x00CF9A000000FFFF
    .quad 0x00CF92000000FFFF
    .quad 0x00CFFA000000FFFF
    .quad 0x00CFF2000000FFFF
    .quad 0x0000890080000067
alignment_gdt_end:
alignment_gdt_register:
    .word alignment_gdt_end - alignment_gdt - 1
    .long alignment_gdt
alignment_idt_register:
    .word 18 * 8 - 1
    .long IDT
end_of_sector
.code64
"#,
    options(raw)
);
