//! `exercise-priorities`: which of several requests the interrupt controllers bring, in each of their modes, and what comes
//! of a request that goes away.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/boot_sector.s"),
    include_str!("../asm/exerciser.s"),
    include_str!("../asm/serial.s"),
    r#"
.set PIC1_DATA, 0x21
.set PIC2_COMMAND, 0xA0
.set PIC2_DATA, 0xA1
.set READ_SERVICE, 0x0B
.set READ_REQUESTS, 0x0A
# What ends an interrupt: nothing, an end of interrupt of one kind or the other, and those that rotate.
.set END_NOT, 0
.set END, 0x20
.set END_ROTATE, 0xA0

# Writes to the first controller, and to the second.
.macro first value
    out_port PIC1_COMMAND, \value
.endm
.macro second value
    out_port PIC2_COMMAND, \value
.endm

exercises:
run_code p_begin
title "keyboard and COM1 at once: lower numbers first"
run_code p_two
title "rotated to level 3 as the last"
first 0xC3
run_code p_two
title "rotated by the end of each"
run_code p_ends_rotate
run_code p_two
run_code p_two
run_code p_ends
first 0xC7
run_code p_two
title "no end: the keyboard keeps COM1 off, until a specific one"
run_code p_ends_not
run_code p_two
run_code p_state
first 0x64
run_code p_take
first 0x61
run_code p_take
run_code p_state
first 0x64
run_code p_state
title "an end that rotates to a level"
run_code p_keyboard
run_code p_take
first 0xE1
run_code p_two
run_code p_state
first 0x64
run_code p_take
first 0x61
first 0xC7
run_code p_state
title "a higher one interrupts the handler of a lower"
run_code p_ends
run_code p_nested
title "special mask mode: a level in service that is masked keeps nobody off"
run_code p_ends_not
run_code p_keyboard
run_code p_take
run_code p_com1
run_code p_take
first 0x68
run_code p_take
run_code p_mask_keyboard
run_code p_take
run_code p_state
first 0x48
run_code p_mask_usual
first 0x61
first 0x64
run_code p_state
run_code p_quiet
title "automatic end"
run_code p_automatic
run_code p_two
run_code p_state
title "automatic end that rotates"
first 0x80
run_code p_two
run_code p_two
first 0x00
first 0xC7
run_code p_usual
title "spurious IRQ 7"
run_code p_ends_not
run_code p_gone
run_code p_take
run_code p_state
title "spurious IRQ 15"
run_code p_gone_second
run_code p_take
run_code p_state
first 0x62
run_code p_state
title "masked, and so gone"
run_code p_masked_away
run_code p_take
run_code p_state
title "the second controller: the mouse before, and after COM1"
run_code p_ends
run_code p_mouse_too
first 0xC2
run_code p_mouse_too
first 0xC7
title "in service at the second, nothing else comes from there"
run_code p_ends_not
run_code p_mouse
run_code p_take
run_code p_clock
run_code p_take
run_code p_state
title "but it does in special fully nested mode"
run_code p_quiet
run_code p_fully_nested
run_code p_mouse
run_code p_take
run_code p_clock
run_code p_take
run_code p_state
run_code p_quiet
run_code p_usual
title "polled, the second controller"
run_code p_mouse
second 0x0C
in_port PIC2_COMMAND
run_code p_state
second 0x64
run_code p_quiet
run_code p_finish
.byte 14

p_end:
    .byte END
p_masks:
    .word 0
p_vectors:
    .fill 16, 4, 0

"#,
    include_str!("../asm/requests.s"),
    r#"
exercises_end
.code64
"#,
    options(raw)
);
