//! HLT, CLI, STI, PUSHF, POPF, IRET and INT n, should they come as #GP.

use v8086::{Change, Flags, GuestMemory, Outcome};

use crate::fake::{DONE, REFLECTED_12, REFLECTED_13, Row, World, check, int_12, int_13, same};

fn stack(world: &mut World, bytes: &[u8]) {
    world.memory.write(0x2_0000 + (world.cpu.esp & 0xFFFF), bytes);
}

#[test]
fn halt_is_passed_and_reported() {
    check(&[
        Row { name: "hlt", code: &[0xF4], before: same, after: |w| w.cpu.eip += 1, outcome: Outcome::Halt },
        Row {
            name: "rep cs: o32 a32 hlt",
            code: &[0xF3, 0x2E, 0x66, 0x67, 0xF4],
            before: |w| w.cpu.eflags |= Flags::RF,
            after: |w| {
                w.cpu.eip += 5;
                w.cpu.eflags &= !Flags::RF;
            },
            outcome: Outcome::Halt,
        },
        Row {
            name: "hlt with 14 prefixes",
            code: &[0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0xF4],
            before: same,
            after: |w| w.cpu.eip += 15,
            outcome: Outcome::Halt,
        },
        Row {
            name: "hlt at FFFFh",
            code: &[],
            before: |w| {
                w.cpu.eip = 0xFFFF;
                w.memory.0[0x1_FFFF] = 0xF4;
            },
            after: |w| w.cpu.eip = 0x1_0000,
            outcome: Outcome::Halt,
        },
        Row {
            name: "a single step ends the halt",
            code: &[0xF4],
            before: |w| w.cpu.eflags |= Flags::TF,
            after: |w| {
                w.cpu.eip += 1;
                w.stepped();
            },
            outcome: DONE,
        },
        Row {
            name: "a single step without room for its frame",
            code: &[0xF4],
            before: |w| {
                w.cpu.eflags |= Flags::TF;
                w.cpu.esp = 1;
            },
            after: |w| {
                w.cpu.eip += 1;
                w.system.dr6 |= 0x4000;
            },
            outcome: Outcome::Shutdown,
        },
    ]);
}

#[test]
fn cli_and_sti_change_if_and_only_sti_casts_a_shadow() {
    check(&[
        Row {
            name: "cli",
            code: &[0xFA],
            before: same,
            after: |w| {
                w.cpu.eip += 1;
                w.cpu.eflags = Flags::FIXED;
            },
            outcome: DONE,
        },
        Row {
            name: "sti",
            code: &[0xFB],
            before: |w| w.cpu.eflags = Flags::FIXED,
            after: |w| {
                w.cpu.eip += 1;
                w.cpu.eflags = Flags::FIXED | Flags::IF;
            },
            outcome: Outcome::Done(Change::InterruptShadow),
        },
        Row { name: "sti, IF set", code: &[0xFB], before: same, after: |w| w.cpu.eip += 1, outcome: DONE },
    ]);
}

#[test]
fn pushf_wraps_and_faults_as_a_push_does() {
    check(&[
        Row {
            name: "pushf",
            code: &[0x9C],
            before: |w| w.cpu.eflags = 0x25_7FD7,
            after: |w| {
                w.cpu.eip += 1;
                w.cpu.esp -= 2;
                stack(w, &[0xD7, 0x7F]);
                w.cpu.eflags = 0x24_7FD7;
                w.stepped();
            },
            outcome: DONE,
        },
        Row {
            name: "pushfd",
            code: &[0x66, 0x9C],
            before: |w| w.cpu.eflags = 0x25_0AD7,
            after: |w| {
                w.cpu.eip += 2;
                w.cpu.esp -= 4;
                w.cpu.eflags = 0x24_0AD7;
                stack(w, &[0xD7, 0x0A, 0x24, 0x00]);
            },
            outcome: DONE,
        },
        Row {
            name: "pushf, SP=0",
            code: &[0x9C],
            before: |w| w.cpu.esp = 0xABCD_0000,
            after: |w| {
                w.cpu.eip += 1;
                w.cpu.esp = 0xABCD_FFFE;
                stack(w, &[0x02, 0x02]);
            },
            outcome: DONE,
        },
        Row {
            name: "pushf, SP=1",
            code: &[0x9C],
            before: |w| w.cpu.esp = 1,
            after: same,
            outcome: Outcome::Shutdown,
        },
        Row {
            name: "pushfd, SP=2",
            code: &[0x66, 0x9C],
            before: |w| w.cpu.esp = 2,
            after: int_12,
            outcome: REFLECTED_12,
        },
        Row {
            name: "pushfd, SP=4",
            code: &[0x66, 0x9C],
            before: |w| w.cpu.esp = 4,
            after: |w| {
                w.cpu.eip += 2;
                w.cpu.esp = 0;
                stack(w, &[0x02, 0x02, 0, 0]);
            },
            outcome: DONE,
        },
    ]);
}

#[test]
fn popf_sets_what_the_operand_size_lets_it() {
    check(&[
        Row {
            name: "popf",
            code: &[0x9D],
            before: |w| {
                w.cpu.eflags = 0x25_0002;
                stack(w, &[0xFF, 0xFF, 0xFF, 0xFF]);
            },
            after: |w| {
                w.cpu.eip += 1;
                w.cpu.esp += 2;
                w.cpu.eflags = 0x24_7FD7;
            },
            outcome: DONE,
        },
        Row {
            name: "popfd",
            code: &[0x66, 0x9D],
            before: |w| {
                w.cpu.eflags = 0x18_0002;
                stack(w, &[0, 0, 0x21, 0]);
            },
            after: |w| {
                w.cpu.eip += 2;
                w.cpu.esp += 4;
                w.cpu.eflags = 0x38_0002;
            },
            outcome: DONE,
        },
        Row {
            name: "popf, SP=FFFEh",
            code: &[0x9D],
            before: |w| {
                w.cpu.esp = 0xABCD_FFFE;
                stack(w, &[2, 0]);
            },
            after: |w| {
                w.cpu.eip += 1;
                w.cpu.esp = 0xABCD_0000;
                w.cpu.eflags = 2;
            },
            outcome: DONE,
        },
        Row {
            name: "popf, SP=FFFFh",
            code: &[0x9D],
            before: |w| w.cpu.esp = 0xFFFF,
            after: int_12,
            outcome: REFLECTED_12,
        },
        Row {
            name: "popf that clears TF is stepped, popf that sets it is not",
            code: &[0x9D],
            before: |w| {
                w.cpu.eflags |= Flags::TF;
                stack(w, &[2, 0]);
            },
            after: |w| {
                w.cpu.eip += 1;
                w.cpu.esp += 2;
                w.cpu.eflags = 2;
                w.stepped();
            },
            outcome: DONE,
        },
    ]);
}

#[test]
fn iret_returns_through_either_frame() {
    check(&[
        Row {
            name: "iret",
            code: &[0xCF],
            before: |w| {
                w.cpu.eflags = 0x25_0202;
                stack(w, &[0x34, 0x12, 0x78, 0x56, 0xC7, 0x08]);
            },
            after: |w| {
                w.cpu.eip = 0x1234;
                w.cpu.segments[1] = 0x5678;
                w.cpu.esp += 6;
                w.cpu.eflags = 0x24_08C7;
            },
            outcome: DONE,
        },
        Row {
            name: "iretd",
            code: &[0x66, 0xCF],
            before: |w| stack(w, &[0xFF, 0xFF, 0, 0, 0x78, 0x56, 0x99, 0x99, 0xFF, 0xFF, 0xFF, 0xFF]),
            after: |w| {
                w.cpu.eip = 0xFFFF;
                w.cpu.segments[1] = 0x5678;
                w.cpu.esp += 12;
                w.cpu.eflags = 0x25_7FD7;
            },
            outcome: DONE,
        },
        Row {
            name: "iretd to 10000h",
            code: &[0x66, 0xCF],
            before: |w| stack(w, &[0, 0, 1, 0, 0x78, 0x56, 0, 0, 2, 0, 0, 0]),
            after: int_13,
            outcome: REFLECTED_13,
        },
        Row {
            name: "iret, SP=FFFBh: FLAGS at FFFFh",
            code: &[0xCF],
            before: |w| w.cpu.esp = 0xFFFB,
            after: int_12,
            outcome: REFLECTED_12,
        },
        Row {
            name: "iret, SP=FFFCh: FLAGS at 0",
            code: &[0xCF],
            before: |w| {
                w.cpu.esp = 0xFFFC;
                stack(w, &[0x34, 0x12, 0x78, 0x56]);
                w.memory.write_u16(0x2_0000, 0x0003);
            },
            after: |w| {
                w.cpu.eip = 0x1234;
                w.cpu.segments[1] = 0x5678;
                w.cpu.esp = 2;
                w.cpu.eflags = 3;
            },
            outcome: DONE,
        },
        Row {
            name: "iret that is stepped",
            code: &[0xCF],
            before: |w| {
                w.cpu.eflags |= Flags::TF;
                stack(w, &[0x34, 0x12, 0x78, 0x56, 0x02, 0x01]);
            },
            after: |w| {
                w.cpu.eip = 0x1234;
                w.cpu.segments[1] = 0x5678;
                w.cpu.esp += 6;
                w.cpu.eflags = 0x102;
                w.stepped();
            },
            outcome: DONE,
        },
    ]);
}

#[test]
fn int_n_goes_through_the_believed_table() {
    check(&[
        Row {
            name: "int 80h",
            code: &[0xCD, 0x80],
            before: same,
            after: |w| w.entered(0x80, 0x102),
            outcome: DONE,
        },
        Row {
            name: "int 21h, another table",
            code: &[0xCD, 0x21],
            before: |w| {
                w.system.idtr.base = 0x5_0000;
                w.memory.write_u32(0x5_0084, 0x7000_0021);
            },
            after: |w| w.entered(0x21, 0x102),
            outcome: DONE,
        },
        Row {
            name: "int 21h beyond the limit",
            code: &[0xCD, 0x21],
            before: |w| w.system.idtr.limit = 0x82,
            after: int_13,
            outcome: DONE,
        },
        Row {
            name: "int 80h is not stepped into",
            code: &[0xCD, 0x80],
            before: |w| w.cpu.eflags |= Flags::TF,
            after: |w| w.entered(0x80, 0x102),
            outcome: DONE,
        },
        Row {
            name: "int 80h without room",
            code: &[0xCD, 0x80],
            before: |w| w.cpu.esp = 3,
            after: same,
            outcome: Outcome::Shutdown,
        },
    ]);
}
