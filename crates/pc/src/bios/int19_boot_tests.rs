use super::*;
use crate::fakes::{FakeDisk, Machine};
use crate::{End, PcConfig, Ticks};
use std::vec;
use v8086::GuestMemory;

fn bootable(sectors: u32, signature: [u8; 2]) -> FakeDisk {
    let mut disk = FakeDisk::new(sectors);
    disk.sectors[0][510..].copy_from_slice(&signature);
    disk.sectors[0][0] = 0xFA;
    disk
}

#[test]
fn a_boot_sector_finds_what_a_bios_leaves() {
    let mut machine = Machine::with_disks(vec![(0x80, bootable(20_000, [0x55, 0xAA]))]);
    machine.with_context(|pc, context| pc.boot(0x80, Signature::Required, context)).unwrap();
    assert_eq!(machine.memory.0[0x7C00], 0xFA);
    assert_eq!(machine.cpu.address(), FarPointer::new(0, 0x7C00));
    assert_eq!(machine.cpu.general.dx(), 0x0080);
    assert_eq!(machine.cpu.eflags & Flags::IF, 0);
    for (address, value) in [
        (0x400_u32, 0x03F8_u16), // COM1
        (0x402, 0x02F8),         // COM2
        (0x40E, 0x9FC0),         // EBDA
        (0x410, 0x4426),         // equipment: no floppy
        (0x413, 639),
        (0x41A, 0x1E),
        (0x44A, 80),
        (0x463, 0x3D4),
        (0x475, 0xC001), // one hard disk, no retries
    ] {
        assert_eq!(machine.memory.read_u16(address), value, "{address:03X}");
    }
    // INT 41h points to the disk's parameters: cylinders, heads, …, sectors.
    let table = FarPointer::new(machine.memory.read_u16(0x106), machine.memory.read_u16(0x104)).linear();
    assert_eq!(machine.memory.read_u16(table), 19);
    assert_eq!([machine.memory.read_u8(table + 2), machine.memory.read_u8(table + 14)], [16, 63]);
}

#[test]
fn a_disk_that_cannot_boot_is_named() {
    for (drive, signature, number, outcome) in [
        (Some([0x55, 0xAA]), Signature::Required, 0, Ok(())),
        (Some([0, 0]), Signature::Optional, 0, Ok(())),
        (Some([0xAA, 0x55]), Signature::Required, 0, Err(BootError::NoSignature { found: [0xAA, 0x55] })),
        (None, Signature::Required, 0, Err(BootError::NoDisk { drive: 0 })),
        (Some([0x55, 0xAA]), Signature::Required, 0x80, Err(BootError::NoDisk { drive: 0x80 })),
    ] {
        let disks = drive.map(|signature| (0, bootable(2880, signature))).into_iter().collect();
        let mut machine = Machine::with_disks(disks);
        assert_eq!(machine.with_context(|pc, context| pc.boot(number, signature, context)), outcome);
    }
}

#[test]
fn every_way_to_ask_for_a_restart_is_told_apart() {
    type Ask = fn(&mut Machine);
    let cases: [(RebootCause, Ask); 4] = [
        (RebootCause::BootstrapService, |machine| machine.interrupt(0x19)),
        (RebootCause::ResetVector, |machine| {
            machine.cpu.stand_at(FarPointer::new(0xF000, 0xE05B));
            machine.run_to_call();
            machine.serve();
        }),
        (RebootCause::KeyboardController, |machine| machine.port_out(0x64, 0xFE)),
        (RebootCause::SystemControlPort, |machine| machine.port_out(0x92, 0x03)),
    ];
    for (cause, ask) in cases {
        let mut machine = Machine::on();
        assert_eq!(machine.pc.end(), None);
        ask(&mut machine);
        assert_eq!(machine.pc.end(), Some(End::Reboot(cause)));
        machine.now = Ticks(1000);
        machine.with_context(|pc, context| pc.power_on(PcConfig::FIXED, context));
        assert_eq!(machine.pc.end(), None, "after {cause:?} and power-on");
    }
}

#[test]
fn a_boot_record_that_finds_nothing_says_so() {
    let mut machine = Machine::on();
    machine.interrupt(0x18);
    assert_eq!(machine.pc.end(), Some(End::NothingToBoot));
    assert_eq!(machine.row(1), "No bootable device.");
}

#[test]
fn a_power_on_later_keeps_the_timer_going_from_there() {
    let mut machine = Machine::on();
    machine.now = Ticks(100_000);
    machine.with_context(|pc, context| pc.power_on(PcConfig::FIXED, context));
    assert_eq!(machine.pc.next_event(), Ticks(165_536));
    machine.wait(65_536);
    assert!(machine.pc.interrupt_pending());
    assert_eq!(machine.pc.acknowledge(), 0x08);
}

#[test]
fn a_first_sector_of_zeros_lacks_a_signature_not_a_disk() {
    let mut machine = Machine::with_disks(vec![(0, FakeDisk::new(0))]);
    let outcome = machine.with_context(|pc, context| pc.boot(0, Signature::Required, context));
    assert_eq!(outcome, Err(BootError::NoSignature { found: [0, 0] }));
}

#[test]
fn an_announced_reset_goes_on_where_40_67_says() {
    for (announced, resumes) in [(0x00, false), (0x04, false), (0x05, true), (0x0A, true)] {
        let mut machine = Machine::on();
        machine.memory.write_u32(0x467, 0x1234_0056);
        machine.port_out(0x70, 0x0F);
        machine.port_out(0x71, announced);
        machine.port_out(0x64, 0xFE);
        assert_eq!(machine.pc.end(), Some(End::Reboot(RebootCause::KeyboardController)));
        let resumed = machine.with_context(|pc, context| pc.resume_after_reset(context));
        assert_eq!((resumed, machine.pc.end().is_none()), (resumes, resumes), "{announced:02X}");
        if resumes {
            assert_eq!(machine.cpu.address(), FarPointer::new(0x1234, 0x0056));
            // The line is released, and the byte is used up.
            machine.port_out(0x80, 0);
            assert_eq!(machine.pc.end(), None);
            machine.port_out(0x64, 0xFE);
            assert!(!machine.with_context(|pc, context| pc.resume_after_reset(context)));
        }
    }
}

#[test]
fn a_reset_inside_a_block_move_returns_to_its_caller() {
    let mut machine = Machine::on();
    machine.memory.write_u32(0x467, 0x3000_0100);
    for (word, value) in (0..).zip(0x1001_u16..=0x100D) {
        machine.memory.write_u16(0x3_0100 + 2 * word, value);
    }
    machine.port_out(0x70, 0x0F);
    machine.port_out(0x71, 0x09);
    machine.port_out(0x92, 0x03);
    assert!(machine.with_context(|pc, context| pc.resume_after_reset(context)));
    let general = machine.cpu.general;
    assert_eq!(machine.cpu.address(), FarPointer::new(0x100C, 0x100B));
    assert_eq!((general.di(), general.bp(), general.bx(), general.ax()), (0x1003, 0x1005, 0x1007, 0x100A));
    assert_eq!((machine.cpu.eflags, machine.cpu.esp), (0x100D, 0x11A));
    assert_eq!(machine.cpu.segments[SegmentRegister::Ds as usize], 0x1001);
}
