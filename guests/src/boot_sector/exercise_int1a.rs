//! `exercise-int1a`: the clock services.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    include_str!("../asm/exerciser.s"),
    include_str!("../asm/serial.s"),
    r#"
exercises:
title "ticks"
call_bios 0x1A, ax=0x0100, cx=0x0012, dx=0x3400
call_bios 0x1A, ax=0x0000, hide=HIDE_DX
dump 0x40, 0x6E, 3
title "time"
call_bios 0x1A, ax=0x0300, cx=0x1234, dx=0x5600
call_bios 0x1A, ax=0x0200
call_bios 0x1A, ax=0x0500, cx=0x1999, dx=0x1231
call_bios 0x1A, ax=0x0400
call_bios 0x1A, ax=0x0300, cx=0x2359, dx=0x5900
run_code int1a_second
call_bios 0x1A, ax=0x0200
call_bios 0x1A, ax=0x0400
title "alarm"
call_bios 0x1A, ax=0x0300, cx=0x1234, dx=0x5600
run_code int1a_hook
call_bios 0x1A, ax=0x0600, cx=0x1234, dx=0x5800
call_bios 0x1A, ax=0x0600, cx=0x1234, dx=0x5900
run_code int1a_second
run_code int1a_second
run_code int1a_second
dump 0, int1a_alarms, 1
call_bios 0x1A, ax=0x0700
run_code int1a_unhook
out_port 0x70, 0x0B
in_port 0x71
title "what nobody has"
call_bios 0x1A, ax=0x0800
call_bios 0x1A, ax=0x0A00
call_bios 0x1A, ax=0x8000
call_bios 0x1A, ax=0xB101, hide=HIDE_AX|HIDE_BX|HIDE_CX|HIDE_DX|HIDE_CF
.byte 14
int1a_alarms:
    .byte 0
int1a_alarm:
    inc byte ptr cs:[int1a_alarms]
    iret
.balign 2, 0
int1a_old:
    .long 0
int1a_hook:
    mov eax, [0x4A * VECTOR_SIZE]
    mov [int1a_old], eax
    mov word ptr [0x4A * VECTOR_SIZE], offset int1a_alarm
    mov [0x4A * VECTOR_SIZE + 2], cs
    ret
int1a_unhook:
    mov eax, [int1a_old]
    mov [0x4A * VECTOR_SIZE], eax
    ret
# Waits until the clock's second changes.
int1a_second:
    mov ah, 2
    int 0x1A
    mov bl, dh
int1a_same:
    mov ah, 2
    int 0x1A
    cmp dh, bl
    je int1a_same
    ret
exercises_end
.code64
"#,
    options(raw)
);
