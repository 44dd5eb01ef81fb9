//! Instructions of the system: most of them exit, fault, or must not work.

use super::operand::{value_16, value_32};
use crate::program::Program;
use vmx::mutate::random::Random;

/// Without an operand.
const PLAIN: [&[u8]; 30] = [
    &[0xF4],                   // hlt
    &[0xFA],                   // cli
    &[0xFB],                   // sti
    &[0xFB, 0xF4],             // sti; hlt
    &[0x0F, 0x05],             // syscall
    &[0x0F, 0x06],             // clts
    &[0x0F, 0x07],             // sysret
    &[0x0F, 0x08],             // invd
    &[0x0F, 0x09],             // wbinvd
    &[0x0F, 0x0B],             // ud2
    &[0x0F, 0x31],             // rdtsc
    &[0x0F, 0x33],             // rdpmc
    &[0x0F, 0x34],             // sysenter
    &[0x0F, 0x35],             // sysexit
    &[0x0F, 0x37],             // getsec
    &[0x0F, 0xA2],             // cpuid
    &[0x0F, 0xAA],             // rsm
    &[0x0F, 0x01, 0xC1],       // vmcall
    &[0x0F, 0x01, 0xC2],       // vmlaunch
    &[0x0F, 0x01, 0xC3],       // vmresume
    &[0x0F, 0x01, 0xC4],       // vmxoff
    &[0x0F, 0x01, 0xC8],       // monitor
    &[0x0F, 0x01, 0xC9],       // mwait
    &[0x0F, 0x01, 0xCA],       // clac
    &[0x0F, 0x01, 0xD0],       // xgetbv
    &[0x0F, 0x01, 0xD1],       // xsetbv
    &[0x0F, 0x01, 0xD4],       // vmfunc
    &[0x0F, 0x01, 0xF8],       // swapgs
    &[0x0F, 0x01, 0xF9],       // rdtscp
    &[0xF3, 0x0F, 0xAE, 0xC0], // rdfsbase
];

/// MSRs that a guest may be curious about.
const MSRS: [u32; 22] = [
    0x10,
    0x17,
    0x1B,
    0x3A,
    0x79,
    0x8B,
    0xC1,
    0xFE,
    0x174,
    0x175,
    0x176,
    0x179,
    0x186,
    0x1A0,
    0x1D9,
    0x277,
    0x480,
    0x48C,
    0x802,
    0xC000_0080,
    0xC000_0081,
    0xC000_0102,
];

/// One of them.
pub fn one(random: &mut Random, program: &mut Program) {
    match random.below(8) {
        0..3 => program.put(random.pick(&PLAIN)),
        3 => control_register(random, program),
        // mov to and from a debug register; test registers
        4 => {
            if random.one_in(2) {
                program.load_32(0, value_32(random));
            }
            program.put(&[0x0F, random.pick(&[0x21, 0x23, 0x23, 0x24, 0x26]), 0xC0 | random.below(64) as u8]);
        }
        5 => {
            let number = if random.one_in(6) { random.next() as u32 } else { random.pick(&MSRS) };
            program.load_32(1, number);
            if random.one_in(2) {
                program.load_32(0, value_32(random));
            }
            program.put(&[0x0F, random.pick(&[0x30, 0x32])]);
        }
        // Groups 6, 7 and 9: SLDT to VERW, SGDT to INVLPG, VMPTRLD and friends; VMREAD and VMWRITE
        6 => with_operand(random, program, &[0x00, 0x01, 0x01, 0x01, 0xC7, 0x78, 0x79, 0x02, 0x03, 0xAE]),
        // smsw ax; lmsw ax
        _ => {
            program.load(0, value_16(random));
            program.put(&[0x0F, 0x01, random.pick(&[0xE0, 0xF0])]);
        }
    }
}

fn with_operand(random: &mut Random, program: &mut Program, codes: &[u8]) {
    program.put(&[0x0F, random.pick(codes)]);
    let register = (random.below(8) as u8) << 3;
    if random.one_in(3) {
        program.put(&[0xC0 | register | random.below(8) as u8]);
    } else {
        let [low, high] = value_16(random).to_le_bytes();
        program.put(&[0x06 | register, low, high]);
    }
}

/// MOV to and from a control register: with a bit or two of what it holds changed, or with anything.
fn control_register(random: &mut Random, program: &mut Program) {
    let register = random.pick(&[0, 0, 0, 2, 3, 4, 4, 8, 1]) << 3;
    if random.one_in(3) {
        program.load_32(0, value_32(random));
    } else {
        // mov eax, crN; xor eax, bit
        program.put(&[0x0F, 0x20, 0xC0 | register, 0x66, 0x35]);
        program.put(&(1_u32 << random.below(32)).to_le_bytes());
    }
    program.put(&[0x0F, 0x22, 0xC0 | register]);
}
