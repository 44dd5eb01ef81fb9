//! `intdemo`: hardware interrupts reach a virtual-8086 task through its ring-0 #GP handler and the real-mode vectors.
//!
//! At start EAX holds the number of timer ticks to wait for, at least 1, and EFLAGS are 23202h (VM, IOPL 3, IF). The
//! task installs a handler for INT 8, says so by VMCALL with EAX = 1, and from then on sends a line for each tick that
//! came. After the last it executes HLT with IF clear: #GP(0), which the ring-0 handler answers with VMCALL, EAX = 0 and
//! EBX = the ticks shown.
//!
//! The interrupt controller must have the PC's own vectors (8 to 15) and IRQ 0 open, and port 20h must take the handler's
//! end-of-interrupt command.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/component.s"),
    include_str!("../asm/serial.s"),
    include_str!("../asm/reflect.s"),
    r#"
.set CALL_END, 0
.set CALL_READY, 1

guest_wanted_ticks:
    .long 0
guest_ticks:
    .long 0
guest_shown_ticks:
    .long 0
guest_tick_text:
    .asciz " Timer-tick: "

.code16
guest_task:
    cli
    mov cx, cs
    mov ds, cx
    cld
    mov [guest_wanted_ticks], eax
    xor cx, cx
    mov es, cx
    mov word ptr es:[INT_TIMER * VECTOR_SIZE], offset guest_isr_tick
    mov es:[INT_TIMER * VECTOR_SIZE + 2], cs
    call serial_open
    mov eax, CALL_READY
    vmcall
    sti

guest_wait:
    mov eax, [guest_shown_ticks]
    cmp eax, [guest_ticks]
    je guest_wait
    inc eax
    mov [guest_shown_ticks], eax
    mov si, offset guest_tick_text
    call guest_show_tick
    mov eax, [guest_shown_ticks]
    cmp eax, [guest_wanted_ticks]
    jb guest_wait

    call serial_drain
    cli
    mov ebx, [guest_shown_ticks]
    mov eax, CALL_END
guest_end:
    hlt
    jmp guest_end

# Sends the text at SI, the number EAX and a line end. Changes the general registers.
guest_show_tick:
    push eax
    call serial_print
    pop eax
    call serial_decimal
    mov al, CR
    call serial_send
    mov al, LF
    jmp serial_send

# INT 8, as in real mode.
guest_isr_tick:
    inc dword ptr cs:[guest_ticks]
    push ax
    mov al, PIC_EOI
    out PIC1_COMMAND, al
    pop ax
    iret

.code32
guest_fault:
    popad
    vmcall
    jmp guest_fault
.code64
"#,
    options(raw)
);
