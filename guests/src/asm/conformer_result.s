# What became of a case: conformer.s goes on here. The handler of all vectors, the case's end, and the line of text.

# The case has come to its end. CS = 0, all else is the case's.
conform_finished:
    mov byte ptr cs:[conform_over], 1
    mov cs:[conform_registers], eax
    mov cs:[conform_registers + 28], esp
    mov cs:[conform_segments + 8], ss
    mov ax, 0
    mov ss, ax
    mov esp, cs:[conform_own_sp]
    pushfd
    pop dword ptr cs:[conform_got_flags]
    call conform_store
    jmp conform_show

# Stores what the case left but EAX, ESP and SS. Leaves DS = 0.
conform_store:
    mov cs:[conform_segments], ds
    mov ax, 0
    mov ds, ax
    mov [conform_segments + 2], es
    mov [conform_segments + 4], fs
    mov [conform_segments + 6], gs
    mov [conform_registers + 4], ebx
    mov [conform_registers + 8], ecx
    mov [conform_registers + 12], edx
    mov [conform_registers + 16], esi
    mov [conform_registers + 20], edi
    mov [conform_registers + 24], ebp
    ret

# An interrupt or an exception, its vector in conform_vector.
conform_handler:
    mov cs:[conform_registers], eax
    mov cs:[conform_registers + 28], esp
    mov cs:[conform_segments + 8], ss
    mov eax, 0
    mov ax, ss
    mov cs:[conform_frame_segment], ax
    mov ax, sp
    mov cs:[conform_frame], ax
    mov ax, 0
    mov ss, ax
    mov esp, CONFORM_HANDLER_SP
    call conform_store
    cld
    les di, [conform_frame]
    mov al, [conform_vector]
    and al, 0x7F
    cmp word ptr es:[di + 2], 0
    je conform_inside
    call conform_note
    mov al, [conform_vector]
    and al, 0x7F
    cmp al, VECTOR_DEBUG
    je conform_debugged
    cmp al, 0x20
    jae conform_returns
    cmp al, 3
    je conform_return
    cmp al, 4
    je conform_return
    cmp al, VECTOR_TIMER
    jne conform_faulted
    test byte ptr [conform_flags], TIMER
    jz conform_faulted
conform_acknowledge:
    mov al, 0xFF
    out PIC1_MASK, al
    mov al, PIC_EOI
    out PIC2_COMMAND, al
    out PIC1_COMMAND, al
    jmp conform_return
conform_returns:
    cmp al, VECTOR_COPROCESSOR
    jne conform_return
    out COPROCESSOR_CLEAR, al
    fnclex
    jmp conform_acknowledge
# The handler does not meet its breakpoint twice.
conform_debugged:
    test byte ptr [conform_causes], DR6_BREAKPOINTS
    jz conform_return
    mov eax, [conform_default_system + 36]
    mov dr7, eax
conform_return:
    mov ebx, [conform_registers + 4]
    mov edi, [conform_registers + 20]
    mov es, [conform_segments + 2]
    mov ss, [conform_segments + 8]
    mov esp, [conform_registers + 28]
    mov eax, [conform_registers]
    mov ds, [conform_segments]
    iret

# In the conformer itself: a step before the case begins or after it has ended, or a late timer tick.
conform_inside:
    cmp al, VECTOR_TIMER
    je conform_acknowledge
    cmp al, VECTOR_DEBUG
    jne exercise_finish                 # broken: the text so far shows where
    cmp byte ptr [conform_over], 0
    je conform_return
    and word ptr es:[di + 4], ~FLAG_TF
    jmp conform_return

# A fault ends the case; its frame goes out of sight.
conform_faulted:
    mov eax, 0
    mov ax, es:[di + 4]
    mov [conform_got_flags], eax
    mov ax, es
    cmp ax, CASE_STACK
    jne conform_show
    mov ax, CASE_PATTERN
    mov ds, ax
    mov si, di
    mov cx, 6
    rep movsb
    xor ax, ax
    mov ds, ax
    jmp conform_show

# Notes the event whose frame is at ES:DI. Changes EAX, BX.
conform_note:
    mov bx, [conform_events]
    inc word ptr [conform_events]
    cmp bx, CONFORM_EVENTS
    jae conform_noted
    imul bx, bx, CONFORM_EVENT_BYTES
    mov al, [conform_vector]
    mov [conform_event + bx], al
    mov ax, es:[di]
    mov [conform_event + bx + 2], ax
    mov ax, es:[di + 2]
    mov [conform_event + bx + 4], ax
    mov ax, es:[di + 4]
    mov [conform_event + bx + 6], ax
    mov [conform_event + bx + 8], di
    cmp byte ptr [conform_vector], VECTOR_DEBUG
    jne conform_noted
    mov eax, dr6
    mov [conform_event + bx + 10], ax
    mov [conform_causes], al
    mov eax, [conform_default_system + 32]
    mov dr6, eax
conform_noted:
    ret

# The processor was reset, as the case wanted, and the BIOS comes here.
conform_reset:
    xor ax, ax
    mov ds, ax
    mov ss, ax
    mov esp, [conform_own_sp]
    mov si, offset conform_reset_text
    call exercise_text
    mov si, [conform_next]
    jmp conform_case

# Writes the case's line and goes on. The stack is ours, DS = 0.
conform_show:
    cld
    cli
    mov esp, [conform_own_sp]
    call conform_read_system
    xor ax, ax
    mov es, ax
    call conform_show_events
    mov si, offset conform_registers
    mov di, offset conform_default_registers
    mov bx, offset conform_register_names
    mov cx, 8
    call conform_show_changed
    xor di, di
conform_show_segment:
    mov ax, [conform_segments + di]
    cmp ax, [conform_default_segments + di]
    je conform_next_segment
    mov bx, offset conform_segment_names
    add bx, di
    call conform_show_name
    call exercise_hex
conform_next_segment:
    add di, 2
    cmp di, 10
    jb conform_show_segment
    mov si, offset conform_flags_text
    call exercise_text
    mov ax, [conform_got_flags + 2]
    call exercise_hex
    mov ax, [conform_got_flags]
    call exercise_hex
    mov si, offset conform_system
    mov di, offset conform_default_system
    mov bx, offset conform_system_names
    mov cx, 14
    call conform_show_changed
    mov al, 'D'
    mov bx, CASE_DATA
    call conform_show_memory
    mov al, 'S'
    mov bx, CASE_STACK
    call conform_show_memory
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov si, [conform_next]
    jmp conform_case

# Reads the system registers. Changes EAX.
conform_read_system:
    mov eax, cr0
    mov [conform_system], eax
    mov eax, cr2
    mov [conform_system + 4], eax
    mov eax, cr3
    mov [conform_system + 8], eax
    mov eax, cr4
    mov [conform_system + 12], eax
    mov eax, dr0
    mov [conform_system + 16], eax
    mov eax, dr1
    mov [conform_system + 20], eax
    mov eax, dr2
    mov [conform_system + 24], eax
    mov eax, dr3
    mov [conform_system + 28], eax
    mov eax, dr6
    mov [conform_system + 32], eax
    mov eax, dr7
    mov [conform_system + 36], eax
    sgdt [conform_table]
    movzx eax, word ptr [conform_table]
    mov [conform_system + 40], eax
    mov eax, [conform_table + 2]
    mov [conform_system + 44], eax
    sidt [conform_table]
    movzx eax, word ptr [conform_table]
    mov [conform_system + 48], eax
    mov eax, [conform_table + 2]
    mov [conform_system + 52], eax
    ret

conform_show_events:
    mov cx, [conform_events]
    cmp cx, CONFORM_EVENTS
    jbe conform_events_fit
    mov al, ' '
    call exercise_put
    mov ax, cx
    call exercise_hex
    mov al, '!'
    call exercise_put
    mov cx, CONFORM_EVENTS
conform_events_fit:
    mov di, offset conform_event
    jcxz conform_no_events
conform_show_event:
    mov al, ' '
    call exercise_put
    mov al, [di]
    call exercise_hex_byte
    mov al, '@'
    call exercise_put
    mov ax, [di + 4]
    call exercise_hex
    mov al, ':'
    call exercise_put
    mov ax, [di + 2]
    call exercise_hex
    mov al, ','
    call exercise_put
    mov ax, [di + 6]
    call exercise_hex
    mov al, ','
    call exercise_put
    mov ax, [di + 8]
    call exercise_hex
    cmp byte ptr [di], VECTOR_DEBUG
    jne conform_next_event
    mov al, ','
    call exercise_put
    mov ax, [di + 10]
    call exercise_hex
conform_next_event:
    add di, CONFORM_EVENT_BYTES
    loop conform_show_event
conform_no_events:
    ret

# Writes those of the CX doublewords at SI that are not as at DI, with their names from BX on.
conform_show_changed:
    mov eax, [si]
    cmp eax, [di]
    je conform_not_changed
    call conform_show_name
    push ax
    shr eax, 16
    call exercise_hex
    pop ax
    call exercise_hex
conform_not_changed:
    add si, 4
    add di, 4
    add bx, 2
    loop conform_show_changed
    ret

# Writes the two letters at BX. Changes nothing.
conform_show_name:
    push ax
    mov al, ' '
    call exercise_put
    mov al, [bx]
    call exercise_put
    mov al, [bx + 1]
    call exercise_put
    mov al, '='
    call exercise_put
    pop ax
    ret

# Writes the words of segment BX that changed, behind the letter AL. Changes all but SS, SP.
conform_show_memory:
    mov bp, CONFORM_WORDS
    mov dl, al
    mov ds, bx
    mov ax, CASE_PATTERN
    mov es, ax
    xor si, si
    xor di, di
    mov cx, 0x8000
conform_compare:
    repe cmpsw
    je conform_same
    mov al, ' '
    call exercise_put
    mov al, dl
    call exercise_put
    lea ax, [si - 2]
    call exercise_hex
    mov al, '='
    call exercise_put
    mov ax, [si - 2]
    call exercise_hex
    dec bp
    jz conform_same
    test cx, cx
    jnz conform_compare
conform_same:
    ret

conform_flags_text:
    .asciz " F="
conform_reset_text:
    .asciz " reset"
conform_causes:
    .byte 0
.balign 2, 0
conform_frame:
    .word 0
conform_frame_segment:
    .word 0
