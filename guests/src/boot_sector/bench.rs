//! `bench`: what things cost. Before and after each of 300 rounds of each thing it reads the time-stamp counter, and what
//! the VMM counted (two CPUID leaves that the VMM answers for this guest alone). At the end it sends all of it
//! over COM1: for each row 300 times {instructions, VMREADs, VMWRITEs, MSR accesses, instructions slept, exits}, each a
//! little-endian doubleword. The first row is the harness around nothing.
//!
//! The rows' order is the one of `cli/src/bench/rows.rs`.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    r#"
.set BENCH_SECTORS, 7
.set BENCH_PROGRAM, BOOT_ADDRESS + SECTOR_SIZE
.set BENCH_ROUNDS, 300
.set BENCH_LEAF, 0x40000100
# Where results are kept: a row of 300 samples of 24 bytes fills 450 paragraphs.
.set BENCH_RESULTS_SEGMENT, 0x2000
.set BENCH_SAMPLE_SIZE, 24
.set BENCH_ROW_PARAGRAPHS, BENCH_ROUNDS * BENCH_SAMPLE_SIZE / 16
# Where strings come from and go to.
.set BENCH_BUFFER, 0xA000
.set BENCH_CHARACTERS, 1000
.set BENCH_WORDS, 256

.set PIC1_MASK, 0x21
.set PIC_MASK_ALL, 0xFF
.set PIC_MASK_ALL_BUT_TIMER, 0xFE
.set PIC_MASK_ALL_BUT_COM1, 0xEF
.set ICW1_ICW4_FOLLOWS, 0x11
.set ICW3_CASCADE, 0x04
.set ICW4_8086, 0x01
.set ICW4_AUTO_EOI, 0x02
.set INT_COM1, 0x0C
.set INT_OWN, 0x60
.set PIT_CHANNEL_0, 0x40
.set PIT_CONTROL, 0x43
.set PIT_SQUARE_WAVE, 0x36
.set PIT_1_KHZ, 1193
.set UART_IDENTIFICATION, UART + 2
.set MODEM_OUT_2, 1 << 3
.set INTERRUPT_ON_EMPTY, 1 << 1
.set TEXT_SEGMENT, 0xB800
.set TIME_STAMP_COUNTER, 0x10

    mov ax, 0x0200 + BENCH_SECTORS
    mov bx, BENCH_PROGRAM
    mov cx, 2
    xor dh, dh
    int 0x13
    jnc bench_start
    mov si, offset bench_unread
    call boot_print
bench_stop:
    cli
    hlt
    jmp bench_stop
bench_unread:
    .asciz "cannot read the program\r\n"

.balign 4, 0
bench_before:
    .long 0, 0, 0, 0, 0
bench_begin:
    .long 0
bench_elapsed:
    .long 0
# The registers with which a thing begins.
bench_ax:
    .word 0
bench_cx:
    .word 0
bench_dx:
    .word 0
bench_si:
    .word 0
bench_di:
    .word 0
bench_es:
    .word 0
bench_rounds:
    .word 0
bench_segment:
    .word BENCH_RESULTS_SEGMENT
end_of_sector

# A row: these registers, then what follows up to `end_row`, 300 times. \prepare runs before each round, unmeasured.
.macro row name, prepare=bench_nothing, ax=0, cx=0, dx=0, si=0, di=0, es=0
    mov word ptr [bench_ax], \ax
    mov word ptr [bench_cx], \cx
    mov word ptr [bench_dx], \dx
    mov word ptr [bench_si], \si
    mov word ptr [bench_di], \di
    mov word ptr [bench_es], \es
    mov word ptr [bench_rounds], BENCH_ROUNDS
    xor bp, bp
bench_\name:
    call \prepare
    call bench_open
    rdtsc
    mov [bench_begin], eax
    mov ax, [bench_ax]
    movzx ecx, word ptr [bench_cx]
    mov dx, [bench_dx]
    mov si, [bench_si]
    mov di, [bench_di]
    mov es, [bench_es]
.endm
.macro end_row name
    rdtsc
    sub eax, [bench_begin]
    mov [bench_elapsed], eax
    call bench_close
    jnz bench_\name
    add word ptr [bench_segment], BENCH_ROW_PARAGRAPHS
.endm

bench_start:
    cli
    mov word ptr [INT_OWN * VECTOR_SIZE], offset bench_own
    mov [INT_OWN * VECTOR_SIZE + 2], cs
    mov word ptr [INT_COM1 * VECTOR_SIZE], offset bench_com1
    mov [INT_COM1 * VECTOR_SIZE + 2], cs
    mov word ptr [INT_TIMER * VECTOR_SIZE], offset bench_own
    mov [INT_TIMER * VECTOR_SIZE + 2], cs
    mov al, PIC_MASK_ALL
    out PIC1_MASK, al
    call serial_open
    mov dx, UART_MODEM_CONTROL
    mov al, MODEM_DTR | MODEM_RTS | MODEM_OUT_2
    out dx, al
    mov di, BENCH_BUFFER
    mov cx, BENCH_CHARACTERS
    mov al, '.'
    rep stosb
    sti

    row harness
    end_row harness
    row cpuid
    xor eax, eax
    cpuid
    end_row cpuid
    # INT 12h is the least that a service can be.
    row vmcall
    int 0x12
    end_row vmcall
    row out_pic, ax=PIC_MASK_ALL
    out PIC1_MASK, al
    end_row out_pic
    row in_pic
    in al, PIC1_MASK
    end_row in_pic
    row out_uart, ax='.', dx=UART_DATA
    out dx, al
    end_row out_uart
    row in_uart, dx=UART_LINE_STATUS
    in al, dx
    end_row in_uart
    # Low and high byte in turn.
    row out_pit
    out PIT_CHANNEL_0, al
    end_row out_pit

    # The timer at 1 kHz, and interrupts that end by themselves, so that the handler is an IRET.
    mov al, PIT_SQUARE_WAVE
    out PIT_CONTROL, al
    mov al, PIT_1_KHZ & 0xFF
    out PIT_CHANNEL_0, al
    mov al, PIT_1_KHZ >> 8
    out PIT_CHANNEL_0, al
    mov ax, (ICW4_8086 | ICW4_AUTO_EOI) << 8 | PIC_MASK_ALL_BUT_TIMER
    call bench_open_pic
    row hlt
    hlt
    end_row hlt
    mov ax, ICW4_8086 << 8 | PIC_MASK_ALL
    call bench_open_pic
    mov al, PIT_SQUARE_WAVE
    out PIT_CONTROL, al
    xor al, al
    out PIT_CHANNEL_0, al
    out PIT_CHANNEL_0, al

    row rdmsr, cx=TIME_STAMP_COUNTER
    rdmsr
    end_row rdmsr
    row irq_pair, bench_request, ax=PIC_MASK_ALL_BUT_COM1
    out PIC1_MASK, al
    end_row irq_pair
    mov dx, UART_INTERRUPT_ENABLE
    xor al, al
    out dx, al
    row int_iret
    int INT_OWN
    end_row int_iret
    row cli_sti
    cli
    sti
    end_row cli_sti
    row pushf_popf
    pushf
    popf
    end_row pushf_popf
    row text_write, ax=0x0700 + '.', es=TEXT_SEGMENT
    mov es:[di], ax
    end_row text_write
    row uart_1000, cx=BENCH_CHARACTERS, si=BENCH_BUFFER
bench_character:
    mov dx, UART_LINE_STATUS
bench_wait:
    in al, dx
    test al, STATUS_HOLDING_EMPTY
    jz bench_wait
    lodsb
    mov dx, UART_DATA
    out dx, al
    loop bench_character
    end_row uart_1000
    row rep_outsb, cx=BENCH_CHARACTERS, dx=UART_DATA, si=BENCH_BUFFER
    rep outsb
    end_row rep_outsb
    row rep_insw, cx=BENCH_WORDS, dx=PIC1_COMMAND, di=BENCH_BUFFER
    rep insw
    end_row rep_insw

    mov dx, UART_DATA
    mov bx, BENCH_RESULTS_SEGMENT
bench_send:
    mov ds, bx
    xor si, si
    mov cx, BENCH_ROUNDS * BENCH_SAMPLE_SIZE
    rep outsb
    add bx, BENCH_ROW_PARAGRAPHS
    cmp bx, cs:[bench_segment]
    jne bench_send
    jmp bench_stop

# Notes what the VMM has counted so far. Changes EAX, EBX, ECX, EDX.
bench_open:
    mov eax, BENCH_LEAF + 1
    cpuid
    mov [bench_before + 16], eax
    mov eax, BENCH_LEAF
    cpuid
    mov [bench_before], eax
    mov [bench_before + 4], ebx
    mov [bench_before + 8], ecx
    mov [bench_before + 12], edx
    ret

# Stores a sample at offset BP of the row; ZF = 1 after the last. Changes EAX, EBX, ECX, EDX, ES, BP.
bench_close:
    mov eax, BENCH_LEAF
    cpuid
    sub eax, [bench_before]
    sub ebx, [bench_before + 4]
    sub ecx, [bench_before + 8]
    sub edx, [bench_before + 12]
    mov es, [bench_segment]
    mov es:[bp + 4], eax
    mov es:[bp + 8], ebx
    mov es:[bp + 12], ecx
    mov es:[bp + 16], edx
    mov eax, BENCH_LEAF + 1
    cpuid
    sub eax, [bench_before + 16]
    mov es:[bp + 20], eax
    mov eax, [bench_elapsed]
    mov es:[bp], eax
    add bp, BENCH_SAMPLE_SIZE
    dec word ptr [bench_rounds]
bench_nothing:
    ret

# Initialises the first interrupt controller, with AH as its ICW4 and AL as its mask. Changes AL, BL.
bench_open_pic:
    mov bl, al
    # An interrupt that comes before the last word would stay in service.
    cli
    mov al, ICW1_ICW4_FOLLOWS
    out PIC1_COMMAND, al
    mov al, INT_TIMER
    out PIC1_MASK, al
    mov al, ICW3_CASCADE
    out PIC1_MASK, al
    mov al, ah
    out PIC1_MASK, al
    mov al, bl
    out PIC1_MASK, al
    sti
    ret

# Ends COM1's last interrupt, and makes COM1 request the next. Changes AL, DX.
bench_request:
    mov dx, UART_INTERRUPT_ENABLE
    xor al, al
    out dx, al
    mov al, PIC_EOI
    out PIC1_COMMAND, al
    mov al, INTERRUPT_ON_EMPTY
    out dx, al
    ret

bench_com1:
    mov al, PIC_MASK_ALL
    out PIC1_MASK, al
bench_own:
    iret
"#,
    include_str!("../asm/serial.s"),
    r#"
    .org boot_sector + SECTOR_SIZE * (1 + BENCH_SECTORS)
.code64
"#,
    options(raw)
);
