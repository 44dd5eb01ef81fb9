//! INT 10h, AH=10h: palette, border, blinking and the colours of the DAC.

use super::Context;
use crate::Pc;

/// Attribute registers behind the 16 of the palette.
pub(super) const MODE_CONTROL: u8 = 0x10;
const BORDER: u8 = 0x11;
const COLOR_SELECT: u8 = 0x14;
/// Mode control bit 3: attribute bit 7 blinks.
pub(super) const BLINK: u8 = 0x08;
/// Mode control bit 7: the colour selection gives bits 5:4 of a colour too, not only 7:6.
const SIXTEEN_PAGES: u8 = 0x80;

pub(super) fn service(pc: &mut Pc, context: &mut Context<'_>) {
    let general = *context.registers();
    let vga = &mut pc.devices.vga;
    match general.al() {
        0x00 => vga.set_attribute(general.bl(), general.bh()),
        0x01 => vga.set_attribute(BORDER, general.bh()),
        0x02 => {
            let table = context.es(general.dx());
            for register in 0..16 {
                vga.set_attribute(register, context.memory.read_u8(table.plus(u16::from(register)).linear()));
            }
            vga.set_attribute(BORDER, context.memory.read_u8(table.plus(16).linear()));
        }
        0x03 => {
            let blink = if general.bl() & 1 != 0 { BLINK } else { 0 };
            vga.set_attribute(MODE_CONTROL, vga.attribute(MODE_CONTROL) & !BLINK | blink);
        }
        0x07 => context.registers().set_bh(vga.attribute(general.bl())),
        0x08 => context.registers().set_bh(vga.attribute(BORDER)),
        0x09 => {
            let table = context.es(general.dx());
            for register in 0..16 {
                context.memory.write_u8(table.plus(u16::from(register)).linear(), vga.attribute(register));
            }
            context.memory.write_u8(table.plus(16).linear(), vga.attribute(BORDER));
        }
        0x10 => vga.set_color(general.bx(), [general.dh(), general.ch(), general.cl()]),
        0x12 => {
            for index in 0..general.cx().min(256) {
                let from = context.es(general.dx()).plus(index * 3);
                let color = [0, 1, 2].map(|part| context.memory.read_u8(from.plus(part).linear()));
                vga.set_color(general.bx().wrapping_add(index), color);
            }
        }
        // DAC paging: 4 pages of 64 colours or 16 of 16, and which is shown.
        0x13 => {
            let control = vga.attribute(MODE_CONTROL);
            let (register, value) = match (general.bl(), control & SIXTEEN_PAGES) {
                (0x00, _) => (MODE_CONTROL, control & !SIXTEEN_PAGES | general.bh() << 7),
                (_, 0) => (COLOR_SELECT, general.bh() << 2 & 0x0C),
                _ => (COLOR_SELECT, general.bh() & 0x0F),
            };
            vga.set_attribute(register, value);
        }
        0x15 => {
            let [red, green, blue] = vga.color(general.bx());
            context.registers().set_dh(red);
            context.registers().set_ch(green);
            context.registers().set_cl(blue);
        }
        0x17 => {
            for index in 0..general.cx().min(256) {
                let to = context.es(general.dx()).plus(index * 3);
                let color = vga.color(general.bx().wrapping_add(index));
                for (part, &value) in (0..).zip(&color) {
                    context.memory.write_u8(to.plus(part).linear(), value);
                }
            }
        }
        0x18 => vga.write_dac_mask(general.bl()),
        0x19 => context.registers().set_bl(vga.read_dac_mask()),
        0x1A => {
            let mode = vga.attribute(MODE_CONTROL) >> 7;
            let selected = vga.attribute(COLOR_SELECT) & 0x0F;
            let page = if mode == 0 { selected >> 2 } else { selected };
            context.registers().set_bx(u16::from_le_bytes([mode, page]));
        }
        _ => pc.refuse(context, 0x10),
    }
}
