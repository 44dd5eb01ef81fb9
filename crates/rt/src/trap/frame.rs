//! What the CPU and the stubs save, and what it is called.

use core::fmt;

use super::report::Registers;

/// The interrupted code's registers, in the order in which `stubs.s` pushes them.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
#[expect(missing_docs, reason = "registers have the manual's names")]
pub struct Frame {
    pub cr0: u64,
    pub r15: u64,
    pub r14: u64,
    pub r13: u64,
    pub r12: u64,
    pub r11: u64,
    pub r10: u64,
    pub r9: u64,
    pub r8: u64,
    pub rdi: u64,
    pub rsi: u64,
    pub rbp: u64,
    pub rbx: u64,
    pub rdx: u64,
    pub rcx: u64,
    pub rax: u64,
    pub vector: u64,
    pub error_code: u64,
    pub rip: u64,
    pub cs: u64,
    pub rflags: u64,
    pub rsp: u64,
    pub ss: u64,
}

/// A CPU exception that was raised and caught.
#[derive(Clone, Copy, Debug)]
pub struct Exception {
    /// The registers at the faulting instruction.
    pub frame: Frame,
    /// CR2, meaningful after a page fault.
    pub cr2: u64,
}

impl Exception {
    /// Its vector, 0 to 31.
    pub fn vector(&self) -> u8 {
        self.frame.vector as u8
    }

    /// Its mnemonic and name, such as `#GP general protection`.
    pub fn name(&self) -> &'static str {
        name(self.vector())
    }

    /// Its registers and the top of its stack, for printing: some lines.
    pub fn registers(&self) -> Registers<'_> {
        Registers(self)
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let frame = &self.frame;
        write!(
            f,
            "{} (vector {}), error code {:X}h, at RIP {:X}h",
            self.name(),
            frame.vector,
            frame.error_code,
            frame.rip
        )
    }
}

/// Name of a vector, by SDM volume 3, "Protected-Mode Exceptions and Interrupts".
pub fn name(vector: u8) -> &'static str {
    match vector {
        0 => "#DE divide error",
        1 => "#DB debug exception",
        2 => "NMI interrupt",
        3 => "#BP breakpoint",
        4 => "#OF overflow",
        5 => "#BR BOUND range exceeded",
        6 => "#UD invalid opcode",
        7 => "#NM device not available",
        8 => "#DF double fault",
        9 => "coprocessor segment overrun",
        10 => "#TS invalid TSS",
        11 => "#NP segment not present",
        12 => "#SS stack-segment fault",
        13 => "#GP general protection",
        14 => "#PF page fault",
        16 => "#MF x87 floating-point error",
        17 => "#AC alignment check",
        18 => "#MC machine check",
        19 => "#XM SIMD floating-point exception",
        20 => "#VE virtualization exception",
        21 => "#CP control protection exception",
        15 | 22..=31 => "reserved exception",
        32..=255 => "unexpected interrupt",
    }
}
