use super::*;

const A: KeyEvent = KeyEvent { scan: 0x1E, extended: false, pressed: true };
const A_UP: KeyEvent = KeyEvent { pressed: false, ..A };
const UP: KeyEvent = KeyEvent { scan: 0x48, extended: true, pressed: true };
const UP_UP: KeyEvent = KeyEvent { pressed: false, ..UP };

/// Reads everything that the controller has to say from `now` on.
fn drain(keyboard: &mut KeyboardController, mut now: Ticks) -> std::vec::Vec<u8> {
    let mut bytes = std::vec::Vec::new();
    loop {
        keyboard.advance(false, now);
        if keyboard.read_status() & status::OUTPUT_FULL == 0 {
            return bytes;
        }
        bytes.push(keyboard.read_data(now));
        now = now.plus(BYTE_TIME);
    }
}

#[test]
fn keys_arrive_in_the_set_that_translation_and_keyboard_choose() {
    for (command_byte, set, expected) in [
        (0x45, 2, &[0x1E, 0x9E, 0xE0, 0x48, 0xE0, 0xC8][..]),
        (0x05, 2, &[0x1C, 0xF0, 0x1C, 0xE0, 0x75, 0xE0, 0xF0, 0x75]),
        (0x05, 1, &[0x1E, 0x9E, 0xE0, 0x48, 0xE0, 0xC8]),
    ] {
        let mut keyboard = KeyboardController::new();
        keyboard.write_command(0x60, true);
        keyboard.write_data(command_byte, Ticks(0));
        keyboard.write_data(0xF0, Ticks(0));
        keyboard.write_data(set, Ticks(0));
        assert_eq!(drain(&mut keyboard, Ticks(0)), [0xFA, 0xFA]);
        for event in [A, A_UP, UP, UP_UP] {
            keyboard.key(event, Ticks(10_000));
        }
        assert_eq!(drain(&mut keyboard, Ticks(10_000)), expected, "{command_byte:02X}, set {set}");
    }
}

#[test]
fn a_key_that_is_held_is_sent_once_until_it_is_time_to_repeat() {
    let mut keyboard = KeyboardController::new();
    for now in [0, 100, 200] {
        keyboard.key(A, Ticks(now));
    }
    assert_eq!(drain(&mut keyboard, Ticks(200)), [0x1E]);
    let due = keyboard.next_event(false).unwrap();
    assert_eq!(due, Ticks(596_590));
    assert_eq!(drain(&mut keyboard, due), [0x1E]);
    keyboard.key(A_UP, due);
    assert_eq!(drain(&mut keyboard, due.plus(BYTE_TIME)), [0x9E]);
    assert_eq!(keyboard.next_event(false), None);
}

#[test]
fn a_byte_stays_readable_until_the_next_one_arrives() {
    let mut keyboard = KeyboardController::new();
    keyboard.key(A, Ticks(0));
    keyboard.key(A_UP, Ticks(0));
    keyboard.advance(false, Ticks(0));
    assert!(keyboard.interrupt());
    assert_eq!(keyboard.read_data(Ticks(5)), 0x1E);
    assert!(!keyboard.interrupt());
    keyboard.advance(false, Ticks(5 + BYTE_TIME - 1));
    // A hook has read the code, and now the BIOS reads it again.
    assert_eq!(keyboard.take_data(Ticks(5 + BYTE_TIME - 1)), 0x1E);
    assert_eq!(keyboard.next_event(false), Some(Ticks(5 + BYTE_TIME)));
    keyboard.advance(false, Ticks(5 + BYTE_TIME));
    assert_eq!(keyboard.read_data(Ticks(5 + BYTE_TIME)), 0x9E);
    assert!(keyboard.idle());
}

#[test]
fn the_keyboard_holds_back_while_its_interrupt_is_in_service() {
    let mut keyboard = KeyboardController::new();
    keyboard.key(A, Ticks(100));
    keyboard.advance(true, Ticks(100 + HOLD_TIME - 1));
    assert!(!keyboard.interrupt());
    keyboard.advance(true, Ticks(100 + HOLD_TIME));
    assert!(keyboard.interrupt());
}

#[test]
fn controller_commands_answer_as_an_8042_does() {
    for (command, answer) in [
        (0x20, Some(0x65)),
        (0xAA, Some(0x55)),
        (0xAB, Some(0x00)),
        (0xA9, Some(0x00)),
        (0xC0, Some(0x80)),
        (0xD0, Some(0x03)),
        (0xAE, None),
    ] {
        let mut keyboard = KeyboardController::new();
        keyboard.write_command(command, true);
        let full = keyboard.read_status() & status::OUTPUT_FULL != 0;
        assert_eq!(full.then(|| keyboard.read_data(Ticks(0))), answer, "command {command:02X}");
        assert!(!keyboard.interrupt(), "command {command:02X} answers without IRQ 1");
    }
}

#[test]
fn keyboard_commands_answer_as_a_keyboard_does() {
    for (bytes, answer) in [
        (&[0xFF][..], &[0xFA, 0xAA][..]),
        (&[0xF2], &[0xFA, 0xAB, 0x41]),
        (&[0xED, 0x07], &[0xFA, 0xFA]),
        (&[0xF3, 0x20], &[0xFA, 0xFA]),
        (&[0xF0, 0x00], &[0xFA, 0xFA, 0x02]),
        (&[0xEE], &[0xEE]),
        (&[0x12], &[0xFE]),
    ] {
        let mut keyboard = KeyboardController::new();
        for &byte in bytes {
            keyboard.write_data(byte, Ticks(0));
        }
        assert_eq!(drain(&mut keyboard, Ticks(0)), answer, "{bytes:02X?}");
    }
}

#[test]
fn a_keyboard_that_is_switched_off_loses_keys_and_a_disabled_one_keeps_them() {
    let mut keyboard = KeyboardController::new();
    keyboard.write_data(0xF5, Ticks(0));
    assert_eq!(drain(&mut keyboard, Ticks(0)), [0xFA]);
    keyboard.key(A, Ticks(5_000));
    assert!(keyboard.idle());
    keyboard.write_data(0xF4, Ticks(5_000));
    assert_eq!(drain(&mut keyboard, Ticks(5_000)), [0xFA]);

    keyboard.write_command(0xAD, true);
    keyboard.key(A, Ticks(20_000));
    assert_eq!(drain(&mut keyboard, Ticks(20_000)), []);
    keyboard.write_command(0xAE, true);
    assert_eq!(drain(&mut keyboard, Ticks(20_000)), [0x1E]);
}

#[test]
fn only_commands_that_pulse_bit_0_low_reset() {
    for (command, reset) in [(0xFE, true), (0xF0, true), (0xFF, false), (0xFD, false)] {
        let mut keyboard = KeyboardController::new();
        keyboard.write_command(command, true);
        assert_eq!(keyboard.reset_requested(), reset, "{command:02X}");
    }
}

#[test]
fn the_output_port_switches_a20() {
    for (value, a20, reset) in [(0xDF, true, false), (0xDD, false, false), (0x02, true, true)] {
        let mut keyboard = KeyboardController::new();
        keyboard.write_command(0xD1, true);
        keyboard.write_data(value, Ticks(0));
        assert_eq!(
            (keyboard.take_a20_request(), keyboard.reset_requested()),
            (Some(a20), reset),
            "{value:02X}"
        );
        assert_eq!(keyboard.take_a20_request(), None);
    }
}

#[test]
fn the_guests_own_reads_are_told_from_the_bios() {
    let mut keyboard = KeyboardController::new();
    keyboard.key(A, Ticks(0));
    keyboard.advance(false, Ticks(0));
    keyboard.take_data(Ticks(0));
    assert!(!keyboard.read_by_guest());
    keyboard.key(A_UP, Ticks(0));
    keyboard.advance(false, Ticks(BYTE_TIME));
    keyboard.read_data(Ticks(BYTE_TIME));
    assert!(keyboard.read_by_guest());
    // A handler that looks, and passes the interrupt on.
    keyboard.take_data(Ticks(BYTE_TIME));
    assert!(!keyboard.read_by_guest());
    keyboard.read_data(Ticks(BYTE_TIME));
    assert!(!keyboard.read_by_guest(), "an old byte");
    keyboard.key(A_UP, Ticks(BYTE_TIME));
    keyboard.advance(false, Ticks(2 * BYTE_TIME));
    keyboard.read_data(Ticks(2 * BYTE_TIME));
    assert!(keyboard.read_by_guest());
    keyboard.key(A, Ticks(BYTE_TIME));
    assert!(!keyboard.read_by_guest());
}

#[test]
fn bytes_of_the_mouse_come_on_irq_12_and_are_marked() {
    let mut keyboard = KeyboardController::new();
    keyboard.write_command(0x60, true);
    keyboard.write_data(0x47, Ticks(0));
    keyboard.write_command(0xD4, true);
    keyboard.write_data(0xF4, Ticks(0));
    keyboard.advance(false, Ticks(0));
    assert_eq!((keyboard.interrupt(), keyboard.mouse_interrupt()), (false, true));
    assert_eq!(keyboard.read_status() & 0x21, 0x21);
    assert_eq!(keyboard.read_data(Ticks(0)), 0xFA);
    assert!(!keyboard.mouse_interrupt());
    // Told to come back as if from the mouse.
    keyboard.write_command(0xD3, true);
    keyboard.write_data(0xA5, Ticks(0));
    assert_eq!((keyboard.read_status() & 0x21, keyboard.read_data(Ticks(0))), (0x21, 0xA5));
}
