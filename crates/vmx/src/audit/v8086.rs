//! Rules on the segment registers of a guest in virtual-8086 mode ("Checks on Guest Segment Registers", section
//! 28.3.1.2), and on TR and LDTR, which hold in every mode.

use super::rule::{Demand, Rule, section};
use super::view::View;
use crate::controls::{ControlKind, entry};
use crate::field::Field;
use crate::segment::{AccessRights, SegmentFields, SegmentName};

const BASE: Rule = Rule::guest(
    "guest.segment.v8086.base",
    section::GUEST_SEGMENTS,
    "In virtual-8086 mode each segment's base must be its selector times 16.",
);
const LIMIT: Rule = Rule::guest(
    "guest.segment.v8086.limit",
    section::GUEST_SEGMENTS,
    "In virtual-8086 mode each segment's limit must be FFFFh.",
);
const ACCESS_RIGHTS: Rule = Rule::guest(
    "guest.segment.v8086.access_rights",
    section::GUEST_SEGMENTS,
    "In virtual-8086 mode each segment's access rights must be F3h: present read-write data of privilege 3.",
);
const SELECTOR: Rule = Rule::guest(
    "guest.segment.system.selector",
    section::GUEST_SEGMENTS,
    "TR and a usable LDTR must come from the GDT: bit 2 of the selector is 0.",
);
const SYSTEM_BASE: Rule = Rule::guest(
    "guest.segment.system.base",
    section::GUEST_SEGMENTS,
    "The bases of TR and of a usable LDTR must be canonical.",
);
const TR: Rule = Rule::guest(
    "guest.segment.tr.access_rights",
    section::GUEST_SEGMENTS,
    "TR must be a busy TSS (type 11, or 3 outside IA-32e mode), present and usable, with no reserved bit.",
);
const LDTR: Rule = Rule::guest(
    "guest.segment.ldtr.access_rights",
    section::GUEST_SEGMENTS,
    "A usable LDTR must be an LDT (type 2), present, with no reserved bit.",
);
const GRANULARITY: Rule = Rule::guest(
    "guest.segment.system.granularity",
    section::GUEST_SEGMENTS,
    "The limit of TR or LDTR must count bytes if one of bits 11:0 is 0, and pages if one of bits 31:20 is 1.",
);

pub(super) fn check(view: &mut View) {
    if view.is_v8086() {
        for segment in SegmentName::CODE_AND_DATA {
            check_v8086(view, segment.fields());
        }
    }
    check_system(view, SegmentName::Tr);
    let usable = |rights: u64| !AccessRights(rights as u32).is_unusable();
    if view.get(Field::GUEST_LDTR_ACCESS_RIGHTS).is_some_and(usable) {
        check_system(view, SegmentName::Ldtr);
    }
}

fn check_v8086(view: &mut View, fields: SegmentFields) {
    if let Some(selector) = view.get(fields.selector) {
        view.require_value(&BASE, fields.base, selector << 4);
    }
    view.require_value(&LIMIT, fields.limit, 0xFFFF);
    view.require_value(&ACCESS_RIGHTS, fields.access_rights, u64::from(AccessRights::V8086.0));
}

/// TR, or an LDTR that is usable.
fn check_system(view: &mut View, name: SegmentName) {
    let fields = name.fields();
    view.require_bits(&SELECTOR, fields.selector, 0, 1 << 2);
    view.require_canonical(&SYSTEM_BASE, fields.base);
    let Some(rights) = view.get(fields.access_rights).map(|rights| AccessRights(rights as u32)) else {
        return;
    };
    let ia_32e = view.has(ControlKind::Entry, entry::IA_32E_MODE_GUEST);
    let (rule, type_fits) = match (name, rights.segment_type()) {
        (SegmentName::Tr, 11) => (&TR, true),
        (SegmentName::Tr, 3) => (&TR, !ia_32e),
        (SegmentName::Tr, _) => (&TR, false),
        (_, kind) => (&LDTR, kind == 2),
    };
    let reserved = rights.0 & AccessRights::RESERVED != 0;
    if !type_fits || rights.is_code_or_data() || !rights.is_present() || rights.is_unusable() || reserved {
        view.broken(rule, fields.access_rights, Demand::Sentence);
    }
    let Some(limit) = view.get(fields.limit) else { return };
    let page_granular = rights.is_page_granular();
    if (limit & 0xFFF != 0xFFF && page_granular) || (limit & 0xFFF0_0000 != 0 && !page_granular) {
        view.broken(&GRANULARITY, fields.access_rights, Demand::Sentence);
    }
}
