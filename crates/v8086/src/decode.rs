//! From instruction bytes to prefixes, opcode and operands.
//!
//! On entry CS:IP is at an instruction that the hardware refused. This module is responsible for reading it as the
//! CPU does: no byte beyond offset FFFFh, no more than 15 bytes, addresses of 16 or 32 bits. What exceeds a limit is
//! the fault that real mode raises.

use crate::outcome::Fault;
use crate::{Cpu, GuestMemory, SegmentRegister, vector};

/// The longest instruction in bytes (SDM vol. 3, "Interrupt 13—General Protection Exception (#GP)").
const MAX_LENGTH: u32 = 15;

/// The last offset of a segment in real mode and virtual-8086 mode.
pub(crate) const SEGMENT_LIMIT: u32 = 0xFFFF;

/// The size of an address or an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// 16 bits, the default in a 16-bit mode.
    Word,
    /// 32 bits, by prefix 66h or 67h.
    Double,
}

/// The instruction bytes from CS:IP on, handed out one by one.
pub(crate) struct Code<'m, M> {
    memory: &'m M,
    /// Linear base of CS.
    base: u32,
    /// Offset of the instruction's first byte.
    start: u32,
    /// Offset of the next byte.
    next: u32,
    /// Bytes read ahead, the next one lowest.
    ahead: u32,
    ahead_bytes: u32,
}

impl<'m, M: GuestMemory> Code<'m, M> {
    /// The code at `cpu`'s CS:IP.
    pub(crate) fn at<C: Cpu>(cpu: &C, memory: &'m M) -> Self {
        let start = cpu.eip();
        let base = u32::from(cpu.segment(SegmentRegister::Cs)) * 16;
        Self { memory, base, start, next: start, ahead: 0, ahead_bytes: 0 }
    }

    /// Offset of the byte after the last one handed out, 0 to 10000h.
    pub(crate) fn next_eip(&self) -> u32 {
        self.next
    }

    /// The next byte, or #GP beyond the segment's limit or the instruction's 15 bytes.
    pub(crate) fn byte(&mut self) -> Result<u8, Fault> {
        if self.next > SEGMENT_LIMIT || self.next - self.start >= MAX_LENGTH {
            return Err(Fault(vector::GENERAL_PROTECTION));
        }
        if self.ahead_bytes == 0 {
            // One access to guest memory serves most instructions.
            if self.next + 3 <= SEGMENT_LIMIT {
                self.ahead = self.memory.read_u32(self.base + self.next);
                self.ahead_bytes = 4;
            } else {
                self.ahead = u32::from(self.memory.read_u8(self.base + self.next));
                self.ahead_bytes = 1;
            }
        }
        let byte = self.ahead as u8;
        self.ahead >>= 8;
        self.ahead_bytes -= 1;
        self.next += 1;
        Ok(byte)
    }

    fn word(&mut self) -> Result<u16, Fault> {
        Ok(u16::from_le_bytes([self.byte()?, self.byte()?]))
    }

    fn double(&mut self) -> Result<u32, Fault> {
        Ok(u32::from(self.word()?) | u32::from(self.word()?) << 16)
    }

    /// A displacement of 8 bits, sign-extended.
    fn signed_byte(&mut self) -> Result<u32, Fault> {
        Ok(i32::from(self.byte()? as i8) as u32)
    }
}

/// What the prefixes of an instruction say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prefixes {
    pub(crate) operand_size: Size,
    pub(crate) address_size: Size,
    /// The last segment override.
    pub(crate) segment: Option<SegmentRegister>,
    /// F2 or F3.
    pub(crate) repeat: bool,
    pub(crate) lock: bool,
}

impl Prefixes {
    /// Reads the prefixes, in any number and order, and the opcode's first byte after them.
    pub(crate) fn read<M: GuestMemory>(code: &mut Code<'_, M>) -> Result<(Self, u8), Fault> {
        let mut prefixes = Self {
            operand_size: Size::Word,
            address_size: Size::Word,
            segment: None,
            repeat: false,
            lock: false,
        };
        loop {
            match code.byte()? {
                0x26 => prefixes.segment = Some(SegmentRegister::Es),
                0x2E => prefixes.segment = Some(SegmentRegister::Cs),
                0x36 => prefixes.segment = Some(SegmentRegister::Ss),
                0x3E => prefixes.segment = Some(SegmentRegister::Ds),
                0x64 => prefixes.segment = Some(SegmentRegister::Fs),
                0x65 => prefixes.segment = Some(SegmentRegister::Gs),
                0x66 => prefixes.operand_size = Size::Double,
                0x67 => prefixes.address_size = Size::Double,
                0xF0 => prefixes.lock = true,
                0xF2 | 0xF3 => prefixes.repeat = true,
                opcode => return Ok((prefixes, opcode)),
            }
        }
    }
}

/// A ModRM byte, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ModRm {
    /// Bits 7:6; 3 means that `rm` is a register.
    pub(crate) mode: u8,
    /// Bits 5:3: a register, or more of the opcode.
    pub(crate) reg: u8,
    /// Bits 2:0.
    pub(crate) rm: u8,
}

impl ModRm {
    pub(crate) fn read<M: GuestMemory>(code: &mut Code<'_, M>) -> Result<Self, Fault> {
        let byte = code.byte()?;
        Ok(Self { mode: byte >> 6, reg: byte >> 3 & 7, rm: byte & 7 })
    }
}

/// An operand in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Effective {
    pub(crate) segment: SegmentRegister,
    /// 0 to FFFFh with 16-bit addresses; any value with 32-bit ones.
    pub(crate) offset: u32,
    size: Size,
}

impl Effective {
    /// Reads the rest of a ModRM operand whose mode is not 3 (SDM vol. 2, "Addressing-Mode Encoding of ModR/M
    /// and SIB Bytes").
    pub(crate) fn read<C: Cpu, M: GuestMemory>(
        cpu: &C,
        code: &mut Code<'_, M>,
        prefixes: Prefixes,
        modrm: ModRm,
    ) -> Result<Self, Fault> {
        let size = prefixes.address_size;
        let (default, offset) = match size {
            Size::Word => address_16(cpu, code, modrm)?,
            Size::Double => address_32(cpu, code, modrm)?,
        };
        Ok(Self { segment: prefixes.segment.unwrap_or(default), offset, size })
    }

    /// The operand `count` bytes on, wrapped at the address size.
    pub(crate) fn plus(self, count: u32) -> Self {
        let offset = self.offset.wrapping_add(count);
        let offset = if self.size == Size::Word { offset & SEGMENT_LIMIT } else { offset };
        Self { offset, ..self }
    }

    /// The linear address of `size_bytes` bytes here, if they all lie in the segment.
    pub(crate) fn linear<C: Cpu>(self, cpu: &C, size_bytes: u32) -> Result<u32, Fault> {
        linear(cpu, self.segment, self.offset, size_bytes)
    }
}

/// The linear address of `size_bytes` bytes at `segment:offset`; beyond the limit #SS in the stack segment, #GP else.
pub(crate) fn linear<C: Cpu>(
    cpu: &C,
    segment: SegmentRegister,
    offset: u32,
    size_bytes: u32,
) -> Result<u32, Fault> {
    if offset > SEGMENT_LIMIT + 1 - size_bytes {
        return Err(limit_fault(segment));
    }
    Ok(u32::from(cpu.segment(segment)) * 16 + offset)
}

/// The fault of an access beyond a segment's limit.
pub(crate) fn limit_fault(segment: SegmentRegister) -> Fault {
    Fault(if segment == SegmentRegister::Ss { vector::STACK_FAULT } else { vector::GENERAL_PROTECTION })
}

/// The value of a 32-bit general register by its number in an instruction.
pub(crate) fn register<C: Cpu>(cpu: &C, number: u8) -> u32 {
    let general = cpu.general();
    match number & 7 {
        0 => general.eax(),
        1 => general.ecx(),
        2 => general.edx(),
        3 => general.ebx(),
        4 => cpu.esp(),
        5 => general.ebp(),
        6 => general.esi(),
        _ => general.edi(),
    }
}

/// Sets a 32-bit general register by its number in an instruction.
pub(crate) fn set_register<C: Cpu>(cpu: &mut C, number: u8, value: u32) {
    match number & 7 {
        0 => cpu.general_mut().set_eax(value),
        1 => cpu.general_mut().set_ecx(value),
        2 => cpu.general_mut().set_edx(value),
        3 => cpu.general_mut().set_ebx(value),
        4 => cpu.set_esp(value),
        5 => cpu.general_mut().set_ebp(value),
        6 => cpu.general_mut().set_esi(value),
        _ => cpu.general_mut().set_edi(value),
    }
}

/// Default segment and offset of a 16-bit address.
fn address_16<C: Cpu, M: GuestMemory>(
    cpu: &C,
    code: &mut Code<'_, M>,
    modrm: ModRm,
) -> Result<(SegmentRegister, u32), Fault> {
    let general = cpu.general();
    let (bx, bp, si, di) = (general.bx(), general.bp(), general.si(), general.di());
    let direct = modrm.mode == 0 && modrm.rm == 6;
    let (segment, base) = match modrm.rm {
        0 => (SegmentRegister::Ds, bx.wrapping_add(si)),
        1 => (SegmentRegister::Ds, bx.wrapping_add(di)),
        2 => (SegmentRegister::Ss, bp.wrapping_add(si)),
        3 => (SegmentRegister::Ss, bp.wrapping_add(di)),
        4 => (SegmentRegister::Ds, si),
        5 => (SegmentRegister::Ds, di),
        6 if direct => (SegmentRegister::Ds, 0),
        6 => (SegmentRegister::Ss, bp),
        _ => (SegmentRegister::Ds, bx),
    };
    let displacement = match modrm.mode {
        1 => code.signed_byte()? as u16,
        2 => code.word()?,
        _ if direct => code.word()?,
        _ => 0,
    };
    Ok((segment, u32::from(base.wrapping_add(displacement))))
}

/// Default segment and offset of a 32-bit address.
fn address_32<C: Cpu, M: GuestMemory>(
    cpu: &C,
    code: &mut Code<'_, M>,
    modrm: ModRm,
) -> Result<(SegmentRegister, u32), Fault> {
    const ESP: u8 = 4;
    const EBP: u8 = 5;
    let mut base = modrm.rm;
    let mut index = 0;
    if modrm.rm == ESP {
        let sib = code.byte()?;
        base = sib & 7;
        // Index number 4 means none.
        if sib >> 3 & 7 != ESP {
            index = register(cpu, sib >> 3) << (sib >> 6);
        }
    }
    // EBP as base without displacement means a 32-bit displacement without base.
    let direct = modrm.mode == 0 && base == EBP;
    let segment = match base {
        ESP => SegmentRegister::Ss,
        EBP if !direct => SegmentRegister::Ss,
        _ => SegmentRegister::Ds,
    };
    let base = if direct { 0 } else { register(cpu, base) };
    let displacement = match modrm.mode {
        1 => code.signed_byte()?,
        2 => code.double()?,
        _ if direct => code.double()?,
        _ => 0,
    };
    Ok((segment, base.wrapping_add(index).wrapping_add(displacement)))
}
