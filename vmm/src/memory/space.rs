//! Guest address spaces for virtual-8086 mode without EPT: 32-bit page tables of the VMM that map the guest's own
//! frames and nothing else. Tables and TSS lie in frames that the guest does not map, or maps for the supervisor only
//! while it runs at CPL 3, so nothing the guest does can change what it sees (SDM vol. 3, 4.3 "32-Bit Paging").

use core::ops::Range;

use v8086::GuestMemory;

use crate::component::Table;

use super::{Frame, Frames, GuestRam, OutOfMemory, PAGE_BYTES, PhysicalAddress};

/// Bits of a 32-bit page-directory or page-table entry (SDM vol. 3, tables 4-4 to 4-6).
pub(super) mod entry {
    pub const PRESENT: u32 = 1 << 0;
    pub const WRITABLE: u32 = 1 << 1;
    pub const USER: u32 = 1 << 2;
    /// Set in advance, so that the processor never writes a table and its checksum stays.
    pub const ACCESSED: u32 = 1 << 5;
    pub const DIRTY: u32 = 1 << 6;
    /// In a directory entry: maps 4 MiB.
    pub const LARGE: u32 = 1 << 7;

    pub const READ_ONLY: u32 = PRESENT | USER | ACCESSED | DIRTY;
    pub const READ_WRITE: u32 = READ_ONLY | WRITABLE;
    pub const SUPERVISOR: u32 = PRESENT | WRITABLE | ACCESSED | DIRTY;
}

/// Size of a 32-bit TSS without its maps, in bytes (SDM vol. 3, "Task-State Segment (TSS)").
const TSS_HEAD: usize = 104;

/// Where the TSS says where its I/O map begins; the redirection map lies just below.
const TSS_IO_MAP_BASE: usize = 0x66;

/// Size of the software-interrupt redirection map.
const REDIRECTION_BYTES: usize = 32;

/// Size of a TSS with redirection map, I/O map and its last byte.
const TSS_BYTES: usize = TSS_HEAD + REDIRECTION_BYTES + 8192 + 1;

/// What a guest needs to run in virtual-8086 mode: where the tables are.
#[derive(Clone, Copy, Debug)]
pub struct Tables {
    /// For CR3.
    pub directory: PhysicalAddress,
    /// The TSS, at a linear address.
    pub tss: Table,
}

/// What lies behind a page of a PC's first 1088 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Ram,
    Rom,
    /// Nothing: reads all ones, writes vanish.
    Hole,
}

/// Pages of a PC below 1 MiB + 64 KiB.
const PAGES: usize = 0x110;

impl Page {
    const fn at(page: usize) -> Self {
        match page {
            0x00..=0x9F | 0xB0..=0xBF | 0x100..=0x10F => Self::Ram,
            0xF0..=0xFF => Self::Rom,
            _ => Self::Hole,
        }
    }
}

/// The address space of a real-mode PC: 640 KiB, the text video memory, ROM at F0000h, 64 KiB above 1 MiB, an A20 gate.
pub struct RealModeSpace {
    ram: GuestRam,
    directory: Frame,
    table: Frame,
    hole: Frame,
    tss: &'static mut [u8],
    /// Stand-ins for read-only pages, each with the page that it stands in for.
    copies: [(Frame, Option<usize>); 2],
    a20: bool,
}

impl RealModeSpace {
    /// Linear base of the TSS, beyond what virtual-8086 mode can address.
    const TSS_BASE: u32 = 0x20_0000;

    /// An empty PC with A20 on.
    ///
    /// # Errors
    /// [`OutOfMemory`]
    pub fn new(frames: &mut Frames) -> Result<Self, OutOfMemory> {
        let ram = GuestRam::new(frames, PAGES * PAGE_BYTES, PAGE_BYTES)?;
        let tss = frames.take_bytes(TSS_BYTES, PAGE_BYTES)?;
        // The I/O map follows the redirection map; both are all zeros: every INT n goes through the IVT, and VMX alone
        // decides about ports. The last byte must be all ones.
        let io_map = (TSS_HEAD + REDIRECTION_BYTES) as u16;
        tss[TSS_IO_MAP_BASE..TSS_IO_MAP_BASE + 2].copy_from_slice(&io_map.to_le_bytes());
        tss[TSS_BYTES - 1] = 0xFF;
        let mut hole = frames.take()?;
        hole.bytes_mut().fill(0xFF);
        let (mut directory, mut table) = (frames.take()?, frames.take()?);
        directory.set_u32(0, table.address().0 as u32 | entry::READ_WRITE);
        let first = Self::TSS_BASE as usize / PAGE_BYTES;
        for page in 0..TSS_BYTES.div_ceil(PAGE_BYTES) {
            let address = tss.as_ptr() as usize + page * PAGE_BYTES;
            table.set_u32(first + page, address as u32 | entry::SUPERVISOR);
        }
        let copies = [(frames.take()?, None), (frames.take()?, None)];
        let mut space = Self { ram, directory, table, hole, tss, copies, a20: true };
        (0..PAGES).for_each(|page| space.map(page));
        Ok(space)
    }

    /// Where the processor finds it.
    pub fn tables(&self) -> Tables {
        Tables {
            directory: self.directory.address(),
            tss: Table { base: Self::TSS_BASE, limit: TSS_BYTES as u32 - 1 },
        }
    }

    /// The frames that the guest must not change: page tables.
    pub fn guarded(&self) -> [&Frame; 3] {
        [&self.directory, &self.table, &self.hole]
    }

    /// The guest's memory.
    pub fn ram(&self) -> &GuestRam {
        &self.ram
    }

    /// Fills the ROM at F0000h.
    pub fn load_rom(&mut self, rom: &[u8; 0x1_0000]) {
        self.ram.write(0xF_0000, rom);
    }

    /// Zeroes all RAM, as power-on does.
    pub fn clear(&mut self) {
        const ZEROS: [u8; PAGE_BYTES] = [0; PAGE_BYTES];
        let ram = (0..PAGES).filter(|&page| Page::at(page) == Page::Ram);
        ram.for_each(|page| self.ram.write(page * PAGE_BYTES, &ZEROS));
    }

    /// Turns the A20 gate: off, the 64 KiB above 1 MiB show those at 0. Returns whether anything changed.
    pub fn set_a20(&mut self, on: bool) -> bool {
        let changed = self.a20 != on;
        self.a20 = on;
        if changed {
            (0x100..PAGES).for_each(|page| self.map(page));
        }
        changed
    }

    /// Lets the next instruction write to the read-only page of `linear` without effect: maps a copy there. An
    /// instruction may cross into a second page. `false` if `linear` is no ROM and no hole, or is open already.
    pub fn open(&mut self, linear: u32) -> bool {
        let page = linear as usize / PAGE_BYTES;
        if page >= PAGES || Page::at(page) == Page::Ram {
            return false;
        }
        let mut contents = [0; PAGE_BYTES];
        self.read((page * PAGE_BYTES) as u32, &mut contents);
        let Some((copy, stands_for)) = self.copies.iter_mut().find(|(_, stands_for)| stands_for.is_none())
        else {
            return false;
        };
        *copy.bytes_mut() = contents;
        *stands_for = Some(page);
        let entry = copy.address().0 as u32 | entry::READ_WRITE;
        self.table.set_u32(page, entry);
        true
    }

    /// Undoes [`RealModeSpace::open`].
    pub fn close(&mut self) {
        for index in 0..self.copies.len() {
            if let Some(page) = self.copies[index].1.take() {
                self.map(page);
            }
        }
    }

    /// Whether INT n goes through the interrupt table at 0 by hardware, or is #GP and so comes to the VMM
    /// (SDM vol. 3, "Software Interrupt Redirection Bit Map").
    pub fn redirect_interrupts(&mut self, by_hardware: bool) {
        self.tss[TSS_HEAD..TSS_HEAD + REDIRECTION_BYTES].fill(if by_hardware { 0 } else { 0xFF });
    }

    fn map(&mut self, page: usize) {
        // Off, the gate holds address line 20 low.
        let behind = if self.a20 { page } else { page & !0x100 };
        let frame = (self.ram.address().0 as usize + behind * PAGE_BYTES) as u32;
        let value = match Page::at(page) {
            Page::Ram => frame | entry::READ_WRITE,
            Page::Rom => frame | entry::READ_ONLY,
            Page::Hole => self.hole.address().0 as u32 | entry::READ_ONLY,
        };
        self.table.set_u32(page, value);
    }

    /// Cuts an access of `length` bytes at page ends: what is behind each piece, where in RAM, which bytes.
    fn pieces(
        &self,
        linear: u32,
        length: usize,
    ) -> impl Iterator<Item = (Page, usize, Range<usize>)> + use<> {
        let a20_mask = if self.a20 { usize::MAX } else { !0x10_0000 };
        let mut done = 0;
        core::iter::from_fn(move || {
            let address = (linear as usize + done) & a20_mask;
            let piece = (length - done).min(PAGE_BYTES - address % PAGE_BYTES);
            let kind = if address < PAGES * PAGE_BYTES { Page::at(address / PAGE_BYTES) } else { Page::Hole };
            done += piece;
            (piece > 0).then_some((kind, address, done - piece..done))
        })
    }
}

impl GuestMemory for RealModeSpace {
    fn read(&self, linear: u32, bytes: &mut [u8]) {
        for (kind, address, range) in self.pieces(linear, bytes.len()) {
            match kind {
                Page::Ram | Page::Rom => self.ram.read(address, &mut bytes[range]),
                Page::Hole => bytes[range].fill(0xFF),
            }
        }
    }

    fn write(&mut self, linear: u32, bytes: &[u8]) {
        for (kind, address, range) in self.pieces(linear, bytes.len()) {
            match kind {
                Page::Ram => self.ram.write(address, &bytes[range]),
                Page::Rom | Page::Hole => {}
            }
        }
    }
}

/// The address space of a guest component: one 4-MiB page at 0, where the component finds its own TSS and tables.
pub struct ComponentSpace {
    ram: GuestRam,
    directory: Frame,
}

impl ComponentSpace {
    const BYTES: usize = 4 << 20;

    /// 4 MiB of zeros.
    ///
    /// # Errors
    /// [`OutOfMemory`]
    pub fn new(frames: &mut Frames) -> Result<Self, OutOfMemory> {
        let ram = GuestRam::new(frames, Self::BYTES, Self::BYTES)?;
        let mut directory = frames.take()?;
        directory.set_u32(0, ram.address().0 as u32 | entry::READ_WRITE | entry::LARGE);
        Ok(Self { ram, directory })
    }

    /// For CR3.
    pub fn directory(&self) -> &Frame {
        &self.directory
    }

    /// The guest's memory.
    pub fn ram(&self) -> &GuestRam {
        &self.ram
    }
}

impl GuestMemory for ComponentSpace {
    fn read(&self, linear: u32, bytes: &mut [u8]) {
        self.ram.read(linear as usize, bytes);
    }

    fn write(&mut self, linear: u32, bytes: &[u8]) {
        self.ram.write(linear as usize, bytes);
    }
}
