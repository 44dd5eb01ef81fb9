//! `floppy-read`: reads a whole 1.44-MB floppy through INT 13h, 18 sectors a call, and says what that took in
//! instructions, by the time-stamp counter, which counts them in Bochs. It adds the first word of each sector up, so
//! that a sector that was not read shows.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
.set DISK_READ, 0x02
.set SECTORS, 18
.set TRACKS, 80
.set HEADS, 2
.set BUFFER_SEGMENT, 0x1000
# What the whole disk may take.
.set MOST_INSTRUCTIONS, 4000000
.set VIDEO_STRING, 0x1301
.set TEXT_LENGTH, 47

    mov [floppy_drive], dl
    mov ax, BUFFER_SEGMENT
    mov es, ax
    rdtsc
    mov [floppy_start], eax
    xor bp, bp                          # the sum
    xor cx, cx
floppy_track:
    xor dh, dh
floppy_head:
    mov ax, DISK_READ << 8 | SECTORS
    mov cl, 1
    xor bx, bx
    mov dl, [floppy_drive]
    int 0x13
    jc floppy_failed
    mov al, SECTORS
floppy_sector:
    add bp, es:[bx]
    add bx, SECTOR_SIZE
    dec al
    jnz floppy_sector
    inc dh
    cmp dh, HEADS
    jb floppy_head
    inc ch
    cmp ch, TRACKS
    jb floppy_track
    rdtsc
    sub eax, [floppy_start]
    cmp eax, MOST_INSTRUCTIONS
    ja floppy_slow
    mov dword ptr [floppy_judgement], 'o' | 'k' << 8 | ' ' << 16 | ' ' << 24
    mov dword ptr [floppy_judgement + 4], ' ' | ' ' << 8 | ' ' << 16 | ' ' << 24
floppy_slow:
    push ds
    pop es
    mov di, offset floppy_instructions
    mov cx, 8
    call floppy_hex
    movzx eax, bp
    shl eax, 16
    mov di, offset floppy_sum
    mov cx, 4
    call floppy_hex
    # One service, so that what is printed costs one exit.
    mov ax, VIDEO_STRING
    mov bx, 7
    mov cx, TEXT_LENGTH
    xor dx, dx
    mov bp, offset floppy_text
    int 0x10
floppy_failed:
    cli
floppy_halt:
    hlt
    jmp floppy_halt

# Stores the highest CX digits of EAX at ES:DI.
floppy_hex:
    rol eax, 4
    push ax
    and al, 0xF
    cmp al, 10
    sbb al, 0x69                        # with DAS: a digit as ASCII
    das
    stosb
    pop ax
    loop floppy_hex
    ret

floppy_drive:
    .byte 0
.balign 4, 0
floppy_start:
    .long 0
floppy_text:
    .ascii "read, sum "
floppy_sum:
    .ascii "0000, instructions "
floppy_instructions:
    .ascii "00000000: "
floppy_judgement:
    .ascii "too many"
    .org floppy_text + TEXT_LENGTH
end_of_sector
.code64
"#,
    options(raw)
);
