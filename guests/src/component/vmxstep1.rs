//! `vmxstep1`, the course's first guest: a virtual-8086 task that greets on the serial line and ends in one VM exit.
//!
//! The task shows the machine status word in hexadecimal, sends its message through COM1 and executes HLT, which its
//! privilege level 3 turns into #GP(0). The ring-0 handler answers with VMCALL: exit reason 18. On the course's
//! testbed `trystep1`, without VMX, gate 13 leads to the testbed instead.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/component.s"),
    include_str!("../asm/serial.s"),
    r#"
guest_message:
    .byte ESC
    .ascii "[2J"
    .byte ESC
    .ascii "[10;30H Hello from Guest VM "
    .byte ESC
    .ascii "[12;33H CR0="
guest_message_digits:
    .ascii "xxxxxxxx "
    .byte ESC
    .ascii "[23;1H"
    .byte LF
    .ascii "         "
    .byte NUL
.set guest_message_length, . - guest_message

guest_digits:
    .ascii "0123456789ABCDEF"

.code16
guest_task:
    mov ax, cs
    mov ds, ax
    mov es, ax
    cld

    # At ring 3 SMSW is the one window on CR0; in a VM it shows the read shadow where the mask says so.
    smsw eax
    mov di, offset guest_message_digits
    mov cx, 8
guest_next_digit:
    rol eax, 4
    mov bx, ax
    and bx, 0xF
    mov dl, [bx + guest_digits]
    mov [di], dl
    inc di
    loop guest_next_digit

    call serial_open
    mov si, offset guest_message
    mov cx, offset guest_message_length
    call serial_write
    call serial_drain
guest_end:
    hlt
    jmp guest_end

.code32
guest_isr_gpf:
    vmcall
    jmp guest_isr_gpf
.code64
"#,
    options(raw)
);
