//! `holes`: reads and writes where no memory is, by instructions of every kind, and prints what came of it. How many
//! reads that are stands beside each: an instruction, or an element of a repeated one, counts once for each page.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
.set HOLE, 0xD000
.set ROM, 0xF000
.set PAGE, 0x1000
.set ONES_EVERYWHERE, 0xFFFF
.set INT_DIVIDE, 0
.set INT_DEBUG, 1
.set INT_INVALID_OPCODE, 6
.set INT_FREE, 0x60

.macro vector number, handler
    mov word ptr [\number * VECTOR_SIZE], offset \handler
    mov word ptr [\number * VECTOR_SIZE + 2], 0
.endm

    vector INT_DIVIDE, holes_divided
    vector INT_DEBUG, holes_trap
    vector INT_INVALID_OPCODE, holes_fetched
    vector INT_FREE, holes_interrupted
    mov ax, HOLE
    mov es, ax

    # BX stays all ones as long as what is read is.
    mov bx, ONES_EVERYWHERE
    and bl, es:[0]                      # 1
    and bx, es:[1]                      # 1
    mov eax, es:[4]                     # 1
    shr eax, 16
    and bx, ax
    and bx, es:[PAGE - 1]               # 2
    push ds
    mov ax, HOLE - 1
    mov ds, ax
    and bx, [0x10]                      # 1
    mov si, 0x10
    mov cx, 3
    rep lodsw                           # 3
    and bx, ax
    mov si, PAGE + 0x0F
    mov di, 4 * PAGE - 1
    movsw                               # 2, and 2 writes
    pop ds
    cli
    sti
    and bl, es:[9]                      # 1, in the shadow of STI
    mov ax, ss
    mov ss, ax
    and bl, es:[10]                     # 1, in that of MOV SS
    mov al, es:[0]                      # 1
    add byte ptr es:[8], al             # 1 write, since it reads and writes
    mov es:[8], ax                      # 1 write
    and bl, es:[8]                      # 1
    push es
    mov ax, ROM
    mov es, ax
    mov al, es:[0xFFF0]
    inc byte ptr es:[0xFFF0]            # 1 write
    sub al, es:[0xFFF0]
    pop es
    not al
    and bl, al
    mov ax, bx
    call boot_print_hex                 # FFFF

    # Single steps go on over reads: DI counts those of AND, PUSH and POPF.
    xor di, di
    mov bx, ONES_EVERYWHERE
    pushf
    push FLAG_TF | 2
    popf
    and bx, es:[2]                      # 1
    popf
    lea ax, [bx + di]                   # FFFF + 2
    call boot_print_hex

    # An exception of the instruction that reads.
    mov bp, sp
    mov dx, ONES_EVERYWHERE
    div word ptr es:[2]                 # 1
holes_divided:
    pop ax                              # where it was
    pop ax
    pop ax
    mov sp, bp
    and ax, FLAG_TF
    call boot_print_hex                 # 0000: the frame has no TF but the guest's

    # A jump there.
    ljmp HOLE, 0x20                     # 1: FF FF is #UD
holes_fetched:
    add sp, 4
    pop ax
    and ax, FLAG_TF
    call boot_print_hex                 # 0000

    # A frame there.
    cli
    mov ax, HOLE
    mov ss, ax
    mov sp, 0x100
    int INT_FREE                        # 1 write
holes_interrupted:
    mov ax, sp
    xor cx, cx
    mov ss, cx
    mov sp, BOOT_ADDRESS
    call boot_print_hex                 # 00FA
holes_end:
    hlt
    jmp holes_end

holes_trap:
    inc di
    iret
end_of_sector
.code64
"#,
    options(raw)
);
