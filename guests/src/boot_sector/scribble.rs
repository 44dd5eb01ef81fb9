//! `scribble`: writes all over the first MiB and the 64 KiB above it, ROM and video memory included, then through the
//! A20 gate, and tells whether the ROM changed and whether addresses wrap.
//!
//! At A0000h and from C0000h on, where nothing is to be changed and a monitor has work with each write, it writes one
//! word in 64 bytes.
//! Left out: its own 4 KiB at 7000h, the vector table and BIOS data (0 to 7FFh), and the stretch 80000h to 9FFFFh, where
//! the BIOS may have data, so that the BIOS can still print.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
.set PATTERN, 0xA55A
.set ROM_SEGMENT, 0xF000
.set FIRST_SEGMENT, 0x80
.set OWN_SEGMENT, 0x700
.set OWN_SEGMENTS, 0x100
.set HIGH_SEGMENT, 0x8000
.set GRAPHICS_SEGMENT, 0xA000
.set TEXT_SEGMENT, 0xB000
.set ROM_AREA_SEGMENT, 0xC000
.set SLICE_SEGMENTS, 0x80
.set SPARSE_STEP, 64
.set SLICE_WORDS, SLICE_SEGMENTS * 16 / 2
.set A20_SERVICE_DISABLE, 0x2400
.set A20_SERVICE_ENABLE, 0x2401
.set WRAP_SEGMENT, 0xFFFF
.set WRAP_OFFSET, 0x0510
.set WRAP_LOW, 0x0500

    call rom_sum
    push dx
    mov dx, FIRST_SEGMENT
scribble_slice:
    mov ax, dx
    sub ax, OWN_SEGMENT
    cmp ax, OWN_SEGMENTS
    jb scribble_next
    mov ax, dx
    sub ax, HIGH_SEGMENT
    cmp ax, GRAPHICS_SEGMENT - HIGH_SEGMENT
    jb scribble_next
    mov es, dx
    xor di, di
    mov ax, PATTERN
    cmp dx, GRAPHICS_SEGMENT
    jb scribble_dense
    cmp dx, TEXT_SEGMENT
    jb scribble_sparse
    cmp dx, ROM_AREA_SEGMENT
    jae scribble_sparse
scribble_dense:
    mov cx, SLICE_WORDS
    rep stosw
    jmp scribble_next
scribble_sparse:
    stosw
    add di, SPARSE_STEP - 2
    cmp di, SLICE_SEGMENTS * 16
    jb scribble_sparse
scribble_next:
    add dx, SLICE_SEGMENTS
    jnc scribble_slice

    # The rest of segment FFFFh, from 1 MiB on, with the A20 gate open.
    mov ax, A20_SERVICE_ENABLE
    int 0x15
    mov bx, WRAP_SEGMENT
    mov es, bx
    mov di, 0x10
    mov ax, PATTERN
    mov cx, (0x10000 - 0x10) / 2
    rep stosw

    mov ax, 0x0003                      # mode 3 clears what video memory shows
    int 0x10
    call rom_sum
    pop ax
    mov si, offset scribble_rom_kept
    cmp ax, dx
    je scribble_rom
    mov si, offset scribble_rom_changed
scribble_rom:
    call boot_print

    mov si, offset scribble_gate_open
    call boot_print
    call show_wrap
    mov ax, A20_SERVICE_DISABLE
    int 0x15
    mov si, offset scribble_gate_closed
    call boot_print
    call show_wrap
    mov si, offset scribble_end_text
    call boot_print
    cli
scribble_end:
    hlt
    jmp scribble_end

# DX = the sum of the words of segment F000h. Changes AX, CX, SI.
rom_sum:
    push ds
    mov cx, ROM_SEGMENT
    mov ds, cx
    xor si, si
    xor dx, dx
    mov cx, 0x8000
rom_sum_word:
    lodsw
    add dx, ax
    loop rom_sum_word
    pop ds
    ret

# Prints whether FFFF:0510 and 0:0500 are one byte. Changes AX, BX, CX, SI, ES.
show_wrap:
    mov bx, WRAP_SEGMENT
    mov es, bx
    mov byte ptr [WRAP_LOW], 0
    mov byte ptr es:[WRAP_OFFSET], 1
    mov si, offset scribble_wraps
    cmp byte ptr [WRAP_LOW], 1
    je show_wrap_text
    mov si, offset scribble_goes_on
show_wrap_text:
    call boot_print
    ret

scribble_rom_kept:
    .asciz "ROM kept\r\n"
scribble_rom_changed:
    .asciz "ROM CHANGED\r\n"
scribble_gate_open:
    .asciz "A20 on: "
scribble_gate_closed:
    .asciz "A20 off: "
scribble_wraps:
    .asciz "wraps\r\n"
scribble_goes_on:
    .asciz "goes on\r\n"
scribble_end_text:
    .asciz "Scribbled\r\n"
end_of_sector
.code64
"#,
    options(raw)
);
