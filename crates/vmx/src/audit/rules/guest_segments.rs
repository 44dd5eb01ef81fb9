//! Rules on the guest's CS, SS, DS, ES, FS and GS ("Checks on Guest Segment Registers", section 28.3.1.2).
//!
//! They have two branches: in virtual-8086 mode each register has one permitted form; elsewhere a register that is
//! usable (CS always is) is judged by its parts, and "unrestricted guest" frees some of them for real mode.

use super::super::engine::{Audit, Breach, Decision, HOLDS, Row, Term, Test, bits, demand, off, on, state};
use super::super::finding::{Demand, Evidence, Why};
use super::super::rule::{Rule, section::GUEST_SEGMENTS as S};
use super::super::state::{FRED, PROTECTED, V8086};
use crate::controls::ControlKind::{Entry, Secondary};
use crate::controls::{entry, secondary};
use crate::field::Field;
use crate::segment::{AccessRights, SegmentFields, SegmentName};

const NOT_V8086: Term = state(0, V8086);
const RESTRICTED: Term = off(Secondary, secondary::UNRESTRICTED_GUEST);
const UNRESTRICTED: Term = on(Secondary, secondary::UNRESTRICTED_GUEST);
const CS: SegmentFields = SegmentName::Cs.fields();
const SS: SegmentFields = SegmentName::Ss.fields();

const RIGHTS: &[Field] = &[
    SegmentName::Es.fields().access_rights,
    CS.access_rights,
    SS.access_rights,
    SegmentName::Ds.fields().access_rights,
    SegmentName::Fs.fields().access_rights,
    SegmentName::Gs.fields().access_rights,
];
const DATA_RIGHTS: &[Field] = &[
    SegmentName::Es.fields().access_rights,
    SegmentName::Ds.fields().access_rights,
    SegmentName::Fs.fields().access_rights,
    SegmentName::Gs.fields().access_rights,
];
const BASES: &[Field] = &[
    SegmentName::Es.fields().base,
    CS.base,
    SS.base,
    SegmentName::Ds.fields().base,
    SegmentName::Fs.fields().base,
    SegmentName::Gs.fields().base,
];
const LIMITS: &[Field] = &[
    SegmentName::Es.fields().limit,
    CS.limit,
    SS.limit,
    SegmentName::Ds.fields().limit,
    SegmentName::Fs.fields().limit,
    SegmentName::Gs.fields().limit,
];

#[rustfmt::skip]
pub(in super::super) static ROWS: &[Row] = &[
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.ss.rpl", S,
            "The privilege in the selector of SS must be that in the selector of CS."),
        when: &[NOT_V8086, RESTRICTED], fields: &[SS.selector], test: Test::Special(ss_rpl) },
    Row { rule: &Rule::guest("guest.segment.v8086.base", S,
            "In virtual-8086 mode each segment's base must be its selector times 16."),
        when: &[state(V8086, 0)], fields: BASES, test: Test::Special(v8086_base) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.base.canonical", S, "The bases of FS and GS must be canonical."),
        when: &[NOT_V8086], fields: &[SegmentName::Fs.fields().base, SegmentName::Gs.fields().base],
        test: Test::Canonical },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.base.high", S,
            "Bits 63:32 of the bases of CS and of usable SS, DS and ES must be 0."),
        when: &[NOT_V8086], fields: &[SegmentName::Es.fields().base, CS.base, SS.base, SegmentName::Ds.fields().base],
        test: Test::Special(high_base) },
    Row { rule: &Rule::guest("guest.segment.v8086.limit", S,
            "In virtual-8086 mode each segment's limit must be FFFFh."),
        when: &[state(V8086, 0)], fields: LIMITS, test: Test::Value(0xFFFF) },
    Row { rule: &Rule::guest("guest.segment.v8086.access_rights", S,
            "In virtual-8086 mode each segment's access rights must be F3h: present read-write data of privilege 3."),
        when: &[state(V8086, 0)], fields: RIGHTS, test: Test::Value(AccessRights::V8086.0 as u64) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.cs.type", S,
            "CS must be accessed code (type 9, 11, 13 or 15); in unrestricted guests also read-write data (3)."),
        when: &[NOT_V8086], fields: &[CS.access_rights], test: Test::Special(cs_type) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.ss.type", S,
            "A usable SS must be accessed read-write data (type 3 or 7)."),
        when: &[NOT_V8086], fields: &[SS.access_rights], test: Test::Special(ss_type) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.data.accessed", S,
            "The type of a usable DS, ES, FS or GS must be accessed (bit 0)."),
        when: &[NOT_V8086], fields: DATA_RIGHTS, test: Test::Special(accessed) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.data.readable", S, "Code in a usable DS, ES, FS or GS must be readable."),
        when: &[NOT_V8086], fields: DATA_RIGHTS, test: Test::Special(readable) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.s", S, "CS and each usable segment must be code or data (S, bit 4, is 1)."),
        when: &[NOT_V8086], fields: RIGHTS, test: Test::Special(code_or_data) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.cs.dpl.data", S, "The privilege of a CS that is data must be 0."),
        when: &[NOT_V8086, UNRESTRICTED], fields: &[CS.access_rights], test: Test::Special(cs_data_dpl) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.cs.dpl.nonconforming", S,
            "The privilege of a non-conforming CS must be that of SS."),
        when: &[NOT_V8086], fields: &[CS.access_rights], test: Test::Special(nonconforming_dpl) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.cs.dpl.conforming", S,
            "The privilege of a conforming CS must not be greater than that of SS."),
        when: &[NOT_V8086], fields: &[CS.access_rights], test: Test::Special(conforming_dpl) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.ss.dpl.rpl", S, "The privilege of SS must be that in its selector."),
        when: &[NOT_V8086, RESTRICTED], fields: &[SS.access_rights], test: Test::Special(ss_dpl_rpl) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.ss.dpl.zero", S,
            "The privilege of SS must be 0 in real mode, and while CS is data."),
        when: &[NOT_V8086], fields: &[SS.access_rights], test: Test::Special(ss_dpl_zero) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.ss.fred.dpl", S, "With FRED, the privilege of SS must be 0 or 3."),
        when: &[NOT_V8086, state(FRED, 0)], fields: &[SS.access_rights], test: Test::Special(fred_dpl) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.ss.fred.code", S, "With FRED and privilege 0, CS must be 64-bit code."),
        when: &[NOT_V8086, state(FRED, 0)], fields: &[CS.access_rights], test: Test::Special(fred_code) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.ss.fred.user", S,
            "With FRED and privilege 3, IOPL must be 0 and STI must not block events."),
        when: &[NOT_V8086, state(FRED, 0)],
        fields: &[Field::GUEST_RFLAGS, Field::GUEST_INTERRUPTIBILITY_STATE], test: Test::Special(fred_user) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.data.dpl", S,
            "The privilege of a usable DS, ES, FS or GS, if not conforming, must not be less than its selector's."),
        when: &[NOT_V8086, RESTRICTED], fields: DATA_RIGHTS, test: Test::Special(data_dpl) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.present", S, "CS and each usable segment must be present (P, bit 7)."),
        when: &[NOT_V8086], fields: RIGHTS, test: Test::Special(present) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.reserved", S,
            "Bits 11:8 and 31:17 of the access rights of CS and of each usable segment must be 0."),
        when: &[NOT_V8086], fields: RIGHTS, test: Test::Special(reserved) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.cs.default_size", S,
            "D/B (bit 14) of CS must be 0 where L (bit 13) is 1 in IA-32e mode."),
        when: &[NOT_V8086, on(Entry, entry::IA_32E_MODE_GUEST)],
        fields: &[CS.access_rights], test: Test::Special(default_size) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.granularity.bytes", S,
            "A limit with a 0 among bits 11:0 must count bytes (G, bit 15, is 0)."),
        when: &[NOT_V8086], fields: RIGHTS, test: Test::Special(bytes) },
    #[cfg(feature = "every-rule")]
    Row { rule: &Rule::guest("guest.segment.granularity.pages", S,
            "A limit with a 1 among bits 31:20 must count pages (G, bit 15, is 1)."),
        when: &[NOT_V8086], fields: RIGHTS, test: Test::Special(pages) },
];

const S_BIT: u64 = 1 << 4;
const DPL: u64 = 3 << 5;
const P_BIT: u64 = 1 << 7;
const D_BIT: u64 = 1 << 14;
const G_BIT: u64 = 1 << 15;
const CODE: u64 = 8;
const CONFORMING: u64 = 4;
const READABLE: u64 = 2;
const ACCESSED: u64 = 1;

fn rights(value: u64) -> AccessRights {
    AccessRights(value as u32)
}

/// The register that `field` is a part of, by the parts' order in the VMCS.
pub(super) fn name_of(field: Field) -> SegmentName {
    const ALL: [SegmentName; 8] = SegmentName::ALL;
    let first = match field.encoding() {
        0x4814.. if field.encoding() < 0x6000 => 0x4814,
        0x4800..0x4814 => 0x4800,
        0x6806.. => 0x6806,
        _ => 0x0800,
    };
    ALL[(field.encoding() - first) as usize / 2 % ALL.len()]
}

/// Whether the rules on the parts of access rights hold for the register: CS, TR, or a usable one.
fn is_judged(field: Field, value: u64) -> bool {
    const TR: Field = SegmentName::Tr.fields().access_rights;
    field == CS.access_rights || field == TR || !rights(value).is_unusable()
}

fn ss_rpl(audit: &Audit, _: Field, selector: u64) -> Decision {
    let cs = audit.need(CS.selector)?;
    beside(selector & 3 == cs & 3, Demand::Value(selector & !3 | cs & 3), CS.selector, cs)
}

fn beside(holds: bool, demand: Demand, field: Field, value: u64) -> Decision {
    let breach: Breach = (demand, Evidence::Field(field, value));
    if holds { HOLDS } else { Ok(Some(breach)) }
}

fn v8086_base(audit: &Audit, field: Field, base: u64) -> Decision {
    let selector_field = name_of(field).fields().selector;
    let selector = audit.need(selector_field)?;
    beside(base == selector << 4, Demand::Value(selector << 4), selector_field, selector)
}

fn high_base(audit: &Audit, field: Field, base: u64) -> Decision {
    let rights_field = name_of(field).fields().access_rights;
    if base >> 32 == 0 || (field != CS.base && !is_judged(rights_field, audit.need(rights_field)?)) {
        return HOLDS;
    }
    bits(base, 0, !0xFFFF_FFFF)
}

fn cs_type(audit: &Audit, _: Field, value: u64) -> Decision {
    let fits = match value & 0xF {
        9 | 11 | 13 | 15 => true,
        3 => audit.has(Secondary, secondary::UNRESTRICTED_GUEST)?,
        _ => false,
    };
    demand(fits, Demand::Value(value & !0xF | 11))
}

fn ss_type(_: &Audit, field: Field, value: u64) -> Decision {
    let fits = !is_judged(field, value) || matches!(value & 0xF, 3 | 7);
    demand(fits, Demand::Value(value & !0xF | 3))
}

fn accessed(_: &Audit, field: Field, value: u64) -> Decision {
    bits(value, if is_judged(field, value) { ACCESSED } else { 0 }, 0)
}

fn readable(_: &Audit, field: Field, value: u64) -> Decision {
    let judged = is_judged(field, value) && value & CODE != 0;
    bits(value, if judged { READABLE } else { 0 }, 0)
}

fn code_or_data(_: &Audit, field: Field, value: u64) -> Decision {
    bits(value, if is_judged(field, value) { S_BIT } else { 0 }, 0)
}

fn cs_data_dpl(_: &Audit, _: Field, value: u64) -> Decision {
    bits(value, 0, if value & 0xF == 3 { DPL } else { 0 })
}

fn nonconforming_dpl(audit: &Audit, _: Field, value: u64) -> Decision {
    if value & (CODE | CONFORMING | ACCESSED) != CODE | ACCESSED {
        return HOLDS;
    }
    let ss = audit.need(SS.access_rights)?;
    beside(value & DPL == ss & DPL, Demand::Value(value & !DPL | ss & DPL), SS.access_rights, ss)
}

fn conforming_dpl(audit: &Audit, _: Field, value: u64) -> Decision {
    if value & (CODE | CONFORMING | ACCESSED) != CODE | CONFORMING | ACCESSED {
        return HOLDS;
    }
    let ss = audit.need(SS.access_rights)?;
    beside(value & DPL <= ss & DPL, Demand::Value(value & !DPL | ss & DPL), SS.access_rights, ss)
}

fn ss_dpl_rpl(audit: &Audit, _: Field, value: u64) -> Decision {
    let selector = audit.need(SS.selector)?;
    let wanted = (selector & 3) << 5;
    beside(value & DPL == wanted, Demand::Value(value & !DPL | wanted), SS.selector, selector)
}

fn ss_dpl_zero(audit: &Audit, _: Field, value: u64) -> Decision {
    if value & DPL == 0 {
        return HOLDS;
    }
    let is_protected = audit.is(PROTECTED);
    if is_protected == Ok(false) {
        return bits(value, 0, DPL);
    }
    if audit.need(CS.access_rights)? & 0xF == 3 {
        return bits(value, 0, DPL);
    }
    is_protected.map(|_| None)
}

fn fred_dpl(_: &Audit, _: Field, value: u64) -> Decision {
    demand(matches!(rights(value).privilege(), 0 | 3), Demand::OneOf(DPL, &[0, DPL]))
}

fn ss_dpl(audit: &Audit) -> Result<u8, Why> {
    Ok(rights(audit.need(SS.access_rights)?).privilege())
}

fn fred_code(audit: &Audit, _: Field, value: u64) -> Decision {
    bits(value, if ss_dpl(audit)? == 0 { 1 << 13 } else { 0 }, 0)
}

fn fred_user(audit: &Audit, field: Field, value: u64) -> Decision {
    let zeros = if field == Field::GUEST_RFLAGS { 3 << 12 } else { 1 };
    bits(value, 0, if ss_dpl(audit)? == 3 { zeros } else { 0 })
}

fn data_dpl(audit: &Audit, field: Field, value: u64) -> Decision {
    if !is_judged(field, value) || value & 0xF > 11 {
        return HOLDS;
    }
    let selector_field = name_of(field).fields().selector;
    let selector = audit.need(selector_field)?;
    let least = (selector & 3) << 5;
    beside(value & DPL >= least, Demand::Value(value & !DPL | least), selector_field, selector)
}

fn present(_: &Audit, field: Field, value: u64) -> Decision {
    bits(value, if is_judged(field, value) { P_BIT } else { 0 }, 0)
}

fn reserved(_: &Audit, field: Field, value: u64) -> Decision {
    bits(value, 0, if is_judged(field, value) { u64::from(AccessRights::RESERVED) } else { 0 })
}

fn default_size(_: &Audit, _: Field, value: u64) -> Decision {
    bits(value, 0, if rights(value).is_long() { D_BIT } else { 0 })
}

/// Demands G 0 where the limit has a 0 among bits 11:0.
pub(super) fn bytes(audit: &Audit, field: Field, value: u64) -> Decision {
    if !is_judged(field, value) || value & G_BIT == 0 {
        return HOLDS;
    }
    let limit_field = name_of(field).fields().limit;
    let limit = audit.need(limit_field)?;
    beside(limit & 0xFFF == 0xFFF, Demand::Bits { set: 0, clear: G_BIT }, limit_field, limit)
}

/// Demands G 1 where the limit has a 1 among bits 31:20.
pub(super) fn pages(audit: &Audit, field: Field, value: u64) -> Decision {
    if !is_judged(field, value) || value & G_BIT != 0 {
        return HOLDS;
    }
    let limit_field = name_of(field).fields().limit;
    let limit = audit.need(limit_field)?;
    beside(limit & 0xFFF0_0000 == 0, Demand::Bits { set: G_BIT, clear: 0 }, limit_field, limit)
}
