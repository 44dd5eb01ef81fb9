# The stacks, each above a page that is never mapped: running over one is a page fault, not a corruption.

.section .stacks, "aw", @nobits
.balign 4096
.global rt_stacks_start
rt_stacks_start:
.space STACK_GUARD
.space MAIN_STACK
.global rt_main_stack_top
rt_main_stack_top:
.rept TRAP_STACKS
.space STACK_GUARD
.space TRAP_STACK
.endr
.global rt_stacks_end
rt_stacks_end:
.text
