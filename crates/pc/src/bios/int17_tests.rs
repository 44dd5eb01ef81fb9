use crate::fakes::Machine;

#[test]
fn the_first_printer_takes_everything_and_others_are_not_there() {
    let mut machine = Machine::on();
    for (ax, dx, ah) in [(0x0041, 0, 0x90), (0x0100, 0, 0x90), (0x0200, 0, 0x90), (0x0041, 1, 0x00)] {
        machine.cpu.general.set_dx(dx);
        machine.call(0x17, ax);
        assert_eq!(machine.cpu.general.ah(), ah, "AX={ax:04X}");
    }
    assert_eq!(machine.port_in(0x378), 0x41);
}
