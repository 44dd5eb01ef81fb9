use super::*;

#[test]
fn what_is_written_goes_out_and_the_transmitter_is_always_empty() {
    let mut uart = Uart::new();
    assert_eq!(uart.write(0, b'A', Ticks(0)), Some(b'A'));
    assert_eq!(uart.read(5), 0x60);
}

#[test]
fn the_divisor_hides_behind_its_access_bit_and_everything_reads_back() {
    let mut uart = Uart::new();
    uart.write(3, 0x83, Ticks(0));
    for (offset, value) in [(0, 0x01), (1, 0x02)] {
        assert_eq!(uart.write(offset, value, Ticks(0)), None);
    }
    assert_eq!([uart.read(0), uart.read(1)], [0x01, 0x02]);
    uart.write(3, 0x03, Ticks(0));
    for (offset, value, expected) in [(1, 0xFF, 0x0F), (3, 0x1B, 0x1B), (4, 0xFF, 0x1F), (7, 0x5A, 0x5A)] {
        uart.write(offset, value, Ticks(0));
        assert_eq!(uart.read(offset), expected, "register {offset}");
    }
}

#[test]
fn interrupts_need_enable_and_out_2_and_are_identified_by_urgency() {
    let mut uart = Uart::new();
    assert!(uart.receive(b'x'));
    assert!(!uart.interrupt());
    uart.write(1, 0x03, Ticks(0));
    assert!(!uart.interrupt());
    uart.write(4, 0x08, Ticks(0));
    assert!(uart.interrupt());
    assert_eq!(uart.read(2), 0x04);
    assert_eq!(uart.read(0), b'x');
    assert_eq!(uart.read(2), 0x02, "the transmitter is next");
    assert_eq!(uart.read(2), 0x01, "reading it took it away");
    assert!(!uart.interrupt());
    // 9600 baud: a byte takes a thousandth of a second; two take two.
    for byte in *b"yz" {
        uart.write(0, byte, Ticks(100));
    }
    assert!(!uart.interrupt());
    assert_eq!(uart.next_event(), Some(Ticks(100 + 2 * 1243)));
    uart.advance(Ticks(100 + 2 * 1243 - 1));
    assert!(!uart.interrupt());
    uart.advance(Ticks(100 + 2 * 1243));
    assert!(uart.interrupt());
}

#[test]
fn the_fifo_takes_16_bytes_and_its_trigger_level_counts() {
    for (control, room, trigger_id) in [(0x00, 1, 0x04), (0x01, 16, 0x04), (0xC1, 16, 0x04)] {
        let mut uart = Uart::new();
        uart.write(2, control, Ticks(0));
        uart.write(1, 0x01, Ticks(0));
        let taken = (0..20).filter(|&byte| uart.receive(byte)).count();
        assert_eq!(taken, room, "control {control:02X}");
        let fifo = if control & 1 != 0 { 0xC0 } else { 0 };
        assert_eq!(uart.read(2), fifo | trigger_id);
        assert_eq!(uart.read(0), 0);
        assert_eq!(uart.read(5) & 1, u8::from(room > 1));
    }
    let mut uart = Uart::new();
    uart.write(2, 0xC1, Ticks(0));
    uart.write(1, 0x01, Ticks(0));
    uart.receive(1);
    assert_eq!(uart.read(2), 0xCC, "below the trigger level: time-out");
}

#[test]
fn loopback_turns_data_and_modem_lines_around() {
    let mut uart = Uart::new();
    uart.write(4, 0x10, Ticks(0));
    assert_eq!(uart.write(0, b'L', Ticks(0)), None);
    assert_eq!(uart.read(0), b'L');
    for (outputs, inputs) in [(0x11, 0x20), (0x12, 0x10), (0x14, 0x40), (0x18, 0x80), (0x1F, 0xF0)] {
        uart.write(4, outputs, Ticks(0));
        assert_eq!(uart.read(6) & 0xF0, inputs, "{outputs:02X}");
    }
    assert!(!uart.receive(b'x'), "the line is cut off");
    uart.write(0, 1, Ticks(0));
    uart.write(0, 2, Ticks(0));
    assert_eq!(uart.read(5) & 0x03, 0x03, "overrun");
}

#[test]
fn a_terminal_is_there() {
    let mut uart = Uart::new();
    assert_eq!(uart.read(6), 0x30);
}
