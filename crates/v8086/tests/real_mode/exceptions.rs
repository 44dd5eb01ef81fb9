//! Exceptions that are the guest's own business.

use v8086::{Debug, Exception, Flags, Outcome};

use crate::fake::{GP, REFLECTED_13, Row, World, check, check_exception, int_6, int_13, same};

#[test]
fn a_fault_saves_its_own_ip_and_no_error_code() {
    for vector in [0, 5, 6, 7, 10, 11, 12, 17, 19] {
        let mut world = World::with_code(&[0xF4]);
        let mut expected = world.clone();
        expected.entered(vector, 0x100);
        assert_eq!(world.exception(Exception::Fault { vector }), Outcome::Reflected { vector });
        world.assert_is(&expected, "fault");
    }
}

#[test]
fn int3_into_and_int1_save_the_next_ip() {
    // Vector, length with prefixes, saved IP.
    for (vector, length, ip) in [(3, 1, 0x101), (4, 1, 0x101), (1, 1, 0x101), (3, 5, 0x105)] {
        let mut world = World::with_code(&[]);
        let mut expected = world.clone();
        expected.entered(vector, ip);
        assert_eq!(world.exception(Exception::Software { vector, length }), Outcome::Reflected { vector });
        world.assert_is(&expected, "software exception");
    }
}

#[test]
fn a_trap_at_the_end_of_a_segment_saves_ip_0() {
    let mut world = World::with_code(&[]);
    world.cpu.eip = 0xFFFF;
    let mut expected = world.clone();
    expected.entered(3, 0);
    world.exception(Exception::Software { vector: 3, length: 1 });
    world.assert_is(&expected, "INT3 at FFFFh");
}

#[test]
fn a_debug_exception_leaves_its_causes_in_dr6_and_clears_general_detect() {
    // DR6 before, exit qualification, DR6 after.
    let rows = [
        (0xFFFF_0FF0, 0x4000, 0xFFFF_4FF0),
        (0xFFFF_0FF3, 0x0004, 0xFFFF_0FF4),
        (0xFFFF_4FF0, 0x2001, 0xFFFF_6FF1),
        (0xFFFF_0FF0, 0xFFFF_1FF0, 0xFFFF_0FF0),
    ];
    for (before, causes, after) in rows {
        let mut world = World::with_code(&[]);
        world.system.dr6 = before;
        world.system.dr7 = 0x2401;
        world.cpu.eflags |= Flags::TF;
        let mut expected = world.clone();
        expected.system.dr6 = after;
        expected.system.dr7 = 0x0401;
        expected.entered(1, 0x100);
        assert_eq!(world.exception(Exception::Debug { causes }), Outcome::Reflected { vector: 1 });
        world.assert_is(&expected, "debug exception");
    }
    assert_eq!(Debug::BS, 0x4000);
}

#[test]
fn an_x87_error_is_int_16_only_with_cr0_ne() {
    let fault = Exception::Fault { vector: 16 };
    let row = |before: fn(&mut World), after: fn(&mut World), outcome| Row {
        name: "x87 error",
        code: &[0x9B],
        before,
        after,
        outcome,
    };
    check_exception(
        fault,
        &[
            row(same, same, Outcome::X87Interrupt),
            row(|w| w.system.cr0 |= 0x20, |w| w.entered(16, 0x100), Outcome::Reflected { vector: 16 }),
        ],
    );
}

#[test]
fn a_fault_without_room_for_a_frame_shuts_down() {
    for sp in [1, 3, 5] {
        let mut world = World::with_code(&[0x50]);
        world.cpu.esp = sp;
        let expected = world.clone();
        assert_eq!(world.exception(Exception::Fault { vector: 12 }), Outcome::Shutdown, "SP={sp}");
        world.assert_is(&expected, "shutdown");
    }
}

/// A row of an instruction that real mode refuses too.
const fn refused(name: &'static str, code: &'static [u8]) -> Row {
    Row { name, code, before: same, after: int_13, outcome: REFLECTED_13 }
}

#[test]
fn a_general_protection_that_real_mode_has_too_is_int_13() {
    check(&[
        refused("mov ax,[FFFFh]", &[0xA1, 0xFF, 0xFF]),
        refused("sysenter", &[0x0F, 0x34]),
        refused("sysexit", &[0x0F, 0x35]),
        refused("jmp dword 0:10000h", &[0x66, 0xEA, 0, 0, 1, 0, 0, 0]),
        refused("lgdt ax", &[0x0F, 0x01, 0xD0]),
        refused("0F 01 F8", &[0x0F, 0x01, 0xF8]),
        refused("smsw to a place beyond the limit", &[0x0F, 0x01, 0x26, 0xFF, 0xFF]),
        refused("15 prefixes", &[0x2E; 15]),
        refused(
            "hlt with 15 prefixes",
            &[0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0xF4],
        ),
        Row {
            name: "an instruction that goes beyond FFFFh",
            code: &[],
            before: |w| {
                w.cpu.eip = 0xFFFE;
                w.memory.0[0x1_FFFE] = 0x2E;
                w.memory.0[0x1_FFFF] = 0x0F;
                w.memory.0[0x2_0000] = 0x06;
            },
            after: int_13,
            outcome: REFLECTED_13,
        },
        Row {
            name: "a fetch at 10000h",
            code: &[],
            before: |w| w.cpu.eip = 0x1_0000,
            after: |w| w.entered(13, 0),
            outcome: REFLECTED_13,
        },
    ]);
}

#[test]
fn lock_on_what_takes_no_lock_is_int_6() {
    for code in [
        &[0xF0, 0xF4][..],
        &[0x66, 0xF0, 0x0F, 0x20, 0xC0],
        &[0xF0, 0x0F, 0x01, 0x16, 0, 0],
        &[0xF0, 0x0F, 0x32],
        &[0xF0, 0xFA],
    ] {
        let mut world = World::with_code(code);
        let mut expected = world.clone();
        int_6(&mut expected);
        assert_eq!(world.exception(GP), Outcome::Reflected { vector: 6 }, "{code:02X?}");
        world.assert_is(&expected, "lock");
    }
}
