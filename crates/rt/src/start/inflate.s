# DEFLATE (RFC 1951) for unpack.s: a stream of blocks, each stored, or in a code of its own or the fixed one.
#
# On entry: protected mode, flat 32-bit segments. ESI = the stream, ECX = its bytes and INFLATE_TAIL more;
# EDI..EBP = room for what it unpacks to.
# Responsible for: EDI = the end of that. All that is damaged ends in boot_unpack_damaged: no read before or behind
# the stream and its tail, no write outside EDI..EBP and INFLATE_MEMORY, and no loop that neither takes bits nor fills
# room, of which there is an end.
#
# A code's table has an entry for each value that the next bits can have, as many bits as its longest code: the
# symbol times 16, plus the bits to take. What is no code has a symbol beyond all. The table starts with a dword, its
# last index, which is a mask of those bits.
#
# While it runs: ESI and EBP as on entry, EDI = where the next byte goes, EDX = the next bit's number in the stream.

# Whether there are bits left is asked before each byte, or length and distance. The distance's bits start up to 20
# behind that place; they are taken from two dwords, the first of which holds the first bit.
.equ INFLATE_TAIL, 12
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
.equ INFLATE_NO_CODE, 0xfff0
.equ INFLATE_REPEAT, 16                 # among code lengths: first of three that repeat

# EAX = the next 32 bits. Changes EBX, ECX.
.macro inflate_look
    mov ecx, edx
    shr ecx, 5
    mov eax, [esi + ecx * 4]
    mov ebx, [esi + ecx * 4 + 4]
    mov ecx, edx
    shrd eax, ebx, cl                   # by its five low bits
.endm

# EAX = the next symbol by a table, ECX = its bits, EBX = they and those behind.
.macro inflate_symbol table
    inflate_look
    mov ebx, eax
    and eax, [\table]
    movzx eax, word ptr [eax * 2 + \table + 4]
    mov ecx, eax
    and ecx, 15
    add edx, ecx
    shr eax, 4
.endm

# EAX = a length less 3, or a distance less 1, from the symbol EAX of that kind: the first 2 * 2^exponent symbols are
# the number itself; each 2^exponent more take one more bit. EBX = what is behind the symbol. Changes EBX, ECX.
.macro inflate_number exponent
    cmp eax, 2 << \exponent
    jb 9f
    mov ecx, eax
    shr ecx, \exponent
    dec ecx                             # how many bits
    add edx, ecx
    and eax, (1 << \exponent) - 1
    or eax, 1 << \exponent
    ror ebx, cl
    shld eax, ebx, cl
9:
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
1:  cmp edx, [boot_inflate_last]
    ja boot_unpack_damaged
    inflate_symbol INFLATE_SYMBOLS
    cmp eax, INFLATE_BLOCK_END
    jae 2f
    cmp edi, ebp
    jae boot_unpack_damaged
    stos byte ptr es:[edi], al
    jmp 1b
2:  je boot_inflate_block_done
    shr ebx, cl
    cmp eax, INFLATE_LENGTH_258
    ja boot_unpack_damaged
    mov ecx, 258 - 3
    je 3f
    sub eax, INFLATE_BLOCK_END + 1
    inflate_number 2
    mov ecx, eax
3:  push ecx                            # the length
    inflate_symbol INFLATE_DISTANCES
    cmp eax, INFLATE_DISTANCE_CODES
    jae boot_unpack_damaged
    shr ebx, cl
    inflate_number 1
    pop ecx
    add ecx, 3
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
    jmp 1b

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
2:  cmp edx, [boot_inflate_last]
    ja boot_unpack_damaged
    inflate_symbol INFLATE_SYMBOLS
    cmp eax, INFLATE_REPEAT + 2
    ja boot_unpack_damaged
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
    xor edx, edx                        # the next code
    mov eax, 1                          # the length
    mov [ebx], eax
    mov dword ptr [ebx + 4], INFLATE_NO_CODE << 16 | INFLATE_NO_CODE
1:  mov edi, esi
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
    je 7f
    inc eax
    push esi
    lea esi, [ebx + 4]
    mov ecx, [ebx]
    inc ecx
    lea edi, [esi + ecx * 2]
    shr ecx, 1
    rep movs dword ptr es:[edi], dword ptr [esi]
    pop esi
    shl dword ptr [ebx], 1
    inc dword ptr [ebx]
    jmp 1b
7:  popad
    ret

# EAX = the next ECX bits, 1 to 16. Keeps EBX, ECX.
boot_inflate_bits:
    cmp edx, [boot_inflate_last]
    ja boot_unpack_damaged
    push ebx
    push ecx
    inflate_look
    pop ecx
    pop ebx
    add edx, ecx
    neg cl
    shl eax, cl
    shr eax, cl
    neg cl
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
