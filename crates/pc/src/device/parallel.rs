//! The printer port LPT1 with a printer that takes everything and prints nothing.

/// Not busy, acknowledge high, selected, no error: a printer that is ready.
const STATUS_READY: u8 = 0xD8;

/// The three registers.
#[derive(Clone, Debug)]
pub struct Parallel {
    data: u8,
    control: u8,
}

impl Parallel {
    /// Initialised and selected.
    pub const fn new() -> Self {
        Self { data: 0, control: 0x0C }
    }

    /// Reads the register at `offset`, 0 to 2.
    pub const fn read(&self, offset: u16) -> u8 {
        match offset {
            0 => self.data,
            1 => STATUS_READY,
            _ => self.control,
        }
    }

    /// Writes the register at `offset`, 0 to 2.
    pub fn write(&mut self, offset: u16, value: u8) {
        match offset {
            0 => self.data = value,
            2 => self.control = value & 0x1F,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_and_control_read_back_and_the_printer_is_always_ready() {
        let mut port = Parallel::new();
        for offset in 0..3 {
            port.write(offset, 0x15);
        }
        assert_eq!([0, 1, 2].map(|offset| port.read(offset)), [0x15, STATUS_READY, 0x15]);
    }
}
