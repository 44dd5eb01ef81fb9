# Stage 1: the boot sector, 440 bytes of code at 0:7C00.
#
# On entry (from the firmware or from a chain-loading master boot record): real mode, DL = boot drive;
# when started from a partition, DS:SI = its entry in the partition table. Nothing else is known.
# Responsible for: segments and stack, the first time stamp, and reading stage 2 to 0:7E00.
# Its routines boot_read, boot_print and boot_fail stay in memory and serve stage 2 too.
# It needs an 80386 (32-bit registers); whether there is a long mode is asked by stage 2.
#
# From here to the end of stage 2, BP = the boot record, just above the stack: short addresses.

# A far jump with an immediate target, which the assembler does not offer in Intel syntax.
.macro far_jump selector, target
    .byte 0xea
    .word \target
    .word \selector
.endm

.equ STAGE2_SEGMENT, 0x07e0             # boot_loader is linked at 7E00h
.equ COM1_DATA, 0x3f8
.equ COM1_LINE_CONTROL, 0x3fb
.equ COM1_LINE_STATUS, 0x3fd
.equ READ_ATTEMPTS, 5
.equ FLAGS_ID_BYTE2, 1 << 5             # EFLAGS.ID, bit 21, in the flags' third byte

.section .boot.sector, "awx"
.code16
.global boot_start
boot_start:
    far_jump 0, boot_normalize          # some firmware enters at 07C0:0000
boot_normalize:
    cli
    cld
    xor ebx, ebx
    cmp byte ptr cs:[boot_from_partition], bl
    je 1f
    mov ebx, [si + 8]                   # the entry's first sector, saved while DS:SI is untouched
1:  xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov sp, BOOT_RECORD
    mov bp, sp
    sti
    mov [bp + {record_drive}], dl
    mov [bp + {record_first_sector}], ebx

# The time stamp, if EFLAGS.ID can be set, so that there is CPUID, and that knows of RDTSC.
    pushfd
    or byte ptr [bp - 2], FLAGS_ID_BYTE2
    popfd
    pushfd
    test byte ptr [bp - 2], FLAGS_ID_BYTE2
    mov sp, bp
    jz boot_probe_drive
    xor eax, eax
    inc ax
    cpuid
    test dl, 1 << 4
    jz boot_probe_drive
    rdtsc
    mov [bp + {record_tsc}], eax
    mov [bp + {record_tsc} + 4], edx

# The drive's geometry for the record; zero sectors to a track say that it is read by packets.
boot_probe_drive:
    mov dl, [bp + {record_drive}]
    mov ah, 0x41                        # are there extensions?
    mov bx, 0x55aa
    int 0x13
    jc 2f
    cmp bx, 0xaa55
    jne 2f
    xor bx, bx
    shr cl, 1                           # bit 0: reads by packet
    jc 3f
2:  mov dl, [bp + {record_drive}]
    mov ah, 8                           # its parameters
    xor di, di                          # ES:DI = 0:0 guards against firmware that writes there
    push es
    int 0x13
    pop es
    mov bx, 18                          # if unknown: a 1.44-MB floppy
    mov ax, 1
    jc 4f
    and cx, 0x3f
    jz 4f
    mov bx, cx
    mov al, dh
4:  inc ax
    mov [bp + {record_heads}], ax
3:  mov [bp + {record_sectors_per_track}], bx

    push STAGE2_SEGMENT
    pop es
    mov cx, [boot_stage2_sectors]
    xor eax, eax
    inc ax
    call boot_read
    cmp dword ptr [boot_loader_mark], LOADER_MARK
    je boot_loader

boot_disk_error:
    mov si, offset boot_text_disk

# Prints the message at SI and ends. Does not return.
boot_fail:
    call boot_print
    mov si, offset boot_text_shutdown
    mov dx, 0x8900                      # Bochs ends when it reads this word here; a PC ignores it
5:  lodsb
    out dx, al
    test al, al
    jnz 5b
6:  cli
    hlt
    jmp 6b

# Reads CX sectors (1 to 127), from sector EAX of the image on, to ES:0. Tries each read five times, then
# ends in boot_disk_error. Keeps BP, SP, DS, SS; ES moves past what was read.
boot_read:
    add eax, [bp + {record_first_sector}]
boot_read_rest:
    mov di, READ_ATTEMPTS
7:  pushad
    xor edx, edx
    push edx                            # a disk address packet, for either way: 64-bit sector,
    push eax
    push es                             # ES:0,
    push dx
    push cx                             # count,
    push 16                             # length
    mov si, sp
    movzx ebx, word ptr [bp + {record_sectors_per_track}]
    test bx, bx
    jz 8f
    div ebx                             # EAX = track, EDX = sector there
    sub bx, dx
    cmp bx, cx
    jbe 9f
8:  mov bx, cx
    jz 1f                               # from the test: by packet
9:  inc dx                              # sectors count from 1
    mov cl, dl
    xor dx, dx
    movzx esi, word ptr [bp + {record_heads}]
    div esi                             # EAX = cylinder, EDX = head
    cmp eax, 1023                       # ten bits is what this call can name
    ja boot_disk_error
    mov ch, al
    shl ah, 6                           # bits 8 and 9 of the cylinder
    or cl, ah
    mov dh, dl
    mov ah, 2
    jmp 2f
1:  mov ah, 0x42
2:  mov [bp + {record_done}], bx
    mov al, bl
    xor bx, bx
    mov dl, [bp + {record_drive}]
    int 0x13
    lea sp, [esp + 16]                  # drops the packet, keeps CF
    popad
    jnc 3f
    pusha
    xor ah, ah                          # reset
    mov dl, [bp + {record_drive}]
    int 0x13
    popa
    dec di
    jnz 7b
    jmp boot_disk_error
3:  movzx ebx, word ptr [bp + {record_done}]
    add eax, ebx
    sub cx, bx
    shl bx, 5                           # paragraphs of 16 bytes
    mov dx, es
    add dx, bx
    mov es, dx
    test cx, cx
    jnz boot_read_rest
    ret

# Prints the text at SI, up to a zero byte, on the screen, COM1 and port E9h. Changes AX, BX, CX, DX, SI.
boot_print:
    mov dx, COM1_LINE_CONTROL
    mov al, 0x83                        # divisor access, 8-N-1
    out dx, al
    mov dl, (COM1_DATA + 1) & 0xff
    xor ax, ax
    out dx, al
    dec dx
    inc ax
    out dx, al                          # divisor 1, 115200 bits a second
    mov dl, COM1_LINE_CONTROL & 0xff
    mov al, 3
    out dx, al
4:  lodsb
    test al, al
    jz 6f
    push ax
    cmp al, 13                          # the debug port has lines ending in LF alone
    je 3f
    out 0xe9, al
3:  mov ah, 0x0e
    mov bx, 7
    int 0x10
    pop ax
    mov dx, COM1_DATA
    out dx, al
    mov dl, COM1_LINE_STATUS & 0xff
    xor cx, cx                          # an absent or stuck UART costs 65536 polls, no more
5:  in al, dx
    test al, 0x40                       # all is sent: so is the last byte before the shutdown
    loopz 5b
    jmp 4b
6:  ret

boot_text_disk:         .asciz "hyper86: cannot read the disk\r\n"
boot_text_shutdown:     .asciz "Shutdown"

# Filled in by the image builder: the sectors of stage 2, and where to take the image's first sector
# from (0: sector 0 of the drive, 1: the partition entry at DS:SI).
.global boot_stage2_sectors, boot_from_partition
boot_stage2_sectors:    .word 0
boot_from_partition:    .byte 0

.global boot_sector_end
boot_sector_end:
.org 440                                # this fails to assemble if the code reaches the disk signature
.org 510
    .word 0xaa55
