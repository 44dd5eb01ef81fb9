//! `exercise-x87`: errors of the coprocessor, by IRQ 13 and by exception 16, and the bits of CR0 that keep a program from it.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    include_str!("../asm/exerciser.s"),
    include_str!("../asm/serial.s"),
    r#"
.set VECTOR_NMI, 0x02
.set VECTOR_NO_COPROCESSOR, 0x07
.set VECTOR_ERROR, 0x10
.set VECTOR_IRQ13, 0x75
.set PIC2_COMMAND, 0xA0
.set BUSY, 0xF0
.set X87_VECTORS_BYTES, 4 * 2
.set CR0_MP_EM_TS, 0b1110
.set CR0_NE, 1 << 5

exercises:
title "nothing is asked for after a start"
run_code x87_save
title "a division by 0, then WAIT: IRQ 13"
run_code x87_hook_irq13
run_code x87_wait
title "then a load, which goes on"
run_code x87_load
title "with interrupts off"
run_code x87_off
title "with IRQ 13 masked"
run_code x87_masked
title "three times at one place"
run_code x87_thrice
title "a handler that waits itself"
run_code x87_hook_waiting
run_code x87_wait
title "a handler that clears nothing"
run_code x87_hook_lazy
run_code x87_three
title "the handler loads a control word that masks all"
run_code x87_hook_masking
run_code x87_three
run_code x87_three
title "the BIOS's handler and INT 2"
run_code x87_hook_nmi
run_code x87_wait
run_code x87_load
title "CR0.NE: exception 16"
run_code x87_hook_exception
run_code x87_wait
run_code x87_load
run_code x87_off
title "EM, TS and MP, in the order of their bits: an ESC and a WAIT"
run_code x87_absent
.byte 14

.balign 4, 0
x87_vectors:
    .word VECTOR_NMI * VECTOR_SIZE, VECTOR_ERROR * VECTOR_SIZE, VECTOR_IRQ13 * VECTOR_SIZE
    .word VECTOR_NO_COPROCESSOR * VECTOR_SIZE
.balign 4, 0
x87_kept:
    .long 0, 0, 0, 0
x87_control:
    .word 0x037B                        # a division by 0 is not masked
x87_all_masked:
    .word 0x037F
x87_status:
    .word 0
x87_count:
    .byte 0
x87_place:
    .word 0

# Keeps the vectors.
x87_save:
    xor si, si
1:  mov bx, [x87_vectors + si]
    mov eax, [bx]
    add si, si
    mov [x87_kept + si], eax
    shr si, 1
    add si, 2
    cmp si, X87_VECTORS_BYTES
    jb 1b
    fnstcw [x87_status]
    mov ax, [x87_status]
    call exercise_hex
    call exercise_line_end
    ret

# Puts them back.
x87_restore:
    xor si, si
1:  mov bx, [x87_vectors + si]
    add si, si
    mov eax, [x87_kept + si]
    mov [bx], eax
    shr si, 1
    add si, 2
    cmp si, X87_VECTORS_BYTES
    jb 1b
    ret

.macro hook name, vector, handler, ne=0
\name:
    call x87_restore
    mov word ptr [\vector * VECTOR_SIZE], offset \handler
    mov word ptr [\vector * VECTOR_SIZE + 2], 0
    mov eax, cr0
    and al, ~CR0_NE & 0xFF
    or al, \ne
    mov cr0, eax
    ret
.endm
hook x87_hook_irq13, VECTOR_IRQ13, x87_irq13
hook x87_hook_waiting, VECTOR_IRQ13, x87_waiting
hook x87_hook_lazy, VECTOR_IRQ13, x87_lazy
hook x87_hook_masking, VECTOR_IRQ13, x87_masking
hook x87_hook_nmi, VECTOR_NMI, x87_nmi
hook x87_hook_exception, VECTOR_ERROR, x87_nmi, CR0_NE

x87_irq13:
    call x87_note
    fnclex
x87_end_interrupt:
    push ax
    xor al, al
    out BUSY, al
    mov al, PIC_EOI
    out PIC2_COMMAND, al
    out PIC1_COMMAND, al
    pop ax
    iret
x87_waiting:
    call x87_note
    push ax
    xor al, al
    out BUSY, al
    pop ax
    fstsw [x87_status]
    fclex
    jmp x87_end_interrupt
x87_lazy:
    call x87_note
    jmp x87_end_interrupt
x87_masking:
    call x87_note
    push ax
    xor al, al
    out BUSY, al
    pop ax
    fldcw [x87_all_masked]
    jmp x87_end_interrupt
x87_nmi:
    call x87_note
    fnclex
    iret
# Counts, and notes what the coprocessor says. The near CALL takes four bytes of stack.
x87_note:
    inc byte ptr [x87_count]
    fnstsw [x87_status]
    ret

# Divides by 0, which the next waiting instruction will notice.
x87_divide:
    mov byte ptr [x87_count], 0
    mov word ptr [x87_status], 0
    fninit
    fldcw [x87_control]
x87_divide_again:
    fld1
    fldz
    fdivp
    ret
# Shows how often a handler came, the status that it saw, and the status now.
x87_show:
    mov cx, 100                         # an interrupt that is on its way gets here
1:  nop
    loop 1b
    mov al, [x87_count]
    call exercise_hex_byte
    mov al, ' '
    call exercise_put
    mov ax, [x87_status]
    call exercise_hex
    mov al, ' '
    call exercise_put
    fnstsw ax
    call exercise_hex
    mov al, ' '
    call exercise_put
    fnstcw [x87_status]
    mov ax, [x87_status]
    call exercise_hex
    call exercise_line_end
    ret

x87_wait:
    call x87_divide
    wait
    call x87_show
    ret
x87_load:
    call x87_divide
    fld1
    call x87_show
    fnclex
    fstp st(0)
    ret
x87_off:
    cli
    call x87_divide
    wait
    fld1
    call x87_show
    sti
    call x87_show
    fnclex
    ret
x87_masked:
    in al, PIC2_COMMAND + 1
    push ax
    or al, 1 << 5
    out PIC2_COMMAND + 1, al
    call x87_divide
    wait
    mov al, 0x0A
    out PIC2_COMMAND, al
    in al, PIC2_COMMAND
    and al, 1 << 5
    call exercise_hex_byte
    call exercise_line_end
    call x87_show
    pop ax
    out PIC2_COMMAND + 1, al
    call x87_show
    ret
x87_thrice:
    call x87_divide
    mov dx, 3
1:  wait
    call x87_divide_again
    dec dx
    jnz 1b
    wait
    call x87_show
    ret
x87_three:
    call x87_divide
    fld1
    nop
    wait
    nop
    fldz
    call x87_show
    fnclex
    ret

# Each of EM, TS and MP, alone and together.
x87_absent:
    call x87_restore
    mov word ptr [VECTOR_NO_COPROCESSOR * VECTOR_SIZE], offset x87_no_coprocessor
    mov word ptr [VECTOR_NO_COPROCESSOR * VECTOR_SIZE + 2], 0
    fninit
    xor si, si
1:  mov eax, cr0
    and al, ~CR0_MP_EM_TS & 0xFF
    mov bx, si
    or al, bl
    mov cr0, eax
    mov ax, si
    call exercise_hex_byte
    mov al, ':'
    call exercise_put
    mov byte ptr [x87_count], 'e'
    fld1
    fstp st(0)
    mov byte ptr [x87_count], 'w'
    wait
    mov byte ptr [x87_count], 'n'
    fnstsw ax
    clts
    call exercise_line_end
    add si, 2
    cmp si, CR0_MP_EM_TS
    jbe 1b
    mov eax, cr0
    and al, ~CR0_MP_EM_TS & 0xFF
    mov cr0, eax
    call x87_restore
    ret
# Says which instruction it was, and skips it: an ESC of two bytes or a WAIT of one.
x87_no_coprocessor:
    push bp
    mov bp, sp
    push ax
    push bx
    mov al, [x87_count]
    call exercise_put
    mov bx, [bp + 2]
    inc word ptr [bp + 2]
    cmp byte ptr [bx], 0x9B
    je 1f
    inc word ptr [bp + 2]
1:  pop bx
    pop ax
    pop bp
    iret
exercises_end
.code64
"#,
    options(raw)
);
