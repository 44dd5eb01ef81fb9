//! The two 8259A interrupt controllers of a PC AT, the second behind input 2 of the first.
//!
//! Intel 8259A data sheet. Its 8080 mode is not there: no PC uses it.

mod pair;

pub use pair::{PicPair, Which};

/// An interrupt request line, 0 to 15.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Irq(pub u8);

impl Irq {
    pub const COPROCESSOR: Self = Self(13);
    pub const TIMER: Self = Self(0);
    pub const KEYBOARD: Self = Self(1);
    pub const COM2: Self = Self(3);
    pub const COM1: Self = Self(4);
    pub const MOUSE: Self = Self(12);
    pub const CLOCK: Self = Self(8);
}

/// The master's input that the slave's output drives.
const CASCADE: u8 = 2;
/// The input that a spurious interrupt is reported as.
const SPURIOUS: u8 = 7;

/// ICW1: this is one. A4 of a command write tells it from OCW2 and OCW3.
const ICW1: u8 = 0x10;
const ICW1_ICW4_FOLLOWS: u8 = 0x01;
const ICW1_SINGLE: u8 = 0x02;
const ICW1_LEVEL: u8 = 0x08;
const ICW4_AUTO_EOI: u8 = 0x02;
const ICW4_FULLY_NESTED: u8 = 0x10;
/// OCW3 rather than OCW2.
const OCW3: u8 = 0x08;
const OCW3_READ_ISR: u8 = 0x01;
const OCW3_READ: u8 = 0x02;
const OCW3_POLL: u8 = 0x04;
const OCW3_SPECIAL_MASK: u8 = 0x20;
const OCW3_SET_SPECIAL_MASK: u8 = 0x40;

/// What the next write to the data port means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expecting {
    Mask,
    Icw2,
    Icw3,
    Icw4,
}

/// One 8259A.
#[derive(Clone, Debug)]
struct Pic {
    /// Level of each input.
    lines: u8,
    /// Requests: latched edges, or in level mode the lines.
    requests: u8,
    in_service: u8,
    mask: u8,
    vector_base: u8,
    /// The input of lowest priority; the one above it has the highest.
    lowest: u8,
    expecting: Expecting,
    icw4_follows: bool,
    single: bool,
    level_triggered: bool,
    auto_eoi: bool,
    rotate_on_auto_eoi: bool,
    special_mask: bool,
    special_fully_nested: bool,
    read_in_service: bool,
    polled: bool,
}

impl Pic {
    const fn new() -> Self {
        Self {
            lines: 0,
            requests: 0,
            in_service: 0,
            mask: 0xFF,
            vector_base: 0,
            lowest: 7,
            expecting: Expecting::Mask,
            icw4_follows: false,
            single: false,
            level_triggered: false,
            auto_eoi: false,
            rotate_on_auto_eoi: false,
            special_mask: false,
            special_fully_nested: false,
            read_in_service: false,
            polled: false,
        }
    }

    fn set_line(&mut self, input: u8, high: bool) {
        let bit = 1 << input;
        if high {
            if self.level_triggered || self.lines & bit == 0 {
                self.requests |= bit;
            }
            self.lines |= bit;
        } else {
            // An input must stay high until it is acknowledged; one that drops ends as a spurious interrupt.
            self.requests &= !bit;
            self.lines &= !bit;
        }
    }

    /// The request to deliver: the highest that is not masked and above everything in service.
    fn highest(&self, cascade: bool) -> Option<u8> {
        let waiting = self.requests & !self.mask;
        if waiting == 0 {
            return None;
        }
        // In special fully nested mode the slave may interrupt its own service for one of higher priority.
        let nested = if self.special_fully_nested && cascade { 1 << CASCADE } else { 0 };
        let serving = self.by_priority(self.in_service & !nested);
        // What is in service keeps itself out, and without special mask mode all that is below it.
        let kept_out = if self.special_mask { serving } else { !(serving.wrapping_sub(1) & !serving) };
        self.first(self.by_priority(waiting) & !kept_out)
    }

    /// Bit 0 stands for the input of the highest priority.
    const fn by_priority(&self, inputs: u8) -> u8 {
        inputs.rotate_right(self.lowest as u32 + 1)
    }

    /// The first input of some in order of priority.
    fn first(&self, inputs: u8) -> Option<u8> {
        (inputs != 0).then(|| (self.lowest + 1 + inputs.trailing_zeros() as u8) & 7)
    }

    #[inline(always)]
    fn begin_service(&mut self, input: u8) {
        let bit = 1 << input;
        if !self.level_triggered {
            self.requests &= !bit;
        }
        if self.auto_eoi {
            if self.rotate_on_auto_eoi {
                self.lowest = input;
            }
        } else {
            self.in_service |= bit;
        }
    }

    fn highest_in_service(&self) -> Option<u8> {
        let unmasked = if self.special_mask { self.in_service & !self.mask } else { self.in_service };
        self.first(self.by_priority(unmasked))
    }

    fn write_command(&mut self, value: u8) {
        if value & ICW1 != 0 {
            let lines = self.lines;
            *self = Self::new();
            // The edge detector starts anew: a line that is high now must drop first.
            self.lines = lines;
            self.mask = 0;
            self.expecting = Expecting::Icw2;
            self.icw4_follows = value & ICW1_ICW4_FOLLOWS != 0;
            self.single = value & ICW1_SINGLE != 0;
            self.level_triggered = value & ICW1_LEVEL != 0;
            if self.level_triggered {
                self.requests = lines;
            }
        } else if value & OCW3 != 0 {
            self.polled = value & OCW3_POLL != 0;
            if value & OCW3_READ != 0 {
                self.read_in_service = value & OCW3_READ_ISR != 0;
            }
            if value & OCW3_SET_SPECIAL_MASK != 0 {
                self.special_mask = value & OCW3_SPECIAL_MASK != 0;
            }
        } else {
            self.end_of_interrupt(value >> 5, value & 7);
        }
    }

    /// OCW2: bits 7:5 say what, bits 2:0 name an input for the specific kinds.
    fn end_of_interrupt(&mut self, kind: u8, input: u8) {
        match kind {
            0b000 => self.rotate_on_auto_eoi = false,
            0b100 => self.rotate_on_auto_eoi = true,
            0b001 | 0b101 => {
                if let Some(served) = self.highest_in_service() {
                    self.in_service &= !(1 << served);
                    if kind == 0b101 {
                        self.lowest = served;
                    }
                }
            }
            0b011 => self.in_service &= !(1 << input),
            0b111 => {
                self.in_service &= !(1 << input);
                self.lowest = input;
            }
            0b110 => self.lowest = input,
            _ => {} // 010: no operation.
        }
    }

    fn write_data(&mut self, value: u8) {
        let after_icw3 = if self.icw4_follows { Expecting::Icw4 } else { Expecting::Mask };
        match self.expecting {
            Expecting::Mask => self.mask = value,
            Expecting::Icw2 => {
                self.vector_base = value & 0xF8;
                self.expecting = if self.single { after_icw3 } else { Expecting::Icw3 };
            }
            // The wiring of the pair is fixed, so what the guest says about it changes nothing.
            Expecting::Icw3 => self.expecting = after_icw3,
            Expecting::Icw4 => {
                self.auto_eoi = value & ICW4_AUTO_EOI != 0;
                self.special_fully_nested = value & ICW4_FULLY_NESTED != 0;
                self.expecting = Expecting::Mask;
            }
        }
    }
}
