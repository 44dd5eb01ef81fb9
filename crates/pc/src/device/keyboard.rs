//! The 8042 keyboard controller and the keyboard behind it.
//!
//! The keyboard sends one byte at a time, about a millisecond apart, as its serial line does. That matters: programs
//! that hook INT 9 read port 60h and then let the BIOS read the same byte again.

mod commands;

use super::mouse::Mouse;
use super::scancode::{EXTENDED, SET_1_BREAK, SET_2_BREAK, to_set_2};
use super::typematic::Typematic;
use crate::time::Ticks;

/// A key that goes down or comes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyEvent {
    /// Scan code of set 1, 01h to 7Fh, without the break bit.
    pub scan: u8,
    /// The code is preceded by E0h: the arrows, the right Ctrl and Alt, the keypad's Enter …
    pub extended: bool,
    /// Down, else up.
    pub pressed: bool,
}

/// Bytes that the keyboard itself keeps for the controller.
const QUEUE: usize = 32;
/// Clocks between two bytes of the keyboard: 11 bits at about 12.5 kHz.
const BYTE_TIME: u64 = 1050;
/// How much longer it waits at most for a handler to end: 10 ms.
const HOLD_TIME: u64 = 11_932;

mod status {
    pub const OUTPUT_FULL: u8 = 0x01;
    pub const SYSTEM: u8 = 0x04;
    pub const COMMAND: u8 = 0x08;
    /// The front panel's lock is open.
    pub const UNLOCKED: u8 = 0x10;
    pub const FROM_MOUSE: u8 = 0x20;
}

mod command_byte {
    pub const KEYBOARD_INTERRUPT: u8 = 0x01;
    pub const MOUSE_INTERRUPT: u8 = 0x02;
    pub const SYSTEM: u8 = 0x04;
    pub const KEYBOARD_DISABLED: u8 = 0x10;
    pub const MOUSE_DISABLED: u8 = 0x20;
    pub const TRANSLATE: u8 = 0x40;
}

/// What the next byte written to port 60h is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DataFor {
    Keyboard,
    CommandByte,
    OutputPort,
    /// D2h: the byte comes back as if the keyboard had sent it.
    OutputBuffer,
    /// D3h: the byte comes back as if the mouse had sent it.
    MouseOutputBuffer,
    Mouse,
    Leds,
    ScanCodeSet,
    TypematicRate,
}

/// Where the byte in the output buffer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Controller,
    Keyboard,
    Mouse,
}

/// Output port bits: the reset line (low resets) and A20.
const OUTPUT_NO_RESET: u8 = 0x01;
const OUTPUT_A20: u8 = 0x02;

const ACKNOWLEDGE: u8 = 0xFA;

/// Controller and keyboard.
#[derive(Clone, Debug)]
pub struct KeyboardController {
    output: u8,
    output_full: bool,
    output_from: Source,
    /// What is plugged into the other socket.
    pub mouse: Mouse,
    command_byte: u8,
    last_was_command: bool,
    data_for: DataFor,
    queue: [u8; QUEUE],
    queued: usize,
    /// When the keyboard may send its next byte.
    ready_at: Ticks,
    scanning: bool,
    scan_code_set: u8,
    leds: u8,
    typematic: Typematic,
    /// The guest read port 60h itself since the last key.
    read_by_guest: bool,
    reset_requested: bool,
    /// What the guest wants of A20, until the board takes it.
    a20_request: Option<bool>,
}

impl KeyboardController {
    /// As a BIOS leaves it: translating, interrupting, the keyboard scanning.
    pub const fn new() -> Self {
        Self {
            output: 0,
            output_full: false,
            output_from: Source::Controller,
            mouse: Mouse::new(),
            command_byte: command_byte::KEYBOARD_INTERRUPT
                | command_byte::SYSTEM
                | command_byte::MOUSE_DISABLED
                | command_byte::TRANSLATE,
            last_was_command: false,
            data_for: DataFor::Keyboard,
            queue: [0; QUEUE],
            queued: 0,
            ready_at: Ticks::ZERO,
            scanning: true,
            scan_code_set: 2,
            leds: 0,
            typematic: Typematic::new(),
            read_by_guest: false,
            reset_requested: false,
            a20_request: None,
        }
    }

    /// Whether IRQ 1 is requested.
    pub const fn interrupt(&self) -> bool {
        self.output_full
            && matches!(self.output_from, Source::Keyboard)
            && self.command_byte & command_byte::KEYBOARD_INTERRUPT != 0
    }

    /// Whether IRQ 12 is requested.
    pub const fn mouse_interrupt(&self) -> bool {
        self.output_full
            && matches!(self.output_from, Source::Mouse)
            && self.command_byte & command_byte::MOUSE_INTERRUPT != 0
    }

    /// Whether command FEh or its like pulled the reset line.
    pub const fn reset_requested(&self) -> bool {
        self.reset_requested
    }

    /// The reset is over.
    pub const fn release_reset(&mut self) {
        self.reset_requested = false;
    }

    /// What the guest asked of A20 through the output port since the last call.
    pub fn take_a20_request(&mut self) -> Option<bool> {
        self.a20_request.take()
    }

    /// Whether every byte was read.
    pub const fn idle(&self) -> bool {
        self.queued == 0 && !self.output_full
    }

    /// Whether no byte of a key that goes down waits to be read; bytes of keys that come up may. As scan-code set 1.
    pub fn presses_read(&self) -> bool {
        let waiting = self
            .output_full
            .then_some(self.output)
            .into_iter()
            .chain(self.queue[..self.queued].iter().copied());
        waiting.into_iter().all(|code| code & SET_1_BREAK != 0)
    }

    /// Whether every press was read; keys may still be coming up, which nobody may ever read.
    pub fn presses_taken(&self) -> bool {
        if self.scan_code_set == 2 && self.command_byte & command_byte::TRANSLATE == 0 {
            return self.idle();
        }
        let is_press = |byte: u8| byte & SET_1_BREAK == 0;
        let press_in_output = self.output_full && is_press(self.output);
        !press_in_output && !self.queue[..self.queued].iter().any(|&byte| is_press(byte))
    }

    /// Whether the guest itself has read port 60h since the last key, and the BIOS has not after it.
    pub const fn read_by_guest(&self) -> bool {
        self.read_by_guest
    }

    /// Whether 16 more bytes find room.
    pub const fn has_room(&self) -> bool {
        self.queued + 16 <= QUEUE
    }

    /// When the keyboard sends its next byte, if nothing else happens. While IRQ 1 is in service it holds back: under
    /// a monitor the handlers that read a byte twice take longer than on the machine that they were written for.
    pub fn next_event(&self, in_service: bool) -> Option<Ticks> {
        let repeat = self.typematic.due();
        if self.output_full || !(self.queued > 0 && self.keyboard_enabled() || self.mouse_waits()) {
            return repeat;
        }
        let due = if in_service { self.ready_at.plus(HOLD_TIME) } else { self.ready_at };
        Some(repeat.map_or(due, |repeat| repeat.min(due)))
    }

    const fn mouse_waits(&self) -> bool {
        self.mouse.has_answer() && self.command_byte & command_byte::MOUSE_DISABLED == 0
    }

    fn keyboard_enabled(&self) -> bool {
        self.command_byte & command_byte::KEYBOARD_DISABLED == 0
    }

    /// Lets the keyboard repeat and send what is due by `now`.
    pub fn advance(&mut self, in_service: bool, now: Ticks) {
        if let Some(event) = self.typematic.repeat(now)
            && self.has_room()
        {
            self.send_key(event, now);
        }
        let hold = if in_service { HOLD_TIME } else { 0 };
        if self.output_full || now < self.ready_at.plus(hold) {
            return;
        }
        if self.mouse_waits() {
            let byte = self.mouse.take_answer();
            self.put(byte, Source::Mouse);
        } else if self.queued > 0 && self.keyboard_enabled() {
            let byte = self.queue[0];
            self.queue.copy_within(1..self.queued, 0);
            self.queued -= 1;
            self.put(byte, Source::Keyboard);
        }
    }

    fn put(&mut self, byte: u8, from: Source) {
        self.output = byte;
        self.output_full = true;
        self.output_from = from;
    }

    /// A key moved. A keyboard that is switched off or full loses it.
    pub fn key(&mut self, event: KeyEvent, now: Ticks) {
        // What a keyboard elsewhere repeats, this one repeats itself, at the rate that its guest has set.
        if !self.scanning || event.pressed && self.typematic.holds(event) {
            return;
        }
        self.read_by_guest = false;
        self.typematic.note(event, now);
        self.send_key(event, now);
    }

    /// Sends the code of a key.
    fn send_key(&mut self, event: KeyEvent, now: Ticks) {
        if event.extended {
            self.send(EXTENDED, now);
        }
        if self.scan_code_set == 1 || self.command_byte & command_byte::TRANSLATE != 0 {
            self.send(event.scan | if event.pressed { 0 } else { SET_1_BREAK }, now);
        } else {
            if !event.pressed {
                self.send(SET_2_BREAK, now);
            }
            self.send(to_set_2(event.scan), now);
        }
    }

    fn send(&mut self, byte: u8, now: Ticks) {
        if self.queued == 0 {
            self.ready_at = self.ready_at.max(now);
        }
        if self.queued < QUEUE {
            self.queue[self.queued] = byte;
            self.queued += 1;
        }
    }

    /// Reads port 60h as an IN of the guest does.
    pub fn read_data(&mut self, now: Ticks) -> u8 {
        self.read_by_guest |= self.output_full;
        self.take(now)
    }

    /// Reads port 60h for the BIOS. An empty buffer gives its last byte again, which a handler of the guest's read before.
    pub fn take_data(&mut self, now: Ticks) -> u8 {
        self.read_by_guest = false;
        self.take(now)
    }

    fn take(&mut self, now: Ticks) -> u8 {
        if self.output_full {
            self.output_full = false;
            self.ready_at = now.plus(BYTE_TIME);
        }
        self.output
    }

    /// Sets how soon and how fast a key that is held repeats, as command F3h does.
    pub const fn set_typematic(&mut self, value: u8) {
        self.typematic.set(value);
    }

    /// Takes the byte of the mouse, for the BIOS, if it is one.
    pub fn take_mouse_data(&mut self, now: Ticks) -> Option<u8> {
        (self.output_full && self.output_from == Source::Mouse).then(|| self.take_data(now))
    }

    /// Turns the mouse's line and its interrupt on or off.
    pub const fn enable_mouse(&mut self, enabled: bool) {
        self.command_byte = if enabled {
            self.command_byte & !command_byte::MOUSE_DISABLED | command_byte::MOUSE_INTERRUPT
        } else {
            self.command_byte & !command_byte::MOUSE_INTERRUPT | command_byte::MOUSE_DISABLED
        };
    }

    /// Reads port 64h.
    pub fn read_status(&self) -> u8 {
        let when = |condition: bool, bit: u8| if condition { bit } else { 0 };
        when(self.output_full, status::OUTPUT_FULL)
            | when(self.command_byte & command_byte::SYSTEM != 0, status::SYSTEM)
            | when(self.last_was_command, status::COMMAND)
            | when(self.output_full && self.output_from == Source::Mouse, status::FROM_MOUSE)
            | status::UNLOCKED
    }

    /// Writes port 64h: a command for the controller. `a20` is the line's state, for the output port.
    pub fn write_command(&mut self, command: u8, a20: bool) {
        self.last_was_command = true;
        self.data_for = DataFor::Keyboard;
        match command {
            0x20 => self.put(self.command_byte, Source::Controller),
            0x60 => self.data_for = DataFor::CommandByte,
            0xA7 => self.command_byte |= command_byte::MOUSE_DISABLED,
            0xA8 => self.command_byte &= !command_byte::MOUSE_DISABLED,
            // The lines to the mouse are good.
            0xA9 => self.put(0x00, Source::Controller),
            0xAA => {
                self.command_byte |= command_byte::SYSTEM;
                self.put(0x55, Source::Controller);
            }
            0xAB => self.put(0x00, Source::Controller),
            0xAD => self.command_byte |= command_byte::KEYBOARD_DISABLED,
            0xAE => self.command_byte &= !command_byte::KEYBOARD_DISABLED,
            // Input port: keyboard not inhibited, colour display.
            0xC0 => self.put(0x80, Source::Controller),
            0xD0 => self.put(OUTPUT_NO_RESET | if a20 { OUTPUT_A20 } else { 0 }, Source::Controller),
            0xD1 => self.data_for = DataFor::OutputPort,
            0xD2 => self.data_for = DataFor::OutputBuffer,
            0xD3 => self.data_for = DataFor::MouseOutputBuffer,
            0xD4 => self.data_for = DataFor::Mouse,
            0xDD => self.a20_request = Some(false),
            0xDF => self.a20_request = Some(true),
            // F0h to FFh pulse output lines low; bit 0 is the processor's reset.
            0xF0..=0xFF => self.reset_requested |= command & OUTPUT_NO_RESET == 0,
            _ => {}
        }
    }

    /// Writes port 60h: a parameter of the last command, or a byte for the keyboard.
    pub fn write_data(&mut self, value: u8, now: Ticks) {
        self.last_was_command = false;
        match core::mem::replace(&mut self.data_for, DataFor::Keyboard) {
            DataFor::CommandByte => self.command_byte = value,
            DataFor::OutputPort => {
                self.reset_requested |= value & OUTPUT_NO_RESET == 0;
                self.a20_request = Some(value & OUTPUT_A20 != 0);
            }
            DataFor::OutputBuffer => self.put(value, Source::Keyboard),
            DataFor::MouseOutputBuffer => self.put(value, Source::Mouse),
            DataFor::Mouse => {
                self.command_byte &= !command_byte::MOUSE_DISABLED;
                self.mouse.receive(value);
                self.ready_at = self.ready_at.max(now);
            }
            DataFor::Leds => {
                self.leds = value & 7;
                self.send(ACKNOWLEDGE, now);
            }
            DataFor::TypematicRate => {
                self.typematic.set(value);
                self.send(ACKNOWLEDGE, now);
            }
            DataFor::ScanCodeSet => {
                self.send(ACKNOWLEDGE, now);
                match value {
                    0 => self.send(self.scan_code_set, now),
                    1 | 2 => self.scan_code_set = value,
                    _ => {} // Set 3 is acknowledged and not used, as by many keyboards.
                }
            }
            DataFor::Keyboard => self.keyboard_command(value, now),
        }
    }
}

#[cfg(test)]
#[path = "keyboard_tests.rs"]
mod tests;
