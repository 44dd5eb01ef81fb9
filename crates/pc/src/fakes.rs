//! A processor, memory, disks and host for tests.

use crate::{
    Context, Disk, Disks, Host, Pc, PcConfig, SECTOR_SIZE, ServiceOutcome, Ticks, WriteError, write_rom,
};
use core::fmt;
use std::boxed::Box;
use std::string::{String, ToString};
use std::vec::Vec;
use v8086::{Cpu, FarPointer, Flags, General, GuestMemory, SegmentRegister};

/// A register file.
#[derive(Default)]
pub struct FakeCpu {
    pub general: General,
    pub segments: [u16; 6],
    pub eip: u32,
    pub esp: u32,
    pub eflags: u32,
}

impl FakeCpu {
    pub fn stand_at(&mut self, address: FarPointer) {
        self.segments[SegmentRegister::Cs as usize] = address.segment;
        self.eip = u32::from(address.offset);
    }

    pub fn address(&self) -> FarPointer {
        FarPointer::new(self.segments[SegmentRegister::Cs as usize], self.eip as u16)
    }
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

/// 1 MiB and 64 KiB of memory, ROM included.
pub struct FakeMemory(pub Vec<u8>);

impl GuestMemory for FakeMemory {
    fn read(&self, linear: u32, bytes: &mut [u8]) {
        for (address, byte) in (linear as usize..).zip(bytes) {
            *byte = self.0.get(address).copied().unwrap_or(0xFF);
        }
    }
    fn write(&mut self, linear: u32, bytes: &[u8]) {
        for (address, byte) in (linear as usize..).zip(bytes) {
            if let Some(cell) = self.0.get_mut(address).filter(|_| !(0xF_0000..0x10_0000).contains(&address))
            {
                *cell = *byte;
            }
        }
    }
}

/// A disk whose sectors start with their number.
pub struct FakeDisk {
    pub sectors: Vec<[u8; SECTOR_SIZE]>,
    pub protected: bool,
    pub exchangeable: bool,
}

impl FakeDisk {
    pub fn new(count: u32) -> Self {
        let sectors = (0..count).map(|lba| {
            let mut sector = [0; SECTOR_SIZE];
            sector[..4].copy_from_slice(&lba.to_le_bytes());
            sector
        });
        Self { sectors: sectors.collect(), protected: false, exchangeable: false }
    }
}

impl Disk for FakeDisk {
    fn sector_count(&self) -> u32 {
        self.sectors.len() as u32
    }
    /// At most three sectors at a time, so that a transfer has several pieces.
    fn read(&mut self, lba: u32, count: u32) -> Option<&[u8]> {
        let end = self.sectors.len().min((lba + count.min(3)) as usize);
        self.sectors
            .get(lba as usize..end)
            .map(<[[u8; SECTOR_SIZE]]>::as_flattened)
            .filter(|run| !run.is_empty())
    }
    fn is_exchangeable(&self) -> bool {
        self.exchangeable
    }
    fn write(&mut self, lba: u32, sector: &[u8; SECTOR_SIZE]) -> Result<(), WriteError> {
        if self.protected {
            return Err(WriteError::Protected);
        }
        *self.sectors.get_mut(lba as usize).ok_or(WriteError::Failed)? = *sector;
        Ok(())
    }
}

/// Disks by number.
#[derive(Default)]
pub struct FakeDisks(pub Vec<(u8, FakeDisk)>);

impl Disks for FakeDisks {
    fn disk(&mut self, number: u8) -> Option<&mut dyn Disk> {
        self.0.iter_mut().find(|entry| entry.0 == number).map(|entry| &mut entry.1 as &mut dyn Disk)
    }
}

/// Keeps what the PC says.
#[derive(Default)]
pub struct FakeHost {
    pub serial: Vec<u8>,
    pub log: Vec<String>,
}

impl Host for FakeHost {
    fn serial(&mut self, byte: u8) {
        self.serial.push(byte);
    }
    fn log(&mut self, line: fmt::Arguments<'_>) {
        self.log.push(line.to_string());
    }
}

/// Everything together.
pub struct Machine {
    pub pc: Pc,
    pub cpu: FakeCpu,
    pub memory: FakeMemory,
    pub disks: FakeDisks,
    pub host: FakeHost,
    pub now: Ticks,
}

/// Where the tests' guest calls from.
pub const CALLER: FarPointer = FarPointer::new(0x1000, 0x0100);
const STACK: u16 = 0x2000;

impl Machine {
    /// Switched off.
    pub fn new() -> Self {
        let mut rom = Box::new([0; 0x1_0000]);
        write_rom(&mut rom);
        let mut memory = std::vec![0; 0x11_0000];
        memory[0xF_0000..0x10_0000].copy_from_slice(&rom[..]);
        Self {
            pc: Pc::new(PcConfig::FIXED),
            cpu: FakeCpu::default(),
            memory: FakeMemory(memory),
            disks: FakeDisks::default(),
            host: FakeHost::default(),
            now: Ticks::ZERO,
        }
    }

    /// Switched on, with these disks.
    pub fn with_disks(disks: Vec<(u8, FakeDisk)>) -> Self {
        let mut machine = Self::new();
        machine.disks = FakeDisks(disks);
        machine.with_context(|pc, context| pc.power_on(PcConfig::FIXED, context));
        machine
    }

    /// Switched on, without disks.
    pub fn on() -> Self {
        Self::with_disks(Vec::new())
    }

    pub fn with_context<R>(&mut self, run: impl FnOnce(&mut Pc, &mut Context<'_>) -> R) -> R {
        let mut context = Context {
            cpu: &mut self.cpu,
            memory: &mut self.memory,
            disks: &mut self.disks,
            host: &mut self.host,
            now: self.now,
        };
        run(&mut self.pc, &mut context)
    }

    /// Takes the guest to the service of `vector`, as `INT` does: frame pushed, through the table, up to the `VMCALL`.
    pub fn enter(&mut self, vector: u8) {
        // A service that has ended stands at its IRET: the next call is a fresh one. Else this one nests.
        let at = self.cpu.address();
        let nests = at.segment == 0xF000 && self.memory.read_u8(at.linear()) != 0xCF;
        let from = if nests { at } else { CALLER };
        if !nests {
            self.cpu.segments[SegmentRegister::Ss as usize] = STACK;
            self.cpu.esp = 0x800;
        }
        for word in [Flags::FIXED as u16, from.segment, from.offset] {
            self.cpu.esp -= 2;
            let top = u32::from(STACK) * 16 + self.cpu.esp;
            self.memory.write_u16(top, word);
        }
        let entry = self.memory.read_u32(u32::from(vector) * 4);
        self.cpu.stand_at(FarPointer::new((entry >> 16) as u16, entry as u16));
        self.run_to_call();
    }

    /// Follows the ROM's jumps, `STI`, `NOP` and `HLT` up to a `VMCALL`.
    pub fn run_to_call(&mut self) {
        for _ in 0..8 {
            let at = self.cpu.address();
            let code = self.memory.read_u8(at.linear());
            match code {
                0xE9 => {
                    let distance = self.memory.read_u16(at.plus(1).linear());
                    self.cpu.eip = u32::from(at.plus(3).plus(distance).offset);
                }
                0xFB | 0x90 | 0xF4 => self.cpu.eip += 1,
                _ => return,
            }
        }
        panic!("no VMCALL reached");
    }

    /// Answers the `VMCALL` at which the guest stands.
    pub fn serve(&mut self) -> ServiceOutcome {
        self.with_context(|pc, context| pc.service(context))
    }

    /// A whole call of `vector`; the guest must be on its way back afterwards.
    pub fn interrupt(&mut self, vector: u8) {
        self.enter(vector);
        assert!(matches!(self.serve(), ServiceOutcome::Served { .. }));
    }

    /// Sets AX and calls `vector`.
    pub fn call(&mut self, vector: u8, ax: u16) {
        self.cpu.general.set_ax(ax);
        self.interrupt(vector);
    }

    /// FLAGS as the caller of the last service gets them.
    pub fn returned_flags(&self) -> u32 {
        u32::from(self.memory.read_u16(u32::from(STACK) * 16 + self.cpu.esp + 4))
    }

    pub fn carry(&self) -> bool {
        self.returned_flags() & Flags::CF != 0
    }

    pub fn zero(&self) -> bool {
        self.returned_flags() & Flags::ZF != 0
    }

    /// Lets time pass.
    pub fn wait(&mut self, clocks: u64) {
        self.now = self.now.plus(clocks);
        self.pc.advance(self.now);
    }

    pub fn port_in(&mut self, port: u16) -> u8 {
        self.pc.port_in(port, crate::Width::Byte, self.now) as u8
    }

    pub fn port_out(&mut self, port: u16, value: u8) {
        self.pc.port_out(port, crate::Width::Byte, u32::from(value), self.now, &mut self.host);
    }

    /// A row of the screen as text.
    pub fn row(&self, row: u16) -> String {
        let screen = self.pc.screen(&self.memory);
        let shown: Vec<u8> = (0..screen.columns()).map(|column| screen.cell(row, column).character).collect();
        crate::codepage437::trim_row(&shown).iter().map(|&byte| crate::codepage437::to_char(byte)).collect()
    }
}
