# The last part of stage 2: packed parts of the program, moved to their place.
#
# On entry: a whole packed part in memory (real mode, as in loader.s): an LZMA stream (lzma.s). What it unpacks to has
# the targets of calls and jumps counted from its first byte: two calls of one routine are then equal bytes, and the
# stream is shorter.
# Responsible for: the bytes at their place, exactly as many as the table says and with its sum.
# A damaged part is neither read nor written beyond its bounds; it ends as a damaged table does.

.equ CALL, 0xe8
.equ JUMP, 0xe9
.equ CONDITIONAL, 0x0f
.equ CONDITIONAL_SECOND, 0x80           # and the condition

# A far jump of 32-bit code, as far_jump in sector.s.
.macro far_jump_32 selector, target
    .byte 0xea
    .long \target
    .word \selector
.endm

.section .boot.loader, "awx"
.code16
# Unpacks the loaded entry at BX, or ends. Keeps BX and BP.
#
# While it runs: EDI = where the next byte unpacked goes, EBP = their end.
boot_unpack_entry:
    mov eax, LZMA_MEMORY
    mov edx, LZMA_MEMORY_END
    call boot_require_ram
    mov eax, [bx + {load_unpacked_destination}]
    mov edx, eax
    add edx, [bx + {load_unpacked_length}]
    jc boot_no_ram
    call boot_require_ram
    push bx
    mov edi, [bx + {load_unpacked_destination}]
    mov ebp, edi
    add ebp, [bx + {load_unpacked_length}]
    mov esi, [bx + {load_destination}]
    mov ecx, [bx + {load_length}]
    mov [boot_unpack_start], edi
    call boot_enter_flat
    far_jump CODE32, 1f
.code32
1:  call boot_lzma
    cmp edi, ebp
    jne boot_unpack_damaged
    mov edx, [boot_unpack_start]
    call boot_unpack_branches

    mov ecx, ebp
    sub ecx, edx
    shr ecx, 2
    mov esi, edx
    xor edx, edx                        # the sum
    jecxz 3f
2:  lods eax, dword ptr [esi]
    rol edx, 1
    add edx, eax
    loop 2b
3:  far_jump_32 CODE16, 4f
.code16
4:  pop bx
    cmp edx, [bx + {load_unpacked_sum}]
    jne 5f
    mov ebp, BOOT_RECORD
    jmp boot_leave_flat
.code32
boot_unpack_damaged:
    far_jump_32 CODE16, 5f
.code16
5:  mov ebp, BOOT_RECORD
    mov sp, bp
    call boot_leave_flat
    jmp boot_table_damaged

# For all from EDX to EBP that looks like a branch, in order, the operand: a target below the length, its highest byte
# first, becomes the distance to it from P, the operand's end. What is stored as -P to -1, as high, is a distance without
# a target, less the length. What is neither so, but would be with its lowest byte first, is turned round. So no two
# operands are stored alike, none overlaps another, and data that looks like a branch comes back. Changes EAX, EBX, ECX,
# ESI, EDI.
.code32
boot_unpack_branches:
    mov esi, edx
    mov edi, ebp
    sub edi, edx                        # the length
    lea ecx, [ebp - 4]
1:  cmp esi, ecx
    jae 4f                              # no room for an operand
    lods al, byte ptr [esi]
    cmp al, CONDITIONAL
    je 3f
    and al, ~(CALL ^ JUMP) & 0xff
    cmp al, CALL
    jne 1b
2:  lea eax, [esi + 4]
    sub eax, edx                        # P
    mov ebx, [esi]
    bswap ebx
    cmp ebx, edi
    jb 5f                               # a target
    add ebx, eax
    jc 6f                               # -P to -1
    mov ebx, [esi]
    cmp ebx, edi
    jb 7f
    add ebx, eax
    jnc 9f                              # it stays
    sub ebx, eax
7:  bswap ebx
    jmp 8f
6:  add ebx, edi
5:  sub ebx, eax
8:  mov [esi], ebx
9:  add esi, 4
    jmp 1b
3:  cmp esi, ecx
    jae 4f
    mov al, [esi]
    and al, 0xf0
    cmp al, CONDITIONAL_SECOND
    jne 1b
    inc esi
    jmp 2b
4:  ret

.balign 4
boot_unpack_start:  .long 0
.code64
