//! Interrupts that nobody handles: named in the log, never a silent hang.

use super::data_area::PRINT_STATUS;
use super::int08_timer::END_OF_INTERRUPT;
use super::{Context, RepeatedFault, rom};
use crate::device::pic::{Irq, Which};
use crate::{End, Pc};
use v8086::FarPointer;

/// An exception that comes this often at one instruction, with nothing else unhandled in between, never ends.
const HOPELESS: u32 = 16;

/// A hardware interrupt without a handler, or an exception that shares its vector.
pub(super) fn hardware(pc: &mut Pc, context: &mut Context<'_>, vector: u8) {
    let irq = Irq(if vector < 0x70 { vector - 0x08 } else { vector - 0x70 + 8 });
    if !pc.devices.pics.in_service(irq) {
        // Spurious interrupts have no service to end; everything else here is an exception.
        if !matches!(vector, 0x0F | 0x77) {
            unexpected(pc, context, vector);
        } else if vector == 0x77 {
            pc.devices.pics.write_command(Which::Master, END_OF_INTERRUPT);
        }
        return;
    }
    if pc.bios.names(vector, 0) {
        context.host.log(format_args!("IRQ {}: no handler", irq.0));
    }
    if irq.0 >= 8 {
        pc.devices.pics.write_command(Which::Slave, END_OF_INTERRUPT);
    }
    pc.devices.pics.write_command(Which::Master, END_OF_INTERRUPT);
}

/// INT 75h: the coprocessor reports an error, by INT 2 if somebody waits there.
pub(super) fn coprocessor(pc: &mut Pc, context: &mut Context<'_>) {
    if !pc.devices.pics.in_service(Irq::COPROCESSOR) || !context.is_hooked(0x02) {
        return hardware(pc, context, 0x75);
    }
    pc.devices.pics.write_command(Which::Slave, END_OF_INTERRUPT);
    pc.devices.pics.write_command(Which::Master, END_OF_INTERRUPT);
    context.continue_at(rom::COPROCESSOR_HOOK);
}

/// The name of an exception that returns to the instruction that raised it.
const fn fault_name(vector: u8) -> Option<&'static str> {
    Some(match vector {
        0x00 => "divide error",
        0x05 => "bound range exceeded",
        0x06 => "invalid opcode",
        0x07 => "no coprocessor",
        0x0A => "invalid TSS",
        0x0B => "segment not present",
        0x0C => "stack fault",
        0x0D => "general protection fault",
        0x0E => "page fault",
        _ => return None,
    })
}

/// INT 5: prints the screen, unless that is going on already. The BOUND instruction raises the same vector.
pub(super) fn print_screen(pc: &mut Pc, context: &mut Context<'_>) {
    const BOUND: u8 = 0x62;
    const PRINTING: u8 = 1;
    if context.memory.read_u8(context.return_address().linear()) == BOUND {
        return unexpected(pc, context, 0x05);
    }
    if context.memory.read_u8(PRINT_STATUS) != PRINTING {
        context.memory.write_u8(PRINT_STATUS, PRINTING);
        context.continue_at(rom::PRINT);
    }
}

/// Any other interrupt whose vector still points to the ROM.
pub(super) fn unexpected(pc: &mut Pc, context: &mut Context<'_>, vector: u8) {
    let address = context.return_address();
    let Some(name) = fault_name(vector) else {
        name_call(pc, context, vector);
        // From 20h on vectors are called, so somebody waits for an answer; below they are traps.
        if vector >= 0x20 {
            context.set_carry(true);
        }
        return;
    };
    if pc.bios.names(vector, 0) {
        context.host.log(format_args!(
            "exception {vector:02X}h ({name}) at {:04X}:{:04X}: no handler",
            address.segment, address.offset
        ));
    }
    if times_in_a_row(pc, vector, address) >= HOPELESS {
        pc.end.get_or_insert(End::FaultLoop { vector, address });
    }
}

fn times_in_a_row(pc: &mut Pc, vector: u8, address: FarPointer) -> u32 {
    let times = match pc.bios.fault {
        Some(fault) if fault.vector == vector && fault.address == address => fault.times + 1,
        _ => 1,
    };
    pc.bios.fault = Some(RepeatedFault { vector, address, times });
    times
}

/// Names a call that nothing answers in the log, once for each vector and AH.
pub(super) fn name_call(pc: &mut Pc, context: &mut Context<'_>, vector: u8) {
    let general = *context.registers();
    if !pc.bios.names(vector, general.ah()) {
        return;
    }
    let from = context.return_address();
    context.host.log(format_args!(
        "INT {vector:02X}h, AX={:04X}h, not available: BX={:04X} CX={:04X} DX={:04X} SI={:04X} DI={:04X} from {:04X}:{:04X}",
        general.ax(),
        general.bx(),
        general.cx(),
        general.dx(),
        general.si(),
        general.di(),
        from.segment,
        from.offset
    ));
}

#[cfg(test)]
#[path = "defaults_tests.rs"]
mod tests;
