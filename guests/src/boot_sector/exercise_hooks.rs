//! `exercise-hooks`: a chain of hooks of INT 8, 9, 1Ch and 16h, as resident programs make it: each counts and passes on.
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
title "five ticks: INT 8 and INT 1Ch come alike often"
run_code hooks_set
run_code hooks_ticks
dump 0, hooks_counts, 1
dump 0, hooks_counts + 2, 1
title "a key goes down and comes up, by way of the controller"
run_code hooks_key
dump 0, hooks_counts + 4, 1
call_bios 0x16, ax=0x1100, hide=SHOW_ZF
call_bios 0x16, ax=0x0000
call_bios 0x16, ax=0x0100, hide=SHOW_ZF
dump 0, hooks_counts + 6, 1
run_code hooks_unset
dump 0x40, 0x17, 2
.byte 14
.balign 4, 0
hooks_old:
    .long 0, 0, 0, 0
hooks_counts:
    .word 0, 0, 0, 0
hooks_vectors:
    .word 0x08 * VECTOR_SIZE, 0x1C * VECTOR_SIZE, 0x09 * VECTOR_SIZE, 0x16 * VECTOR_SIZE
hooks_entries:
    .word hooks_timer, hooks_user, hooks_keyboard, hooks_keys

.macro hook name, number
\name:
    inc word ptr cs:[hooks_counts + 2 * \number]
    .byte 0x2E, 0xFF, 0x2E              # JMP far CS:[hooks_old + 4 * number]
    .word hooks_old + 4 * \number
.endm
hook hooks_timer, 0
hook hooks_user, 1
hook hooks_keyboard, 2
hook hooks_keys, 3

# Keeps and replaces the four vectors.
hooks_set:
    cli
    xor si, si
hooks_set_next:
    mov bx, [hooks_vectors + si]
    mov di, si
    add di, di
    mov eax, [bx]
    mov [hooks_old + di], eax
    mov ax, [hooks_entries + si]
    mov [bx], ax
    mov [bx + 2], cs
    add si, 2
    cmp si, 8
    jb hooks_set_next
    sti
    ret

# Puts them back.
hooks_unset:
    cli
    xor si, si
hooks_unset_next:
    mov bx, [hooks_vectors + si]
    mov di, si
    add di, di
    mov eax, [hooks_old + di]
    mov [bx], eax
    add si, 2
    cmp si, 8
    jb hooks_unset_next
    sti
    ret

# Sleeps until INT 1Ch has come five times; then no tick is counted any more.
hooks_ticks:
    hlt
    cmp word ptr [hooks_counts + 2], 5
    jb hooks_ticks
    mov ax, [hooks_old]
    mov [0x08 * VECTOR_SIZE], ax
    mov ax, [hooks_old + 2]
    mov [0x08 * VECTOR_SIZE + 2], ax
    ret

# The scan codes of A, down and up.
hooks_key:
    mov bl, 0x1E
    call hooks_scan
    mov bl, 0x9E
# Lets the controller send BL as if the keyboard had, and waits until INT 9 has come once more.
hooks_scan:
    mov cx, [hooks_counts + 4]
hooks_busy:
    in al, 0x64
    test al, 2
    jnz hooks_busy
    mov al, 0xD2
    out 0x64, al
hooks_busy_again:
    in al, 0x64
    test al, 2
    jnz hooks_busy_again
    mov al, bl
    out 0x60, al
hooks_wait:
    cmp cx, [hooks_counts + 4]
    je hooks_wait
    ret
exercises_end
.code64
"#,
    options(raw)
);
