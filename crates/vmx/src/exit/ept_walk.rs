//! The walk through extended page tables that ended in an EPT violation or misconfiguration, entry by entry
//! ("The Extended Page Table Mechanism (EPT)", section 30.3).

use core::fmt;

use crate::capability::EptVpid;

/// An entry of extended page tables, and where in the walk it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EptEntry {
    /// 4 for an entry of the root, down to 1.
    pub level: u8,
    /// The entry.
    pub value: u64,
}

/// Why an entry is none that a processor takes ("EPT Misconfigurations", section 30.3.3.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Misconfiguration {
    /// Writes are allowed, reads are not.
    WriteOnly,
    /// Fetches alone are allowed, which this processor does not offer.
    ExecuteOnly,
    /// A reserved bit is 1.
    Reserved,
    /// The memory type is none.
    MemoryType,
}

impl EptEntry {
    const READ: u64 = 1 << 0;
    const WRITE: u64 = 1 << 1;
    const EXECUTE: u64 = 1 << 2;
    const LARGE: u64 = 1 << 7;
    const ADDRESS: u64 = 0x000F_FFFF_FFFF_F000;

    /// Whether it allows any access.
    pub const fn is_present(self) -> bool {
        self.value & (Self::READ | Self::WRITE | Self::EXECUTE) != 0
    }

    /// Whether it maps memory, rather than leads to another table.
    pub const fn maps(self) -> bool {
        self.level == 1 || self.level <= 3 && self.value & Self::LARGE != 0
    }

    /// What it maps, or the table that it leads to.
    pub const fn address(self) -> u64 {
        self.value & Self::ADDRESS & !(self.page_bytes() - 1)
    }

    /// Bytes that it maps; of a table, its size.
    const fn page_bytes(self) -> u64 {
        if self.maps() { 0x1000 << (9 * (self.level - 1)) } else { 0x1000 }
    }

    /// Why the processor refuses it, of one with so many physical-address bits.
    pub const fn misconfiguration(self, abilities: EptVpid, physical_bits: u8) -> Option<Misconfiguration> {
        if !self.is_present() {
            return None;
        }
        let rights = self.value & (Self::READ | Self::WRITE | Self::EXECUTE);
        if rights & (Self::READ | Self::WRITE) == Self::WRITE {
            return Some(Misconfiguration::WriteOnly);
        }
        if rights == Self::EXECUTE && !abilities.execute_only() {
            return Some(Misconfiguration::ExecuteOnly);
        }
        if self.value & self.reserved(abilities, physical_bits) != 0 {
            return Some(Misconfiguration::Reserved);
        }
        if self.maps() && matches!(self.value >> 3 & 7, 2 | 3 | 7) {
            return Some(Misconfiguration::MemoryType);
        }
        None
    }

    /// The bits that must be 0.
    const fn reserved(self, abilities: EptVpid, physical_bits: u8) -> u64 {
        let beyond = Self::ADDRESS & !((1 << physical_bits) - 1);
        let large = match self.level {
            4 => false,
            3 => abilities.pages_1g(),
            2 => abilities.pages_2m(),
            _ => true,
        };
        beyond
            | match (self.maps(), self.level) {
                // The low bits of the address of a large page.
                (true, 2 | 3) if large => self.page_bytes() - 0x1000,
                (true, 1) => 0,
                // Bit 7 where pages have one size, and bits 6:3, which are a memory type elsewhere.
                _ => 0xF8,
            }
    }

    /// What the manual calls such an entry.
    pub const fn name(self) -> &'static str {
        match self.level {
            4 => "PML4E",
            3 => "PDPTE",
            2 => "PDE",
            _ => "PTE",
        }
    }
}

impl fmt::Display for EptEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let right = |bit, letter| if self.value & bit != 0 { letter } else { '-' };
        let (r, w, x) = (right(Self::READ, 'r'), right(Self::WRITE, 'w'), right(Self::EXECUTE, 'x'));
        let (name, value, address) = (self.name(), self.value, self.address());
        write!(f, "EPT {name} {value:016X}h: {r}{w}{x}, ")?;
        match (self.is_present(), self.maps()) {
            (false, _) => write!(f, "not present"),
            (true, true) => {
                let kib = self.page_bytes() >> 10;
                write!(f, "maps {kib} KiB at {address:X}h, {}", memory_type(self.value >> 3 & 7))
            }
            (true, false) => write!(f, "leads to {address:X}h"),
        }
    }
}

const fn memory_type(number: u64) -> &'static str {
    match number {
        0 => "uncacheable",
        1 => "write combining",
        4 => "write-through",
        5 => "write-protected",
        6 => "write-back",
        _ => "of no memory type",
    }
}

impl fmt::Display for Misconfiguration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WriteOnly => "misconfigured: it allows writes, but no reads",
            Self::ExecuteOnly => {
                "misconfigured: it allows fetches alone, which this processor does not offer"
            }
            Self::Reserved => "misconfigured: a reserved bit is 1",
            Self::MemoryType => "misconfigured: its memory type is reserved",
        })
    }
}
