use super::*;
use crate::UnassignedAccesses;
use crate::fakes::Machine;

#[test]
fn unassigned_ports_read_all_ones_at_every_width_and_are_counted() {
    let mut machine = Machine::on();
    for (width, value) in [(Width::Byte, 0xFF), (Width::Word, 0xFFFF), (Width::Dword, 0xFFFF_FFFF)] {
        assert_eq!(machine.pc.port_in(0x0CF8, width, machine.now), value);
        machine.pc.port_out(0x0CF8, width, 0x8000_0000, machine.now, &mut machine.host);
    }
    assert_eq!(machine.pc.unassigned_accesses(), UnassignedAccesses { reads: 3, writes: 3 });
}

#[test]
fn a_wide_access_goes_to_adjacent_ports() {
    let mut machine = Machine::on();
    // Index and data of the CRTC in one OUT, as programs do it.
    machine.pc.port_out(COLOR_CRTC_INDEX, Width::Word, 0x120E, machine.now, &mut machine.host);
    assert_eq!(machine.pc.port_in(COLOR_CRTC_INDEX, Width::Word, machine.now), 0x120E);
    // LPT1's last register, and a port behind it that is not there.
    assert_eq!(machine.pc.port_in(LPT1_CONTROL, Width::Word, machine.now) >> 8, 0xFF);
    assert_eq!(machine.pc.unassigned_accesses(), UnassignedAccesses::default());
}

#[test]
fn the_ports_of_other_emulators_are_ordinary_here() {
    let mut machine = Machine::on();
    for port in [DEBUG_CONSOLE, BOCHS_SHUTDOWN] {
        machine.port_out(port, b'S');
        assert_eq!(machine.port_in(port), 0xFF, "{port:04X}");
    }
    assert_eq!(machine.pc.end(), None);
    assert!(machine.host.serial.is_empty());
}

#[test]
fn serial_bytes_go_to_the_host_and_come_from_it() {
    let mut machine = Machine::on();
    for byte in *b"hi" {
        machine.port_out(COM1, byte);
    }
    assert_eq!(machine.host.serial, b"hi");
    assert!(machine.pc.serial_input(b'x', machine.now));
    assert!(!machine.pc.serial_input(b'y', machine.now), "no FIFO: one byte");
    machine.port_out(COM1 + 1, 0x01);
    machine.port_out(COM1 + 4, 0x08);
    machine.port_out(PIC_MASTER_DATA, 0xEF);
    assert!(machine.pc.interrupt_pending());
    assert_eq!(machine.pc.acknowledge(), 0x0C);
    assert_eq!(machine.port_in(COM1), b'x');
}

#[test]
fn timer_interrupts_come_at_the_programmed_rate() {
    let mut machine = Machine::on();
    assert_eq!((machine.pc.timer_period(), machine.pc.next_event()), (65_536, Ticks(65_536)));
    machine.port_out(PIT_CONTROL, 0x34);
    machine.port_out(PIT_CHANNEL_0, 0xA9);
    machine.port_out(PIT_CHANNEL_0, 0x04);
    assert_eq!((machine.pc.timer_period(), machine.pc.next_event()), (1193, Ticks(1193)));
    machine.wait(1192);
    assert!(!machine.pc.interrupt_pending());
    machine.wait(1);
    assert!(machine.pc.interrupt_pending());
    // Three edges with nobody listening are one interrupt.
    machine.wait(3 * 1193);
    assert_eq!(machine.pc.acknowledge(), 0x08);
    machine.port_out(PIC_MASTER_COMMAND, 0x20);
    assert!(!machine.pc.interrupt_pending());
    assert_eq!(machine.pc.next_event(), Ticks(5 * 1193));
}

#[test]
fn a_key_is_the_next_event_until_it_is_delivered() {
    let mut machine = Machine::on();
    let event = crate::KeyEvent { scan: 0x1E, extended: false, pressed: true };
    machine.now = Ticks(500);
    machine.pc.key(event, machine.now);
    assert_eq!(machine.pc.next_event(), Ticks(500));
    machine.wait(1);
    assert!(machine.pc.interrupt_pending());
    assert_eq!(machine.pc.next_event(), Ticks(65_536));
}

#[test]
fn port_61_gates_the_speakers_counter() {
    let mut machine = Machine::on();
    for (port, value) in [(PIT_CONTROL, 0xB0), (PIT_CHANNEL_2, 100), (PIT_CHANNEL_2, 0)] {
        machine.port_out(port, value);
    }
    machine.wait(200);
    assert_eq!(machine.port_in(SYSTEM_CONTROL_B) & 0x20, 0, "the gate is low: nothing counts");
    machine.port_out(SYSTEM_CONTROL_B, 0x01);
    machine.wait(100);
    assert_eq!(machine.port_in(SYSTEM_CONTROL_B) & 0x21, 0x21);
}

#[test]
fn the_cmos_tells_the_same_equipment_as_the_bios_but_for_the_display() {
    let mut machine = Machine::with_disks(std::vec![(0, crate::fakes::FakeDisk::new(2880))]);
    machine.call(0x11, 0);
    for (index, value) in
        [(0x10, 0x40), (0x14, machine.cpu.general.al() & !0x30), (0x15, 0x80), (0x16, 0x02), (0x32, 0x20)]
    {
        machine.port_out(CMOS_INDEX, index);
        assert_eq!(machine.port_in(CMOS_DATA), value, "{index:02X}");
    }
    assert_eq!(machine.cpu.general.ax(), 0x4427);
}

#[test]
fn each_byte_that_is_sent_ends_in_an_interrupt_of_its_own() {
    let mut machine = Machine::on();
    machine.port_out(PIC_MASTER_DATA, 0xE7);
    for (base, vector) in [(COM1, 0x0C), (COM2, 0x0B)] {
        machine.port_out(base + 4, 0x08);
        machine.port_out(base + 1, 0x02);
        // The handler does not ask which interrupt it was, and sends the next byte, which takes a while at 9600 baud.
        for _ in 0..3 {
            assert!(machine.pc.interrupt_pending());
            assert_eq!(machine.pc.acknowledge(), vector);
            machine.port_out(base, b'x');
            machine.port_out(PIC_MASTER_COMMAND, 0x20);
            assert_eq!(machine.pc.next_event(), machine.now.plus(1243));
            machine.wait(1242);
            assert!(!machine.pc.interrupt_pending());
            machine.wait(1);
        }
        assert!(machine.pc.interrupt_pending());
        machine.port_out(base + 1, 0x00);
        assert_eq!(machine.pc.acknowledge(), 0x0F, "a spurious one");
        assert!(!machine.pc.interrupt_pending());
    }
}
