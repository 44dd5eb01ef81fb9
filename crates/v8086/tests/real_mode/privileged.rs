//! Control and debug registers, model-specific registers, caches.

use v8086::{Change, Debug, Flags, Outcome};

use crate::fake::{DONE, GP, REFLECTED_6, REFLECTED_13, Row, World, check, int_6, int_13, same};

const CONTROL: Outcome = Outcome::Done(Change::ControlRegisters);
const DEBUG: Outcome = Outcome::Done(Change::DebugRegisters);

#[test]
fn control_registers_are_read_as_believed() {
    // CR, general register, mode bits that do not matter; the value read.
    let rows = [(0, 0, 3, 0x10), (2, 3, 3, 0x2222), (3, 7, 3, 0x3333), (4, 4, 3, 0x208), (4, 1, 0, 0x208)];
    for (number, to, mode, value) in rows {
        let code = [0x0F, 0x20, mode << 6 | number << 3 | to];
        let mut world = World::with_code(&code);
        world.system.cr2 = 0x2222;
        world.system.cr3 = 0x3333;
        world.system.cr4 = 0x208;
        let mut expected = world.clone();
        expected.cpu.eip += 3;
        match to {
            0 => expected.cpu.general.rax = value,
            1 => expected.cpu.general.rcx = value,
            3 => expected.cpu.general.rbx = value,
            4 => expected.cpu.esp = value as u32,
            _ => expected.cpu.general.rdi = value,
        }
        assert_eq!(world.exception(GP), DONE);
        world.assert_is(&expected, "mov r32,cr");
    }
}

#[test]
fn control_registers_are_written_by_their_rules() {
    check(&[
        Row {
            name: "mov cr0,eax: caches off, reserved bits dropped, ET kept",
            code: &[0x0F, 0x22, 0xC0],
            before: |w| w.cpu.general.rax = 0x7FFF_FFEE,
            after: |w| {
                w.cpu.eip += 3;
                w.system.cr0 = 0x6005_003E;
            },
            outcome: CONTROL,
        },
        Row {
            name: "mov cr0,eax: NW without CD",
            code: &[0x0F, 0x22, 0xC0],
            before: |w| w.cpu.general.rax = 0x2000_0010,
            after: int_13,
            outcome: REFLECTED_13,
        },
        Row {
            name: "mov cr0,eax: PG without PE",
            code: &[0x0F, 0x22, 0xC0],
            before: |w| w.cpu.general.rax = 0x8000_0010,
            after: int_13,
            outcome: REFLECTED_13,
        },
        Row {
            name: "mov cr2,ebx",
            code: &[0x0F, 0x22, 0xD3],
            before: same,
            after: |w| {
                w.cpu.eip += 3;
                w.system.cr2 = 0xB1B2_0010;
            },
            outcome: CONTROL,
        },
        Row {
            name: "mov cr3,esp",
            code: &[0x0F, 0x22, 0xDC],
            before: same,
            after: |w| {
                w.cpu.eip += 3;
                w.system.cr3 = 0xABCD_0800;
            },
            outcome: CONTROL,
        },
        Row {
            name: "mov cr4,eax: all that there is",
            code: &[0x0F, 0x22, 0xE0],
            before: |w| w.cpu.general.rax = 0x6FF,
            after: |w| {
                w.cpu.eip += 3;
                w.system.cr4 = 0x6FF;
            },
            outcome: CONTROL,
        },
        Row {
            name: "mov cr4,eax: a bit too many",
            code: &[0x0F, 0x22, 0xE0],
            before: |w| w.cpu.general.rax = 0x2000,
            after: int_13,
            outcome: REFLECTED_13,
        },
        Row {
            name: "clts",
            code: &[0x0F, 0x06],
            before: |w| w.system.cr0 = 0x1E,
            after: |w| {
                w.cpu.eip += 2;
                w.system.cr0 = 0x16;
            },
            outcome: CONTROL,
        },
        Row {
            name: "lmsw ax: MP, EM, TS",
            code: &[0x0F, 0x01, 0xF0],
            before: |w| w.cpu.general.rax = 0xFFFF_FFFE,
            after: |w| {
                w.cpu.eip += 3;
                w.system.cr0 = 0x1E;
            },
            outcome: CONTROL,
        },
        Row {
            name: "lmsw [20h] clears them",
            code: &[0x0F, 0x01, 0x36, 0x20, 0x00],
            before: |w| {
                w.system.cr0 = 0x4000_003E;
                w.data(0x20, &[0xF0, 0xFF]);
            },
            after: |w| {
                w.cpu.eip += 5;
                w.system.cr0 = 0x4000_0030;
            },
            outcome: CONTROL,
        },
        Row {
            name: "lmsw [FFFFh]",
            code: &[0x0F, 0x01, 0x36, 0xFF, 0xFF],
            before: same,
            after: int_13,
            outcome: REFLECTED_13,
        },
    ]);
}

#[test]
fn registers_that_are_not_there_are_int_6() {
    let numbers = [1, 5, 6, 7];
    for opcode in [0x20, 0x22] {
        for number in numbers {
            let mut world = World::with_code(&[0x0F, opcode, 0xC0 | number << 3]);
            let mut expected = world.clone();
            int_6(&mut expected);
            assert_eq!(world.exception(GP), REFLECTED_6, "CR{number}");
            world.assert_is(&expected, "no such control register");
        }
    }
}

#[test]
fn debug_registers_keep_their_fixed_bits() {
    // Number in the instruction, value written, value read back.
    let rows = [
        (0, 0x1234_5678, 0x1234_5678),
        (3, 0xFFFF_FFFF, 0xFFFF_FFFF),
        (4, 0xFFFF_FFFF, 0xFFFF_EFFF),
        (6, 0, 0xFFFF_0FF0),
        (5, 0xFFFF_DFFF, 0xFFFF_0FFF),
        (7, 0, 0x0000_0400),
    ];
    for (number, written, read) in rows {
        // mov dr,ebx; then mov ecx,dr
        let mut world = World::with_code(&[0x0F, 0x23, 0xC3 | number << 3, 0x0F, 0x21, 0xC1 | number << 3]);
        world.cpu.general.rbx = written;
        assert_eq!(world.exception(GP), DEBUG);
        assert_eq!(world.exception(GP), DONE);
        assert_eq!((world.cpu.general.rcx, world.cpu.eip), (read, 0x106), "DR{number}");
    }
}

#[test]
fn debug_registers_4_and_5_are_aliases_only_without_de_and_gd_catches_all() {
    fn int_1_detected(w: &mut World) {
        w.system.dr6 |= Debug::BD;
        w.system.dr7 = 0x400;
        w.entered(1, 0x100);
    }
    check(&[
        Row {
            name: "mov eax,dr4 with DE",
            code: &[0x0F, 0x21, 0xE0],
            before: |w| w.system.cr4 = 8,
            after: int_6,
            outcome: REFLECTED_6,
        },
        Row {
            name: "mov dr5,eax with DE and GD",
            code: &[0x0F, 0x23, 0xE8],
            before: |w| {
                w.system.cr4 = 8;
                w.system.dr7 |= Debug::GD;
            },
            after: int_6,
            outcome: REFLECTED_6,
        },
        Row {
            name: "mov eax,dr0 with GD",
            code: &[0x0F, 0x21, 0xC0],
            before: |w| w.system.dr7 |= Debug::GD,
            after: int_1_detected,
            outcome: Outcome::Reflected { vector: 1 },
        },
        Row {
            name: "mov dr7,eax with GD",
            code: &[0x0F, 0x23, 0xF8],
            before: |w| w.system.dr7 |= Debug::GD,
            after: int_1_detected,
            outcome: Outcome::Reflected { vector: 1 },
        },
    ]);
}

#[test]
fn model_specific_registers_are_the_vmms() {
    check(&[
        Row {
            name: "rdmsr 10h",
            code: &[0x0F, 0x32],
            before: |w| w.cpu.general.rcx = 0x10,
            after: |w| {
                w.cpu.eip += 2;
                w.cpu.general.rax = 0x5566_7788;
                w.cpu.general.rdx = 0x1122_3344;
            },
            outcome: DONE,
        },
        Row {
            name: "rdmsr, none of that number",
            code: &[0x0F, 0x32],
            before: same,
            after: int_13,
            outcome: REFLECTED_13,
        },
        Row {
            name: "wrmsr 1Bh",
            code: &[0x66, 0x0F, 0x30],
            before: |w| {
                w.cpu.general.rcx = 0x1B;
                w.cpu.general.rdx = 0;
            },
            after: |w| {
                w.cpu.eip += 3;
                w.msrs.written = Some((0x1B, 0xA1A2_A3A4));
            },
            outcome: DONE,
        },
        Row {
            name: "wrmsr, a value it refuses",
            code: &[0x0F, 0x30],
            before: |w| w.cpu.general.rcx = 0x1B,
            after: int_13,
            outcome: REFLECTED_13,
        },
        Row {
            name: "rdpmc 1",
            code: &[0x0F, 0x33],
            before: |w| w.cpu.general.rcx = 1,
            after: |w| {
                w.cpu.eip += 2;
                w.cpu.general.rax = 0x35;
                w.cpu.general.rdx = 0x12;
            },
            outcome: DONE,
        },
        Row {
            name: "rdpmc 2",
            code: &[0x0F, 0x33],
            before: |w| w.cpu.general.rcx = 2,
            after: int_13,
            outcome: REFLECTED_13,
        },
        Row {
            name: "rdmsr that is stepped",
            code: &[0x0F, 0x32],
            before: |w| {
                w.cpu.general.rcx = 0x1B;
                w.cpu.eflags |= Flags::TF | Flags::RF;
            },
            after: |w| {
                w.cpu.eip += 2;
                w.cpu.general.rax = 0xFEE0_0900;
                w.cpu.general.rdx = 0;
                w.stepped();
            },
            outcome: DONE,
        },
    ]);
}

#[test]
fn caches_and_translations_are_nothing_to_a_guest() {
    let row = |name, code, after| Row { name, code, before: same, after, outcome: DONE };
    check(&[
        row("invd", &[0x0F, 0x08], |w| w.cpu.eip += 2),
        row("wbinvd", &[0x0F, 0x09], |w| w.cpu.eip += 2),
        row("invlpg [FFFFh]", &[0x0F, 0x01, 0x3E, 0xFF, 0xFF], |w| w.cpu.eip += 5),
        row(
            "a32 invlpg [eax+ecx*4+12345678h]",
            &[0x67, 0x0F, 0x01, 0xBC, 0x88, 0x78, 0x56, 0x34, 0x12],
            |w| {
                w.cpu.eip += 9;
            },
        ),
    ]);
}
