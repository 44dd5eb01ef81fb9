use super::*;
use crate::fakes::{CALLER, Machine};
use crate::{End, PcConfig, Ticks};
use std::vec::Vec;
use v8086::{GuestMemory, SegmentRegister};

fn with_extended(extended_kib: u32) -> Machine {
    let mut machine = Machine::on();
    let config = PcConfig { extended_kib, ..PcConfig::FIXED };
    machine.with_context(|pc, context| pc.power_on(config, context));
    machine
}

/// Start, length and type of each entry of the memory map.
fn memory_map(machine: &mut Machine) -> Vec<(u32, u32, u32)> {
    let mut entries = Vec::new();
    machine.cpu.general.set_ebx(0);
    loop {
        machine.cpu.segments[0] = 0x3000;
        let general = &mut machine.cpu.general;
        general.set_di(0);
        general.set_ecx(20);
        general.set_edx(0x534D_4150);
        general.set_eax(0xE820);
        machine.interrupt(0x15);
        assert!(!machine.carry());
        assert_eq!((machine.cpu.general.eax(), machine.cpu.general.ecx()), (0x534D_4150, 20));
        let [start, _, length, _, kind] =
            [0, 4, 8, 12, 16].map(|offset| machine.memory.read_u32(0x3_0000 + offset));
        entries.push((start, length, kind));
        if machine.cpu.general.ebx() == 0 {
            return entries;
        }
    }
}

#[test]
fn every_call_and_the_cmos_tell_the_same_memory() {
    const BELOW: [(u32, u32, u32); 3] = [(0, 0x9F000, 1), (0x9F000, 0x1000, 2), (0xE8000, 0x18000, 2)];
    for (kib, ah_88, low, high) in [
        (0, 0, 0, 0),
        (1024, 1024, 1024, 0),
        (16 * 1024, 0x4000, 15 * 1024, 16),
        (65_536, 0xFC00, 15 * 1024, 784),
    ] {
        let mut machine = with_extended(kib);
        machine.call(0x15, 0x8800);
        assert_eq!((machine.cpu.general.ax(), machine.carry()), (ah_88, false), "{kib} KiB");
        machine.call(0x15, 0xE801);
        let general = machine.cpu.general;
        assert_eq!(
            [general.ax(), general.bx(), general.cx(), general.dx()],
            [low, high, low, high],
            "{kib} KiB"
        );
        let mut expected = BELOW.to_vec();
        if kib != 0 {
            expected.push((0x10_0000, kib * 1024, 1));
        }
        expected.push((0xFFFC_0000, 0x4_0000, 2));
        assert_eq!(memory_map(&mut machine), expected, "{kib} KiB");
        let cmos = [0x30, 0x31].map(|index| {
            machine.port_out(0x70, index);
            machine.port_in(0x71)
        });
        assert_eq!(u32::from(u16::from_le_bytes(cmos)), kib.min(0xFFFF));
        machine.call(0x12, 0);
        assert_eq!(machine.cpu.general.ax(), 639);
    }
}

#[test]
fn a_memory_map_call_without_smap_or_room_is_refused() {
    for (edx, ecx, ebx) in [(0x534D_4151, 20, 0), (0x534D_4150, 19, 0), (0x534D_4150, 20, 4)] {
        let mut machine = Machine::on();
        machine.cpu.general.set_edx(edx);
        machine.cpu.general.set_ecx(ecx);
        machine.cpu.general.set_ebx(ebx);
        machine.call(0x15, 0xE820);
        assert_eq!((machine.carry(), machine.cpu.general.ah()), (true, 0x86), "{edx:08X} {ecx} {ebx}");
    }
}

#[test]
fn a_block_moves_within_reach_and_is_refused_beyond() {
    for (target, words, ok) in [
        (0x04_0000_u32, 4, true),
        (0x10_0000, 4, true),
        (0x10_FFF8, 4, true),
        (0x10_FFF9, 4, false),
        (0x20_0000, 4, false),
        (0x4_0000, 0x8001, false),
    ] {
        let mut machine = Machine::on();
        machine.memory.write(0x3_0000, b"8 bytes!");
        for (descriptor, base) in [(0x5_0010, 0x3_0000), (0x5_0018, target)] {
            machine.memory.write_u32(descriptor, 0xFFFF);
            machine.memory.write_u32(descriptor + 2, base);
        }
        machine.cpu.segments[0] = 0x5000;
        machine.cpu.general.set_si(0);
        machine.cpu.general.set_cx(words);
        machine.call(0x15, 0x8700);
        assert_eq!(
            (machine.carry(), machine.zero(), machine.cpu.general.ah() == 0),
            (!ok, ok, ok),
            "to {target:X}"
        );
        if ok {
            let mut moved = [0; 8];
            machine.memory.read(target, &mut moved);
            assert_eq!(&moved, b"8 bytes!", "to {target:X}");
        }
    }
}

#[test]
fn a_delay_sleeps_until_its_time_has_passed() {
    let mut machine = Machine::on();
    machine.cpu.general.set_cx(0);
    machine.cpu.general.set_dx(10_000);
    machine.call(0x15, 0x8600);
    let until = Ticks(11_932);
    let mut naps = 0;
    loop {
        machine.run_to_call();
        let next = machine.pc.next_event();
        machine.wait(next.0 - machine.now.0);
        while machine.pc.interrupt_pending() {
            let saved = (machine.cpu.address(), machine.cpu.esp, machine.cpu.general);
            let vector = machine.pc.acknowledge();
            assert_eq!(vector, 0x70, "the clock wakes");
            machine.interrupt(vector);
            machine.cpu.stand_at(saved.0);
            (machine.cpu.esp, machine.cpu.general) = (saved.1, saved.2);
        }
        naps += 1;
        machine.serve();
        if machine.memory.read_u8(machine.cpu.address().linear()) == 0xCF {
            break;
        }
    }
    assert!(machine.now >= until && machine.now < until.plus(1200), "{:?}", machine.now);
    assert_eq!(naps, 11);
    assert_eq!((machine.carry(), machine.cpu.general.ah()), (false, 0));
    machine.wait(5000);
    assert!(!machine.pc.interrupt_pending(), "the clock is quiet again");
}

#[test]
fn a_second_delay_during_one_is_busy() {
    let mut machine = Machine::on();
    machine.cpu.general.set_dx(10_000);
    machine.call(0x15, 0x8600);
    machine.cpu.stand_at(CALLER);
    machine.call(0x15, 0x8600);
    assert_eq!((machine.carry(), machine.cpu.general.ah()), (true, 0x83));
}

#[test]
fn a20_follows_every_way_to_switch_it() {
    let mut machine = Machine::on();
    assert!(machine.pc.a20());
    machine.call(0x15, 0x2400);
    assert!(!machine.pc.a20());
    machine.call(0x15, 0x2402);
    assert_eq!(machine.cpu.general.al(), 0);
    machine.call(0x15, 0x2401);
    assert!(machine.pc.a20());
    machine.call(0x15, 0x2403);
    assert_eq!(machine.cpu.general.bx(), 3);
    machine.port_out(0x92, 0x00);
    assert!(!machine.pc.a20());
    for (command, value) in [(0xDF, true), (0xDD, false)] {
        machine.port_out(0x64, command);
        assert_eq!(machine.pc.a20(), value);
        assert_eq!(machine.port_in(0x92) & 2 != 0, value);
    }
    machine.port_out(0x64, 0xD1);
    machine.port_out(0x60, 0xDF);
    assert!(machine.pc.a20());
}

#[test]
fn tables_and_hooks_are_where_programs_look() {
    let mut machine = Machine::on();
    machine.call(0x15, 0xC000);
    let table = u32::from(machine.cpu.segments[0]) * 16 + u32::from(machine.cpu.general.bx());
    assert_eq!([machine.memory.read_u16(table), machine.memory.read_u16(table + 2)], [8, 0x00FC]);
    machine.call(0x15, 0xC100);
    assert_eq!(machine.cpu.segments[0], 0x9FC0);
    machine.call(0x15, 0x4F1E);
    assert_eq!((machine.carry(), machine.cpu.general.al()), (true, 0x1E));
    machine.call(0x15, 0x9000);
    assert!(!machine.carry());
}

#[test]
fn power_management_switches_off() {
    let mut machine = Machine::on();
    machine.call(0x15, 0x5300);
    assert_eq!((machine.carry(), machine.cpu.general.bx()), (false, 0x504D));
    machine.cpu.general.set_bx(1);
    machine.cpu.general.set_cx(3);
    machine.call(0x15, 0x5307);
    assert_eq!(machine.pc.end(), Some(End::PowerOff));
}

#[test]
fn a_wait_marks_its_byte_when_it_is_over_and_can_be_cancelled() {
    let mut machine = Machine::on();
    machine.cpu.segments[SegmentRegister::Es as usize] = 0x3000;
    machine.cpu.general.set_bx(0x10);
    machine.cpu.general.set_dx(2000);
    machine.call(0x15, 0x8300);
    assert!(!machine.carry());
    machine.call(0x15, 0x8300);
    assert_eq!((machine.cpu.general.ah(), machine.carry()), (0x86, true), "one at a time");
    for (interrupts, marked) in [(1, 0x00), (2, 0x00), (3, 0x80)] {
        machine.wait(1166);
        assert!(machine.pc.interrupt_pending());
        let vector = machine.pc.acknowledge();
        machine.interrupt(vector);
        assert_eq!(machine.memory.read_u8(0x30010), marked, "after {interrupts}");
    }
    assert_eq!(machine.memory.read_u8(0x4A0), 0);
    machine.wait(5000);
    assert!(!machine.pc.interrupt_pending(), "the clock is quiet again");

    machine.call(0x15, 0x8300);
    machine.call(0x15, 0x8301);
    assert_eq!((machine.memory.read_u8(0x4A0), machine.carry()), (0, false));
}

#[test]
fn the_pointing_device_is_there() {
    let mut machine = Machine::on();
    machine.cpu.segments[SegmentRegister::Es as usize] = 0xF000;
    for (ax, bx, answer) in [
        (0xC200, 0x0100, (0x05, true)), // enabled without a routine to call
        (0xC205, 0x0300, (0x00, false)),
        (0xC202, 0x0200, (0x00, false)),
        (0xC202, 0x0700, (0x02, true)),
        (0xC203, 0x0300, (0x00, false)),
        (0xC206, 0x0200, (0x00, false)),
        (0xC207, 0xFF53, (0x00, false)),
        (0xC200, 0x0100, (0x00, false)),
        (0xC209, 0x0000, (0x01, true)),
    ] {
        machine.cpu.general.set_bx(bx);
        machine.call(0x15, ax);
        assert_eq!((machine.cpu.general.ah(), machine.carry()), answer, "{ax:04X} {bx:04X}");
    }
    machine.cpu.general.set_bx(0);
    machine.call(0x15, 0xC206);
    let general = &machine.cpu.general;
    assert_eq!((general.bl(), general.cl(), general.dl()), (0x30, 3, 40));
    assert_eq!(machine.memory.read_u32(0x9FC22), 0xF000_FF53);
}

#[test]
fn each_packet_of_the_mouse_calls_the_routine_of_its_driver() {
    let mut machine = Machine::on();
    machine.cpu.segments[SegmentRegister::Es as usize] = 0x3000;
    for (ax, bx) in [(0xC205, 0x0300), (0xC207, 0x0010), (0xC200, 0x0100)] {
        machine.cpu.general.set_bx(bx);
        machine.call(0x15, ax);
        assert!(!machine.carry());
    }
    machine.cpu.segments[SegmentRegister::Ds as usize] = 0x1111;
    machine.cpu.general.set_ax(0xAAAA);
    machine.cpu.general.set_di(0xDDDD);
    for (byte, calls) in [(0x09, false), (0x05, false), (0xFB, true)] {
        for (port, value) in [(0x64, 0xD3), (0x60, byte)] {
            machine.port_out(port, value);
        }
        assert!(machine.pc.interrupt_pending());
        let vector = machine.pc.acknowledge();
        assert_eq!(vector, 0x74);
        machine.interrupt(vector);
        assert_eq!(machine.cpu.eip as u16 == rom::MOUSE_HOOK, calls, "after {byte:02X}");
    }
    let top = u32::from(machine.cpu.segments[SegmentRegister::Ss as usize]) * 16 + machine.cpu.esp;
    let words: Vec<u16> = (0..13).map(|index| machine.memory.read_u16(top + 2 * index)).collect();
    // 0, Y, X, status; DS, DI … AX.
    assert_eq!(words[..6], [0x0000, 0x00FB, 0x0005, 0x0009, 0x1111, 0xDDDD]);
    assert_eq!(words[12], 0xAAAA);
    assert_eq!(machine.cpu.segments[SegmentRegister::Ds as usize], 0x9FC0);
    // Disabled, it is silent.
    machine.cpu.general.set_bx(0);
    machine.call(0x15, 0xC200);
    machine.port_out(0x64, 0xD3);
    machine.port_out(0x60, 0x08);
    assert!(!machine.pc.interrupt_pending());
}

#[test]
fn a_block_moves_to_extended_memory_and_back_and_over_itself() {
    let mut machine = with_extended(2048);
    machine.memory.0.resize(0x30_0000, 0);
    machine.memory.write(0x3_0000, b"abcdefgh");
    machine.cpu.segments[SegmentRegister::Es as usize] = 0x2000;
    for (source, target, words) in
        [(0x3_0000_u32, 0x2F_FFF8_u32, 4), (0x2F_FFF8, 0x4_0000, 4), (0x4_0000, 0x4_0002, 300)]
    {
        for (descriptor, base) in [(0x2_0012, source), (0x2_001A, target)] {
            machine.memory.write_u32(descriptor, base);
        }
        machine.cpu.general.set_cx(words);
        machine.call(0x15, 0x8700);
        assert_eq!((machine.cpu.general.ah(), machine.carry()), (0, false), "to {target:X}");
    }
    // Copied word by word onto itself, the first word fills all.
    assert_eq!(machine.memory.0[0x2F_FFF8..], *b"abcdefgh");
    assert_eq!(machine.memory.0[0x4_0000..0x4_0006], *b"ababab");
    assert_eq!(machine.memory.0[0x4_0256..0x4_025C], *b"abab\0\0");
    // The end of memory is the end.
    machine.memory.write_u32(0x2_001A, 0x2F_FFFA);
    machine.cpu.general.set_cx(4);
    machine.call(0x15, 0x8700);
    assert!(machine.carry());
}
