//! The ROM at F0000h: where interrupt vectors point, and what programs look up at fixed addresses.
//!
//! Each vector has a stub of eight bytes: `STI; NOP; VMCALL; IRET` for a service that programs poll, so that who
//! polls with interrupts off still gets them, as with a real BIOS; the others are entered at the `VMCALL`. The entry
//! points that IBM's listings made part of the PC hold a jump to the stub.

use super::int15_pointing::HANDLER;
use v8086::FarPointer;

/// Segment of the ROM.
pub(super) const SEGMENT: u16 = 0xF000;
/// The instruction that leaves the guest.
pub(super) const VMCALL: [u8; 3] = [0x0F, 0x01, 0xC1];

const STUBS: u16 = 0xD000;
const STUB_SIZE: u16 = 8;
/// Offset of the `VMCALL` in a stub.
const STUB_CALL: u16 = 2;
const STUBS_END: u16 = STUBS + 256 * STUB_SIZE;

const RESET: u16 = 0xD800;
/// Waits for an interrupt, then asks INT 16h again.
pub(super) const KEY_WAIT: u16 = 0xD810;
/// Waits for an interrupt, then looks whether the delay is over.
pub(super) const DELAY_WAIT: u16 = 0xD820;
const DELAY_CALL: u16 = DELAY_WAIT + 2;
/// Calls a hooked INT 1Ch inside INT 8.
pub(super) const TICK_HOOK: u16 = 0xD830;
const TICK_HOOK_CALL: u16 = TICK_HOOK + 0x0A;
/// Calls a hooked INT 15h, AH=4Fh inside INT 9; AX lies on the stack.
pub(super) const KEY_INTERCEPT: u16 = 0xD850;
const KEY_INTERCEPT_CALL: u16 = KEY_INTERCEPT + 2;
/// Calls INT 1Bh, INT 5, INT 15h AX=8500h and AX=8501h, INT 4Ah at the end of an interrupt.
pub(super) const BREAK_HOOK: u16 = 0xD860;
pub(super) const PRINT_SCREEN: u16 = 0xD868;
pub(super) const SYSTEM_REQUEST_DOWN: u16 = 0xD870;
pub(super) const SYSTEM_REQUEST_UP: u16 = 0xD878;
pub(super) const ALARM_HOOK: u16 = 0xD880;
/// Calls the routine of a mouse driver; its four words, DS and what PUSHA pushes lie on the stack, DS is the extended
/// data area's.
pub(super) const MOUSE_HOOK: u16 = 0xD888;
/// Waits until a key ends the pause.
pub(super) const PAUSE: u16 = 0xD8A0;
/// Calls INT 2, to which the first PC's coprocessor was wired.
pub(super) const COPROCESSOR_HOOK: u16 = 0xD8B8;

/// An `IRET` alone: the vector of an interrupt that nobody hooked.
pub(super) const DUMMY: FarPointer = FarPointer::new(SEGMENT, 0xFF53);
/// The table that INT 15h, AH=C0h returns.
pub(super) const CONFIGURATION: u16 = 0xE6F5;
/// The table that INT 1Eh points to, where the AT's successors have it; at EFC7h lies a copy, as in IBM's listings.
pub(super) const FLOPPY_PARAMETERS: FarPointer = FarPointer::new(SEGMENT, 0xEFDE);

/// Prints the screen, character by character through INT 10h and INT 17h, so that whoever has hooked them is asked.
pub(super) const PRINT: u16 = 0xD8D0;

/// What the video adapter can do: the table of INT 10h, AH=1Bh.
pub(super) const VIDEO_ABILITIES: u16 = 0xD8C0;
/// The fonts: 8×8, whose first half IBM's listings made part of the PC, 8×14 and 8×16.
pub(super) const FONT_8: u16 = 0xFA6E;
pub(super) const FONT_8_UPPER: u16 = 0xC000;
pub(super) const FONT_14: u16 = 0xB000;
pub(super) const FONT_16: u16 = 0xA000;
/// An empty list of characters.
pub(super) const NO_SHAPES: u16 = 0xC400;

/// Entry points at the addresses of the IBM listings.
const CLASSIC: [(u8, u16); 16] = [
    (0x02, 0xE2C3),
    (0x05, 0xFF54),
    (0x08, 0xFEA5),
    (0x09, 0xE987),
    (0x0E, 0xEF57),
    (0x10, 0xF065),
    (0x11, 0xF84D),
    (0x12, 0xF841),
    (0x13, 0xE3FE),
    (0x14, 0xE739),
    (0x15, 0xF859),
    (0x16, 0xE82E),
    (0x17, 0xEFD2),
    (0x19, 0xE6F2),
    (0x1A, 0xFE6E),
    // The floppy's own entry, which INT 40h gives while a hard disk's BIOS holds INT 13h.
    (0x40, 0xEC59),
];

/// Step rate and head times, motor off after 37 ticks, 512-byte sectors, 18 a track, gaps, fill, head settle, motor
/// start.
const FLOPPY_TABLE: [u8; 11] = [0xAF, 0x02, 0x25, 0x02, 0x12, 0x1B, 0xFF, 0x6C, 0xF6, 0x0F, 0x08];

/// Pieces of the ROM that are not stubs: offset and content.
const PIECES: [(u16, &[u8]); 22] = [
    (RESET, &[0x0F, 0x01, 0xC1, 0xEB, 0xFE]),            // VMCALL; JMP $
    (KEY_WAIT, &[0xFB, 0xF4]),                           // STI; HLT; (JMP to the stub of INT 16h)
    (DELAY_WAIT, &[0xFB, 0xF4, 0x0F, 0x01, 0xC1, 0xCF]), // STI; HLT; VMCALL; IRET
    // PUSH DS; PUSH AX; PUSH DX; MOV AX,40h; MOV DS,AX; INT 1Ch; VMCALL; POP DX; POP AX; POP DS; IRET
    (
        TICK_HOOK,
        &[
            0x1E, 0x50, 0x52, 0xB8, 0x40, 0x00, 0x8E, 0xD8, 0xCD, 0x1C, 0x0F, 0x01, 0xC1, 0x5A, 0x58, 0x1F,
            0xCF,
        ],
    ),
    (KEY_INTERCEPT, &[0xCD, 0x15, 0x0F, 0x01, 0xC1, 0x58, 0xCF]), // INT 15h; VMCALL; POP AX; IRET
    (BREAK_HOOK, &[0xCD, 0x1B, 0xCF]),
    (PRINT_SCREEN, &[0xCD, 0x05, 0xCF]),
    (SYSTEM_REQUEST_DOWN, &[0x50, 0xB8, 0x00, 0x85, 0xCD, 0x15, 0x58, 0xCF]), // PUSH AX; MOV AX; INT 15h; POP AX; IRET
    (SYSTEM_REQUEST_UP, &[0x50, 0xB8, 0x01, 0x85, 0xCD, 0x15, 0x58, 0xCF]),
    (ALARM_HOOK, &[0xCD, 0x4A, 0xCF]),
    // STI; CALL FAR [HANDLER]; CLI; MOV AL,20h; OUT A0h,AL; OUT 20h,AL; ADD SP,8; POP DS; POPA; IRET
    (
        MOUSE_HOOK,
        &[
            0xFB,
            0xFF,
            0x1E,
            HANDLER as u8,
            0x00,
            0xFA,
            0xB0,
            0x20,
            0xE6,
            0xA0,
            0xE6,
            0x20,
            0x83,
            0xC4,
            0x08,
            0x1F,
            0x61,
            0xCF,
        ],
    ),
    // STI; HLT; PUSH DS; PUSH 40h; POP DS; TEST BYTE [18h],8; POP DS; JNZ PAUSE; IRET
    (PAUSE, &[0xFB, 0xF4, 0x1E, 0x6A, 0x40, 0x1F, 0xF6, 0x06, 0x18, 0x00, 0x08, 0x1F, 0x75, 0xF2, 0xCF]),
    (COPROCESSOR_HOOK, &[0xCD, 0x02, 0xCF]),
    // STI; PUSHA; PUSH DS; DS=40h; INT 10h, AH=0Fh and 03h; CH=columns; PUSH DX; DX=0. A cell: INT 10h, AH=02h and 08h;
    // a space for 0; CALL put; INC DL; on to column CH; CR, LF; INC DH; on to row [84h]. Then FFh or 0 for [100h], INT 10h,
    // AH=02h for the old place, and IRET. Put: INT 17h, AH=DX=0; ZF says that it went well.
    (PRINT, &PRINT_CODE),
    // Modes 0 to 3 and 7; 200, 350 and 400 lines; two fonts at once of eight; font and palette loading, cursor scaling,
    // DAC paging; blinking can be switched, and the displays' combination be asked for.
    (VIDEO_ABILITIES, &[0x8F, 0, 0, 0, 0, 0, 0, 0x07, 0x02, 0x08, 0xFD, 0x0C, 0, 0, 0, 0]),
    // Eight bytes follow; model FCh (AT), submodel 0, revision 1; two interrupt controllers, clock, keyboard
    // intercept, extended data area; INT 16h, AH=09h.
    (CONFIGURATION, &[0x08, 0x00, 0xFC, 0x00, 0x01, 0x74, 0x40, 0x00, 0x00, 0x00]),
    (FLOPPY_PARAMETERS.offset, &FLOPPY_TABLE),
    (0xEFC7, &FLOPPY_TABLE),
    (DUMMY.offset, &[0xCF]),
    // JMP F000:E05B; date; 0; model AT; checksum. The date is that of the BIOS whose answers are the measure of ours
    // (Bochs 2.7's): programs print it, and some look there for the age of the machine.
    (0xFFF0, &[0xEA, 0x5B, 0xE0, 0x00, 0xF0]),
    (0xFFF5, b"08/01/21\0"),
    (0xFFFE, &[0xFC, 0x00]),
];

const PRINT_CODE: [u8; 97] = [
    0xFB, 0x60, 0x1E, 0x6A, 0x40, 0x1F, 0xB4, 0x0F, 0xCD, 0x10, 0x50, 0xB4, 0x03, 0xCD, 0x10, 0x59, 0x52,
    0x31, 0xD2, 0xB4, 0x02, 0xCD, 0x10, 0xB4, 0x08, 0xCD, 0x10, 0x84, 0xC0, 0x75, 0x02, 0xB0, 0x20, 0xE8,
    0x31, 0x00, 0x75, 0x1F, 0x42, 0x38, 0xEA, 0x72, 0xE8, 0xB0, 0x0D, 0xE8, 0x25, 0x00, 0x75, 0x13, 0xB0,
    0x0A, 0xE8, 0x1E, 0x00, 0x75, 0x0C, 0xB2, 0x00, 0xFE, 0xC6, 0x3A, 0x36, 0x84, 0x00, 0x76, 0xD0, 0x31,
    0xC0, 0x0F, 0x95, 0xC0, 0xF6, 0xD8, 0xA2, 0x00, 0x01, 0x5A, 0xB4, 0x02, 0xCD, 0x10, 0x1F, 0x61, 0xCF,
    0x52, 0x31, 0xD2, 0xB4, 0x00, 0xCD, 0x17, 0x5A, 0xF6, 0xC4, 0x29, 0xC3,
];

/// The entry that power-on and a jump to FFFF:0 reach.
const POWER_ON_ENTRY: u16 = 0xE05B;

/// Where the ROM of a video adapter lies. Programs look for one there to know that the adapter is an EGA or VGA.
pub const VIDEO_ROM_ADDRESS: u32 = 0xC_0000;

/// The start of that ROM: 55h AAh, its size (4 KiB, the rest is 0), a routine for the BIOS that returns at once, and the
/// name that IBM's programs want to see. The services are in the system's ROM.
pub const VIDEO_ROM: [u8; 64] = video_rom();

const fn video_rom() -> [u8; 64] {
    const START: [u8; 4] = [0x55, 0xAA, 4096_u16.div_ceil(512) as u8, 0xCB];
    const NAME: &[u8; 17] = b"IBM\0hyper86 VGA\0\0";
    const NAME_AT: usize = 0x1E;
    let mut rom = [0; 64];
    let mut sum = 0_u8;
    let mut index = 0;
    while index < NAME_AT + NAME.len() {
        rom[index] = match index {
            0..4 => START[index],
            NAME_AT.. => NAME[index - NAME_AT],
            _ => 0,
        };
        sum = sum.wrapping_add(rom[index]);
        index += 1;
    }
    rom[63] = sum.wrapping_neg();
    rom
}

/// What a `VMCALL` in the ROM asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// The interrupt with this vector.
    Vector(u8),
    /// Somebody jumped to the reset vector.
    Reset,
    /// An interrupt came during a delay.
    DelayOver,
    /// A hooked INT 1Ch came back.
    TickHookDone,
    /// A hooked INT 15h, AH=4Fh came back.
    KeyInterceptDone,
}

/// What the `VMCALL` at `place` asks for, if it is one of ours.
#[inline(always)]
pub(super) fn entry_at(place: FarPointer) -> Option<Entry> {
    if place.segment != SEGMENT {
        return None;
    }
    let offset = place.offset;
    if let Some(vector) = service_vector(SEGMENT, offset) {
        return Some(Entry::Vector(vector));
    }
    match offset {
        RESET => Some(Entry::Reset),
        DELAY_CALL => Some(Entry::DelayOver),
        TICK_HOOK_CALL => Some(Entry::TickHookDone),
        KEY_INTERCEPT_CALL => Some(Entry::KeyInterceptDone),
        _ => None,
    }
}

/// The interrupt whose service the `VMCALL` at `segment:offset` asks for, if it is one.
#[inline(always)]
pub const fn service_vector(segment: u16, offset: u16) -> Option<u8> {
    let in_stub = segment == SEGMENT && STUBS <= offset && offset < STUBS_END;
    if in_stub && offset % STUB_SIZE == STUB_CALL { Some(((offset - STUBS) / STUB_SIZE) as u8) } else { None }
}

/// Where the `VMCALL` of a service stands.
pub(super) const fn service_call(vector: u8) -> FarPointer {
    FarPointer::new(SEGMENT, stub(vector) + STUB_CALL)
}

const fn stub(vector: u8) -> u16 {
    STUBS + vector as u16 * STUB_SIZE
}

/// Where a stub is entered.
const fn entrance(vector: u8) -> u16 {
    if lets_interrupts_in(vector) { stub(vector) } else { stub(vector) + STUB_CALL }
}

/// Where the interrupt table points for `vector` after power-on.
pub(super) fn vector_target(vector: u8) -> FarPointer {
    let offset = match vector {
        // Called for programs to hook: break, tick, alarm.
        0x1B | 0x1C | 0x4A => return DUMMY,
        0x1E => return FLOPPY_PARAMETERS,
        // A table that this PC does not have, two that a video mode sets, and vectors that IBM left to users, who look
        // for zeros.
        0x1D | 0x1F | 0x43 | 0x60..=0x67 => return FarPointer::new(0, 0),
        _ => CLASSIC.iter().find(|entry| entry.0 == vector).map_or(entrance(vector), |entry| entry.1),
    };
    FarPointer::new(SEGMENT, offset)
}

/// Whether the stub lets interrupts in before the service runs. Video services do not: programs call them with
/// interrupts off in the middle of a dialogue with a device.
const fn lets_interrupts_in(vector: u8) -> bool {
    matches!(vector, 0x13..=0x17 | 0x1A)
}

/// Writes the 64-KiB image of the ROM, to be mapped at F0000h, read-only.
pub fn write_rom(rom: &mut [u8; 0x1_0000]) {
    rom.fill(0);
    for vector in 0..=255 {
        let at = usize::from(stub(vector));
        if lets_interrupts_in(vector) {
            rom[at..at + 2].copy_from_slice(&[0xFB, 0x90]);
        }
        rom[at + 2..at + 5].copy_from_slice(&VMCALL);
        rom[at + 5] = 0xCF;
    }
    super::fonts::write(rom);
    for (offset, content) in PIECES {
        let at = usize::from(offset);
        rom[at..at + content.len()].copy_from_slice(content);
    }
    for (vector, offset) in CLASSIC {
        // INT 40h is INT 13h for floppies.
        jump(rom, offset, entrance(if vector == 0x40 { 0x13 } else { vector }));
    }
    jump(rom, KEY_WAIT + 2, entrance(0x16));
    jump(rom, POWER_ON_ENTRY, RESET);
    let sum = rom.iter().fold(0_u8, |sum, &byte| sum.wrapping_add(byte));
    rom[0xFFFF] = sum.wrapping_neg();
}

/// Writes `JMP NEAR to` at `offset`.
fn jump(rom: &mut [u8; 0x1_0000], offset: u16, to: u16) {
    let at = usize::from(offset);
    let [low, high] = to.wrapping_sub(offset.wrapping_add(3)).to_le_bytes();
    rom[at..at + 3].copy_from_slice(&[0xE9, low, high]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::Machine;
    use std::boxed::Box;

    fn rom() -> Box<[u8; 0x1_0000]> {
        let mut rom = Box::new([0xAA; 0x1_0000]);
        write_rom(&mut rom);
        rom
    }

    /// Follows jumps and steps over `STI` and `NOP` to the `VMCALL`.
    fn call_reached_from(rom: &[u8; 0x1_0000], mut at: u16) -> u16 {
        loop {
            let code = &rom[usize::from(at)..];
            at = match code[0] {
                0xE9 => at.wrapping_add(3).wrapping_add(u16::from_le_bytes([code[1], code[2]])),
                0xEA => u16::from_le_bytes([code[1], code[2]]),
                0xFB | 0x90 => at + 1,
                _ => break,
            };
        }
        assert_eq!(rom[usize::from(at)..][..3], VMCALL, "at {at:04X}");
        at
    }

    fn place(cpu: &dyn v8086::Cpu) -> FarPointer {
        FarPointer::new(cpu.segment(v8086::SegmentRegister::Cs), cpu.eip() as u16)
    }

    #[test]
    fn every_vector_that_points_to_a_stub_reaches_its_own_call() {
        let rom = rom();
        let mut machine = Machine::new();
        for vector in 0..=255 {
            let target = vector_target(vector);
            if target.segment == 0 || target == DUMMY || target == FLOPPY_PARAMETERS {
                continue;
            }
            let call = call_reached_from(&rom, target.offset);
            machine.cpu.stand_at(FarPointer::new(SEGMENT, call));
            let expected = if vector == 0x40 { 0x13 } else { vector };
            assert_eq!(entry_at(place(&machine.cpu)), Some(Entry::Vector(expected)));
            assert_eq!(rom[usize::from(call) + 3], 0xCF, "vector {vector:02X}");
        }
    }

    #[test]
    fn the_reset_vector_leads_to_the_reset_call() {
        let rom = rom();
        assert_eq!(call_reached_from(&rom, 0xFFF0), RESET);
        assert_eq!(call_reached_from(&rom, 0xE05B), RESET);
    }

    #[test]
    fn a_vmcall_elsewhere_is_not_a_service() {
        let mut machine = Machine::new();
        for (segment, offset) in
            [(0x0000, stub(0x10) + 2), (SEGMENT, stub(0x10)), (SEGMENT, 0x1234), (SEGMENT, STUBS_END + 2)]
        {
            machine.cpu.stand_at(FarPointer::new(segment, offset));
            assert_eq!(entry_at(place(&machine.cpu)), None, "{segment:04X}:{offset:04X}");
        }
    }

    #[test]
    fn programs_find_model_date_and_checksum() {
        let rom = rom();
        assert_eq!(rom[0xFFFE], 0xFC);
        assert_eq!([rom[0xFFF7], rom[0xFFFA]], *b"//");
        assert_eq!(rom.iter().fold(0_u8, |sum, &byte| sum.wrapping_add(byte)), 0);
        assert_eq!(rom[0xFF53], 0xCF);
    }

    #[test]
    fn the_video_rom_is_one_that_a_bios_would_start() {
        assert_eq!(VIDEO_ROM[..3], [0x55, 0xAA, 8]);
        assert_eq!(VIDEO_ROM[0x1E..0x21], *b"IBM");
        assert_eq!(VIDEO_ROM.iter().fold(0_u8, |sum, &byte| sum.wrapping_add(byte)), 0);
    }

    #[test]
    fn no_piece_of_the_rom_overlaps_another() {
        let jumps = CLASSIC.iter().map(|&(_, offset)| (offset, 3));
        let fixed = [(STUBS, 0x800), (KEY_WAIT + 2, 3), (POWER_ON_ENTRY, 3)];
        let fonts = [(FONT_8, 128 * 8), (FONT_8_UPPER, 128 * 8), (FONT_14, 256 * 14), (FONT_16, 256 * 16)];
        let pieces = PIECES.iter().map(|&(offset, content)| (offset, content.len() as u16));
        let mut all: std::vec::Vec<(u16, u16)> = jumps.chain(fixed).chain(fonts).chain(pieces).collect();
        all.sort_unstable();
        for pair in all.windows(2) {
            assert!(u32::from(pair[0].0) + u32::from(pair[0].1) <= u32::from(pair[1].0), "{pair:04X?}");
        }
    }
}
