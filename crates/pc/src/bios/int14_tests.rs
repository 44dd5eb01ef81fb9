use crate::fakes::Machine;

#[test]
fn bytes_go_out_and_come_in_with_line_status() {
    let mut machine = Machine::on();
    for (ax, dx, answer) in [
        (0x00E3, 0, 0x6030), // initialise 9600-8-N-1: line and modem status
        (0x0141, 0, 0x2041), // send A
        (0x0300, 0, 0x6030), // status
        (0x0200, 0, 0x8000), // nothing to receive
        (0x0142, 1, 0x2042), // into the void
        (0x0143, 2, 0x0143), // no COM3
    ] {
        machine.cpu.general.set_dx(dx);
        machine.call(0x14, ax);
        assert_eq!(machine.cpu.general.ax(), answer, "AX={ax:04X}");
    }
    assert_eq!(machine.host.serial, b"A");
    machine.pc.serial_input(b'z', machine.now);
    machine.cpu.general.set_dx(0);
    machine.call(0x14, 0x0200);
    assert_eq!(machine.cpu.general.ax(), u16::from(b'z'));
    machine.call(0x14, 0x0700);
    assert!(machine.carry());
}

#[test]
fn the_baud_rate_reaches_the_divisor() {
    for (al, divisor) in [(0x03, 1047_u16), (0x83, 96), (0xE3, 12)] {
        let mut machine = Machine::on();
        machine.call(0x14, al);
        machine.port_out(0x3FB, 0x83);
        let found = [machine.port_in(0x3F8), machine.port_in(0x3F9)];
        assert_eq!(u16::from_le_bytes(found), divisor, "{al:02X}");
    }
}
