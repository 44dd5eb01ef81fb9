# An exerciser: a table of BIOS calls and port accesses, and what each gave, as text on COM1. The text is kept in memory
# until the end, so that the port itself can be exercised. It follows boot_sector.s and wants serial.s; the table
# follows at `exercises`, one macro a row, and ends with `exercises_end`. All registers that a row does not name are 0, and carry is set before
# each call, so that it shows who clears it.

# The rest of a 1.44-MB floppy's first track.
.set EXERCISE_SECTORS, 17
.set EXERCISE_PROGRAM, BOOT_ADDRESS + SECTOR_SIZE
# Where the text is kept, and where rows may have their buffers.
.set EXERCISE_TEXT_SEGMENT, 0x4000
.set EXERCISE_BUFFER_SEGMENT, 0x2000
# Where Bochs ends at the bytes of "Shutdown".
.set EXERCISE_SHUTDOWN_PORT, 0x8900

# What a row may keep out of the text.
.set HIDE_AX, 1 << 0
.set HIDE_BX, 1 << 1
.set HIDE_CX, 1 << 2
.set HIDE_DX, 1 << 3
.set HIDE_SI, 1 << 4
.set HIDE_DI, 1 << 5
.set HIDE_BP, 1 << 6
.set HIDE_ES, 1 << 7
.set HIDE_CF, 1 << 9
.set SHOW_ZF, 1 << 10

# A heading.
.macro title text
    .byte 0
    .asciz "\text"
.endm

# INT \vector with these registers. Shows the registers that changed, and carry.
.macro call_bios vector, ax=0, bx=0, cx=0, dx=0, si=0, di=0, bp=0, es=0, ds=0, hide=0
    .byte 2, \vector
    .word \hide, \ax, \bx, \cx, \dx, \si, \di, \bp, \es, \ds
.endm

# Shows memory.
.macro dump segment, offset, count
    .byte 4
    .word \segment, \offset, \count
.endm

# Stores a word.
.macro poke segment, offset, value
    .byte 6
    .word \segment, \offset, \value
.endm

.macro out_port port, value
    .byte 8
    .word \port
    .byte \value
.endm

# Reads a port, and shows the bits of \mask.
.macro in_port port, mask=0xFF
    .byte 10
    .word \port
    .byte \mask
.endm

# Writes an index, and reads the data port behind it.
.macro in_indexed port, index, mask=0xFF
    out_port \port, \index
    in_port \port+1, \mask
.endm

# Calls a routine, which may use exercise_put, exercise_text and exercise_hex; DS = ES = 0.
.macro run_code routine
    .byte 12
    .word \routine
.endm

# The end of the table, and of the program.
.macro exercises_end
    .byte 14
    .org boot_sector + SECTOR_SIZE * (1 + EXERCISE_SECTORS)
.endm

    mov [exercise_drive], dl
    mov ax, 0x0200 + EXERCISE_SECTORS
    mov bx, EXERCISE_PROGRAM
    mov cx, 2
    xor dh, dh
    int 0x13
    jnc exercise_next_row
    mov si, offset exercise_unread
    call boot_print
exercise_stop:
    cli
    hlt
    jmp exercise_stop
exercise_unread:
    .asciz "cannot read the program\r\n"
exercise_drive:
    .byte 0
.balign 2, 0
exercise_row:
    .word exercises
exercise_length:
    .word 0
end_of_sector

exercise_next_row:
    xor ax, ax
    mov ds, ax
    mov es, ax
    cld
    mov si, [exercise_row]
    lodsb
    cbw
    mov bx, ax
    jmp [exercise_kinds + bx]

.balign 2, 0
exercise_kinds:
    .word exercise_title, exercise_call, exercise_dump, exercise_poke, exercise_out, exercise_in, exercise_run
    .word exercise_finish

exercise_title:
    call exercise_line_end
    call exercise_text
    mov [exercise_row], si
exercise_row_done:
    call exercise_line_end
    jmp exercise_next_row

exercise_call:
    lodsb
    mov [exercise_int + 1], al
    call exercise_hex_byte
    lodsw
    mov [exercise_hidden], ax
    mov di, offset exercise_given
    mov cx, 9
    rep movsw
    mov [exercise_row], si
    mov al, ' '
    call exercise_put
    mov ax, [exercise_given]
    call exercise_hex
    mov al, ':'
    call exercise_put
    mov bx, [exercise_given + 2]
    mov cx, [exercise_given + 4]
    mov dx, [exercise_given + 6]
    mov si, [exercise_given + 8]
    mov di, [exercise_given + 10]
    mov bp, [exercise_given + 12]
    mov es, [exercise_given + 14]
    mov ax, [exercise_given]
    mov ds, [exercise_given + 16]
    stc
exercise_int:
    int 0
    mov cs:[exercise_got], ax
    pushf
    pop ax
    mov cs:[exercise_flags], ax
    mov ax, ds
    mov cs:[exercise_got + 16], ax
    xor ax, ax
    mov ds, ax
    mov [exercise_got + 2], bx
    mov [exercise_got + 4], cx
    mov [exercise_got + 6], dx
    mov [exercise_got + 8], si
    mov [exercise_got + 10], di
    mov [exercise_got + 12], bp
    mov [exercise_got + 14], es
    cld
    mov es, ax
    mov di, 0                           # the register's number, times 2
exercise_register:
    mov ax, [exercise_got + di]
    shr word ptr [exercise_hidden]
    jc exercise_register_done
    cmp ax, [exercise_given + di]
    je exercise_register_done
    push ax
    mov al, ' '
    call exercise_put
    mov al, [exercise_names + di]
    call exercise_put
    mov al, [exercise_names + di + 1]
    call exercise_put
    mov al, '='
    call exercise_put
    pop ax
    call exercise_hex
exercise_register_done:
    add di, 2
    cmp di, 18
    jb exercise_register
    shr word ptr [exercise_hidden]
    jc exercise_carry_done
    mov si, offset exercise_carry
    test byte ptr [exercise_flags], FLAG_CF
    jnz exercise_carry_show
    mov si, offset exercise_no_carry
exercise_carry_show:
    call exercise_text
exercise_carry_done:
    shr word ptr [exercise_hidden]
    jnc exercise_zero_done
    mov si, offset exercise_zero
    test byte ptr [exercise_flags], 1 << 6
    jnz exercise_zero_show
    mov si, offset exercise_no_zero
exercise_zero_show:
    call exercise_text
exercise_zero_done:
    jmp exercise_row_done

exercise_dump:
    lodsw
    mov es, ax
    call exercise_hex
    mov al, ':'
    call exercise_put
    lodsw
    mov di, ax
    call exercise_hex
    lodsw
    mov cx, ax
    mov [exercise_row], si
    mov al, ':'
    call exercise_put
exercise_dump_byte:
    mov al, ' '
    call exercise_put
    mov al, es:[di]
    inc di
    call exercise_hex_byte
    loop exercise_dump_byte
    jmp exercise_row_done

exercise_poke:
    lodsw
    mov es, ax
    lodsw
    mov di, ax
    lodsw
    stosw
    mov [exercise_row], si
    jmp exercise_next_row

exercise_out:
    lodsw
    mov dx, ax
    lodsb
    out dx, al
    mov [exercise_row], si
    push ax
    mov ax, dx
    call exercise_hex
    mov al, '<'
    call exercise_put
    pop ax
    call exercise_hex_byte
    jmp exercise_row_done

exercise_in:
    lodsw
    mov dx, ax
    in al, dx
    and al, [si]
    inc si
    mov [exercise_row], si
    push ax
    mov ax, dx
    call exercise_hex
    mov al, '='
    call exercise_put
    pop ax
    call exercise_hex_byte
    jmp exercise_row_done

exercise_run:
    lodsw
    mov [exercise_row], si
    movzx eax, ax
    call eax                            # the assembler's near CALL and RET take four bytes of stack
    jmp exercise_next_row

# Sends the text. Changes all.
exercise_finish:
    call serial_open
    mov cx, [exercise_length]
    xor si, si
    mov ax, EXERCISE_TEXT_SEGMENT
    mov ds, ax
    call serial_write
    xor ax, ax
    mov ds, ax
    mov si, offset exercise_end_text
    call serial_print
    call serial_drain
    mov si, offset exercise_shutdown
    mov dx, EXERCISE_SHUTDOWN_PORT
    mov cx, 8
    rep outsb
    jmp exercise_stop

# Writes AL. Changes nothing.
exercise_put:
    push ds
    push bx
    push ax
    xor bx, bx
    mov ds, bx
    mov bx, [exercise_length]
    inc word ptr [exercise_length]
    mov ax, EXERCISE_TEXT_SEGMENT
    mov ds, ax
    pop ax
    mov [bx], al
    pop bx
    pop ds
    ret

# Writes the text at DS:SI up to its NUL. Changes AL, SI.
exercise_text:
    lodsb
    test al, al
    jz exercise_text_end
    call exercise_put
    jmp exercise_text
exercise_text_end:
    ret

# Writes AX as four hexadecimal digits. Changes AX.
exercise_hex:
    xchg al, ah
    call exercise_hex_byte
    xchg al, ah
# Writes AL as two hexadecimal digits. Changes nothing.
exercise_hex_byte:
    push ax
    shr al, 4
    call exercise_digit
    pop ax
    push ax
    and al, 0xF
    call exercise_digit
    pop ax
    ret
exercise_digit:
    cmp al, 10
    sbb al, 0x69                        # with DAS: a digit as ASCII
    das
    jmp exercise_put

# Ends a line. Changes AL.
exercise_line_end:
    mov al, LF
    jmp exercise_put

exercise_names:
    .ascii "AXBXCXDXSIDIBPESDS"
exercise_carry:
    .asciz " C"
exercise_no_carry:
    .asciz " NC"
exercise_zero:
    .asciz " Z"
exercise_no_zero:
    .asciz " NZ"
exercise_end_text:
    .asciz "end\n"
exercise_shutdown:
    .ascii "Shutdown"
.balign 2, 0
exercise_hidden:
    .word 0
exercise_flags:
    .word 0
exercise_given:
    .fill 9, 2, 0
exercise_got:
    .fill 9, 2, 0
