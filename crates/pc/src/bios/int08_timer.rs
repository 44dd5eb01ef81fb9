//! INT 8, the timer interrupt: counts ticks and calls INT 1Ch.

use super::data_area::{FLOPPY_MOTORS, MIDNIGHT, MOTOR_TICKS, TICKS, TICKS_PER_DAY};
use super::{Context, rom};
use crate::Pc;
use crate::device::pic::Which;

/// The non-specific end of interrupt.
pub(super) const END_OF_INTERRUPT: u8 = 0x20;

/// One tick. INT 1Ch is called only if somebody hooked it: an idle tick costs one exit.
pub(super) fn tick(pc: &mut Pc, context: &mut Context<'_>) {
    let mut ticks = context.memory.read_u32(TICKS).wrapping_add(1);
    if ticks >= TICKS_PER_DAY {
        ticks = 0;
        context.update_u8(MIDNIGHT, |days| days.wrapping_add(1));
    }
    context.memory.write_u32(TICKS, ticks);
    let motor = context.memory.read_u8(MOTOR_TICKS);
    if motor != 0 {
        run_motor(pc, context, motor);
    }
    if context.is_hooked(0x1C) {
        // The end of interrupt comes after INT 1Ch, so that its handler is not interrupted by the next tick.
        context.continue_at(rom::TICK_HOOK);
    } else {
        end(pc);
    }
}

/// The motor of a floppy drive stays on for some ticks more.
#[inline(never)]
fn run_motor(pc: &mut Pc, context: &mut Context<'_>, ticks: u8) {
    /// In the controller's output register and in the data area: the motors.
    const MOTORS: u8 = 0xF0;
    context.memory.write_u8(MOTOR_TICKS, ticks - 1);
    if ticks == 1 {
        context.update_u8(FLOPPY_MOTORS, |motors| motors & MOTORS);
        pc.devices.floppy_output &= !MOTORS;
    }
}

/// INT 1Ch is done, or nobody wants it.
pub(super) fn end(pc: &mut Pc) {
    pc.devices.pics.write_command(Which::Master, END_OF_INTERRUPT);
}

impl Context<'_> {
    /// Whether the interrupt table no longer points to where power-on made `vector` point.
    pub(super) fn is_hooked(&self, vector: u8) -> bool {
        let original = rom::vector_target(vector);
        let entry = u32::from(original.segment) << 16 | u32::from(original.offset);
        self.memory.read_u32(u32::from(vector) * 4) != entry
    }
}
