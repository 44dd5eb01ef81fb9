use crate::Cell;
use crate::fakes::{FakeMemory, Machine};
use v8086::GuestMemory;

impl Machine {
    fn cell(&self, row: u16, column: u16) -> (u8, u8) {
        let Cell { character, attribute } = self.pc.screen(&self.memory).cell(row, column);
        (character, attribute)
    }

    /// Row and column of the cursor, as shown and as the data area has it for page 0.
    fn cursor(&self) -> (u16, u16) {
        let cursor = self.pc.screen(&self.memory).cursor();
        let [column, row] = self.memory.read_u16(0x450).to_le_bytes();
        assert_eq!((cursor.row, cursor.column), (u16::from(row), u16::from(column)));
        (cursor.row, cursor.column)
    }

    fn place(&mut self, row: u8, column: u8) {
        self.cpu.general.set_bx(0);
        self.cpu.general.set_dx(u16::from_be_bytes([row, column]));
        self.call(0x10, 0x0200);
    }

    fn print(&mut self, text: &[u8]) {
        for &byte in text {
            self.call(0x10, 0x0E00 | u16::from(byte));
        }
    }
}

#[test]
fn teletype_moves_the_cursor_and_obeys_control_characters() {
    for (start, text, cursor, row, shown) in [
        ((0, 0), &b"Hi"[..], (0, 2), 0, "Hi"),
        ((0, 0), b"a\r\nb", (1, 1), 1, "b"),
        ((0, 0), b"abc\x08\x08X", (0, 2), 0, "aXc"),
        ((0, 0), b"\x08A\x07", (0, 1), 0, "A"),
        ((3, 79), b"xy", (4, 1), 4, "y"),
        ((24, 79), b"xy", (24, 1), 24, "y"),
        ((24, 0), b"last\n", (24, 4), 23, "last"),
    ] {
        let mut machine = Machine::on();
        machine.place(start.0, start.1);
        machine.print(text);
        assert_eq!(machine.cursor(), cursor, "{text:?}");
        assert_eq!(machine.row(row), shown, "{text:?}");
    }
}

#[test]
fn teletype_ignores_the_page_in_bh_and_keeps_attributes() {
    let mut machine = Machine::on();
    machine.memory.0[0xB8001] = 0x4E;
    machine.cpu.general.set_bx(0x05FF);
    machine.print(b"A");
    assert_eq!(machine.cell(0, 0), (b'A', 0x4E));
}

#[test]
fn characters_are_written_with_and_without_attribute_and_read_back() {
    let mut machine = Machine::on();
    machine.place(1, 78);
    machine.cpu.general.set_bx(0x001F);
    machine.cpu.general.set_cx(3);
    machine.call(0x10, 0x0900 | u16::from(b'*'));
    assert_eq!([machine.cell(1, 78), machine.cell(1, 79), machine.cell(2, 0)], [(b'*', 0x1F); 3]);
    assert_eq!(machine.cursor(), (1, 78));
    machine.cpu.general.set_cx(1);
    machine.cpu.general.set_bx(0x0044);
    machine.call(0x10, 0x0A00 | u16::from(b'+'));
    machine.call(0x10, 0x0800);
    assert_eq!(machine.cpu.general.ax(), 0x1F2B);
}

#[test]
fn windows_scroll_in_both_directions() {
    fn rows(machine: &Machine) -> [u8; 5] {
        core::array::from_fn(|row| machine.cell(row as u16, 1).0)
    }
    for (ax, expected) in [
        (0x0601, *b"0234 "),
        (0x0602, *b"034  "),
        (0x0701, *b"0 123"),
        (0x0600, *b"0    "),
        (0x06FF, *b"0    "),
    ] {
        let mut machine = Machine::on();
        for row in 0..5 {
            machine.place(row, 0);
            machine.print(&[b'A', b'0' + row, b'Z']);
        }
        // Rows 1 to 4, column 1 only.
        machine.cpu.general.set_bx(0x7000);
        machine.cpu.general.set_cx(0x0101);
        machine.cpu.general.set_dx(0x0401);
        machine.call(0x10, ax);
        assert_eq!(rows(&machine), expected, "{ax:04X}");
        for row in 0..5 {
            assert_eq!((machine.cell(row, 0).0, machine.cell(row, 2).0), (b'A', b'Z'), "{ax:04X}");
        }
        let blank = expected.iter().rposition(|&byte| byte == b' ').unwrap();
        assert_eq!(machine.cell(blank as u16, 1).1, 0x70);
    }
}

#[test]
fn scrolling_at_the_bottom_takes_the_colour_of_the_last_row() {
    let mut machine = Machine::on();
    machine.place(24, 0);
    machine.cpu.general.set_bx(0x0017);
    machine.cpu.general.set_cx(80);
    machine.call(0x10, 0x0920);
    machine.print(b"\n");
    assert_eq!(machine.cell(24, 79), (b' ', 0x17));
}

#[test]
fn strings_are_written_in_all_four_modes() {
    for (al, bytes, count, cursor, second) in [
        (0, &b"ab"[..], 2, (0, 0), (b'b', 0x2F)),
        (1, b"ab", 2, (5, 12), (b'b', 0x2F)),
        (2, b"a\x11b\x22", 2, (0, 0), (b'b', 0x22)),
        (3, b"a\x11b\x22", 2, (5, 12), (b'b', 0x22)),
    ] {
        let mut machine = Machine::on();
        machine.memory.write(0x3_0010, bytes);
        machine.cpu.segments[0] = 0x3000;
        let general = &mut machine.cpu.general;
        general.set_bp(0x10);
        general.set_cx(count);
        general.set_bx(0x002F);
        general.set_dx(0x050A);
        machine.call(0x10, 0x1300 | al);
        assert_eq!(machine.cell(5, 11), second, "mode {al}");
        assert_eq!(machine.cursor(), cursor, "mode {al}");
    }
}

#[test]
fn modes_set_size_memory_and_what_is_reported() {
    for (mode, columns, base) in
        [(0, 40, 0xB8000), (1, 40, 0xB8000), (2, 80, 0xB8000), (3, 80, 0xB8000), (7, 80, 0xB0000)]
    {
        let mut machine = Machine::on();
        machine.print(b"old");
        machine.call(0x10, mode);
        assert_eq!(machine.row(0), "");
        machine.print(b"new");
        assert_eq!(machine.memory.0[base], b'n', "mode {mode}");
        assert_eq!(machine.row(0), "new");
        assert_eq!(
            (machine.pc.screen(&machine.memory).columns(), machine.pc.screen(&machine.memory).rows()),
            (columns, 25)
        );
        machine.call(0x10, 0x0F00);
        assert_eq!(machine.cpu.general.ax(), columns << 8 | mode);
        assert_eq!(machine.cpu.general.bh(), 0);
    }
}

#[test]
fn bit_7_of_a_mode_keeps_what_is_on_the_screen() {
    let mut machine = Machine::on();
    machine.print(b"kept");
    machine.call(0x10, 0x0083);
    assert_eq!(machine.row(0), "kept");
    machine.call(0x10, 0x0F00);
    assert_eq!(machine.cpu.general.al(), 0x83);
}

#[test]
fn a_graphics_mode_is_named_and_refused() {
    let mut machine = Machine::on();
    machine.print(b"text");
    machine.call(0x10, 0x0013);
    assert!(machine.carry());
    assert_eq!(machine.row(0), "text");
    assert!(machine.host.log[0].starts_with("INT 10h, AX=0013h, not available"));
}

#[test]
fn pages_are_written_behind_the_scene_and_shown() {
    let mut machine = Machine::on();
    machine.cpu.general.set_bx(0x0107);
    machine.cpu.general.set_cx(1);
    machine.call(0x10, 0x0900 | u16::from(b'P'));
    assert_eq!(machine.row(0), "");
    machine.call(0x10, 0x0501);
    assert_eq!(machine.row(0), "P");
    assert_eq!(machine.memory.0[0xB9000], b'P');
    assert_eq!(machine.memory.read_u16(0x44E), 0x1000);
    machine.call(0x10, 0x0500);
    assert_eq!(machine.row(0), "");
}

#[test]
fn the_cursor_shape_is_scaled_and_reported() {
    for (cx, first, last, visible) in [
        (0x0607, 14, 15, true),
        (0x0007, 1, 15, true),
        (0x2000, 0, 0, false),
        (0x0D0E, 13, 14, true),
        (0x0706, 15, 13, false),
    ] {
        let mut machine = Machine::on();
        machine.cpu.general.set_cx(cx);
        machine.call(0x10, 0x0100);
        let cursor = machine.pc.screen(&machine.memory).cursor();
        assert_eq!((cursor.first_line, cursor.last_line, cursor.visible), (first, last, visible), "{cx:04X}");
        machine.cpu.general.set_bx(0);
        machine.call(0x10, 0x0300);
        assert_eq!(machine.cpu.general.cx(), cx);
    }
}

#[test]
fn a_mode_with_pixels_is_refused_but_its_memory_is_there_until_a_text_mode_is_set() {
    for mode in [0x04, 0x06, 0x0D, 0x12, 0x13, 0x93] {
        let mut machine = Machine::on();
        assert!(!machine.pc.pixel_memory());
        machine.call(0x10, mode);
        assert!(machine.carry() && machine.pc.pixel_memory(), "{mode:02X}");
        machine.call(0x10, 0x0F00);
        assert_eq!(machine.cpu.general.al(), 0x03, "{mode:02X}");
        machine.call(0x10, 0x0003);
        assert!(!machine.pc.pixel_memory());
    }
    // A program that sets the registers itself.
    let mut machine = Machine::on();
    machine.port_out(0x3CE, 0x06);
    for (value, there) in [(0x05, true), (0x01, true), (0x0E, false), (0x0A, false)] {
        machine.port_out(0x3CF, value);
        assert_eq!(machine.pc.pixel_memory(), there, "{value:02X}");
    }
}

#[test]
fn the_8_line_font_gives_50_rows() {
    let mut machine = Machine::on();
    machine.cpu.general.set_bx(0);
    machine.call(0x10, 0x1112);
    assert_eq!(machine.pc.screen(&machine.memory).rows(), 50);
    machine.place(49, 0);
    machine.print(b"bottom");
    assert_eq!(machine.row(49), "bottom");
    machine.print(b"\n");
    assert_eq!(machine.row(48), "bottom");
}

#[test]
fn the_scan_lines_that_were_chosen_give_25_rows_and_with_the_8_line_font_as_many_as_fit() {
    for (choice, height, rows) in [(0x1200, 8, 25), (0x1201, 14, 43), (0x1202, 16, 50)] {
        let mut machine = Machine::on();
        machine.cpu.general.set_bx(0x0030);
        machine.call(0x10, choice);
        machine.call(0x10, 0x0003);
        assert_eq!(machine.pc.screen(&machine.memory).rows(), 25, "{choice:04X}");
        assert_eq!((machine.memory.read_u16(0x485), machine.memory.read_u8(0x484)), (height, 24));
        machine.cpu.general.set_bx(0);
        machine.call(0x10, 0x1112);
        assert_eq!(machine.pc.screen(&machine.memory).rows(), rows, "{choice:04X}");
    }
}

#[test]
fn the_adapter_presents_itself_as_a_vga() {
    let mut machine = Machine::on();
    machine.call(0x10, 0x1A00);
    assert_eq!((machine.cpu.general.al(), machine.cpu.general.bx()), (0x1A, 0x0008));
    machine.cpu.general.set_bl(0x10);
    machine.call(0x10, 0x1200);
    assert_eq!((machine.cpu.general.bx(), machine.cpu.general.cx()), (0x0003, 0x0009));
}

#[test]
fn palette_and_colours_reach_the_dac() {
    let mut machine = Machine::on();
    let general = &mut machine.cpu.general;
    general.set_bx(40);
    general.set_dx(0x1100);
    general.set_cx(0x2233);
    machine.call(0x10, 0x1010);
    machine.cpu.general.set_cx(0);
    machine.call(0x10, 0x1015);
    assert_eq!((machine.cpu.general.dh(), machine.cpu.general.cx()), (0x11, 0x2233));
    machine.cpu.general.set_bx(0x2A03);
    machine.call(0x10, 0x1000);
    machine.cpu.general.set_bx(0x0003);
    machine.call(0x10, 0x1007);
    assert_eq!(machine.cpu.general.bh(), 0x2A);
}

#[test]
fn the_screen_is_what_lies_at_the_start_address_and_wraps() {
    let mut machine = Machine::on();
    let FakeMemory(memory) = &mut machine.memory;
    // The last 40 cells of the window, then the first.
    memory[0xB8000 + 0x7FB0] = b'x';
    memory[0xB8000] = b'y';
    for (index, value) in [(0x0C, 0x3F), (0x0D, 0xD8)] {
        machine.port_out(0x3D4, index);
        machine.port_out(0x3D5, value);
    }
    assert_eq!((machine.cell(0, 0).0, machine.cell(0, 40).0), (b'x', b'y'));
    assert!(machine.pc.screen(&machine.memory).contains("y"));
    let row = machine.row(0);
    assert!(row.starts_with('x') && row[1..].trim_start().starts_with('y'));
}

#[test]
fn the_fingerprint_changes_with_cells_and_not_with_the_cursor() {
    let mut machine = Machine::on();
    let before = machine.pc.screen(&machine.memory).fingerprint();
    machine.place(3, 3);
    assert_eq!(machine.pc.screen(&machine.memory).fingerprint(), before);
    machine.memory.0[0xB8001] ^= 1;
    assert_ne!(machine.pc.screen(&machine.memory).fingerprint(), before);
}
