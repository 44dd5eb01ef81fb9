//! INT 17h: a printer that takes everything.

use super::Context;
use crate::Pc;

/// Not busy, selected.
const READY: u8 = 0x90;

pub(super) fn service(pc: &mut Pc, context: &mut Context<'_>) {
    let general = *context.registers();
    match general.ah() {
        // Of a port that is not there nothing comes back.
        0x00..=0x02 if general.dx() != 0 => {}
        0x00..=0x02 => {
            if general.ah() == 0x00 {
                pc.devices.lpt1.write(0, general.al());
            }
            context.registers().set_ah(READY);
            context.set_carry(false);
        }
        _ => pc.refuse(context, 0x17),
    }
}

#[cfg(test)]
#[path = "int17_tests.rs"]
mod tests;
