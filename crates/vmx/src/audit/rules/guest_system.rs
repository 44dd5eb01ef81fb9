//! Rules on the guest's TR and LDTR ("Checks on Guest Segment Registers", section 28.3.1.2) and on GDTR and IDTR
//! ("Checks on Guest Descriptor-Table Registers", 28.3.1.3). They hold in every mode.

use super::super::engine::{Audit, Decision, Row, Term, Test, demand, state};
use super::super::finding::Demand;
use super::super::rule::Rule;
use super::super::rule::section::{GUEST_SEGMENTS, GUEST_TABLES};
use super::super::state::LDTR as LDTR_USABLE;
use super::guest_segments::{bytes, pages};
use crate::controls::ControlKind::Entry;
use crate::controls::entry;
use crate::field::Field;
use crate::segment::{AccessRights, SegmentFields, SegmentName};

const TR: SegmentFields = SegmentName::Tr.fields();
const LDTR: SegmentFields = SegmentName::Ldtr.fields();
const USABLE: &[Term] = &[state(LDTR_USABLE, 0)];
const RESERVED: u64 = AccessRights::RESERVED as u64;

#[rustfmt::skip]
pub(in super::super) static SELECTORS: &[Row] = &[
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.tr.selector", GUEST_SEGMENTS,
            "TR must come from the GDT: bit 2 of its selector is 0."),
        when: &[], fields: &[TR.selector], test: Test::Bits(0, 1 << 2) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.ldtr.selector", GUEST_SEGMENTS,
            "A usable LDTR must come from the GDT: bit 2 of its selector is 0."),
        when: USABLE, fields: &[LDTR.selector], test: Test::Bits(0, 1 << 2) },
];

#[rustfmt::skip]
pub(in super::super) static ROWS: &[Row] = &[
    Row { rule: &Rule::guest("guest.segment.tr.base", GUEST_SEGMENTS, "The base of TR must be canonical."),
        when: &[], fields: &[TR.base], test: Test::Canonical },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.ldtr.base", GUEST_SEGMENTS,
            "The base of a usable LDTR must be canonical."),
        when: USABLE, fields: &[LDTR.base], test: Test::Canonical },
    Row { rule: &Rule::guest("guest.segment.tr.type", GUEST_SEGMENTS,
            "TR must be a busy TSS: type 11, or 3 outside IA-32e mode."),
        when: &[], fields: &[TR.access_rights], test: Test::Special(tr_type) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.tr.s", GUEST_SEGMENTS, "TR must be a system segment (S, bit 4, is 0)."),
        when: &[], fields: &[TR.access_rights], test: Test::Bits(0, 1 << 4) },
    Row { rule: &Rule::guest("guest.segment.tr.present", GUEST_SEGMENTS, "TR must be present (P, bit 7)."),
        when: &[], fields: &[TR.access_rights], test: Test::Bits(1 << 7, 0) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.tr.reserved", GUEST_SEGMENTS,
            "Bits 11:8 and 31:17 of the access rights of TR must be 0."),
        when: &[], fields: &[TR.access_rights], test: Test::Bits(0, RESERVED) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.tr.granularity.bytes", GUEST_SEGMENTS,
            "A limit of TR with a 0 among bits 11:0 must count bytes (G, bit 15, is 0)."),
        when: &[], fields: &[TR.access_rights], test: Test::Special(bytes) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.tr.granularity.pages", GUEST_SEGMENTS,
            "A limit of TR with a 1 among bits 31:20 must count pages (G, bit 15, is 1)."),
        when: &[], fields: &[TR.access_rights], test: Test::Special(pages) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.tr.usable", GUEST_SEGMENTS, "TR must be usable (bit 16 is 0)."),
        when: &[], fields: &[TR.access_rights], test: Test::Bits(0, 1 << 16) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.ldtr.type", GUEST_SEGMENTS, "A usable LDTR must be an LDT: type 2."),
        when: USABLE, fields: &[LDTR.access_rights], test: Test::Special(ldtr_type) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.ldtr.s", GUEST_SEGMENTS,
            "A usable LDTR must be a system segment (S, bit 4, is 0)."),
        when: USABLE, fields: &[LDTR.access_rights], test: Test::Bits(0, 1 << 4) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.ldtr.present", GUEST_SEGMENTS, "A usable LDTR must be present (P, bit 7)."),
        when: USABLE, fields: &[LDTR.access_rights], test: Test::Bits(1 << 7, 0) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.ldtr.reserved", GUEST_SEGMENTS,
            "Bits 11:8 and 31:17 of the access rights of a usable LDTR must be 0."),
        when: USABLE, fields: &[LDTR.access_rights], test: Test::Bits(0, RESERVED) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.ldtr.granularity.bytes", GUEST_SEGMENTS,
            "A limit of a usable LDTR with a 0 among bits 11:0 must count bytes (G, bit 15, is 0)."),
        when: USABLE, fields: &[LDTR.access_rights], test: Test::Special(bytes) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.ldtr.granularity.pages", GUEST_SEGMENTS,
            "A limit of a usable LDTR with a 1 among bits 31:20 must count pages (G, bit 15, is 1)."),
        when: USABLE, fields: &[LDTR.access_rights], test: Test::Special(pages) },

    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.table.base", GUEST_TABLES, "The bases of GDTR and IDTR must be canonical."),
        when: &[], fields: &[Field::GUEST_GDTR_BASE, Field::GUEST_IDTR_BASE], test: Test::Canonical },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.table.limit", GUEST_TABLES,
            "Bits 31:16 of the limits of GDTR and IDTR must be 0."),
        when: &[], fields: &[Field::GUEST_GDTR_LIMIT, Field::GUEST_IDTR_LIMIT], test: Test::Bits(0, 0xFFFF_0000) },
];

fn tr_type(audit: &Audit, _: Field, value: u64) -> Decision {
    let fits = match value & 0xF {
        11 => true,
        3 => !audit.has(Entry, entry::IA_32E_MODE_GUEST)?,
        _ => false,
    };
    demand(fits, Demand::Value(value & !0xF | 11))
}

fn ldtr_type(_: &Audit, _: Field, value: u64) -> Decision {
    demand(value & 0xF == 2, Demand::Value(value & !0xF | 2))
}
