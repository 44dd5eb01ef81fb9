//! `compute`: three programs that only compute, with interrupts on: a sieve, a string search, a loop of 32-bit
//! multiplications. Of each it sends over COM1 what came of it and how many time-stamp counts it took, in decimal.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
.set COMPUTE_SEGMENT, 0x2000
# Odd numbers from 3 on.
.set SIEVE_FLAGS, 8191
.set SIEVE_ROUNDS, 100
.set SEARCH_TEXT_BYTES, 60000
.set SEARCH_ROUNDS, 60
.set SEARCH_WORD_BYTES, 4
.set MULTIPLY_ROUNDS, 2500000
# A linear congruential generator: "Numerical Recipes", 7.1.
.set MULTIPLIER, 1664525
.set INCREMENT, 1013904223

    call serial_open
    mov ax, COMPUTE_SEGMENT
    mov es, ax
    mov si, offset compute_programs
compute_next:
    lodsw
    movzx ebx, ax
    call serial_print
    test bx, bx
    jz compute_stop
    push si
    rdtsc
    push eax
    call ebx                            # near calls and returns have 32 bits here
    mov ebp, eax
    rdtsc
    pop ebx
    sub eax, ebx
    push eax
    mov eax, ebp
    call compute_number
    pop eax
    call compute_number
    mov al, LF
    call serial_send
    pop si
    jmp compute_next
compute_stop:
    call serial_drain
    cli
    hlt

# Sends a space, and EAX in decimal.
compute_number:
    push eax
    mov al, ' '
    call serial_send
    pop eax
    jmp serial_decimal

# How many odd primes there are among the first numbers.
compute_sieve:
    mov bp, SIEVE_ROUNDS
sieve_round:
    xor di, di
    mov cx, SIEVE_FLAGS
    mov al, 1
    rep stosb
    xor eax, eax
    xor si, si
sieve_number:
    cmp byte ptr es:[si], 0
    je sieve_next
    inc ax
    lea bx, [si + 3]
    add bx, si
    lea di, [bx + si]
sieve_strike:
    cmp di, SIEVE_FLAGS
    jae sieve_next
    mov byte ptr es:[di], 0
    add di, bx
    jmp sieve_strike
sieve_next:
    inc si
    cmp si, SIEVE_FLAGS
    jb sieve_number
    dec bp
    jnz sieve_round
    ret

# How often the word stands in a text of four letters.
compute_search:
    xor di, di
    mov cx, SEARCH_TEXT_BYTES
    mov ebx, 1
search_write:
    imul ebx, ebx, MULTIPLIER
    add ebx, INCREMENT
    mov eax, ebx
    shr eax, 30
    add al, 'a'
    stosb
    loop search_write
    mov bp, SEARCH_ROUNDS
search_round:
    xor edx, edx
    xor di, di
    mov cx, SEARCH_TEXT_BYTES
search_letter:
    mov al, [search_word]
    repne scasb
    jne search_over
    push cx
    push di
    mov si, offset search_word + 1
    mov cx, SEARCH_WORD_BYTES - 1
    repe cmpsb
    pop di
    pop cx
    jne search_letter
    inc dx
    jmp search_letter
search_over:
    dec bp
    jnz search_round
    mov eax, edx
    ret

# The number that so many steps of the generator lead to.
compute_multiply:
    mov eax, 1
    mov esi, MULTIPLIER
    mov ecx, MULTIPLY_ROUNDS
multiply_step:
    mul esi
    add eax, INCREMENT
    dec ecx
    jnz multiply_step
    ret

# Where each begins, and its name.
compute_programs:
    .word compute_sieve
    .asciz "sieve"
    .word compute_search
    .asciz "search"
    .word compute_multiply
    .asciz "multiply"
    .word 0
    .asciz "end\n"
search_word:
    .ascii "abba"
"#,
    include_str!("../asm/serial.s"),
    r#"
end_of_sector
.code64
"#,
    options(raw)
);
