//! INT 15h: how much memory there is, and how to move it.

use super::int15_system::{succeed, unsupported};
use super::{Context, data_area};
use crate::Pc;
use v8086::GuestMemory;

/// "SMAP", what AH=E820h wants in EDX and returns in EAX.
const SMAP: u32 = 0x534D_4150;
const ENTRY_SIZE: u32 = 20;
const USABLE: u32 = 1;
const RESERVED: u32 = 2;
const MIB: u32 = 0x10_0000;
/// KiB between 1 and 16 MiB, all that the first count of E801h covers.
const BELOW_16M: u32 = 15 * 1024;
/// What linear addresses reach.
const REACH: u32 = 0x11_0000;
/// Bytes moved at once.
const PIECE: u32 = 512;

/// AH=88h: AX = KiB above 1 MiB, at most 63 MiB.
pub(super) fn extended_size(pc: &Pc, context: &mut Context<'_>) {
    context.registers().set_ax(pc.config.extended_kib.min(63 * 1024) as u16);
    context.set_carry(false);
}

/// AX=E801h: AX = CX = KiB from 1 to 16 MiB, BX = DX = 64-KiB blocks above.
pub(super) fn extended_sizes(pc: &Pc, context: &mut Context<'_>) {
    let low = pc.config.extended_kib.min(BELOW_16M) as u16;
    let high = ((pc.config.extended_kib - u32::from(low)) / 64).min(0xFFFF) as u16;
    let registers = context.registers();
    registers.set_ax(low);
    registers.set_cx(low);
    registers.set_bx(high);
    registers.set_dx(high);
    context.set_carry(false);
}

/// AX=E820h: the memory map, one entry a call, EBX says which.
pub(super) fn memory_map(pc: &mut Pc, context: &mut Context<'_>) {
    let general = *context.registers();
    if general.edx() != SMAP || general.ecx() < ENTRY_SIZE {
        return unsupported(pc, context);
    }
    // Whole pages: some systems count in nothing smaller.
    let base = u32::from(context.memory.read_u16(data_area::BASE_MEMORY)) / 4 * 4096;
    let extended = pc.config.extended_kib * 1024;
    // Below 1 MiB and below 4 GiB is the BIOS's place.
    let all = [
        (0, base, USABLE),
        (base, 0xA_0000 - base, RESERVED),
        (0xE_8000, 0x1_8000, RESERVED),
        (MIB, extended, USABLE),
        (0xFFFC_0000, 0x4_0000, RESERVED),
    ];
    let mut entries = all.into_iter().filter(|&(_, length, _)| length != 0).skip(general.ebx() as usize);
    let Some((start, length, kind)) = entries.next() else {
        return unsupported(pc, context);
    };
    let buffer = context.es(general.di()).linear();
    for (offset, value) in (0..).step_by(4).zip([start, 0, length, 0, kind]) {
        context.memory.write_u32(buffer + offset, value);
    }
    let registers = context.registers();
    registers.set_eax(SMAP);
    registers.set_ecx(ENTRY_SIZE);
    registers.set_ebx(if entries.next().is_some() { general.ebx() + 1 } else { 0 });
    context.set_carry(false);
}

/// AH=87h: moves CX words between two segments described at ES:SI, whatever the A20 gate says. Memory that is not there
/// is refused as a memory error would be.
pub(super) fn move_block(pc: &mut Pc, context: &mut Context<'_>) {
    /// Offsets of the source's and the target's descriptor in the table.
    const DESCRIPTORS: [u32; 2] = [0x10, 0x18];
    const MEMORY_ERROR: u8 = 0x01;
    const MOST_WORDS: u16 = 0x8000;

    let general = *context.registers();
    let table = context.es(general.si()).linear();
    let [source, target] = DESCRIPTORS.map(|offset| base_address(context.memory, table + offset));
    let length = u32::from(general.cx()) * 2;
    let end_of_memory = (MIB + pc.config.extended_kib * 1024).max(REACH);
    let reachable = |base: u32| base.checked_add(length).is_some_and(|end| end <= end_of_memory);
    if general.cx() > MOST_WORDS || !reachable(source) || !reachable(target) {
        super::defaults::name_call(pc, context, 0x15);
        context.registers().set_ah(MEMORY_ERROR);
        context.set_carry(true);
        context.set_zero(false);
        return;
    }
    // Into what is yet to be read goes a word at a time, as REP MOVSW does it.
    let overlaps = target > source && target - source < PIECE;
    let step = if overlaps { 2 } else { PIECE };
    let mut piece = [0; PIECE as usize];
    for offset in (0..length).step_by(step as usize) {
        let piece = &mut piece[..step.min(length - offset) as usize];
        context.memory.read_physical(source + offset, piece);
        context.memory.write_physical(target + offset, piece);
    }
    succeed(context);
    context.set_zero(true);
}

/// The base in a descriptor: bytes 2 to 4 and 7.
fn base_address(memory: &dyn GuestMemory, descriptor: u32) -> u32 {
    memory.read_u32(descriptor + 2) & 0xFF_FFFF | u32::from(memory.read_u8(descriptor + 7)) << 24
}
