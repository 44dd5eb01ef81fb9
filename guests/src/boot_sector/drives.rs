//! `drives`: for each of the first two floppies and hard disks prints its number, its type and the drives of its kind
//! (INT 13h, AH=15h and 08h), the status of reading sector 2 and the first four characters of it, and the status of
//! writing "mark" there. Then it waits for a key, does the same again, and so on; Esc halts it, p switches to protected
//! mode.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
.set DISK_READ, 0x02
.set DISK_WRITE, 0x03
.set DISK_PARAMETERS, 0x08
.set DISK_TYPE, 0x15
.set BUFFER, 0x8000
.set MARK_LENGTH, 4
.set ESCAPE, 0x1B
.set CR0_PE, 1

drives_all:
    mov si, offset drives_numbers
drives_next:
    lodsb
    cmp al, -1
    je drives_wait
    push si
    mov [drives_number], al
    call drives_show_byte
    mov ah, DISK_TYPE
    call drives_call
    mov al, ah
    call drives_show_byte
    mov ah, DISK_PARAMETERS
    call drives_call
    mov al, dl
    call drives_show_byte
    mov ax, DISK_READ << 8 | 1
    call drives_call
    pushf
    mov al, ah
    call drives_show_byte
    popf
    jc drives_line_end                  # no disk: nothing to show, nothing to write
    mov si, BUFFER
    mov cx, MARK_LENGTH
drives_letter:
    lodsb
    call boot_put
    loop drives_letter
    mov al, ' '
    call boot_put
    mov dword ptr [BUFFER], 0x6B72616D  # "mark"
    mov ax, DISK_WRITE << 8 | 1
    call drives_call
    mov al, ah
    call drives_show_byte
drives_line_end:
    mov si, offset drives_text_end
    call boot_print
    pop si
    jmp drives_next

drives_wait:
    mov si, offset drives_text_ready
    call boot_print
    xor ah, ah
    int 0x16
    cmp al, 'p'
    je drives_protect
    cmp al, ESCAPE
    jne drives_all
    cli
    hlt
drives_protect:
    mov eax, cr0
    or al, CR0_PE
    mov cr0, eax
    jmp drives_all

# Calls function AH of INT 13h for the drive, with sector 2 and the buffer.
drives_call:
    mov dl, [drives_number]
    xor dh, dh
    mov cx, 2
    mov bx, BUFFER
    push ds
    pop es
    int 0x13
    ret

# Prints AL as two hexadecimal digits and a space. Changes AX, BX, CX.
drives_show_byte:
    mov ah, al
    mov cx, 2
    call boot_next_digit
    mov al, ' '
    jmp boot_put

drives_number:
    .byte 0
drives_numbers:
    .byte 0x00, 0x01, 0x80, 0x81, -1
drives_text_end:
    .asciz "\r\n"
drives_text_ready:
    .asciz "Ready\r\n"
end_of_sector
    .ascii "boot"
    .org boot_sector + 2 * SECTOR_SIZE, 0
.code64
"#,
    options(raw)
);
