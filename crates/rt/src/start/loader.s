# Stage 2: from the boot sector's jump to 64-bit mode, linked at 7E00h, in real mode until the end.
#
# On entry: segments 0 (but ES), stack below 7C00h, direction up, interrupts on, the drive known to boot_read.
# Responsible for: refusing a CPU without long mode, A20, the memory map, loading what the load table
# names, and the jump to rt_start with the boot record's address in RDI.
# It says nothing while all is well; each failure is one line and a shutdown (boot_fail).
#
# Low memory while it runs (all of it is free once rt has copied the record):
#   1000h..4000h  first page tables       4000h  memory map      ..7B80h  stack
#   7B80h         boot record (at BP)     7C00h  stages 1 and 2  10000h..1FE00h  bounce buffer
#   and to unpack (lzma.s): 10000h..13A70h

.equ CODE64, 0x08                       # selectors of boot_gdt
.equ DATA32, 0x10
.equ CODE16, 0x18
.equ DATA16, 0x20
.equ CODE32, 0x28
.equ BOUNCE, 0x10000
.equ CHUNK_BYTES, 127 * 512             # what every INT 13h extension can read at once
.equ MAP_LIMIT, 128                     # memory map entries kept
.equ MAP_ENTRY, 24
.equ LOAD_LIMIT, 16
.equ USABLE, 1                          # E820 type of plain RAM

.section .boot.loader, "awx"
.code16
boot_loader:
    jmp boot_require_long_mode
.balign 4
boot_loader_mark: .long LOADER_MARK

# Filled in by the image builder. An entry: kind, first sector relative to the image's start, sectors,
# destination, length in bytes; then, zero unless its kind is KIND_PACKED, what it unpacks to (unpack.s).
.global boot_load_table, boot_load_count, boot_a20_methods
.balign 4
boot_load_table:    .space LOAD_LIMIT * {load_entry}
boot_load_count:    .word 0
# The ways to open A20 that may be tried, a bit each in the order below. Tests close some.
boot_a20_methods:   .byte 7

boot_require_long_mode:
    push ds                             # boot_read moves ES along
    pop es
    pushfd                              # again: is there CPUID?
    or byte ptr [bp - 2], FLAGS_ID_BYTE2
    popfd
    pushfd
    test byte ptr [bp - 2], FLAGS_ID_BYTE2
    mov sp, bp
    jz 1f
    mov eax, 0x80000000
    cpuid
    cmp eax, 0x80000001
    jb 1f
    mov eax, 0x80000001
    cpuid
    test edx, 1 << 29
    jnz boot_open_a20
1:  mov si, offset boot_text_long_mode
    jmp boot_fail

# A20: ask first, since most firmware leaves it open; test again after each way to open it.
boot_open_a20:
    call boot_test_a20
    jne boot_store_map
    test byte ptr [boot_a20_methods], 1
    jz 2f
    mov ax, 0x2401
    int 0x15
    call boot_test_a20
    jne boot_store_map
2:  test byte ptr [boot_a20_methods], 2
    jz 3f
    in al, 0x92
    or al, 2
    and al, 0xfe                        # bit 0 would reset the machine
    out 0x92, al
    call boot_test_a20
    jne boot_store_map
3:  test byte ptr [boot_a20_methods], 4
    jz 4f
    cli
    call boot_wait_keyboard
    mov al, 0xd1                        # the next byte goes to the output port
    out 0x64, al
    call boot_wait_keyboard
    mov al, 0xdf                        # A20 open, no reset
    out 0x60, al
    call boot_wait_keyboard
    sti
    call boot_test_a20
    jne boot_store_map
4:  mov si, offset boot_text_a20
    jmp boot_fail

# Waits until the keyboard controller takes a byte, 65536 polls at most. Changes AX, CX.
boot_wait_keyboard:
    xor cx, cx
5:  in al, 0x64
    test al, 2
    loopnz 5b
    ret

# ZF clear when A20 is open: 0:0500 and FFFF:0510 are then different bytes. A slow controller gets
# 4096 looks. Changes AX, CX.
boot_test_a20:
    push es
    push 0xffff
    pop es
    mov cx, 4096
6:  mov al, [0x500]
    mov ah, es:[0x510]
    not byte ptr es:[0x510]             # does a change there show here?
    cmp al, [0x500]
    mov es:[0x510], ah
    mov [0x500], al
    je 7f                               # no: two places
    in al, 0x80                         # about a microsecond
    loop 6b
    pop es
    cmp al, al
    ret
7:  pop es
    or sp, sp                           # ZF clear, as SP is not 0
    ret

boot_store_map:
    mov dword ptr [bp + {record_map_count}], 0
    mov di, BOOT_MAP
    xor ebx, ebx
1:  mov dword ptr [di + 20], 1          # attributes: enabled, where firmware gives 20 bytes
    mov eax, 0xe820
    mov edx, 0x534d4150                 # SMAP
    mov ecx, MAP_ENTRY
    int 0x15
    jc 2f                               # past the last entry, or no such service
    cmp eax, 0x534d4150
    jne 2f
    test byte ptr [di + 20], 1          # ACPI: an entry without this bit is to be ignored
    jz 3f
    inc dword ptr [bp + {record_map_count}]
    add di, MAP_ENTRY
    cmp di, BOOT_MAP + MAP_LIMIT * MAP_ENTRY
    jae 2f
3:  test ebx, ebx
    jnz 1b
2:  cmp dword ptr [bp + {record_map_count}], 0
    mov si, offset boot_text_map
    je boot_fail

# The program's own memory, with the part that no file fills.
    mov eax, offset rt_image_start
    mov edx, offset rt_image_end
    call boot_require_ram

boot_load_all:
    rdtsc
    mov [boot_load_started], eax
    mov [boot_load_started + 4], edx
    mov bx, offset boot_load_table
1:  cmp word ptr [boot_load_count], 0
    je 2f
    mov eax, [bx + {load_destination}]
    mov edx, eax
    add edx, [bx + {load_length}]
    jc boot_no_ram
    call boot_require_ram
    call boot_load_entry
    cmp dword ptr [bx + {load_kind}], KIND_PACKED
    jne 3f
    call boot_unpack_entry
3:  add bx, {load_entry}
    dec word ptr [boot_load_count]
    inc word ptr [boot_loaded]
    jmp 1b
2:  rdtsc
    sub eax, [boot_load_started]
    sbb edx, [boot_load_started + 4]
    mov [bp + {record_load_ticks}], eax
    mov [bp + {record_load_ticks} + 4], edx
    movzx eax, word ptr [boot_loaded]
    mov [bp + {record_load_count}], eax
    mov dword ptr [bp + {record_load_table}], offset boot_load_table
    mov dword ptr [bp + {record_map}], BOOT_MAP
    jmp boot_enter_long_mode

# Returns if all of EAX..EDX is usable RAM by the memory map, else ends. Keeps BX.
boot_require_ram:
    push bx
# First: no entry of another type may overlap it (firmware may list overlapping entries).
    mov si, BOOT_MAP
    mov cx, [bp + {record_map_count}]
1:  cmp dword ptr [si + 16], USABLE
    je 2f
    call boot_entry_range
    jc 2f
    cmp ebx, edx                        # it starts at or after the end
    jae 2f
    cmp edi, eax                        # it ends at or before the start
    ja boot_no_ram
2:  add si, MAP_ENTRY
    loop 1b
# Then: walk from entry to entry that holds the current address, until past the end.
3:  cmp eax, edx
    jae 6f
    mov si, BOOT_MAP
    mov cx, [bp + {record_map_count}]
4:  cmp dword ptr [si + 16], USABLE
    jne 5f
    call boot_entry_range
    jc 5f
    cmp eax, ebx
    jb 5f
    cmp eax, edi
    jae 5f
    mov eax, edi
    jmp 3b
5:  add si, MAP_ENTRY
    loop 4b
boot_no_ram:
    mov si, offset boot_text_ram
    jmp boot_fail
6:  pop bx
    ret

# EBX..EDI = the range of the entry at SI, cut at 4 GiB; CF set when it starts above that.
boot_entry_range:
    cmp dword ptr [si + 4], 1
    cmc
    jc 3f
    mov ebx, [si]
    mov edi, ebx
    add edi, [si + 8]
    jc 1f
    cmp dword ptr [si + 12], 0
    je 2f
1:  or edi, -1
2:  clc
3:  ret

# Loads the entry at BX: chunk by chunk into the bounce buffer, then up. Keeps BX.
boot_load_entry:
    mov eax, [bx + {load_sectors}]
    shl eax, 9
    cmp eax, [bx + {load_length}]
    jb boot_table_damaged
    mov eax, [bx + {load_first_sector}]
    mov [boot_next_sector], eax
    mov eax, [bx + {load_destination}]
    mov [boot_next_address], eax
    mov eax, [bx + {load_length}]
    mov [boot_remaining], eax
1:  mov ecx, [boot_remaining]
    jecxz 3f
    cmp ecx, CHUNK_BYTES
    jbe 2f
    mov ecx, CHUNK_BYTES
2:  push bx
    push ecx
    add ecx, 511
    shr ecx, 9
    mov eax, [boot_next_sector]
    add [boot_next_sector], ecx
    push BOUNCE >> 4
    pop es
    call boot_read
    pop ecx
    sub [boot_remaining], ecx
    call boot_copy_up
    pop bx
    jmp 1b
3:  ret

boot_table_damaged:
    mov si, offset boot_text_table
    jmp boot_fail

# Copies ECX bytes from the bounce buffer to boot_next_address and moves that on. Changes all but BX.
boot_copy_up:
    call boot_enter_flat
    mov esi, BOUNCE
    mov edi, [boot_next_address]
    mov edx, ecx
    shr ecx, 2
    rep movsd dword ptr es:[edi], dword ptr [esi]
    mov ecx, edx
    and ecx, 3
    rep movsb byte ptr es:[edi], byte ptr [esi]
    mov [boot_next_address], edi

# Back to real mode, and returns there. Changes EAX.
boot_leave_flat:
    mov ax, DATA16                      # real mode keeps the limits that it inherits
    mov ds, ax
    mov es, ax
    mov eax, cr0
    and al, 0xfe
    mov cr0, eax
    far_jump 0, 1f
1:  xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax
    sti
    ret

# Returns in protected mode, with interrupts off, DS and ES flat, code and stack still of 16 bits. Anew
# each time, since firmware may leave any segment limits behind. Changes EAX.
boot_enter_flat:
    cli
    lgdt [boot_gdt_pointer]
    mov eax, cr0
    or al, 1
    mov cr0, eax
    far_jump CODE16, 1f
1:  mov ax, DATA16
    mov ss, ax
    mov ax, DATA32
    mov ds, ax
    mov es, ax
    ret

# The first tables map 1 GiB one to one in 2-MiB pages, writable and executable: enough to reach the
# program, which replaces them at once by tables that are not.
boot_enter_long_mode:
    cli
    mov di, BOOT_PAGE_TABLES
    xor eax, eax
    mov cx, 3 * 4096 / 4
    rep stosd
    mov dword ptr [BOOT_PAGE_TABLES], BOOT_PAGE_TABLES + 0x1003
    mov dword ptr [BOOT_PAGE_TABLES + 0x1000], BOOT_PAGE_TABLES + 0x2003
    mov di, BOOT_PAGE_TABLES + 0x2000
    mov eax, 0x83                       # present, writable, a large page
    mov cx, 512
1:  mov [di], eax
    add eax, 0x200000
    add di, 8
    loop 1b
    lidt [boot_no_idt]                  # an exception from here to rt's own IDT stops the CPU
    lgdt [boot_gdt_pointer]
    mov eax, 1 << 5                     # CR4.PAE
    mov cr4, eax
    mov eax, BOOT_PAGE_TABLES
    mov cr3, eax
    mov ecx, 0xc0000080                 # IA32_EFER
    rdmsr
    or ah, 1                            # LME
    wrmsr
    mov eax, cr0
    or eax, 0x80000001                  # PG, PE
    mov cr0, eax
    far_jump CODE64, boot_long_mode
.code64
boot_long_mode:
    mov eax, DATA32
    mov ds, eax
    mov es, eax
    mov ss, eax
    xor eax, eax
    mov fs, eax
    mov gs, eax
    mov edi, BOOT_RECORD
    mov eax, offset rt_start
    jmp rax
.code16

.balign 8
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff
    .quad 0x00cf93000000ffff
    .quad 0x00009b000000ffff
    .quad 0x000093000000ffff
    .quad 0x00cf9b000000ffff
boot_gdt_pointer:
    .word . - boot_gdt - 1
    .long boot_gdt
boot_no_idt:
    .word 0
    .long 0

.balign 4
boot_load_started:  .quad 0
boot_next_sector:   .long 0
boot_next_address:  .long 0
boot_remaining:     .long 0
boot_loaded:        .word 0

boot_text_long_mode:    .asciz "hyper86: this CPU has no 64-bit long mode, so no VT-x\r\n"
boot_text_a20:          .asciz "hyper86: address line A20 stays closed\r\n"
boot_text_map:          .asciz "hyper86: the firmware gives no memory map (INT 15h, E820h)\r\n"
boot_text_ram:          .asciz "hyper86: this machine has too little memory, or not where it is needed\r\n"
boot_text_table:        .asciz "hyper86: the image's load table is damaged\r\n"
.code64
