//! A processor and its memory, in plain values.

use v8086::{
    Change, Cpu, Debug, Exception, Flags, General, GuestMemory, ModelSpecificRegisters, Monitor, Outcome,
    SegmentRegister, SystemRegisters,
};

/// Where the code under test lies: CS and IP.
pub const CODE: (u16, u16) = (0x1000, 0x0100);
/// Where the stack begins: SS and SP.
pub const STACK: (u16, u16) = (0x2000, 0x0800);
/// DS. ES is 3800h, FS 4000h, GS 4800h.
pub const DATA: u16 = 0x3000;
/// The #GP exit that most rows begin with.
pub const GP: Exception = Exception::Fault { vector: 13 };

pub const DONE: Outcome = Outcome::Done(Change::None);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FakeCpu {
    pub general: General,
    pub segments: [u16; 6],
    pub eip: u32,
    pub esp: u32,
    pub eflags: u32,
}

impl Cpu for FakeCpu {
    fn general(&self) -> &General {
        &self.general
    }
    fn general_mut(&mut self) -> &mut General {
        &mut self.general
    }
    fn segment(&self, register: SegmentRegister) -> u16 {
        self.segments[register as usize]
    }
    fn set_segment(&mut self, register: SegmentRegister, selector: u16) {
        self.segments[register as usize] = selector;
    }
    fn eip(&self) -> u32 {
        self.eip
    }
    fn set_eip(&mut self, eip: u32) {
        self.eip = eip;
    }
    fn esp(&self) -> u32 {
        self.esp
    }
    fn set_esp(&mut self, esp: u32) {
        self.esp = esp;
    }
    fn eflags(&self) -> u32 {
        self.eflags
    }
    fn set_eflags(&mut self, eflags: u32) {
        self.eflags = eflags;
    }
}

/// 1 MiB + 64 KiB, with nothing behind it.
#[derive(Clone, PartialEq, Eq)]
pub struct FakeMemory(pub Vec<u8>);

impl GuestMemory for FakeMemory {
    fn read(&self, linear: u32, bytes: &mut [u8]) {
        for (address, byte) in (linear as usize..).zip(bytes) {
            *byte = self.0.get(address).copied().unwrap_or(0xFF);
        }
    }
    fn write(&mut self, linear: u32, bytes: &[u8]) {
        for (address, byte) in (linear as usize..).zip(bytes) {
            if let Some(place) = self.0.get_mut(address) {
                *place = *byte;
            }
        }
    }
}

/// Registers 10h and 1Bh only; the latter takes no value above FFFF_FFFFh. Two counters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FakeMsrs {
    pub written: Option<(u32, u64)>,
}

impl ModelSpecificRegisters for FakeMsrs {
    fn read(&mut self, index: u32) -> Option<u64> {
        match index {
            0x10 => Some(0x1122_3344_5566_7788),
            0x1B => Some(0xFEE0_0900),
            _ => None,
        }
    }
    fn write(&mut self, index: u32, value: u64) -> Option<()> {
        (index == 0x1B && value >> 32 == 0).then(|| self.written = Some((index, value)))
    }
    fn performance_counter(&mut self, index: u32) -> Option<u64> {
        (index < 2).then_some(0x12_0000_0034 + u64::from(index))
    }
}

#[derive(Clone)]
pub struct World {
    pub cpu: FakeCpu,
    pub memory: FakeMemory,
    pub system: SystemRegisters,
    pub msrs: FakeMsrs,
}

impl World {
    /// Each vector n leads to 7000h:n; the code lies at `CODE`, IF is set.
    pub fn with_code(code: &[u8]) -> Self {
        let mut memory = FakeMemory(vec![0; 0x11_0000]);
        for vector in 0..256 {
            memory.write_u32(vector * 4, 0x7000_0000 | vector);
        }
        memory.write(u32::from(CODE.0) * 16 + u32::from(CODE.1), code);
        Self {
            cpu: FakeCpu {
                general: General {
                    rax: 0xA1A2_A3A4,
                    rbx: 0xB1B2_0010,
                    rcx: 0xC1C2_C3C4,
                    rdx: 0xD1D2_D3D4,
                    rsi: 0x5152_0020,
                    rdi: 0xE1E2_0040,
                    rbp: 0xF1F2_0080,
                },
                segments: [0x3800, CODE.0, STACK.0, DATA, 0x4000, 0x4800],
                eip: u32::from(CODE.1),
                esp: 0xABCD_0000 | u32::from(STACK.1),
                eflags: Flags::FIXED | Flags::IF,
            },
            memory,
            system: SystemRegisters::after_bios(0x6FF),
            msrs: FakeMsrs::default(),
        }
    }

    pub fn exception(&mut self, exception: Exception) -> Outcome {
        let Self { cpu, memory, system, msrs } = self;
        Monitor { cpu, memory, system, model_specific: msrs }.exception(exception)
    }

    /// Where the handler of `vector` finds the machine that was interrupted: the frame of `flags`, CS, `ip` in place.
    pub fn entered(&mut self, vector: u8, ip: u16) {
        let sp = (self.cpu.esp as u16).wrapping_sub(6);
        let frame = [ip, self.cpu.segments[1], self.cpu.eflags as u16];
        for (index, word) in (0..).zip(frame) {
            let offset = sp.wrapping_add(index * 2);
            self.memory.write_u16(u32::from(self.cpu.segments[2]) * 16 + u32::from(offset), word);
        }
        self.cpu.esp = self.cpu.esp & 0xFFFF_0000 | u32::from(sp);
        self.cpu.segments[1] = 0x7000;
        self.cpu.eip = u32::from(vector);
        self.cpu.eflags &= !(Flags::IF | Flags::TF | Flags::AC | Flags::RF);
    }

    /// The single-step trap, as the handler of INT 1 finds it.
    pub fn stepped(&mut self) {
        self.system.dr6 |= Debug::BS;
        self.entered(1, self.cpu.eip as u16);
    }

    /// Writes memory at DS:`offset`.
    pub fn data(&mut self, offset: u16, bytes: &[u8]) {
        self.memory.write(u32::from(DATA) * 16 + u32::from(offset), bytes);
    }

    pub fn assert_is(&self, expected: &Self, name: &str) {
        assert_eq!(self.cpu, expected.cpu, "{name}: registers");
        assert_eq!(self.system, expected.system, "{name}: system registers");
        assert_eq!(self.msrs, expected.msrs, "{name}: model-specific registers");
        if self.memory == expected.memory {
            return;
        }
        let bytes = self.memory.0.iter().zip(&expected.memory.0);
        let differing = bytes.enumerate().find(|(_, (is, should))| is != should);
        let (address, (is, should)) = differing.expect("memories differ");
        panic!("{name}: memory at {address:X}h is {is:02X}h, not {should:02X}h");
    }
}

/// A case: what differs from [`World::with_code`] before, and what differs from that afterwards.
pub struct Row {
    pub name: &'static str,
    pub code: &'static [u8],
    pub before: fn(&mut World),
    pub after: fn(&mut World),
    pub outcome: Outcome,
}

/// Runs each row as a #GP exit.
pub fn check(rows: &[Row]) {
    check_exception(GP, rows);
}

pub fn check_exception(exception: Exception, rows: &[Row]) {
    for row in rows {
        let mut world = World::with_code(row.code);
        (row.before)(&mut world);
        let mut expected = world.clone();
        (row.after)(&mut expected);
        assert_eq!(world.exception(exception), row.outcome, "{}", row.name);
        world.assert_is(&expected, row.name);
    }
}

/// A row's `before` or `after` that changes nothing.
pub fn same(_: &mut World) {}

/// A row's `after`: INT 13 at the instruction.
pub fn int_13(world: &mut World) {
    world.entered(13, world.cpu.eip as u16);
}

/// A row's `after`: INT 12 at the instruction.
pub fn int_12(world: &mut World) {
    world.entered(12, world.cpu.eip as u16);
}

/// A row's `after`: INT 6 at the instruction.
pub fn int_6(world: &mut World) {
    world.entered(6, world.cpu.eip as u16);
}

pub const REFLECTED_13: Outcome = Outcome::Reflected { vector: 13 };
pub const REFLECTED_12: Outcome = Outcome::Reflected { vector: 12 };
pub const REFLECTED_6: Outcome = Outcome::Reflected { vector: 6 };
