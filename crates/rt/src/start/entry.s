# The program's first instructions, in 64-bit mode.
#
# On entry: RDI = the boot record, flat segments, memory at least to the end of the program mapped one
# to one, interrupts off, no IDT, no stack. Another loader may come here in the same state.
# Responsible for: what compiled Rust takes for granted (zeroed statics, SSE, a stack), nothing more.

.section .text.rt_start, "ax"
.code64
.global rt_start
rt_start:
    cli
    cld
    mov rbx, rdi
    lea rdi, [rip + rt_bss_start]
    lea rcx, [rip + rt_bss_end]
    sub rcx, rdi
    shr rcx, 3
    xor eax, eax
    rep stosq
    mov rax, cr0
    and eax, ~(1 << 2)                  # EM: SSE instructions execute
    or eax, 1 << 1 | 1 << 16            # MP; WP: read-only pages bind this level too
    mov cr0, rax
    mov rax, cr4
    or eax, 1 << 9 | 1 << 10            # OSFXSR, OSXMMEXCPT
    mov cr4, rax
    lea rsp, [rip + rt_main_stack_top]
    push 2                              # RFLAGS: its fixed bit and nothing the loader's tests left
    popfq
    xor ebp, ebp
    mov rdi, rbx
    call rt_begin
    ud2                                 # rt_begin does not return
