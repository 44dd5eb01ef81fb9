//! `triple-fault`: ring-0 code that takes its own interrupt table away and faults: VM exit 2.
#![no_std]
#![no_main]

use guests as _;

core::arch::global_asm!(
    include_str!("../asm/names.s"),
    include_str!("../asm/component.s"),
    r#"
guest_no_idt:
    .word 0
    .long 0

.code16
guest_task:
    hlt                                 # to ring 0
    jmp guest_task

.code32
guest_isr_gpf:
    lidt ss:[guest_no_idt]
    ud2                                 # #UD finds no gate: #DF finds none: triple fault
.code64
"#,
    options(raw)
);
