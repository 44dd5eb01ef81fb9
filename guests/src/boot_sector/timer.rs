//! `timer`: takes INT 8 (and passes it on to the BIOS) and INT 1Ch, sleeps with HLT, and shows both counts after each of ten
//! ticks; then it puts the vectors back and stops.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
.set INT_USER_TICK, 0x1C
.set TICKS_WANTED, 10

    cli
    mov eax, [INT_TIMER * VECTOR_SIZE]
    mov [timer_old_irq], eax
    mov eax, [INT_USER_TICK * VECTOR_SIZE]
    mov [timer_old_user], eax
    mov word ptr [INT_TIMER * VECTOR_SIZE], offset timer_irq
    mov [INT_TIMER * VECTOR_SIZE + 2], cs
    mov word ptr [INT_USER_TICK * VECTOR_SIZE], offset timer_user
    mov [INT_USER_TICK * VECTOR_SIZE + 2], cs
    sti

    xor bp, bp
timer_wait:
    hlt
    cmp bp, [timer_user_ticks]
    je timer_wait
    inc bp
    mov si, offset timer_text_irq
    call boot_print
    mov ax, [timer_irq_ticks]
    call boot_print_hex
    mov si, offset timer_text_user
    call boot_print
    mov ax, [timer_user_ticks]
    call boot_print_hex
    mov si, offset timer_line_end
    call boot_print
    cmp bp, TICKS_WANTED
    jb timer_wait

    cli
    mov eax, [timer_old_irq]
    mov [INT_TIMER * VECTOR_SIZE], eax
    mov eax, [timer_old_user]
    mov [INT_USER_TICK * VECTOR_SIZE], eax
timer_end:
    hlt
    jmp timer_end

timer_irq:
    inc word ptr cs:[timer_irq_ticks]
    .byte 0x2E, 0xFF, 0x2E              # JMP far CS:[timer_old_irq]
    .word timer_old_irq

timer_user:
    inc word ptr cs:[timer_user_ticks]
    iret

.balign 4, 0
timer_old_irq:
    .long 0
timer_old_user:
    .long 0
timer_irq_ticks:
    .word 0
timer_user_ticks:
    .word 0
timer_text_irq:
    .asciz "INT 8: "
timer_text_user:
    .asciz "  INT 1Ch: "
timer_line_end:
    .asciz "\r\n"
end_of_sector
.code64
"#,
    options(raw)
);
