//! Frames, the guest's interrupt table, and deliveries that fail.

use v8086::{Cpu, Flags, GuestMemory, Shutdown, TableRegister, interrupt, step};

use crate::fake::World;

const TABLE: TableRegister = TableRegister::INTERRUPT_VECTORS;

fn deliver(world: &mut World, idtr: TableRegister, vector: u8, ip: u16) -> Result<(), Shutdown> {
    interrupt::deliver(&mut world.cpu, &mut world.memory, idtr, vector, ip)
}

#[test]
fn a_frame_holds_flags_cs_and_ip_and_the_handler_runs_without_if_tf_ac_rf() {
    let mut world = World::with_code(&[]);
    world.cpu.eflags = 0x0005_7FD7;
    assert_eq!(deliver(&mut world, TABLE, 0x80, 0x1234), Ok(()));
    assert_eq!((world.cpu.segments[1], world.cpu.eip, world.cpu.esp), (0x7000, 0x80, 0xABCD_07FA));
    assert_eq!(world.memory.read_u16(0x2_07FA), 0x1234);
    assert_eq!(world.memory.read_u16(0x2_07FC), 0x1000);
    assert_eq!(world.memory.read_u16(0x2_07FE), 0x7FD7);
    assert_eq!(world.cpu.eflags, 0x7CD7);
}

#[test]
fn the_stack_wraps_between_words_but_not_within_one() {
    // SP before, and SP after if there is room.
    let rows: [(u16, Option<u16>); 8] = [
        (0, Some(0xFFFA)),
        (1, None),
        (2, Some(0xFFFC)),
        (3, None),
        (4, Some(0xFFFE)),
        (5, None),
        (6, Some(0)),
        (7, Some(1)),
    ];
    for (before, after) in rows {
        let mut world = World::with_code(&[]);
        world.cpu.esp = u32::from(before);
        let start = world.clone();
        let delivered = deliver(&mut world, TABLE, 0x20, 0x5678);
        match after {
            Some(sp) => {
                assert_eq!((delivered, world.cpu.esp), (Ok(()), u32::from(sp)), "SP={before}");
                for (index, word) in (0..).zip([0x5678, 0x1000, 0x0202]) {
                    let offset = u32::from(sp.wrapping_add(2 * index));
                    assert_eq!(world.memory.read_u16(0x2_0000 + offset), word, "SP={before}");
                }
            }
            None => {
                assert_eq!(delivered, Err(Shutdown), "SP={before}");
                world.assert_is(&start, "no frame");
            }
        }
    }
}

#[test]
fn the_table_lies_where_idtr_says() {
    let mut world = World::with_code(&[]);
    world.memory.write_u32(0x5_0000 + 0x21 * 4, 0x1234_5678);
    let idtr = TableRegister { base: 0x5_0000, limit: 0x21 * 4 + 3 };
    assert_eq!(deliver(&mut world, idtr, 0x21, 0), Ok(()));
    assert_eq!((world.cpu.segments[1], world.cpu.eip), (0x1234, 0x5678));
}

#[test]
fn a_table_beyond_memory_is_all_ones() {
    let mut world = World::with_code(&[]);
    let idtr = TableRegister { base: 0xFFFF_FFF0, limit: 0xFFFF };
    assert_eq!(deliver(&mut world, idtr, 0x00, 0), Ok(()));
    assert_eq!((world.cpu.segments[1], world.cpu.eip), (0xFFFF, 0xFFFF));
}

#[test]
fn a_vector_beyond_the_limit_is_13_then_8_then_shutdown() {
    // Limit, vector, whether it is an exception; the vector that is delivered instead.
    let rows = [
        (0x83, 0x20, false, Some(0x20)),
        (0x82, 0x20, false, Some(13)),
        (13 * 4 + 3, 0x20, false, Some(13)),
        (13 * 4 + 2, 0x20, false, Some(8)),
        (8 * 4 + 3, 0x20, false, Some(8)),
        (8 * 4 + 2, 0x20, false, None),
        // Hardware interrupt 11 on a PC is INT 0Bh by default: no exception, so no double fault.
        (8 * 4 + 3, 11, false, Some(8)),
        (10 * 4 + 3, 11, true, Some(8)),
        (10 * 4 + 3, 13, true, Some(8)),
        // #MF is benign.
        (14 * 4 + 3, 16, true, Some(13)),
        (7 * 4 + 3, 8, true, None),
        (7 * 4 + 3, 8, false, None),
        (0, 3, true, None),
    ];
    for (limit, vector, exception, delivered) in rows {
        let mut world = World::with_code(&[]);
        let start = world.clone();
        let idtr = TableRegister { base: 0, limit };
        let result = if exception {
            interrupt::deliver_exception(&mut world.cpu, &mut world.memory, idtr, vector, 0x999)
        } else {
            deliver(&mut world, idtr, vector, 0x999)
        };
        let mut expected = start;
        if let Some(delivered) = delivered {
            // What comes instead of an event is a fault of the instruction, so its IP is saved.
            expected.entered(delivered, if delivered == vector { 0x999 } else { 0x100 });
        }
        assert_eq!(result, delivered.map(|_| ()).ok_or(Shutdown), "limit {limit:X}h, vector {vector}");
        world.assert_is(&expected, "table limit");
    }
}

#[test]
fn only_a_full_table_at_0_is_what_the_hardware_redirects_through() {
    let rows = [(0, 0x3FF, true), (0, 0xFFFF, true), (0, 0x3FE, false), (4, 0x3FF, false)];
    for (base, limit, standard) in rows {
        assert_eq!(
            TableRegister { base, limit }.is_standard_interrupt_table(),
            standard,
            "{base:X}:{limit:X}"
        );
    }
}

#[test]
fn completing_an_instruction_moves_ip_clears_rf_and_steps() {
    for (flags, stepped) in [(0, false), (Flags::RF, false), (Flags::TF, true), (Flags::TF | Flags::RF, true)]
    {
        let mut world = World::with_code(&[]);
        world.cpu.eflags |= flags;
        let mut expected = world.clone();
        assert_eq!(step::complete(&mut world.cpu, &mut world.memory, &mut world.system, 0x10000), Ok(()));
        expected.cpu.set_eip(0x10000);
        expected.cpu.eflags &= !Flags::RF;
        if stepped {
            expected.stepped();
        }
        world.assert_is(&expected, "completed");
    }
}
