//! `control-register`: CR0 as a real-mode program uses it, by MOV, CLTS, LMSW and SMSW, and what its bits do. Prints the low word,
//! or the high one, after each, and how many #NM and #GP there were.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
.set INT_NO_DEVICE, 7
.set INT_PROTECTION, 13
.set PROTECTION_TABLE, INT_PROTECTION * VECTOR_SIZE
.set CR0_MP, 1 << 1
.set CR0_EM, 1 << 2
.set CR0_TS, 1 << 3
.set CR0_ET, 1 << 4
.set CR0_NW, 1 << 29
.set CR0_WP_AM_CD, 1 << 16 | 1 << 18 | 1 << 30
.set CR0_PG, 1 << 31

    mov word ptr [INT_NO_DEVICE * VECTOR_SIZE], offset control_no_device
    mov word ptr [INT_NO_DEVICE * VECTOR_SIZE + 2], 0
    mov word ptr [PROTECTION_TABLE], offset control_protection
    mov word ptr [PROTECTION_TABLE + 2], 0
    xor ebp, ebp                        # how many exceptions
    mov eax, CR0_ET
    mov cr0, eax
    mov eax, cr0
    call control_print                  # 0010
    mov esi, CR0_ET | CR0_TS | CR0_MP
    mov cr0, esi
    mov edi, cr0
    mov eax, edi
    call control_print                  # 001A
    fnop                                # #NM: TS
    mov ax, bp
    call control_print                  # 0001
    clts
    mov ecx, cr0
    mov eax, ecx
    call control_print                  # 0012
    fnop                                # none
    mov ax, CR0_EM
    lmsw ax                             # MP goes, EM comes
    mov eax, cr0
    call control_print                  # 0014
    fnop                                # #NM: EM
    mov ax, bp
    call control_print                  # 0002
    mov eax, CR0_ET | CR0_WP_AM_CD
    mov cr0, eax
    mov eax, cr0
    shr eax, 16
    call control_print                  # 4005
    mov eax, CR0_ET
    mov cr0, eax
    mov eax, CR0_ET | CR0_PG
    mov cr0, eax                        # #GP: PG without PE
    mov eax, CR0_ET | CR0_NW
    mov cr0, eax                        # #GP: NW without CD
    mov ax, bp
    call control_print                  # 0202
    mov eax, cr0
    call control_print                  # 0010
    smsw ax
    and al, ~1 & 0xFF                   # PE, which back-ends may show
    call control_print                  # 0010
    cli
control_end:
    hlt
    jmp control_end

# Prints AX and a space. Changes AX, BX, CX.
control_print:
    call boot_print_hex
    mov al, ' '
    jmp boot_put

# Both go on behind their instruction: FNOP has two bytes, MOV CR0 three.
control_protection:
    add bp, 0x100
    push bx
    mov bx, sp
    inc word ptr ss:[bx + 2]
    jmp control_skip
control_no_device:
    inc bp
    push bx
    mov bx, sp
control_skip:
    add word ptr ss:[bx + 2], 2
    pop bx
    iret
end_of_sector
.code64
"#,
    options(raw)
);
