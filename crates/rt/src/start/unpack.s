# The last part of stage 2: packed parts of the program, moved to their place.
#
# On entry: a whole LZ4 block in memory (real mode, as in loader.s). It is a chain of sequences: a token, some
# literal bytes, then a match, which repeats bytes already there: its distance back and its length. The token's
# high half counts the literals, its low half the match's bytes beyond the least. The last sequence has no match.
# What it unpacks to has the targets of calls and jumps counted from its first byte: two calls of one routine are
# then equal bytes, and the block is shorter.
# Responsible for: the bytes at their place, exactly as many as the table says and with its sum.
# A damaged block is neither read nor written beyond its bounds; it ends as a damaged table does.

.equ MATCH_LEAST, 4                     # bytes of the shortest match
.equ COUNT_GOES_ON, 15                  # a token's half with this value: bytes to add follow
.equ CALL, 0xe8                         # JMP has the next opcode

.section .boot.loader, "awx"
.code16
# Unpacks the loaded entry at BX, or ends. Keeps BX and BP.
#
# While it runs: ESI = the next packed byte, EDX = their end; EBX = the first byte unpacked, EDI = the next,
# EBP = their end; ECX = how many to move.
boot_unpack_entry:
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
    mov edx, esi
    add edx, [bx + {load_length}]
    mov ebx, edi
    call boot_enter_flat

boot_unpack_sequence:
    call boot_unpack_byte
    push ax                             # the token
    shr al, 4
    call boot_unpack_count
    mov eax, edx
    sub eax, esi
    cmp ecx, eax
    ja boot_unpack_damaged              # more literals than there are packed bytes
    call boot_unpack_move
    cmp esi, edx
    je boot_unpack_last
    call boot_unpack_byte               # the distance; ECX is 0 from the move
    mov cl, al
    call boot_unpack_byte
    mov ch, al
    test ecx, ecx
    jz boot_unpack_damaged              # no distance
    mov eax, edi
    sub eax, ebx
    cmp ecx, eax
    ja boot_unpack_damaged              # it starts before the first byte
    pop ax
    push ecx
    and eax, 15
    call boot_unpack_count
    add ecx, MATCH_LEAST
    pop eax
    push esi
    mov esi, edi
    sub esi, eax
    call boot_unpack_move               # may overlap: then the bytes repeat, as they should
    pop esi
    jmp boot_unpack_sequence

boot_unpack_last:
    pop ax
    cmp edi, ebp
    jne boot_unpack_damaged
    sub edi, ebx                        # the length

# The operand of what looks like a call or jump: a target below the length becomes the distance to it from P,
# the operand's end. What is stored as -P to -1 is a distance without a target, less the length; so no two
# distances are stored alike, and data that looks like a branch comes back too.
    mov esi, ebx
1:  lea eax, [esi + 5]
    cmp eax, ebp
    ja 3f
    lods al, byte ptr [esi]
    and al, 0xfe                        # CALL or JMP
    cmp al, CALL
    jne 1b
    lea ecx, [esi + 4]
    sub ecx, ebx                        # P
    mov eax, [esi]
    cmp eax, edi
    jb 2f                               # a target
    add eax, ecx
    jnc 1b                              # not -P to -1 either: it stays
    add eax, edi
2:  sub eax, ecx
    mov [esi], eax
    add esi, 4
    jmp 1b

3:  mov ecx, edi
    shr ecx, 2
    mov esi, ebx
    xor edx, edx                        # the sum
    jecxz 5f
4:  lods eax, dword ptr [esi]
    rol edx, 1
    add edx, eax
    dec ecx
    jnz 4b
5:  pop bx
    cmp edx, [bx + {load_unpacked_sum}]
    jne boot_unpack_damaged
    mov ebp, BOOT_RECORD
    jmp boot_leave_flat

boot_unpack_damaged:
    mov sp, BOOT_RECORD
    call boot_leave_flat
    mov ebp, BOOT_RECORD
    jmp boot_table_damaged

# ECX = the count that starts with EAX, a half of a token. Changes EAX.
boot_unpack_count:
    mov ecx, eax
    cmp al, COUNT_GOES_ON
    jne 2f
1:  call boot_unpack_byte
    add ecx, eax
    cmp al, 255
    je 1b
2:  ret

# EAX = the next packed byte.
boot_unpack_byte:
    cmp esi, edx
    jae boot_unpack_damaged
    movzx eax, byte ptr [esi]
    inc esi
    ret

# Moves ECX bytes from ESI, if there is room for them. Changes EAX; ECX is 0 after it.
boot_unpack_move:
    mov eax, ebp
    sub eax, edi
    cmp ecx, eax
    ja boot_unpack_damaged
    rep movsb byte ptr es:[edi], byte ptr [esi]
    ret
.code64
