//! `high-memory`: writes a number at both ends of each MiB that the BIOS tells of, reads all of them back, and prints how many MiB
//! above the first are right.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
.set SYSTEM_EXTENDED_MEMORY_LARGE, 0xE801
.set CR0_PE, 1
.set FLAT, 0x08
.set MIB_BITS, 20
.set LAST, (1 << MIB_BITS) - 4

    mov ax, SYSTEM_EXTENDED_MEMORY_LARGE
    int 0x15
    shr ax, 10                          # KiB
    shr bx, 4                           # pieces of 64 KiB
    add ax, bx
    movzx ebp, ax
    cli
    lgdt [high_table]
    mov eax, cr0
    or al, CR0_PE
    mov cr0, eax
    mov bx, FLAT
    mov es, bx
    and al, ~CR0_PE & 0xFF
    mov cr0, eax
    sti
    mov ecx, ebp
high_write:
    mov edi, ecx
    shl edi, MIB_BITS
    mov es:[edi], ecx
    mov es:[edi + LAST], edi
    dec ecx
    jnz high_write
    xor edx, edx                        # how many are right
    mov ecx, ebp
high_read:
    mov edi, ecx
    shl edi, MIB_BITS
    cmp es:[edi], ecx
    jne high_next
    cmp es:[edi + LAST], edi
    jne high_next
    inc dx
high_next:
    dec ecx
    jnz high_read
    mov ax, dx
    call boot_print_hex
    mov si, offset high_text
    call boot_print
    cli
high_end:
    hlt
    jmp high_end

high_text:
    .asciz " MiB"
.balign 8
high_descriptors:
    .quad 0
    .quad 0x00CF93000000FFFF            # data: base 0, 4 GiB
high_table:
    .word high_table - high_descriptors - 1
    .long high_descriptors
end_of_sector
.code64
"#,
    options(raw)
);
