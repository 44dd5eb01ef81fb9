//! Changes of two or three fields at once that one rule relates, and that single changes seldom bring together.

use super::change::{flip, put};
use super::random::Random;
use crate::control_register::{cr0, cr4};
use crate::controls::{entry, exit};
use crate::field::Field;
use crate::machine::Machine;
use crate::segment::SegmentName;

pub(super) fn change_pair(machine: &mut Machine, random: &mut Random) {
    match random.below(6) {
        0 => conforming_code(machine, random),
        1 => {
            let (cr0, cr4) =
                random.pick(&[(Field::GUEST_CR0, Field::GUEST_CR4), (Field::HOST_CR0, Field::HOST_CR4)]);
            let value = machine.get(cr0).unwrap_or(0);
            put(machine, cr0, value & !cr0::WP | if random.one_in(4) { cr0::WP } else { 0 });
            let value = machine.get(cr4).unwrap_or(0);
            put(machine, cr4, value | cr4::CET);
        }
        _ => control_flow(machine, random),
    }
}

/// Privilege levels of code and stack, which many rules relate.
pub(super) fn change_privilege(machine: &mut Machine, random: &mut Random) {
    let level = random.below(4) as u64;
    for name in [SegmentName::Cs, SegmentName::Ss] {
        if !random.one_in(4) {
            set_privilege(machine, name, (level, level));
        }
    }
}

/// Sets the privilege that a selector asks for, and that of the segment.
fn set_privilege(machine: &mut Machine, name: SegmentName, (requested, level): (u64, u64)) {
    let fields = name.fields();
    if let (Some(selector), Some(rights)) = (machine.get(fields.selector), machine.get(fields.access_rights))
    {
        machine.set(fields.selector, selector & !3 | requested);
        machine.set(fields.access_rights, rights & !0x60 | level << 5);
    }
}

/// Conforming code of privilege 0 is the only code beside which the privilege of SS may differ from its selector's
/// without breaking a rule on CS too.
fn conforming_code(machine: &mut Machine, random: &mut Random) {
    let rights = SegmentName::Cs.fields().access_rights;
    let value = machine.get(rights).unwrap_or(0);
    machine.set(rights, value & !0xF | random.pick(&[13, 15]));
    let requested = random.below(4) as u64;
    set_privilege(machine, SegmentName::Cs, (requested, 0));
    set_privilege(machine, SegmentName::Ss, (requested, random.below(4) as u64));
}

/// The state of control-flow enforcement, which the guest's or the host's control loads.
fn control_flow(machine: &mut Machine, random: &mut Random) {
    const GUEST: [Field; 3] =
        [Field::GUEST_IA32_S_CET, Field::GUEST_SSP, Field::GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR];
    const HOST: [Field; 3] =
        [Field::HOST_IA32_S_CET, Field::HOST_SSP, Field::HOST_IA32_INTERRUPT_SSP_TABLE_ADDR];
    let (fields, control, mask) = random.pick(&[
        (GUEST, Field::VM_ENTRY_CONTROLS, entry::LOAD_CET_STATE),
        (HOST, Field::PRIMARY_VM_EXIT_CONTROLS, exit::LOAD_CET_STATE),
    ]);
    let field = random.pick(&fields);
    // A processor without the fields has no such control either.
    if machine.get(field).is_none() {
        return;
    }
    let word = machine.get(control).unwrap_or(0);
    machine.set(control, word | mask);
    let values = [1, 2, 4, 8, 3 << 10, 1 << 6, 1 << 9, 1 << 32, 1 << 46, 1 << 47, 1 << 48, 0xFFFF << 47];
    flip(machine, field, random.pick(&values));
}
