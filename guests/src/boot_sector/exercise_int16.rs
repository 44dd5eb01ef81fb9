//! `exercise-int16`: the keyboard services, with keys that INT 16h, AH=05h stored.
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
title "nothing there"
call_bios 0x16, ax=0x0100, hide=SHOW_ZF|HIDE_AX
call_bios 0x16, ax=0x1100, hide=SHOW_ZF|HIDE_AX
call_bios 0x16, ax=0x0200
call_bios 0x16, ax=0x1200
title "stored keys"
call_bios 0x16, ax=0x0500, cx=0x1E61
call_bios 0x16, ax=0x0500, cx=0x48E0
call_bios 0x16, ax=0x0500, cx=0x48E0
call_bios 0x16, ax=0x0500, cx=0x8500
call_bios 0x16, ax=0x0500, cx=0xE00D
call_bios 0x16, ax=0x0500, cx=0xE02F
call_bios 0x16, ax=0x0500, cx=0x00E0
dump 0x40, 0x1A, 4
call_bios 0x16, ax=0x0100, hide=SHOW_ZF
call_bios 0x16, ax=0x0000
call_bios 0x16, ax=0x1100, hide=SHOW_ZF
call_bios 0x16, ax=0x1000
call_bios 0x16, ax=0x0000
call_bios 0x16, ax=0x1000
call_bios 0x16, ax=0x0000
call_bios 0x16, ax=0x0000
call_bios 0x16, ax=0x0000
title "a full buffer"
run_code int16_fill
call_bios 0x16, ax=0x0500, cx=0x1234
dump 0x40, 0x1A, 4
run_code int16_drain
title "rate, functions, identification"
call_bios 0x16, ax=0x0305, bx=0x0000
call_bios 0x16, ax=0x0900
call_bios 0x16, ax=0x0A00
title "what nobody has"
call_bios 0x16, ax=0x0400
call_bios 0x16, ax=0x2000
call_bios 0x16, ax=0x9200
call_bios 0x16, ax=0xA200
.byte 14
int16_fill:
    mov cx, 0x1E61
int16_fill_next:
    mov ah, 5
    int 0x16
    test al, al
    jz int16_fill_next
    ret
int16_drain:
    mov ah, 1
    int 0x16
    jz int16_empty
    mov ah, 0
    int 0x16
    jmp int16_drain
int16_empty:
    ret
exercises_end
.code64
"#,
    options(raw)
);
