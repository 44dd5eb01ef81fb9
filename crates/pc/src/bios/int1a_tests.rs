use super::*;
use crate::bios::data_area::{TICKS, TICKS_PER_DAY};
use crate::fakes::{CALLER, Machine};
use crate::{PcConfig, Ticks};
use v8086::{FarPointer, GuestMemory};

impl Machine {
    /// One timer interrupt, as the guest takes it.
    fn tick(&mut self) {
        self.wait(GUEST_TICK);
        assert_eq!(self.pc.acknowledge(), 0x08);
        self.cpu.stand_at(CALLER);
        self.interrupt(0x08);
    }

    fn ticks(&mut self) -> (u8, u32) {
        self.cpu.stand_at(CALLER);
        self.call(0x1A, 0x0000);
        let general = self.cpu.general;
        (general.al(), u32::from(general.cx()) << 16 | u32::from(general.dx()))
    }
}

#[test]
fn ticks_count_and_midnight_is_reported_once() {
    let mut machine = Machine::on();
    machine.tick();
    machine.tick();
    assert_eq!(machine.ticks(), (0, 2));
    machine.cpu.general.set_cx(0x0018);
    machine.cpu.general.set_dx(0x00AE);
    machine.call(0x1A, 0x0100);
    machine.tick();
    assert_eq!(machine.ticks(), (0, TICKS_PER_DAY - 1));
    machine.tick();
    assert_eq!(machine.ticks(), (1, 0));
    assert_eq!(machine.ticks(), (0, 0));
}

#[test]
fn the_tick_count_starts_with_the_time_of_day() {
    for (seconds, ticks) in [(0, 0), (1, 18), (43_200, 786_521), (86_399, 1573024)] {
        let mut machine = Machine::on();
        let config = PcConfig { unix_time: 946_684_800 + seconds, ..PcConfig::FIXED };
        machine.with_context(|pc, context| pc.power_on(config, context));
        assert_eq!(machine.memory.read_u32(TICKS), ticks, "{seconds} s after midnight");
    }
}

#[test]
fn a_hooked_int_1c_runs_inside_the_timer_interrupt() {
    let mut machine = Machine::on();
    machine.memory.write_u32(0x1C * 4, 0x5000_0000);
    machine.tick();
    assert_eq!(machine.cpu.address(), FarPointer::new(0xF000, rom::TICK_HOOK));
    assert!(machine.pc.devices.pics.in_service(crate::device::pic::Irq::TIMER));
    // PUSH DS; PUSH AX; PUSH DX; MOV AX; MOV DS,AX; INT 1Ch came back.
    machine.cpu.eip = u32::from(rom::TICK_HOOK) + 0x0A;
    machine.serve();
    assert!(!machine.pc.devices.pics.in_service(crate::device::pic::Irq::TIMER));
    assert_eq!(
        machine.memory.read_u32(machine.cpu.address().linear()),
        0xCF1F_585A,
        "POP DX; POP AX; POP DS; IRET"
    );
}

#[test]
fn the_clock_is_read_and_set_in_bcd() {
    let mut machine = Machine::on();
    machine.now = Ticks(61 * TICKS_PER_SECOND);
    machine.call(0x1A, 0x0200);
    let general = machine.cpu.general;
    assert_eq!((general.cx(), general.dx(), machine.carry()), (0x0001, 0x0100, false));
    machine.call(0x1A, 0x0400);
    assert_eq!((machine.cpu.general.cx(), machine.cpu.general.dx()), (0x2000, 0x0101));
    for (ax, cx, dx) in [(0x0300, 0x2359, 0x5900), (0x0500, 0x1999, 0x1231)] {
        machine.cpu.general.set_cx(cx);
        machine.cpu.general.set_dx(dx);
        machine.call(0x1A, ax);
        machine.call(0x1A, ax - 0x0100);
        assert_eq!((machine.cpu.general.cx(), machine.cpu.general.dx()), (cx, dx));
    }
    machine.now = machine.now.plus(TICKS_PER_SECOND);
    machine.call(0x1A, 0x0400);
    assert_eq!((machine.cpu.general.cx(), machine.cpu.general.dx()), (0x2000, 0x0101), "a new century");
}

#[test]
fn an_alarm_calls_int_4a() {
    let mut machine = Machine::on();
    machine.memory.write_u32(0x4A * 4, 0x5000_0000);
    machine.cpu.general.set_cx(0x0000);
    machine.cpu.general.set_dx(0x0200);
    machine.call(0x1A, 0x0600);
    assert!(!machine.carry());
    machine.call(0x1A, 0x0600);
    assert!(machine.carry(), "one alarm at a time");
    machine.port_out(0x21, 0x01);
    machine.wait(2 * TICKS_PER_SECOND);
    assert_eq!(machine.pc.acknowledge(), 0x70);
    machine.cpu.stand_at(CALLER);
    machine.interrupt(0x70);
    assert_eq!(machine.cpu.address(), FarPointer::new(0xF000, rom::ALARM_HOOK));
    assert!(!machine.pc.devices.pics.in_service(crate::device::pic::Irq::CLOCK));
}

#[test]
fn an_alarm_time_that_passed_before_it_was_asked_for_does_not_count() {
    let mut machine = Machine::on();
    machine.memory.write_u32(0x4A * 4, 0x5000_0000);
    // The alarm bytes are 0 from the start: midnight matches them.
    machine.cpu.general.set_cx(0x2359);
    machine.cpu.general.set_dx(0x5900);
    machine.call(0x1A, 0x0300);
    machine.port_out(0x21, 0x01);
    machine.wait(TICKS_PER_SECOND);
    machine.cpu.general.set_cx(0x1200);
    machine.cpu.general.set_dx(0x0000);
    machine.call(0x1A, 0x0600);
    machine.wait(TICKS_PER_SECOND);
    assert!(!machine.pc.devices.cmos.interrupt(), "midnight was no alarm");
}
