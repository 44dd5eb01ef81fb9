//! INS and OUTS at the edges of segments, counters and batches.

use v8086::string_io::{Direction, Ports, StringIo, Width};
use v8086::{Flags, GuestMemory, Outcome, SegmentRegister, Size};

use crate::fake::{DONE, REFLECTED_12, REFLECTED_13, World};

/// A port that hands out 1, 2, 3 … in every byte, and notes what it is given.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FakePorts {
    reads: u32,
    written: Vec<(u16, Width, u32)>,
}

impl Ports for FakePorts {
    fn input(&mut self, port: u16, _: Width) -> u32 {
        assert_eq!(port, 0xD3D4);
        self.reads += 1;
        self.reads * 0x0101_0101
    }
    fn output(&mut self, port: u16, width: Width, value: u32) {
        self.written.push((port, width, value));
    }
}

struct Row {
    code: &'static [u8],
    before: fn(&mut World),
    batch: u32,
    /// What differs afterwards, IP and frames included.
    after: fn(&mut World),
    reads: u32,
    written: &'static [u32],
    outcome: Outcome,
}

fn check(rows: &[Row]) {
    for row in rows {
        let mut world = World::with_code(row.code);
        for offset in 0..=0xFFFF {
            world.memory.0[0x3_0000 + offset] = offset as u8;
            world.memory.0[0x4_8000 + offset] = !offset as u8;
        }
        (row.before)(&mut world);
        let mut expected = world.clone();
        (row.after)(&mut expected);
        let mut ports = FakePorts::default();
        let instruction = StringIo::decode(&world.cpu, &world.memory).expect("INS or OUTS");
        let World { cpu, memory, system, .. } = &mut world;
        let outcome = instruction.run(cpu, memory, system, &mut ports, row.batch);
        let name = format!("{:02X?}", row.code);
        assert_eq!(outcome, row.outcome, "{name}");
        world.assert_is(&expected, &name);
        let values: Vec<u32> = ports.written.iter().map(|(_, _, value)| *value).collect();
        assert_eq!((ports.reads, &values[..]), (row.reads, row.written), "{name}");
        assert!(ports.written.iter().all(|(port, width, _)| (*port, *width) == (0xD3D4, instruction.width)));
    }
}

#[test]
fn the_bytes_say_what_the_exit_may_not() {
    use SegmentRegister::{Ds, Es, Gs, Ss};
    use Size::{Double as D, Word as W};
    type Decoded = (Direction, Width, bool, Size, SegmentRegister, u32);
    let rows: [(&[u8], Option<Decoded>); 11] = [
        (&[0x6C], Some((Direction::In, Width::Byte, false, W, Es, 0x101))),
        (&[0x6D], Some((Direction::In, Width::Word, false, W, Es, 0x101))),
        (&[0x66, 0x6D], Some((Direction::In, Width::Double, false, W, Es, 0x102))),
        (&[0x66, 0x6C], Some((Direction::In, Width::Byte, false, W, Es, 0x102))),
        (&[0x65, 0x6C], Some((Direction::In, Width::Byte, false, W, Es, 0x102))),
        (&[0x6E], Some((Direction::Out, Width::Byte, false, W, Ds, 0x101))),
        (&[0x26, 0x36, 0x6F], Some((Direction::Out, Width::Word, false, W, Ss, 0x103))),
        (&[0xF2, 0x67, 0x66, 0x65, 0x6F], Some((Direction::Out, Width::Double, true, D, Gs, 0x105))),
        (&[0xF3, 0x67, 0x6C], Some((Direction::In, Width::Byte, true, D, Es, 0x103))),
        (&[0xEC], None),
        (&[0xF3; 15], None),
    ];
    for (code, expected) in rows {
        let world = World::with_code(code);
        let expected = expected.map(|(direction, width, repeat, address_size, segment, next_eip)| StringIo {
            direction,
            width,
            port: 0xD3D4,
            repeat,
            address_size,
            segment,
            next_eip,
        });
        assert_eq!(StringIo::decode(&world.cpu, &world.memory), expected, "{code:02X?}");
    }
}

#[test]
fn a_single_element_moves_in_either_direction() {
    check(&[
        Row {
            code: &[0x6E],
            before: |_| (),
            batch: 64,
            after: |w| {
                w.cpu.eip += 1;
                w.cpu.general.rsi = 0x5152_0021;
            },
            reads: 0,
            written: &[0x20],
            outcome: DONE,
        },
        Row {
            code: &[0x65, 0x66, 0x6F],
            before: |w| w.cpu.eflags |= Flags::DF,
            batch: 64,
            after: |w| {
                w.cpu.eip += 3;
                w.cpu.general.rsi = 0x5152_001C;
            },
            reads: 0,
            written: &[0xDCDD_DEDF],
            outcome: DONE,
        },
        Row {
            code: &[0x6D],
            before: |w| w.cpu.eflags |= Flags::DF | Flags::RF,
            batch: 64,
            after: |w| {
                w.cpu.eip += 1;
                w.cpu.general.rdi = 0xE1E2_003E;
                w.memory.write_u16(0x3_8040, 0x0101);
                w.cpu.eflags &= !Flags::RF;
            },
            reads: 1,
            written: &[],
            outcome: DONE,
        },
        Row {
            code: &[0x6E],
            before: |w| w.cpu.general.rsi = 0x5152_FFFF,
            batch: 64,
            after: |w| {
                w.cpu.eip += 1;
                w.cpu.general.rsi = 0x5152_0000;
            },
            reads: 0,
            written: &[0xFF],
            outcome: DONE,
        },
        Row {
            code: &[0x6C],
            before: |w| {
                w.cpu.general.rdi = 0;
                w.cpu.eflags |= Flags::DF;
            },
            batch: 64,
            after: |w| {
                w.cpu.eip += 1;
                w.cpu.general.rdi = 0xFFFF;
                w.memory.write_u8(0x3_8000, 1);
            },
            reads: 1,
            written: &[],
            outcome: DONE,
        },
    ]);
}

#[test]
fn an_element_beyond_the_limit_faults_before_the_port() {
    check(&[
        // outsb at ESI=10000h
        Row {
            code: &[0x67, 0x6E],
            before: |w| w.cpu.general.rsi = 0x1_0000,
            batch: 1,
            after: |w| w.entered(13, 0x100),
            reads: 0,
            written: &[],
            outcome: REFLECTED_13,
        },
        // insw at DI=FFFFh
        Row {
            code: &[0x6D],
            before: |w| w.cpu.general.rdi = 0xFFFF,
            batch: 1,
            after: |w| w.entered(13, 0x100),
            reads: 0,
            written: &[],
            outcome: REFLECTED_13,
        },
        // ss: outsd at SI=FFFDh, and FFFCh
        Row {
            code: &[0x36, 0x66, 0x6F],
            before: |w| w.cpu.general.rsi = 0xFFFD,
            batch: 1,
            after: |w| w.entered(12, 0x100),
            reads: 0,
            written: &[],
            outcome: REFLECTED_12,
        },
        Row {
            code: &[0x36, 0x66, 0x6F],
            before: |w| {
                w.cpu.general.rsi = 0xFFFC;
                w.memory.write_u32(0x2_FFFC, 0x1234_5678);
            },
            batch: 1,
            after: |w| {
                w.cpu.eip += 3;
                w.cpu.general.rsi = 0;
            },
            reads: 0,
            written: &[0x1234_5678],
            outcome: DONE,
        },
        // rep outsw from FFFBh: two words, then the fault with what is left.
        Row {
            code: &[0xF3, 0x6F],
            before: |w| {
                w.cpu.general.rsi = 0x5152_FFFB;
                w.cpu.general.rcx = 0xC1C2_0005;
            },
            batch: 64,
            after: |w| {
                w.cpu.general.rsi = 0x5152_FFFF;
                w.cpu.general.rcx = 0xC1C2_0003;
                w.entered(13, 0x100);
            },
            reads: 0,
            written: &[0xFCFB, 0xFEFD],
            outcome: REFLECTED_13,
        },
        // a32 rep insb down from 1: two bytes, then EDI=FFFFFFFFh.
        Row {
            code: &[0x67, 0xF3, 0x6C],
            before: |w| {
                w.cpu.general.rdi = 1;
                w.cpu.general.rcx = 0x1_0000;
                w.cpu.eflags |= Flags::DF;
            },
            batch: 64,
            after: |w| {
                w.cpu.general.rdi = 0xFFFF_FFFF;
                w.cpu.general.rcx = 0xFFFE;
                w.memory.write_u16(0x3_8000, 0x0102);
                w.entered(13, 0x100);
            },
            reads: 2,
            written: &[],
            outcome: REFLECTED_13,
        },
        Row {
            code: &[0x6D],
            before: |w| {
                w.cpu.general.rdi = 0xFFFF;
                w.cpu.esp = 1;
            },
            batch: 1,
            after: |_| (),
            reads: 0,
            written: &[],
            outcome: Outcome::Shutdown,
        },
    ]);
}

#[test]
fn a_count_is_kept_in_the_register_of_the_address_size() {
    check(&[
        // CX=0 with ECX not 0
        Row {
            code: &[0xF3, 0x6E],
            before: |w| {
                w.cpu.general.rcx = 0xC1C2_0000;
                w.cpu.general.rsi = 0x1_FFFF;
            },
            batch: 64,
            after: |w| w.cpu.eip += 2,
            reads: 0,
            written: &[],
            outcome: DONE,
        },
        Row {
            code: &[0x67, 0xF3, 0x6E],
            before: |w| {
                w.cpu.general.rcx = 0x10_0002;
                w.cpu.general.rsi = 0;
            },
            batch: 2,
            after: |w| {
                w.cpu.general.rcx = 0x10_0000;
                w.cpu.general.rsi = 2;
            },
            reads: 0,
            written: &[0, 1],
            outcome: Outcome::More,
        },
        Row {
            code: &[0xF2, 0x6D],
            before: |w| {
                w.cpu.general.rcx = 0xC1C2_0003;
                w.cpu.general.rdi = 0xE1E2_FFFE;
            },
            batch: 3,
            after: |w| {
                w.cpu.eip += 2;
                w.cpu.general.rcx = 0xC1C2_0000;
                w.cpu.general.rdi = 0xE1E2_0004;
                w.memory.write_u16(0x4_7FFE, 0x0101);
                w.memory.write_u32(0x3_8000, 0x0303_0202);
            },
            reads: 3,
            written: &[],
            outcome: DONE,
        },
    ]);
}

#[test]
fn a_batch_ends_early_enough_for_interrupts_and_steps() {
    check(&[
        Row {
            code: &[0xF3, 0x6E],
            before: |w| w.cpu.general.rcx = 3,
            batch: 2,
            after: |w| {
                w.cpu.general.rcx = 1;
                w.cpu.general.rsi += 2;
            },
            reads: 0,
            written: &[0x20, 0x21],
            outcome: Outcome::More,
        },
        Row {
            code: &[0xF3, 0x6E],
            before: |w| w.cpu.general.rcx = 3,
            batch: 0,
            after: |w| {
                w.cpu.general.rcx = 2;
                w.cpu.general.rsi += 1;
            },
            reads: 0,
            written: &[0x20],
            outcome: Outcome::More,
        },
        // Stepping: one element, and the trap's saved IP is the instruction that goes on.
        Row {
            code: &[0xF3, 0x6E],
            before: |w| {
                w.cpu.general.rcx = 3;
                w.cpu.eflags |= Flags::TF;
            },
            batch: 64,
            after: |w| {
                w.cpu.general.rcx = 2;
                w.cpu.general.rsi += 1;
                w.stepped();
            },
            reads: 0,
            written: &[0x20],
            outcome: DONE,
        },
        Row {
            code: &[0xF3, 0x6E],
            before: |w| {
                w.cpu.general.rcx = 1;
                w.cpu.eflags |= Flags::TF;
            },
            batch: 64,
            after: |w| {
                w.cpu.eip += 2;
                w.cpu.general.rcx = 0;
                w.cpu.general.rsi += 1;
                w.stepped();
            },
            reads: 0,
            written: &[0x20],
            outcome: DONE,
        },
    ]);
}
