//! The way into protected mode, with a descriptor table that is flat, or odd, or random; and what one does there.

use super::operand::value_32;
use crate::program::Program;
use vmx::mutate::random::Random;

/// Descriptors: null, code, data, and two that a guest may try.
const DESCRIPTORS: usize = 5;

/// Access byte and flags.
const CODE_16: u64 = 0x0000_9B00_0000_FFFF;
const CODE_32: u64 = 0x00CF_9B00_0000_FFFF;
const DATA: u64 = 0x00CF_9300_0000_FFFF;

/// Two task-state segments at 8000h and 9000h, the second as an odd one; gates for a task, a call, an LDT.
const SYSTEM: [u64; 6] = [
    0x0000_8900_8000_0067,
    0x0000_8900_9000_0067,
    0x0000_8100_9000_002B,
    0x0000_8500_0018_0000,
    0x0000_8C00_0008_7C00,
    0x0000_8200_7C00_00FF,
];

/// Enters protected mode: LGDT, CR0.PE, mostly a far jump and new segments, sometimes more.
pub fn enter_protected(random: &mut Random, program: &mut Program) {
    let mut table = [[0; 8]; DESCRIPTORS];
    table[1] = random.pick(&[CODE_16, CODE_16, CODE_32]).to_le_bytes();
    table[2] = DATA.to_le_bytes();
    for descriptor in &mut table[3..] {
        // Any type, any level, any base; or one of the system's.
        let drawn = if random.one_in(2) { random.pick(&SYSTEM) } else { random.next() | 1 << 47 };
        *descriptor = drawn.to_le_bytes();
    }
    if random.one_in(4) {
        let (index, bit) = (1 + random.below(2), random.below(64));
        table[index][bit / 8] ^= 1 << (bit % 8);
    }
    let Some(base) = program.put_data(table.as_flattened()) else { return };
    let ([limit, _], [low, high]) = (((8 * DESCRIPTORS - 1) as u16).to_le_bytes(), base.to_le_bytes());
    let Some(pointer) = program.put_data(&[limit, 0, low, high, 0, 0]) else { return };
    let [low, high] = pointer.to_le_bytes();
    // cli; lgdt [pointer]; mov eax, cr0; or al, 1; mov cr0, eax
    program.put(&[0xFA, 0x0F, 0x01, 0x16, low, high, 0x0F, 0x20, 0xC0, 0x0C, 0x01, 0x0F, 0x22, 0xC0]);
    if random.one_in(4) {
        return;
    }
    // jmp 8:next
    let [low, high] = (program.here() + 5).to_le_bytes();
    program.put(&[0xEA, low, high, 8, 0]);
    if random.one_in(2) {
        program.load_segment(3, 0x10);
        program.put(&[0x8E, 0xD0, 0x8E, 0xC0]);
    }
    (0..random.below(4)).for_each(|_| excursion(random, program));
}

/// Something that one does in protected mode. Behind a 32-bit code segment the same bytes are other instructions.
fn excursion(random: &mut Random, program: &mut Program) {
    match random.below(7) {
        // lldt, ltr, str
        0 => {
            program.load(0, random.pick(&[0x18, 0x20, 0, 8]));
            program.put(&[0x0F, 0x00, random.pick(&[0xD0, 0xD8, 0xC8])]);
        }
        // A task switch: ltr 18h; jmp or call 20h:0; iret with NT
        1 => {
            program.load(0, 0x18);
            program.put(&[0x0F, 0x00, 0xD8, random.pick(&[0xEA, 0x9A]), 0, 0, 0x20, 0]);
            program.put(&[0x68, 0x00, 0x40, 0x9D, 0xCF]);
        }
        // An interrupt table: what lies there. lidt [7DF0h]; int 3; sti
        2 => {
            program.put(&[0x0F, 0x01, 0x1E, 0xF0, 0x7D, 0xCC]);
            program.put(&[0xFB]);
        }
        paging @ (3 | 4) => page(random, program, paging == 3),
        // IA32_EFER.LME: mov ecx, c0000080h; rdmsr; or ah, 1; wrmsr
        5 => {
            program.load_32(1, 0xC000_0080);
            program.put(&[0x0F, 0x32, 0x80, 0xCC, 0x01, 0x0F, 0x30]);
        }
        // Back, with the segments' limits and bases kept: and al, 0feh; mov cr0, eax; jmp 0:next; then [eax] anywhere
        _ => {
            program.put(&[0x0F, 0x20, 0xC0, 0x24, 0xFE, 0x0F, 0x22, 0xC0]);
            let [low, high] = (program.here() + 5).to_le_bytes();
            program.put(&[0xEA, low, high, 0, 0]);
            program.load_32(0, value_32(random));
            program.put(&[0x67, random.pick(&[0x8A, 0x88]), 0x18]);
        }
    }
}

/// Paging: by a directory of 4-MiB pages that is sound but for a bit, or by what lies somewhere.
fn page(random: &mut Random, program: &mut Program, sound: bool) {
    const DIRECTORY: u32 = 0x9000;
    if sound {
        let entry: u32 = 0x83 | if random.one_in(2) { 0 } else { 1 << random.below(32) };
        // mov dword [9000h], entry; mov dword [9004h], entry
        for offset in [0, 4] {
            let [low, high] = (DIRECTORY as u16 + offset).to_le_bytes();
            program.put(&[0x66, 0xC7, 0x06, low, high]);
            program.put(
                &(entry.wrapping_add(u32::from(offset).wrapping_mul(random.next() as u32))).to_le_bytes(),
            );
        }
        // mov eax, cr4; or al, PSE or PAE; mov cr4, eax
        program.put(&[0x0F, 0x20, 0xE0, 0x0C, random.pick(&[0x10, 0x10, 0x20]), 0x0F, 0x22, 0xE0]);
    }
    program.load_32(0, if sound { DIRECTORY } else { value_32(random) & 0x1F_FFFF });
    // mov cr3, eax; mov eax, cr0; or eax, 80000000h; mov cr0, eax
    program.put(&[0x0F, 0x22, 0xD8, 0x0F, 0x20, 0xC0, 0x66, 0x0D, 0, 0, 0, 0x80, 0x0F, 0x22, 0xC0]);
}
