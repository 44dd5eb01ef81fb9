//! What the loader found and brought, as the program sees it.

/// A stretch of the firmware's memory map (INT 15h, E820h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryRegion {
    /// Physical address of the first byte.
    pub base: u64,
    /// Length in bytes.
    pub length: u64,
    /// What it is.
    pub kind: MemoryKind,
}

impl MemoryRegion {
    /// Physical address after the last byte.
    pub const fn end(&self) -> u64 {
        self.base.saturating_add(self.length)
    }

    /// Plain RAM that nobody else uses.
    pub fn is_usable(&self) -> bool {
        self.kind == MemoryKind::Usable
    }
}

/// Address range types of the ACPI specification, "INT 15H, E820H - Query System Address Map".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryKind {
    /// Type 1: plain RAM.
    Usable,
    /// Type 2: in use or absent.
    Reserved,
    /// Type 3: RAM once the ACPI tables in it were read.
    AcpiTables,
    /// Type 4: to be kept over a sleep.
    AcpiNonVolatile,
    /// Type 5: RAM that failed.
    Defective,
    /// Any other type.
    Other(u32),
}

impl From<u32> for MemoryKind {
    fn from(value: u32) -> Self {
        match value {
            1 => Self::Usable,
            2 => Self::Reserved,
            3 => Self::AcpiTables,
            4 => Self::AcpiNonVolatile,
            5 => Self::Defective,
            other => Self::Other(other),
        }
    }
}

/// What a loaded module is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleKind {
    /// The boot config (load table kind 1).
    BootConfig,
    /// Disk data or a program for a guest (kind 2).
    Guest,
    /// A kind that the loader does not know.
    Other(u32),
}

/// Bytes that were loaded beside the program.
#[derive(Clone, Copy, Debug)]
pub struct Module {
    /// What it is for.
    pub kind: ModuleKind,
    /// Its bytes, physical address = linear address.
    pub bytes: &'static [u8],
}

/// What `main` receives.
#[derive(Clone, Copy, Debug)]
pub struct BootInfo {
    /// The firmware's memory map, in its order.
    pub memory_map: &'static [MemoryRegion],
    /// The modules, in the order of the load table.
    pub modules: &'static [Module],
    /// The BIOS drive that we came from: 00h and up a floppy, 80h and up a hard disk.
    pub boot_drive: u8,
    /// The time-stamp counter at the start of the boot sector.
    pub tsc_at_boot_sector: u64,
    /// Time-stamp ticks spent on reading the program and the modules, part of the time since then.
    pub load_ticks: u64,
}

impl BootInfo {
    /// The first module of a kind.
    pub fn module(&self, kind: ModuleKind) -> Option<&'static Module> {
        self.modules.iter().find(|module| module.kind == kind)
    }
}
