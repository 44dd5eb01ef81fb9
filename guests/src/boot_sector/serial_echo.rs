//! `serial-echo`: sends back what arrives at COM1, without ever looking: the interrupt of IRQ 4 says when a byte has
//! come, and that the transmitter is empty; in between the processor sleeps. A full stop ends it.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
.set PIC1_DATA, 0x21
.set IRQ_4, 4
.set INT_COM1, 0x08 + IRQ_4
.set UART_IDENTIFICATION, UART + 2
.set MODEM_OUT_2, 1 << 3                # connects the interrupt line
.set ENABLE_RECEIVED, 1 << 0
.set ENABLE_TRANSMITTER, 1 << 1
.set NOTHING_PENDING, 1 << 0
.set CAUSE_TRANSMITTER, 0x02
.set QUEUE_SIZE, 256                    # indices wrap by themselves

    mov si, offset serial_text_ready
    call boot_print
    cli
    mov word ptr [INT_COM1 * VECTOR_SIZE], offset serial_interrupt
    mov [INT_COM1 * VECTOR_SIZE + 2], cs
    mov dx, UART_LINE_CONTROL
    mov al, LINE_DIVISOR_ACCESS
    out dx, al
    mov dx, UART_DIVISOR_LOW
    mov al, UART_DIVISOR & 0xFF
    out dx, al
    mov dx, UART_DIVISOR_HIGH
    mov al, UART_DIVISOR >> 8
    out dx, al
    mov dx, UART_LINE_CONTROL
    mov al, LINE_8_N_1
    out dx, al
    mov dx, UART_INTERRUPT_ENABLE
    mov al, ENABLE_RECEIVED
    out dx, al
    mov dx, UART_MODEM_CONTROL
    mov al, MODEM_DTR | MODEM_RTS | MODEM_OUT_2
    out dx, al
    in al, PIC1_DATA
    and al, 0xFF - (1 << IRQ_4)
    out PIC1_DATA, al
serial_sleep:
    sti
    hlt
    cli
    cmp byte ptr [serial_over], 0
    je serial_sleep
    mov si, offset serial_text_bye
    call boot_print
serial_halt:
    hlt
    jmp serial_halt

# IRQ 4: answers every cause that waits, so that the line goes down and can come up again.
serial_interrupt:
    push ax
    push bx
    push dx
    push ds
    xor ax, ax
    mov ds, ax
serial_cause:
    mov dx, UART_IDENTIFICATION
    in al, dx
    test al, NOTHING_PENDING
    jnz serial_done
    and al, 0x0F
    cmp al, CAUSE_TRANSMITTER
    je serial_transmit
    # A byte has come: into the queue, and the transmitter's interrupt on.
    mov dx, UART_DATA
    in al, dx
    movzx bx, byte ptr [serial_in]
    mov [serial_queue + bx], al
    inc byte ptr [serial_in]
    mov al, ENABLE_RECEIVED | ENABLE_TRANSMITTER
    jmp serial_enable
serial_transmit:
    movzx bx, byte ptr [serial_out]
    cmp bl, [serial_in]
    mov al, ENABLE_RECEIVED
    je serial_enable
    mov al, [serial_queue + bx]
    inc byte ptr [serial_out]
    mov dx, UART_DATA
    out dx, al
    cmp al, '.'
    jne serial_cause
    mov byte ptr [serial_over], 1
    jmp serial_cause
serial_enable:
    mov dx, UART_INTERRUPT_ENABLE
    out dx, al
    jmp serial_cause
serial_done:
    mov al, PIC_EOI
    out PIC1_COMMAND, al
    pop ds
    pop dx
    pop bx
    pop ax
    iret

serial_in:
    .byte 0
serial_out:
    .byte 0
serial_over:
    .byte 0
serial_text_ready:
    .asciz "Echo\r\n"
serial_text_bye:
    .asciz "Bye\r\n"
.set serial_queue, 0x8000
end_of_sector
.code64
"#,
    options(raw)
);
