//! Random bytes, as a hostile guest executes them.

use v8086::string_io::{Ports, StringIo, Width};
use v8086::{Exception, Outcome};

use crate::fake::World;

/// Marsaglia's xorshift, with a fixed seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn pick(&mut self, choices: &[u8]) -> u8 {
        choices[self.next() as usize % choices.len()]
    }
}

struct NoPorts;

impl Ports for NoPorts {
    fn input(&mut self, _: u16, _: Width) -> u32 {
        0xFFFF_FFFF
    }
    fn output(&mut self, _: u16, _: Width, _: u32) {}
}

const PREFIXES: [u8; 11] = [0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3];
const OPCODES: [u8; 10] = [0x0F, 0x0F, 0x9C, 0x9D, 0xCD, 0xCF, 0xF4, 0xFA, 0xFB, 0x6D];
const SECOND: [u8; 12] = [0x01, 0x01, 0x01, 0x06, 0x08, 0x09, 0x20, 0x21, 0x22, 0x23, 0x30, 0x32];

fn instruction(random: &mut Random) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes.fill_with(|| random.next() as u8);
    let opcode = random.next() as usize % 16;
    if opcode < 14 {
        bytes[..opcode].fill_with(|| random.pick(&PREFIXES));
        bytes[opcode] = random.pick(&OPCODES);
        bytes[opcode + 1] = random.pick(&SECOND);
    }
    bytes
}

#[test]
fn ten_thousand_random_instructions_neither_panic_nor_leave_the_segment() {
    let mut random = Random(0x0086_0086_1993_2007);
    let mut world = World::with_code(&[]);
    let start = world.clone();
    let edges = [0, 1, 3, 5, 0xFFFA, 0xFFFD, 0xFFFE, 0xFFFF];
    let mut carried_out = 0;
    for case in 0..10_000 {
        world.cpu = start.cpu.clone();
        world.system = start.system;
        let bytes = instruction(&mut random);
        let choice = random.next();
        world.cpu.eip = if choice & 1 == 0 { 0x100 } else { 0xFFF0 + (choice >> 1 & 0xF) as u32 };
        world.cpu.esp = if choice & 0x100 == 0 { 0x800 } else { edges[(choice >> 9 & 7) as usize] };
        world.cpu.general.rax = random.next();
        world.cpu.general.rbx = random.next() & 0x1_FFFF;
        world.cpu.general.rcx = random.next() & 0x1F;
        world.cpu.general.rsi = random.next() & 0x1_FFFF;
        world.cpu.general.rdi = random.next() & 0x1_FFFF;
        world.cpu.eflags = random.next() as u32 & 0x0025_7FD5 | 2;
        for (offset, byte) in (world.cpu.eip..0x1_0000).zip(bytes) {
            world.memory.0[0x1_0000 + offset as usize] = byte;
        }
        let eip = world.cpu.eip;
        let World { cpu, memory, system, .. } = &mut world;
        let outcome = match StringIo::decode(cpu, memory) {
            Some(string) => string.run(cpu, memory, system, &mut NoPorts, 8),
            None => world.exception(Exception::Fault { vector: 13 }),
        };
        assert!(world.cpu.eip <= 0x1_0000, "case {case}: {bytes:02X?}");
        assert_eq!(world.cpu.eflags & 2, 2, "case {case}: {bytes:02X?}");
        match outcome {
            Outcome::Halt => assert!((1..=15).contains(&(world.cpu.eip - eip)), "case {case}: {bytes:02X?}"),
            Outcome::Done(_) => {
                carried_out += 1;
                let jumped =
                    matches!(world.cpu.segments[1], 0x7000) || bytes.contains(&0xCF) || bytes.contains(&0xCD);
                assert!(jumped || world.cpu.eip - eip <= 15, "case {case}: {bytes:02X?}");
            }
            Outcome::More | Outcome::EnterProtectedMode { .. } => assert_eq!(world.cpu.eip, eip),
            Outcome::X87Interrupt => panic!("case {case}: no x87 error came in"),
            Outcome::Reflected { .. } | Outcome::Shutdown => {}
        }
    }
    assert!(carried_out > 1_000, "{carried_out} of 10,000 carried out: the bytes are not random enough");
}
