use super::*;
use crate::fakes::Machine;
use std::collections::BTreeSet;

/// Where AX=1130h says that font `number` lies.
fn told(machine: &mut Machine, number: u8) -> FarPointer {
    machine.cpu.general.set_bx(u16::from(number) << 8);
    machine.call(0x10, 0x1130);
    FarPointer::new(machine.cpu.segments[SegmentRegister::Es as usize], machine.cpu.general.bp())
}

fn lines(machine: &Machine, font: FarPointer, height: u16, character: u8) -> std::vec::Vec<u8> {
    (0..height)
        .map(|line| machine.memory.0[font.plus(height * u16::from(character) + line).linear() as usize])
        .collect()
}

#[test]
fn the_fonts_are_where_programs_look_for_them() {
    let mut machine = Machine::on();
    let capital_i = [0x78, 0x30, 0x30, 0x30, 0x30, 0x30, 0x78, 0x00];
    let low = told(&mut machine, 3);
    assert_eq!(low, FarPointer::new(0xF000, 0xFA6E));
    assert_eq!(lines(&machine, low, 8, b'I'), capital_i);
    assert_eq!((machine.cpu.general.cx(), machine.cpu.general.dl()), (16, 24));
    let tall = told(&mut machine, 6);
    assert_eq!(lines(&machine, tall, 16, b'I')[..6], [0x78, 0x78, 0x30, 0x30, 0x30, 0x30]);
    assert_eq!(told(&mut machine, 1), tall, "text modes have characters of 16 lines");
    let middle = told(&mut machine, 2);
    assert_eq!(lines(&machine, middle, 14, b'I')[..4], [0x78, 0x78, 0x30, 0x30]);
    let upper = told(&mut machine, 4);
    assert_eq!(lines(&machine, upper, 8, 0xDB - 0x80), [0xFF; 8], "the full block");
    assert_eq!(told(&mut machine, 0), upper);
    let none = told(&mut machine, 7);
    assert_eq!(machine.memory.0[none.linear() as usize], 0);
}

#[test]
fn a_users_font_is_what_its_vector_points_to() {
    let mut machine = Machine::on();
    for (function, number) in [(0x1120, 0), (0x1121, 1)] {
        machine.cpu.segments[SegmentRegister::Es as usize] = 0x2345;
        machine.cpu.general.set_bp(0x0678);
        machine.cpu.general.set_cx(8);
        machine.call(0x10, function);
        assert_eq!(told(&mut machine, number), FarPointer::new(0x2345, 0x0678), "{function:04X}");
    }
    machine.call(0x10, 0x1123);
    assert_eq!(told(&mut machine, 1), FarPointer::new(0xF000, 0xFA6E));
}

#[test]
fn every_character_but_the_blanks_has_a_shape_of_its_own() {
    let shapes: BTreeSet<Shape> = (0..=255).map(shape).collect();
    let blanks = (0..=255).filter(|&byte| shape(byte) == [0; 8]).count();
    // NUL, space, and the no-break space.
    assert_eq!(blanks, 3);
    // Signs that look alike in eight lines: they are few.
    assert!(shapes.len() >= 250, "{}", shapes.len());
}
