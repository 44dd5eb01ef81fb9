use super::*;
use crate::fakes::Machine;
use v8086::FarPointer;

/// Keys as the buffer holds them, then what old and new programs read.
const KEYS: [(u16, Option<u16>, u16); 8] = [
    (0x1E61, Some(0x1E61), 0x1E61), // a
    (0x3B00, Some(0x3B00), 0x3B00), // F1
    (0x48E0, Some(0x4800), 0x48E0), // the grey Up
    (0xE00D, Some(0x1C0D), 0xE00D), // the keypad's Enter
    (0xE02F, Some(0x352F), 0xE02F), // the keypad's slash
    (0x8500, None, 0x8500),         // F11
    (0x4CF0, None, 0x4C00),         // the keypad's 5
    (0x00E0, Some(0x00E0), 0x00E0), // α by Alt and number
];

#[test]
fn each_kind_of_program_reads_the_keys_that_it_knows() {
    for (stored, old, enhanced) in KEYS {
        for (function, expected) in [(0x0000, old), (0x1000, Some(enhanced))] {
            let mut machine = Machine::on();
            assert!(put(&mut machine.memory, stored));
            machine.call(0x16, function | 0x0100);
            assert_eq!(machine.zero(), expected.is_none(), "{stored:04X}");
            if let Some(key) = expected {
                assert_eq!(machine.cpu.general.ax(), key);
                machine.call(0x16, function);
                assert_eq!(machine.cpu.general.ax(), key, "{stored:04X}");
            }
            assert!(super::super::keyboard_buffer_is_empty(&machine.memory), "{stored:04X}");
        }
    }
}

#[test]
fn reading_without_a_key_sleeps_in_the_rom_and_asks_again() {
    let mut machine = Machine::on();
    machine.call(0x16, 0x0000);
    assert_eq!(machine.cpu.address(), FarPointer::new(0xF000, rom::KEY_WAIT));
    assert_eq!(machine.cpu.general.ax(), 0x0000, "registers stay for the second try");
    let code: [u8; 2] = core::array::from_fn(|index| {
        machine.memory.read_u8(0xF_0000 + u32::from(rom::KEY_WAIT) + index as u32)
    });
    assert_eq!(code, [0xFB, 0xF4], "STI; HLT");
    machine.run_to_call();
    machine.serve();
    assert_eq!(machine.cpu.address().offset, rom::KEY_WAIT);
    put(&mut machine.memory, 0x1E61);
    machine.run_to_call();
    machine.serve();
    assert_eq!(machine.cpu.general.ax(), 0x1E61);
    assert_eq!(machine.memory.read_u8(machine.cpu.address().linear()), 0xCF, "back through the IRET");
}

#[test]
fn the_buffer_holds_15_keys_and_wraps() {
    let mut machine = Machine::on();
    for round in 0..3 {
        for key in 0..15 {
            machine.cpu.general.set_cx(round * 16 + key);
            machine.call(0x16, 0x0500);
            assert_eq!(machine.cpu.general.al(), 0, "key {key}");
        }
        machine.call(0x16, 0x0500);
        assert_eq!(machine.cpu.general.al(), 1, "full");
        for key in 0..15 {
            machine.call(0x16, 0x1000);
            assert_eq!(machine.cpu.general.ax(), round * 16 + key);
        }
    }
}

#[test]
fn shift_flags_are_reported_in_both_ways() {
    let mut machine = Machine::on();
    machine.memory.write_u8(SHIFT_FLAGS, 0xA5);
    machine.memory.write_u8(SHIFT_KEYS, 0x05);
    machine.memory.write_u8(KEYBOARD_STATE, 0x18);
    machine.call(0x16, 0x0200);
    assert_eq!(machine.cpu.general.ax(), 0x02A5);
    machine.call(0x16, 0x1200);
    assert_eq!(machine.cpu.general.ax(), 0x89A5);
}
