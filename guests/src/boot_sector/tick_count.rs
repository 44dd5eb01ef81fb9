//! `tick-count`: five times two seconds, in HLT, asking for keys, in a loop, at a port, and with interrupts off most of the
//! time. After each it prints how many ticks INT 1Ch saw, how many the BIOS counts, and how many the time-stamp counter says
//! there were, at 4 million counts a second.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
.set PHASE_TICKS, 37
# 4,000,000 / 1,193,182 * 65,536
.set TICK_COUNTS, 219701
.set HOOK_VECTOR, 4 * 0x1C
.set BIOS_TICKS, 0x46C
.set HOOKED, 0x600
.set FIRST_TICK, 0x604
.set FIRST_COUNT, 0x608
.set KEY_READ, 0
.set KEY_LOOK, 1

    mov word ptr [HOOK_VECTOR], offset tick_hook
    mov word ptr [HOOK_VECTOR + 2], 0
    mov si, offset tick_phases
tick_next:
    lodsw
    mov di, ax
    test ax, ax
    jz tick_done
    lodsb
    call boot_put
    hlt
    mov word ptr [HOOKED], 0
    rdtsc
    mov [FIRST_COUNT], eax
    mov eax, [BIOS_TICKS]
    mov [FIRST_TICK], eax
tick_again:
    call edi                            # near calls and returns have 32 bits here
    mov eax, [BIOS_TICKS]
    sub eax, [FIRST_TICK]
    cmp eax, PHASE_TICKS
    jb tick_again
    rdtsc
    sub eax, [FIRST_COUNT]
    xor edx, edx
    mov ecx, TICK_COUNTS
    div ecx
    push ax
    mov ax, [HOOKED]
    call tick_print
    mov ax, [BIOS_TICKS]
    sub ax, [FIRST_TICK]
    call tick_print
    pop ax
    call tick_print
    mov al, 0x0D
    call boot_put
    mov al, 0x0A
    call boot_put
    jmp tick_next
tick_done:
    cli
    hlt

tick_hook:
    inc word ptr cs:[HOOKED]
    iret

tick_print:
    push ax
    mov al, ' '
    call boot_put
    pop ax
    call boot_print_hex
    ret

tick_sleep:
    hlt
    ret
tick_keys:
    mov ah, KEY_LOOK
    int 0x16
    jz tick_no_key
    mov ah, KEY_READ
    int 0x16
    call boot_put
tick_no_key:
    ret
tick_loop:
    mov cx, 1000
tick_loop_next:
    loop tick_loop_next
    ret
tick_port:
    in al, 0x61
    out 0x80, al
    mov cx, 20
    jmp tick_loop_next
tick_blocked:
    cli
    mov cx, 5000
tick_blocked_next:
    loop tick_blocked_next
    sti
    ret

tick_phases:
    .word tick_sleep
    .byte 'H'
    .word tick_keys
    .byte 'K'
    .word tick_loop
    .byte 'L'
    .word tick_port
    .byte 'P'
    .word tick_blocked
    .byte 'B'
    .word 0
end_of_sector
.code64
"#,
    options(raw)
);
