//! `exercise-clock`: the three interrupts of the clock, IRQ 8: periodic, at the end of an update, and the alarm.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    include_str!("../asm/exerciser.s"),
    include_str!("../asm/serial.s"),
    r#"
.set PIC2_COMMAND, 0xA0
.set PIC2_DATA, 0xA1
.set VECTOR_CLOCK, 0x70
.set CMOS_INDEX, 0x70
.set CMOS_DATA, 0x71
# Status B: what interrupts, and the 24-hour mode.
.set PERIODIC, 0x40
.set ALARM, 0x20
.set UPDATE, 0x10
.set HOURS_24, 0x02
.set RATE_1024, 0x26
.set RATE_256, 0x28
.set RATE_2, 0x2F

# Writes a register of the clock. A handler in between leaves status B selected, so while it interrupts often nothing else
# may be written.
.macro clock register, value
    out_port CMOS_INDEX, \register
    out_port CMOS_DATA, \value
.endm

exercises:
run_code c_hook
title "nothing is asked for"
run_code c_count
title "periodic, 256 times a second, for nine ticks of the timer"
clock 0x0A, RATE_256
clock 0x0B, PERIODIC | HOURS_24
run_code c_count_about
clock 0x0B, HOURS_24
title "periodic, twice a second"
clock 0x0A, RATE_2
clock 0x0B, PERIODIC | HOURS_24
run_code c_second
title "the rate 0 is none"
clock 0x0A, 0x20
run_code c_count
title "at the end of each update"
clock 0x0B, UPDATE | HOURS_24
clock 0x0A, RATE_1024
run_code c_second
title "an alarm at each second"
clock 0x01, 0xC0
clock 0x03, 0xC0
clock 0x05, 0xC0
clock 0x0B, ALARM | HOURS_24
run_code c_second
title "an alarm at one second"
run_code c_alarm
clock 0x03, 0xC0
clock 0x05, 0xC0
run_code c_second
title "at another, which does not come"
clock 0x01, 0x99
run_code c_second
title "all three"
clock 0x01, 0xC0
clock 0x0A, RATE_2
clock 0x0B, PERIODIC | ALARM | UPDATE | HOURS_24
run_code c_second_flags
title "whose flags nobody reads: one interrupt"
run_code c_lazy
run_code c_count
clock 0x0B, HOURS_24
clock 0x0A, RATE_1024
run_code c_read
title "the clock is set, and stands still"
clock 0x0B, 0x80 | UPDATE | HOURS_24
run_code c_count
clock 0x0B, HOURS_24
run_code c_unhook
.byte 14

c_old:
    .long 0
c_masks:
    .byte 0
c_reads:
    .byte 1
c_interrupts:
    .word 0
c_flags:
    .byte 0

c_hook:
    in al, PIC2_DATA
    mov [c_masks], al
    mov eax, [VECTOR_CLOCK * VECTOR_SIZE]
    mov [c_old], eax
    mov dword ptr [VECTOR_CLOCK * VECTOR_SIZE], offset c_interrupt
    and byte ptr [c_masks], 0xFE
    mov al, [c_masks]
    out PIC2_DATA, al
    ret
c_unhook:
    mov eax, [c_old]
    mov [VECTOR_CLOCK * VECTOR_SIZE], eax
    ret
c_lazy:
    mov byte ptr [c_reads], 0
    ret
c_read:
    mov byte ptr [c_reads], 1
    mov al, 0x0C
    out CMOS_INDEX, al
    in al, CMOS_DATA
    and al, 0x70
    call exercise_hex_byte
    jmp exercise_line_end

# Counts, and gathers the flags that were set and may interrupt.
c_interrupt:
    push ax
    inc word ptr cs:[c_interrupts]
    cmp byte ptr cs:[c_reads], 0
    je 1f
    mov al, 0x0C
    out CMOS_INDEX, al
    in al, CMOS_DATA
    mov ah, al
    mov al, 0x0B
    out CMOS_INDEX, al
    in al, CMOS_DATA
    or al, 0x80
    and al, ah
    or cs:[c_flags], al
1:  mov al, PIC_EOI
    out PIC2_COMMAND, al
    out PIC1_COMMAND, al
    pop ax
    iret

# Forgets, lets nine ticks of the timer pass, and shows how many interrupts came.
c_count:
    call c_nine
    mov ax, [c_interrupts]
    call exercise_hex
    jmp c_show_flags
# The same, in round numbers: 126 are expected.
c_count_about:
    call c_nine
    mov ax, [c_interrupts]
    shr ax, 5
    call exercise_hex_byte
c_show_flags:
    mov al, ' '
    call exercise_put
    mov al, [c_flags]
    call exercise_hex_byte
    jmp exercise_line_end
c_nine:
    mov bx, 1
    call c_ticks
    call c_forget
    mov bx, 9
c_ticks:
    sti
1:  mov ax, [0x46C]
2:  cmp ax, [0x46C]
    je 2b
    dec bx
    jnz 1b
    ret
c_forget:
    mov al, 0x0C
    out CMOS_INDEX, al
    in al, CMOS_DATA
    mov word ptr [c_interrupts], 0
    mov byte ptr [c_flags], 0
    ret
# From just behind the beginning of a second to just behind the next, two times over.
c_second:
    call c_new_second
    call c_forget
    call c_new_second
    call c_new_second
    mov ax, [c_interrupts]
    call exercise_hex
    jmp c_show_flags
# The same, but for how many: two may come at once.
c_second_flags:
    call c_new_second
    call c_forget
    call c_new_second
    call c_new_second
    jmp c_show_flags
c_new_second:
    sti
    call c_get
    mov ah, al
1:  call c_get
    cmp al, ah
    je 1b
    mov cx, 500
2:  in al, 0x61
    loop 2b
    ret
c_get:
    cli
    mov al, 0x0A
    out CMOS_INDEX, al
    in al, CMOS_DATA
    test al, 0x80
    jnz 1f
    mov al, 0
    out CMOS_INDEX, al
    in al, CMOS_DATA
    sti
    ret
1:  sti
    jmp c_get
# The alarm is for two seconds from now.
c_alarm:
    call c_new_second
    call c_get
    add al, 2
    daa
    cmp al, 0x60
    jb 1f
    sub al, 0x60
1:  cli
    mov ah, al
    mov al, 1
    out CMOS_INDEX, al
    mov al, ah
    out CMOS_DATA, al
    sti
    ret
exercises_end
.code64
"#,
    options(raw)
);
