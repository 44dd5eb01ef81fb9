//! `exercise-int15`: the system services.
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
title "A20"
call_bios 0x15, ax=0x2402
call_bios 0x15, ax=0x2403
call_bios 0x15, ax=0x2400
in_port 0x92, 0x02
call_bios 0x15, ax=0x2402
call_bios 0x15, ax=0x2401
in_port 0x92, 0x02
call_bios 0x15, ax=0x2404
title "keyboard intercept"
call_bios 0x15, ax=0x4F1E
title "memory"
call_bios 0x15, ax=0x8800, hide=HIDE_AX
call_bios 0x15, ax=0xE801, hide=HIDE_AX|HIDE_BX|HIDE_CX|HIDE_DX
title "block move"
run_code int15_table
call_bios 0x15, ax=0x8700, cx=4, es=EXERCISE_BUFFER_SEGMENT
dump EXERCISE_BUFFER_SEGMENT, 0x120, 10
call_bios 0x15, ax=0x2400
run_code int15_table_up
call_bios 0x15, ax=0x8700, cx=4, es=EXERCISE_BUFFER_SEGMENT
run_code int15_table_down
call_bios 0x15, ax=0x8700, cx=5, es=EXERCISE_BUFFER_SEGMENT
dump EXERCISE_BUFFER_SEGMENT, 0x140, 10
call_bios 0x15, ax=0x2402
call_bios 0x15, ax=0x2401
title "waits"
call_bios 0x15, ax=0x8600, cx=0, dx=2000
call_bios 0x15, ax=0x8300, cx=2, dx=0, es=EXERCISE_BUFFER_SEGMENT, bx=0x200
call_bios 0x15, ax=0x8300, cx=2, dx=0, es=EXERCISE_BUFFER_SEGMENT, bx=0x200
call_bios 0x15, ax=0x8600, cx=0, dx=100
run_code int15_wait
dump EXERCISE_BUFFER_SEGMENT, 0x200, 1
dump 0x40, 0xA0, 1
call_bios 0x15, ax=0x8300, cx=0x000F, dx=0, es=EXERCISE_BUFFER_SEGMENT, bx=0x201
call_bios 0x15, ax=0x8301
dump EXERCISE_BUFFER_SEGMENT, 0x201, 1
dump 0x40, 0xA0, 1
title "hooks of operating systems"
call_bios 0x15, ax=0x5200
call_bios 0x15, ax=0x8000
call_bios 0x15, ax=0x8100
call_bios 0x15, ax=0x8200
call_bios 0x15, ax=0x8500
call_bios 0x15, ax=0x9000
call_bios 0x15, ax=0x9100
title "joystick"
call_bios 0x15, ax=0x8400, dx=0
call_bios 0x15, ax=0x8400, dx=1
title "configuration"
call_bios 0x15, ax=0xC000, hide=HIDE_BX|HIDE_ES
dump 0xF000, 0xE6F5, 10
call_bios 0x15, ax=0xC100
title "pointing device"
call_bios 0x15, ax=0xC205, bx=0x0300
call_bios 0x15, ax=0xC200, bx=0x0100
call_bios 0x15, ax=0xC201
call_bios 0x15, ax=0xC202, bx=0x0200
call_bios 0x15, ax=0xC203, bx=0x0300
call_bios 0x15, ax=0xC204
call_bios 0x15, ax=0xC206
call_bios 0x15, ax=0xC206, bx=0x0100
call_bios 0x15, ax=0xC207, es=0xF000, bx=0xFF53
call_bios 0x15, ax=0xC200
call_bios 0x15, ax=0xC208
title "the routine of a mouse driver"
call_bios 0x15, ax=0xC205, bx=0x0300
call_bios 0x15, ax=0xC207, bx=int15_mouse
call_bios 0x15, ax=0xC200, bx=0x0100
run_code int15_packets
dump EXERCISE_BUFFER_SEGMENT, 0x300, 9
dump 0x9FC0, 0x26, 2
call_bios 0x15, ax=0xC200, bx=0x0000
call_bios 0x15, ax=0xC207
dump 0x9FC0, 0x27, 1
title "memory map"
run_code int15_map
title "power management"
call_bios 0x15, ax=0x5300
call_bios 0x15, ax=0x5301
call_bios 0x15, ax=0x5302
call_bios 0x15, ax=0x5303
call_bios 0x15, ax=0x530E, cx=0x0102
call_bios 0x15, ax=0x530B
call_bios 0x15, ax=0x530A, bx=1
call_bios 0x15, ax=0x5304
title "what nobody has"
call_bios 0x15, ax=0x0000
call_bios 0x15, ax=0x4100
call_bios 0x15, ax=0xC300
call_bios 0x15, ax=0xE8FF
call_bios 0x15, ax=0xFE00
.byte 14
# Keeps the four words that it is called with, and counts.
int15_mouse:
    push bp
    mov bp, sp
    pusha
    push es
    mov ax, EXERCISE_BUFFER_SEGMENT
    mov es, ax
    mov di, 0x300
    lea si, [bp + 6]
    mov cx, 4
int15_word:
    mov ax, ss:[si]
    stosw
    add si, 2
    loop int15_word
    inc byte ptr es:[di]
    pop es
    popa
    pop bp
    .byte 0xCB                          # RETF
# Two packets as if the mouse had sent them, with interrupts on.
int15_packets:
    mov si, offset int15_bytes
    mov cx, 6
int15_byte:
    mov al, 0xD3
    call int15_ready
    out 0x64, al
    lodsb
    call int15_ready
    out 0x60, al
    push cx
    mov cx, 0x1000
int15_pause:
    in al, 0x61
    loop int15_pause
    pop cx
    loop int15_byte
    ret
int15_ready:
    push ax
int15_busy:
    in al, 0x64
    test al, 3
    jnz int15_busy
    pop ax
    ret
int15_bytes:
    .byte 0x08, 0x01, 0xFF, 0x29, 0x7F, 0x80
# Shows the parts of the memory map that do not depend on how much there is.
int15_map:
    xor ebx, ebx
int15_map_next:
    mov ax, EXERCISE_BUFFER_SEGMENT
    mov es, ax
    mov di, 0x400
    mov eax, 0xE820
    mov edx, 0x534D4150
    mov ecx, 20
    int 0x15
    jc int15_map_end
    cmp word ptr es:[0x402], 0x000F
    ja int15_map_high
int15_map_show:
    mov di, 0x400
    mov cx, 10
int15_map_word:
    mov ax, es:[di]
    call exercise_hex
    add di, 2
    loop int15_map_word
    call exercise_line_end
int15_map_high:
    cmp word ptr es:[0x402], 0xFFFC
    je int15_map_end
    test ebx, ebx
    jnz int15_map_next
int15_map_end:
    xor ax, ax
    mov es, ax
    ret
# The descriptors of a block move: 20100h to 20120h.
int15_table:
    push es
    mov ax, EXERCISE_BUFFER_SEGMENT
    mov es, ax
    xor di, di
    mov cx, 0x100
    xor ax, ax
    rep stosw
    mov word ptr es:[0x10], 0xFFFF
    mov word ptr es:[0x12], 0x0100
    mov word ptr es:[0x14], 0x9302
    mov word ptr es:[0x18], 0xFFFF
    mov word ptr es:[0x1A], 0x0120
    mov word ptr es:[0x1C], 0x9302
    mov dword ptr es:[0x100], 0x44332211
    mov dword ptr es:[0x104], 0x88776655
    pop es
    ret
# From 20100h to 108200h, which A20 hides, and back to 20140h.
int15_table_up:
    push es
    mov ax, EXERCISE_BUFFER_SEGMENT
    mov es, ax
    mov word ptr es:[0x1A], 0x8200
    mov word ptr es:[0x1C], 0x9310
    pop es
    ret
int15_table_down:
    push es
    mov ax, EXERCISE_BUFFER_SEGMENT
    mov es, ax
    mov word ptr es:[0x12], 0x8200
    mov word ptr es:[0x14], 0x9310
    mov word ptr es:[0x1A], 0x0140
    mov word ptr es:[0x1C], 0x9302
    pop es
    ret
# Waits until four ticks have begun.
int15_wait:
    mov cx, 4
int15_tick:
    mov ax, [0x46C]
int15_same:
    hlt
    cmp ax, [0x46C]
    je int15_same
    loop int15_tick
    ret
exercises_end
.code64
"#,
    options(raw)
);
