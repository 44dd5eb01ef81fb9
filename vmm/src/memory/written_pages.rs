//! Which pages of a guest's memory were written since the list was last taken: for the fuzzer, which restores no others.

use super::PAGE_BYTES;

/// Pages that can be noted: 2 MiB.
pub const PAGES: usize = 0x200;

/// See the module.
pub struct WrittenPages {
    written: [bool; PAGES],
    list: [u16; PAGES],
    count: usize,
}

impl WrittenPages {
    /// None.
    pub const fn new() -> Self {
        Self { written: [false; PAGES], list: [0; PAGES], count: 0 }
    }

    /// Notes the pages of `length` bytes from `address` on.
    pub fn note(&mut self, address: usize, length: usize) {
        let end = (address + length).div_ceil(PAGE_BYTES).min(PAGES);
        for page in address / PAGE_BYTES..end {
            if !core::mem::replace(&mut self.written[page], true) {
                self.list[self.count] = page as u16;
                self.count += 1;
            }
        }
    }

    /// Whether a page was written.
    pub fn holds(&self, page: usize) -> bool {
        self.written.get(page).copied().unwrap_or(true)
    }

    /// Takes the list; afterwards none is noted.
    pub fn take(&mut self) -> ([u16; PAGES], usize) {
        let count = core::mem::take(&mut self.count);
        self.list[..count].iter().for_each(|&page| self.written[usize::from(page)] = false);
        (self.list, count)
    }
}
