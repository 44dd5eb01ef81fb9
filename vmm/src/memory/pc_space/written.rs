//! Which pages of a guest's RAM were written since it was last restored, for the fuzzer's VM: clean pages are mapped
//! read-only, the first write to each is noted and let through, and only those pages are restored. So it needs no
//! accessed and dirty flags of EPT, which the older models lack, and the same code serves page tables.

use super::super::written_pages::PAGES;
use super::{A20, Access, GuestRam, PAGE_BYTES, Page, PcSpace, PhysicalAddress};

/// Pages that nearly every program writes: interrupt table and BIOS data, boot sector, stack. They can be written from
/// the start, so that the first push of a program is what it is in an ordinary run.
const ALWAYS_WRITTEN: [usize; 3] = [0x00, 0x07, 0x0F];

/// See the module.
pub struct Watch {
    pristine: &'static [u8],
    /// Whether the guest may write to a page now; with A20 off two pages are one page of RAM.
    open: [bool; PAGES],
}

impl PcSpace {
    /// Takes RAM as it is now, in `pristine`, for what [`Self::restore`] brings back.
    ///
    /// # Panics
    /// If there is more RAM than this can follow, or than `pristine` holds.
    pub fn watch_writes(&mut self, pristine: &'static mut [u8]) {
        assert!(self.ram.length() <= PAGES * PAGE_BYTES, "too much RAM to be watched");
        assert!(pristine.len() == self.ram.length(), "a copy holds as much as RAM does");
        self.ram.read(0, pristine);
        self.watch = Some(Watch { pristine, open: [false; PAGES] });
        self.ram.written.take();
        (0..self.small_pages()).for_each(|page| self.map(page));
        self.restore();
    }

    /// The guest is about to be entered: the processor must know of each page that was mapped in place. Bochs 2.7 would not
    /// notice, since it keeps no translations over an entry.
    pub fn assert_told(&self) {
        assert!(!self.untold, "pages were mapped, and the processor was not told");
    }

    /// What is mapped for the guest is its own RAM, the page of ones, or a copy: nothing else can it read or change. (RAM in
    /// 2-MiB pages is mapped once, at the start.)
    pub(super) fn assert_own(&self, frame: PhysicalAddress, access: Access) {
        let ram = self.ram.address().0..self.ram.address().0 + self.ram.length() as u64;
        let mut others = [&self.hole].into_iter().chain(self.copies.iter().map(|(copy, _)| copy));
        let is_own = ram.contains(&frame.0) || others.any(|other| other.address() == frame);
        assert!(access == Access::None || is_own, "a page was mapped that is not the guest's own");
    }

    /// Shows the guest a page of another, as must not be.
    pub fn leak(&mut self, other: &GuestRam) {
        self.map_to(0, other.address(), Access::Read);
    }

    /// Writes behind the RAM, as no guest may.
    pub fn break_canary(&mut self) {
        self.ram.break_canary();
    }

    /// What the guest may do with `page`, behind which lies page `behind` of RAM.
    pub(super) fn access_to_ram(&mut self, page: usize, behind: usize) -> Access {
        let Some(watch) = &mut self.watch else { return Access::Write };
        let open = self.ram.written.holds(behind);
        if let Some(entry) = watch.open.get_mut(page) {
            *entry = open;
        }
        if open { Access::Write } else { Access::Read }
    }

    /// Answers a fault of the guest at `address` if it is a first write, which can then be tried again.
    pub fn first_write(&mut self, address: u64) -> bool {
        let page = address as usize / PAGE_BYTES;
        let is_open = match &self.watch {
            Some(watch) if page < self.small_pages() => watch.open[page],
            _ => return false,
        };
        let behind = self.gate(page * PAGE_BYTES);
        if self.kind(behind / PAGE_BYTES) != Page::Ram || is_open {
            return false;
        }
        self.ram.written.note(behind, PAGE_BYTES);
        self.map(page);
        self.changed();
        true
    }

    /// Brings back the pages that were written, and the gate and the video memory of a PC that was switched on.
    pub fn restore(&mut self) {
        self.close();
        let Some(watch) = &self.watch else { return };
        let (list, count) = self.ram.written.take();
        let list = list[..count].iter().map(|&page| usize::from(page));
        for page in list.clone() {
            let start = page * PAGE_BYTES;
            self.ram.write(start, &watch.pristine[start..start + PAGE_BYTES]);
        }
        // Those were writes, too.
        self.ram.written.take();
        self.set_a20(true);
        self.set_pixel_memory(false);
        ALWAYS_WRITTEN.iter().for_each(|&page| self.ram.written.note(page * PAGE_BYTES, PAGE_BYTES));
        for page in list.chain(ALWAYS_WRITTEN) {
            // Also where the gate showed it a second time.
            for page in [page, page ^ (A20 / PAGE_BYTES)] {
                if page < self.small_pages() {
                    self.map(page);
                }
            }
        }
        self.changed();
    }

    /// Brings back pages of which nobody was seen to write, if nothing but accessed and dirty bits was set in them: the
    /// guest named them as page tables. By the manual setting those bits is a write like any other, and a violation of EPT
    /// where the page is read-only (SDM vol. 3, 30.3.3.2 "EPT Violations"); Bochs 2.7 sets them without asking EPT.
    pub fn restore_table_bits(&mut self) {
        const ACCESSED_AND_DIRTY: u32 = 0x60;
        let Some(watch) = &self.watch else { return };
        let mut now = [0; PAGE_BYTES];
        for (page, pristine) in watch.pristine.chunks_exact(PAGE_BYTES).enumerate() {
            let start = page * PAGE_BYTES;
            if self.ram.written.holds(page) || self.ram.holds(start, pristine) {
                continue;
            }
            self.ram.read(start, &mut now);
            let entries = now.as_chunks::<4>().0.iter().zip(pristine.as_chunks::<4>().0);
            let mut added =
                entries.map(|(now, before)| u32::from_le_bytes(*now) ^ u32::from_le_bytes(*before));
            if added.all(|bits| bits & !ACCESSED_AND_DIRTY == 0) {
                self.ram.write(start, pristine);
            }
        }
    }

    /// Whether all RAM is as it was when [`Self::watch_writes`] was called: nobody wrote behind our back.
    pub fn is_pristine(&self) -> bool {
        self.watch.as_ref().is_none_or(|watch| self.ram.holds(0, watch.pristine))
    }
}
