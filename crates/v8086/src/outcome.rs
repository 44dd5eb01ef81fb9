//! What became of an instruction: the monitor's answer to the VMM.

use crate::FarPointer;

/// The guest's processor stopped: no interrupt frame could be built, not even the one of #DF. A PC resets then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shutdown;

/// A fault that an instruction raised, before it is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault(pub(crate) u8);

/// What the monitor did, and so what is left for the VMM to do.
///
/// Wherever an event is named, it has been delivered already: frame pushed, CS:IP at the handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The instruction was carried out: IP is past it (or where it jumped to), RF is 0, and the single-step trap of a
    /// guest with TF is delivered. The VMM ends blocking by STI and by MOV SS, unless
    /// [`Change::InterruptShadow`] asks for the former, and passes the named change on to the hardware.
    Done(Change),
    /// HLT: IP is past it. The VMM waits for an interrupt, or ends the guest if none can come.
    Halt,
    /// String I/O did its batch, with elements left: IP is still at the instruction, which exits again after
    /// whatever interrupt is due. The VMM ends blocking by STI and by MOV SS.
    More,
    /// The event went through the guest's interrupt table. The VMM ends blocking by STI and by MOV SS. With vector 1,
    /// DR6 and DR7 changed.
    Reflected {
        /// The vector, 0 to 255. Where delivering it faulted in turn, still the first one.
        vector: u8,
    },
    /// An x87 error with CR0.NE = 0, which a PC reports not as INT 16 but by IRQ 13. Nothing is changed; the VMM
    /// raises IRQ 13 and lets the instruction, which found the error of an earlier one, be carried out.
    X87Interrupt,
    /// The guest's next step is protected mode. Nothing is changed, IP is at the instruction.
    EnterProtectedMode {
        /// The instruction's first byte.
        at: FarPointer,
        /// The instruction.
        by: ModeSwitch,
        /// The CR0 that it would have set.
        cr0: u32,
    },
    /// An exception could not be delivered; see [`Shutdown`].
    Shutdown,
}

/// The part of the processor's system state that an instruction changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing that the VMM mirrors.
    None,
    /// `cr0`, `cr2`, `cr3` or `cr4` of the [`SystemRegisters`](crate::SystemRegisters).
    ControlRegisters,
    /// `gdtr` or `idtr`.
    DescriptorTables,
    /// `dr0` to `dr7`.
    DebugRegisters,
    /// STI set IF: interrupts stay blocked for one more instruction ("blocking by STI").
    InterruptShadow,
}

/// An instruction that switches to protected mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModeSwitch {
    /// MOV CR0, r32.
    MovCr0,
    /// LMSW r/m16.
    Lmsw,
}

impl ModeSwitch {
    /// The instruction as the manual writes it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::MovCr0 => "MOV CR0, r32",
            Self::Lmsw => "LMSW r/m16",
        }
    }
}
