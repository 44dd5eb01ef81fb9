//! IN and OUT of a guest.
//!
//! On entry an exit has told port, direction and width. What only touches the interrupt controller's mask, COM1 or a count
//! of the timer is done at once; all else lets every device settle, and the VM follow.

use vmx::Field;
use vmx::exit::IoQualification;

use crate::cpu::vmx::vmread;
use crate::failure::Failure;
use crate::guest_cpu::AtExit;
use crate::io;
use crate::report::Reporter;

use super::turns::{CONVENTIONAL, complete};
use super::vm::{Next, Vm};

/// The instructions IN and OUT but for bits 1:0, and bit 3 that tells the form with DX.
const IN_OUT: u8 = 0xE4;
const IN_OUT_MASK: u8 = 0xF4;
const IN_OUT_BY_DX: u8 = 1 << 3;

/// Size and string bits of an exit qualification, which are 0 for an IN or OUT of a byte, and the bit of IN.
const NOT_A_BYTE: u64 = 7 | 1 << 4;
const IN: u64 = 1 << 3;

/// The ports of the timer's counters.
const TIMER_FIRST: u16 = pc::ports::PIT_CHANNEL_0;
const TIMER_LAST: u16 = pc::ports::PIT_CHANNEL_2;

impl Vm {
    /// IN or OUT of a byte of a register of which nothing depends but interrupt lines and the next tick; the guest has
    /// neither TF nor RF set. `false`: it is none of them, and nothing is done.
    #[inline(always)]
    pub fn quick_io(&mut self, at: &AtExit, qualification: u64, report: &mut Reporter) -> bool {
        if qualification & NOT_A_BYTE != 0 {
            return false;
        }
        let port = (qualification >> 16) as u16;
        let done = if qualification & IN == 0 {
            let value = self.vcpu.general.al();
            self.pc.quick_out(port, value, report) || self.timer_out(at, port, value)
        } else {
            match self.pc.quick_in(port) {
                Some(value) => {
                    self.vcpu.general.set_al(value);
                    true
                }
                None => false,
            }
        };
        if done {
            let length = self.io_length(at);
            complete(self, at, length);
        }
        done
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
        if self.plain_real_mode && linear < CONVENTIONAL {
            let [opcode] = self.space.ram().conventional(linear);
            if opcode & IN_OUT_MASK == IN_OUT {
                return 2 - u32::from(opcode & IN_OUT_BY_DX != 0);
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
