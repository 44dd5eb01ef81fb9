//! INS and OUTS that are moved in one piece.

use v8086::string_io::StringIo;
use v8086::{Cpu, Flags};

use crate::fake::World;
use crate::string_io::FakePorts;

#[test]
fn a_stretch_is_what_a_batch_moves() {
    let start = |si: u32, ecx: u32, flags: u32| {
        move |world: &mut World| {
            let general = &mut world.cpu.general;
            general.set_esi(si);
            general.set_edi(si);
            general.set_ecx(ecx);
            world.cpu.eflags |= flags;
        }
    };
    for code in [&[0xF3, 0x6E][..], &[0xF3, 0x6D], &[0xF3, 0x67, 0x6E], &[0x6D], &[0x6E]] {
        for (si, ecx, flags, some) in [
            (0x100, 10, 0, true),
            (0x100, 0, 0, true),
            (0x100, 200, 0, true),
            (0xFFFE, 1, 0, true),
            (0xFFFF, 1, 0, code.ends_with(&[0x6E])),
            (0xFFC0, 200, 0, code.len() == 1),
            (0x100, 10, Flags::DF, false),
            (0x100, 10, Flags::TF, false),
        ] {
            let mut world = World::with_code(code);
            start(si, ecx, flags)(&mut world);
            let instruction = StringIo::decode(&world.cpu, &world.memory).unwrap();
            let name = format!("{code:02X?} at {si:X}, {ecx}, flags {flags:X}");
            let stretch = instruction.stretch(&world.cpu, 128);
            assert_eq!(stretch.is_some(), some, "{name}");
            let Some((linear, elements)) = stretch else { continue };
            assert_eq!(linear, u32::from(world.cpu.segment(instruction.segment)) * 16 + si, "{name}");
            let mut batch = world.clone();
            let World { cpu, memory, system, .. } = &mut batch;
            instruction.run(cpu, memory, system, &mut FakePorts::default(), 128);
            let ip = instruction.pass(&mut world.cpu, elements);
            assert_eq!((world.cpu.general, ip), (batch.cpu.general, batch.cpu.eip), "{name}");
        }
    }
}
