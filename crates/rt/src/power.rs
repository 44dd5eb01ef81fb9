//! The end.

use crate::cpu::{interrupt, port};
use crate::serial;

/// Bochs ends when it reads `Shutdown` here, byte by byte. A PC has nothing at this port.
const BOCHS_POWER: u16 = 0x8900;

/// Ends the emulator's run, once COM1 has sent all it was given; a PC stops until it is switched off.
pub fn shutdown() -> ! {
    serial::flush();
    // SAFETY: the port ends the run or does nothing.
    unsafe { port::out8_all(BOCHS_POWER, b"Shutdown") };
    interrupt::stop()
}
