//! Page-table entries and pages as plain values: SDM volume 3, "4-Level Paging". Nothing here touches
//! memory, so it runs anywhere.

use core::ops::Range;

/// Size of a small page and of a table, in bytes.
pub const SMALL_PAGE: u64 = 4096;
/// Size of a large page in bytes.
pub const LARGE_PAGE: u64 = 2 << 20;
/// Entries of a table.
pub const TABLE_ENTRIES: usize = 512;
/// The end of what one-to-one tables of four levels can map: the lower half.
pub const ADDRESS_END: u64 = 1 << 47;

const PRESENT: u64 = 1 << 0;
const WRITABLE: u64 = 1 << 1;
const WRITE_THROUGH: u64 = 1 << 3;
const CACHE_DISABLED: u64 = 1 << 4;
const ACCESSED: u64 = 1 << 5;
const DIRTY: u64 = 1 << 6;
const LARGE: u64 = 1 << 7;
const NO_EXECUTE: u64 = 1 << 63;
const ADDRESS: u64 = 0x000f_ffff_ffff_f000;

/// What a page may be used for. No two of writing and executing go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read and execute.
    Execute,
    /// Read.
    Read,
    /// Read and write.
    Write,
    /// Read and write, past all caches.
    Device,
    /// None: the page is not mapped.
    Nothing,
}

/// Whether entries can forbid execution: CPUID 80000001h, EDX bit 20, and EFER.NXE set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoExecute {
    /// Bit 63 is reserved.
    Absent,
    /// Bit 63 may be set.
    Available,
}

/// Size of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageSize {
    /// 4 KiB.
    Small,
    /// 2 MiB.
    Large,
}

impl PageSize {
    /// In bytes.
    pub const fn bytes(self) -> u64 {
        match self {
            Self::Small => SMALL_PAGE,
            Self::Large => LARGE_PAGE,
        }
    }
}

/// A page, one to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its first byte.
    pub address: u64,
    /// Its size.
    pub size: PageSize,
}

/// An entry of any level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Entry(pub u64);

impl Entry {
    /// The entry that maps `page` one to one. Accessed and dirty are set from the start: the CPU then never
    /// writes to the tables, and a checksum over them stays what it was.
    pub fn leaf(page: Page, access: Access, no_execute: NoExecute) -> Self {
        let rights = match access {
            Access::Nothing => return Self(0),
            Access::Execute => PRESENT,
            Access::Read => PRESENT | NO_EXECUTE,
            Access::Write => PRESENT | WRITABLE | NO_EXECUTE,
            Access::Device => PRESENT | WRITABLE | CACHE_DISABLED | WRITE_THROUGH | NO_EXECUTE,
        };
        let usable = match no_execute {
            NoExecute::Available => rights,
            NoExecute::Absent => rights & !NO_EXECUTE,
        };
        let size = match page.size {
            PageSize::Small => 0,
            PageSize::Large => LARGE,
        };
        Self(page.address | usable | size | ACCESSED | DIRTY)
    }

    /// The entry that leads to the table at `address` and restricts nothing: rights are the leaves' matter.
    pub const fn table(address: u64) -> Self {
        Self(address | PRESENT | WRITABLE | ACCESSED)
    }

    /// Whether it leads anywhere.
    pub const fn is_present(self) -> bool {
        self.0 & PRESENT != 0
    }

    /// Whether it is present and maps a large page. Not for entries of the lowest level.
    pub const fn is_large(self) -> bool {
        self.is_present() && self.0 & LARGE != 0
    }

    /// The address of what it leads to.
    pub const fn address(self) -> u64 {
        self.0 & ADDRESS
    }

    /// Whether a leaf lets its page be written and executed.
    pub const fn is_writable_and_executable(self) -> bool {
        self.is_present() && self.0 & WRITABLE != 0 && self.0 & NO_EXECUTE == 0
    }

    /// Entry `index` of a table of small pages that maps what this large page maps, with the same rights.
    pub const fn split(self, index: usize) -> Self {
        Self((self.0 & !LARGE) + index as u64 * SMALL_PAGE)
    }
}

/// Index of `address` into the table of a level: 3 for the root, 0 for the table of small pages.
pub const fn index(address: u64, level: u32) -> usize {
    (address >> (12 + 9 * level)) as usize % TABLE_ENTRIES
}

/// The pages that make up a range of whole small pages, the largest that fit.
pub fn pages(range: Range<u64>) -> impl Iterator<Item = Page> {
    let mut address = range.start;
    core::iter::from_fn(move || {
        if address >= range.end {
            return None;
        }
        let large = address.is_multiple_of(LARGE_PAGE) && range.end - address >= LARGE_PAGE;
        let page = Page { address, size: if large { PageSize::Large } else { PageSize::Small } };
        address += page.size.bytes();
        Some(page)
    })
}

/// The whole small pages inside a range.
pub fn inward(range: Range<u64>) -> Range<u64> {
    range.start.next_multiple_of(SMALL_PAGE)..range.end & !(SMALL_PAGE - 1)
}

/// The whole small pages that cover a range.
pub fn outward(range: Range<u64>) -> Range<u64> {
    range.start & !(SMALL_PAGE - 1)..range.end.next_multiple_of(SMALL_PAGE)
}
