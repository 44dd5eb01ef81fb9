//! `reenter`: a series of VM exits of different kinds, each of which must come back with the right result.
//!
//! The VMM must intercept #GP (exception bitmap) and HLT. What it owes the guest for each exit:
//!
//! | from | instruction | exit | answer |
//! |---|---|---|---|
//! | ring 3 | CPUID, EAX = 40000000h | 10 | EBX, ECX, EDX = `hyper86 VMM ` |
//! | ring 3 | VMCALL, EAX = 1 | 18 | EAX = NOT EBX |
//! | ring 3 | OUT, IN on UART ports | 30 | a 16550, scratch register included |
//! | ring 3 | HLT | 0, #GP(0) | none; goes on behind it |
//! | ring 3 | INVD | 0, #GP(0) | none; goes on behind it |
//! | ring 3 | RDMSR 1Bh | 0, #GP(0) | EDX:EAX = FEE00900h |
//! | ring 3 | INT3, which finds no gate | 0, #GP(1Ah) | the same #GP injected: the ring-0 handler runs |
//! | ring 0 | INVD | 13 | goes on behind it |
//! | ring 0 | RDMSR 1Bh | 31 | EDX:EAX = FEE00900h |
//! | ring 0 | HLT | 12 | goes on behind it |
//! | ring 3 | VMCALL, EAX = 0 | 18 | the end, EBX = checks that passed |
//! | ring 3 | VMCALL, EAX = 2 | 18 | the end: a check failed, EBX = those that passed before |
//!
//! Around each exit the task verifies that all other general registers, and at the end the x87 state, are what they
//! were, and it reports each check on the serial line.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/component.s"),
    include_str!("../asm/serial.s"),
    r#"
.set CALL_END, 0
.set CALL_COMPLEMENT, 1
.set CALL_FAILED, 2
.set CPUID_HYPERVISOR, 0x40000000
.set IA32_APIC_BASE, 0x1B
.set APIC_BASE_BOOT_PROCESSOR, 0xFEE00900
.set X87_EQUAL_AH, 1 << 6

# What the registers hold around an exit that does not change them.
.set KEPT_EAX, 0xA0A1A2A3
.set KEPT_EBX, 0xB0B1B2B3
.set KEPT_ECX, 0xC0C1C2C3
.set KEPT_EDX, 0xD0D1D2D3
.set KEPT_ESI, 0x51525354
.set KEPT_EDI, 0xD1525354
.set KEPT_EBP, 0x0B525354

.macro expect register, value
    cmp \register, \value
    jne guest_failed
.endm

.macro load_registers
    mov eax, KEPT_EAX
    mov ebx, KEPT_EBX
    mov ecx, KEPT_ECX
    mov edx, KEPT_EDX
    mov esi, KEPT_ESI
    mov edi, KEPT_EDI
    mov ebp, KEPT_EBP
.endm

.macro expect_kept_pointers
    expect esi, KEPT_ESI
    expect edi, KEPT_EDI
    expect ebp, KEPT_EBP
.endm

.macro expect_kept_all
    expect eax, KEPT_EAX
    expect ebx, KEPT_EBX
    expect ecx, KEPT_ECX
    expect edx, KEPT_EDX
    expect_kept_pointers
.endm

# Reports a check that passed. Changes AL, SI.
.macro passed text
    mov si, offset \text
    call guest_passed
.endm

guest_checks_passed:
    .long 0
guest_ring0_result:
    .long 0, 0
guest_text_ok:
    .byte CR, LF, NUL
guest_text_cpuid:
    .asciz " CPUID: came back as hyper86 VMM"
guest_text_vmcall:
    .asciz " VMCALL: came back with the complement"
guest_text_io:
    .asciz " OUT and IN: the UART kept the byte"
guest_text_hlt:
    .asciz " HLT: went on"
guest_text_invd:
    .asciz " INVD: went on"
guest_text_rdmsr:
    .asciz " RDMSR: came back with the APIC base"
guest_text_ring0_invd:
    .asciz " ring 0, INVD: went on"
guest_text_ring0_rdmsr:
    .asciz " ring 0, RDMSR: came back with the APIC base"
guest_text_ring0_hlt:
    .asciz " ring 0, HLT: went on"
guest_text_x87:
    .asciz " x87: kept its state"
guest_text_failed:
    .asciz " the check after that FAILED"

.code16
guest_task:
    mov ax, cs
    mov ds, ax
    mov es, ax
    cld
    fninit
    fldpi

    load_registers
    mov eax, CPUID_HYPERVISOR
    cpuid
    expect ebx, 0x65707968              # "hype"
    expect ecx, 0x20363872              # "r86 "
    expect edx, 0x204D4D56              # "VMM "
    expect_kept_pointers
    call serial_open
    passed guest_text_cpuid

    load_registers
    mov eax, CALL_COMPLEMENT
    vmcall
    expect eax, ~KEPT_EBX & 0xFFFFFFFF
    mov eax, KEPT_EAX
    expect_kept_all
    passed guest_text_vmcall

    load_registers
    mov dx, UART_SCRATCH
    out dx, al
    not al
    in al, dx
    mov edx, KEPT_EDX
    expect_kept_all
    passed guest_text_io

    load_registers
    hlt
    expect_kept_all
    passed guest_text_hlt

    load_registers
    invd
    expect_kept_all
    passed guest_text_invd

    load_registers
    mov ecx, IA32_APIC_BASE
    rdmsr
    expect eax, APIC_BASE_BOOT_PROCESSOR
    expect edx, 0
    expect ebx, KEPT_EBX
    expect ecx, IA32_APIC_BASE
    expect_kept_pointers
    passed guest_text_rdmsr

    # The ring-0 part, and back.
    load_registers
    int3
    expect_kept_all
    passed guest_text_ring0_invd
    mov eax, [guest_ring0_result]
    expect eax, APIC_BASE_BOOT_PROCESSOR
    mov eax, [guest_ring0_result + 4]
    expect eax, 0
    passed guest_text_ring0_rdmsr
    passed guest_text_ring0_hlt

    fldpi
    fcompp
    fnstsw ax
    test ah, X87_EQUAL_AH
    jz guest_failed
    passed guest_text_x87

    call serial_drain
    mov ebx, [guest_checks_passed]
    mov eax, CALL_END
guest_end:
    vmcall
    jmp guest_end

guest_failed:
    mov si, offset guest_text_failed
    call serial_print
    mov si, offset guest_text_ok
    call serial_print
    call serial_drain
    mov ebx, [guest_checks_passed]
    mov eax, CALL_FAILED
guest_failed_end:
    vmcall
    jmp guest_failed_end

# Counts a check and sends the text at SI as a line. Changes AL, SI.
guest_passed:
    inc dword ptr [guest_checks_passed]
    call serial_print
    mov si, offset guest_text_ok
    jmp serial_print

# Behind the error code: EIP of the INT3, which must be stepped over.
.set FRAME_EIP, 4
.code32
guest_isr_gpf:
    inc dword ptr [esp + FRAME_EIP]
    pushad
    invd
    mov ecx, IA32_APIC_BASE
    rdmsr
    mov ss:[guest_ring0_result], eax
    mov ss:[guest_ring0_result + 4], edx
    hlt
    popad
    add esp, 4                          # the error code
    iretd
.code64
"#,
    options(raw)
);
