//! `beyond`: gives ES 4 GiB, and reads and writes beyond the memory: at its end, far above, at the last bytes; with the A20
//! gate on and off. What was read is printed, and how many accesses that are stands beside each.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
.set SERVICE_A20_OFF, 0x2400
.set CR0_PE, 1
.set FLAT, 0x08
.set ONES_EVERYWHERE, 0xFFFFFFFF
.set ABOVE, 0x2000000
.set MIDDLE, 0x80000000
.set LAST, 0xFFFFFFFC
.set PAGE, 0x1000
.set MIB, 0x100000
.set HOLE_AGAIN, MIB + 0xD0000
.set PATTERN, 0x12345678

    cli
    lgdt [beyond_table]
    mov eax, cr0
    or al, CR0_PE
    mov cr0, eax
    mov bx, FLAT
    mov es, bx
    and al, ~CR0_PE & 0xFF
    mov cr0, eax
    sti

    # EBX stays all ones as long as what is read is.
    mov ebx, ONES_EVERYWHERE
    mov edi, ABOVE
    mov ebp, LAST
    and ebx, es:[edi]                   # 1
    and ebx, es:[edi + PAGE - 2]        # 2
    and ebx, es:[ebp]                   # 1
    and bx, es:[ebp + 2]                # 1
    mov esi, MIDDLE
    mov ecx, 5
    .byte 0x67, 0x26, 0x66, 0xF3, 0xAD  # rep lods eax, es:[esi]: 5
    and ebx, eax
    mov es:[edi], edi                   # 1 write
    lock dec dword ptr es:[ebp]         # 1 write
    and ebx, es:[edi]                   # 1
    and ebx, es:[ebp]                   # 1
    mov esi, HOLE_AGAIN
    mov dword ptr es:[esi], PATTERN     # none: there is memory
    mov eax, es:[esi]
    call beyond_print

    # With A20 off the second MiB shows the first, holes and all.
    mov ax, SERVICE_A20_OFF
    int 0x15
    and ebx, es:[esi - MIB]             # 1
    and ebx, es:[esi]                   # 1
    and ebx, es:[edi]                   # 1
    and ebx, es:[ebp]                   # 1
    mov dword ptr es:[esi], 0           # 1 write
    mov dword ptr es:[edi], 0           # 1 write
    mov eax, ebx
    call beyond_print
    cli
beyond_end:
    hlt
    jmp beyond_end

# Prints EAX. Changes AX, CX.
beyond_print:
    push bx
    push eax
    shr eax, 16
    call boot_print_hex
    pop eax
    call boot_print_hex
    pop bx
    ret

.balign 8
beyond_descriptors:
    .quad 0
    .quad 0x00CF93000000FFFF            # data: base 0, 4 GiB
beyond_table:
    .word beyond_table - beyond_descriptors - 1
    .long beyond_descriptors
end_of_sector
.code64
"#,
    options(raw)
);
