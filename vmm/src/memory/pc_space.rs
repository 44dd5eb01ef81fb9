//! The physical memory of a guest PC: 640 KiB, video memory, ROM, RAM above 1 MiB, holes that read all ones, and an A20
//! gate. What the guest's processor sees of it is up to the tables ([`PageTables`] or [`ExtendedPageTables`]).

mod guest_memory;
#[cfg(feature = "fuzz")]
mod written;

use core::ops::Range;

use vmx::Capabilities;
use vmx::exit::{EptEntry, Misconfiguration};

use super::ept::{ExtendedPageTables, Mode};
use super::paging::PageTables;
use super::{Access, Frame, Frames, GuestRam, OutOfMemory, PAGE_BYTES, PhysicalAddress, Tables};

/// What lies behind a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Ram,
    Rom,
    /// Nothing: reads all ones, writes vanish.
    Hole,
}

/// Pages that virtual-8086 mode can address: 1 MiB and 64 KiB.
const REAL_MODE_PAGES: usize = 0x110;

/// Pages that extended page tables map one by one: 2 MiB.
const SMALL_PAGES: usize = 0x200;

/// What the A20 gate holds low.
const A20: usize = 1 << 20;

/// Where video modes with pixels have their memory.
const PIXEL_PAGES: Range<usize> = 0xA0..0xB0;

/// The A20 gate works on the first 2 MiB.
const A20_REACH: usize = 2 << 20;

/// Closed pages that one instruction may need: ENTER reads frames over a page's end, pushes over a page's end, and looks at
/// where its frame will end, again over a page's end.
const COPIES: usize = 6;

/// Which tables stand between the guest and its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Translation {
    /// 32-bit page tables, for virtual-8086 mode.
    PageTables,
    /// Extended page tables.
    Extended(Mode),
}

enum PcTables {
    Paging(PageTables),
    Extended(ExtendedPageTables),
}

/// See the module.
pub struct PcSpace {
    ram: GuestRam,
    tables: PcTables,
    hole: Frame,
    /// Stand-ins for ROM and holes that are written to, each with the page that is open.
    copies: [(Frame, Option<usize>); COPIES],
    /// Which of them is taken next.
    next_copy: usize,
    a20: bool,
    /// There is memory where video modes with pixels have it.
    pixel_memory: bool,
    /// Pages of text memory that the guest may not write to before somebody is told.
    watched: Range<usize>,
    /// Where a service finds the linear addresses that are not plain, while it works for a guest with page tables.
    pub translate: Option<fn(&Self, u32) -> u32>,
    /// What is restored, where a fuzzer wants it.
    #[cfg(feature = "fuzz")]
    watch: Option<written::Watch>,
    /// Pages were mapped since the processor was last told.
    #[cfg(feature = "fuzz")]
    untold: bool,
}

impl PcSpace {
    /// An empty PC with A20 on and `extended_bytes` of RAM above 1 MiB, 64 KiB at least.
    ///
    /// # Errors
    /// [`OutOfMemory`]
    pub fn new(
        frames: &mut Frames,
        capabilities: &Capabilities,
        translation: Translation,
        extended_bytes: usize,
    ) -> Result<Self, OutOfMemory> {
        let length = (1 << 20) + extended_bytes.max(0x1_0000);
        let mut hole = frames.take()?;
        hole.bytes_mut().fill(0xFF);
        let (ram, tables) = match translation {
            Translation::PageTables => {
                let ram = GuestRam::new(frames, length.next_multiple_of(PAGE_BYTES), PAGE_BYTES)?;
                (ram, PcTables::Paging(PageTables::new(frames)?))
            }
            Translation::Extended(mode) => {
                let ram = GuestRam::new(frames, length.next_multiple_of(A20_REACH), A20_REACH)?;
                let tables = ExtendedPageTables::new(frames, &ram, capabilities, mode)?;
                (ram, PcTables::Extended(tables))
            }
        };
        let mut copy = || Ok((frames.take()?, None));
        let copies = [copy()?, copy()?, copy()?, copy()?, copy()?, copy()?];
        let mut space = Self {
            ram,
            tables,
            hole,
            copies,
            next_copy: 0,
            a20: true,
            pixel_memory: false,
            watched: 0..0,
            translate: None,
            #[cfg(feature = "fuzz")]
            watch: None,
            #[cfg(feature = "fuzz")]
            untold: false,
        };
        (0..space.small_pages()).for_each(|page| space.map(page));
        space.changed();
        Ok(space)
    }

    /// Where the processor finds the tables.
    pub fn tables(&self) -> Tables {
        match &self.tables {
            PcTables::Paging(tables) => tables.tables(),
            PcTables::Extended(tables) => tables.tables(),
        }
    }

    /// The frames that the guest must not change.
    pub fn guarded(&self) -> impl Iterator<Item = &Frame> {
        let (paging, extended) = match &self.tables {
            PcTables::Paging(tables) => (Some(tables.guarded()), None),
            PcTables::Extended(tables) => (None, Some(tables.guarded())),
        };
        core::iter::once(&self.hole).chain(paging.into_iter().flatten()).chain(extended.into_iter().flatten())
    }

    /// The guest's memory.
    pub fn ram(&self) -> &GuestRam {
        &self.ram
    }

    /// The first MiB of it.
    #[inline(always)]
    pub fn first_mib(&mut self) -> &mut impl pc::FirstMib {
        &mut self.ram
    }

    /// Fills ROM from `address` on.
    pub fn load_rom(&mut self, address: usize, rom: &[u8]) {
        self.ram.write(address, rom);
    }

    /// Zeroes all RAM, as power-on does.
    pub fn clear(&mut self) {
        const ZEROS: [u8; PAGE_BYTES] = [0; PAGE_BYTES];
        for page in 0..self.ram.length() / PAGE_BYTES {
            if self.kind(page) == Page::Ram {
                self.ram.write(page * PAGE_BYTES, &ZEROS);
            }
        }
    }

    /// Turns the A20 gate: off, the second MiB shows the first.
    pub fn set_a20(&mut self, on: bool) {
        if self.a20 != on {
            self.a20 = on;
            (A20 / PAGE_BYTES..self.small_pages()).for_each(|page| self.map(page));
            self.changed();
        }
    }

    /// Adds or removes the memory at A0000h to AFFFFh.
    pub fn set_pixel_memory(&mut self, there: bool) {
        if self.pixel_memory != there {
            self.pixel_memory = there;
            self.map_again(PIXEL_PAGES);
        }
    }

    /// Keeps the guest from writing to these pages of text memory, and to none besides, until [`Self::unwatch`].
    pub fn watch(&mut self, pages: Range<usize>) {
        if self.watched != pages {
            let before = core::mem::replace(&mut self.watched, pages.clone());
            self.map_again(before);
            self.map_again(pages);
        }
    }

    /// Lets the guest write to the pages that are watched, if `address` lies in one; `false`: it does not.
    pub fn unwatch(&mut self, address: u64) -> bool {
        let found = self.watched.contains(&(self.gate(address as usize) / PAGE_BYTES));
        if found {
            self.watch(0..0);
        }
        found
    }

    /// Maps pages of the first MiB anew, and what shows the same with A20 off.
    fn map_again(&mut self, pages: Range<usize>) {
        for page in pages {
            self.map(page);
            if page + A20 / PAGE_BYTES < self.small_pages() {
                self.map(page + A20 / PAGE_BYTES);
            }
        }
        self.changed();
    }

    /// Whether the guest may not write to `address`, watched or not.
    pub fn is_refused(&self, address: u64) -> bool {
        self.kind(self.gate(address as usize) / PAGE_BYTES) != Page::Ram
    }

    /// Lets the next instruction have this access to the page of `address`: a hole is read as ones; a write to it or to ROM
    /// has no effect, since it goes to a copy. `false` if the guest has the access already, or should. An instruction that
    /// needs more pages than are kept open never ends, which is the guest's trouble.
    pub fn open(&mut self, address: u64, access: Access) -> bool {
        let page = address as usize / PAGE_BYTES;
        let behind = self.gate(page * PAGE_BYTES);
        let kind = self.kind(behind / PAGE_BYTES);
        if kind == Page::Ram || kind == Page::Rom && access == Access::Read {
            return false;
        }
        let again = self.copies.iter().position(|(_, open)| *open == Some(page));
        let index = again.unwrap_or(self.next_copy);
        self.next_copy = (index + 1) % COPIES;
        let (copy, open) = &mut self.copies[index];
        let earlier = open.replace(page);
        let frame = if access == Access::Read {
            self.hole.address()
        } else {
            if kind == Page::Rom {
                self.ram.read(behind, copy.bytes_mut());
            } else {
                *copy.bytes_mut() = *self.hole.bytes();
            }
            copy.address()
        };
        if let Some(earlier) = earlier {
            self.map(earlier);
        }
        self.map_to(page, frame, access);
        self.changed();
        true
    }

    /// Undoes [`PcSpace::open`].
    pub fn close(&mut self) {
        let mut any = false;
        for index in 0..self.copies.len() {
            if let Some(page) = self.copies[index].1.take() {
                self.map(page);
                any = true;
            }
        }
        if any {
            self.changed();
        }
    }

    /// Pages were mapped in place. A VM entry forgets what it must of page tables, but not of extended ones.
    fn changed(&mut self) {
        #[cfg(feature = "fuzz")]
        {
            self.untold = false;
        }
        if let PcTables::Extended(tables) = &self.tables {
            tables.changed();
        }
    }

    /// Shows the entries of extended page tables that translate a guest-physical address, each with what is wrong with it.
    pub fn walk(&self, address: u64, show: &mut dyn FnMut(EptEntry, Option<Misconfiguration>)) {
        let PcTables::Extended(tables) = &self.tables else { return };
        let physical_bits = rt::cpu::cpuid(0x8000_0008, 0).eax as u8;
        for entry in tables.walk(address) {
            show(entry, entry.misconfiguration(tables.abilities, physical_bits));
        }
    }

    /// How many entries of extended page tables map 2 MiB.
    pub fn large_pages(&self) -> usize {
        if let PcTables::Extended(tables) = &self.tables { tables.large_pages() } else { 0 }
    }

    /// Breaks the entry of the guest's first page, on purpose.
    pub fn break_first_page(&mut self, entry: u64) {
        if let PcTables::Extended(tables) = &mut self.tables {
            tables.break_first_page(entry);
        }
    }

    /// Whether INT n in virtual-8086 mode goes through the interrupt table at 0 by hardware, or comes to the VMM.
    pub fn redirect_interrupts(&mut self, by_hardware: bool) {
        let tss = match &mut self.tables {
            PcTables::Paging(tables) => Some(tables.tss()),
            PcTables::Extended(tables) => tables.tss(),
        };
        if let Some(tss) = tss {
            tss.redirect_interrupts(by_hardware);
        }
    }

    fn small_pages(&self) -> usize {
        match self.tables {
            PcTables::Paging(_) => REAL_MODE_PAGES,
            PcTables::Extended(_) => SMALL_PAGES,
        }
    }

    fn kind(&self, page: usize) -> Page {
        match page {
            0x00..=0x9F | 0xB0..=0xBF => Page::Ram,
            0xA0..=0xAF if self.pixel_memory => Page::Ram,
            0xC0 | 0xF0..=0xFF => Page::Rom,
            0xA0..=0xEF => Page::Hole,
            _ if page < self.ram.length() / PAGE_BYTES => Page::Ram,
            _ => Page::Hole,
        }
    }

    /// Where an address lies that a service was given.
    fn linear(&self, address: usize) -> usize {
        self.gate(self.translate.map_or(address, |translate| translate(self, address as u32) as usize))
    }

    /// The address that the A20 gate lets through.
    fn gate(&self, address: usize) -> usize {
        if self.a20 || address >= A20_REACH { address } else { address & !A20 }
    }

    fn map(&mut self, page: usize) {
        let behind = self.gate(page * PAGE_BYTES);
        let frame = PhysicalAddress(self.ram.address().0 + behind as u64);
        match self.kind(behind / PAGE_BYTES) {
            Page::Ram if self.watched.contains(&(behind / PAGE_BYTES)) => {
                self.map_to(page, frame, Access::Read);
            }
            Page::Ram => {
                #[cfg(feature = "fuzz")]
                let access = self.access_to_ram(page, behind / PAGE_BYTES);
                #[cfg(not(feature = "fuzz"))]
                let access = Access::Write;
                self.map_to(page, frame, access);
            }
            Page::Rom => self.map_to(page, frame, Access::Read),
            Page::Hole => self.map_to(page, PhysicalAddress(0), Access::None),
        }
    }

    fn map_to(&mut self, page: usize, frame: PhysicalAddress, access: Access) {
        #[cfg(feature = "fuzz")]
        {
            self.untold = true;
            self.assert_own(frame, access);
        }
        match &mut self.tables {
            PcTables::Paging(tables) => tables.map(page, frame, access),
            PcTables::Extended(tables) => tables.map(page, frame, access),
        }
    }

    /// Reads at a physical address up to the end of the page; how many bytes that were.
    fn read_page(&self, address: usize, bytes: &mut [u8]) -> usize {
        let length = bytes.len().min(PAGE_BYTES - address % PAGE_BYTES);
        match self.kind(address / PAGE_BYTES) {
            Page::Ram | Page::Rom => self.ram.read(address, &mut bytes[..length]),
            Page::Hole => bytes[..length].fill(0xFF),
        }
        length
    }

    /// Writes at a physical address up to the end of the page; how many bytes that were.
    fn write_page(&mut self, address: usize, bytes: &[u8]) -> usize {
        let length = bytes.len().min(PAGE_BYTES - address % PAGE_BYTES);
        match self.kind(address / PAGE_BYTES) {
            Page::Ram => self.ram.write(address, &bytes[..length]),
            Page::Rom | Page::Hole => {}
        }
        length
    }
}
