//! INT 15h, AH=C2h: the pointing device. The mouse is there and lies still, so its driver's routine is kept where a
//! BIOS keeps it, and never called.

use super::data_area::EBDA_SEGMENT;
use super::{Context, int15_system};
use crate::Pc;

/// In the extended data area: the far address of the driver's routine, and bit 7 of the second flag: there is one.
const HANDLER: u32 = 0x22;
const FLAGS: u32 = 0x27;
const HAS_HANDLER: u8 = 0x80;

/// Samples a second by the number in BH.
const RATES: [u8; 7] = [10, 20, 40, 60, 80, 100, 200];
const INVALID_INPUT: u8 = 0x02;
const NO_HANDLER: u8 = 0x05;
const INVALID_FUNCTION: u8 = 0x01;

pub(super) fn service(pc: &mut Pc, context: &mut Context<'_>) {
    let general = *context.registers();
    let area = u32::from(context.memory.read_u16(EBDA_SEGMENT)) * 16;
    let choice = general.bh();
    let mouse = &mut pc.devices.keyboard.mouse;
    let commands: &[u8] = match (general.al(), choice) {
        (0x00, 0x01) if context.memory.read_u8(area + FLAGS) & HAS_HANDLER == 0 => {
            return finish(context, NO_HANDLER);
        }
        (0x00, 0x00) => &[0xF5],
        (0x00, 0x01) => &[0xF4],
        // Initialise for packets of BH bytes, and reset: the answer is the mouse's own.
        (0x01, _) | (0x05, 1..=8) => {
            context.registers().set_bx(0x00AA);
            &[0xFF]
        }
        (0x02, 0..=6) => &[0xF3, RATES[usize::from(choice)]],
        (0x03, 0..=3) => &[0xE8, choice],
        (0x04, _) => {
            context.registers().set_bh(0);
            &[]
        }
        (0x06, 0x00) => {
            let [status, resolution, rate] = mouse.settings();
            let registers = context.registers();
            registers.set_bl(status);
            registers.set_cl(resolution);
            registers.set_dl(rate);
            &[]
        }
        (0x06, 0x01) => &[0xE6],
        (0x06, 0x02) => &[0xE7],
        (0x07, _) => {
            let handler = context.es(general.bx());
            context.memory.write_u16(area + HANDLER, handler.offset);
            context.memory.write_u16(area + HANDLER + 2, handler.segment);
            let flag = if handler.linear() == 0 { 0 } else { HAS_HANDLER };
            context.update_u8(area + FLAGS, |flags| flags & !HAS_HANDLER | flag);
            &[]
        }
        (0x00 | 0x02 | 0x03 | 0x05 | 0x06, _) => return finish(context, INVALID_INPUT),
        _ => {
            int15_system::unsupported(pc, context);
            return finish(context, INVALID_FUNCTION);
        }
    };
    for &command in commands {
        mouse.receive(command);
    }
    mouse.discard_answers();
    finish(context, 0);
}

fn finish(context: &mut Context<'_>, code: u8) {
    context.registers().set_ah(code);
    context.set_carry(code != 0);
}
