# A conformer: a table of instruction sequences, the cases, and what each did to registers, flags, memory and system
# registers, as text on COM1. It follows exerciser.s, whose only row is `run_code conform_run`; the cases follow at
# `conform_cases` and end with `cases_end`.
#
# Each case runs in a segment of its own with known registers, and with data and stack that are filled with a pattern.
# All vectors lead here. Software interrupts, traps and the interrupts that a case asks for are noted and returned from;
# a fault ends its case.

# Where a case has its code, its data (DS, ES), its stack; what both hold before; a second interrupt table.
.set CASE_CODE, 0x2000
.set CASE_DATA, 0x5000
.set CASE_STACK, 0x6000
.set CASE_PATTERN, 0x7000
.set CASE_TABLE, 0x8000
.set CASE_IP, 0x0100
.set CASE_SP, 0x0800
# Sectors of the image behind the first track.
.set CONFORM_SECTORS, 47
.set CONFORM_TRACK, 18
# One stub for each vector: MOV byte ptr CS:[conform_vector], n; JMP conform_handler.
.set CONFORM_STUBS, 0x1000
.set CONFORM_STUB_BYTES, 9
# Stack of the handler.
.set CONFORM_HANDLER_SP, CONFORM_STUBS
# Events that are shown.
.set CONFORM_EVENTS, 24
.set CONFORM_EVENT_BYTES, 12
# Words of memory that are shown.
.set CONFORM_WORDS, 12

# What a case asks for: to be single-stepped, IRQ 0, IRQ 13, to go on after a reset of the processor, IF set.
.set STEP, 1 << 0
.set TIMER, 1 << 1
.set COPROCESSOR, 1 << 2
.set RESETS, 1 << 3
.set ENABLED, 1 << 4
.set CASES_END, 0xFF

.set VECTOR_DEBUG, 1
.set VECTOR_TIMER, 8
.set VECTOR_COPROCESSOR, 0x75
.set PIC1_MASK, 0x21
.set PIC2_COMMAND, 0xA0
.set PIC2_MASK, 0xA1
.set COPROCESSOR_CLEAR, 0xF0
.set CMOS_INDEX, 0x70
.set CMOS_SHUTDOWN, 0x0F
.set SHUTDOWN_JUMP, 0x0A
.set RESET_POINTER, 0x467
.set DR6_BREAKPOINTS, 0xF

# A case: the code \code, at \at in its segment.
.macro case name, code, flags=0, at=CASE_IP
    .byte \flags
    .word \at, 91f - 90f
    .asciz "\name"
90: \code
91:
.endm

# Pushes the IP of the label 1 that follows, as a word or a doubleword.
.macro push_1f
    .byte 0x68
    .word CASE_IP + 1f - 90b
.endm
.macro pushd_1f
    .byte 0x66, 0x68
    .long CASE_IP + 1f - 90b
.endm

.macro cases_end
    .byte CASES_END
    .org boot_sector + SECTOR_SIZE * (CONFORM_TRACK + CONFORM_SECTORS)
.endm

exercises:
run_code conform_run
.byte 14

conform_run:
    mov [conform_own_sp], esp
    call conform_load
    call conform_vectors
    mov ax, CASE_PATTERN
    mov es, ax
    xor di, di
    mov ax, 0x5A3C
    mov cx, 0x8000
conform_pattern:
    stosw
    add ax, 0x9D3B
    loop conform_pattern
    mov si, offset conform_cases
# SI: a case.
conform_case:
    cli
    call conform_default
    lodsb
    cmp al, CASES_END
    je conform_end
    mov [conform_flags], al
    lodsw
    mov [conform_start], ax
    mov di, ax
    lodsw
    mov cx, ax
    call exercise_line_end
    call exercise_text
    call conform_prepare
    mov al, ':'
    call exercise_put
    test byte ptr [conform_flags], RESETS
    jz conform_start_case
    mov dword ptr [RESET_POINTER], offset conform_reset
    mov al, CMOS_SHUTDOWN
    out CMOS_INDEX, al
    mov al, SHUTDOWN_JUMP
    out CMOS_INDEX + 1, al
conform_start_case:
    call conform_unmask
    mov byte ptr [conform_over], 0
    mov word ptr [conform_events], 0
    mov ax, [conform_default_segments + 2]
    mov es, ax
    mov fs, [conform_default_segments + 4]
    mov gs, [conform_default_segments + 6]
    mov eax, [conform_default_registers]
    mov ebx, [conform_default_registers + 4]
    mov ecx, [conform_default_registers + 8]
    mov edx, [conform_default_registers + 12]
    mov esi, [conform_default_registers + 16]
    mov edi, [conform_default_registers + 20]
    mov ebp, [conform_default_registers + 24]
    push dword ptr [conform_entry_flags]
    popfd
    mov ss, [conform_default_segments + 8]
    mov esp, [conform_default_registers + 28]
    mov ds, [conform_default_segments]
    .byte 0x2E, 0xFF, 0x2E              # JMP FAR cs:[conform_start], a word and a segment
    .word conform_start

conform_end:
    call exercise_line_end
    ret

# Loads what lies behind the first track, sector by sector.
conform_load:
    mov bx, (BOOT_ADDRESS + SECTOR_SIZE * CONFORM_TRACK) >> 4
    mov si, CONFORM_TRACK
conform_load_next:
    mov es, bx
    mov ax, si
    mov cl, CONFORM_TRACK
    div cl                              # AL: track, AH: sector from 0
    mov cl, ah
    inc cl
    xor ah, ah
    shr al, 1
    mov ch, al
    setc dh
    mov dl, [exercise_drive]
    push bx
    xor bx, bx
    mov ax, 0x0201
    int 0x13
    pop bx
    jc exercise_stop
    add bx, SECTOR_SIZE >> 4
    inc si
    cmp si, CONFORM_TRACK + CONFORM_SECTORS
    jb conform_load_next
    xor ax, ax
    mov es, ax
    ret

# The stubs; the interrupt table, and one at CASE_TABLE whose entry n leads to the stub of n ^ 80h.
conform_vectors:
    mov di, CONFORM_STUBS
    xor bx, bx
    mov ax, CASE_TABLE
    mov fs, ax
conform_vector_next:
    mov eax, ebx
    shl bx, 2
    mov [bx], di
    mov word ptr [bx + 2], 0
    xor bx, 0x80 << 2
    mov fs:[bx], di
    mov word ptr fs:[bx + 2], 0
    mov bx, ax
    mov eax, 0x06C62E
    stosd
    dec di
    mov ax, offset conform_vector
    stosw
    mov al, bl
    stosb
    mov al, 0xE9
    stosb
    mov ax, offset conform_handler - 2
    sub ax, di
    stosw
    inc bx
    cmp bx, 256
    jb conform_vector_next
    ret

# The state before each case. Changes EAX.
conform_default:
    xor ax, ax
    mov ds, ax
    mov es, ax
    cld
    mov al, 0xFF
    out PIC1_MASK, al
    out PIC2_MASK, al
    lgdt [conform_default_gdt]
    lidt [conform_default_idt]
    mov eax, [conform_default_system]
    mov cr0, eax
    xor eax, eax
    mov cr2, eax
    mov cr3, eax
    mov cr4, eax
    mov dr0, eax
    mov dr1, eax
    mov dr2, eax
    mov dr3, eax
    mov eax, [conform_default_system + 32]
    mov dr6, eax
    mov eax, [conform_default_system + 36]
    mov dr7, eax
    fninit
    ret

# Copies CX bytes of code from SI to DI of the case's segment, with a jump to conform_finished behind them, and fills
# data and stack. Sets conform_next. Changes EAX, CX, SI, DI, ES.
conform_prepare:
    push cx
    push di
    xor di, di
    mov ax, CASE_CODE
    mov es, ax
    mov eax, 0x90909090
    mov cx, 0x4000
    rep stosd
    pop di
    pop cx
    rep movsb
    mov [conform_next], si
    mov si, offset conform_jump
    mov cx, 5
    rep movsb
    mov ax, CASE_DATA
    call conform_fill
    mov ax, CASE_STACK
conform_fill:
    mov es, ax
    mov ax, CASE_PATTERN
    mov ds, ax
    xor si, si
    xor di, di
    mov cx, 0x4000
    rep movsd
    xor ax, ax
    mov ds, ax
    ret

# The interrupts and the flags that the case asks for. Changes EAX.
conform_unmask:
    mov al, 0xFF
    test byte ptr [conform_flags], TIMER
    jz conform_no_timer
    mov al, 0xFE
conform_no_timer:
    test byte ptr [conform_flags], COPROCESSOR
    jz conform_no_coprocessor
    mov al, 0xDF
    out PIC2_MASK, al
    mov al, 0xFB
conform_no_coprocessor:
    out PIC1_MASK, al
    mov eax, 2
    test byte ptr [conform_flags], STEP
    jz conform_no_step
    or ax, FLAG_TF
conform_no_step:
    test byte ptr [conform_flags], ENABLED
    jz conform_disabled
    or ax, FLAG_IF
conform_disabled:
    mov [conform_entry_flags], eax
    ret

conform_jump:
    .byte 0xEA
    .word conform_finished, 0
conform_default_gdt:
    .word 0xFFFF
    .long 0
conform_default_idt:
    .word 0x3FF
    .long 0
conform_default_registers:
    .long 0xA1A2A3A4, 0xB1B20010, 0xC1C20003, 0xD1D203E0, 0x51520020, 0xE1E20040, 0xF1F20080, 0xABCD0000 | CASE_SP
# DS, ES, FS, GS, SS.
conform_default_segments:
    .word CASE_DATA, CASE_DATA, CASE_DATA + 0x10, CASE_DATA + 0x20, CASE_STACK
# CR0, CR2, CR3, CR4, DR0 to DR3, DR6, DR7; limit and base of GDTR and IDTR.
conform_default_system:
    .long 0x10, 0, 0, 0, 0, 0, 0, 0, 0xFFFF0FF0, 0x400, 0xFFFF, 0, 0x3FF, 0
conform_register_names:
    .ascii "AXBXCXDXSIDIBPSP"
conform_segment_names:
    .ascii "DSESFSGSSS"
conform_system_names:
    .ascii "c0c2c3c4d0d1d2d3d6d7glgbilib"
.balign 4, 0
conform_own_sp:
    .long 0
conform_entry_flags:
    .long 0
conform_start:
    .word 0, CASE_CODE
conform_next:
    .word 0
conform_vector:
    .byte 0
conform_flags:
    .byte 0
conform_over:
    .byte 0
.balign 4, 0
conform_registers:
    .fill 8, 4, 0
conform_segments:
    .fill 5, 2, 0
conform_got_flags:
    .long 0
conform_system:
    .fill 14, 4, 0
conform_table:
    .word 0
    .long 0
conform_events:
    .word 0
conform_event:
    .fill CONFORM_EVENT_BYTES * CONFORM_EVENTS, 1, 0
