//! `screen-writes`: writes texts to video memory, each in a way of its own, and computes in between: by stores and string
//! instructions, by what is pushed there for an interrupt, an exception or a tick, under single steps. Ends with a text
//! if each way did what it should, once.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
.set VIDEO, 0xB800
.set ROW, 160
.set GREY, 0x0700
.set CELLS, 0x600
.set TICKS, 0x46C
.set INT_DIVIDE, 0
.set INT_DEBUG, 1
.set INT_FREE, 0x60
.set FRAME, 6
.set TEXT_MODE, 3

.macro vector number, handler
    mov word ptr [\number * VECTOR_SIZE], offset \handler
    mov word ptr [\number * VECTOR_SIZE + 2], 0
.endm

# A stack that ends in video memory, where ES points.
.macro stack_in_video end
    push es
    pop ss
    mov sp, \end
.endm

.macro stack_back
    mov ss, cx
    mov sp, BOOT_ADDRESS
.endm

.macro show row, text
    mov di, \row * ROW
    mov si, offset \text
    call writes_show
.endm

    mov ax, TEXT_MODE
    int 0x10
    vector INT_DIVIDE, writes_divided
    vector INT_DEBUG, writes_trapped
    vector INT_FREE, writes_interrupted
    xor dx, dx                          # handlers that ran
    mov bp, GREY | ' '                  # pushed as a blank
    mov di, CELLS
    mov si, offset writes_string
    call writes_show
    push VIDEO
    pop es

    show 0, writes_store
    mov si, CELLS
    mov di, ROW
    mov cl, 6
    rep movsw
    call writes_rest

    cli
    stack_in_video 2*ROW+8
    push GREY | 'h'
    push GREY | 's'
    push GREY | 'u'
    push GREY | 'p'
    stack_back
    sti
    call writes_rest

    stack_in_video 3*ROW+FRAME
    int INT_FREE
writes_behind:
    stack_back
    cmp word ptr es:[3 * ROW], offset writes_behind
    jne writes_end
    show 3, writes_int

    stack_in_video 4*ROW+FRAME
    div cl                              # by 0
    stack_back
    show 4, writes_fault

    pushf
    or byte ptr [BOOT_ADDRESS - 1], FLAG_TF >> 8
    popf
    mov word ptr es:[5 * ROW], GREY | 't'
    mov di, 5 * ROW + 2
    mov si, offset writes_trap
    call writes_show

    show 6, writes_change
    inc byte ptr es:[6 * ROW + 10]
    call writes_rest

    stack_in_video 9*ROW
    mov ax, [TICKS]
writes_wait:
    cmp ax, [TICKS]
    je writes_wait
    stack_back
    mov di, 7 * ROW
    mov cx, ROW
    mov ax, bp
    rep stosw
    show 7, writes_tick

    cmp dx, 3
    jne writes_end
    show 9, writes_all
writes_end:
    jmp writes_end

writes_divided:
    push bp
    mov bp, sp
    add word ptr [bp + 2], 2
    jmp writes_return
writes_trapped:
    push bp
    mov bp, sp
    and byte ptr [bp + 7], ~(FLAG_TF >> 8) & 0xFF
writes_return:
    pop bp
writes_interrupted:
    inc dx
    iret

# Writes the text at SI to ES:DI, cell by cell, and rests. Changes AX; CX = 0 then.
writes_show:
    mov ah, GREY >> 8
writes_next:
    lodsb
    stosw
    cmp byte ptr [si], NUL
    jne writes_next
writes_rest:
    xor cx, cx
writes_loop:
    loop writes_loop
    ret

writes_store:   .asciz "store"
writes_string:  .asciz "string"
writes_int:     .asciz "int"
writes_fault:   .asciz "fault"
writes_trap:    .asciz "rap"
writes_change:  .asciz "changd"
writes_tick:    .asciz "tick"
writes_all:     .asciz "all"
end_of_sector
.code64
"#,
    options(raw)
);
