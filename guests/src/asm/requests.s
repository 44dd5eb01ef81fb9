# Requests of the devices behind IRQ 1, 4, 8 and 12, handlers for all sixteen, and what the interrupt controllers say of them,
# for exerciser.s. Where it is included has p_end, p_masks and p_vectors.

# One handler an IRQ: its number, then what all do.
.macro p_handlers from, to
    .set p_irq, \from
    .rept \to - \from + 1
    push p_irq
    jmp p_handler
    .balign 8, 0x90
    .set p_irq, p_irq + 1
    .endr
.endm
.balign 8, 0
p_entries:
p_handlers 0, 15

# Shows the IRQ, quiets its device, and ends it.
p_handler:
    push bp
    mov bp, sp
    push ax
    push bx
    mov bl, [bp + 2]
    mov al, bl
    call exercise_hex_byte
    mov al, ' '
    call exercise_put
    call p_quiet_device
    mov al, [p_end]
    test al, al
    jz 2f
    cmp bl, 8
    jb 1f
    out PIC2_COMMAND, al
1:  out PIC1_COMMAND, al
2:  pop bx
    pop ax
    pop bp
    add sp, 2
    iret
# Lets the device of IRQ BL ask for nothing more. Changes AX.
p_quiet_device:
    push dx
    cmp bl, 4
    jne 1f
    mov dx, UART_INTERRUPT_ENABLE
    xor al, al
    out dx, al
1:  cmp bl, 8
    jne 1f
    mov ax, 0x020B
    call p_clock_write
    mov al, 0x0C
    out 0x70, al
    in al, 0x71
1:  cmp bl, 1
    je 2f
    cmp bl, 12
    jne 3f
2:  in al, 0x60
3:  pop dx
    ret

# Keeps the vectors and masks; all but IRQ 1, 2, 4, 8 and 12 are masked.
p_begin:
    cli
    in al, PIC1_DATA
    mov ah, al
    in al, PIC2_DATA
    mov [p_masks], ax
    mov cx, 16
    xor si, si
1:  call p_vector
    mov eax, [bx]
    mov [p_vectors + si], eax
    mov ax, si
    add ax, ax
    add ax, offset p_entries
    mov [bx], ax
    mov word ptr [bx + 2], 0
    add si, 4
    loop 1b
    mov dx, UART_MODEM_CONTROL
    mov al, 0x0B
    out dx, al
    mov ah, 0x47                        # the 8042 asks for both of its interrupts
    call p_command
p_mask_usual:
    mov al, 0xE9
    out PIC1_DATA, al
    mov al, 0xEE
    out PIC2_DATA, al
    ret
p_mask_keyboard:
    mov al, 0xEB
    out PIC1_DATA, al
    ret
# BX = where the vector of IRQ SI/4 is.
p_vector:
    mov bx, si
    add bx, INT_TIMER * VECTOR_SIZE
    cmp si, 8 * VECTOR_SIZE
    jb 1f
    add bx, (0x70 - 8 - INT_TIMER) * VECTOR_SIZE
1:  ret
# Sets the command byte of the 8042.
p_command:
    call p_ready
    mov al, 0x60
    out 0x64, al
    call p_ready
    mov al, ah
    out 0x60, al
    ret
p_finish:
    mov ah, 0x65
    call p_command
    mov cx, 16
    xor si, si
1:  call p_vector
    mov eax, [p_vectors + si]
    mov [bx], eax
    add si, 4
    loop 1b
    mov ax, [p_masks]
    out PIC2_DATA, al
    mov al, ah
    out PIC1_DATA, al
    sti
    ret

p_ends:
    mov byte ptr [p_end], END
    ret
p_ends_rotate:
    mov byte ptr [p_end], END_ROTATE
    ret
p_ends_not:
    mov byte ptr [p_end], END_NOT
    ret

# Requests: a byte as of the keyboard, the transmitter of COM1, a byte as of the mouse, a tick of the clock.
p_keyboard:
    mov al, 0xD2
p_controller:
    call p_ready
    out 0x64, al
    call p_ready
    mov al, 0x1E
    out 0x60, al
    call p_ready
    mov cx, 2000
1:  in al, 0x61
    loop 1b
    ret
p_ready:
    push ax
1:  in al, 0x64
    test al, 2
    jnz 1b
    pop ax
    ret
p_mouse:
    mov al, 0xD3
    jmp p_controller
p_com1:
    mov dx, UART_INTERRUPT_ENABLE
    mov al, 2
    out dx, al
    ret
p_clock:
    mov ax, 0x420B                      # the periodic interrupt; it is requested within 2 ms
    call p_clock_write
    mov cx, 10000
1:  in al, 0x61
    loop 1b
    ret
p_clock_write:
    out 0x70, al
    mov al, ah
    out 0x71, al
    ret

# Takes what comes, and ends the line.
p_take:
    sti
    mov cx, 20
1:  nop
    loop 1b
    cli
    jmp exercise_line_end
# Both are masked until both are there.
p_two:
    mov al, 0xFF
    out PIC1_DATA, al
    call p_keyboard
    call p_com1
    call p_mask_usual
    jmp p_take
p_mouse_too:
    mov al, 0xFF
    out PIC1_DATA, al
    call p_com1
    call p_mouse
    call p_mask_usual
    jmp p_take
p_nested:
    mov ax, [4 * VECTOR_SIZE + INT_TIMER * VECTOR_SIZE]
    push ax
    mov word ptr [4 * VECTOR_SIZE + INT_TIMER * VECTOR_SIZE], offset p_nesting
    call p_com1
    call p_take
    pop ax
    mov [4 * VECTOR_SIZE + INT_TIMER * VECTOR_SIZE], ax
    ret
# COM1's handler, in which the keyboard and COM1 itself ask again.
p_nesting:
    pusha
    mov al, '('
    call exercise_put
    mov bl, 4
    call p_quiet_device
    call p_com1
    call p_keyboard
    mov ax, [p_vectors]
    mov word ptr [4 * VECTOR_SIZE + INT_TIMER * VECTOR_SIZE], offset p_entries + 4 * 8
    sti
    mov cx, 20
1:  nop
    loop 1b
    cli
    mov al, ')'
    call exercise_put
    mov al, END
    out PIC1_COMMAND, al
    popa
    iret

# What is in service, and what is requested, at both.
p_state:
    mov al, READ_SERVICE
    out PIC1_COMMAND, al
    in al, PIC1_COMMAND
    call exercise_hex_byte
    mov al, READ_SERVICE
    out PIC2_COMMAND, al
    in al, PIC2_COMMAND
    call exercise_hex_byte
    mov al, ' '
    call exercise_put
    mov al, READ_REQUESTS
    out PIC1_COMMAND, al
    in al, PIC1_COMMAND
    and al, 0x16                        # the timer's comes when it will
    call exercise_hex_byte
    mov al, READ_REQUESTS
    out PIC2_COMMAND, al
    in al, PIC2_COMMAND
    call exercise_hex_byte
    jmp exercise_line_end

# Nothing is requested, and nothing is in service.
p_quiet:
    mov bl, 4
    call p_quiet_device
    mov bl, 8
    call p_quiet_device
    mov bl, 12
    call p_quiet_device
    mov al, END
    mov cx, 3
1:  out PIC2_COMMAND, al
    out PIC1_COMMAND, al
    loop 1b
    ret
p_gone:
    call p_com1
    mov bl, 4
    jmp p_quiet_device
p_gone_second:
    call p_mouse
    mov bl, 12
    jmp p_quiet_device
p_masked_away:
    call p_com1
    mov al, 0xF9
    out PIC1_DATA, al
    call p_take
    mov bl, 4
    call p_quiet_device
    jmp p_mask_usual

# Initialises the first controller with this fourth word.
p_automatic:
    mov bl, 0x03
    jmp p_initialise
p_fully_nested:
    mov bl, 0x11
    jmp p_initialise
p_usual:
    mov bl, 0x01
p_initialise:
    mov al, 0x11
    out PIC1_COMMAND, al
    mov al, INT_TIMER
    out PIC1_DATA, al
    mov al, 4
    out PIC1_DATA, al
    mov al, bl
    out PIC1_DATA, al
    jmp p_mask_usual
