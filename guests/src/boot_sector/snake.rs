//! `snake`: the game. An arrow key turns the snake and takes a step at once; without keys it takes one every second.
//! It grows with each piece of food; a wall, or the snake itself, ends the game, and so does Esc.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
.set SCREEN_SEGMENT, 0xB800
.set CELL, 2
.set COLUMNS, 80
.set ROWS, 25
.set ROW, COLUMNS * CELL
.set TICKS, 0x46C                       # the BIOS's count
.set STEP_TICKS, 18
.set SET_MODE_3, 0x0003
.set VIDEO_CURSOR, 0x02
.set KEY_TAKE, 0x00
.set KEY_LOOK, 0x01
.set SCAN_UP, 0x48
.set SCAN_LEFT, 0x4B
.set SCAN_RIGHT, 0x4D
.set SCAN_DOWN, 0x50
.set WALL, 0x08DB                       # a grey block
.set SNAKE, 0x0AFE                      # a green square
.set FOOD, 0x0C04                       # a red diamond
.set BLANK, 0x0720
.set BODY, 0x8000                       # a ring of 256 words, the cells that the snake fills
.set START, 12 * ROW + 10 * CELL

    mov ax, SET_MODE_3
    int 0x10
    mov ax, SCREEN_SEGMENT
    mov es, ax
    mov ax, WALL
    xor di, di
    mov cx, COLUMNS
    rep stosw
    mov cx, ROWS - 2
snake_sides:
    stosw
    add di, ROW - 2 * CELL
    stosw
    loop snake_sides
    mov cx, COLUMNS
    rep stosw
    mov word ptr [BODY], START
    mov word ptr es:[START], SNAKE
    call snake_place_food
    mov ax, [TICKS]
    mov [snake_last], ax

snake_loop:
    hlt
    mov ax, [TICKS]
    sub ax, [snake_last]
    cmp ax, STEP_TICKS
    jae snake_step
    mov ah, KEY_LOOK
    int 0x16
    jz snake_loop
    mov ah, KEY_TAKE
    int 0x16
    cmp al, ESC
    je snake_over
    mov bx, CELL
    cmp ah, SCAN_RIGHT
    je snake_turn
    neg bx
    cmp ah, SCAN_LEFT
    je snake_turn
    mov bx, ROW
    cmp ah, SCAN_DOWN
    je snake_turn
    neg bx
    cmp ah, SCAN_UP
    jne snake_loop
snake_turn:
    mov [snake_direction], bx

snake_step:
    mov ax, [TICKS]
    mov [snake_last], ax
    movzx bx, byte ptr [snake_head]
    add bx, bx
    mov di, [BODY + bx]
    add di, [snake_direction]
    mov ax, es:[di]
    inc byte ptr [snake_head]
    movzx bx, byte ptr [snake_head]
    add bx, bx
    mov [BODY + bx], di
    cmp ax, FOOD
    je snake_eats
    cmp al, ' '
    jne snake_over
    # The tail follows.
    movzx bx, byte ptr [snake_tail]
    add bx, bx
    mov bx, [BODY + bx]
    mov word ptr es:[bx], BLANK
    inc byte ptr [snake_tail]
    mov word ptr es:[di], SNAKE
    jmp snake_loop
snake_eats:
    mov word ptr es:[di], SNAKE
    inc byte ptr [snake_score]
    call snake_place_food
    jmp snake_loop

# Puts the next piece of food where a fixed sequence says. Changes AX, BX.
snake_place_food:
    movzx bx, byte ptr [snake_score]
    and bx, 3
    add bx, bx
    mov bx, [snake_food + bx]
    mov word ptr es:[bx], FOOD
    ret

snake_over:
    mov ah, VIDEO_CURSOR
    xor bx, bx
    mov dx, 1 << 8 | 2
    int 0x10
    mov si, offset snake_text
    call boot_print
    cli
snake_halt:
    hlt
    jmp snake_halt

.balign 2, 0
snake_direction:
    .word CELL
snake_last:
    .word 0
snake_food:
    .word 12 * ROW + 13 * CELL, 9 * ROW + 13 * CELL, 9 * ROW + 10 * CELL, 20 * ROW + 60 * CELL
snake_head:
    .byte 0
snake_tail:
    .byte 0
snake_text:
    .ascii "Game over, score "
snake_score:
    .ascii "0"
    .byte NUL
end_of_sector
.code64
"#,
    options(raw)
);
