//! `exercise-int17`: the printer services.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    include_str!("../asm/exerciser.s"),
    include_str!("../asm/serial.s"),
    r#"
exercises:
title "printer"
call_bios 0x17, ax=0x0100
call_bios 0x17, ax=0x0200
call_bios 0x17, ax=0x0041
call_bios 0x17, ax=0x0200, dx=1
call_bios 0x17, ax=0x0200, dx=3
call_bios 0x17, ax=0x0300
dump 0x40, 8, 6
title "the screen, printed by way of whoever has hooked INT 17h"
poke 0xB800, 0, 0x0748
poke 0xB800, 2, 0x0700
poke 0xB800, 158, 0x0749
run_code int17_hook
call_bios 0x10, ax=0x0200, dx=0x0305
call_bios 0x05
dump 0x50, 0, 1
dump 0x00, int17_count, 2
dump 0x00, int17_first, 3
dump 0x00, int17_first + 78, 4
dump 0x40, 0x50, 2
title "a printer without paper"
run_code int17_fail
call_bios 0x05
dump 0x50, 0, 1
dump 0x00, int17_count, 2
run_code int17_unhook
.byte 14
int17_old:
    .long 0
int17_count:
    .word 0
int17_status:
    .byte 0x90
int17_first:
    .fill 84, 1, 0
# Puts int17_handler before the BIOS.
int17_hook:
    mov eax, [0x17 * VECTOR_SIZE]
    mov [int17_old], eax
    mov dword ptr [0x17 * VECTOR_SIZE], offset int17_handler
    ret
int17_unhook:
    mov eax, [int17_old]
    mov [0x17 * VECTOR_SIZE], eax
    ret
int17_fail:
    mov byte ptr [int17_status], 0xA0
    mov word ptr [int17_count], 0
    ret
# Keeps what is printed.
int17_handler:
    push bx
    mov bx, cs:[int17_count]
    inc word ptr cs:[int17_count]
    cmp bx, 84
    jae 1f
    mov cs:[int17_first + bx], al
1:  mov ah, cs:[int17_status]
    pop bx
    iret
exercises_end
.code64
"#,
    options(raw)
);
