//! `disk-read`: reads sectors 2 to 8 of its disk by cylinder, head and sector, and again by LBA where the BIOS has the
//! extensions, and prints the 16-bit sum of the bytes of each. The sectors hold known patterns: sector n (from 1) is filled
//! with the byte 10h × n + n, so that its sum is 512 times that.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
.set DISK_READ, 0x02
.set DISK_CHECK_EXTENSIONS, 0x41
.set DISK_EXTENDED_READ, 0x42
.set EXTENSIONS_ASK, 0x55AA
.set EXTENSIONS_ANSWER, 0xAA55
.set BUFFER, 0x8000
.set FIRST_SECTOR, 2
.set LAST_SECTOR, 8

    mov [disk_drive], dl
    mov si, offset disk_text_chs
    call boot_print
    mov byte ptr [disk_sector], FIRST_SECTOR
disk_chs:
    mov ah, DISK_READ
    mov al, 1
    mov cl, [disk_sector]
    xor ch, ch
    xor dh, dh
    mov dl, [disk_drive]
    mov bx, BUFFER
    int 0x13
    jc disk_failed
    call disk_show_sum
    inc byte ptr [disk_sector]
    cmp byte ptr [disk_sector], LAST_SECTOR
    jbe disk_chs

    mov si, offset disk_text_lba
    call boot_print
    mov ah, DISK_CHECK_EXTENSIONS
    mov bx, EXTENSIONS_ASK
    mov dl, [disk_drive]
    int 0x13
    jc disk_no_extensions
    cmp bx, EXTENSIONS_ANSWER
    jne disk_no_extensions
    mov byte ptr [disk_packet_lba], FIRST_SECTOR - 1
disk_lba:
    mov ah, DISK_EXTENDED_READ
    mov dl, [disk_drive]
    mov si, offset disk_packet
    int 0x13
    jc disk_failed
    call disk_show_sum
    inc byte ptr [disk_packet_lba]
    cmp byte ptr [disk_packet_lba], LAST_SECTOR - 1
    jbe disk_lba
    jmp disk_end

disk_no_extensions:
    mov si, offset disk_text_absent
    call boot_print
    jmp disk_end
disk_failed:
    mov si, offset disk_text_failed
    call boot_print
disk_end:
    mov si, offset disk_text_end
    call boot_print
    cli
disk_halt:
    hlt
    jmp disk_halt

# Prints the sum of the bytes in the buffer, and clears it. Changes AX, BX, CX, SI, DI.
disk_show_sum:
    mov si, BUFFER
    mov cx, SECTOR_SIZE
    xor bx, bx
    xor ah, ah
disk_sum:
    lodsb
    add bx, ax
    mov byte ptr [si - 1], 0
    loop disk_sum
    mov ax, bx
    call boot_print_hex
    mov al, ' '
    jmp boot_put

disk_drive:
    .byte 0
disk_sector:
    .byte 0
.balign 4, 0
disk_packet:
    .byte 16, 0                         # its size
    .word 1                             # sectors
    .word BUFFER, 0
disk_packet_lba:
    .quad 0
disk_text_chs:
    .asciz "CHS: "
disk_text_lba:
    .asciz "\r\nLBA: "
disk_text_absent:
    .asciz "no extensions"
disk_text_failed:
    .asciz "FAILED"
disk_text_end:
    .asciz "\r\nRead\r\n"
end_of_sector

.set disk_fill, FIRST_SECTOR
.rept LAST_SECTOR - FIRST_SECTOR + 1
    .fill SECTOR_SIZE, 1, disk_fill * 0x11
.set disk_fill, disk_fill + 1
.endr
.code64
"#,
    options(raw)
);
