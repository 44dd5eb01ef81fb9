//! The two controllers as a PC wires them, and what they ask of the processor.

use super::{CASCADE, Expecting, Irq, Pic, SPURIOUS};

/// Which of the two controllers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    Master,
    Slave,
}

/// Both controllers.
#[derive(Clone, Debug)]
pub struct PicPair {
    master: Pic,
    slave: Pic,
    /// The master's input that the processor is asked to serve, as [`Self::settle`] found it, or [`GONE`], or [`NONE`].
    asking: u8,
}

/// No input.
const NONE: u8 = 8;
/// None any more, but the processor was asked, and what it acknowledges is a spurious interrupt.
const GONE: u8 = 9;

impl PicPair {
    /// Both as after power-on: everything masked, nothing initialised.
    pub const fn new() -> Self {
        Self { master: Pic::new(), slave: Pic::new(), asking: NONE }
    }

    /// Sets an interrupt line. A rising edge requests; a line that drops before it is acknowledged withdraws, but whoever
    /// was asked stays asked: what is acknowledged then is a spurious interrupt.
    pub fn set_line(&mut self, irq: Irq, high: bool) {
        if irq.0 < 8 {
            let asked = self.asking != NONE;
            self.master.set_line(irq.0, high);
            self.settle();
            if asked && self.asking == NONE {
                self.asking = GONE;
            }
        } else {
            let before = (self.slave.lines, self.slave.requests);
            self.slave.set_line(irq.0 & 7, high);
            // The second controller does not take back what it has asked.
            if high && before != (self.slave.lines, self.slave.requests) {
                self.cascade();
            }
        }
    }

    /// Requests an interrupt that stays until acknowledged, whatever its line does.
    pub fn latch(&mut self, irq: Irq) {
        let pic = if irq.0 < 8 { &mut self.master } else { &mut self.slave };
        pic.requests |= 1 << (irq.0 & 7);
        if irq.0 >= 8 {
            self.cascade();
        } else {
            self.settle();
        }
    }

    /// [`Self::latch`] of the timer.
    #[inline(always)]
    pub fn latch_timer(&mut self) {
        self.master.requests |= 1 << Irq::TIMER.0;
        self.settle();
    }

    /// To be called after a change of the slave.
    fn cascade(&mut self) {
        let high = self.slave.highest(false).is_some();
        self.master.set_line(CASCADE, high);
        self.settle();
    }

    /// Finds out what the processor is asked to serve. To be called after a change of the master.
    #[inline(always)]
    fn settle(&mut self) {
        let waiting = self.master.requests & !self.master.mask;
        if waiting == 0 {
            self.asking = NONE;
        } else if self.master.in_service == 0 && self.master.lowest == 7 {
            // Priorities as after power-on.
            self.asking = waiting.trailing_zeros() as u8;
        } else {
            self.settle_by_priority();
        }
    }

    #[inline(never)]
    fn settle_by_priority(&mut self) {
        self.asking = self.master.highest(true).unwrap_or(NONE);
    }

    /// The INTR line to the processor.
    #[inline(always)]
    pub fn interrupt_pending(&self) -> bool {
        self.asking != NONE
    }

    /// Sets the first controller's mask, unless its data port waits for an initialisation word.
    #[inline(always)]
    pub fn set_mask(&mut self, mask: u8) -> bool {
        let plain = self.master.expecting == Expecting::Mask;
        if plain {
            self.master.mask = mask;
            self.settle();
        }
        plain
    }

    /// What the first controller's command port shows, unless it has a poll answer.
    #[inline(always)]
    pub fn shown(&self) -> Option<u8> {
        let pic = &self.master;
        (!pic.polled).then_some(if pic.read_in_service { pic.in_service } else { pic.requests })
    }

    /// The first controller's mask, unless its data port has a poll answer.
    #[inline(always)]
    pub fn mask(&self) -> Option<u8> {
        (!self.master.polled).then_some(self.master.mask)
    }

    /// The processor acknowledges: the vector of the interrupt that is now in service.
    #[inline(always)]
    pub fn acknowledge(&mut self) -> u8 {
        let input = self.asking;
        if input >= NONE {
            self.asking = NONE;
            return self.master.vector_base | SPURIOUS;
        }
        self.master.begin_service(input);
        if input == CASCADE {
            return self.acknowledge_slave();
        }
        self.settle();
        self.master.vector_base | input
    }

    #[inline(never)]
    fn acknowledge_slave(&mut self) -> u8 {
        let vector = match self.slave.highest(false) {
            Some(input) => {
                self.slave.begin_service(input);
                self.slave.vector_base | input
            }
            None => self.slave.vector_base | SPURIOUS,
        };
        // The slave's output drops between two requests: the next one is a new edge for the master.
        self.master.set_line(CASCADE, false);
        self.cascade();
        vector
    }

    /// Whether `irq` is in service.
    pub fn in_service(&self, irq: Irq) -> bool {
        let pic = if irq.0 < 8 { &self.master } else { &self.slave };
        pic.in_service & 1 << (irq.0 & 7) != 0
    }

    /// Reads the command port: a poll answer, or the requests or in-service register.
    pub fn read_command(&mut self, which: Which) -> u8 {
        let pic = self.pic(which);
        if pic.polled {
            return self.poll(which);
        }
        if pic.read_in_service { pic.in_service } else { pic.requests }
    }

    /// Reads the data port: a poll answer, or the mask.
    pub fn read_data(&mut self, which: Which) -> u8 {
        if self.pic(which).polled { self.poll(which) } else { self.pic(which).mask }
    }

    /// Writes the command port: ICW1, OCW2 or OCW3.
    pub fn write_command(&mut self, which: Which, value: u8) {
        /// Bits 4 and 3 of OCW2, an end of interrupt for one, are 0.
        const NOT_OCW2: u8 = 0b11 << 3;
        self.pic(which).write_command(value);
        // What the first controller has in service is nothing to the second's output.
        if which == Which::Slave || value & NOT_OCW2 != 0 {
            self.cascade();
        } else {
            self.settle();
        }
    }

    /// Writes the data port: the mask, or the initialisation word that is due.
    pub fn write_data(&mut self, which: Which, value: u8) {
        self.pic(which).write_data(value);
        self.cascade();
    }

    /// A read after the poll command acknowledges the highest request: bit 7 says that there was one.
    fn poll(&mut self, which: Which) -> u8 {
        let pic = self.pic(which);
        pic.polled = false;
        let answer = match pic.highest(which == Which::Master) {
            Some(input) => {
                pic.begin_service(input);
                0x80 | input
            }
            None => SPURIOUS,
        };
        self.cascade();
        answer
    }

    #[inline(always)]
    fn pic(&mut self, which: Which) -> &mut Pic {
        match which {
            Which::Master => &mut self.master,
            Which::Slave => &mut self.slave,
        }
    }
}

#[cfg(test)]
#[path = "../pic_tests.rs"]
mod tests;
