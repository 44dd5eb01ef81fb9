//! `bios`: calls of the machine's real firmware from a VM that has its vector table, BIOS data, ROM and ports.
//!
//! After each service the task executes VMCALL with EBP = what was called and all other registers as the service left
//! them, so that the VMM reads AX, EBX, ECX, the carry flag and the buffer at ES:DI:
//!
//! | EBP | called |
//! |---|---|
//! | 1 | INT 11h, equipment list in AX |
//! | 2 | INT 15h, E820h: one entry of the memory map at ES:DI; EBX = 0 after the last |
//! | 3 | INT 10h, 4F00h: VBE information block at ES:DI if AX = 004Fh |
//! | 0 | nothing: the end |
//!
//! No service needs an interrupt; the VMM decides whether IF is set.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/component.s"),
    r#"
.set STEP_END, 0
.set STEP_EQUIPMENT, 1
.set STEP_MEMORY_MAP, 2
.set STEP_VIDEO, 3
.set SMAP, 0x534D4150
.set MAP_ENTRY_SIZE, 20
.set VBE_INFORMATION, 0x4F00
.set VBE_BLOCK_SIZE, 512

guest_map_next:
    .long 0
.balign 4, 0
guest_map_entry:
    .zero MAP_ENTRY_SIZE
guest_vbe_block:
    .ascii "VBE2"                       # asks for version 2 and later
    .zero VBE_BLOCK_SIZE - 4

.code16
guest_task:
    int 0x11
    mov ebp, STEP_EQUIPMENT
    vmcall

guest_map:
    call guest_data_segments
    mov ebx, [guest_map_next]
    mov eax, 0xE820
    mov edx, SMAP
    mov ecx, MAP_ENTRY_SIZE
    mov di, offset guest_map_entry
    int 0x15
    mov ebp, STEP_MEMORY_MAP
    vmcall
    jc guest_map_end
    call guest_data_segments
    mov [guest_map_next], ebx
    test ebx, ebx
    jnz guest_map
guest_map_end:

    call guest_data_segments
    mov ax, VBE_INFORMATION
    mov di, offset guest_vbe_block
    int 0x10
    mov ebp, STEP_VIDEO
    vmcall

    mov ebp, STEP_END
guest_end:
    vmcall
    jmp guest_end

# DS = ES = the arena. Changes AX.
guest_data_segments:
    mov ax, cs
    mov ds, ax
    mov es, ax
    ret

.code32
guest_isr_gpf:
    vmcall
    jmp guest_isr_gpf
.code64
"#,
    options(raw)
);
