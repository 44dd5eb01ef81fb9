//! Memory that is not like other memory: the interrupt table and the BIOS's data, ROM, holes, the ends of pages, and code
//! that writes itself there.

use super::operand::{segment, value_16, value_32};
use crate::program::Program;
use vmx::mutate::random::Random;

/// An access to such memory, or a jump there.
pub fn one(random: &mut Random, program: &mut Program) {
    match random.below(4) {
        // The interrupt table, or the BIOS's data.
        0 => {
            let end = if random.one_in(2) { 0x400 } else { 0x502 };
            program.store(random.below(end) as u16, value_16(random));
        }
        1 => elsewhere(random, program),
        2 => page_end(random, program),
        // Anything but a store that can be told from a load: inc, not, bts, cmpxchg, xadd; or call and jmp through it.
        _ => {
            let segment = place(random);
            program.load_segment(0, segment);
            let codes: [&[u8]; 8] = [
                &[0x26, 0xFF, 0x06],
                &[0x26, 0xF7, 0x16],
                &[0x26, 0x0F, 0xAB, 0x06],
                &[0xF0, 0x26, 0x0F, 0xB1, 0x06],
                &[0x26, 0x0F, 0xC1, 0x06],
                &[0x26, 0xFF, 0x1E],
                &[0x26, 0x8F, 0x06],
                &[0x26, 0x0F, 0xC7, 0x0E],
            ];
            program.put(random.pick(&codes));
            program.put(&value_16(random).to_le_bytes());
        }
    }
}

/// A segment of ROM, of a hole, or of what the A20 gate turns.
fn place(random: &mut Random) -> u16 {
    const PLACES: [u16; 10] =
        [0xA000, 0xAFFF, 0xB000, 0xC000, 0xC0FF, 0xC800, 0xE000, 0xEFFF, 0xF000, 0xFFFF];
    if random.one_in(4) { segment(random) } else { random.pick(&PLACES) }
}

/// Stores, string stores, a stack or code in ROM or in a hole.
fn elsewhere(random: &mut Random, program: &mut Program) {
    let segment = place(random);
    match random.below(4) {
        // mov es:[value], eax
        0 => {
            program.load_segment(0, segment);
            program.put(&[0x26, 0x66, 0xA3]);
            program.put(&value_16(random).to_le_bytes());
        }
        // rep stosd or movsd
        1 => {
            program.load_segment(0, segment);
            program.load(1, random.below(0x20) as u16);
            program.load(7, value_16(random));
            program.put(&[0xF3, 0x66, random.pick(&[0xAB, 0xA5])]);
        }
        // A stack: pushad, enter with frames, int
        2 => {
            program.load_segment(2, segment);
            program.load(4, value_16(random));
            let pushes: [&[u8]; 3] = [&[0x66, 0x60], &[0xC8, 0x10, 0x00, 0x1F], &[0xCD, 0x11]];
            program.put(random.pick(&pushes));
        }
        // Code: what comes, comes.
        _ => {
            program.put(&[0xEA]);
            program.put(&value_16(random).to_le_bytes());
            program.put(&segment.to_le_bytes());
        }
    }
}

/// Code that is written to both sides of a page's end and then run, once or twice.
fn page_end(random: &mut Random, program: &mut Program) {
    const CODES: [u32; 10] = [
        0xF4_90_90_FB, // sti; nop; nop; hlt
        0xC0_20_0F_66, // mov eax, cr0, with a prefix
        0xC0_22_0F_F0, // lock mov cr0, eax
        0x90_A2_0F_90, // cpuid
        0xC1_01_0F_90, // vmcall
        0x6E_66_F3_90, // rep outsd, half of it
        0x05_00_06_C7, // mov word [500h], …
        0x9D_66_9C_66, // pushfd; popfd
        0x32_0F_10_B1, // mov cl, 10h; rdmsr
        0xCC_CD_F1_CE, // into; icebp; int 0CCh
    ];
    let page = random.pick(&[0x8000_u16, 0x8000, 0x9000, 0xA000]);
    let start = page - 1 - random.below(4) as u16;
    for offset in [0, 4] {
        let code = if random.one_in(4) { value_32(random) } else { random.pick(&CODES) };
        let [a, b] = (start + offset).to_le_bytes();
        // mov dword [start + offset], code
        program.put(&[0x66, 0xC7, 0x06, a, b]);
        program.put(&code.to_le_bytes());
    }
    // jmp start, or call start
    let [low, high] = start.wrapping_sub(program.here() + 3).to_le_bytes();
    program.put(&[random.pick(&[0xE8, 0xE8, 0xE9]), low, high]);
}
