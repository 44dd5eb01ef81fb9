//! INT 15h, AH=C2h, and INT 74h: the pointing device. The routine of a mouse driver is called with each packet that
//! comes.

use super::data_area::EBDA_SEGMENT;
use super::int08_timer::END_OF_INTERRUPT;
use super::{Context, int15_system, rom};
use crate::Pc;
use crate::device::pic::Which;
use v8086::SegmentRegister;

/// In the extended data area: the far address of the driver's routine, how many bytes of a packet came, the packet's
/// last byte and (bit 7) whether there is a routine, and the bytes.
pub(super) const HANDLER: u16 = 0x22;
const RECEIVED: u32 = 0x26;
const FLAGS: u32 = 0x27;
const PACKET: u32 = 0x28;
const HAS_HANDLER: u8 = 0x80;
const LAST_BYTE: u8 = 0x07;

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
            if general.al() == 0x05 {
                context.update_u8(area + FLAGS, |flags| flags & !LAST_BYTE | (choice - 1));
                context.memory.write_u8(area + RECEIVED, 0);
            }
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
            context.memory.write_u16(area + u32::from(HANDLER), handler.offset);
            context.memory.write_u16(area + u32::from(HANDLER) + 2, handler.segment);
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
    // Its interrupt and its line are on from a reset on, until it is disabled.
    match commands {
        [0xF4 | 0xFF] => pc.devices.keyboard.enable_mouse(true),
        [0xF5] => pc.devices.keyboard.enable_mouse(false),
        _ => {}
    }
    finish(context, 0);
}

/// INT 74h: a byte of the mouse. The last of a packet calls the driver's routine with status, X, Y and 0 on the stack,
/// between all registers saved and restored, in the ROM.
pub(super) fn interrupt(pc: &mut Pc, context: &mut Context<'_>) {
    let segment = context.memory.read_u16(EBDA_SEGMENT);
    let area = u32::from(segment) * 16;
    let byte = pc.devices.keyboard.take_mouse_data(context.now);
    let flags = context.memory.read_u8(area + FLAGS);
    if let Some(byte) = byte.filter(|_| flags & HAS_HANDLER != 0) {
        let index = context.memory.read_u8(area + RECEIVED) & LAST_BYTE;
        context.memory.write_u8(area + PACKET + u32::from(index), byte);
        if index >= flags & LAST_BYTE {
            context.memory.write_u8(area + RECEIVED, 0);
            return call_handler(context, segment);
        }
        context.memory.write_u8(area + RECEIVED, index + 1);
    }
    pc.devices.pics.write_command(Which::Slave, END_OF_INTERRUPT);
    pc.devices.pics.write_command(Which::Master, END_OF_INTERRUPT);
}

fn call_handler(context: &mut Context<'_>, segment: u16) {
    let general = *context.registers();
    let sp = context.cpu.esp() as u16;
    let ds = context.cpu.segment(SegmentRegister::Ds);
    let mut packet = [0; 3];
    context.memory.read(u32::from(segment) * 16 + PACKET, &mut packet);
    let [ax, cx, dx, bx] = [general.ax(), general.cx(), general.dx(), general.bx()];
    // As PUSHA and PUSH DS leave them.
    for value in [ax, cx, dx, bx, sp, general.bp(), general.si(), general.di(), ds] {
        context.push(value);
    }
    for value in packet {
        context.push(value.into());
    }
    context.push(0);
    context.cpu.set_segment(SegmentRegister::Ds, segment);
    context.continue_at(rom::MOUSE_HOOK);
}

fn finish(context: &mut Context<'_>, code: u8) {
    context.registers().set_ah(code);
    context.set_carry(code != 0);
}
