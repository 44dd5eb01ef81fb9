//! The planted case: instructions at which the VMM, where it is told to, does what no VMM should. It shows that the
//! fuzzer can find something.

use super::instruction::value_32;
use super::program::Program;
use vmx::mutate::random::Random;

/// A port that no device has. A planted defect shows at `out dx, eax` there.
pub const PLANT_PORT: u16 = 0x5AFE;

/// What EAX holds then, so that no storm meets it.
pub const PLANT_MAGIC: u32 = 0xDEFE_C7ED;

/// Harmless instructions, the planted ones, and the end.
pub fn write(random: &mut Random, program: &mut Program) {
    let before = 20 + random.below(40);
    (0..before).for_each(|_| harmless(random, program));
    program.load(2, PLANT_PORT);
    program.load_32(0, PLANT_MAGIC);
    program.put(&[0x66, 0xEF]);
    (0..20).for_each(|_| harmless(random, program));
    // cli; hlt
    program.put(&[0xFA, 0xF4]);
}

fn harmless(random: &mut Random, program: &mut Program) {
    /// CX, BX, BP, SI, DI: neither what the planted instructions use, nor the stack pointer.
    const FREE: [u8; 5] = [1, 3, 5, 6, 7];
    let register = random.pick(&FREE);
    match random.below(4) {
        0 => program.put(&[0x90]),
        1 => program.put(&[0x40 | register]),
        2 => program.put(&[0x48 | register]),
        _ => program.load_32(register, value_32(random)),
    }
}
