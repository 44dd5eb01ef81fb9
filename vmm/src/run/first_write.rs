//! First writes to pages of a guest whose memory is restored again and again, for the fuzzer.

use vmx::Field;

use crate::cpu::vmx::{vmread, vmwrite};
use crate::exit::Exit;

use super::unrestricted::redeliver_event;
use super::vm::Vm;

impl Vm {
    /// Whether the exit was the first write to a page of a restored guest; the instruction, or the delivery of an event,
    /// is then tried again.
    pub fn first_write(&mut self, exit: Exit) -> bool {
        let address = match exit {
            Exit::EptViolation { physical, .. } => physical,
            Exit::Exception { event, .. } if event.vector == v8086::vector::PAGE_FAULT => {
                vmread(Field::EXIT_QUALIFICATION)
            }
            _ => return false,
        };
        if !self.space.first_write(address) {
            return false;
        }
        redeliver_event();
        // By the manual no trap is pending before an instruction is over; Bochs 2.7 saves one.
        vmwrite(Field::GUEST_PENDING_DEBUG_EXCEPTIONS, 0);
        true
    }
}
