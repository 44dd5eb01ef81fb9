use crate::fakes::{FakeDisk, Machine};
use std::vec;
use v8086::GuestMemory;

/// A floppy that lacks its last 80 sectors, and a hard disk of 20 cylinders.
fn machine() -> Machine {
    Machine::with_disks(vec![(0x00, FakeDisk::new(2800)), (0x80, FakeDisk::new(20_160))])
}

impl Machine {
    fn disk_call(&mut self, ax: u16, cx: u16, dx: u16) -> (u8, u8, bool) {
        self.cpu.general.set_cx(cx);
        self.cpu.general.set_dx(dx);
        self.call(0x13, ax);
        (self.cpu.general.ah(), self.cpu.general.al(), self.carry())
    }

    fn buffer_at(&mut self, segment: u16, offset: u16) {
        self.cpu.segments[0] = segment;
        self.cpu.general.set_bx(offset);
    }
}

#[test]
fn reads_answer_as_a_bios_does() {
    for (what, ax, cx, dx, answer) in [
        ("the first sector", 0x0201, 0x0001, 0x0000, (0x00, 1, false)),
        ("a whole track", 0x0212, 0x0101, 0x0100, (0x00, 18, false)),
        ("the last sector, which the image lacks", 0x0201, 0x4F12, 0x0100, (0x00, 1, false)),
        ("past the last sector", 0x0204, 0x4F11, 0x0100, (0x04, 2, true)),
        ("no sectors", 0x0200, 0x0001, 0x0000, (0x01, 0, true)),
        ("sector 0", 0x0201, 0x0000, 0x0000, (0x01, 0, true)),
        ("sector 19", 0x0201, 0x0013, 0x0000, (0x04, 0, true)),
        ("head 2", 0x0201, 0x0001, 0x0200, (0x01, 0, true)),
        ("cylinder 80", 0x0201, 0x5001, 0x0000, (0x04, 0, true)),
        ("an absent floppy", 0x0201, 0x0001, 0x0001, (0x80, 0, true)),
        ("an absent disk", 0x0201, 0x0001, 0x0081, (0x01, 1, true)),
        ("past the end of the hard disk", 0x0202, 0x133F, 0x0F80, (0x0C, 1, true)),
        ("cylinder 20 of the hard disk", 0x0201, 0x1401, 0x0080, (0x01, 1, true)),
        ("as many as fit", 0x0280, 0x0001, 0x0080, (0x00, 128, false)),
        ("more than fit", 0x0281, 0x0001, 0x0080, (0x01, 129, true)),
        ("verify", 0x0405, 0x0001, 0x0000, (0x00, 5, false)),
    ] {
        let mut machine = machine();
        machine.buffer_at(0x3000, 0);
        assert_eq!(machine.disk_call(ax, cx, dx), answer, "{what}");
        // The status stays for AH=01h.
        let (status, _, failed) = machine.disk_call(0x0100, 0, dx);
        assert_eq!((status, failed), (answer.0, answer.2), "status of {what}");
    }
}

#[test]
fn sectors_arrive_where_they_belong() {
    for (cx, dx, lba) in
        [(0x0001, 0x0000, 0), (0x0002, 0x0100, 19), (0x0A03, 0x0000, 362), (0x0141, 0x0080, 0)]
    {
        let mut machine = machine();
        machine.memory.write_u32(0x3_0200, 0xDEAD_BEEF);
        machine.buffer_at(0x3000, 0x10);
        let (ah, ..) = machine.disk_call(0x0201, cx, dx);
        if cx == 0x0141 {
            assert_eq!(ah, 0x01, "cylinder 257 of 20");
            continue;
        }
        assert_eq!(machine.memory.read_u32(0x3_0010), lba, "CX={cx:04X}");
    }
    let mut machine = machine();
    machine.memory.write_u32(0x3_0000, 0xDEAD_BEEF);
    machine.buffer_at(0x3000, 0);
    machine.disk_call(0x0201, 0x4F12, 0x0100);
    assert_eq!(machine.memory.read_u32(0x3_0000), 0, "a sector that the image lacks reads as zeros");
}

#[test]
fn a_floppy_transfer_may_not_cross_a_64_kib_page() {
    for (segment, offset, count, status) in [
        (0x2F00, 0x0E00, 1, 0x00),
        (0x2F00, 0x0E01, 1, 0x09),
        (0x2FE0, 0x0000, 2, 0x09),
        (0x3000, 0, 128, 0x00),
    ] {
        let mut machine = machine();
        machine.buffer_at(segment, offset);
        let (ah, ..) = machine.disk_call(0x0200 | count, 0x0001, 0x0000);
        assert_eq!(ah, status, "{segment:04X}:{offset:04X}, {count} sectors");
    }
    let mut machine = machine();
    machine.buffer_at(0x2FE0, 0);
    assert_eq!(machine.disk_call(0x0202, 0x0001, 0x0080).0, 0x00, "a hard disk may");
}

#[test]
fn writes_reach_the_disk_and_a_protected_one_says_so() {
    let mut machine = machine();
    machine.memory.write_u32(0x3_0000, 0x1234_5678);
    machine.buffer_at(0x3000, 0);
    assert_eq!(machine.disk_call(0x0301, 0x0005, 0x0000), (0x00, 1, false));
    assert_eq!(machine.disks.0[0].1.sectors[4][..4], 0x1234_5678_u32.to_le_bytes());
    machine.disks.0[0].1.protected = true;
    assert_eq!(machine.disk_call(0x0301, 0x0005, 0x0000), (0x03, 0, true));
}

#[test]
fn parameters_describe_each_drive() {
    for (sectors, number, cx, dx, drive_type) in [
        (720, 0x00, 0x2709, 0x0101, 1),
        (1440, 0x00, 0x4F09, 0x0101, 3),
        (2400, 0x00, 0x4F0F, 0x0101, 2),
        (2880, 0x00, 0x4F12, 0x0101, 4),
        (5760, 0x00, 0x4F24, 0x0101, 5),
        (20_160, 0x80, 0x133F, 0x0F01, 0),
        (1024 * 16 * 63, 0x80, 0xFFFF, 0x0F01, 0),
    ] {
        let mut machine = Machine::with_disks(vec![(number, FakeDisk::new(sectors))]);
        assert_eq!(machine.disk_call(0x0800, 0, u16::from(number)), (0x00, 0, false));
        let general = machine.cpu.general;
        assert_eq!((general.cx(), general.dx()), (cx, dx), "{sectors} sectors");
        if number == 0 {
            assert_eq!(general.bl(), drive_type);
            let table = u32::from(machine.cpu.segments[0]) * 16 + u32::from(general.di());
            assert_eq!(machine.memory.read_u8(table + 3), 2, "512-byte sectors");
        }
    }
}

#[test]
fn absent_drives_have_no_parameters() {
    let mut machine = machine();
    assert_eq!(machine.disk_call(0x0800, 0xFFFF, 0x0001), (0x00, 0, false));
    assert_eq!((machine.cpu.general.cx(), machine.cpu.general.dx()), (0, 1));
    let (ah, _, carry) = machine.disk_call(0x0800, 0, 0x0081);
    assert_eq!((ah, carry, machine.cpu.general.dx()), (0x01, true, 0x0081));
}

#[test]
fn drive_types_tell_floppies_from_disks() {
    for (dx, ah, size) in
        [(0x0000, 1, None), (0x0080, 3, Some((0, 19_152))), (0x0001, 0, None), (0x0081, 1, None)]
    {
        let mut machine = machine();
        let (found, _, carry) = machine.disk_call(0x15FF, 0x1111, dx);
        assert_eq!((found, carry), (ah, dx == 0x0081), "{dx:02X}");
        if let Some(size) = size {
            assert_eq!((machine.cpu.general.cx(), machine.cpu.general.dx()), size);
        }
    }
}

#[test]
fn reset_recalibrate_and_ready_succeed() {
    for (ax, dx, ok) in [
        (0x0000, 0x0000, true),
        (0x0000, 0x0080, true),
        (0x1000, 0x0080, true),
        (0x1100, 0x0080, true),
        (0x0000, 0x0081, false),
    ] {
        assert_eq!(machine().disk_call(ax, 0, dx).2, !ok, "AX={ax:04X} DX={dx:04X}");
    }
}

#[test]
fn extensions_are_there_for_hard_disks_only() {
    for (bx, dx, answer) in [(0x55AA, 0x0080, Some(0xAA55)), (0x55AA, 0x0000, None), (0x1234, 0x0080, None)] {
        let mut machine = machine();
        machine.cpu.general.set_bx(bx);
        let (_, _, carry) = machine.disk_call(0x4100, 0, dx);
        assert_eq!((!carry).then_some(machine.cpu.general.bx()), answer, "DX={dx:04X}");
    }
}

/// Writes a packet at 4000:0 and points DS:SI there.
fn packet(machine: &mut Machine, size: u8, count: u16, lba: u64) {
    machine.memory.write(0x4_0000, &[size, 0]);
    machine.memory.write_u16(0x4_0002, count);
    machine.memory.write_u32(0x4_0004, 0x3000_0010);
    machine.memory.write(0x4_0008, &lba.to_le_bytes());
    machine.cpu.segments[3] = 0x4000;
    machine.cpu.general.set_si(0);
}

#[test]
fn packets_read_write_and_verify_by_sector_number() {
    for (ax, size, count, lba, status, done) in [
        (0x4200, 16, 2, 1000, 0x00, 2),
        (0x4400, 16, 5, 1000, 0x00, 5),
        (0x4200, 16, 2, 20_159, 0x0C, 1),
        (0x4200, 16, 1, 20_160, 0x01, 0),
        (0x4200, 16, 1, 1 << 32, 0x01, 0),
        (0x4200, 15, 1, 0, 0x01, 1),
        (0x4200, 16, 0, 0, 0x01, 0),
        (0x4400, 16, 200, 0, 0x00, 200),
        (0x4700, 16, 1, 0, 0x00, 1),
        (0x4500, 16, 1, 0, 0x00, 1),
        (0x4600, 16, 1, 0, 0xB2, 1),
        (0x4900, 16, 1, 0, 0x00, 1),
        (0x4E00, 16, 1, 0, 0x01, 1),
        (0x4E01, 16, 1, 0, 0x00, 1),
    ] {
        let mut machine = machine();
        packet(&mut machine, size, count, lba);
        let (ah, _, carry) = machine.disk_call(ax, 0, 0x0080);
        assert_eq!((ah, carry), (status, status != 0), "AX={ax:04X}, LBA {lba}");
        assert_eq!(machine.memory.read_u16(0x4_0002), done, "AX={ax:04X}, LBA {lba}");
        if (ax, status) == (0x4200, 0) {
            assert_eq!([machine.memory.read_u32(0x3_0010), machine.memory.read_u32(0x3_0210)], [1000, 1001]);
        }
    }
    let mut machine = machine();
    machine.memory.write_u32(0x3_0010, 0xCAFE);
    packet(&mut machine, 16, 1, 7);
    assert_eq!(machine.disk_call(0x4300, 0, 0x0080).0, 0x00);
    assert_eq!(machine.disks.0[1].1.sectors[7][..2], [0xFE, 0xCA]);
}

#[test]
fn extended_parameters_give_size_and_geometry() {
    let mut machine = machine();
    machine.cpu.segments[3] = 0x4000;
    machine.cpu.general.set_si(0);
    for (room, size, behind) in [(26, 26, 0), (29, 26, 0), (30, 30, 0xFFFF_FFFF), (66, 30, 0xFFFF_FFFF)] {
        machine.memory.write_u32(0x4_001A, 0);
        machine.memory.write_u16(0x4_0000, room);
        assert!(!machine.disk_call(0x4800, 0, 0x0080).2);
        let words = [0, 4, 8, 12, 16, 20, 26].map(|offset| machine.memory.read_u32(0x4_0000 + offset));
        assert_eq!(words, [0x0002_0000 + size, 20, 16, 63, 20_160, 0, behind], "room for {room}");
        assert_eq!(machine.memory.read_u16(0x4_0018), 512);
    }
    machine.memory.write_u16(0x4_0000, 25);
    assert_eq!(machine.disk_call(0x4800, 0, 0x0080).0, 0x01, "a buffer that is too small");
}

#[test]
fn the_motor_of_a_floppy_drive_runs_until_the_ticks_are_over() {
    let mut machine = machine();
    machine.buffer_at(0x3000, 0);
    machine.disk_call(0x0201, 0x0001, 0x0080);
    assert_eq!(machine.memory.read_u16(0x43F), 0, "a hard disk has no such motor");
    machine.disk_call(0x0201, 0x0001, 0x0000);
    for left in (0..37).rev() {
        assert_eq!(machine.memory.read_u16(0x43F), (left + 1) << 8 | 1);
        assert_eq!(machine.port_in(0x3F2), 0x1C);
        machine.interrupt(0x08);
    }
    assert_eq!((machine.memory.read_u16(0x43F), machine.port_in(0x3F2)), (0, 0x0C));
    machine.interrupt(0x08);
    assert_eq!(machine.memory.read_u16(0x43F), 0);
}

#[test]
fn what_no_drive_has_is_named_also_where_there_is_no_drive() {
    let mut machine = machine();
    for (ax, dx, lines) in
        [(0x0C00, 0x0081, 0), (0x1A00, 0x0081, 1), (0x1A00, 0x0080, 1), (0x0600, 0x0001, 2)]
    {
        machine.disk_call(ax, 0, dx);
        assert_eq!(machine.host.log.len(), lines, "AX={ax:04X} DX={dx:04X}");
    }
}
