//! Rules on guest state.

use vmx::Field;
use vmx::capability::Profile;
use vmx::controls::{ControlKind, entry, pin};
use vmx::segment::SegmentName;

use crate::plan::{Row, flip, try_changes, v8086};

#[test]
fn guest_registers_are_those_of_a_virtual_8086_guest() {
    try_changes(
        &Profile::CORE2,
        &[
            (&[(Field::GUEST_CR0, 0x8000_0011)], &["guest.cr0.fixed"]),
            (&[(Field::GUEST_CR0, 0x0000_0031)], &["guest.cr0.fixed"]),
            (&[(Field::GUEST_CR0, 0xE000_0031)], &[]),
            (&[(Field::GUEST_CR0, 0x8000_0030)], &["guest.cr0.fixed", "guest.cr0.paging", "guest.rflags.vm"]),
            (&[(Field::GUEST_CR4, 0x0011)], &["guest.cr4.fixed"]),
            (&[(Field::GUEST_CR4, 0x2011 | 1 << 20)], &["guest.cr4.fixed"]),
            (&[(Field::GUEST_CR3, 1 << 40)], &["guest.cr3.width"]),
            (&[(Field::GUEST_DR7, 0xFFFF_FFFF)], &[]),
            (&[(Field::GUEST_DR7, 1 << 32)], &["guest.dr7.high"]),
            (&[(Field::GUEST_IA32_DEBUGCTL, 3)], &[]),
            (&[(Field::GUEST_IA32_DEBUGCTL, 1 << 16)], &["guest.debugctl.reserved"]),
            (&[(Field::GUEST_IA32_SYSENTER_EIP, 1 << 47)], &["guest.sysenter.canonical"]),
            (&[(Field::GUEST_GDTR_BASE, 1 << 47)], &["guest.table.base"]),
            (&[(Field::GUEST_IDTR_LIMIT, 0x1_0000)], &["guest.table.limit"]),
            (&[(Field::GUEST_RIP, 0xFFFF_FFFF)], &[]),
            (&[(Field::GUEST_RIP, 1 << 32)], &["guest.rip.high"]),
            (&[(Field::GUEST_RFLAGS, 0x2_3202)], &[]),
            (&[(Field::GUEST_RFLAGS, 0x2_0000)], &["guest.rflags.reserved"]),
            (&[(Field::GUEST_RFLAGS, 0x2_000A)], &["guest.rflags.reserved"]),
            (&[(Field::GUEST_RFLAGS, 0x42_0002)], &["guest.rflags.reserved"]),
            (&[(Field::GUEST_RFLAGS, 0x3F_7FD7)], &[]),
        ],
    );
    let core2 = &Profile::CORE2;
    let ia_32e = flip(core2, ControlKind::Entry, entry::IA_32E_MODE_GUEST);
    let pae = (Field::GUEST_CR4, 0x2031);
    try_changes(
        core2,
        &[
            (&[ia_32e, pae], &["guest.rflags.vm"]),
            (&[ia_32e], &["guest.ia_32e_mode.cr4", "guest.rflags.vm"]),
            (&[pae], &[]),
        ],
    );
    try_changes(&Profile::HASWELL, &[(&[(Field::GUEST_CR4, 0x2_2011)], &["guest.cr4.pcide"])]);
    let no_debug = flip(core2, ControlKind::Entry, entry::LOAD_DEBUG_CONTROLS);
    try_changes(core2, &[(&[no_debug, (Field::GUEST_DR7, 1 << 32)], &[])]);
}

#[test]
fn loaded_msrs_of_the_guest_are_well_formed() {
    let lynnfield = &Profile::LYNNFIELD;
    let pat = flip(lynnfield, ControlKind::Entry, entry::LOAD_IA32_PAT);
    let efer = flip(lynnfield, ControlKind::Entry, entry::LOAD_IA32_EFER);
    try_changes(
        lynnfield,
        &[
            (&[pat, (Field::GUEST_IA32_PAT, 0x0007_0406_0007_0406)], &[]),
            (&[pat, (Field::GUEST_IA32_PAT, 3)], &["guest.pat"]),
            (&[efer, (Field::GUEST_IA32_EFER, 0x801)], &[]),
            (&[efer, (Field::GUEST_IA32_EFER, 0x100)], &["guest.efer.lme"]),
            (&[efer, (Field::GUEST_IA32_EFER, 0x400)], &["guest.efer.lma", "guest.efer.lme"]),
            (&[efer, (Field::GUEST_IA32_EFER, 0x002)], &["guest.efer.reserved"]),
        ],
    );
}

#[test]
fn each_of_the_six_segments_has_its_one_permitted_form() {
    for name in SegmentName::CODE_AND_DATA {
        let fields = name.fields();
        let base = v8086(&Profile::CORE2.capabilities).get(fields.base).unwrap();
        try_changes(
            &Profile::CORE2,
            &[
                (&[(fields.base, base + 1)], &["guest.segment.v8086.base"]),
                (&[(fields.base, base | 1 << 32)], &["guest.segment.v8086.base"]),
                (&[(fields.limit, 0xFFFE)], &["guest.segment.v8086.limit"]),
                (&[(fields.limit, 0x1_0000)], &["guest.segment.v8086.limit"]),
                (&[(fields.access_rights, 0xF2)], &["guest.segment.v8086.access_rights"]),
                (&[(fields.access_rights, 0x1_00F3)], &["guest.segment.v8086.access_rights"]),
                (&[(fields.selector, 0x8000), (fields.base, 0x8_0000)], &[]),
            ],
        );
    }
}

#[test]
fn tr_is_a_busy_tss_and_ldtr_an_ldt_or_unusable() {
    const TR: Field = Field::GUEST_TR_ACCESS_RIGHTS;
    const LDTR: Field = Field::GUEST_LDTR_ACCESS_RIGHTS;
    try_changes(
        &Profile::CORE2,
        &[
            (&[(TR, 0x83)], &[]),
            (&[(TR, 0x89)], &["guest.segment.tr.type"]),
            (&[(TR, 0x0B)], &["guest.segment.tr.present"]),
            (&[(TR, 0x9B)], &["guest.segment.tr.s"]),
            (&[(TR, 0x18B)], &["guest.segment.tr.reserved"]),
            (&[(TR, 0x1_008B)], &["guest.segment.tr.usable"]),
            (&[(TR, 0x808B)], &["guest.segment.tr.granularity.bytes"]),
            (&[(TR, 0x808B), (Field::GUEST_TR_LIMIT, 0x2FFF)], &[]),
            (&[(Field::GUEST_TR_LIMIT, 0x10_0000)], &["guest.segment.tr.granularity.pages"]),
            (&[(Field::GUEST_TR_LIMIT, 0xF_FFFF)], &[]),
            (&[(Field::GUEST_TR_SELECTOR, 0x0C)], &["guest.segment.tr.selector"]),
            (&[(Field::GUEST_TR_BASE, 1 << 47)], &["guest.segment.tr.base"]),
            (&[(LDTR, 0x8B)], &["guest.segment.ldtr.type"]),
            (&[(LDTR, 0x02)], &["guest.segment.ldtr.present"]),
            (&[(LDTR, 0x1_0000)], &[]),
            (&[(LDTR, 0x1_FFFF), (Field::GUEST_LDTR_SELECTOR, 4), (Field::GUEST_LDTR_BASE, 1 << 63)], &[]),
            (&[(Field::GUEST_LDTR_SELECTOR, 0x14)], &["guest.segment.ldtr.selector"]),
            (&[(Field::GUEST_LDTR_BASE, 1 << 63)], &["guest.segment.ldtr.base"]),
        ],
    );
}

#[test]
fn activity_and_interruptibility_agree_with_flags_and_injection() {
    const ACTIVITY: Field = Field::GUEST_ACTIVITY_STATE;
    const BLOCKING: Field = Field::GUEST_INTERRUPTIBILITY_STATE;
    const WORD: Field = Field::VM_ENTRY_INTERRUPTION_INFORMATION;
    const IF: (Field, u64) = (Field::GUEST_RFLAGS, 0x2_0202);
    let core2 = &Profile::CORE2;
    let virtual_nmis = flip(core2, ControlKind::PinBased, pin::NMI_EXITING | pin::VIRTUAL_NMIS);
    try_changes(
        core2,
        &[
            (&[(ACTIVITY, 1)], &["guest.activity.hlt"]),
            (&[(ACTIVITY, 2)], &[]),
            (&[(ACTIVITY, 3)], &[]),
            (&[(ACTIVITY, 4)], &["guest.activity.supported"]),
            (&[(ACTIVITY, 2), (BLOCKING, 1), IF], &["guest.activity.blocking"]),
            (&[(BLOCKING, 1), IF], &[]),
            (&[(BLOCKING, 1)], &["guest.interruptibility.sti"]),
            (&[(BLOCKING, 2)], &[]),
            (&[(BLOCKING, 3), IF], &["guest.interruptibility.both"]),
            (&[(BLOCKING, 4)], &["guest.interruptibility.smi"]),
            (&[(BLOCKING, 8)], &[]),
            (&[(BLOCKING, 0x10)], &["guest.interruptibility.enclave"]),
            (&[(BLOCKING, 0x20)], &["guest.interruptibility.reserved"]),
            (&[(BLOCKING, 1), IF, (WORD, 0x8000_0008)], &["guest.interruptibility.external_interrupt"]),
            (&[(BLOCKING, 2), (WORD, 0x8000_0202)], &["guest.interruptibility.nmi"]),
            (&[(BLOCKING, 8), (WORD, 0x8000_0202)], &[]),
            (&[(BLOCKING, 8), (WORD, 0x8000_0202), virtual_nmis], &["guest.interruptibility.virtual_nmi"]),
        ],
    );
}

#[test]
fn pending_debug_exceptions_agree_with_single_stepping() {
    const PENDING: Field = Field::GUEST_PENDING_DEBUG_EXCEPTIONS;
    const BLOCKED: (Field, u64) = (Field::GUEST_INTERRUPTIBILITY_STATE, 2);
    const TF: (Field, u64) = (Field::GUEST_RFLAGS, 0x2_0102);
    const BTF: (Field, u64) = (Field::GUEST_IA32_DEBUGCTL, 2);
    let reserved = "guest.pending_debug.reserved";
    let step = "guest.pending_debug.single_step";
    try_changes(
        &Profile::CORE2,
        &[
            (&[(PENDING, 0x500F)], &[]),
            (&[(PENDING, 0x10)], &[reserved]),
            (&[(PENDING, 0x400)], &[reserved]),
            (&[(PENDING, 0x800)], &[reserved]),
            (&[(PENDING, 0x2000)], &[reserved]),
            (&[(PENDING, 0x8000)], &[reserved]),
            (&[(PENDING, 0x1_0000)], &["guest.pending_debug.rtm"]),
            (&[(PENDING, 1 << 63)], &[reserved]),
            (&[(PENDING, 0x4000), BLOCKED], &[step]),
            (&[(PENDING, 0x4000), BLOCKED, TF], &[]),
            (&[BLOCKED, TF], &[step]),
            (&[BLOCKED, TF, BTF], &[]),
            (&[TF], &[]),
        ],
    );
}

#[test]
fn the_link_pointer_is_all_ones_or_a_page() {
    let link = Field::VMCS_LINK_POINTER;
    let rule: &[&str] = &["guest.link_pointer"];
    let rows: &[Row] = &[
        (&[(link, 0x1000)], &[]),
        (&[(link, 0x1008)], rule),
        (&[(link, u64::MAX - 1)], rule),
        (&[(link, 1 << 40)], rule),
    ];
    try_changes(&Profile::CORE2, rows);
}
