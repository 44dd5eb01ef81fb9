//! `protected-reset`: enters protected mode and comes back as programs for the 286 do, through an announced reset of the
//! processor.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
.set KEYBOARD_COMMAND, 0x64
.set KEYBOARD_PULSE_RESET, 0xFE
.set CMOS_INDEX, 0x70
.set CMOS_DATA, 0x71
.set CMOS_SHUTDOWN, 0x0F
.set JUMP, 0x0A
.set RESUME, 0x467
.set CODE_SELECTOR, 0x08
.set DATA_SELECTOR, 0x10
.set MACHINE_STATUS_PE, 1 << 0

    cli
    mov al, CMOS_SHUTDOWN
    out CMOS_INDEX, al
    mov al, JUMP
    out CMOS_DATA, al
    mov word ptr [RESUME], offset protected_back
    mov word ptr [RESUME + 2], 0
    lgdt [protected_table]
    smsw ax
    or al, MACHINE_STATUS_PE
    lmsw ax
    .byte 0xEA                          # JMP CODE_SELECTOR:protected_entry
    .word protected_entry, CODE_SELECTOR
protected_entry:
    mov ax, DATA_SELECTOR
    mov ds, ax
    mov word ptr [0], 0xBEEF            # linear 110000h, out of real mode's reach
    mov ax, [0]
    mov cx, ax
    mov al, KEYBOARD_PULSE_RESET
    out KEYBOARD_COMMAND, al
    hlt

protected_back:
    xor ax, ax
    mov ds, ax
    mov ss, ax
    mov sp, BOOT_ADDRESS
    sti
    smsw ax
    and ax, MACHINE_STATUS_PE
    call boot_print_hex
    mov si, offset protected_text
    call boot_print
    hlt                                 # Interrupts come again.
    mov si, offset protected_text_tick
    call boot_print
    cli
    hlt

protected_text:
    .asciz " back in real mode\r\n"
protected_text_tick:
    .asciz "tick\r\n"
.balign 8
protected_descriptors:
    .quad 0
    .quad 0x00009B000000FFFF            # code: base 0
    .quad 0x000093110000FFFF            # data: base 110000h
protected_table:
    .word protected_table - protected_descriptors - 1
    .long protected_descriptors
end_of_sector
.code64
"#,
    options(raw)
);
