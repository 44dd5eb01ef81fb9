//! `exercise-int09`: the keyboard interrupt.
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
title "keys, as if the keyboard had sent them"
run_code int9_all
.byte 14
# For each sequence of scan codes: what it was, the flags at 40:17 and 40:18, the state at 40:96 and 40:97, the number at
# 40:19, and the keys.
int9_all:
    mov si, offset int9_list
int9_next:
    lodsb
    test al, al
    jz int9_done
    movzx cx, al
int9_code:
    lodsb
    call exercise_hex_byte
    push ax
    mov al, ' '
    call exercise_put
    pop ax
    call int9_inject
    loop int9_code
    mov al, ':'
    call exercise_put
    push es
    mov ax, 0x40
    mov es, ax
    mov ax, es:[0x17]
    call exercise_hex
    mov al, ' '
    call exercise_put
    mov ax, es:[0x96]
    call exercise_hex
    mov al, ' '
    call exercise_put
    mov al, es:[0x19]
    call exercise_hex_byte
    pop es
int9_keys:
    mov ah, 0x11
    int 0x16
    jz int9_line
    mov ah, 0x10
    int 0x16
    push ax
    mov al, ' '
    call exercise_put
    pop ax
    call exercise_hex
    jmp int9_keys
int9_line:
    call exercise_line_end
    jmp int9_next
int9_done:
    ret
# Lets the controller take AL for a byte of the keyboard, and its interrupt come.
int9_inject:
    push ax
    push ax
    mov al, 0xD2
    call int9_ready
    out 0x64, al
    pop ax
    call int9_ready
    out 0x60, al
    push cx
    mov cx, 0x2000
int9_pause:
    loop int9_pause
    pop cx
    pop ax
    ret
int9_ready:
    push ax
int9_busy:
    in al, 0x64
    test al, 2
    jnz int9_busy
    pop ax
    ret
.macro keys_of first, last
.set scan, \first
.rept \last - \first + 1
    .byte 2, scan, scan + 0x80
.set scan, scan + 1
.endr
.endm
.macro grey_keys codes:vararg
.irp scan, \codes
    .byte 4, 0xE0, \scan, 0xE0, \scan + 0x80
.endr
.endm
int9_list:
    keys_of 0x01, 0x1C
    keys_of 0x1E, 0x29
    keys_of 0x2B, 0x35
    .byte 2, 0x37, 0xB7, 2, 0x39, 0xB9
    keys_of 0x3B, 0x44
    keys_of 0x56, 0x58
    grey_keys 0x47, 0x48, 0x49, 0x4B, 0x4D, 0x4F, 0x50, 0x51, 0x53, 0x5B, 0x5D
    # With Shift, left and then right.
    .byte 1, 0x2A
    keys_of 0x01, 0x1C
    keys_of 0x1E, 0x29
    keys_of 0x2B, 0x35
    keys_of 0x3B, 0x44
    keys_of 0x47, 0x51
    .byte 2, 0x53, 0xD3
    keys_of 0x56, 0x58
    .byte 3, 0x36, 0x1E, 0x9E, 1, 0xAA, 1, 0xB6
    # With Ctrl.
    .byte 1, 0x1D, 2, 0x01, 0x81, 2, 0x03, 0x83, 2, 0x07, 0x87, 2, 0x0C, 0x8C, 2, 0x0E, 0x8E
    keys_of 0x10, 0x1C
    keys_of 0x1E, 0x26
    keys_of 0x2B, 0x32
    keys_of 0x3B, 0x44
    keys_of 0x57, 0x58
    .byte 2, 0x47, 0xC7, 2, 0x4B, 0xCB, 2, 0x4D, 0xCD, 2, 0x4F, 0xCF
    .byte 3, 0xE0, 0x1D, 0x9D, 2, 0xE0, 0x9D
    # With Alt.
    .byte 1, 0x38
    keys_of 0x01, 0x0D
    keys_of 0x10, 0x19
    keys_of 0x1E, 0x26
    keys_of 0x2C, 0x32
    .byte 2, 0x39, 0xB9
    keys_of 0x3B, 0x44
    keys_of 0x57, 0x58
    .byte 3, 0xE0, 0x38, 0xB8, 2, 0xE0, 0xB8
    # Caps Lock and Num Lock, each on and off again.
    .byte 10, 0x3A, 0xBA, 0x1E, 0x9E, 0x2A, 0x1E, 0x9E, 0xAA, 0x02, 0x82
    .byte 2, 0x3A, 0xBA
    .byte 10, 0x45, 0xC5, 0x47, 0xC7, 0x2A, 0x47, 0xC7, 0xAA, 0x53, 0xD3
    .byte 2, 0x45, 0xC5
    # What no key sends.
    .byte 1, 0xFA, 1, 0xFE, 1, 0x00, 1, 0xFF, 2, 0x59, 0xD9
    .byte 0
exercises_end
.code64
"#,
    options(raw)
);
