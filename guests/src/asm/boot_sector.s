# The start of a boot sector: known segments, a stack below it, and text output by the BIOS. 16-bit code. The boot
# sector itself follows at `boot_main`, with CS = DS = ES = SS = 0, DL = the boot drive, and ends with `end_of_sector`.

.set BOOT_ADDRESS, 0x7C00
.set SECTOR_SIZE, 512
.set BOOT_SIGNATURE, 0xAA55

# BIOS services.
.set VIDEO_TELETYPE, 0x0E

.macro end_of_sector
    .org boot_sector + SECTOR_SIZE - 2
    .word BOOT_SIGNATURE
.endm

.section .boot_sector, "awx"
.code16
boot_sector:
    .byte 0xEA                          # JMP 0:boot_start
    .word boot_start, 0

# Prints the text at SI up to its NUL. Changes AX, BX, SI.
boot_print:
    lodsb
    test al, al
    jz boot_print_end
    call boot_put
    jmp boot_print
boot_print_end:
    ret

# Prints AL. Changes AH, BX.
boot_put:
    mov ah, VIDEO_TELETYPE
    xor bx, bx
    push bp
    int 0x10
    pop bp
    ret

# Prints AX as four hexadecimal digits. Changes AX, BX, CX.
boot_print_hex:
    mov cx, 4
boot_next_digit:
    rol ax, 4
    push ax
    and al, 0xF
    cmp al, 10
    sbb al, 0x69                        # with DAS: a digit as ASCII
    das
    call boot_put
    pop ax
    loop boot_next_digit
    ret

boot_start:
    cli
    xor ax, ax
    mov ss, ax
    mov sp, BOOT_ADDRESS
    mov ds, ax
    mov es, ax
    sti
    cld
boot_main:
