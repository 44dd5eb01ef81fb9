//! What the VMM reports.

use core::fmt;

use serde::{Deserialize, Serialize};

/// All bytes at once: a slice by itself is a sequence to serde, and goes one by one. They come to the same.
fn as_bytes<S: serde::Serializer>(bytes: &&[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

/// From the VMM to the host tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Record<'a> {
    /// A line for people, without a line end.
    Line(LineKind, &'a str),
    /// A value for programs, such as `instructions_to_guest`.
    Figure(&'a str, u64),
    /// An entry of `machine`: VMCS field encoding and value, as planned for the guest `vm`.
    Machine(u32, u64),
    /// An entry of `results`: VMCS field encoding and value, as read after the exit.
    Result(u32, u64),
    /// One handled exit.
    Exit(ExitRecord),
    /// The guest's registers at an abnormal end.
    Registers(Registers),
    /// A BIOS call, if the job wants them told.
    BiosCall(BiosCall),
    /// At the end, if the job wants statistics: how often this came.
    Count(Counter, u32),
    /// How a run is getting on, for a person who watches.
    Pulse {
        /// The back-end's name.
        backend: &'a str,
        /// Exits so far.
        exits: u64,
        /// Keys of a paste that the guest's keyboard has taken so far.
        pasted: u32,
    },
    /// What the guest sent to its COM1.
    Serial(#[serde(serialize_with = "as_bytes")] &'a [u8]),
    /// The guest's screen changed. Followed by the [`Record::ScreenRow`]s that differ, then [`Record::ScreenEnd`].
    Screen {
        /// Columns of the current mode.
        columns: u8,
        /// Rows of the current mode.
        rows: u8,
        /// The cursor, or `None` when it is hidden.
        cursor: Option<Cursor>,
    },
    /// A row of the screen.
    ScreenRow {
        /// From 0.
        row: u8,
        /// Character (code page 437) and attribute of each column.
        cells: &'a [u8],
    },
    /// The screen is whole again.
    ScreenEnd,
    /// The letterbox was emptied.
    Loaded {
        /// The floppy's place among the run's disks.
        disk: u8,
        /// Whether it is in its drive now.
        inserted: bool,
    },
    /// After the guest's end: a sector that the guest wrote.
    DiskSector {
        /// The disk's place among the job's disks.
        disk: u8,
        /// The sector's number on it.
        lba: u32,
        /// Its contents.
        bytes: &'a [u8],
    },
    /// All sectors that the guest wrote on a disk have been sent.
    DiskEnd {
        /// The disk's place among the job's disks.
        disk: u8,
        /// How many they are.
        sectors: u32,
    },
    /// The last record of a run.
    #[serde(borrow)]
    Verdict(Verdict<'a>),
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LineKind {
    /// A heading.
    Heading,
    /// A step was done.
    Step,
    /// A detail of the step before.
    Detail,
    /// What the guest did that deserves a line: an absent BIOS service, a strange port.
    Log,
    /// Something is wrong.
    Error,
}

/// Where and how a cursor is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// From 0.
    pub column: u8,
    /// From 0.
    pub row: u8,
    /// Scan lines that it covers, at least 1.
    pub lines: u8,
}

/// Bytes of code that an [`ExitRecord`] holds: the longest instruction.
pub const EXIT_CODE: usize = 15;

/// Bytes of code and of stack that [`Registers`] hold.
pub const CODE_BYTES: usize = 32;

/// Bytes of memory that a [`BiosCall`] holds.
pub const CALL_BYTES: usize = 32;

/// A VM exit, for the table at the end and for the post-mortem.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitRecord {
    /// The TSC when the exit was taken.
    pub tsc: u64,
    /// Exit reason.
    pub reason: u32,
    /// Exit qualification.
    pub qualification: u64,
    /// VM-exit interruption information, 0 if not valid.
    pub interruption: u32,
    /// CS selector.
    pub cs: u16,
    /// RIP.
    pub rip: u32,
    /// RFLAGS.
    pub rflags: u32,
    /// RAX when the exit was taken.
    pub rax: u64,
    /// How to read `code`.
    pub size: CodeSize,
    /// The bytes at CS:RIP.
    pub code: [u8; EXIT_CODE],
}

/// The default size of operands and addresses where code was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CodeSize {
    /// Nobody knows any more where this code segment was, so the bytes mean nothing.
    #[default]
    Unknown,
    /// 16 bits.
    Bits16,
    /// 32 bits.
    Bits32,
}

/// A guest's processor as it was left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registers {
    /// EAX, EBX, ECX, EDX, ESI, EDI, EBP, ESP.
    pub general: [u32; 8],
    /// EIP.
    pub eip: u32,
    /// EFLAGS.
    pub eflags: u32,
    /// Selectors of ES, CS, SS, DS, FS, GS.
    pub selectors: [u16; 6],
    /// Their bases.
    pub bases: [u32; 6],
    /// CR0 as the guest reads it.
    pub cr0: u32,
    /// Base and limit of GDTR and IDTR.
    pub tables: [(u32, u32); 2],
    /// How to read `code`.
    pub size: CodeSize,
    /// The bytes at CS:EIP.
    pub code: [u8; CODE_BYTES],
    /// The bytes at SS:ESP.
    pub stack: [u8; CODE_BYTES],
}

/// A call of a BIOS service, and its answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BiosCall {
    /// The interrupt's vector.
    pub vector: u8,
    /// Segment and offset of the instruction behind the call.
    pub from: (u16, u16),
    /// What the service was given.
    pub before: CallRegisters,
    /// What it gave back.
    pub after: CallRegisters,
    /// FLAGS as they were, and as the caller will find them.
    pub flags: (u16, u16),
    /// What stood, and stands, in memory where the service has a block, if it has one: at ES:SI for AH = 87h, at ES:DI for
    /// E8h, else at DS:SI.
    pub block: ([u8; CALL_BYTES], [u8; CALL_BYTES]),
}

/// The registers that a BIOS call uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct CallRegisters {
    pub eax: u32,
    pub ebx: u32,
    pub ecx: u32,
    pub edx: u32,
    pub esi: u32,
    pub edi: u32,
    pub bp: u16,
    pub ds: u16,
    pub es: u16,
}

/// What statistics count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Counter {
    /// Exits with this basic exit reason.
    Exit(u8),
    /// Exits for this exception.
    Exception(u8),
    /// Exits for IN from this port.
    PortIn(u16),
    /// Exits for OUT to this port.
    PortOut(u16),
    /// Exits for the BIOS service of this interrupt.
    Service(u8),
    /// Hardware interrupts with this vector that the guest was given.
    Interrupt(u8),
}

/// How it ended. Every run has exactly one; a run without is a failure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict<'a> {
    /// For the exit status.
    pub outcome: Outcome,
    /// One sentence: what happened, where.
    pub reason: &'a str,
}

/// What the exit status tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// All that was asked for happened: status 0.
    Done,
    /// The guest ended by itself, with `steps_left` steps not met: status 0 if none is left, else 1.
    GuestEnded {
        /// How.
        end: End,
        /// Steps of the script that were not met.
        steps_left: u32,
    },
    /// The machine lacks something or refused something: status 3.
    Refused,
    /// The VMM or the guest failed: status 3.
    Failed,
    /// The person ended the run: status 0.
    Stopped,
}

/// How a guest ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// HLT with interrupts off.
    Halted,
    /// INT 19h.
    BootAgain,
    /// A jump to the reset vector.
    ResetVector,
    /// Command FEh of the keyboard controller.
    KeyboardReset,
    /// Bit 0 of port 92h.
    FastReset,
    /// INT 18h: no bootable disk.
    NoBoot,
    /// Power off through APM.
    PowerOff,
    /// Triple fault.
    TripleFault,
    /// An exception that nobody handles, raised again and again by the same instruction.
    FaultLoop {
        /// The exception's vector.
        vector: u8,
        /// Segment of the instruction.
        cs: u16,
        /// Its offset.
        ip: u16,
    },
}

/// In words, as the subject's verb and object: "the guest" comes before it.
impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Halted => "halted with interrupts off",
            Self::BootAgain => "asked to be booted again (INT 19h)",
            Self::ResetVector => "jumped to the reset vector",
            Self::KeyboardReset => "reset the machine through the keyboard controller (command FEh)",
            Self::FastReset => "reset the machine through port 92h",
            Self::NoBoot => "found nothing to boot (INT 18h)",
            Self::PowerOff => "switched the machine off",
            Self::TripleFault => "ended in a triple fault",
            Self::FaultLoop { vector, cs, ip } => {
                return write!(
                    f,
                    "raises exception {vector} at {cs:04X}:{ip:04X} again and again, with nobody to handle it"
                );
            }
        })
    }
}
