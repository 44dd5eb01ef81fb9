//! Operands in memory: LGDT and LIDT in all addressing forms and at the edges of a segment.

use v8086::{Change, GuestMemory, Outcome, TableRegister};

use crate::fake::{GP, REFLECTED_12, REFLECTED_13, Row, World, check, int_12, int_13, same};

const TABLES: Outcome = Outcome::Done(Change::DescriptorTables);

#[test]
fn descriptor_tables_are_loaded_with_24_or_32_bits_of_base() {
    check(&[
        Row {
            name: "lidt [20h]",
            code: &[0x0F, 0x01, 0x1E, 0x20, 0x00],
            before: |w| w.data(0x20, &[0x34, 0x12, 0x78, 0x56, 0x9A, 0xBC]),
            after: |w| {
                w.cpu.eip += 5;
                w.system.idtr = TableRegister { base: 0x9A_5678, limit: 0x1234 };
            },
            outcome: TABLES,
        },
        Row {
            name: "o32 lgdt [20h]",
            code: &[0x66, 0x0F, 0x01, 0x16, 0x20, 0x00],
            before: |w| w.data(0x20, &[0x34, 0x12, 0x78, 0x56, 0x9A, 0xBC]),
            after: |w| {
                w.cpu.eip += 6;
                w.system.gdtr = TableRegister { base: 0xBC9A_5678, limit: 0x1234 };
            },
            outcome: TABLES,
        },
        Row {
            name: "lgdt [FFFAh], the last place",
            code: &[0x0F, 0x01, 0x16, 0xFA, 0xFF],
            before: |w| w.data(0xFFFA, &[1, 2, 3, 4, 5, 6]),
            after: |w| {
                w.cpu.eip += 5;
                w.system.gdtr = TableRegister { base: 0x05_0403, limit: 0x0201 };
            },
            outcome: TABLES,
        },
        Row {
            name: "lgdt [FFFBh]",
            code: &[0x0F, 0x01, 0x16, 0xFB, 0xFF],
            before: same,
            after: int_13,
            outcome: REFLECTED_13,
        },
        Row {
            name: "lgdt [FFFEh]: the base wraps to offset 0",
            code: &[0x0F, 0x01, 0x16, 0xFE, 0xFF],
            before: |w| {
                w.data(0xFFFE, &[1, 2]);
                w.data(0, &[3, 4, 5, 6]);
            },
            after: |w| {
                w.cpu.eip += 5;
                w.system.gdtr = TableRegister { base: 0x05_0403, limit: 0x0201 };
            },
            outcome: TABLES,
        },
        Row {
            name: "lgdt [FFFFh]",
            code: &[0x0F, 0x01, 0x16, 0xFF, 0xFF],
            before: same,
            after: int_13,
            outcome: REFLECTED_13,
        },
        Row {
            name: "a32 lgdt [FFFEh] does not wrap",
            code: &[0x67, 0x0F, 0x01, 0x15, 0xFE, 0xFF, 0, 0],
            before: same,
            after: int_13,
            outcome: REFLECTED_13,
        },
        Row {
            name: "lidt [bp-85h] beyond the stack's limit",
            code: &[0x0F, 0x01, 0x9E, 0x7B, 0xFF],
            before: same,
            after: int_12,
            outcome: REFLECTED_12,
        },
        Row {
            name: "ds: lidt [bp-85h]",
            code: &[0x3E, 0x0F, 0x01, 0x9E, 0x7B, 0xFF],
            before: same,
            after: int_13,
            outcome: REFLECTED_13,
        },
    ]);
}

/// AX=A3A4h, BX=10h, CX=2, DX=4, SI=20h, DI=40h, BP=80h, SP=800h; the upper halves are 0 only where 32-bit addresses
/// use them. Each row: ModRM and what follows it, and the operand's linear address.
#[test]
fn every_addressing_form_finds_its_operand() {
    const DS: u32 = 0x3_0000;
    const SS: u32 = 0x2_0000;
    let rows_16: &[(&[u8], u32)] = &[
        (&[0x10], DS + 0x30),
        (&[0x11], DS + 0x50),
        (&[0x12], SS + 0xA0),
        (&[0x13], SS + 0xC0),
        (&[0x14], DS + 0x20),
        (&[0x15], DS + 0x40),
        (&[0x16, 0x34, 0x12], DS + 0x1234),
        (&[0x17], DS + 0x10),
        (&[0x50, 0xFF], DS + 0x2F),
        (&[0x56, 0x7F], SS + 0xFF),
        (&[0x57, 0x80], DS + 0xFF90),
        (&[0x92, 0x00, 0x80], SS + 0x80A0),
        (&[0x96, 0x90, 0xFF], SS + 0x10),
    ];
    let rows_32: &[(&[u8], u32)] = &[
        (&[0x10], DS + 0xA3A4),
        (&[0x11], DS + 0x2),
        (&[0x12], DS + 0x4),
        (&[0x13], DS + 0x10),
        (&[0x16], DS + 0x20),
        (&[0x17], DS + 0x40),
        (&[0x15, 0x78, 0x56, 0, 0], DS + 0x5678),
        (&[0x55, 0xFE], SS + 0x7E),
        (&[0x95, 0, 1, 0, 0], SS + 0x180),
        (&[0x14, 0x24], SS + 0x800),
        (&[0x14, 0x64], SS + 0x800),
        (&[0x54, 0x24, 0x08], SS + 0x808),
        (&[0x14, 0x8B], DS + 0x18),
        (&[0x14, 0x55, 0, 1, 0, 0], DS + 0x108),
        (&[0x14, 0x25, 0, 1, 0, 0], DS + 0x100),
        (&[0x54, 0xD5, 0x01], SS + 0xA1),
        (&[0x14, 0x68], DS + 0xA4A4),
        (&[0x94, 0xC3, 0xF0, 0xE2, 0xFA, 0xFF], DS + 0x20),
    ];
    for (prefixes, rows) in [(&[0x0F, 0x01][..], rows_16), (&[0x67, 0x0F, 0x01], rows_32)] {
        for (operand, linear) in rows {
            let mut code = prefixes.to_vec();
            code.extend_from_slice(operand);
            let mut world = World::with_code(&code);
            world.cpu.general.rcx = 2;
            world.cpu.general.rdx = 4;
            if prefixes[0] == 0x67 {
                let general = &mut world.cpu.general;
                for register in
                    [&mut general.rax, &mut general.rbx, &mut general.rsi, &mut general.rdi, &mut general.rbp]
                {
                    *register &= 0xFFFF;
                }
                world.cpu.esp &= 0xFFFF;
                // The last row: EAX * 8 + EBX - 51D10h = 20h.
            }
            world.memory.write(*linear, &[0x34, 0x12, 0x78, 0x56, 0x9A, 0]);
            assert_eq!(world.exception(GP), TABLES, "{code:02X?}");
            let loaded = TableRegister { base: 0x9A_5678, limit: 0x1234 };
            assert_eq!(world.system.gdtr, loaded, "{code:02X?} at {linear:X}h");
            assert_eq!(world.cpu.eip, 0x100 + code.len() as u32, "{code:02X?}");
        }
    }
}

#[test]
fn every_segment_override_counts_and_the_last_one_wins() {
    let rows: [(&[u8], u32); 7] = [
        (&[0x26], 0x3_8000),
        (&[0x2E], 0x1_0000),
        (&[0x36], 0x2_0000),
        (&[0x3E], 0x3_0000),
        (&[0x64], 0x4_0000),
        (&[0x65], 0x4_8000),
        (&[0x26, 0x66, 0x65], 0x4_8000),
    ];
    for (prefixes, base) in rows {
        let mut code = prefixes.to_vec();
        code.extend_from_slice(&[0x0F, 0x01, 0x16, 0x00, 0x20]);
        let mut world = World::with_code(&code);
        world.memory.write(base + 0x2000, &[0x34, 0x12, 0x78, 0x56, 0x9A, 0]);
        assert_eq!(world.exception(GP), TABLES);
        assert_eq!(world.system.gdtr, TableRegister { base: 0x9A_5678, limit: 0x1234 }, "{prefixes:02X?}");
    }
}
