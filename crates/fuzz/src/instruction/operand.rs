//! Operands at the edges of what they can be.

use vmx::mutate::random::Random;

/// A 16-bit value: an end of something, more often than not.
pub fn value_16(random: &mut Random) -> u16 {
    const EDGES: [u16; 24] = [
        0, 1, 2, 3, 4, 0x0F, 0x10, 0x7F, 0x80, 0xFF, 0x100, 0x3FF, 0x400, 0x7BFF, 0x7C00, 0x7FFF, 0x8000,
        0xFFF0, 0xFFFA, 0xFFFB, 0xFFFC, 0xFFFD, 0xFFFE, 0xFFFF,
    ];
    if random.one_in(3) { random.next() as u16 } else { random.pick(&EDGES) }
}

/// A 32-bit value: one of 16 bits, one around an end of memory, or any.
pub fn value_32(random: &mut Random) -> u32 {
    const EDGES: [u32; 10] = [
        0x0000_FFFF,
        0x0001_0000,
        0x000A_0000,
        0x000F_FFFF,
        0x0010_0000,
        0x0010_FFEF,
        0x0010_FFF0,
        0x7FFF_FFFF,
        0x8000_0000,
        0xFFFF_FFFF,
    ];
    match random.below(3) {
        0 => value_16(random).into(),
        1 => random.pick(&EDGES).wrapping_sub(random.below(4) as u32),
        _ => random.next() as u32,
    }
}

/// A segment: of RAM, of video memory, of a hole, of ROM, of the first bytes above 1 MiB.
pub fn segment(random: &mut Random) -> u16 {
    const PLACES: [u16; 16] = [
        0x0000, 0x0040, 0x07C0, 0x07E0, 0x1000, 0x8000, 0x9000, 0x9FC0, 0xA000, 0xB800, 0xC000, 0xE000,
        0xF000, 0xF800, 0xFFF0, 0xFFFF,
    ];
    if random.one_in(5) { random.next() as u16 } else { random.pick(&PLACES) }
}
