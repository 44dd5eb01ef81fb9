//! INS and OUTS: batches straight between guest memory and a port.
//!
//! On entry an I/O exit has named a string instruction. VMX exits before the segment-limit check and with a count of
//! 0 too, so this module is responsible for both, for all forms of the instruction, and for stopping often enough
//! that interrupts reach the guest.

use crate::decode::{Code, Prefixes, SEGMENT_LIMIT, Size, limit_fault};
use crate::outcome::Fault;
use crate::{
    Change, Cpu, Flags, GuestMemory, Outcome, SegmentRegister, Shutdown, SystemRegisters, interrupt, step,
};

/// The way of the data, seen from the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// INS: from the port to ES:DI.
    In,
    /// OUTS: from DS:SI, or another segment, to the port.
    Out,
}

/// The width of one access to a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Width {
    Byte,
    Word,
    Double,
}

impl Width {
    /// 1, 2 or 4.
    pub const fn bytes(self) -> u32 {
        match self {
            Self::Byte => 1,
            Self::Word => 2,
            Self::Double => 4,
        }
    }
}

/// The ports that a guest sees.
pub trait Ports {
    /// IN: the value, in the low bits.
    fn input(&mut self, port: u16, width: Width) -> u32;
    /// OUT: `value` in the low bits.
    fn output(&mut self, port: u16, width: Width, value: u32);
}

/// An INS or OUTS, decoded: from an exit's qualification and instruction information, or by [`StringIo::decode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StringIo {
    /// INS or OUTS.
    pub direction: Direction,
    /// INSB, INSW or INSD.
    pub width: Width,
    /// The port, DX.
    pub port: u16,
    /// Whether REP stands before it: CX or ECX counts.
    pub repeat: bool,
    /// Whether SI, DI and CX or ESI, EDI and ECX are used.
    pub address_size: Size,
    /// ES for INS; for OUTS, DS or what a prefix says.
    pub segment: SegmentRegister,
    /// IP after the instruction, 0 to 10000h.
    pub next_eip: u32,
}

impl StringIo {
    /// Reads the instruction at CS:IP. `None` if it is no INS or OUTS, which after a string-I/O exit means that the
    /// guest overwrote it from another view of its memory: resume, and it is fetched again.
    pub fn decode<C: Cpu, M: GuestMemory>(cpu: &C, memory: &M) -> Option<Self> {
        let mut code = Code::at(cpu, memory);
        let (prefixes, opcode) = Prefixes::read(&mut code).ok()?;
        let direction = match opcode {
            0x6C | 0x6D => Direction::In,
            0x6E | 0x6F => Direction::Out,
            _ => return None,
        };
        let width = match (opcode & 1, prefixes.operand_size) {
            (0, _) => Width::Byte,
            (_, Size::Word) => Width::Word,
            (_, Size::Double) => Width::Double,
        };
        let segment = match direction {
            Direction::In => SegmentRegister::Es,
            Direction::Out => prefixes.segment.unwrap_or(SegmentRegister::Ds),
        };
        Some(Self {
            direction,
            width,
            port: cpu.general().dx(),
            repeat: prefixes.repeat,
            address_size: prefixes.address_size,
            segment,
            next_eip: code.next_eip(),
        })
    }

    /// Where the next elements lie, up to `most`, and how many they are, if they lie inside the segment, upwards, and no trap
    /// follows: they may then be moved at once, and passed by [`Self::pass`].
    pub fn stretch<C: Cpu>(self, cpu: &C, most: u32) -> Option<(u32, u32)> {
        let elements = if self.repeat { self.counter(cpu).min(most) } else { 1 };
        let index = self.index(cpu);
        let end = u64::from(index) + u64::from(elements) * u64::from(self.width.bytes());
        let inside = end <= u64::from(SEGMENT_LIMIT) + 1;
        let plain = cpu.eflags() & (Flags::TF | Flags::DF) == 0;
        (inside && plain).then(|| (u32::from(cpu.segment(self.segment)) * 16 + index, elements))
    }

    /// Counts elements of a [`Self::stretch`] as moved. Returns IP afterwards.
    pub fn pass<C: Cpu>(self, cpu: &mut C, elements: u32) -> u32 {
        let count = if self.repeat { self.counter(cpu) } else { 1 };
        if self.repeat {
            self.set_counter(cpu, count - elements);
        }
        self.set_index(cpu, self.index(cpu).wrapping_add(elements * self.width.bytes()));
        if elements == count { self.next_eip } else { cpu.eip() }
    }

    /// Carries out up to `batch` elements (at least 1), or one for a guest with TF, which is trapped after each.
    ///
    /// The answer is `Done`, `More`, `Reflected` (an element lies beyond the segment's limit; those before it are
    /// done, and its port is untouched) or `Shutdown`.
    pub fn run<C: Cpu, M: GuestMemory, P: Ports>(
        self,
        cpu: &mut C,
        memory: &mut M,
        system: &mut SystemRegisters,
        ports: &mut P,
        batch: u32,
    ) -> Outcome {
        let eflags = cpu.eflags();
        let stepping = eflags & Flags::TF != 0;
        let count = if self.repeat { self.counter(cpu) } else { 1 };
        let batch = if stepping { 1 } else { batch.max(1) };
        let wanted = count.min(batch);
        let moved = self.transfer(cpu, memory, ports, wanted, eflags & Flags::DF != 0);
        if self.repeat {
            self.set_counter(cpu, count - moved);
        }
        if moved < wanted {
            let Fault(vector) = limit_fault(self.segment);
            let ip = cpu.eip() as u16;
            return match interrupt::deliver_exception(cpu, memory, system.idtr, vector, ip) {
                Ok(()) => Outcome::Reflected { vector },
                Err(Shutdown) => Outcome::Shutdown,
            };
        }
        let finished = moved == count;
        let next_eip = if finished { self.next_eip } else { cpu.eip() };
        let completed =
            if finished || stepping { step::complete(cpu, memory, system, next_eip) } else { Ok(()) };
        match completed {
            Err(Shutdown) => Outcome::Shutdown,
            Ok(()) if finished || stepping => Outcome::Done(Change::None),
            Ok(()) => Outcome::More,
        }
    }

    /// Moves up to `wanted` elements and the index register; returns how many lay within the segment.
    fn transfer<C: Cpu, M: GuestMemory, P: Ports>(
        self,
        cpu: &mut C,
        memory: &mut M,
        ports: &mut P,
        wanted: u32,
        downwards: bool,
    ) -> u32 {
        let size_bytes = self.width.bytes();
        let step = if downwards { size_bytes.wrapping_neg() } else { size_bytes };
        let mask = if self.address_size == Size::Word { SEGMENT_LIMIT } else { u32::MAX };
        let base = u32::from(cpu.segment(self.segment)) * 16;
        let mut index = self.index(cpu);
        let mut moved = 0;
        while moved < wanted && index <= SEGMENT_LIMIT + 1 - size_bytes {
            match self.direction {
                Direction::In => store(memory, base + index, self.width, ports.input(self.port, self.width)),
                Direction::Out => {
                    ports.output(self.port, self.width, load(memory, base + index, self.width));
                }
            }
            index = index.wrapping_add(step) & mask;
            moved += 1;
        }
        // Not touched if nothing moved: a 32-bit register's upper half stays as it is either way.
        if moved > 0 {
            self.set_index(cpu, index);
        }
        moved
    }

    fn counter<C: Cpu>(self, cpu: &C) -> u32 {
        match self.address_size {
            Size::Word => u32::from(cpu.general().cx()),
            Size::Double => cpu.general().ecx(),
        }
    }

    fn set_counter<C: Cpu>(self, cpu: &mut C, count: u32) {
        match self.address_size {
            Size::Word => cpu.general_mut().set_cx(count as u16),
            Size::Double => cpu.general_mut().set_ecx(count),
        }
    }

    fn index<C: Cpu>(self, cpu: &C) -> u32 {
        let general = cpu.general();
        match (self.direction, self.address_size) {
            (Direction::In, Size::Word) => u32::from(general.di()),
            (Direction::In, Size::Double) => general.edi(),
            (Direction::Out, Size::Word) => u32::from(general.si()),
            (Direction::Out, Size::Double) => general.esi(),
        }
    }

    fn set_index<C: Cpu>(self, cpu: &mut C, index: u32) {
        let general = cpu.general_mut();
        match (self.direction, self.address_size) {
            (Direction::In, Size::Word) => general.set_di(index as u16),
            (Direction::In, Size::Double) => general.set_edi(index),
            (Direction::Out, Size::Word) => general.set_si(index as u16),
            (Direction::Out, Size::Double) => general.set_esi(index),
        }
    }
}

fn load<M: GuestMemory>(memory: &M, linear: u32, width: Width) -> u32 {
    match width {
        Width::Byte => u32::from(memory.read_u8(linear)),
        Width::Word => u32::from(memory.read_u16(linear)),
        Width::Double => memory.read_u32(linear),
    }
}

fn store<M: GuestMemory>(memory: &mut M, linear: u32, width: Width, value: u32) {
    match width {
        Width::Byte => memory.write_u8(linear, value as u8),
        Width::Word => memory.write_u16(linear, value as u16),
        Width::Double => memory.write_u32(linear, value),
    }
}
