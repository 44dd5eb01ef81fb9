//! What an exit says about a memory access: EPT violations and accesses to the APIC page.
//!
//! The layouts are those of "Basic VM-Exit Information", section 29.2.1.

use core::fmt;

/// The exit qualification of an EPT violation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EptViolation(pub u64);

impl EptViolation {
    const fn bit(self, position: u32) -> bool {
        self.0 >> position & 1 == 1
    }

    /// The access was a data read.
    pub const fn read(self) -> bool {
        self.bit(0)
    }

    /// The access was a data write.
    pub const fn write(self) -> bool {
        self.bit(1)
    }

    /// The access was an instruction fetch.
    pub const fn fetch(self) -> bool {
        self.bit(2)
    }

    /// The guest-physical address is readable.
    pub const fn readable(self) -> bool {
        self.bit(3)
    }

    /// The guest-physical address is writable.
    pub const fn writable(self) -> bool {
        self.bit(4)
    }

    /// The guest-physical address is executable (for supervisor-mode linear addresses, with mode-based execute
    /// control).
    pub const fn executable(self) -> bool {
        self.bit(5)
    }

    /// With mode-based execute control: executable for user-mode linear addresses.
    pub const fn user_executable(self) -> bool {
        self.bit(6)
    }

    /// The guest-linear-address field is valid.
    pub const fn linear_address_valid(self) -> bool {
        self.bit(7)
    }

    /// The access was to the translation of a linear address, not to a paging-structure entry on the way. It has a
    /// meaning only where the linear address is valid.
    pub const fn final_access(self) -> bool {
        self.bit(8)
    }

    /// IRET had unblocked NMIs before the access.
    pub const fn nmi_unblocking_by_iret(self) -> bool {
        self.bit(12)
    }

    /// The access was to a shadow stack.
    pub const fn shadow_stack(self) -> bool {
        self.bit(13)
    }

    /// Guest-paging verification caused the violation.
    pub const fn paging_verification(self) -> bool {
        self.bit(15)
    }

    /// The access was asynchronous to instruction execution: Intel PT, for instance.
    pub const fn asynchronous(self) -> bool {
        self.bit(16)
    }
}

impl fmt::Display for EptViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (set, words) in [(self.read(), "read"), (self.write(), "write"), (self.fetch(), "fetch")] {
            if set {
                write!(f, "{separator}{words}")?;
                separator = " and ";
            }
        }
        if separator.is_empty() {
            f.write_str("access")?;
        }
        let right = |set: bool, letter: char| if set { letter } else { '-' };
        let (r, w, x) =
            (right(self.readable(), 'r'), right(self.writable(), 'w'), right(self.executable(), 'x'));
        write!(f, " of a page mapped {r}{w}{x}")?;
        if self.linear_address_valid() && !self.final_access() {
            f.write_str(", during a page walk")?;
        }
        if self.shadow_stack() {
            f.write_str(", shadow stack")?;
        }
        if self.asynchronous() {
            f.write_str(", asynchronous")?;
        }
        if self.nmi_unblocking_by_iret() {
            f.write_str(", NMIs unblocked by IRET")?;
        }
        Ok(())
    }
}

/// The exit qualification of an APIC access.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ApicAccess(pub u64);

impl ApicAccess {
    /// The offset in the APIC page; undefined for guest-physical accesses.
    pub const fn offset(self) -> u16 {
        (self.0 & 0xFFF) as u16
    }

    /// The type of access in words.
    pub const fn access(self) -> &'static str {
        match self.0 >> 12 & 15 {
            0 => "read by an instruction",
            1 => "write by an instruction",
            2 => "instruction fetch",
            3 => "event delivery",
            4 => "monitoring by an instruction",
            10 => "guest-physical access during event delivery",
            15 => "guest-physical access by an instruction or fetch",
            _ => "access of a reserved type",
        }
    }
}

impl fmt::Display for ApicAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at offset {:X}h of the APIC page", self.access(), self.offset())
    }
}
