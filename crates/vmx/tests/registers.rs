//! Control registers, segments and bitmaps.

use vmx::bitmap::{IoBitmaps, MsrAccess, MsrBitmaps, MsrOutOfRange, PAGE_BYTES, Policy};
use vmx::capability::Profile;
use vmx::control_register::{FixedBits, Restriction, cr0, cr4};
use vmx::segment::{AccessRights, Segment, SegmentName};
use vmx::{Field, Machine};

#[test]
fn fixed_bits_are_applied_and_wrong_ones_are_named() {
    let fixed = FixedBits { must_be_1: 0x21, may_be_1: 0xFF };
    // value, applied, wrong bits
    let rows = [(0x21, 0x21, 0), (0x20, 0x21, 1), (0x121, 0x21, 0x100), (0, 0x21, 0x21), (0xFF, 0xFF, 0)];
    for (value, applied, wrong) in rows {
        assert_eq!(fixed.apply(value), applied, "{value:X}h");
        assert_eq!(fixed.wrong_bits(value), wrong, "{value:X}h");
    }
}

#[test]
fn cr0_must_have_protection_paging_and_ne_unless_the_guest_is_unrestricted() {
    for profile in Profile::ALL {
        let fixed = profile.capabilities.cr0_fixed();
        assert_eq!(fixed.must_be_1, cr0::PE | cr0::NE | cr0::PG, "{}", profile.name);
        let restricted = fixed.for_guest_cr0(Restriction::Restricted);
        assert_eq!(restricted.wrong_bits(cr0::NE), cr0::PE | cr0::PG);
        let unrestricted = fixed.for_guest_cr0(Restriction::Unrestricted);
        assert_eq!(unrestricted.wrong_bits(cr0::NE), 0);
        assert_eq!(unrestricted.wrong_bits(0), cr0::NE, "NE stays fixed");
        assert_eq!(unrestricted.wrong_bits(1 << 32 | cr0::NE), 1 << 32);
    }
}

#[test]
fn cr4_must_have_vmxe_and_only_bits_that_the_model_knows() {
    // name, the bits of CR4 that may be 1
    let rows = [
        ("core2", 0x467FF),
        ("lynnfield", 0x67FF),
        ("arrandale", 0x67FF),
        ("haswell", 0x1727FF),
        ("skylake", 0x3727FF),
        ("tigerlake", 0xF72FFF),
    ];
    for (name, may_be_1) in rows {
        let fixed = Profile::from_name(name).unwrap().capabilities.cr4_fixed();
        assert_eq!((fixed.must_be_1, fixed.may_be_1), (cr4::VMXE, may_be_1), "{name}");
        assert_eq!(fixed.wrong_bits(0x2011), 0, "{name}: VMXE, PSE and VME pass");
        assert_eq!(fixed.wrong_bits(0x11), cr4::VMXE, "{name}");
        assert_eq!(fixed.wrong_bits(cr4::VMXE | cr4::LA57), cr4::LA57, "{name}");
    }
}

#[test]
fn a_v8086_segment_is_its_selector_times_16() {
    for (selector, base) in [(0, 0), (0x1000, 0x10000), (0xF000, 0xF0000), (0xFFFF, 0xFFFF0)] {
        let wanted = Segment { selector, base, limit: 0xFFFF, access_rights: AccessRights(0xF3) };
        assert_eq!(Segment::v8086(selector), wanted);
    }
}

#[test]
fn writing_a_segment_plans_its_four_fields_and_reading_returns_it() {
    // register, encodings of selector, base, limit, access rights
    let rows = [
        (SegmentName::Es, [0x0800, 0x6806, 0x4800, 0x4814]),
        (SegmentName::Cs, [0x0802, 0x6808, 0x4802, 0x4816]),
        (SegmentName::Ss, [0x0804, 0x680A, 0x4804, 0x4818]),
        (SegmentName::Ds, [0x0806, 0x680C, 0x4806, 0x481A]),
        (SegmentName::Fs, [0x0808, 0x680E, 0x4808, 0x481C]),
        (SegmentName::Gs, [0x080A, 0x6810, 0x480A, 0x481E]),
        (SegmentName::Ldtr, [0x080C, 0x6812, 0x480C, 0x4820]),
        (SegmentName::Tr, [0x080E, 0x6814, 0x480E, 0x4822]),
    ];
    let segment = Segment { selector: 8, base: 0x2000, limit: 0x2088, access_rights: AccessRights::BUSY_TSS };
    for (name, encodings) in rows {
        let mut machine = Machine::new();
        segment.write_to(name, &mut machine);
        let values = encodings.map(|encoding| machine.get(Field::from_encoding(encoding).unwrap()));
        assert_eq!(values, [Some(8), Some(0x2000), Some(0x2088), Some(0x8B)], "{name}");
        assert_eq!(machine.len(), 4, "{name}");
        assert_eq!(Segment::read_from(name, &machine), Some(segment), "{name}");
        machine.remove(name.fields().limit);
        assert_eq!(Segment::read_from(name, &machine), None, "{name}");
    }
}

#[test]
fn access_rights_are_told_in_words() {
    let rows = [
        (0xF3, "F3h: present, privilege 3, read-write data, accessed"),
        (0x9B, "9Bh: present, privilege 0, execute-read code, accessed"),
        (0xA09B, "A09Bh: present, privilege 0, execute-read code, accessed, 64-bit, limit in pages"),
        (0x8B, "8Bh: present, privilege 0, TSS, busy"),
        (0x82, "82h: present, privilege 0, LDT"),
        (0x1_0000, "10000h: unusable"),
        (0x73, "73h: not present, privilege 3, read-write data, accessed"),
        (0x1F3, "1F3h: present, privilege 3, read-write data, accessed, reserved bits set"),
    ];
    for (value, words) in rows {
        assert_eq!(AccessRights(value).to_string(), words);
    }
}

fn ones(page: &[u8; PAGE_BYTES]) -> Vec<(usize, u8)> {
    page.iter().enumerate().filter(|(_, byte)| **byte != 0).map(|(at, byte)| (at, *byte)).collect()
}

#[test]
fn an_intercepted_port_sets_exactly_its_bit() {
    // port, in which bitmap, byte, value
    let rows = [
        (0x0000, 'A', 0x000, 0x01),
        (0x0007, 'A', 0x000, 0x80),
        (0x0060, 'A', 0x00C, 0x01),
        (0x03F8, 'A', 0x07F, 0x01),
        (0x7FFF, 'A', 0xFFF, 0x80),
        (0x8000, 'B', 0x000, 0x01),
        (0x8900, 'B', 0x120, 0x01),
        (0xFFFF, 'B', 0xFFF, 0x80),
    ];
    for (port, page, byte, value) in rows {
        let mut bitmaps = IoBitmaps::all(Policy::Allow);
        bitmaps.set(port, Policy::Intercept);
        let (hit, other) = if page == 'A' { (bitmaps.a(), bitmaps.b()) } else { (bitmaps.b(), bitmaps.a()) };
        assert_eq!(ones(hit), [(byte, value)], "port {port:X}h");
        assert_eq!(ones(other), [], "port {port:X}h");
        assert_eq!(bitmaps.policy(port), Policy::Intercept);
        assert_eq!(bitmaps.policy(port ^ 1), Policy::Allow);
        bitmaps.set(port, Policy::Allow);
        assert_eq!(bitmaps, IoBitmaps::all(Policy::Allow));
    }
}

#[test]
fn a_range_of_ports_includes_both_ends_and_crosses_the_bitmaps() {
    let mut bitmaps = IoBitmaps::all(Policy::Intercept);
    bitmaps.set_range(0x3F8..=0x3FF, Policy::Allow);
    assert_eq!(bitmaps.a()[0x7E..=0x80], [0xFF, 0x00, 0xFF]);
    let mut bitmaps = IoBitmaps::all(Policy::Allow);
    bitmaps.set_range(0x7FFE..=0x8001, Policy::Intercept);
    assert_eq!(ones(bitmaps.a()), [(0xFFF, 0xC0)]);
    assert_eq!(ones(bitmaps.b()), [(0, 0x03)]);
    bitmaps.set_range(0..=0xFFFF, Policy::Intercept);
    assert_eq!(bitmaps, IoBitmaps::all(Policy::Intercept));
}

#[test]
fn an_intercepted_msr_sets_exactly_its_bit() {
    // MSR, access, byte, value
    let rows = [
        (0x0000_0000, MsrAccess::Read, 0x000, 0x01),
        (0x0000_003A, MsrAccess::Read, 0x007, 0x04),
        (0x0000_1FFF, MsrAccess::Read, 0x3FF, 0x80),
        (0xC000_0000, MsrAccess::Read, 0x400, 0x01),
        (0xC000_0080, MsrAccess::Read, 0x410, 0x01),
        (0xC000_1FFF, MsrAccess::Read, 0x7FF, 0x80),
        (0x0000_0000, MsrAccess::Write, 0x800, 0x01),
        (0x0000_1FFF, MsrAccess::Write, 0xBFF, 0x80),
        (0xC000_0000, MsrAccess::Write, 0xC00, 0x01),
        (0xC000_1FFF, MsrAccess::Write, 0xFFF, 0x80),
    ];
    for (msr, access, byte, value) in rows {
        let mut bitmaps = MsrBitmaps::all(Policy::Allow);
        assert_eq!(bitmaps.set(msr, access, Policy::Intercept), Ok(()));
        assert_eq!(ones(bitmaps.bytes()), [(byte, value)], "MSR {msr:X}h {access:?}");
        assert_eq!(bitmaps.policy(msr, access), Policy::Intercept);
        assert_eq!(bitmaps.set(msr, access, Policy::Allow), Ok(()));
        assert_eq!(bitmaps, MsrBitmaps::all(Policy::Allow));
    }
}

#[test]
fn an_msr_without_a_bit_always_exits() {
    let mut bitmaps = MsrBitmaps::all(Policy::Allow);
    for msr in [0x2000, 0xBFFF_FFFF, 0xC000_2000, u32::MAX] {
        assert_eq!(bitmaps.set(msr, MsrAccess::Read, Policy::Allow), Err(MsrOutOfRange(msr)));
        assert_eq!(bitmaps.policy(msr, MsrAccess::Read), Policy::Intercept, "MSR {msr:X}h");
    }
    assert_eq!(bitmaps, MsrBitmaps::all(Policy::Allow));
}

#[test]
fn bitmaps_can_be_handed_to_the_processor_as_pages() {
    assert_eq!((size_of::<IoBitmaps>(), align_of::<IoBitmaps>()), (0x2000, 0x1000));
    assert_eq!((size_of::<MsrBitmaps>(), align_of::<MsrBitmaps>()), (0x1000, 0x1000));
    let bitmaps = IoBitmaps::all(Policy::Allow);
    assert_eq!(bitmaps.b().as_ptr().addr() - bitmaps.a().as_ptr().addr(), 0x1000);
}
