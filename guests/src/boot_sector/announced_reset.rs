//! `announced-reset`: resets the processor in each way, each time announced in CMOS byte 0Fh, and says where it goes on.
//!
//! The ways are the keyboard controller, port 92h and a shutdown by a fault that has no table to go through; the announcements
//! are "jump", "jump behind an end of interrupt" and "return to the caller on this stack". A last reset is not announced.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
.set KEYBOARD_COMMAND, 0x64
.set KEYBOARD_PULSE_RESET, 0xFE
.set SYSTEM_CONTROL_A, 0x92
.set FAST_RESET, 0x03
.set CMOS_INDEX, 0x70
.set CMOS_DATA, 0x71
.set CMOS_SHUTDOWN, 0x0F
.set JUMP_AND_END_INTERRUPT, 0x05
.set RETURN, 0x09
.set JUMP, 0x0A
.set RESUME, 0x467

# Announces a reset that goes on at `way` and 0:`place`.
.macro announce way, place
    mov al, CMOS_SHUTDOWN
    out CMOS_INDEX, al
    mov al, \way
    out CMOS_DATA, al
    mov word ptr [RESUME], offset \place
    mov word ptr [RESUME + 2], 0
.endm

    cli
    announce JUMP, reset_by_controller
    mov al, KEYBOARD_PULSE_RESET
    out KEYBOARD_COMMAND, al
    jmp reset_failed

reset_by_controller:
    call reset_says
    .asciz "controller"
    announce JUMP_AND_END_INTERRUPT, reset_by_port
    mov al, FAST_RESET
    out SYSTEM_CONTROL_A, al
    jmp reset_failed

reset_by_port:
    call reset_says
    .asciz "port"
    announce RETURN, reset_stack
    lidt [reset_no_table]
    int3
    jmp reset_failed

reset_by_fault:
    cmp bp, 0x5050
    jne reset_failed
    call reset_says
    .asciz "fault"
    sti
    hlt                                 # Interrupts come again.
    call reset_says
    .asciz "interrupt"
    mov al, KEYBOARD_PULSE_RESET
    out KEYBOARD_COMMAND, al
reset_failed:
    call reset_says
    .asciz "no reset"
    cli
    hlt

# Prints the text behind the call; needs no register but the code segment.
reset_says:
    pop esi                             # In .code16 the assembler's calls are of 32 bits.
    xor ax, ax
    mov ds, ax
    mov ss, ax
    mov sp, BOOT_ADDRESS
    call boot_print
    push esi
    mov al, CR
    call boot_put
    mov al, LF
    call boot_put
    ret

reset_no_table:
    .word 0
    .long 0
reset_stack:
    .word 0, 0                          # DS, ES
    .word 0, 0, 0x5050, 0, 0, 0, 0, 0   # DI, SI, BP, SP, BX, DX, CX, AX
    .word reset_by_fault, 0, 0          # IP, CS, FLAGS
end_of_sector
.code64
"#,
    options(raw)
);
