//! `hostile-task`: ring-3 code that writes all over its address space, 0 to 10FFEFh, then calls the VMM.
//!
//! First it writes the words at offsets 0 and FFFEh of all 65,536 segments. Then it overwrites every byte that it can
//! name, from segment 0 up to FFFFh, its own descriptor tables and task-state segment included; only the 4 KiB that it
//! runs in are left out, until a copy of the loop at the other end of memory writes those too.
//!
//! It ends with VMCALL, EAX = 0, EBX = the 4-KiB blocks written (each counted once: 272, the last 16 bytes short of
//! whole). It needs no interrupt and no exception: where memory is read-only or missing the VMM must step over
//! `rep stosd` or `mov [di], ax`, or drop the write.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/component.s"),
    r#"
.set PATTERN, 0x86BADBAD
.set BLOCK_SIZE, 0x1000
.set BLOCK_SEGMENTS, BLOCK_SIZE >> 4
.set ARENA_SEGMENTS, 0x1000
# Where the code moves to: two blocks above the arena.
.set FIRST_HOME, 0x7000
.set SECOND_HOME, 0x8000

.code16
guest_task:
    cld
    push cs
    pop ds

    # Offsets 0 and FFFEh of every segment, but where that would hit the arena, in which this code still runs: offset
    # 0 of segments 1000h to 1FFFh, offset FFFEh of segments 1 to 1000h.
    xor bx, bx
guest_segment:
    mov es, bx
    mov ax, bx
    sub ax, ARENA_SEGMENT
    cmp ax, ARENA_SEGMENTS
    jb guest_segment_end
    mov word ptr es:[0], PATTERN & 0xFFFF
guest_segment_end:
    mov ax, bx
    dec ax
    cmp ax, ARENA_SEGMENTS
    jb guest_next_segment
    mov word ptr es:[0xFFFE], PATTERN & 0xFFFF
guest_next_segment:
    inc bx
    jnz guest_segment

    # Go on in a copy.
    mov dx, FIRST_HOME
    mov es, dx
    mov si, offset guest_sweep
    xor di, di
    mov cx, offset guest_sweep_length
    rep movsb
    xor ebx, ebx
    .byte 0xEA                          # JMP FIRST_HOME:0
    .word 0, FIRST_HOME

# Position-independent from here on: runs at offset 0 of a segment that names a 4-KiB block. EBX counts blocks. It
# uses no stack and no data, since it overwrites both.
guest_sweep:
    mov eax, PATTERN
    xor dx, dx                          # segment of the block to write
guest_sweep_block:
    mov si, cs
    cmp si, SECOND_HOME
    je guest_sweep_second
    cmp dx, si
    je guest_sweep_next
    jmp guest_sweep_write
guest_sweep_second:
    mov dx, FIRST_HOME                  # the one block that is left
guest_sweep_write:
    mov es, dx
    xor di, di
    mov cx, BLOCK_SIZE / 4
    rep stosd
    inc bx
    cmp si, SECOND_HOME
    je guest_sweep_end
guest_sweep_next:
    add dx, BLOCK_SEGMENTS
    jnc guest_sweep_block

    # Segment FFFFh reaches 64 KiB - 16 bytes beyond 1 MiB.
    mov dx, 0xFFFF
    mov es, dx
    mov di, 0x10
    mov cx, (0x10000 - 0x10) / 4
    rep stosd
    add bx, 16

    # Move to the second home and write the block of the first.
    mov si, cs
    mov ds, si
    mov dx, SECOND_HOME
    mov es, dx
    xor si, si
    xor di, di
    mov cx, offset guest_sweep_length
    rep movsb
    .byte 0xEA                          # JMP SECOND_HOME:0
    .word 0, SECOND_HOME
guest_sweep_end:
    xor eax, eax
    vmcall
    jmp guest_sweep_end
.set guest_sweep_length, . - guest_sweep

.code32
guest_isr_gpf:
    vmcall
    jmp guest_isr_gpf
.code64
"#,
    options(raw)
);
