//! INT 11h and 12h: what the machine has, straight from the data area.

use super::Context;
use super::data_area::{BASE_MEMORY, EQUIPMENT};

/// INT 11h: AX = equipment.
pub(super) fn equipment(context: &mut Context<'_>) {
    let equipment = context.memory.read_u16(EQUIPMENT);
    context.registers().set_ax(equipment);
}

/// INT 12h: AX = KiB of conventional memory.
pub(super) fn base_memory(context: &mut Context<'_>) {
    let kib = context.memory.read_u16(BASE_MEMORY);
    context.registers().set_ax(kib);
}
