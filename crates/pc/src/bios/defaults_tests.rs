use super::rom;
use crate::End;
use crate::fakes::{CALLER, Machine};
use std::format;
use v8086::GuestMemory;

#[test]
fn an_unknown_call_sets_carry_and_is_named_once() {
    let mut machine = Machine::on();
    for _ in 0..3 {
        machine.call(0x21, 0x0900);
    }
    assert!(machine.carry());
    machine.call(0x21, 0x4C00);
    assert_eq!(
        machine.host.log,
        [0x0900, 0x4C00].map(|ax| format!(
            "INT 21h, AX={ax:04X}h, not available: BX=0000 CX=0000 DX=0000 SI=0000 DI=0000 from 1000:0100"
        ))
    );
}

#[test]
fn services_that_are_there_refuse_unknown_functions_by_the_rule() {
    for (vector, ax, ah) in
        [(0x10, 0x7700, 0x77), (0x13, 0x7700, 0x80), (0x15, 0x7700, 0x86), (0x1A, 0x7700, 0x77)]
    {
        let mut machine = Machine::on();
        machine.call(vector, ax);
        assert!(machine.carry(), "INT {vector:02X}h");
        assert_eq!(machine.cpu.general.ah(), ah, "INT {vector:02X}h");
    }
}

#[test]
fn an_exception_that_repeats_at_one_place_ends_the_run() {
    let mut machine = Machine::on();
    for times in 1..=16 {
        assert_eq!(machine.pc.end(), None, "after {}", times - 1);
        machine.cpu.stand_at(CALLER);
        machine.interrupt(0x06);
    }
    assert_eq!(machine.pc.end(), Some(End::FaultLoop { vector: 0x06, address: CALLER }));
    assert_eq!(machine.host.log, ["exception 06h (invalid opcode) at 1000:0100: no handler"]);
}

#[test]
fn an_interrupt_without_a_handler_is_ended_and_an_exception_on_its_vector_is_not() {
    let mut machine = Machine::on();
    machine.interrupt(0x0D);
    assert_eq!(machine.host.log.len(), 1, "an exception: no IRQ 5 is in service");
    machine.port_out(0x21, 0x00);
    machine.port_out(0xA1, 0x00);
    for irq in [5, 15] {
        machine.pc.devices.pics.latch(crate::device::pic::Irq(irq));
        let vector = machine.pc.acknowledge();
        machine.interrupt(vector);
        assert!(!machine.pc.devices.pics.in_service(crate::device::pic::Irq(irq)));
    }
    assert!(!machine.pc.devices.pics.in_service(crate::device::pic::Irq(2)));
    assert_eq!(machine.host.log.last().unwrap(), "IRQ 15: no handler");
}

#[test]
fn a_bound_exception_does_not_hide_behind_print_screen() {
    let mut machine = Machine::on();
    machine.interrupt(0x05);
    assert!(machine.host.log.is_empty());
    machine.memory.0[CALLER.linear() as usize] = 0x62;
    machine.cpu.stand_at(CALLER);
    machine.interrupt(0x05);
    assert_eq!(machine.host.log, ["exception 05h (bound range exceeded) at 1000:0100: no handler"]);
}

#[test]
fn an_error_of_the_coprocessor_goes_to_int_2_if_somebody_waits_there() {
    let irq = crate::device::pic::Irq::COPROCESSOR;
    for hooked in [true, false] {
        let mut machine = Machine::on();
        if hooked {
            machine.memory.write_u32(0x02 * 4, 0x5000_0000);
        }
        for _ in 0..16 {
            machine.pc.raise_x87_error();
            let vector = machine.pc.acknowledge();
            assert_eq!(vector, 0x75);
            machine.cpu.stand_at(CALLER);
            machine.interrupt(vector);
            assert!(!machine.pc.devices.pics.in_service(irq));
            assert_eq!(machine.cpu.eip as u16 == rom::COPROCESSOR_HOOK, hooked);
        }
        // The program goes on, as its instruction does.
        assert_eq!(machine.pc.end(), None);
        let told: &[&str] = if hooked { &[] } else { &["IRQ 13: no handler"] };
        assert_eq!(machine.host.log, told);
    }
    // A program that handles the interrupt itself takes the request back at port F0h.
    let mut machine = Machine::on();
    machine.pc.raise_x87_error();
    machine.port_out(0xF0, 0);
    assert_eq!(machine.pc.acknowledge(), 0x77, "a spurious one");
}
