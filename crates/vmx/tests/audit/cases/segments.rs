//! Rules on segment registers and descriptor tables.

use vmx::Field;

use super::Change::Set;
use super::{Case, case};

const V: &str = "v8086";
const P: &str = "protected32";
const USER: &str = "protected32-user";
const CS: Field = Field::GUEST_CS_ACCESS_RIGHTS;
const SS: Field = Field::GUEST_SS_ACCESS_RIGHTS;
const DS: Field = Field::GUEST_DS_ACCESS_RIGHTS;
const TR: Field = Field::GUEST_TR_ACCESS_RIGHTS;
const LDTR: Field = Field::GUEST_LDTR_ACCESS_RIGHTS;
const FRED: super::Change = Set(Field::GUEST_CR4, 0x1_0000_2620);

#[rustfmt::skip]
pub const CASES: &[Case] = &[
    case("guest.segment.tr.selector", V, &[Set(Field::GUEST_TR_SELECTOR, 4)], &[Set(Field::GUEST_TR_SELECTOR, 3)]),
    case("guest.segment.ldtr.selector", V, &[Set(Field::GUEST_LDTR_SELECTOR, 0x14)], &[Set(Field::GUEST_LDTR_SELECTOR, 0x14), Set(LDTR, 1 << 16)]),
    case("guest.segment.ss.rpl", P, &[Set(Field::GUEST_CS_SELECTOR, 0x0B)], &[Set(Field::GUEST_CS_SELECTOR, 0x0C)]),
    case("guest.segment.ss.rpl", P, &[Set(Field::GUEST_CS_SELECTOR, 0x09)],
        &[Set(Field::GUEST_CS_SELECTOR, 0x09), Set(Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, 0x82), Set(Field::EPT_POINTER, 0x1E)]),
    case("guest.segment.v8086.base", V, &[Set(Field::GUEST_ES_BASE, 1)], &[Set(Field::GUEST_ES_SELECTOR, 1), Set(Field::GUEST_ES_BASE, 16)]),
    case("guest.segment.v8086.base", V, &[Set(Field::GUEST_GS_BASE, 1 << 47)], &[]),
    case("guest.segment.base.canonical", "long", &[Set(Field::GUEST_GS_BASE, 1 << 47)], &[Set(Field::GUEST_GS_BASE, 1 << 46)]),
    case("guest.segment.base.high", P, &[Set(Field::GUEST_SS_BASE, 1 << 32)], &[Set(Field::GUEST_SS_BASE, 0xFFFF_FFFF)]),
    case("guest.segment.base.high", "long", &[Set(Field::GUEST_CS_BASE, 1 << 32)], &[Set(Field::GUEST_DS_BASE, 1 << 32)]),
    case("guest.segment.v8086.limit", V, &[Set(Field::GUEST_FS_LIMIT, 0xFFFE)], &[]),
    case("guest.segment.v8086.access_rights", V, &[Set(CS, 0x9B)], &[]),
    case("guest.segment.cs.type", P, &[Set(CS, 0xC093)], &[Set(CS, 0xC099)]),
    case("guest.segment.cs.type", "real", &[Set(CS, 0x97)], &[Set(CS, 0x93)]),
    case("guest.segment.ss.type", P, &[Set(SS, 0xC091)], &[Set(SS, 0xC097)]),
    case("guest.segment.data.accessed", P, &[Set(DS, 0xC092)], &[Set(DS, 0xC091)]),
    case("guest.segment.data.accessed", P, &[Set(DS, 0xC090)], &[Set(DS, 0x1_C090)]),
    case("guest.segment.data.readable", P, &[Set(DS, 0xC099)], &[Set(DS, 0xC09B)]),
    case("guest.segment.s", P, &[Set(DS, 0xC083)], &[Set(DS, 0x1_C083)]),
    case("guest.segment.cs.dpl.data", "real-big", &[Set(CS, 0xB3)], &[Set(CS, 0x93)]),
    case("guest.segment.cs.dpl.nonconforming", P, &[Set(CS, 0xC0BB)], &[Set(CS, 0xC09B)]),
    case("guest.segment.cs.dpl.conforming", P, &[Set(CS, 0xC0BF)], &[Set(CS, 0xC09F)]),
    case("guest.segment.cs.dpl.conforming", P, &[Set(CS, 0xC0FD)], &[Set(CS, 0xC09D)]),
    case("guest.segment.ss.dpl.rpl", P, &[Set(SS, 0xC0F3), Set(CS, 0xC0FB)], &[Set(SS, 0xC093)]),
    case("guest.segment.ss.dpl.zero", "real", &[Set(SS, 0xB3), Set(CS, 0xBB)], &[Set(Field::GUEST_SS_SELECTOR, 3)]),
    case("guest.segment.ss.dpl.zero", "real-big", &[Set(SS, 0xB3), Set(Field::GUEST_CR0, 0x31)], &[Set(CS, 0xBB), Set(SS, 0xB3), Set(Field::GUEST_CR0, 0x31)]),
    case("guest.segment.ss.fred.dpl", "long", &[FRED, Set(SS, 0xC0B3), Set(CS, 0xA0BB), Set(Field::GUEST_SS_SELECTOR, 0x11), Set(Field::GUEST_CS_SELECTOR, 9)], &[FRED]),
    case("guest.segment.ss.fred.code", "long", &[FRED, Set(CS, 0xC09B), Set(Field::GUEST_RIP, 0)], &[FRED]),
    case("guest.segment.ss.fred.user", "long-compatibility", &[FRED, Set(Field::GUEST_RFLAGS, 0x3202)], &[FRED]),
    case("guest.segment.ss.fred.user", "long-compatibility", &[FRED, Set(Field::GUEST_INTERRUPTIBILITY_STATE, 1)], &[Set(Field::GUEST_INTERRUPTIBILITY_STATE, 1)]),
    case("guest.segment.data.dpl", USER, &[Set(DS, 0xC093), Set(Field::GUEST_DS_LIMIT, u32::MAX as u64), Set(Field::GUEST_DS_SELECTOR, 3)],
        &[Set(DS, 0xC09F), Set(Field::GUEST_DS_LIMIT, u32::MAX as u64), Set(Field::GUEST_DS_SELECTOR, 3)]),
    case("guest.segment.data.dpl", P, &[Set(Field::GUEST_DS_SELECTOR, 1)],
        &[Set(Field::GUEST_DS_SELECTOR, 1), Set(Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, 0x82), Set(Field::EPT_POINTER, 0x1E)]),
    case("guest.segment.present", P, &[Set(DS, 0xC013)], &[Set(DS, 0x1_C013)]),
    case("guest.segment.reserved", P, &[Set(CS, 0xC19B)], &[Set(CS, 0xD09B)]),
    case("guest.segment.reserved", P, &[Set(DS, 0x2_C093)], &[Set(DS, 0x3_C093)]),
    case("guest.segment.cs.default_size", "long", &[Set(CS, 0xE09B)], &[Set(CS, 0xC09B), Set(Field::GUEST_RIP, 0)]),
    case("guest.segment.granularity.bytes", P, &[Set(Field::GUEST_DS_LIMIT, 0xFFFF_FFFE)], &[Set(Field::GUEST_DS_LIMIT, 0xFFF)]),
    case("guest.segment.granularity.pages", "protected16", &[Set(Field::GUEST_DS_LIMIT, 0x10_0000)], &[Set(Field::GUEST_DS_LIMIT, 0xF_FFFF)]),
    case("guest.segment.tr.base", V, &[Set(Field::GUEST_TR_BASE, 1 << 47)], &[Set(Field::GUEST_TR_BASE, 1 << 46)]),
    case("guest.segment.ldtr.base", V, &[Set(Field::GUEST_LDTR_BASE, 1 << 47)], &[Set(Field::GUEST_LDTR_BASE, 1 << 47), Set(LDTR, 1 << 16)]),
    case("guest.segment.tr.type", V, &[Set(TR, 0x89)], &[Set(TR, 0x83)]),
    case("guest.segment.tr.type", "long", &[Set(TR, 0x83)], &[Set(TR, 0x8B)]),
    case("guest.segment.tr.s", V, &[Set(TR, 0x9B)], &[]),
    case("guest.segment.tr.present", V, &[Set(TR, 0x0B)], &[]),
    case("guest.segment.tr.reserved", V, &[Set(TR, 0x18B)], &[Set(TR, 0x108B)]),
    case("guest.segment.tr.granularity.bytes", V, &[Set(TR, 0x808B)], &[Set(TR, 0x808B), Set(Field::GUEST_TR_LIMIT, 0x2FFF)]),
    case("guest.segment.tr.granularity.pages", V, &[Set(Field::GUEST_TR_LIMIT, 0x10_0000)], &[Set(Field::GUEST_TR_LIMIT, 0xF_FFFF)]),
    case("guest.segment.tr.usable", V, &[Set(TR, 0x1_008B)], &[]),
    case("guest.segment.ldtr.type", V, &[Set(LDTR, 0x83)], &[Set(LDTR, 0x82)]),
    case("guest.segment.ldtr.s", V, &[Set(LDTR, 0x92)], &[Set(LDTR, 0x1_0092)]),
    case("guest.segment.ldtr.present", V, &[Set(LDTR, 0x02)], &[Set(LDTR, 0x1_0002)]),
    case("guest.segment.ldtr.reserved", V, &[Set(LDTR, 0x182)], &[Set(LDTR, 0x1082)]),
    case("guest.segment.ldtr.granularity.bytes", V, &[Set(LDTR, 0x8082)], &[Set(LDTR, 0x8082), Set(Field::GUEST_LDTR_LIMIT, 0xFFF)]),
    case("guest.segment.ldtr.granularity.pages", V, &[Set(Field::GUEST_LDTR_LIMIT, 0x8000_0000)], &[Set(Field::GUEST_LDTR_LIMIT, 0xF_FFFF)]),
    case("guest.table.base", V, &[Set(Field::GUEST_GDTR_BASE, 1 << 47)], &[Set(Field::GUEST_GDTR_BASE, !0 << 47)]),
    case("guest.table.limit", V, &[Set(Field::GUEST_IDTR_LIMIT, 0x1_0000)], &[Set(Field::GUEST_IDTR_LIMIT, 0)]),
];
