//! Extended page tables: what guest-physical memory is (SDM vol. 3, "The Extended Page Table Mechanism (EPT)").
//!
//! The first 2 MiB are mapped page by page, RAM above in 2-MiB pages where the processor has them. Beyond the RAM nothing
//! is mapped, but for an instruction that reaches there: one table and one directory serve all of it.

use vmx::Capabilities;
use vmx::capability::EptVpid;
use vmx::exit::EptEntry;

use crate::cpu::translations;

use super::paging::entry as paging;
use super::tss::V8086Tss;
use super::{Access, Frame, Frames, GuestRam, OutOfMemory, PAGE_BYTES, PhysicalAddress, Tables};

/// Bits of an EPT entry.
mod entry {
    pub const READ: u64 = 1 << 0;
    pub const WRITE: u64 = 1 << 1;
    pub const EXECUTE: u64 = 1 << 2;
    pub const WRITE_BACK: u64 = 6 << 3;
    /// In a directory entry: maps 2 MiB.
    pub const LARGE: u64 = 1 << 7;

    pub const TABLE: u64 = READ | WRITE | EXECUTE;
    pub const READ_WRITE: u64 = READ | WRITE | EXECUTE | WRITE_BACK;
    pub const READ_ONLY: u64 = READ | EXECUTE | WRITE_BACK;
}

/// Bits of the EPT pointer: write-back, a walk of four levels.
const EPT_POINTER: u64 = 6 | 3 << 3;

/// Entries of a table.
const ENTRIES: usize = 512;

/// What one table maps.
const TABLE_BYTES: usize = ENTRIES * PAGE_BYTES;

/// Index of the 2 MiB in which a guest in virtual-8086 mode has its page directory and TSS: the last below 1 GiB.
const SERVICE: usize = ENTRIES - 1;

/// Its guest-physical address.
const SERVICE_BASE: u32 = (SERVICE * TABLE_BYTES) as u32;

/// Linear address at which the page directory maps the 4 MiB around [`SERVICE_BASE`], for the supervisor.
const SERVICE_LINEAR: u32 = 4 << 20;

/// Extended page tables.
pub struct ExtendedPageTables {
    root: Frame,
    pointers: Frame,
    directory: Frame,
    /// The first 2 MiB.
    low: Frame,
    /// Every 2 MiB beyond the RAM.
    outside: Frame,
    outside_directory: Frame,
    service: Option<Service>,
    /// What the processor can do with them.
    pub abilities: EptVpid,
}

/// What a guest in virtual-8086 mode needs in its physical memory.
struct Service {
    table: Frame,
    directory: Frame,
    tss: V8086Tss,
}

impl ExtendedPageTables {
    /// Maps `ram` from 2 MiB on. The first 2 MiB are mapped by [`Self::map`].
    ///
    /// # Errors
    /// [`OutOfMemory`]
    pub fn new(
        frames: &mut Frames,
        ram: &GuestRam,
        capabilities: &Capabilities,
        mode: Mode,
    ) -> Result<Self, OutOfMemory> {
        let mut tables = Self {
            root: frames.take()?,
            pointers: frames.take()?,
            directory: frames.take()?,
            low: frames.take()?,
            outside: frames.take()?,
            outside_directory: frames.take()?,
            service: None,
            abilities: capabilities.ept_vpid(),
        };
        let table = |frame: &Frame| frame.address().0 | entry::TABLE;
        tables.root.set_u64(0, table(&tables.pointers));
        tables.pointers.set_u64(0, table(&tables.directory));
        for index in 0..ENTRIES {
            tables.outside_directory.set_u64(index, table(&tables.outside));
            tables.directory.set_u64(index, table(&tables.outside));
        }
        (1..ENTRIES).for_each(|gib| tables.pointers.set_u64(gib, table(&tables.outside_directory)));
        tables.directory.set_u64(0, table(&tables.low));
        for index in 1..ram.length() / TABLE_BYTES {
            let base = ram.address().0 + (index * TABLE_BYTES) as u64;
            let value = if capabilities.ept_vpid().pages_2m() {
                base | entry::READ_WRITE | entry::LARGE
            } else {
                let mut pages = frames.take()?;
                let page = |index: usize| base + (index * PAGE_BYTES) as u64;
                (0..ENTRIES).for_each(|index| pages.set_u64(index, page(index) | entry::READ_WRITE));
                table(&pages)
            };
            tables.directory.set_u64(index, value);
        }
        if mode == Mode::Virtual8086 {
            tables.add_service(Service::new(frames)?);
        }
        Ok(tables)
    }

    fn add_service(&mut self, service: Service) {
        self.directory.set_u64(SERVICE, service.table.address().0 | entry::TABLE);
        self.service = Some(service);
    }

    /// Maps guest-physical page number `page`. All pages beyond the RAM share their entries: what is mapped at one
    /// shows every 2 MiB.
    pub fn map(&mut self, page: usize, frame: PhysicalAddress, access: Access) {
        let rights = match access {
            Access::None => 0,
            Access::Write => entry::READ_WRITE,
            Access::Read => entry::READ_ONLY,
        };
        let table = if page < ENTRIES { &mut self.low } else { &mut self.outside };
        table.set_u64(page % ENTRIES, frame.0 | rights);
    }

    /// The entries that translate a guest-physical address, from the root on, up to the first that maps it or is not
    /// present. Of RAM that is mapped in small pages the last stays in the dark.
    pub fn walk(&self, address: u64) -> impl Iterator<Item = EptEntry> {
        let index = |level: u32| (address >> (12 + 9 * (level - 1))) as usize % ENTRIES;
        let (gib, around) = (index(3), index(2));
        let directory = if gib == 0 { &self.directory } else { &self.outside_directory };
        let table = match (gib, around) {
            (0, 0) => Some(&self.low),
            (0, SERVICE) => self.service.as_ref().map(|service| &service.table).or(Some(&self.outside)),
            _ => (directory.u64(around) == self.outside_directory.u64(0)).then_some(&self.outside),
        };
        let entries = [
            Some(self.root.u64(index(4))),
            Some(self.pointers.u64(gib)),
            Some(directory.u64(around)),
            table.map(|table| table.u64(index(1))),
        ];
        let entries =
            (1..=4).rev().zip(entries).map_while(|(level, value)| Some(EptEntry { level, value: value? }));
        let mut over = false;
        entries.take_while(move |entry| {
            let before = over;
            over |= entry.maps() || !entry.is_present();
            !before
        })
    }

    /// How many entries map 2 MiB.
    pub fn large_pages(&self) -> usize {
        (0..ENTRIES).filter(|&index| self.directory.u64(index) & entry::LARGE != 0).count()
    }

    /// Breaks the entry of page 0, on purpose: the guest's interrupt table.
    pub fn break_first_page(&mut self, entry: u64) {
        self.low.set_u64(0, entry);
        self.changed();
    }

    /// The processor must not use what it has kept of entries that were changed in place.
    pub fn changed(&self) {
        translations::forget_physical(self.pointer());
    }

    fn pointer(&self) -> u64 {
        self.root.address().0 | EPT_POINTER
    }

    /// Where the processor finds them.
    pub fn tables(&self) -> Tables {
        Tables {
            directory: PhysicalAddress(if self.service.is_some() { SERVICE_BASE.into() } else { 0 }),
            tss: V8086Tss::table(SERVICE_LINEAR + (SERVICE_BASE & 0x3F_FFFF) + PAGE_BYTES as u32),
            ept: Some(self.pointer()),
        }
    }

    /// The TSS, if the guest runs in virtual-8086 mode.
    pub fn tss(&mut self) -> Option<&mut V8086Tss> {
        self.service.as_mut().map(|service| &mut service.tss)
    }

    /// The frames that the guest must not change.
    pub fn guarded(&self) -> impl Iterator<Item = &Frame> {
        let own =
            [&self.root, &self.pointers, &self.directory, &self.low, &self.outside, &self.outside_directory];
        let service = self.service.as_ref().map(|service| [&service.table, &service.directory]);
        own.into_iter().chain(service.into_iter().flatten())
    }
}

/// How the guest of the tables runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// In virtual-8086 mode, on a page directory and a TSS of the VMM.
    Virtual8086,
    /// In real mode, or whatever it switches to.
    Unrestricted,
}

impl Service {
    fn new(frames: &mut Frames) -> Result<Self, OutOfMemory> {
        let (mut table, mut directory) = (frames.take()?, frames.take()?);
        let tss = V8086Tss::new(frames)?;
        directory.set_u32(0, paging::READ_WRITE | paging::LARGE);
        let around = SERVICE_BASE & !0x3F_FFFF;
        directory.set_u32(1, around | paging::SUPERVISOR | paging::LARGE);
        // Read-only: all accessed and dirty flags are set, and nobody switches tasks.
        table.set_u64(0, directory.address().0 | entry::READ_ONLY);
        for (index, page) in tss.pages().enumerate() {
            table.set_u64(1 + index, page.0 | entry::READ_ONLY);
        }
        Ok(Self { table, directory, tss })
    }
}
