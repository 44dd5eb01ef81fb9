//! The changes: boundary values, single bits, random values, controls across their settings, segments, events, MSR
//! areas, and pairs of fields that one rule relates.

use super::random::Random;
use super::{Case, MSR_ENTRIES, MsrEntry, arena, pairs};
use crate::capability::Capabilities;
use crate::controls::{ControlKind, entry, exit, pin, primary, secondary};
use crate::field::{Field, Kind, Width};
use crate::machine::Machine;
use crate::segment::SegmentName;

/// Values at the edges of what fields allow.
const BOUNDARIES: [u64; 24] = [
    0,
    1,
    2,
    3,
    4,
    5,
    8,
    0xF,
    0x10,
    0xFF,
    0x400,
    0xFFF,
    0x1000,
    0xFFFF,
    0x1_0000,
    0xF_FFFF,
    0x8000_0000,
    0xFFFF_FFFF,
    0x1_0000_0000,
    0x7FFF_FFFF_FFFF,
    0x8000_0000_0000,
    0xFFFF_7FFF_FFFF_FFFF,
    0xFFFF_8000_0000_0000,
    u64::MAX,
];

/// Access rights that code and data segments can have, for shapes that random bits seldom make.
const ACCESS_RIGHTS: [u64; 30] = [
    0x1_0000, 0x1_0093, 0x93, 0x91, 0x97, 0x95, 0x9B, 0x9F, 0x99, 0x9D, 0x9A, 0xF3, 0xFB, 0xFF, 0xD3, 0xDB,
    0xB3, 0xBB, 0xC093, 0xC09B, 0xA09B, 0xE09B, 0xC0F3, 0xC0FB, 0xA0FB, 0x83, 0x8B, 0x82, 0x13, 0x0B,
];

/// Bits of the interruptibility state that mean something.
const BLOCKING_BITS: u64 = 0x1F;

/// Vectors of an injected event, most of which are exceptions.
const VECTORS: [u64; 16] = [0, 1, 2, 3, 4, 6, 8, 10, 13, 14, 17, 18, 31, 32, 0x80, 0xFF];

pub(super) fn change(case: &mut Case, capabilities: &Capabilities, random: &mut Random) {
    let machine = &mut case.machine;
    match random.below(34) {
        32.. => pairs::change_pair(machine, random),
        0..5 => flip_bit(machine, random),
        5..8 => boundary(machine, random, capabilities),
        8..9 => any_value(machine, random),
        9..14 => flip_control(machine, capabilities, random),
        14..18 => change_segment(machine, random),
        18..21 => inject(machine, random),
        21..23 => change_msr_area(case, capabilities, random),
        23..25 => change_state(machine, random),
        25..27 => change_mode(machine, random),
        27..29 => change_address(machine, capabilities, random),
        _ => change_virtual_apic(machine, random),
    }
}

/// An entry that changes nothing of importance: IA32_SYSENTER_CS becomes 0.
pub(super) const fn harmless_entries() -> [MsrEntry; MSR_ENTRIES] {
    [MsrEntry { index: 0x174, value: 0 }; MSR_ENTRIES]
}

/// A field of the plan.
fn any_field(machine: &Machine, random: &mut Random) -> Field {
    loop {
        let field = Field::ALL[random.below(Field::COUNT)];
        if machine.get(field).is_some() {
            return field;
        }
    }
}

pub(super) fn flip(machine: &mut Machine, field: Field, mask: u64) {
    if let Some(value) = machine.get(field) {
        machine.set(field, value ^ mask);
    }
}

/// Sets a field that the processor has.
pub(super) fn put(machine: &mut Machine, field: Field, value: u64) {
    if machine.get(field).is_some() {
        machine.set(field, value);
    }
}

fn flip_bit(machine: &mut Machine, random: &mut Random) {
    let field = any_field(machine, random);
    flip(machine, field, 1 << random.below(field.width().bits() as usize));
}

fn boundary(machine: &mut Machine, random: &mut Random, capabilities: &Capabilities) {
    let field = any_field(machine, random);
    let width = 1u64 << capabilities.cpu.physical_address_bits;
    let value = match random.below(32) {
        0 => width,
        1 => width - 1,
        2 => width - arena::PAGE,
        _ => random.pick(&BOUNDARIES),
    };
    machine.set(field, value);
}

fn any_value(machine: &mut Machine, random: &mut Random) {
    let field = any_field(machine, random);
    let shift = random.below(64);
    machine.set(field, random.next() >> shift);
}

fn flip_control(machine: &mut Machine, capabilities: &Capabilities, random: &mut Random) {
    let kind = random.pick(&[
        ControlKind::PinBased,
        ControlKind::Primary,
        ControlKind::Secondary,
        ControlKind::Exit,
        ControlKind::Entry,
    ]);
    let allowed = capabilities.allowed(kind);
    let free = allowed.may_be_1 & !allowed.must_be_1;
    let mut mask = 1u64 << random.below(32);
    // Mostly what the processor allows: what it refuses is one rule for each word.
    for _ in 0..4 {
        if free & mask == 0 {
            mask = 1 << random.below(32);
        }
    }
    flip(machine, kind.field(), mask);
    // A secondary control counts only when the word is activated.
    if kind == ControlKind::Secondary {
        let primary = ControlKind::Primary.field();
        let word = machine.get(primary).unwrap_or(0);
        machine.set(primary, word | primary::ACTIVATE_SECONDARY_CONTROLS);
    }
}

fn change_segment(machine: &mut Machine, random: &mut Random) {
    let name = SegmentName::ALL[random.below(SegmentName::ALL.len())];
    let fields = name.fields();
    match random.below(8) {
        0..3 => machine.set(fields.access_rights, random.pick(&ACCESS_RIGHTS)),
        3 => flip(machine, fields.access_rights, 1 << random.below(17)),
        4 => {
            let limit =
                random.pick(&[0, 0xFFF, 0xFFFF, 0xF_FFFF, 0x10_0000, 0xFFF0_0000, 0xFFFF_F000, 0xFFFF_FFFF]);
            machine.set(fields.limit, limit);
            flip(machine, fields.access_rights, if random.one_in(2) { 1 << 15 } else { 0 });
        }
        5 => flip(machine, fields.selector, 1 << random.below(4)),
        6 => pairs::change_privilege(machine, random),
        _ => {
            let base =
                random.pick(&[1 << 4, 1 << 16, 1 << 31, 1 << 32, 1 << 46, 1 << 47, 0xFFFF << 47, 1 << 63]);
            machine.set(fields.base, base);
        }
    }
}

fn inject(machine: &mut Machine, random: &mut Random) {
    let kind = random.below(8) as u64;
    let vector = match kind {
        2 if !random.one_in(4) => 2,
        _ => random.pick(&VECTORS),
    };
    let error_code = u64::from(random.one_in(3)) << 11;
    let reserved = if random.one_in(12) { 1 << (12 + random.below(19)) } else { 0 };
    machine
        .set(Field::VM_ENTRY_INTERRUPTION_INFORMATION, 1 << 31 | reserved | error_code | kind << 8 | vector);
    if random.one_in(2) {
        let code = random.pick(&[0, 1, 0x7FFF, 0x8000, 0xFFFF, 0x1_0000, 0x8000_0000]);
        machine.set(Field::VM_ENTRY_EXCEPTION_ERROR_CODE, code);
    }
    let length = random.pick(&[0, 1, 2, 2, 3, 15, 16, 0x8000_0001]);
    machine.set(Field::VM_ENTRY_INSTRUCTION_LENGTH, length);
    if random.one_in(2) {
        flip(machine, Field::GUEST_RFLAGS, 1 << 9);
    }
    if random.one_in(4) {
        machine.set(Field::GUEST_INTERRUPTIBILITY_STATE, random.next() & 0xF);
    }
}

/// Activity, interruptibility, pending debug exceptions, RFLAGS, link pointer.
fn change_state(machine: &mut Machine, random: &mut Random) {
    match random.below(6) {
        0 => machine.set(Field::GUEST_ACTIVITY_STATE, random.below(5) as u64),
        1 => machine.set(Field::GUEST_INTERRUPTIBILITY_STATE, random.next() & BLOCKING_BITS),
        2 => {
            machine.set(
                Field::GUEST_PENDING_DEBUG_EXCEPTIONS,
                random.pick(&[0, 1 << 14, 1 << 12, 0xF, 1 << 4, 1 << 16]),
            );
            machine.set(Field::GUEST_INTERRUPTIBILITY_STATE, random.below(3) as u64);
            machine.set(Field::GUEST_IA32_DEBUGCTL, random.pick(&[0, 1, 2]));
            flip(machine, Field::GUEST_RFLAGS, random.pick(&[0, 1 << 8, 1 << 9, 1 << 8 | 1 << 9]));
        }
        3 => flip(
            machine,
            Field::GUEST_RFLAGS,
            random.pick(&[1 << 9, 1 << 17, 1 << 8, 1 << 1, 1 << 3, 1 << 14]),
        ),
        4 => {
            let region =
                random.pick(&[arena::SHADOW_VMCS, arena::ORDINARY_VMCS, arena::WRONG_VMCS, arena::VMCS]);
            machine.set(Field::VMCS_LINK_POINTER, region + if random.one_in(8) { 8 } else { 0 });
        }
        _ => {
            machine.set(Field::GUEST_INTERRUPTIBILITY_STATE, random.next() & BLOCKING_BITS);
            flip(machine, Field::GUEST_RFLAGS, 1 << 9);
        }
    }
}

/// Control registers, EFER and the controls that go with them.
fn change_mode(machine: &mut Machine, random: &mut Random) {
    match random.below(8) {
        0 => {
            flip(machine, Field::GUEST_CR0, random.pick(&[1, 1 << 31, 1 << 31 | 1, 1 << 5, 1 << 16, 3 << 29]))
        }
        1 => flip(machine, Field::GUEST_CR4, 1 << random.below(24)),
        2 => flip(machine, Field::HOST_CR4, 1 << random.below(24)),
        3 => flip(machine, Field::VM_ENTRY_CONTROLS, entry::IA_32E_MODE_GUEST),
        4 => {
            flip(machine, Field::PRIMARY_VM_EXIT_CONTROLS, exit::HOST_ADDRESS_SPACE_SIZE);
            if random.one_in(2) {
                flip(machine, Field::HOST_CR4, 1 << 5);
                put(machine, Field::HOST_IA32_EFER, 0);
            }
        }
        5 => {
            flip(
                machine,
                Field::GUEST_IA32_EFER,
                random.pick(&[1, 1 << 8, 1 << 10, 5 << 8, 1 << 11, 1 << 12]),
            );
            let controls = machine.get(Field::VM_ENTRY_CONTROLS).unwrap_or(0);
            machine.set(Field::VM_ENTRY_CONTROLS, controls | entry::LOAD_IA32_EFER);
        }
        6 => flip(machine, Field::HOST_IA32_EFER, random.pick(&[1, 1 << 8, 1 << 10, 5 << 8, 1 << 12])),
        _ => {
            let field = random.pick(&[Field::GUEST_IA32_PAT, Field::HOST_IA32_PAT]);
            let memory_type = random.below(9) as u64;
            let at = 8 * random.below(8);
            if let Some(value) = machine.get(field) {
                machine.set(field, value & !(0xFF << at) | memory_type << at);
            }
        }
    }
}

/// An address: aligned or not, within the physical-address width or not, canonical or not.
fn change_address(machine: &mut Machine, capabilities: &Capabilities, random: &mut Random) {
    let width = capabilities.cpu.physical_address_bits as usize;
    loop {
        let field = any_field(machine, random);
        let is_address = field.width() == Width::U64 && field.kind() == Kind::Control
            || field.width() == Width::Natural && field.kind() != Kind::Control;
        if !is_address {
            continue;
        }
        let mask = match random.below(6) {
            0 => 1 << random.below(12),
            1 => 1 << (width + random.below(64 - width)),
            2 => 1 << 47,
            3 => 1 << 48,
            4 => 0xFFFF << 47,
            _ => 1 << (32 + random.below(15)),
        };
        return flip(machine, field, mask);
    }
}

/// APIC virtualization, EPT and what depends on them: a control, and the fields it brings into play.
fn change_virtual_apic(machine: &mut Machine, random: &mut Random) {
    let secondary_word = ControlKind::Secondary.field();
    match random.below(8) {
        0 => flip(machine, ControlKind::Primary.field(), primary::USE_TPR_SHADOW),
        1 => {
            put(machine, Field::TPR_THRESHOLD, random.below(18) as u64);
            let word = machine.get(secondary_word).unwrap_or(0);
            let off = secondary::VIRTUALIZE_APIC_ACCESSES | secondary::VIRTUAL_INTERRUPT_DELIVERY;
            put(machine, secondary_word, word & !off);
            let primary = machine.get(ControlKind::Primary.field()).unwrap_or(0);
            machine.set(ControlKind::Primary.field(), primary | primary::USE_TPR_SHADOW);
        }
        2 => put(machine, Field::VIRTUAL_PROCESSOR_ID, random.below(2) as u64),
        3 => flip(machine, Field::EPT_POINTER, 1 << random.below(12)),
        4 => flip(
            machine,
            secondary_word,
            secondary::VIRTUALIZE_APIC_ACCESSES | secondary::VIRTUALIZE_X2APIC_MODE,
        ),
        5 => flip(machine, Field::VM_FUNCTION_CONTROLS, 1 << random.below(64)),
        6 => {
            let bits = [
                pin::EXTERNAL_INTERRUPT_EXITING,
                pin::NMI_EXITING,
                pin::VIRTUAL_NMIS,
                pin::ACTIVATE_VMX_PREEMPTION_TIMER,
            ];
            flip(machine, ControlKind::PinBased.field(), random.pick(&bits));
        }
        _ => {
            put(machine, Field::GUEST_PDPTE0, arena::POINTERS | random.next() & 0xFFF);
            flip(machine, Field::GUEST_PDPTE1, 1 << random.below(64));
        }
    }
}

/// MSRs for the load area, with values good and bad: those that segments and EFER hold, those of the x2APIC, some that
/// do not exist, some that are locked or barred.
const MSRS: [(u64, u64); 32] = [
    (0x3A, 5),
    (0x79, 0),
    (0x8B, 0),
    (0x250, 0x0606_0606_0606_0606),
    (0x26F, 2 << 16),
    (0x2FF, 0xC06),
    (0x2FF, 0xC02),
    (0x480, 0),
    (0x1D9, 0),
    (0xC000_0080, 0x500),
    (0xC000_0080, 1),
    (0xC000_0080, 2),
    (0x174, 0x10),
    (0x175, 0x1000),
    (0x175, 1 << 47),
    (0x176, 0x1000),
    (0x176, 1 << 63),
    (0x277, 0x0007_0406_0007_0406),
    (0x277, 2),
    (0x277, 8 << 56),
    (0xC000_0081, u64::MAX),
    (0xC000_0082, 0x1000),
    (0xC000_0082, 1 << 47),
    (0xC000_0084, 0xFFFF_FFFF),
    (0xC000_0100, 0),
    (0xC000_0101, 0),
    (0xC000_0102, 0x1000),
    (0xC000_0102, 1 << 47),
    (0x800, 0),
    (0x8FF, 0),
    (0x9B, 0),
    (0xC000_0FFF, 0),
];

fn change_msr_area(case: &mut Case, capabilities: &Capabilities, random: &mut Random) {
    let machine = &mut case.machine;
    if random.one_in(2) {
        let (index, value) = random.pick(&MSRS);
        let reserved = if random.one_in(8) { 1 << (32 + random.below(32)) } else { 0 };
        case.entries[random.below(MSR_ENTRIES)] = MsrEntry { index: index | reserved, value };
        machine.set(Field::VM_ENTRY_MSR_LOAD_COUNT, 1 + random.below(MSR_ENTRIES) as u64);
        return;
    }
    let (count, address) = random.pick(&[
        (Field::VM_EXIT_MSR_STORE_COUNT, Field::VM_EXIT_MSR_STORE_ADDRESS),
        (Field::VM_EXIT_MSR_LOAD_COUNT, Field::VM_EXIT_MSR_LOAD_ADDRESS),
        (Field::VM_ENTRY_MSR_LOAD_COUNT, Field::VM_ENTRY_MSR_LOAD_ADDRESS),
    ]);
    let width = 1u64 << capabilities.cpu.physical_address_bits;
    match random.below(4) {
        0 => flip(machine, address, 1 << random.below(4)),
        1 => flip(machine, address, width << random.below(8)),
        2 => machine.set(address, width - 16 * (1 + random.below(3) as u64)),
        _ => {}
    }
    machine.set(count, random.below(6) as u64);
}
