//! `machine`: prints the date, the time, and the memory that it is told of.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
.set CLOCK_READ_TIME, 0x0200
.set CLOCK_READ_DATE, 0x0400
.set SYSTEM_EXTENDED_MEMORY, 0x8800
.set SYSTEM_EXTENDED_MEMORY_LARGE, 0xE801

    mov ax, CLOCK_READ_DATE
    int 0x1A
    push dx
    mov ax, cx
    call boot_print_hex
    pop ax
    call boot_print_hex
    mov al, ' '
    call boot_put
    mov ax, CLOCK_READ_TIME
    int 0x1A
    mov ax, cx
    call boot_print_hex
    mov al, ' '
    call boot_put
    int 0x12
    call boot_print_hex
    mov al, ' '
    call boot_put
    mov ax, SYSTEM_EXTENDED_MEMORY
    int 0x15
    call boot_print_hex
    mov al, ' '
    call boot_put
    mov ax, SYSTEM_EXTENDED_MEMORY_LARGE
    int 0x15
    push bx
    call boot_print_hex
    pop ax
    call boot_print_hex
    cli
machine_end:
    hlt
    jmp machine_end
end_of_sector
.code64
"#,
    options(raw)
);
