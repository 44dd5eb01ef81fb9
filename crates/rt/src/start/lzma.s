# LZMA for unpack.s: a stream without header and end marker, packed with lc = 3, lp = 0, pb = 0.
#
# On entry: protected mode, flat 32-bit segments. ESI = the stream, ECX = its bytes; EDI..EBP = room for what it
# unpacks to.
# Responsible for: exactly that room filled, EDI = its end, by exactly that stream. All that is damaged ends in
# boot_unpack_damaged: no read before or behind the stream, none of room that is not filled yet, no write outside
# EDI..EBP and LZMA_MEMORY, and no loop that neither reads nor fills room, of which there is an end.
#
# The stream is one number. The range is divided at each decision in the proportion that its probability says; what
# the number, less the start of the range, is below or not is the next bit. A probability is a word, of 0 in 2048ths,
# and goes up or down by a 32nd of the way at each decision. Those of a number's bits, the first one highest, form a
# tree: the place of each is a 1 and the bits before it. Place 0 is free, and some decisions live there.
#
# While it runs: EDI = where the next byte goes, EBP = the range, EDX = the number less the range's start,
# EBX = a tree.

.equ LZMA_ONE, 2048                     # a probability of 1
.equ LZMA_SHIFT, 11                     # and as a shift
.equ LZMA_SPEED, 5                      # a 32nd
.equ LZMA_RANGE_LEAST, 1 << 24          # below it, the next byte of the stream joins
.equ LZMA_STATES, 12                    # what came last: below 7 a literal
.equ LZMA_MATCHED, 7
.equ LZMA_LITERAL_TREE, 0x300 * 2       # bytes; three trees of 256: no byte to compare with, its next bit 0, 1
.equ LZMA_LITERAL_PART, 0x100 * 2
.equ LZMA_SLOT_TREE, 64 * 2
.equ LZMA_NEAR_TREE, 32 * 2             # log: 6
.equ LZMA_NEAR_BITS, 6                  # so many bits behind the first two of a distance have no tree of their own
.equ LZMA_FAR_BITS, 4                   # but the last ones of all those together
.equ LZMA_LENGTH_TREE, 8 * 2            # two of them, a third of 256

.equ LZMA_MEMORY, BOUNCE                # free while nothing is read
.equ LZMA_IS_MATCH, LZMA_MEMORY         # decisions, by state
.equ LZMA_IS_AGAIN, LZMA_IS_MATCH + LZMA_STATES * 2
.equ LZMA_NOT_FIRST, LZMA_IS_AGAIN + LZMA_STATES * 2
.equ LZMA_NOT_SECOND, LZMA_NOT_FIRST + LZMA_STATES * 2
.equ LZMA_NOT_THIRD, LZMA_NOT_SECOND + LZMA_STATES * 2
.equ LZMA_IS_LONG, LZMA_NOT_THIRD + LZMA_STATES * 2
.equ LZMA_LENGTHS, LZMA_IS_LONG + LZMA_STATES * 2
.equ LZMA_LENGTHS_AGAIN, LZMA_LENGTHS + 2 * LZMA_LENGTH_TREE + 256 * 2
.equ LZMA_SLOTS, LZMA_LENGTHS_AGAIN + 2 * LZMA_LENGTH_TREE + 256 * 2  # by length: 2, 3, 4, more
.equ LZMA_NEAR, LZMA_SLOTS + 4 * LZMA_SLOT_TREE                       # by slot, up to 13
.equ LZMA_FAR, LZMA_NEAR + 14 * LZMA_NEAR_TREE
.equ LZMA_LITERALS, LZMA_FAR + 16 * 2                                 # by the top three bits of the byte before
.equ LZMA_MEMORY_END, LZMA_LITERALS + 8 * LZMA_LITERAL_TREE

# ECX = twice ECX plus the bit that is decided at place ECX of the tree EBX. Changes EAX, ESI.
.macro lzma_step
    movzx eax, word ptr [ebx + ecx * 2]
    mov esi, ebp
    shr esi, LZMA_SHIFT
    imul esi, eax
    cmp edx, esi
    jae 7f
    mov ebp, esi
    sub eax, LZMA_ONE - (1 << LZMA_SPEED) + 1  # up: what is missing to 1, rounded down once shifted and negated
    sar eax, LZMA_SPEED
    sub [ebx + ecx * 2], ax
    add ecx, ecx
    cmp ebp, LZMA_RANGE_LEAST
    jae 9f
    jmp 8f
7:  sub ebp, esi
    sub edx, esi
    shr eax, LZMA_SPEED
    sub [ebx + ecx * 2], ax
    lea ecx, [ecx * 2 + 1]
    cmp ebp, LZMA_RANGE_LEAST
    jae 9f
8:  call boot_lzma_byte
9:
.endm

.section .boot.loader, "awx"
.code32
boot_lzma:
    mov [boot_lzma_next], esi
    add ecx, esi
    mov [boot_lzma_last], ecx
    mov [boot_lzma_start], edi
    mov [boot_lzma_end], ebp
    push edi
    mov edi, LZMA_MEMORY
    mov ecx, (LZMA_MEMORY_END - LZMA_MEMORY) / 4
    mov eax, LZMA_ONE / 2 << 16 | LZMA_ONE / 2
    rep stos dword ptr es:[edi], eax
    mov edi, offset boot_lzma_state
    xor eax, eax
    mov cl, 1 + 4                       # it and the distances
    rep stos dword ptr es:[edi], eax
    pop edi
    xor edx, edx
    call boot_lzma_byte
    test edx, edx
    jnz boot_unpack_damaged             # the first byte is 0
    mov cl, 4
1:  call boot_lzma_byte
    loop 1b
    or ebp, -1

boot_lzma_packet:
    cmp edi, [boot_lzma_end]
    jae boot_lzma_done
    mov ebx, LZMA_IS_MATCH
    call boot_lzma_decide
    jc boot_lzma_match

# A literal. Behind a match it is likely another byte than the one that would have gone on with it: as long as its
# bits are that one's, they have trees by the next bit of that one.
    xor eax, eax
    cmp edi, [boot_lzma_start]
    je 1f
    mov al, [edi - 1]
    shr eax, 5
    imul eax, eax, LZMA_LITERAL_TREE
1:  lea ebx, [eax + LZMA_LITERALS]
    mov dword ptr [boot_lzma_limit], 0x100
    mov ecx, 1
    mov eax, [boot_lzma_state]
    mov al, [eax + boot_lzma_states]
    xchg [boot_lzma_state], eax
    cmp eax, LZMA_MATCHED
    jb 3f
    mov esi, [boot_lzma_distances]
    not esi
    mov al, [edi + esi]
    mov [boot_lzma_other], al
2:  push ebx
    add ebx, LZMA_LITERAL_PART
    shl byte ptr [boot_lzma_other], 1
    sbb eax, eax
    push eax
    and eax, LZMA_LITERAL_PART
    add ebx, eax
    call boot_lzma_step
    pop eax
    pop ebx
    xor al, cl
    test al, 1
    jnz 3f
    test ch, ch
    jz 2b
3:  call boot_lzma_tree_on
    mov eax, ecx
    stos byte ptr es:[edi], al
    jmp boot_lzma_packet

boot_lzma_match:
    mov ebx, LZMA_IS_AGAIN
    call boot_lzma_decide
    jc boot_lzma_again

# A length and a new distance, which becomes the first of four.
    mov al, 7
    call boot_lzma_set_state
    mov ebx, LZMA_LENGTHS
    call boot_lzma_length
    push ecx
    cmp ecx, 3
    jb 1f
    mov ecx, 3
1:  imul ebx, ecx, LZMA_SLOT_TREE
    add ebx, LZMA_SLOTS
    mov eax, 64
    call boot_lzma_tree
    mov ebx, ecx
    cmp ecx, 4
    jb 5f                               # the slot is the distance
    and ebx, 1
    or bl, 2                            # else its first two bits, and how many follow
    mov eax, ecx
    shl eax, 6
    add eax, LZMA_NEAR
    shr ecx, 1
    dec ecx
    cmp ecx, LZMA_NEAR_BITS
    jb 3f
    sub ecx, LZMA_FAR_BITS
2:  shr ebp, 1                          # bits that are as likely 0 as 1
    mov esi, edx
    sub esi, ebp
    jb 4f
    mov edx, esi
4:  cmc
    adc ebx, ebx
    cmp ebp, LZMA_RANGE_LEAST
    jae 6f
    call boot_lzma_byte
6:  loop 2b
    mov cl, LZMA_FAR_BITS
    mov eax, LZMA_FAR
3:  push ebx                            # the last bits come the lowest first
    push ecx
    mov ebx, eax
    mov eax, 1
    shl eax, cl
    call boot_lzma_tree
    mov eax, ecx
    pop ecx
    pop ebx
6:  shr eax, 1
    adc ebx, ebx
    loop 6b
5:  mov eax, ebx
    mov ebx, 3
    call boot_lzma_to_front
    pop ecx
    add ecx, 2

# Copies ECX bytes from the first distance.
boot_lzma_copy:
    mov esi, [boot_lzma_distances]      # it counts from 0
    mov eax, edi
    sub eax, [boot_lzma_start]
    cmp esi, eax
    jae boot_unpack_damaged             # it starts before the first byte
    mov eax, [boot_lzma_end]
    sub eax, edi
    cmp ecx, eax
    ja boot_unpack_damaged
    not esi
    add esi, edi
    rep movs byte ptr es:[edi], byte ptr [esi]  # may overlap: then the bytes repeat, as they should
    jmp boot_lzma_packet

# One of the four distances again; that of the first also for one byte.
boot_lzma_again:
    mov ebx, LZMA_NOT_FIRST
    call boot_lzma_decide
    jc 1f
    mov ebx, LZMA_IS_LONG
    call boot_lzma_decide
    jc 3f
    mov al, 9
    call boot_lzma_set_state
    mov ecx, 1
    jmp boot_lzma_copy
1:  mov ebx, LZMA_NOT_SECOND
    call boot_lzma_decide
    mov cl, 1
    jnc 2f
    mov ebx, LZMA_NOT_THIRD
    call boot_lzma_decide
    mov cl, 2
    adc cl, 0
2:  mov ebx, ecx
    mov eax, [ebx * 4 + boot_lzma_distances]
    call boot_lzma_to_front
3:  mov al, 8
    call boot_lzma_set_state
    mov ebx, LZMA_LENGTHS_AGAIN
    call boot_lzma_length
    add ecx, 2
    jmp boot_lzma_copy

boot_lzma_done:
    mov ebp, edi
    mov eax, [boot_lzma_last]
    sub eax, [boot_lzma_next]
    or eax, edx                         # nothing is left of the stream, nor of the number
    jnz boot_unpack_damaged
    ret

# The state AL of these, or if it was a match before, the one for that. Changes EAX, ECX.
boot_lzma_set_state:
    movzx eax, al
    cmp dword ptr [boot_lzma_state], LZMA_MATCHED
    jb 1f
    mov al, [eax + boot_lzma_states_matched - LZMA_MATCHED]
1:  mov [boot_lzma_state], eax
    ret

# EAX becomes the first distance, and what is before the EBX-th, from 0, moves on. Changes EBX.
boot_lzma_to_front:
    push dword ptr [ebx * 4 + boot_lzma_distances - 4]
    pop dword ptr [ebx * 4 + boot_lzma_distances]
    dec ebx
    jnz boot_lzma_to_front
    mov [boot_lzma_distances], eax
    ret

# ECX = a length less 2, by the trees at EBX. Changes EAX, EBX, ESI.
boot_lzma_length:
    call boot_lzma_bit
    mov eax, 8
    jnc boot_lzma_tree
    add ebx, LZMA_LENGTH_TREE
    call boot_lzma_bit
    mov eax, 8
    jnc 1f
    add ebx, LZMA_LENGTH_TREE
    mov eax, 256
    call boot_lzma_tree
    add ecx, 16
    ret
1:  call boot_lzma_tree
    add ecx, 8
    ret

# ECX = a number below EAX, a power of 2, by the tree EBX. Changes EAX, ESI.
boot_lzma_tree:
    mov [boot_lzma_limit], eax
    mov ecx, 1
1:  lzma_step
# The same from place ECX on, with the limit set.
boot_lzma_tree_on:
    cmp ecx, [boot_lzma_limit]
    jb 1b
    sub ecx, [boot_lzma_limit]
    ret

# CF = the decision at EBX for the present state. ECX = 0. Changes EAX, EBX, ESI.
boot_lzma_decide:
    mov eax, [boot_lzma_state]
    lea ebx, [ebx + eax * 2]

# CF = the decision at place 0 of the tree EBX. ECX = 0. Changes EAX, ESI.
boot_lzma_bit:
    xor ecx, ecx
    lzma_step
    shr ecx, 1
    ret

boot_lzma_step:
    lzma_step
    ret

# The stream's next byte joins the number. Changes ESI.
boot_lzma_byte:
    mov esi, [boot_lzma_next]
    cmp esi, [boot_lzma_last]
    jae boot_unpack_damaged
    shl ebp, 8
    shl edx, 8
    mov dl, [esi]
    inc dword ptr [boot_lzma_next]
    ret

# The next state: after a literal; and of a match (7), a repeated one (8), one byte (9), if there was one before.
boot_lzma_states:           .byte 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 4, 5
boot_lzma_states_matched:   .byte 10, 11, 11
.balign 4
boot_lzma_state:            .long 0
boot_lzma_distances:        .long 0, 0, 0, 0    # the last four, each less 1
boot_lzma_start:            .long 0
boot_lzma_end:              .long 0
boot_lzma_next:             .long 0
boot_lzma_last:             .long 0             # behind the stream's last byte
boot_lzma_limit:            .long 0
boot_lzma_other:            .byte 0             # bits of the byte that a match would have gone on with
.code64
