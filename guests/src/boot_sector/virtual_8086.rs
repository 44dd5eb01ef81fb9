//! `virtual-8086`: calls the BIOS from virtual-8086 mode, as programs do under a memory manager such as EMM386: to print, and
//! to read a sector to where page tables have memory and the PC has none.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
.set CODE_SELECTOR, 0x08
.set DATA_SELECTOR, 0x10
.set CR0_PE, 1 << 0
.set CR0_PG, 1 << 31
.set FLAGS_VM_IOPL_3, 1 << 17 | 3 << 12 | 2
.set TELETYPE, 4 * 0x10
.set STACK, 0x7000
.set READ, 4 * 0x13
.set READ_ONE, 0x0201
.set DIRECTORY_SEGMENT, 0x1000          # and behind it the table
.set DIRECTORY, 0x10000
.set TABLE, 0x1000
.set PAGE, 0x1000
.set PAGES, 0x110
.set USER_PAGE, 7
.set HOLE_SEGMENT, 0xD000
.set FRAME_SEGMENT, 0x2000              # what is there
.set FRAME, 0x20000

    cli
    push DIRECTORY_SEGMENT
    pop es
    mov dword ptr es:[0], DIRECTORY + TABLE + USER_PAGE
    mov di, TABLE
    mov eax, USER_PAGE
    mov cx, PAGES
v86_map:
    stosd
    add eax, PAGE
    loop v86_map
    mov dword ptr es:[TABLE + 4 * (HOLE_SEGMENT >> 8)], FRAME + USER_PAGE
    lgdt [v86_table]
    mov eax, cr0
    or al, CR0_PE
    mov cr0, eax
    .byte 0xEA                          # JMP CODE_SELECTOR:v86_protected
    .word v86_protected, CODE_SELECTOR
v86_protected:
    mov eax, DIRECTORY
    mov cr3, eax
    mov eax, cr0
    or eax, CR0_PG
    mov cr0, eax
    mov ax, DATA_SELECTOR
    mov ss, ax
    mov esp, STACK
    xor eax, eax
    push eax                            # GS
    push eax                            # FS
    push eax                            # DS
    push eax                            # ES
    push eax                            # SS
    .byte 0x66, 0x68                    # PUSH imm32: ESP
    .long STACK
    .byte 0x66, 0x68
    .long FLAGS_VM_IOPL_3
    push eax                            # CS
    .byte 0x66, 0x68
    .long v86_start
    iretd
v86_start:
    push HOLE_SEGMENT
    pop es
    xor bx, bx
    xor dx, dx
    mov cx, 1
    mov ax, READ_ONE
    pushf
    .byte 0xFF, 0x1E                    # CALL FAR [READ]
    .word READ
    jc v86_end
    push FRAME_SEGMENT
    pop es
    cmp word ptr es:[SECTOR_SIZE - 2], BOOT_SIGNATURE
    jne v86_end
    mov si, offset v86_text
v86_next:
    mov ah, 0x0E
    mov bx, 7
    lodsb
    test al, al
    jz v86_end
    pushf
    .byte 0xFF, 0x1E                    # CALL FAR [TELETYPE]
    .word TELETYPE
    jmp v86_next
v86_end:
    jmp v86_end

v86_text:
    .asciz "said in virtual-8086 mode"
    .balign 8, 0
v86_descriptors:
    .quad 0
    .quad 0x00009A000000FFFF            # code: base 0
    .quad 0x000092000000FFFF            # data: base 0
v86_descriptors_end:
v86_table:
    .word v86_descriptors_end - v86_descriptors - 1
    .long v86_descriptors
end_of_sector
.code64
"#,
    options(raw)
);
