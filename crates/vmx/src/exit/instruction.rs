//! What an exit says about the I/O instruction that caused it.
//!
//! On entry the exit's reason is known to be `IoInstruction`.

use core::fmt;

/// Which way data goes, seen from the guest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// From the port: IN, INS.
    In,
    /// To the port: OUT, OUTS.
    Out,
}

/// How much one access moves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IoWidth {
    /// 1 byte.
    Byte,
    /// 2 bytes.
    Word,
    /// 4 bytes.
    Doubleword,
}

impl IoWidth {
    /// The width in bytes: 1, 2 or 4.
    pub const fn bytes(self) -> u8 {
        match self {
            Self::Byte => 1,
            Self::Word => 2,
            Self::Doubleword => 4,
        }
    }
}

/// How the instruction names its port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IoOperand {
    /// In DX.
    Dx,
    /// As an immediate byte.
    Immediate,
}

/// The exit qualification for I/O instructions ("Basic VM-Exit Information", section 29.2.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IoQualification {
    /// The first port.
    pub port: u16,
    /// The width of one access.
    pub width: IoWidth,
    /// The direction.
    pub direction: Direction,
    /// INS or OUTS.
    pub string: bool,
    /// A REP prefix. With CX = 0 such an instruction exits too.
    pub rep: bool,
    /// Where the port number stands.
    pub operand: IoOperand,
}

impl IoQualification {
    /// Decodes a raw qualification; `None` when its size bits have no meaning.
    #[inline(always)]
    pub const fn decode(raw: u64) -> Option<Self> {
        let width = match raw & 7 {
            0 => IoWidth::Byte,
            1 => IoWidth::Word,
            3 => IoWidth::Doubleword,
            _ => return None,
        };
        Some(IoQualification {
            port: (raw >> 16) as u16,
            width,
            direction: if raw >> 3 & 1 == 1 { Direction::In } else { Direction::Out },
            string: raw >> 4 & 1 == 1,
            rep: raw >> 5 & 1 == 1,
            operand: if raw >> 6 & 1 == 1 { IoOperand::Immediate } else { IoOperand::Dx },
        })
    }
}

/// As an instruction, such as `OUT byte to port 3F8h` or `REP INS word from port 1F0h`.
impl fmt::Display for IoQualification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = match self.width {
            IoWidth::Byte => "byte",
            IoWidth::Word => "word",
            IoWidth::Doubleword => "doubleword",
        };
        let (name, preposition) = match self.direction {
            Direction::In => ("IN", "from"),
            Direction::Out => ("OUT", "to"),
        };
        let rep = if self.rep { "REP " } else { "" };
        let string = if self.string { "S" } else { "" };
        let immediate = match self.operand {
            IoOperand::Dx => "",
            IoOperand::Immediate => " (immediate)",
        };
        write!(f, "{rep}{name}{string} {width} {preposition} port {:X}h{immediate}", self.port)
    }
}

/// The size of an instruction's addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AddressSize {
    /// 16 bits.
    Bits16,
    /// 32 bits.
    Bits32,
    /// 64 bits.
    Bits64,
}

/// The segment register that an instruction's memory operand uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum OperandSegment {
    Es,
    Cs,
    Ss,
    Ds,
    Fs,
    Gs,
}

/// The VM-exit instruction-information field ("Information for VM Exits Due to Instruction Execution", section
/// 29.2.5). Its layout depends on the instruction; the accessors here hold for INS and OUTS and, bits 9:7 and 17:15,
/// for every instruction that has a memory operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InstructionInformation(pub u32);

impl InstructionInformation {
    /// Bits 9:7; `None` for a value without meaning.
    pub const fn address_size(self) -> Option<AddressSize> {
        match self.0 >> 7 & 7 {
            0 => Some(AddressSize::Bits16),
            1 => Some(AddressSize::Bits32),
            2 => Some(AddressSize::Bits64),
            _ => None,
        }
    }

    /// Bits 17:15: the segment of OUTS or of a memory operand, overrides included. INS always uses ES, and the field
    /// is then undefined.
    pub const fn segment(self) -> Option<OperandSegment> {
        match self.0 >> 15 & 7 {
            0 => Some(OperandSegment::Es),
            1 => Some(OperandSegment::Cs),
            2 => Some(OperandSegment::Ss),
            3 => Some(OperandSegment::Ds),
            4 => Some(OperandSegment::Fs),
            5 => Some(OperandSegment::Gs),
            _ => None,
        }
    }
}
