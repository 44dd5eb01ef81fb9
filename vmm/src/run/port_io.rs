//! IN and OUT of a guest.
//!
//! On entry an exit has told port, direction and width. What only touches the interrupt controller's mask, COM1 or a count
//! of the timer is done at once; all else lets every device settle, and the VM follow.

use v8086::string_io::{Direction, StringIo, Width};
use v8086::{Flags, GuestMemory};
use vmx::Field;
use vmx::exit::IoQualification;

use crate::cpu::vmx::vmread;
use crate::failure::Failure;
use crate::guest_cpu::{AtExit, GuestCpu};
use crate::io;
use crate::report::Reporter;

use super::turns::Done;
use super::vm::{Next, Vm};

/// Of each opcode of IN and OUT, the instruction's length; 0 for others.
const LENGTHS: [u8; 256] = {
    let mut lengths = [0; 256];
    let mut form = 0;
    while form < 4 {
        lengths[0xE4 + form] = 2;
        lengths[0xEC + form] = 1;
        form += 1;
    }
    lengths
};

/// Size and string bits of an exit qualification, which are 0 for an IN or OUT of a byte, and the bit of IN.
const NOT_A_BYTE: u64 = 7 | 1 << 4;
const IN: u64 = 1 << 3;

/// Bytes that INS or OUTS move in one exit: more than the 64 that are worth one, and soon over.
const STRETCH: usize = 128;

/// The ports of the timer's counters.
const TIMER_FIRST: u16 = pc::ports::PIT_CHANNEL_0;
const TIMER_LAST: u16 = pc::ports::PIT_CHANNEL_2;

impl Vm {
    /// IN or OUT of a byte of a register of which nothing depends but interrupt lines and the next tick.
    #[inline(always)]
    pub fn quick_io(&mut self, at: &AtExit, qualification: u64, report: &mut Reporter) -> Done {
        if qualification & NOT_A_BYTE != 0 {
            return Done::Not;
        }
        let port = (qualification >> 16) as u16;
        if qualification & IN == 0 {
            let value = self.vcpu.general.al();
            let clock = &self.clock;
            let done = self.pc.quick_out(port, value, report, || clock.at(at.tsc));
            if !done && !self.timer_out(at, port, value) {
                return Done::Not;
            }
        } else {
            let Some(value) = self.pc.quick_in(port) else { return Done::Not };
            self.vcpu.general.set_al(value);
        }
        Done::To(at.rip.wrapping_add(self.io_length(at)))
    }

    /// A batch of INS or OUTS of a guest that has always been in real mode, between its memory and a register as in
    /// [`Self::quick_io`]: moved at once. RIP afterwards; `None`: it is anything else, and nothing is done.
    #[inline(never)]
    fn move_stretch(&mut self, report: &mut Reporter) -> Option<u32> {
        let mut cpu = GuestCpu::at_exit(&mut self.vcpu.general, &mut self.at);
        let string = StringIo::decode(&cpu, &self.space)?;
        let size = string.width.bytes();
        let (linear, elements) = string.stretch(&cpu, STRETCH as u32 / size)?;
        let mut bytes = [0; STRETCH];
        let bytes = &mut bytes[..(elements * size) as usize];
        let done = match string.direction {
            Direction::Out if string.width == Width::Byte => {
                self.space.read(linear, bytes);
                self.pc.quick_out_all(string.port, bytes, report)
            }
            Direction::Out => false,
            Direction::In => self.pc.quick_in_all(string.port, io::pc_width(string.width), bytes),
        };
        if done && string.direction == Direction::In {
            self.space.write(linear, bytes);
        }
        done.then(|| string.pass(&mut cpu, elements))
    }

    #[inline(never)]
    fn timer_out(&mut self, at: &AtExit, port: u16, value: u8) -> bool {
        if !matches!(port, TIMER_FIRST..=TIMER_LAST) {
            return false;
        }
        if self.pc.timer_out(port - TIMER_FIRST, value, self.clock.at(at.tsc)) {
            self.follow_devices();
        }
        true
    }

    /// The length of the IN or OUT at CS:IP. It stands in the instruction's first byte, if that is no prefix: the ring
    /// wants to know CS, and with CS a look at guest memory is cheaper than the VMREAD of the length.
    #[inline(always)]
    fn io_length(&self, at: &AtExit) -> u32 {
        let linear = u32::from(at.cs) * 16 + at.rip;
        if linear < self.plain_code {
            let [opcode] = self.space.ram().conventional(linear);
            let length = LENGTHS[usize::from(opcode)];
            if length != 0 {
                return length.into();
            }
        }
        vmread(Field::VM_EXIT_INSTRUCTION_LENGTH) as u32
    }

    /// Any IN, OUT, INS or OUTS.
    ///
    /// # Errors
    /// As for the back-end's.
    pub fn io(&mut self, access: IoQualification, report: &mut Reporter) -> Result<Next, Failure> {
        let now = self.clock.at(self.at.tsc);
        if access.string {
            if self.plain_code != 0
                && self.at.rflags & Flags::RF == 0
                && let Some(rip) = self.move_stretch(report)
            {
                self.at.set_rip(rip);
                self.at.end_blocking();
                return Ok(Next::Run);
            }
            return self.backend.string_io(self, access, report, now);
        }
        io::carry_out(access, &mut self.vcpu.general, &mut self.pc, report, now);
        self.follow_devices();
        Ok(match self.ended() {
            Some(end) => Next::End(end),
            None => {
                let length = self.io_length(&self.at);
                self.backend.complete(self, length)
            }
        })
    }
}
