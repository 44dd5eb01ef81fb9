# COM1 by polling. 16-bit code; each routine keeps every register but those it names.

.code16
# Sets 115200 bits a second, 8 data bits, no parity, one stop bit. Changes AL, DX.
serial_open:
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
    mov dx, UART_MODEM_CONTROL
    mov al, MODEM_DTR | MODEM_RTS
    out dx, al
    ret

# Sends AL. Changes nothing.
serial_send:
    push dx
    push ax
    mov dx, UART_LINE_STATUS
serial_send_wait:
    in al, dx
    test al, STATUS_HOLDING_EMPTY
    jz serial_send_wait
    mov dx, UART_DATA
    pop ax
    out dx, al
    pop dx
    ret

# Sends CX bytes (at least 1) from DS:SI on. Changes AL, CX, SI.
serial_write:
    lodsb
    call serial_send
    loop serial_write
    ret

# Sends the text at DS:SI up to its NUL. Changes AL, SI.
serial_print:
    lodsb
    test al, al
    jz serial_print_end
    call serial_send
    jmp serial_print
serial_print_end:
    ret

# Sends EAX in decimal. Changes EAX, EBX, CX, EDX.
serial_decimal:
    mov ebx, 10
    xor cx, cx
serial_decimal_digit:
    xor edx, edx
    div ebx
    push dx
    inc cx
    test eax, eax
    jnz serial_decimal_digit
serial_decimal_send:
    pop ax
    add al, '0'
    call serial_send
    loop serial_decimal_send
    ret

# Waits until the last byte has left. Changes AL, DX.
serial_drain:
    mov dx, UART_LINE_STATUS
serial_drain_wait:
    in al, dx
    test al, STATUS_ALL_SENT
    jz serial_drain_wait
    ret
