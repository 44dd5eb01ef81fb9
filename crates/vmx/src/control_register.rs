//! CR0, CR4 and IA32_EFER, and the bits of the first two that VMX operation fixes.
//!
//! VMXON, VM entries and writes to the registers in VMX operation all fail when a fixed bit is wrong. Which bits are
//! fixed is not a constant: the MSRs 486h–489h say it ("VMX-Fixed Bits in CR0" and "... in CR4", sections A.7, A.8).

/// Bits of CR0 ("Control Registers", section 2.5).
#[allow(missing_docs)]
#[rustfmt::skip]
pub mod cr0 {
    pub const PE: u64 = 1 << 0;
    pub const MP: u64 = 1 << 1;
    pub const EM: u64 = 1 << 2;
    pub const TS: u64 = 1 << 3;
    pub const ET: u64 = 1 << 4;
    pub const NE: u64 = 1 << 5;
    pub const WP: u64 = 1 << 16;
    pub const AM: u64 = 1 << 18;
    pub const NW: u64 = 1 << 29;
    pub const CD: u64 = 1 << 30;
    pub const PG: u64 = 1 << 31;
}

/// Bits of CR4 ("Control Registers", section 2.5).
#[allow(missing_docs)]
#[rustfmt::skip]
pub mod cr4 {
    pub const VME:        u64 = 1 << 0;
    pub const PVI:        u64 = 1 << 1;
    pub const TSD:        u64 = 1 << 2;
    pub const DE:         u64 = 1 << 3;
    pub const PSE:        u64 = 1 << 4;
    pub const PAE:        u64 = 1 << 5;
    pub const MCE:        u64 = 1 << 6;
    pub const PGE:        u64 = 1 << 7;
    pub const PCE:        u64 = 1 << 8;
    pub const OSFXSR:     u64 = 1 << 9;
    pub const OSXMMEXCPT: u64 = 1 << 10;
    pub const UMIP:       u64 = 1 << 11;
    pub const LA57:       u64 = 1 << 12;
    pub const VMXE:       u64 = 1 << 13;
    pub const SMXE:       u64 = 1 << 14;
    pub const FSGSBASE:   u64 = 1 << 16;
    pub const PCIDE:      u64 = 1 << 17;
    pub const OSXSAVE:    u64 = 1 << 18;
    pub const KL:         u64 = 1 << 19;
    pub const SMEP:       u64 = 1 << 20;
    pub const SMAP:       u64 = 1 << 21;
    pub const PKE:        u64 = 1 << 22;
    pub const CET:        u64 = 1 << 23;
    pub const PKS:        u64 = 1 << 24;
    pub const UINTR:      u64 = 1 << 25;
    pub const LAM_SUP:    u64 = 1 << 28;
    pub const FRED:       u64 = 1 << 32;
}

/// Bits of IA32_EFER ("Extended Feature Enable Register", section 2.2.1).
#[allow(missing_docs)]
#[rustfmt::skip]
pub mod efer {
    pub const SCE: u64 = 1 << 0;
    pub const LME: u64 = 1 << 8;
    pub const LMA: u64 = 1 << 10;
    pub const NXE: u64 = 1 << 11;

    /// All bits that are not reserved.
    pub const DEFINED: u64 = SCE | LME | LMA | NXE;
}

/// Which guest a CR0 is for: the control "unrestricted guest" frees PE and PG.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Restriction {
    /// VMX root operation, or a guest whose paging must be on.
    Restricted,
    /// A guest with "unrestricted guest" set.
    Unrestricted,
}

/// The bits of a control register that VMX operation fixes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FixedBits {
    /// Bits that must be 1 (the FIXED0 MSR).
    pub must_be_1: u64,
    /// Bits that may be 1 (the FIXED1 MSR).
    pub may_be_1: u64,
}

impl FixedBits {
    /// CR0's fixed bits for a guest: PE and PG are free in an unrestricted one ("Unrestricted Guests").
    pub const fn for_guest_cr0(self, restriction: Restriction) -> Self {
        match restriction {
            Restriction::Restricted => self,
            Restriction::Unrestricted => {
                FixedBits { must_be_1: self.must_be_1 & !(cr0::PE | cr0::PG), may_be_1: self.may_be_1 }
            }
        }
    }

    /// `value` with the fixed bits put right.
    pub const fn apply(self, value: u64) -> u64 {
        (value | self.must_be_1) & self.may_be_1
    }

    /// The bits of `value` that are fixed to the other setting; 0 when the value passes.
    pub const fn wrong_bits(self, value: u64) -> u64 {
        (value & !self.may_be_1) | (!value & self.must_be_1)
    }
}
