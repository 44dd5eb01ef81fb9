//! `exercise-keyboard`: the keyboard controller, the keyboard and the mouse, by polling with interrupts off.
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
run_code keyboard_off
title "controller"
in_port 0x64
run_code keyboard_20
run_code keyboard_aa
run_code keyboard_ab
run_code keyboard_a9
run_code keyboard_c0
run_code keyboard_d0
title "keyboard"
run_code keyboard_echo
run_code keyboard_leds
run_code keyboard_rate
run_code keyboard_identify
run_code keyboard_set
run_code keyboard_bad
run_code keyboard_reset
title "mouse"
run_code mouse_reset
run_code mouse_identify
run_code mouse_status
run_code mouse_rate
run_code mouse_resolution
run_code mouse_scaling
run_code mouse_status
run_code mouse_enable
run_code mouse_disable
run_code mouse_bad
run_code mouse_loop
title "byte from nowhere"
run_code keyboard_d2
run_code keyboard_d3
run_code keyboard_on
.byte 14
.macro controller name, command
\name:
    mov al, \command
    call keyboard_command
    jmp keyboard_answers
.endm
.macro to_keyboard name, bytes:vararg
\name:
    mov si, offset \name\()_bytes
    jmp keyboard_send
\name\()_bytes:
    .byte \name\()_end - \name\()_bytes - 1
    .byte \bytes
\name\()_end:
.endm
.macro to_mouse name, bytes:vararg
\name:
    mov si, offset \name\()_bytes
    jmp mouse_send
\name\()_bytes:
    .byte \name\()_end - \name\()_bytes - 1
    .byte \bytes
\name\()_end:
.endm
controller keyboard_20, 0x20
controller keyboard_aa, 0xAA
controller keyboard_ab, 0xAB
controller keyboard_a9, 0xA9
controller keyboard_c0, 0xC0
controller keyboard_d0, 0xD0
to_keyboard keyboard_echo, 0xEE
to_keyboard keyboard_leds, 0xED, 0x07
to_keyboard keyboard_rate, 0xF3, 0x20
to_keyboard keyboard_identify, 0xF2
to_keyboard keyboard_set, 0xF0, 0x00
to_keyboard keyboard_bad, 0xE1
to_keyboard keyboard_reset, 0xFF
to_mouse mouse_reset, 0xFF
to_mouse mouse_identify, 0xF2
to_mouse mouse_status, 0xE9
to_mouse mouse_rate, 0xF3, 0x28
to_mouse mouse_resolution, 0xE8, 0x03
to_mouse mouse_scaling, 0xE7
to_mouse mouse_enable, 0xF4
to_mouse mouse_disable, 0xF5
to_mouse mouse_bad, 0xE1
to_mouse mouse_loop, 0xEC
keyboard_off:
    cli
    mov al, 0xA8
    call keyboard_command
    # No interrupts from the controller.
    mov al, 0x60
    call keyboard_command
    mov al, 0x44
    jmp keyboard_data
keyboard_on:
    mov al, 0x60
    call keyboard_command
    mov al, 0x65
    call keyboard_data
    mov ah, 0x00
    sti
    ret
keyboard_d2:
    mov al, 0xD2
    call keyboard_command
    mov al, 0x5A
    call keyboard_data
    jmp keyboard_answers
keyboard_d3:
    mov al, 0xD3
    call keyboard_command
    mov al, 0xA5
    call keyboard_data
    jmp keyboard_answers
# Sends the bytes at SI, counted, and shows all answers.
keyboard_send:
    lodsb
    movzx cx, al
keyboard_send_next:
    lodsb
    call keyboard_data
    push cx
    push si
    call keyboard_answers
    pop si
    pop cx
    loop keyboard_send_next
    ret
mouse_send:
    lodsb
    movzx cx, al
mouse_send_next:
    mov al, 0xD4
    call keyboard_command
    lodsb
    call keyboard_data
    push cx
    push si
    call keyboard_answers
    pop si
    pop cx
    loop mouse_send_next
    ret
keyboard_command:
    call keyboard_ready
    out 0x64, al
    push ax
    call exercise_hex_byte
    mov al, '!'
    call exercise_put
    pop ax
    ret
keyboard_data:
    call keyboard_ready
    out 0x60, al
    push ax
    call exercise_hex_byte
    mov al, '.'
    call exercise_put
    pop ax
    ret
keyboard_ready:
    push ax
keyboard_busy:
    in al, 0x64
    test al, 2
    jnz keyboard_busy
    pop ax
    ret
# Shows each byte that comes, with bit 5 of the status (from the mouse), until none comes for some time.
keyboard_answers:
    mov al, ' '
    call exercise_put
keyboard_again:
    mov cx, 0x2000
keyboard_wait:
    in al, 0x64
    test al, 1
    jnz keyboard_came
    loop keyboard_wait
    jmp exercise_line_end
keyboard_came:
    mov ah, al
    in al, 0x60
    call exercise_hex_byte
    mov al, 'k'
    test ah, 0x20
    jz keyboard_from
    mov al, 'm'
keyboard_from:
    call exercise_put
    jmp keyboard_again
exercises_end
.code64
"#,
    options(raw)
);
