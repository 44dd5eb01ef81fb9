//! `fat-loader`: a boot sector for a FAT12 volume, and the program that it loads from the file LOADER.BIN. The program
//! prints the file NOTE.TXT, sums the words of DATA.BIN up, turns the letters of NOTE.TXT into capitals, and writes
//! the file back. All of it goes through INT 13h, a sector at a time.
//!
//! The first three bytes and what stands behind the volume's parameter block belong in the volume's boot sector; what
//! follows the first sector is LOADER.BIN.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    r#"
.set BOOT_ADDRESS, 0x7C00
.set SECTOR_SIZE, 512
.set PARAGRAPHS_PER_SECTOR, SECTOR_SIZE / 16
.set PROGRAM, BOOT_ADDRESS + SECTOR_SIZE

# The volume's parameter block.
.set SECTORS_PER_CLUSTER, BOOT_ADDRESS + 0x0D
.set RESERVED_SECTORS, BOOT_ADDRESS + 0x0E
.set TABLES, BOOT_ADDRESS + 0x10
.set ROOT_ENTRIES, BOOT_ADDRESS + 0x11
.set SECTORS_PER_TABLE, BOOT_ADDRESS + 0x16
.set SECTORS_PER_TRACK, BOOT_ADDRESS + 0x18
.set HEADS, BOOT_ADDRESS + 0x1A
.set PARAMETERS_END, 0x3E

# A directory entry.
.set NAME_LENGTH, 11
.set FIRST_CLUSTER, 26
.set FILE_SIZE, 28
.set ENTRY_SIZE, 32
.set LAST_CLUSTER, 0xFF8

# Where things are in memory.
.set TABLE_SEGMENT, 0x1000
.set ROOT_SEGMENT, 0x2000
.set NOTE_SEGMENT, 0x3000
.set DATA_SEGMENT, 0x4000

# BIOS services.
.set DISK_READ, 0x0201
.set DISK_WRITE, 0x0301
.set VIDEO_TELETYPE, 0x0E

.section .boot_sector, "awx"
.code16
boot_sector:
    jmp fat_start
    .org boot_sector + PARAMETERS_END
fat_start:
    cli
    xor ax, ax
    mov ss, ax
    mov sp, BOOT_ADDRESS
    mov ds, ax
    sti
    cld
    mov [fat_drive], dl
    # The first table.
    mov ax, TABLE_SEGMENT
    mov es, ax
    mov ax, [RESERVED_SECTORS]
    mov cx, [SECTORS_PER_TABLE]
    call fat_sectors
    # The root directory, behind all tables.
    mov ax, ROOT_SEGMENT
    mov es, ax
    movzx ax, byte ptr [TABLES]
    mul word ptr [SECTORS_PER_TABLE]
    add ax, [RESERVED_SECTORS]
    mov cx, [ROOT_ENTRIES]
    shr cx, 4                           # entries in a sector
    call fat_sectors
    mov [fat_data], ax
    mov si, offset fat_loader_name
    call fat_find
    mov dx, ax
    mov ax, PROGRAM >> 4
    call fat_move
    jmp program

# Finds the file with the name at SI: AX = its first cluster, EDX = its size. Ends where there is none. Changes ES, DI, CX.
fat_find:
    mov ax, ROOT_SEGMENT
    mov es, ax
    xor di, di
    mov cx, [ROOT_ENTRIES]
fat_find_entry:
    push cx
    push si
    push di
    mov cx, NAME_LENGTH
    repe cmpsb
    pop di
    pop si
    pop cx
    je fat_found
    add di, ENTRY_SIZE
    loop fat_find_entry
    mov si, offset fat_text_missing
    jmp fat_fail
fat_found:
    mov ax, es:[di + FIRST_CLUSTER]
    mov edx, es:[di + FILE_SIZE]
    ret

# Moves the file that begins at cluster DX to or from segment AX, as [fat_operation] says. Changes AX, BX, CX, DX, ES.
fat_move:
    mov es, ax
fat_cluster:
    push dx
    mov ax, dx
    sub ax, 2
    movzx cx, byte ptr [SECTORS_PER_CLUSTER]
    mul cx
    add ax, [fat_data]
    call fat_sectors
    pop bx
    # The next cluster stands in twelve bits: the first of three bytes and half the second, or the other half and the
    # third.
    mov ax, bx
    shr ax, 1
    pushf
    add bx, ax
    push es
    mov ax, TABLE_SEGMENT
    mov es, ax
    mov dx, es:[bx]
    pop es
    popf
    jnc fat_even
    shr dx, 4
fat_even:
    and dx, 0xFFF
    cmp dx, LAST_CLUSTER
    jb fat_cluster
    ret

# Moves CX sectors from AX on to or from ES:0; moves ES and AX behind them. Changes BX, CX, DX.
fat_sectors:
    push cx
    push ax
    xor dx, dx
    div word ptr [SECTORS_PER_TRACK]
    mov cl, dl
    inc cl
    xor dx, dx
    div word ptr [HEADS]
    mov ch, al
    mov dh, dl
    mov dl, [fat_drive]
    mov ax, [fat_operation]
    xor bx, bx
    int 0x13
    mov si, offset fat_text_failed
    jc fat_fail
    mov ax, es
    add ax, PARAGRAPHS_PER_SECTOR
    mov es, ax
    pop ax
    inc ax
    pop cx
    loop fat_sectors
    ret

# Prints the text at SI, and is the end.
fat_fail:
    call fat_print
fat_halt:
    cli
    hlt
    jmp fat_halt

# Prints the text at DS:SI up to its NUL. Changes AX, BX, SI.
fat_print:
    lodsb
    test al, al
    jz fat_printed
    mov ah, VIDEO_TELETYPE
    mov bx, 7
    int 0x10
    jmp fat_print
fat_printed:
    ret

.balign 2, 0
fat_operation:
    .word DISK_READ
fat_data:
    .word 0
fat_drive:
    .byte 0
fat_loader_name:
    .ascii "LOADER  BIN"
fat_text_missing:
    .asciz "a file is missing"
fat_text_failed:
    .asciz "the disk fails"
    .org boot_sector + SECTOR_SIZE - 2
    .word 0xAA55

program:
    mov si, offset program_note
    call fat_find
    mov [program_note_size], edx
    mov [program_note_cluster], ax
    mov dx, ax
    mov ax, NOTE_SEGMENT
    call fat_move
    mov ax, NOTE_SEGMENT
    mov es, ax
    mov ds, ax
    mov bx, cs:[program_note_size]
    mov byte ptr [bx], NUL
    xor si, si
    call fat_print
    xor ax, ax
    mov ds, ax

    mov si, offset program_data
    call fat_find
    push edx
    mov dx, ax
    mov ax, DATA_SEGMENT
    call fat_move
    pop ecx
    shr ecx, 1
    # The file may be longer than a segment: DS moves with it.
    mov ax, DATA_SEGMENT
    mov ds, ax
    xor ebx, ebx
    xor eax, eax
    xor si, si
program_sum:
    lodsw
    add ebx, eax
    cmp si, 0x8000
    jb program_same_segment
    xor si, si
    mov dx, ds
    add dx, 0x800
    mov ds, dx
program_same_segment:
    dec ecx
    jnz program_sum
    xor ax, ax
    mov ds, ax
    mov cx, 8
    mov di, offset program_sum_text
    mov es, ax
program_digit:
    rol ebx, 4
    mov al, bl
    and al, 0xF
    cmp al, 10
    sbb al, 0x69                        # with DAS: a digit as ASCII
    das
    stosb
    loop program_digit
    mov si, offset program_text
    call fat_print

    mov ax, NOTE_SEGMENT
    mov ds, ax
    mov cx, cs:[program_note_size]
    xor si, si
program_capital:
    lodsb
    cmp al, 'a'
    jb program_kept
    cmp al, 'z'
    ja program_kept
    sub byte ptr [si - 1], 'a' - 'A'
program_kept:
    loop program_capital
    xor ax, ax
    mov ds, ax
    mov word ptr [fat_operation], DISK_WRITE
    mov dx, [program_note_cluster]
    mov ax, NOTE_SEGMENT
    call fat_move
    mov si, offset program_written
    jmp fat_fail

.balign 4, 0
program_note_size:
    .long 0
program_note_cluster:
    .word 0
program_note:
    .ascii "NOTE    TXT"
program_data:
    .ascii "DATA    BIN"
program_text:
    .ascii "\r\nsum of DATA.BIN: "
program_sum_text:
    .asciz "00000000\r\n"
program_written:
    .asciz "NOTE.TXT is written"
    .balign SECTOR_SIZE, 0
.code64
"#,
    options(raw)
);
