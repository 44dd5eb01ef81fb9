//! `unassigned-ports`: reads ports that nobody answers, three times and in each width, and writes two.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
.set NOBODY, 0x5A0

    mov dx, NOBODY
    xor eax, eax
    in al, dx
    mov cl, 2
    call ports_print
    xor eax, eax
    in ax, dx
    mov cl, 4
    call ports_print
    xor eax, eax
    in eax, dx
    mov cl, 8
    call ports_print
    out dx, al
    out dx, eax
    cli
ports_end:
    hlt
    jmp ports_end

# Prints the last CL hexadecimal digits of EAX, and a space. Changes EAX, EBX, CX.
ports_print:
    xor ch, ch
    mov ebx, ecx
    shl ebx, 2
    neg ebx
    add ebx, 32
    xchg ecx, ebx
    shl eax, cl                         # the first digit to the top
    mov ecx, ebx
ports_digit:
    rol eax, 4
    push eax
    push cx
    and al, 0xF
    cmp al, 10
    sbb al, 0x69                        # with DAS: a digit as ASCII
    das
    call boot_put
    pop cx
    pop eax
    loop ports_digit
    mov al, ' '
    jmp boot_put
end_of_sector
.code64
"#,
    options(raw)
);
