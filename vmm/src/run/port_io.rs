//! IN and OUT of a guest.
//!
//! On entry an exit has told port, direction and width. Bytes are moved at once, in the shortest way where only the interrupt
//! controller's mask, COM1 or a count of the timer is touched; what may end the guest or turn the A20 gate, and what is wider,
//! goes the long way.

use pc::ports::*;
use v8086::GuestMemory;
use v8086::string_io::{Direction, StringIo, Width};
use vmx::Field;
use vmx::exit::IoQualification;

use crate::cpu::vmx::vmread;
use crate::failure::Failure;
use crate::guest_cpu::{AtExit, GuestCpu};
use crate::io;
use crate::report::Reporter;

use super::post_mortem::Place;
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
const STRING: u64 = 1 << 4;
const REP: u64 = 1 << 5;

/// Bytes that INS or OUTS move in one exit: more than the 64 that are worth one, and soon over.
const STRETCH: usize = 128;

/// An IN or OUT that does not look like most.
enum Unusual {
    /// Its bytes were moved; RIP afterwards.
    Moved(u32),
    /// It has this length.
    Long(u32),
}

/// The exit qualification that the processor has for an INS or OUTS, without asking it.
fn qualification(string: StringIo) -> u64 {
    let flag = |set: bool, bit: u64| if set { bit } else { 0 };
    u64::from(string.port) << 16
        | flag(string.repeat, REP)
        | STRING
        | flag(string.direction == Direction::In, IN)
        | u64::from(string.width.bytes() - 1)
}

impl Vm {
    /// IN or OUT of a byte of a register of which nothing depends but interrupt lines and the next tick, or INS or OUTS of a
    /// stretch of such bytes.
    #[inline(always)]
    pub fn quick_io(&mut self, at: &AtExit, place: Place, report: &mut Reporter) -> Done {
        // The length stands in the instruction's first byte, if that is no prefix: the ring wants to know CS, and with CS a
        // look at guest memory is cheaper than the VMREAD of the length.
        let mut length = self.plain_length(at);
        if length == 0 {
            match self.unusual_io(report) {
                Unusual::Moved(rip) => return Done::To(rip.into()),
                Unusual::Long(other) => length = other,
            }
        }
        let rip = u64::from(at.rip.wrapping_add(length));
        let qualification = vmread(Field::EXIT_QUALIFICATION);
        self.ring.record(place).qualification = qualification;
        if qualification & NOT_A_BYTE != 0 {
            return Done::Not;
        }
        let port = (qualification as u32 >> 16) as u16;
        if qualification & IN == 0 {
            let value = self.vcpu.general.al();
            let clock = &self.clock;
            let done = self.pc.quick_out(port, value, report, || clock.at(at.tsc));
            if !done && !self.common_out(port, value, report) {
                return Done::Not;
            }
        } else {
            let value = match self.pc.quick_in(port) {
                Some(value) => value,
                None => self.common_in(port),
            };
            self.vcpu.general.set_al(value);
        }
        Done::To(rip)
    }

    /// The length of an IN or OUT by its first byte, if that is no prefix; 0 for anything else.
    #[inline(always)]
    fn plain_length(&self, at: &AtExit) -> u32 {
        let linear = at.cs * 16 + at.rip;
        if linear >= self.plain_code {
            return 0;
        }
        let [opcode] = self.space.ram().conventional(linear);
        LENGTHS[usize::from(opcode)].into()
    }

    /// What does not begin with the opcode of IN or OUT: INS or OUTS, or a prefix, or code that is not looked at.
    #[inline(never)]
    fn unusual_io(&mut self, report: &mut Reporter) -> Unusual {
        self.at = self.ring.at();
        match self.move_stretch(report) {
            Some(rip) => Unusual::Moved(rip),
            None => Unusual::Long(vmread(Field::VM_EXIT_INSTRUCTION_LENGTH) as u32),
        }
    }

    /// A batch of INS or OUTS of a guest that has always been in real mode, between its memory and a register as in
    /// [`Self::quick_io`]: moved at once, without asking the processor what it is. RIP afterwards; `None`: it is anything else,
    /// and nothing is done.
    fn move_stretch(&mut self, report: &mut Reporter) -> Option<u32> {
        if self.plain_code == 0 {
            return None;
        }
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
        self.ring.last().qualification = qualification(string);
        done.then(|| string.pass(&mut cpu, elements))
    }

    /// An OUT of a byte to any other register, but one that may end the guest or turn the A20 gate. `false`: it is one of those,
    /// and nothing is done.
    #[inline(never)]
    fn common_out(&mut self, port: u16, value: u8, report: &mut Reporter) -> bool {
        let common = !matches!(port, KEYBOARD_DATA | KEYBOARD_COMMAND | SYSTEM_CONTROL_A);
        if common {
            let now = self.clock.at(self.ring.last().tsc);
            self.pc.byte_out(port, value, now, report);
            match port {
                // The timer's rate, and modes with pixels.
                PIT_CHANNEL_0..=PIT_CONTROL | MONO_CRTC_INDEX..=COLOR_STATUS => self.follow_devices(),
                _ => self.follow_event(),
            }
        }
        common
    }

    /// An IN of a byte from any other register.
    #[inline(never)]
    fn common_in(&mut self, port: u16) -> u8 {
        let now = self.clock.at(self.ring.last().tsc);
        let value = self.pc.byte_in(port, now);
        // Reading moves no gate and no rate.
        self.follow_event();
        value
    }

    /// Any IN, OUT, INS or OUTS.
    ///
    /// # Errors
    /// As for the back-end's.
    pub fn io(&mut self, access: IoQualification, report: &mut Reporter) -> Result<Next, Failure> {
        let now = self.clock.at(self.at.tsc);
        if access.string {
            return self.backend.string_io(self, access, report, now);
        }
        io::carry_out(access, &mut self.vcpu.general, &mut self.pc, report, now);
        self.follow_devices();
        Ok(match self.ended() {
            Some(end) => Next::End(end),
            None => {
                let length = match self.plain_length(&self.at) {
                    0 => vmread(Field::VM_EXIT_INSTRUCTION_LENGTH) as u32,
                    length => length,
                };
                self.backend.complete(self, length)
            }
        })
    }
}
