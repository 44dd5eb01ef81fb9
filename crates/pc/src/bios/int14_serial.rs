//! INT 14h: the serial port, through its registers as a program would use them.

use super::{Context, data_area};
use crate::Pc;

/// Divisors of the eight baud rates that AL bits 7:5 choose from: 110 to 9600.
const DIVISORS: [u16; 8] = [1047, 768, 384, 192, 96, 48, 24, 12];
/// Nothing came, or there is no such port.
const TIME_OUT: u8 = 0x80;
const LINE_STATUS: u16 = 5;
const MODEM_STATUS: u16 = 6;
const SHIFT_REGISTER_EMPTY: u8 = 0x40;
const DIVISOR_ACCESS: u8 = 0x80;
/// DTR and RTS, with the interrupt's switch as it was.
const READY: u8 = 0x03;

pub(super) fn service(pc: &mut Pc, context: &mut Context<'_>) {
    let general = *context.registers();
    // The data area says which ports there are; of one that is not there nothing comes back.
    let number = general.dx();
    if number > 3 || context.memory.read_u16(data_area::COM_PORTS + 2 * u32::from(number)) == 0 {
        return;
    }
    context.set_carry(false);
    let uart = if number == 0 { &mut pc.devices.com1 } else { &mut pc.devices.com2 };
    match general.ah() {
        0x00 => {
            let [low, high] = DIVISORS[usize::from(general.al() >> 5)].to_le_bytes();
            for (offset, value) in
                [(3, DIVISOR_ACCESS), (0, low), (1, high), (3, general.al() & 0x1F), (1, 0)]
            {
                uart.write(offset, value, context.now);
            }
            let status = u16::from_le_bytes([uart.read(MODEM_STATUS), uart.read(LINE_STATUS)]);
            context.registers().set_ax(status);
        }
        0x01 => {
            let control = uart.read(4);
            uart.write(4, control | READY, context.now);
            if let Some(byte) = uart.write(0, general.al(), context.now).filter(|_| number == 0) {
                context.host.serial(byte);
            }
            // A byte that was just written has left the holding register, but not the other.
            context.registers().set_ah(uart.read(LINE_STATUS) & !SHIFT_REGISTER_EMPTY);
        }
        0x02 => {
            // The wait of a real BIOS ends in a time-out too; here it has none, since nothing can arrive meanwhile.
            let status = uart.read(LINE_STATUS);
            let registers = context.registers();
            if status & 1 != 0 {
                registers.set_al(uart.read(0));
                registers.set_ah(status & 0x1E);
            } else {
                registers.set_ah(TIME_OUT);
            }
        }
        0x03 => {
            let status = u16::from_le_bytes([uart.read(MODEM_STATUS), uart.read(LINE_STATUS)]);
            context.registers().set_ax(status);
        }
        _ => pc.refuse(context, 0x14),
    }
}

#[cfg(test)]
#[path = "int14_tests.rs"]
mod tests;
