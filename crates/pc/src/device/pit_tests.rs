use super::*;

/// A timer whose counter `channel` got this control word (without channel bits) and count at time 0.
fn programmed(channel: usize, control: u8, count: u16) -> Pit {
    let mut pit = Pit::new();
    pit.write_control((channel as u8) << 6 | control, Ticks(0));
    for byte in count.to_le_bytes() {
        pit.write(channel, byte, Ticks(0));
    }
    pit
}

fn read_word(pit: &mut Pit, channel: usize, now: u64) -> u16 {
    u16::from_le_bytes([pit.read(channel, Ticks(now)), pit.read(channel, Ticks(now))])
}

#[test]
fn every_mode_counts_and_drives_its_output_as_the_data_sheet_draws_it() {
    // Control word bits, count, then (time, count shown, output).
    type Row = (u64, u16, bool);
    let cases: [(u8, u16, &[Row]); 5] = [
        (0x30, 4, &[(0, 4, false), (3, 1, false), (4, 0, true), (5, 0xFFFF, true)]),
        (0x34, 3, &[(0, 3, true), (1, 2, true), (2, 1, false), (3, 3, true), (5, 1, false)]),
        (0x36, 4, &[(0, 4, true), (1, 2, true), (2, 4, false), (3, 2, false), (4, 4, true)]),
        (0x36, 5, &[(0, 4, true), (1, 2, true), (2, 0, true), (3, 4, false), (4, 2, false), (5, 4, true)]),
        (0x38, 2, &[(0, 2, true), (1, 1, true), (2, 0, false), (3, 0xFFFF, true)]),
    ];
    for (control, count, rows) in cases {
        let mut pit = programmed(0, control, count);
        for &(now, shown, output) in rows {
            assert_eq!(pit.output(0, Ticks(now)), output, "control {control:02X} count {count} at {now}");
            assert_eq!(read_word(&mut pit, 0, now), shown, "control {control:02X} count {count} at {now}");
        }
    }
}

#[test]
fn a_rising_gate_starts_modes_1_and_5() {
    for (control, before, rows) in [
        (0x32, true, [(10, false), (12, false), (13, true)]),
        (0x3A, true, [(10, true), (13, false), (14, true)]),
    ] {
        let mut pit = programmed(2, control, 3);
        assert_eq!(pit.output(2, Ticks(5)), before);
        pit.set_speaker_gate(true, Ticks(10));
        for (now, output) in rows {
            assert_eq!(pit.output(2, Ticks(now)), output, "control {control:02X} at {now}");
        }
    }
}

#[test]
fn a_low_gate_holds_the_count_and_a_rising_one_restarts_square_waves() {
    let mut pit = programmed(2, 0x30, 100);
    assert_eq!(read_word(&mut pit, 2, 50), 100);
    pit.set_speaker_gate(true, Ticks(50));
    assert_eq!(read_word(&mut pit, 2, 60), 90);
    pit.set_speaker_gate(false, Ticks(60));
    assert_eq!(read_word(&mut pit, 2, 80), 90);
    pit.set_speaker_gate(true, Ticks(80));
    assert_eq!(read_word(&mut pit, 2, 85), 85);

    let mut pit = programmed(2, 0x36, 100);
    pit.set_speaker_gate(true, Ticks(30));
    assert_eq!(read_word(&mut pit, 2, 40), 80);
}

#[test]
fn the_timer_requests_at_each_rise_of_its_output() {
    for (control, count, rises) in [
        (0x36, 0, &[65_536_u64, 131_072][..]),
        (0x34, 100, &[100, 200, 300]),
        (0x30, 100, &[100]),
        (0x38, 100, &[101]),
    ] {
        let mut pit = programmed(0, control, count);
        let mut from = Ticks(0);
        for &rise in rises {
            assert_eq!(pit.next_timer_rise(from), Ticks(rise), "control {control:02X}");
            assert_eq!(pit.next_timer_rise(Ticks(rise - 1)), Ticks(rise), "control {control:02X}");
            assert_eq!(pit.timer_rise_after(Ticks(rise), Ticks(rise)), pit.next_timer_rise(Ticks(rise)));
            let late = Ticks(rise + 1000);
            assert_eq!(pit.clone().timer_rise_after(Ticks(rise), late), pit.next_timer_rise(late));
            from = Ticks(rise);
        }
        if control == 0x30 {
            assert_eq!(pit.next_timer_rise(from), Ticks::NEVER);
        }
    }
}

#[test]
fn a_new_count_of_a_square_wave_takes_over_when_the_period_ends() {
    let mut pit = programmed(0, 0x36, 100);
    for byte in [10, 0] {
        pit.write(0, byte, Ticks(50));
    }
    assert_eq!(pit.period(), 10);
    let mut rises = std::vec::Vec::new();
    let mut from = Ticks(50);
    while rises.len() < 3 {
        let rise = pit.next_timer_rise(from);
        assert_eq!(pit.timer_rise_after(rise, rise), pit.next_timer_rise(rise));
        rises.push(rise.0);
        from = rise;
    }
    assert_eq!(rises, [100, 110, 120]);
}

#[test]
fn a_latched_count_stays_until_both_bytes_are_read() {
    let mut pit = programmed(0, 0x34, 0x1234);
    pit.write_control(0x00, Ticks(0x34));
    pit.write_control(0x00, Ticks(0x100));
    assert_eq!(read_word(&mut pit, 0, 0x200), 0x1200);
    assert_eq!(read_word(&mut pit, 0, 0x200), 0x1034);
}

#[test]
fn read_back_latches_status_before_count() {
    let mut pit = programmed(0, 0x36, 1000);
    pit.write_control(0xC2, Ticks(600));
    // Output low, count loaded, low then high byte, mode 3, binary.
    assert_eq!(pit.read(0, Ticks(700)), 0x36);
    assert_eq!(read_word(&mut pit, 0, 700), 800);
    pit.write_control(0x74, Ticks(0));
    pit.write_control(0xE4, Ticks(0));
    assert_eq!(pit.read(1, Ticks(0)), 0xF4, "awaits its count");
}

#[test]
fn single_byte_access_and_bcd_are_honoured() {
    let mut pit = Pit::new();
    pit.write_control(0x14, Ticks(0));
    pit.write(0, 50, Ticks(0));
    assert_eq!([pit.read(0, Ticks(10)), pit.read(0, Ticks(20))], [40, 30]);
    pit.write_control(0x24, Ticks(0));
    pit.write(0, 0x12, Ticks(0));
    assert_eq!(pit.read(0, Ticks(0x100)), 0x11);
    let mut pit = programmed(0, 0x35, 0x1000);
    assert_eq!(read_word(&mut pit, 0, 1), 0x0999);
    let mut pit = programmed(0, 0x31, 0);
    assert_eq!(read_word(&mut pit, 0, 1), 0x9999);
}

#[test]
fn a_count_of_zero_is_the_longest() {
    assert_eq!(programmed(0, 0x36, 0).period(), 65_536);
    assert_eq!(programmed(0, 0x37, 0).period(), 10_000);
}

#[test]
fn writing_a_running_count_again_does_the_same_on_the_short_way() {
    // The gate of counter 2 is low, that of counter 0 high.
    for (control, count, channel) in [
        (0x34, 100, 0),
        (0x36, 0, 0),
        (0x36, 100, 2),
        (0x35, 0x100, 0),
        (0x14, 100, 0),
        (0x30, 100, 0),
        (0x3A, 100, 0),
    ] {
        let mut long = programmed(channel, control, count);
        let mut short = long.clone();
        let mut taken = 0;
        for (at, byte) in
            [(10, count as u8), (20, (count >> 8) as u8), (150, 50), (160, 0), (400, 50), (401, 0)]
        {
            long.write(channel, byte, Ticks(at));
            if short.write_again(channel, byte, || Ticks(at)) {
                taken += 1;
            } else {
                short.write(channel, byte, Ticks(at));
            }
            for later in [at, at + 1, at + 77, at + 500] {
                let [mut long, mut short] = [long.clone(), short.clone()];
                let shown = [&mut long, &mut short]
                    .map(|pit| (pit.output(channel, Ticks(later)), read_word(pit, channel, later)));
                assert_eq!(shown[0], shown[1], "{control:02X} at {at}, {later}");
            }
        }
        assert_eq!(taken > 0, channel == 0 && matches!(control, 0x34 | 0x36), "{control:02X}");
    }
}
