//! Commands that the guest sends to the keyboard itself, through port 60h.

use super::{ACKNOWLEDGE, DataFor, KeyboardController, Typematic, command_byte};
use crate::time::Ticks;

const RESEND: u8 = 0xFE;

impl KeyboardController {
    /// Carries out a command of the keyboard that has no parameter, or waits for the parameter.
    pub(super) fn keyboard_command(&mut self, command: u8, now: Ticks) {
        // Writing to the keyboard makes the controller lift its clock again.
        self.command_byte &= !command_byte::KEYBOARD_DISABLED;
        match command {
            0xEE => return self.send(0xEE, now),
            0xED => self.data_for = DataFor::Leds,
            0xF0 => self.data_for = DataFor::ScanCodeSet,
            0xF3 => self.data_for = DataFor::TypematicRate,
            0xF4 => self.scanning = true,
            0xF5 | 0xF6 => {
                self.scanning = command == 0xF6;
                self.scan_code_set = 2;
                self.typematic = Typematic::new();
            }
            0xF2 | 0xFE | 0xFF | 0xF7..=0xFD => {}
            _ => return self.send(RESEND, now),
        }
        self.send(ACKNOWLEDGE, now);
        match command {
            0xF2 => {
                // ID AB83h; the controller translates its second byte like a scan code.
                self.send(0xAB, now);
                self.send(if self.command_byte & command_byte::TRANSLATE != 0 { 0x41 } else { 0x83 }, now);
            }
            0xFF => {
                self.scanning = true;
                self.scan_code_set = 2;
                self.leds = 0;
                self.typematic = Typematic::new();
                self.send(0xAA, now);
            }
            _ => {}
        }
    }
}
