//! INT 1Ah, the time of day, and INT 70h, the clock's interrupt.

use super::data_area::{MIDNIGHT, TICKS};
use super::int08_timer::END_OF_INTERRUPT;
use super::{Context, int15_system, rom};
use crate::Pc;
use crate::device::calendar::DateTime;
use crate::device::cmos::{PERIODIC, from_bcd, register, to_bcd};
use crate::device::pic::Which;
use crate::time::{GUEST_TICK, TICKS_PER_SECOND};

/// Status B and C: alarm interrupt.
const ALARM: u8 = 0x20;
/// Status B: the clock stands while it is set; daylight saving.
const SET: u8 = 0x80;
const DAYLIGHT_SAVING: u8 = 0x01;

pub(super) fn service(pc: &mut Pc, context: &mut Context<'_>) {
    let general = *context.registers();
    match general.ah() {
        0x00 => {
            let ticks = context.memory.read_u32(TICKS);
            let midnight = context.memory.read_u8(MIDNIGHT);
            context.memory.write_u8(MIDNIGHT, 0);
            let registers = context.registers();
            registers.set_al(midnight);
            registers.set_cx((ticks >> 16) as u16);
            registers.set_dx(ticks as u16);
        }
        0x01 => {
            context.memory.write_u32(TICKS, u32::from(general.cx()) << 16 | u32::from(general.dx()));
            context.memory.write_u8(MIDNIGHT, 0);
        }
        0x02 => {
            let time = pc.devices.cmos.time(context.now);
            // The clock's registers are read last in AL, as programs that look at AX find it.
            let registers = context.registers();
            registers.set_al(to_bcd(time.hour));
            registers.set_ch(to_bcd(time.hour));
            registers.set_cl(to_bcd(time.minute));
            // No daylight saving.
            registers.set_dx(u16::from(to_bcd(time.second)) << 8);
        }
        0x03 => {
            let date = pc.devices.cmos.time(context.now);
            let [hour, minute, second] = [general.ch(), general.cl(), general.dh()].map(from_bcd);
            pc.devices.cmos.set_time(DateTime { hour, minute, second, ..date }, context.now);
            write_status(pc, context, |status| status & 0x66 | general.dl() & DAYLIGHT_SAVING);
        }
        0x04 => {
            let date = pc.devices.cmos.time(context.now);
            let registers = context.registers();
            registers.set_al(to_bcd((date.year / 100) as u8));
            registers.set_ch(to_bcd((date.year / 100) as u8));
            registers.set_cl(to_bcd((date.year % 100) as u8));
            registers.set_dh(to_bcd(date.month));
            registers.set_dl(to_bcd(date.day));
        }
        0x05 => {
            let time = pc.devices.cmos.time(context.now);
            let [century, year, month, day] =
                [general.ch(), general.cl(), general.dh(), general.dl()].map(from_bcd);
            let year = u16::from(century) * 100 + u16::from(year);
            pc.devices.cmos.set_time(DateTime { year, month, day, ..time }, context.now);
            write_status(pc, context, |status| status & !SET);
        }
        0x06 => return set_alarm(pc, context),
        0x07 => {
            let status = pc.devices.cmos.get(register::STATUS_B, context.now);
            write_status(pc, context, |status| status & !(SET | ALARM));
            context.registers().set_al(status);
        }
        _ => return pc.refuse(context, 0x1A),
    }
    context.registers().set_ah(0);
    context.set_carry(false);
}

/// Changes status B, and leaves it in AL, as programs that look at AX find it.
fn write_status(pc: &mut Pc, context: &mut Context<'_>, change: impl FnOnce(u8) -> u8) {
    let status = change(pc.devices.cmos.get(register::STATUS_B, context.now));
    pc.devices.cmos.set(register::STATUS_B, status, context.now);
    context.registers().set_al(status);
}

/// AH=06h; an alarm that is set already stays.
fn set_alarm(pc: &mut Pc, context: &mut Context<'_>) {
    let general = *context.registers();
    let cmos = &mut pc.devices.cmos;
    let status = cmos.get(register::STATUS_B, context.now);
    context.registers().set_ah(0);
    if status & ALARM != 0 {
        context.set_carry(true);
        return;
    }
    // The flag of an alarm that nobody had asked for, midnight's for one, must not count as this one's.
    cmos.get(register::STATUS_C, context.now);
    for (address, value) in [
        (register::SECONDS_ALARM, general.dh()),
        (register::MINUTES_ALARM, general.cl()),
        (register::HOURS_ALARM, general.ch()),
        (register::STATUS_B, status | ALARM),
    ] {
        cmos.set(address, value, context.now);
    }
    let mask = pc.devices.pics.read_data(Which::Slave);
    pc.devices.pics.write_data(Which::Slave, mask & !0x01);
    context.set_carry(false);
}

/// INT 70h: the clock wants something. An alarm calls INT 4Ah; the periodic interrupt only wakes who sleeps.
pub(super) fn clock_interrupt(pc: &mut Pc, context: &mut Context<'_>) {
    let flags = pc.devices.cmos.get(register::STATUS_C, context.now);
    let enabled = pc.devices.cmos.get(register::STATUS_B, context.now);
    pc.devices.pics.write_command(Which::Slave, END_OF_INTERRUPT);
    pc.devices.pics.write_command(Which::Master, END_OF_INTERRUPT);
    if flags & enabled & ALARM != 0 && context.is_hooked(0x4A) {
        context.continue_at(rom::ALARM_HOOK);
    }
    if flags & enabled & PERIODIC != 0 {
        int15_system::look_at_wait(pc, context);
    }
}

/// The tick count that a BIOS starts with at this time of day.
pub(super) fn ticks_of_day(time: DateTime) -> u32 {
    let seconds = u64::from(time.hour) * 3600 + u64::from(time.minute) * 60 + u64::from(time.second);
    (seconds * TICKS_PER_SECOND / GUEST_TICK) as u32
}

#[cfg(test)]
#[path = "int1a_tests.rs"]
mod tests;
