# DEFLATE (RFC 1951) for unpack.s: a stream of blocks, each stored, or in a code of its own or the fixed one.
#
# On entry: protected mode, flat 32-bit segments. ESI = the stream, ECX = its bytes and INFLATE_TAIL more, so that a
# dword may be read anywhere in it; EDI..EBP = room for what it unpacks to.
# Responsible for: EDI = the end of that. All that is damaged ends in boot_unpack_damaged: no read before or behind
# the stream, no write outside EDI..EBP and INFLATE_MEMORY, and each turn of a loop takes bits, of which there is an
# end.
#
# A code's table has an entry for each value that the next bits can have, as many bits as its longest code: the
# symbol times 16, plus the bits to take. No code is 0. It starts with a dword, its last index, a mask of those bits.
#
# While it runs: ESI and EBP as on entry, EDI = where the next byte goes, EDX = the next bit's number in the stream.

.equ INFLATE_TAIL, 4
.equ INFLATE_LONGEST, 15                # bits of a code
.equ INFLATE_TABLE, 4 + (2 << INFLATE_LONGEST)
.equ INFLATE_MEMORY, BOUNCE             # free while nothing is read
.equ INFLATE_SYMBOLS, INFLATE_MEMORY    # tables: bytes and lengths,
.equ INFLATE_DISTANCES, INFLATE_SYMBOLS + INFLATE_TABLE
.equ INFLATE_LENGTHS, INFLATE_DISTANCES + INFLATE_TABLE
.equ INFLATE_LENGTHS_LIMIT, 320         # a dynamic block's header can name that many, and the fixed code has them
.equ INFLATE_MEMORY_END, INFLATE_LENGTHS + INFLATE_LENGTHS_LIMIT
.equ INFLATE_BLOCK_END, 256             # symbols: below it bytes, above it lengths
.equ INFLATE_LENGTH_258, 285            # the last one, which the rule for the others does not give
.equ INFLATE_DISTANCE_CODES, 30
.equ INFLATE_REPEAT, 16                 # among code lengths: first of three that repeat

# EAX = at least 25 of the next bits, from bit 0 on. Changes ECX.
.macro inflate_look
    cmp edx, [boot_inflate_last]
    ja boot_unpack_damaged
    mov ecx, edx
    shr ecx, 3
    mov eax, [esi + ecx]
    mov cl, dl
    and cl, 7
    shr eax, cl
.endm

.section .boot.loader, "awx"
.code32
boot_inflate:
    sub ecx, INFLATE_TAIL
    jb boot_unpack_damaged
    shl ecx, 3
    mov [boot_inflate_last], ecx
    mov [boot_inflate_start], edi
    xor edx, edx
boot_inflate_block:
    mov ecx, 3
    call boot_inflate_bits
    push eax                            # bit 0: it is the last
    shr eax, 1
    jz boot_inflate_stored
    dec eax
    jz boot_inflate_fixed
    dec eax
    jz boot_inflate_dynamic
    jmp boot_unpack_damaged

# Symbols until the block's end, by both tables.
boot_inflate_coded:
    mov ebx, INFLATE_SYMBOLS
1:  call boot_inflate_symbol
    cmp eax, INFLATE_BLOCK_END
    jae 2f
    cmp edi, ebp
    jae boot_unpack_damaged
    stos byte ptr es:[edi], al
    jmp 1b
2:  je boot_inflate_block_done
    cmp eax, INFLATE_LENGTH_258
    ja boot_unpack_damaged
    mov ecx, 258
    je 3f
    sub eax, INFLATE_BLOCK_END + 1
    mov cl, 2
    call boot_inflate_number
    lea ecx, [eax + 3]
3:  push ecx                            # the length
    mov ebx, INFLATE_DISTANCES
    call boot_inflate_symbol
    cmp eax, INFLATE_DISTANCE_CODES
    jae boot_unpack_damaged
    mov cl, 1
    call boot_inflate_number
    pop ecx
    mov ebx, edi
    sub ebx, [boot_inflate_start]
    cmp eax, ebx
    jae boot_unpack_damaged             # it starts before the first byte
    mov ebx, ebp
    sub ebx, edi
    cmp ecx, ebx
    ja boot_unpack_damaged
    push esi
    mov esi, edi
    sub esi, eax
    dec esi                             # distances count from 1
    rep movs byte ptr es:[edi], byte ptr [esi]  # may overlap: then the bytes repeat, as they should
    pop esi
    jmp boot_inflate_coded

# From the next whole byte on: a count, its complement, the bytes.
boot_inflate_stored:
    add edx, 7
    and edx, ~7
    mov ecx, 16
    call boot_inflate_bits
    push eax
    mov ecx, 16
    call boot_inflate_bits
    pop ecx
    xor ax, cx
    inc ax
    jnz boot_unpack_damaged
    mov eax, ebp
    sub eax, edi
    cmp ecx, eax
    ja boot_unpack_damaged              # no room for so many
    lea ebx, [edx + ecx * 8]
    cmp ebx, [boot_inflate_last]
    ja boot_unpack_damaged              # nor are there so many
    push esi
    shr edx, 3
    add esi, edx
    rep movs byte ptr es:[edi], byte ptr [esi]
    pop esi
    mov edx, ebx

boot_inflate_block_done:
    pop eax
    test al, 1
    jz boot_inflate_block
    add edx, 7
    xor edx, [boot_inflate_last]
    shr edx, 3                          # the stream ends in its last byte
    jnz boot_unpack_damaged
    ret

# The fixed code: 144 symbols have 8 bits, 112 have 9, 24 have 7, 8 have 8; distances have 5.
boot_inflate_fixed:
    push edi
    mov edi, INFLATE_LENGTHS
    mov eax, 0x08080808
    mov ecx, 144 / 4
    rep stos dword ptr es:[edi], eax
    mov eax, 0x09090909
    mov cl, 112 / 4
    rep stos dword ptr es:[edi], eax
    mov eax, 0x07070707
    mov cl, 24 / 4
    rep stos dword ptr es:[edi], eax
    mov eax, 0x08080808
    mov cl, 8 / 4
    rep stos dword ptr es:[edi], eax
    mov eax, 0x05050505
    mov cl, 32 / 4
    rep stos dword ptr es:[edi], eax
    pop edi
    mov eax, 288
    mov ecx, 32

# The tables of a block with EAX symbols and ECX distances, whose lengths are known.
boot_inflate_tables:
    push ecx
    push eax
    mov ebx, INFLATE_SYMBOLS
    mov ecx, eax
    mov eax, INFLATE_LENGTHS
    call boot_inflate_build
    pop eax
    pop ecx
    add eax, INFLATE_LENGTHS
    mov ebx, INFLATE_DISTANCES
    call boot_inflate_build
    jmp boot_inflate_coded

# The code's lengths are themselves in a code, whose lengths, of three bits, come first.
boot_inflate_dynamic:
    mov ecx, 14
    call boot_inflate_bits
    mov ebx, eax
    and eax, 31
    add eax, 257
    push eax                            # symbols
    shr ebx, 5
    mov ecx, ebx
    and ecx, 31
    inc ecx
    push ecx                            # distances
    lea eax, [eax + ecx + INFLATE_LENGTHS]
    mov [boot_inflate_lengths_end], eax
    push edi
    mov edi, INFLATE_LENGTHS
    xor eax, eax
    mov ecx, 20 / 4
    rep stos dword ptr es:[edi], eax
    shr ebx, 5
    lea ecx, [ebx + 4]
    mov ebx, offset boot_inflate_order
1:  push ecx
    mov ecx, 3
    call boot_inflate_bits
    movzx ecx, byte ptr [ebx]
    mov [ecx + INFLATE_LENGTHS], al
    inc ebx
    pop ecx
    dec ecx
    jnz 1b
    mov ebx, INFLATE_SYMBOLS
    mov eax, INFLATE_LENGTHS
    mov ecx, 19
    call boot_inflate_build
    mov edi, eax
2:  call boot_inflate_symbol
    mov ecx, 1
    cmp eax, INFLATE_REPEAT
    jb 4f                               # a length; above it, how often one repeats follows
    movzx ecx, byte ptr [eax + boot_inflate_repeat_bits - INFLATE_REPEAT]
    push eax
    call boot_inflate_bits
    pop ecx
    add al, [ecx + boot_inflate_repeat_least - INFLATE_REPEAT]
    xchg eax, ecx
    sub eax, INFLATE_REPEAT
    jz 3f
    xor eax, eax                        # the length 0
    jmp 4f
3:  cmp edi, INFLATE_LENGTHS
    je boot_unpack_damaged
    mov al, [edi - 1]                   # the length before
4:  push eax
    lea eax, [edi + ecx]
    cmp eax, [boot_inflate_lengths_end]
    pop eax
    ja boot_unpack_damaged
    rep stos byte ptr es:[edi], al
    cmp edi, [boot_inflate_lengths_end]
    jb 2b
    pop edi
    pop ecx
    pop eax
    jmp boot_inflate_tables

# Makes the table at EBX of a code: EAX = its symbols' lengths, ECX = how many. A symbol of length 0 has none. Keeps
# all registers.
#
# Codes of one length count up, and go on with a 0 more for the next length. A code's first bit is bit 0 here, so
# it counts from the top. The table doubles with each length: what is there has then either bit behind it.
boot_inflate_build:
    pushad
    mov esi, eax
    mov ebp, ecx
    xor eax, eax                        # the length
    xor edx, edx                        # the next code
    mov [ebx], eax
    mov [ebx + 4], ax
1:  inc eax
    push esi
    lea esi, [ebx + 4]
    mov ecx, [ebx]
    inc ecx
    lea edi, [esi + ecx * 2]
    rep movs word ptr es:[edi], word ptr [esi]
    pop esi
    shl dword ptr [ebx], 1
    inc dword ptr [ebx]
    mov edi, esi
    mov ecx, ebp
2:  repne scas al, byte ptr es:[edi]
    jne 5f
    test edx, edx
    js boot_unpack_damaged              # more symbols than codes
    push ecx
    mov ecx, edi
    sub ecx, esi
    dec ecx                             # the symbol
    shl ecx, 4
    or ecx, eax
    mov [ebx + edx * 2 + 4], cx
    mov ecx, [ebx]
    inc ecx
3:  shr ecx, 1                          # from its last bit on: a 1 becomes 0, up to a 0, which becomes 1
    jz 6f
    xor edx, ecx
    test edx, ecx
    jz 3b
4:  pop ecx
    jecxz 5f
    jmp 2b
6:  dec edx                             # all were 1: no code is left
    jmp 4b
5:  test edx, edx
    js 7f
    cmp al, INFLATE_LONGEST
    jb 1b
7:  popad
    ret

# EAX = the next symbol, by the table at EBX. Changes ECX.
boot_inflate_symbol:
    inflate_look
    and eax, [ebx]
    movzx eax, word ptr [ebx + eax * 2 + 4]
    mov ecx, eax
    and ecx, 15
    jz boot_unpack_damaged              # not a code
    add edx, ecx
    shr eax, 4
    ret

# EAX = the next ECX bits, 1 to 16. Keeps EBX, ECX.
boot_inflate_bits:
    push ecx
    inflate_look
    pop ecx
    add edx, ecx
    neg cl
    shl eax, cl
    shr eax, cl
    neg cl
    ret

# EAX = a length less 3, or a distance less 1, from its symbol EAX of that kind. The first 2 * 2^CL symbols are the
# number; each 2^CL more have one more bit behind them, which follow. Changes EBX, ECX.
boot_inflate_number:
    mov ebx, eax
    shr eax, cl
    dec eax
    jle 1f
    push eax                            # bits
    shl eax, cl
    sub ebx, eax
    pop ecx
    shl ebx, cl
    call boot_inflate_bits
    add eax, ebx
    ret
1:  mov eax, ebx
    ret

# The lengths of the code lengths' code come with those first that are likely.
boot_inflate_order:         .byte 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15
boot_inflate_repeat_bits:   .byte 2, 3, 7
boot_inflate_repeat_least:  .byte 3, 3, 11
.balign 4
boot_inflate_start:         .long 0
boot_inflate_last:          .long 0
boot_inflate_lengths_end:   .long 0
.code64
