use super::*;
use crate::fakes::{CALLER, Machine};
use crate::script::KeyPress;
use crate::{End, KeyEvent};
use std::vec::Vec;
use v8086::{FarPointer, GuestMemory};

const TWO_BYTES: u64 = 2500;

impl Machine {
    /// Lets the keyboard send what it has, serving each interrupt.
    fn serve_keyboard(&mut self) {
        for _ in 0..40 {
            self.wait(TWO_BYTES);
            while self.pc.interrupt_pending() {
                let vector = self.pc.acknowledge();
                self.cpu.stand_at(CALLER);
                self.interrupt(vector);
            }
        }
    }

    fn press(&mut self, key: KeyPress) {
        for event in key.press().chain(key.release()) {
            self.pc.key(event, self.now);
        }
        self.serve_keyboard();
    }

    fn event(&mut self, scan: u8, extended: bool, pressed: bool) {
        self.pc.key(KeyEvent { scan, extended, pressed }, self.now);
        self.serve_keyboard();
    }

    /// Empties the buffer.
    fn keys(&mut self) -> Vec<u16> {
        let mut keys = Vec::new();
        while !super::super::keyboard_buffer_is_empty(&self.memory) {
            self.cpu.stand_at(CALLER);
            self.call(0x16, 0x1000);
            keys.push(self.cpu.general.ax());
        }
        keys
    }
}

const fn key(scan: u8) -> KeyPress {
    KeyPress { scan, extended: false, shift: false, ctrl: false, alt: false }
}

#[test]
fn keys_become_codes_with_each_modifier() {
    for (pressed, code) in [
        (key(0x1E), 0x1E61),
        (KeyPress { shift: true, ..key(0x1E) }, 0x1E41),
        (KeyPress { ctrl: true, ..key(0x2E) }, 0x2E03),
        (KeyPress { alt: true, ..key(0x2D) }, 0x2D00),
        (KeyPress { shift: true, ..key(0x3B) }, 0x5400),
        (KeyPress { ctrl: true, ..key(0x3B) }, 0x5E00),
        (key(0x01), 0x011B),
        (key(0x0E), 0x0E08),
        (KeyPress { shift: true, ..key(0x0F) }, 0x0F00),
        (key(0x1C), 0x1C0D),
        (key(0x39), 0x3920),
        (key(0x57), 0x8500),
        (KeyPress { extended: true, ..key(0x48) }, 0x48E0),
        (KeyPress { extended: true, ctrl: true, ..key(0x4B) }, 0x73E0),
        (KeyPress { extended: true, ..key(0x1C) }, 0xE00D),
        (KeyPress { shift: true, ..key(0x03) }, 0x0340),
    ] {
        let mut machine = Machine::on();
        machine.press(pressed);
        assert_eq!(machine.keys(), [code], "{pressed:?}");
        assert_eq!(machine.memory.read_u8(SHIFT_FLAGS), 0, "{pressed:?}: all modifiers are up again");
        assert!(machine.pc.keyboard_idle(&machine.memory));
    }
}

#[test]
fn lock_keys_toggle_once_a_press_and_turn_shift_around() {
    let mut machine = Machine::on();
    for _ in 0..3 {
        machine.event(0x3A, false, true);
    }
    machine.event(0x3A, false, false);
    machine.press(key(0x1E));
    machine.press(KeyPress { shift: true, ..key(0x1E) });
    machine.press(key(0x02));
    assert_eq!(machine.keys(), [0x1E41, 0x1E61, 0x0231]);
    machine.press(key(0x45));
    machine.press(key(0x47));
    machine.press(KeyPress { extended: true, ..key(0x47) });
    assert_eq!(machine.keys(), [0x4737, 0x47E0]);
    assert_eq!(machine.memory.read_u8(SHIFT_FLAGS), shift::CAPS_LOCK | shift::NUM_LOCK);
    assert_eq!(machine.memory.read_u8(KEYBOARD_LEDS), 0x06);
}

#[test]
fn right_and_left_ctrl_are_held_apart() {
    let mut machine = Machine::on();
    machine.event(0x1D, false, true);
    machine.event(0x1D, true, true);
    machine.event(0x1D, false, false);
    assert_eq!(machine.memory.read_u8(SHIFT_FLAGS), shift::CTRL);
    machine.event(0x1D, true, false);
    assert_eq!(machine.memory.read_u8(SHIFT_FLAGS), 0);
}

#[test]
fn alt_and_the_keypad_enter_a_character_by_number() {
    let mut machine = Machine::on();
    machine.event(0x38, false, true);
    for digit in [0x4F, 0x48, 0x50] {
        machine.press(key(digit));
    }
    machine.event(0x38, false, false);
    assert_eq!(machine.keys(), [182], "Alt+182");
}

#[test]
fn ctrl_alt_del_restarts() {
    let mut machine = Machine::on();
    machine.press(KeyPress { extended: true, ctrl: true, alt: true, ..key(0x53) });
    assert_eq!(machine.pc.end(), Some(End::Reboot(RebootCause::CtrlAltDel)));
}

#[test]
fn ctrl_break_empties_the_buffer_and_calls_int_1b() {
    let mut machine = Machine::on();
    machine.press(key(0x1E));
    machine.event(0x1D, false, true);
    machine.pc.key(KeyEvent { scan: 0x46, extended: true, pressed: true }, machine.now);
    for _ in 0..2 {
        machine.wait(TWO_BYTES);
        machine.pc.acknowledge();
        machine.cpu.stand_at(CALLER);
        machine.interrupt(0x09);
    }
    assert_eq!(machine.cpu.address(), FarPointer::new(0xF000, rom::BREAK_HOOK));
    assert_eq!(machine.memory.read_u8(BREAK), 0x80);
    assert_eq!(machine.keys(), [0x0000]);
}

#[test]
fn a_pause_lasts_until_a_key_goes_down_which_is_no_other() {
    for codes in [&[0xE1, 0x1D, 0x45, 0xE1, 0x9D, 0xC5][..], &[0x1D, 0x45, 0xC5, 0x9D]] {
        let mut machine = Machine::on();
        for &code in codes {
            let afterwards = machine.with_context(|pc, context| translate(pc, context, code));
            assert_eq!(afterwards, (code == 0x45).then_some(rom::PAUSE), "{code:02X}");
        }
        assert_eq!((machine.memory.read_u8(SHIFT_FLAGS), machine.memory.read_u8(KEYBOARD_STATE)), (0, 0x10));
        assert_eq!(machine.memory.read_u8(SHIFT_KEYS), held::PAUSE);
        machine.press(key(0x1E));
        assert_eq!((machine.memory.read_u8(SHIFT_KEYS), machine.keys()), (0, Vec::new()));
        machine.press(key(0x1E));
        assert_eq!(machine.keys(), [0x1E61]);
    }
}

#[test]
fn a_key_that_is_held_repeats_at_the_rate_that_was_set() {
    for (setting, wait, count) in
        [(None, 596_592, 2), (Some(0x0000), 596_592, 9), (Some(0x031F), 1_100_000, 1)]
    {
        let mut machine = Machine::on();
        if let Some(setting) = setting {
            machine.cpu.general.set_bx(setting);
            machine.call(0x16, 0x0305);
        }
        machine.pc.key(KeyEvent { scan: 0x1E, extended: false, pressed: true }, machine.now);
        let until = machine.now.plus(wait + 2000);
        while machine.now < until {
            machine.wait(500);
            while machine.pc.interrupt_pending() {
                let vector = machine.pc.acknowledge();
                machine.cpu.stand_at(CALLER);
                machine.interrupt(vector);
            }
        }
        machine.event(0x1E, false, false);
        assert_eq!(machine.keys().len(), count, "{setting:X?}");
    }
}

#[test]
fn a_hooked_int_15_sees_every_code_and_may_swallow_it() {
    for (swallow, keys) in [(false, &[0x1F73_u16][..]), (true, &[])] {
        let mut machine = Machine::on();
        machine.memory.write_u32(0x15 * 4, 0x5000_0000);
        machine.pc.key(KeyEvent { scan: 0x1E, extended: false, pressed: true }, machine.now);
        machine.wait(TWO_BYTES);
        machine.pc.acknowledge();
        machine.cpu.general.set_ax(0x1234);
        machine.interrupt(0x09);
        assert_eq!(machine.cpu.address().offset, rom::KEY_INTERCEPT);
        assert_eq!(machine.cpu.general.ax(), 0x4F1E);
        assert_ne!(machine.cpu.eflags & Flags::CF, 0);
        // The hook comes back with another scan code, S, or with carry clear.
        machine.cpu.eip += 2;
        machine.cpu.general.set_al(0x1F);
        if swallow {
            machine.cpu.eflags &= !Flags::CF;
        }
        machine.serve();
        assert!(!machine.pc.devices.pics.in_service(crate::device::pic::Irq::KEYBOARD));
        // POP AX; IRET follow.
        let at = machine.cpu.address().linear();
        assert_eq!([machine.memory.read_u8(at), machine.memory.read_u8(at + 1)], [0x58, 0xCF]);
        machine.with_context(|_, context| assert_eq!(context.pop(), 0x1234));
        assert_eq!(machine.keys(), keys);
    }
}

#[test]
fn a_program_that_reads_port_60_itself_has_taken_the_key() {
    let mut machine = Machine::on();
    for event in key(0x1E).press() {
        machine.pc.key(event, machine.now);
    }
    assert!(!machine.pc.keyboard_idle(&machine.memory));
    for expected in [0x1E, 0x9E] {
        machine.wait(TWO_BYTES);
        assert_eq!(machine.pc.acknowledge(), 0x09);
        assert_eq!(machine.port_in(0x60), expected);
        machine.port_out(0x20, 0x20);
    }
    assert!(machine.pc.keyboard_idle(&machine.memory));
}

#[test]
fn a_key_in_the_buffer_is_not_taken_before_a_program_reads_it() {
    let mut machine = Machine::on();
    machine.press(key(0x1E));
    // The interrupt handler of the BIOS read the port, but nobody read the key.
    assert!(!machine.pc.keyboard_idle(&machine.memory));
    machine.keys();
    assert!(machine.pc.keyboard_idle(&machine.memory));
}
