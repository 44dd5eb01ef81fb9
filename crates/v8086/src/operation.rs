//! The instructions that real mode allows and virtual-8086 mode refuses with #GP, as plain values.
//!
//! On entry IP is at an instruction that raised #GP. What is not in the match here would fault in real mode too: it
//! broke a segment limit, most often.
//!
//! What virtual-8086 mode refuses with #UD (SLDT, STR, LLDT, LTR, VERR, VERW, LAR, LSL, ARPL) is #UD in real mode as
//! well and reflected without a look. SYSENTER and SYSEXIT are #GP in both. CLI, STI, PUSHF, POPF, IRET and INT n
//! come here only if the VMM runs the guest at an IOPL below 3 or redirects INT n.

use crate::decode::{Code, Effective, ModRm, Prefixes, Size};
use crate::outcome::Fault;
use crate::{Cpu, GuestMemory, vector};

/// GDTR or IDTR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    Global,
    Interrupt,
}

/// A decoded instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Halt,
    ClearInterruptFlag,
    SetInterruptFlag,
    PushFlags(Size),
    PopFlags(Size),
    InterruptReturn(Size),
    Interrupt(u8),
    LoadTable {
        table: Table,
        source: Effective,
        size: Size,
    },
    LoadMachineStatusFromRegister(u8),
    LoadMachineStatus(Effective),
    ClearTaskSwitched,
    /// INVD, WBINVD, INVLPG: nothing that a guest without paging could tell.
    Invalidate,
    ReadControl {
        number: u8,
        to: u8,
    },
    WriteControl {
        number: u8,
        from: u8,
    },
    ReadDebug {
        number: u8,
        to: u8,
    },
    WriteDebug {
        number: u8,
        from: u8,
    },
    ReadModelSpecific,
    WriteModelSpecific,
    ReadPerformanceCounter,
}

impl Operation {
    /// Reads the instruction at the start of `code`, to its last byte.
    pub(crate) fn read<C: Cpu, M: GuestMemory>(cpu: &C, code: &mut Code<'_, M>) -> Result<Self, Fault> {
        let (prefixes, opcode) = Prefixes::read(code)?;
        let size = prefixes.operand_size;
        let operation = match opcode {
            0x0F => Self::read_two_byte(cpu, code, prefixes)?,
            0x9C => Self::PushFlags(size),
            0x9D => Self::PopFlags(size),
            0xCD => Self::Interrupt(code.byte()?),
            0xCF => Self::InterruptReturn(size),
            0xF4 => Self::Halt,
            0xFA => Self::ClearInterruptFlag,
            0xFB => Self::SetInterruptFlag,
            _ => return Err(Fault(vector::GENERAL_PROTECTION)),
        };
        // None of these writes memory in a way that LOCK could guard.
        if prefixes.lock { Err(Fault(vector::INVALID_OPCODE)) } else { Ok(operation) }
    }

    /// Reads on after 0F.
    fn read_two_byte<C: Cpu, M: GuestMemory>(
        cpu: &C,
        code: &mut Code<'_, M>,
        prefixes: Prefixes,
    ) -> Result<Self, Fault> {
        Ok(match code.byte()? {
            0x01 => return Self::read_group_7(cpu, code, prefixes),
            0x06 => Self::ClearTaskSwitched,
            0x08 | 0x09 => Self::Invalidate,
            // MOV to and from CR and DR take `rm` as a register, whatever the mode says.
            0x20 => {
                let modrm = ModRm::read(code)?;
                Self::ReadControl { number: modrm.reg, to: modrm.rm }
            }
            0x21 => {
                let modrm = ModRm::read(code)?;
                Self::ReadDebug { number: modrm.reg, to: modrm.rm }
            }
            0x22 => {
                let modrm = ModRm::read(code)?;
                Self::WriteControl { number: modrm.reg, from: modrm.rm }
            }
            0x23 => {
                let modrm = ModRm::read(code)?;
                Self::WriteDebug { number: modrm.reg, from: modrm.rm }
            }
            0x30 => Self::WriteModelSpecific,
            0x32 => Self::ReadModelSpecific,
            0x33 => Self::ReadPerformanceCounter,
            _ => return Err(Fault(vector::GENERAL_PROTECTION)),
        })
    }

    /// Reads on after 0F 01: opcode group 7 (SDM vol. 2, "Opcode Extensions For One-Byte And Two-byte
    /// Opcodes").
    fn read_group_7<C: Cpu, M: GuestMemory>(
        cpu: &C,
        code: &mut Code<'_, M>,
        prefixes: Prefixes,
    ) -> Result<Self, Fault> {
        let modrm = ModRm::read(code)?;
        if modrm.mode == 3 {
            return match modrm.reg {
                6 => Ok(Self::LoadMachineStatusFromRegister(modrm.rm)),
                _ => Err(Fault(vector::GENERAL_PROTECTION)),
            };
        }
        let source = Effective::read(cpu, code, prefixes, modrm)?;
        let size = prefixes.operand_size;
        match modrm.reg {
            2 => Ok(Self::LoadTable { table: Table::Global, source, size }),
            3 => Ok(Self::LoadTable { table: Table::Interrupt, source, size }),
            6 => Ok(Self::LoadMachineStatus(source)),
            7 => Ok(Self::Invalidate),
            _ => Err(Fault(vector::GENERAL_PROTECTION)),
        }
    }
}
