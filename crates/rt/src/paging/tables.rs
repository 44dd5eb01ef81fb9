//! The page tables in memory: a pool of tables, the root first.

use core::cell::UnsafeCell;
use core::ops::Range;

use super::plan::{self, Access, Entry, LARGE_PAGE, NoExecute, Page, PageSize, SMALL_PAGE, TABLE_ENTRIES};
use crate::cpu::control;

/// Tables of the pool. The map of a PC with 4 GiB takes about 12 of them.
const POOL_TABLES: usize = 32;
/// Level of the root; the table of small pages is level 0.
const ROOT_LEVEL: u32 = 3;

type Table = [Entry; TABLE_ENTRIES];

/// The tables.
#[repr(C, align(4096))]
pub struct Tables {
    pool: [Table; POOL_TABLES],
    /// Tables in use beside the root. Zero at first, as everything here: so none of it takes room in the image.
    below_root: usize,
    no_execute: NoExecute,
}

struct TablesCell(UnsafeCell<Tables>);

// SAFETY: reached through `with` alone, on one CPU, never from a handler.
unsafe impl Sync for TablesCell {}

static TABLES: TablesCell = TablesCell(UnsafeCell::new(Tables {
    pool: [[Entry(0); TABLE_ENTRIES]; POOL_TABLES],
    below_root: 0,
    no_execute: NoExecute::Absent,
}));

/// Gives `action` the tables.
pub fn with<T>(action: impl FnOnce(&mut Tables) -> T) -> T {
    // SAFETY: one CPU, and no action calls `with` again: they are all in this folder. The CPU itself only
    // reads the tables, as accessed and dirty are set in all entries.
    action(unsafe { &mut *TABLES.0.get() })
}

impl Tables {
    /// Says whether entries may forbid execution. Before the first `map`.
    pub fn set_no_execute(&mut self, no_execute: NoExecute) {
        self.no_execute = no_execute;
    }

    /// Gives the pages of `range`, whole small pages, the rights `access`, whatever they had before.
    pub fn map(&mut self, range: Range<u64>, access: Access) {
        assert!(
            [range.start, range.end].iter().all(|address| address.is_multiple_of(SMALL_PAGE))
                && range.end <= plan::ADDRESS_END
        );
        for page in plan::pages(range) {
            self.map_page(page, access);
        }
    }

    fn map_page(&mut self, page: Page, access: Access) {
        let leaf_level = match page.size {
            PageSize::Small => 0,
            PageSize::Large => 1,
        };
        let mut table = 0;
        for level in (leaf_level + 1..=ROOT_LEVEL).rev() {
            table = self.descend(table, plan::index(page.address, level));
        }
        let slot = plan::index(page.address, leaf_level);
        let old = self.pool[table][slot];
        if leaf_level == 1 && old.is_present() && !old.is_large() {
            // A table of small pages is there already, and stays.
            let small = page.address..page.address + LARGE_PAGE;
            for address in small.step_by(SMALL_PAGE as usize) {
                self.map_page(Page { address, size: PageSize::Small }, access);
            }
            return;
        }
        self.pool[table][slot] = Entry::leaf(page, access, self.no_execute);
        control::invlpg(page.address);
    }

    /// The table that entry `slot` of `table` leads to, made if need be: empty, or a large page in parts.
    fn descend(&mut self, table: usize, slot: usize) -> usize {
        let entry = self.pool[table][slot];
        if entry.is_present() && !entry.is_large() {
            return self.position(entry);
        }
        let next = self.below_root + 1;
        assert!(next < POOL_TABLES, "all {POOL_TABLES} page tables are in use");
        self.below_root = next;
        if entry.is_large() {
            for (index, part) in self.pool[next].iter_mut().enumerate() {
                *part = entry.split(index);
            }
        }
        self.pool[table][slot] = Entry::table(&raw const self.pool[next] as u64);
        next
    }

    /// The pool's table that a table entry leads to.
    fn position(&self, entry: Entry) -> usize {
        (entry.address() - self.root()) as usize / size_of::<Table>()
    }

    /// Physical address of the root, for CR3.
    pub fn root(&self) -> u64 {
        self.pool.as_ptr() as u64
    }

    /// The memory of all tables in use.
    pub fn extent(&self) -> Range<u64> {
        self.root()..self.root() + ((self.below_root + 1) * size_of::<Table>()) as u64
    }

    /// The first leaf that lets its page be written and executed.
    pub fn writable_and_executable(&self) -> Option<Entry> {
        self.find(0, ROOT_LEVEL, &Entry::is_writable_and_executable)
    }

    fn find(&self, table: usize, level: u32, wanted: &impl Fn(Entry) -> bool) -> Option<Entry> {
        self.pool[table].iter().filter(|entry| entry.is_present()).find_map(|&entry| {
            if level == 0 || entry.is_large() {
                wanted(entry).then_some(entry)
            } else {
                self.find(self.position(entry), level - 1, wanted)
            }
        })
    }
}
