//! INT 15h: the AT's system services.

use super::data_area::{EBDA_SEGMENT, WAIT_ACTIVE, WAIT_FLAG, WAIT_LEFT};
use super::{Context, int15_memory, int15_pointing, rom};
use crate::device::cmos::{PERIODIC, register};
use crate::device::pic::Which;
use crate::{End, Pc};
use v8086::{FarPointer, SegmentRegister};

/// AH of a function that is not there.
const UNSUPPORTED: u8 = 0x86;
/// AH of a wait while another one runs.
const WAIT_BUSY: u8 = 0x83;
const APM_SIGNATURE: u16 = 0x504D;

pub(super) fn service(pc: &mut Pc, context: &mut Context<'_>) {
    let general = *context.registers();
    match general.ah() {
        0x24 => a20(pc, context, general.al()),
        // Keyboard intercept: the scan code is to be processed, so carry comes back set.
        0x4F => context.set_carry(true),
        0x53 => power_management(pc, context),
        // Ejection of a disk, device open and close, program end, SysRq, device busy and ready: nobody needs to do anything.
        0x52 | 0x80..=0x82 | 0x85 | 0x90 | 0x91 => succeed(context),
        0x83 => event_wait(pc, context),
        0x86 => delay(pc, context),
        0x87 => int15_memory::move_block(pc, context),
        0x88 => int15_memory::extended_size(pc, context),
        0xC0 => {
            context.cpu.set_segment(SegmentRegister::Es, rom::SEGMENT);
            context.registers().set_bx(rom::CONFIGURATION);
            succeed(context);
        }
        0xC1 => {
            let segment = context.memory.read_u16(EBDA_SEGMENT);
            context.cpu.set_segment(SegmentRegister::Es, segment);
            context.set_carry(false);
        }
        0xC2 => int15_pointing::service(pc, context),
        0xE8 if general.al() == 0x01 => int15_memory::extended_sizes(pc, context),
        0xE8 if general.al() == 0x20 => int15_memory::memory_map(pc, context),
        _ => unsupported(pc, context),
    }
}

pub(super) fn succeed(context: &mut Context<'_>) {
    context.registers().set_ah(0);
    context.set_carry(false);
}

pub(super) fn unsupported(pc: &mut Pc, context: &mut Context<'_>) {
    pc.refuse(context, 0x15);
    context.registers().set_ah(UNSUPPORTED);
}

/// AH=24h: the A20 gate.
fn a20(pc: &mut Pc, context: &mut Context<'_>, function: u8) {
    match function {
        0x00 | 0x01 => pc.devices.system.set_a20(function == 0x01),
        0x02 => {
            let enabled = pc.devices.a20();
            context.registers().set_al(u8::from(enabled));
        }
        // Supported through the keyboard controller and port 92h.
        0x03 => context.registers().set_bx(0x0003),
        _ => return unsupported(pc, context),
    }
    succeed(context);
}

/// AH=53h: enough of Advanced Power Management to switch off.
fn power_management(pc: &mut Pc, context: &mut Context<'_>) {
    let general = *context.registers();
    match general.al() {
        0x00 => {
            // Version 1.2, no protected-mode interface.
            let registers = context.registers();
            registers.set_ax(0x0102);
            registers.set_bx(APM_SIGNATURE);
            registers.set_cx(0);
            context.set_carry(false);
        }
        // Connect from protected mode of 16 or of 32 bits: not supported.
        interface @ (0x02 | 0x03) => {
            context.registers().set_ah(if interface == 0x02 { 0x06 } else { 0x08 });
            context.set_carry(true);
        }
        // Connect and disconnect in real mode, idle, busy, enable and engage.
        0x01 | 0x04 | 0x05 | 0x06 | 0x08 | 0x0D | 0x0F => context.set_carry(false),
        0x07 => {
            if general.cx() == 0x0003 {
                pc.end.get_or_insert(End::PowerOff);
            }
            context.set_carry(false);
        }
        0x0E => {
            context.set_carry(false);
            context.registers().set_ax(0x0102);
        }
        // On line power, and no battery.
        0x0A => {
            let registers = context.registers();
            registers.set_bx(0x01FF);
            registers.set_cx(0x80FF);
            registers.set_dx(0xFFFF);
            context.set_carry(false);
        }
        // No event is pending.
        0x0B => {
            context.registers().set_ah(0x80);
            context.set_carry(true);
        }
        _ => unsupported(pc, context),
    }
}

/// AH=86h: waits CX:DX microseconds. The guest sleeps in the ROM, woken by the clock's periodic interrupt.
fn delay(pc: &mut Pc, context: &mut Context<'_>) {
    if pc.bios.delay_until.is_some() {
        context.registers().set_ah(WAIT_BUSY);
        context.set_carry(true);
        return;
    }
    let general = *context.registers();
    let microseconds = u64::from(general.cx()) << 16 | u64::from(general.dx());
    pc.bios.delay_until = Some(context.now.plus_microseconds(microseconds));
    start_periodic_interrupt(pc, context);
    continue_delay(pc, context);
}

/// Ends the delay if it is over, else sleeps on.
pub(super) fn continue_delay(pc: &mut Pc, context: &mut Context<'_>) {
    if pc.bios.delay_until.is_some_and(|until| context.now < until) {
        context.continue_at(rom::DELAY_WAIT);
        return;
    }
    pc.bios.delay_until = None;
    if context.memory.read_u8(WAIT_ACTIVE) == 0 {
        set_periodic_interrupt(pc, context, false);
    }
    context.continue_at(rom::DELAY_WAIT + 5);
    succeed(context);
}

/// AH=83h: marks the byte at ES:BX when CX:DX microseconds are over; AL=01h cancels that.
fn event_wait(pc: &mut Pc, context: &mut Context<'_>) {
    let general = *context.registers();
    match (general.al(), context.memory.read_u8(WAIT_ACTIVE)) {
        (0x00, 0) => {
            let flag = context.es(general.bx());
            context.memory.write_u16(WAIT_FLAG, flag.offset);
            context.memory.write_u16(WAIT_FLAG + 2, flag.segment);
            let microseconds = u32::from(general.cx()) << 16 | u32::from(general.dx());
            context.memory.write_u32(WAIT_LEFT, microseconds);
            pc.bios.event_at = context.now.plus_microseconds(u64::from(microseconds));
            context.memory.write_u8(WAIT_ACTIVE, 1);
            start_periodic_interrupt(pc, context);
            context.set_carry(false);
        }
        (0x01, _) => {
            end_wait(pc, context);
            context.set_carry(false);
        }
        _ => unsupported(pc, context),
    }
}

fn end_wait(pc: &mut Pc, context: &mut Context<'_>) {
    context.memory.write_u8(WAIT_ACTIVE, 0);
    if pc.bios.delay_until.is_none() {
        set_periodic_interrupt(pc, context, false);
    }
}

/// A periodic interrupt of the clock: a wait by AH=83h may be over. Its end is a time, since interrupts that come while
/// the guest holds them off are one.
pub(super) fn look_at_wait(pc: &mut Pc, context: &mut Context<'_>) {
    if context.memory.read_u8(WAIT_ACTIVE) != 0 && context.now >= pc.bios.event_at {
        let flag =
            FarPointer::new(context.memory.read_u16(WAIT_FLAG + 2), context.memory.read_u16(WAIT_FLAG));
        context.update_u8(flag.linear(), |value| value | 0x80);
        context.memory.write_u32(WAIT_LEFT, 0);
        end_wait(pc, context);
    }
}

fn start_periodic_interrupt(pc: &mut Pc, context: &Context<'_>) {
    set_periodic_interrupt(pc, context, true);
    let mask = pc.devices.pics.read_data(Which::Slave);
    pc.devices.pics.write_data(Which::Slave, mask & !0x01);
}

fn set_periodic_interrupt(pc: &mut Pc, context: &Context<'_>, enabled: bool) {
    let cmos = &mut pc.devices.cmos;
    let status = cmos.get(register::STATUS_B, context.now);
    let status = if enabled { status | PERIODIC } else { status & !PERIODIC };
    cmos.set(register::STATUS_B, status, context.now);
}

#[cfg(test)]
#[path = "int15_tests.rs"]
mod tests;
