//! The pure part of paging, on the host. The crate itself is bare metal, so the file is included, not linked.

#[path = "../src/paging/plan.rs"]
mod plan;

use plan::{Access, Entry, LARGE_PAGE, NoExecute, Page, PageSize, SMALL_PAGE};

const LARGE: PageSize = PageSize::Large;
const SMALL: PageSize = PageSize::Small;

#[test]
fn entries_have_the_manuals_bits() {
    let rows = [
        (0x0010_0000, SMALL, Access::Execute, NoExecute::Available, 0x0000_0000_0010_0061),
        (0x0010_1000, SMALL, Access::Read, NoExecute::Available, 0x8000_0000_0010_1061),
        (0x0010_2000, SMALL, Access::Write, NoExecute::Available, 0x8000_0000_0010_2063),
        (0x0020_0000, LARGE, Access::Write, NoExecute::Available, 0x8000_0000_0020_00e3),
        (0xfee0_0000, SMALL, Access::Device, NoExecute::Available, 0x8000_0000_fee0_007b),
        (0xfee0_0000, LARGE, Access::Device, NoExecute::Available, 0x8000_0000_fee0_00fb),
        (0x0010_2000, SMALL, Access::Write, NoExecute::Absent, 0x0000_0000_0010_2063),
        (0x0010_2000, SMALL, Access::Nothing, NoExecute::Available, 0),
    ];
    for (address, size, access, no_execute, expected) in rows {
        let entry = Entry::leaf(Page { address, size }, access, no_execute);
        assert_eq!(entry, Entry(expected), "{address:x} {size:?} {access:?} {no_execute:?}");
    }
    assert_eq!(Entry::table(0x5000), Entry(0x5023));
}

#[test]
fn no_access_is_writable_and_executable() {
    for access in [Access::Execute, Access::Read, Access::Write, Access::Device, Access::Nothing] {
        let entry = Entry::leaf(Page { address: 0, size: SMALL }, access, NoExecute::Available);
        assert!(!entry.is_writable_and_executable(), "{access:?}");
    }
    for (bits, expected) in [(0b011, true), (0b001, false), (0b010, false), (1 << 63 | 0b011, false)] {
        assert_eq!(Entry(bits).is_writable_and_executable(), expected, "{bits:x}");
    }
}

#[test]
fn a_range_is_cut_into_the_largest_pages_that_fit() {
    let count = |start, end| {
        let pages: Vec<Page> = plan::pages(start..end).collect();
        let mut next = start;
        for page in &pages {
            assert_eq!(page.address, next);
            assert_eq!(page.address % page.size.bytes(), 0);
            next += page.size.bytes();
        }
        let large = pages.iter().filter(|page| page.size == LARGE).count();
        (pages.len() - large, large)
    };
    let rows = [
        (0, LARGE_PAGE, (0, 1)),
        (0, LARGE_PAGE - SMALL_PAGE, (511, 0)),
        (SMALL_PAGE, LARGE_PAGE, (511, 0)),
        (SMALL_PAGE, 2 * LARGE_PAGE + SMALL_PAGE, (512, 1)),
        (0x10_0000, 0x3ff_0000, (256 + 496, 30)),
    ];
    for (start, end, expected) in rows {
        assert_eq!(count(start, end), expected, "{start:x}..{end:x}");
    }
    assert_eq!(plan::pages(0x1000..0x1000).count(), 0);
}

#[test]
fn ranges_are_rounded_to_small_pages() {
    assert_eq!(plan::inward(0x1001..0x3fff), 0x2000..0x3000);
    assert_eq!(plan::inward(0x1000..0x3000), 0x1000..0x3000);
    assert_eq!(plan::outward(0x1001..0x3001), 0x1000..0x4000);
    assert_eq!(plan::outward(0x1000..0x3000), 0x1000..0x3000);
}

#[test]
fn a_split_large_page_maps_the_same_memory_with_the_same_rights() {
    let large = Entry::leaf(Page { address: 0x40_0000, size: LARGE }, Access::Write, NoExecute::Available);
    for index in [0, 1, 511] {
        let page = Page { address: 0x40_0000 + index as u64 * SMALL_PAGE, size: SMALL };
        assert_eq!(large.split(index), Entry::leaf(page, Access::Write, NoExecute::Available), "{index}");
    }
    assert!(large.is_large() && !large.split(0).is_large());
}

#[test]
fn an_address_has_nine_bits_for_each_level() {
    let address = 1 << 39 | 2 << 30 | 3 << 21 | 4 << 12 | 5;
    assert_eq!([3, 2, 1, 0].map(|level| plan::index(address, level)), [1, 2, 3, 4]);
    assert_eq!(Entry(0x8000_0000_0020_00e3).address(), 0x20_0000);
    assert!(plan::ADDRESS_END.is_power_of_two() && plan::TABLE_ENTRIES == 512);
}
