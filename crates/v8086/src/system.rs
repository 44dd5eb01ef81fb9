//! The system registers that a guest believes in, and the rules for writing them.
//!
//! The hardware's own are the VMM's; a guest in virtual-8086 mode reaches neither, so these values are all it ever
//! sees, but for SMSW, SGDT and SIDT, which no virtual-8086 mode intercepts: the VMM mirrors `cr0` and the tables
//! into the VMCS for them.

use crate::outcome::Fault;
use crate::vector;

/// Bits of CR0 (SDM vol. 3, "Control Registers").
pub struct Cr0;

#[allow(missing_docs)]
impl Cr0 {
    pub const PE: u32 = 1 << 0;
    pub const MP: u32 = 1 << 1;
    pub const EM: u32 = 1 << 2;
    pub const TS: u32 = 1 << 3;
    /// Always 1.
    pub const ET: u32 = 1 << 4;
    pub const NE: u32 = 1 << 5;
    pub const WP: u32 = 1 << 16;
    pub const AM: u32 = 1 << 18;
    pub const NW: u32 = 1 << 29;
    pub const CD: u32 = 1 << 30;
    pub const PG: u32 = 1 << 31;
    const DEFINED: u32 = 0xE005_003F;
    /// What LMSW writes.
    const MACHINE_STATUS: u32 = Self::PE | Self::MP | Self::EM | Self::TS;
}

/// CR4.DE: DR4 and DR5 are no aliases of DR6 and DR7.
pub const CR4_DE: u32 = 1 << 3;

/// Bits of DR6 and DR7 (SDM vol. 3, "Debug Registers").
pub struct Debug;

#[allow(missing_docs)]
impl Debug {
    /// DR6: which of DR0 to DR3 matched.
    pub const BREAKPOINTS: u32 = 0xF;
    /// DR6: an access to a debug register was caught by DR7.GD.
    pub const BD: u32 = 1 << 13;
    /// DR6: single step.
    pub const BS: u32 = 1 << 14;
    /// DR7: the next access to a debug register is caught.
    pub const GD: u32 = 1 << 13;
    const DR6_FIXED: u32 = 0xFFFF_0FF0;
    const DR6_WRITABLE: u32 = 0xE00F;
    const DR7_FIXED: u32 = 0x400;
    const DR7_WRITABLE: u32 = 0xFFFF_2FFF;
}

/// GDTR or IDTR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableRegister {
    /// Linear address of the table.
    pub base: u32,
    /// Offset of the table's last byte.
    pub limit: u16,
}

impl TableRegister {
    /// The real-mode interrupt table as a BIOS leaves it: 256 vectors from linear address 0.
    pub const INTERRUPT_VECTORS: Self = Self { base: 0, limit: 0x3FF };

    /// Whether the virtual-mode extensions, which read the table at linear 0 and know no limit, deliver what real
    /// mode would deliver with this IDTR.
    ///
    /// If not, the VMM sets every bit of the interrupt redirection map and gives the VMCS an IDTR limit of 0, so
    /// that INT n comes as #GP and the monitor delivers it; and it calls [`interrupt::deliver`](crate::interrupt)
    /// for hardware interrupts instead of injecting them.
    pub const fn is_standard_interrupt_table(self) -> bool {
        self.base == 0 && self.limit >= Self::INTERRUPT_VECTORS.limit
    }
}

/// The system registers of one guest processor in real mode, as the guest believes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct SystemRegisters {
    pub cr0: u32,
    pub cr2: u32,
    pub cr3: u32,
    pub cr4: u32,
    /// The bits of CR4 that the guest's processor has; setting another is #GP. OSXSAVE may not be among them: the
    /// monitor knows no XSETBV.
    pub cr4_supported: u32,
    /// Whether SMSW, which no virtual-8086 mode intercepts, shows PE = 1. MOV from CR0 shows 0.
    pub smsw_shows_pe: bool,
    pub gdtr: TableRegister,
    pub idtr: TableRegister,
    /// DR0 to DR3.
    pub breakpoints: [u32; 4],
    pub dr6: u32,
    pub dr7: u32,
}

impl SystemRegisters {
    /// As a BIOS hands the machine to a boot sector: caches on, tables at 0. `cr4_supported` as in the field.
    pub const fn after_bios(cr4_supported: u32) -> Self {
        Self {
            cr0: Cr0::ET,
            cr2: 0,
            cr3: 0,
            cr4: 0,
            cr4_supported,
            smsw_shows_pe: true,
            gdtr: TableRegister { base: 0, limit: 0xFFFF },
            idtr: TableRegister::INTERRUPT_VECTORS,
            breakpoints: [0; 4],
            dr6: Debug::DR6_FIXED,
            dr7: Debug::DR7_FIXED,
        }
    }

    /// Notes the causes of a #DB that is about to be delivered: bits as in DR6, which a VM exit's qualification has
    /// too (SDM vol. 3, "Basic VM-Exit Information"). Clears DR7.GD, as delivery does.
    pub fn note_debug_exception(&mut self, causes: u32) {
        let named = Debug::BREAKPOINTS | Debug::BD | Debug::BS;
        self.dr6 = self.dr6 & !Debug::BREAKPOINTS | causes & named;
        self.dr7 &= !Debug::GD;
    }

    /// CR0 as SMSW shows it: the VMM's read shadow.
    pub const fn shown_cr0(&self) -> u32 {
        if self.smsw_shows_pe { self.cr0 | Cr0::PE } else { self.cr0 }
    }

    /// Whether LMSW with `value` writes back what SMSW showed, with other bits than PE changed: such a program wants
    /// MP, EM or TS, and PE is 1 only because it was shown. One that changes nothing else, or whose value is not from
    /// SMSW (ET reads 1), can want nothing but protected mode.
    pub(crate) const fn writes_back(&self, value: u16) -> bool {
        let changed = self.shown_cr0() & 0xFFFF ^ value as u32;
        self.smsw_shows_pe && changed != 0 && changed & !(Cr0::MACHINE_STATUS & !Cr0::PE) == 0
    }

    /// CR0 as LMSW with `value` makes it. (That LMSW cannot clear PE plays no part: in real mode PE is 0.)
    pub(crate) const fn cr0_after_lmsw(&self, value: u16) -> u32 {
        self.cr0 & !Cr0::MACHINE_STATUS | value as u32 & Cr0::MACHINE_STATUS
    }

    /// What MOV to CR0 makes of `value`: undefined bits stay 0, ET stays 1 (SDM vol. 2, "MOV—Move to/from Control
    /// Registers").
    pub(crate) const fn cr0_from(value: u32) -> Result<u32, Fault> {
        let paging_without_protection = value & Cr0::PG != 0 && value & Cr0::PE == 0;
        let write_through_while_caching = value & Cr0::NW != 0 && value & Cr0::CD == 0;
        if paging_without_protection || write_through_while_caching {
            return Err(Fault(vector::GENERAL_PROTECTION));
        }
        Ok(value & Cr0::DEFINED | Cr0::ET)
    }

    /// A control register's value; `None` if there is none of that number.
    pub(crate) const fn control_register(&self, number: u8) -> Option<u32> {
        match number {
            0 => Some(self.cr0),
            2 => Some(self.cr2),
            3 => Some(self.cr3),
            4 => Some(self.cr4),
            _ => None,
        }
    }

    /// A debug register's value; `None` if there is none of that number: 4 and 5 with CR4.DE.
    pub(crate) fn debug_register(&self, number: u8) -> Option<u32> {
        match number {
            0..=3 => Some(self.breakpoints[usize::from(number)]),
            4 | 5 if self.cr4 & CR4_DE != 0 => None,
            4 | 6 => Some(self.dr6),
            5 | 7 => Some(self.dr7),
            _ => None,
        }
    }

    /// Writes a debug register that [`debug_register`](Self::debug_register) knows.
    pub(crate) fn set_debug_register(&mut self, number: u8, value: u32) {
        match number {
            0..=3 => self.breakpoints[usize::from(number)] = value,
            4 | 6 => self.dr6 = value & Debug::DR6_WRITABLE | Debug::DR6_FIXED,
            _ => self.dr7 = value & Debug::DR7_WRITABLE | Debug::DR7_FIXED,
        }
    }
}
