use super::*;

#[test]
fn text_modes_have_their_size_and_window() {
    for (columns, monochrome, base) in [(80, false, 0xB8000), (40, false, 0xB8000), (80, true, 0xB0000)] {
        let mut vga = Vga::new();
        vga.set_mode(TextMode { columns, monochrome, lines: ScanLines::Lines400 });
        let layout = vga.layout();
        assert_eq!((layout.columns, layout.rows, layout.base), (u16::from(columns), 25, base));
        assert_eq!((layout.pitch, layout.window, layout.start), (u32::from(columns) * 2, 0x8000, 0));
        assert_eq!((vga.answers_at(0x3D4), vga.answers_at(0x3B4)), (!monochrome, monochrome));
    }
}

#[test]
fn what_a_program_sets_in_the_crtc_is_what_is_shown() {
    let mut vga = Vga::new();
    for (index, value) in [(0x0C, 0x01), (0x0D, 0x00), (0x0E, 0x01), (0x0F, 0x53), (0x09, 0x47), (0x0A, 0x20)]
    {
        vga.write_crtc_index(index);
        vga.write_crtc(value);
        assert_eq!(vga.read_crtc(), value);
    }
    let layout = vga.layout();
    assert_eq!((layout.start, layout.rows), (0x200, 50));
    assert_eq!((layout.cursor.row, layout.cursor.column, layout.cursor.visible), (1, 3, false));
}

#[test]
fn protected_registers_keep_their_values() {
    let mut vga = Vga::new();
    let write = |vga: &mut Vga, index, value| {
        vga.write_crtc_index(index);
        vga.write_crtc(value);
        vga.read_crtc()
    };
    assert_eq!(write(&mut vga, 0x01, 0x27), 0x4F);
    assert_eq!(write(&mut vga, 0x07, 0xEF), 0x0F);
    assert_eq!(write(&mut vga, 0x11, 0x0E), 0x0E);
    assert_eq!(write(&mut vga, 0x01, 0x27), 0x27);
}

#[test]
fn reading_the_status_makes_the_attribute_port_take_an_index() {
    let mut vga = Vga::new();
    vga.read_status(Ticks(0));
    vga.write_attribute(0x31);
    vga.write_attribute(0x05);
    assert_eq!((vga.read_attribute_index(), vga.read_attribute()), (0x31, 0x05));
    vga.write_attribute(0x12);
    vga.read_status(Ticks(0));
    vga.write_attribute(0x30);
    assert_eq!(vga.read_attribute_index(), 0x30);
}

#[test]
fn retrace_and_blank_move_with_time() {
    let at_line = |line: u64| Ticks((FRAME * line).div_ceil(LINES));
    let mut vga = Vga::new();
    for (now, status) in [
        (at_line(0), 0x00),
        (Ticks(at_line(10).0 - 2), 0x01),
        (at_line(400), 0x01),
        (at_line(412), 0x09),
        (at_line(448), 0x09),
        (at_line(449), 0x00),
    ] {
        assert_eq!(vga.read_status(now), status, "{now:?}");
    }
}

#[test]
fn colours_are_written_and_read_in_threes() {
    let mut vga = Vga::new();
    assert_eq!(vga.color(20), [0x2A, 0x15, 0x00], "brown");
    vga.write_dac_index(255, false);
    for value in [1, 2, 0xFF, 4] {
        vga.write_dac(value);
    }
    vga.write_dac_index(255, true);
    assert_eq!([0; 4].map(|_| vga.read_dac()), [1, 2, 0x3F, 4], "wraps to colour 0");
    assert_eq!(vga.read_dac_state(), 3);
}

#[test]
fn the_other_registers_read_back() {
    let mut vga = Vga::new();
    vga.write_sequencer(false, 4);
    vga.write_sequencer(true, 0x06);
    vga.write_graphics(false, 5);
    vga.write_graphics(true, 0x40);
    vga.write_dac_mask(0x7F);
    assert_eq!(
        [
            vga.read_sequencer(false),
            vga.read_sequencer(true),
            vga.read_graphics(false),
            vga.read_graphics(true)
        ],
        [4, 6, 5, 0x40]
    );
    assert_eq!(vga.read_dac_mask(), 0x7F);
}
