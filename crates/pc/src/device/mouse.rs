//! A PS/2 mouse that lies still: it answers what a driver asks at its start, and never reports a movement.

/// Bytes that wait for the controller.
const QUEUE: usize = 8;

const ACKNOWLEDGE: u8 = 0xFA;
const RESEND: u8 = 0xFE;
const SELF_TEST_PASSED: u8 = 0xAA;
/// A mouse without a wheel.
const IDENTITY: u8 = 0x00;
/// Bit 3 is always 1; no button, no movement.
const STILL: [u8; 3] = [0x08, 0, 0];

/// Bits of the status.
mod status {
    pub const SCALING_2_TO_1: u8 = 0x10;
    pub const REPORTING: u8 = 0x20;
    pub const REMOTE: u8 = 0x40;
}

/// The mouse.
#[derive(Clone, Debug)]
pub struct Mouse {
    status: u8,
    resolution: u8,
    rate: u8,
    /// The command whose parameter comes next.
    parameter_for: Option<u8>,
    queue: [u8; QUEUE],
    queued: usize,
}

impl Mouse {
    /// As after a reset.
    pub const fn new() -> Self {
        Self { status: 0, resolution: 2, rate: 100, parameter_for: None, queue: [0; QUEUE], queued: 0 }
    }

    /// Status, resolution (0 to 3) and samples a second.
    pub const fn settings(&self) -> [u8; 3] {
        [self.status, self.resolution, self.rate]
    }

    /// Whether a byte waits for the controller.
    pub const fn has_answer(&self) -> bool {
        self.queued > 0
    }

    /// Takes the first byte that waits.
    pub fn take_answer(&mut self) -> u8 {
        let byte = self.queue[0];
        self.queue.copy_within(1.., 0);
        self.queued = self.queued.saturating_sub(1);
        byte
    }

    /// Drops what waits: the BIOS knows the answers.
    pub fn discard_answers(&mut self) {
        self.queued = 0;
    }

    fn answer(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if self.queued < QUEUE {
                self.queue[self.queued] = byte;
                self.queued += 1;
            }
        }
    }

    /// Takes a command or its parameter.
    pub fn receive(&mut self, byte: u8) {
        // A new command ends what an earlier one still had to say.
        self.queued = 0;
        if let Some(command) = self.parameter_for.take() {
            *(if command == 0xE8 { &mut self.resolution } else { &mut self.rate }) = byte;
            return self.answer(&[ACKNOWLEDGE]);
        }
        let known = matches!(byte, 0xE6..=0xF6 | 0xFF) && !matches!(byte, 0xED | 0xEF | 0xF1);
        self.answer(&[if known { ACKNOWLEDGE } else { RESEND }]);
        match byte {
            0xE6 => self.status &= !status::SCALING_2_TO_1,
            0xE7 => self.status |= status::SCALING_2_TO_1,
            0xE8 | 0xF3 => self.parameter_for = Some(byte),
            0xE9 => self.answer(&self.settings()),
            0xEA => self.status &= !status::REMOTE,
            0xEB => self.answer(&STILL),
            0xF0 => self.status |= status::REMOTE,
            0xF2 => self.answer(&[IDENTITY]),
            0xF4 => self.status |= status::REPORTING,
            0xF5 => self.status &= !status::REPORTING,
            0xF6 => (self.status, self.resolution, self.rate) = (0, 2, 100),
            0xFF => {
                *self = Self::new();
                self.answer(&[ACKNOWLEDGE, SELF_TEST_PASSED, IDENTITY]);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn commands_are_answered_as_by_a_real_mouse() {
        let mut mouse = Mouse::new();
        for (command, answers) in [
            (0xFF, &[0xFA, 0xAA, 0x00][..]),
            (0xF2, &[0xFA, 0x00]),
            (0xE9, &[0xFA, 0x00, 0x02, 0x64]),
            (0xF3, &[0xFA]),
            (0x28, &[0xFA]),
            (0xE8, &[0xFA]),
            (0x03, &[0xFA]),
            (0xE7, &[0xFA]),
            (0xF4, &[0xFA]),
            (0xE9, &[0xFA, 0x30, 0x03, 0x28]),
            (0xEB, &[0xFA, 0x08, 0x00, 0x00]),
            (0xE1, &[0xFE]),
            (0xF6, &[0xFA]),
            (0xE9, &[0xFA, 0x00, 0x02, 0x64]),
        ] {
            mouse.receive(command);
            let mut given = Vec::new();
            while mouse.has_answer() {
                given.push(mouse.take_answer());
            }
            assert_eq!(given, answers, "{command:02X}");
        }
    }
}
