//! The bitmaps that choose which ports and MSRs cause VM exits.
//!
//! They are pages that the VMCS points to; this module only fills them in. In both, a 1 intercepts.

use core::ops::RangeInclusive;

/// The size and alignment of each bitmap page, in bytes.
pub const PAGE_BYTES: usize = 4096;

/// Whether the guest does something itself or causes a VM exit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Policy {
    /// The guest's instruction reaches the machine.
    Allow,
    /// The guest's instruction causes a VM exit.
    Intercept,
}

/// I/O bitmaps A (ports 0–7FFFh) and B (8000h–FFFFh): a bit for a port ("I/O-Bitmap Addresses", section 26.6.4).
///
/// An access to several ports exits when one of them is intercepted; one that wraps around from FFFFh always exits.
#[derive(Clone, PartialEq, Eq, Debug)]
#[repr(C, align(4096))]
pub struct IoBitmaps {
    a: [u8; PAGE_BYTES],
    b: [u8; PAGE_BYTES],
}

const _: () = assert!(size_of::<IoBitmaps>() == 2 * PAGE_BYTES && align_of::<IoBitmaps>() == PAGE_BYTES);

impl IoBitmaps {
    /// Both bitmaps with one policy for every port.
    pub const fn all(policy: Policy) -> Self {
        IoBitmaps { a: [fill(policy); PAGE_BYTES], b: [fill(policy); PAGE_BYTES] }
    }

    /// The page for IO_BITMAP_A_ADDRESS.
    pub const fn a(&self) -> &[u8; PAGE_BYTES] {
        &self.a
    }

    /// The page for IO_BITMAP_B_ADDRESS.
    pub const fn b(&self) -> &[u8; PAGE_BYTES] {
        &self.b
    }

    /// Sets the policy for one port.
    pub const fn set(&mut self, port: u16, policy: Policy) {
        let bit = (port & 0x7FFF) as usize;
        let page = if port < 0x8000 { &mut self.a } else { &mut self.b };
        set_bit(page, bit, policy);
    }

    /// Sets the policy for all `ports`.
    pub fn set_range(&mut self, ports: RangeInclusive<u16>, policy: Policy) {
        for port in ports {
            self.set(port, policy);
        }
    }

    /// The policy for one port.
    pub const fn policy(&self, port: u16) -> Policy {
        let page = if port < 0x8000 { &self.a } else { &self.b };
        bit_policy(page, (port & 0x7FFF) as usize)
    }
}

/// Which access to an MSR a bitmap bit is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MsrAccess {
    /// RDMSR.
    Read,
    /// WRMSR.
    Write,
}

/// The MSR bitmaps: four of 1 KiB in one page ("MSR-Bitmap Address", section 26.6.9). Reads of MSRs 0–1FFFh, reads of
/// C0000000h–C0001FFFh, writes of the first, writes of the second. An access to any other MSR always exits.
#[derive(Clone, PartialEq, Eq, Debug)]
#[repr(C, align(4096))]
pub struct MsrBitmaps([u8; PAGE_BYTES]);

const _: () = assert!(size_of::<MsrBitmaps>() == PAGE_BYTES);

/// The MSR has no bit in the bitmaps: every access to it exits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MsrOutOfRange(pub u32);

impl core::fmt::Display for MsrOutOfRange {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "MSR {:X}h has no bit in the MSR bitmaps: every access to it exits", self.0)
    }
}

impl core::error::Error for MsrOutOfRange {}

impl MsrBitmaps {
    /// One policy for every MSR that has a bit.
    pub const fn all(policy: Policy) -> Self {
        MsrBitmaps([fill(policy); PAGE_BYTES])
    }

    /// The page for MSR_BITMAPS_ADDRESS.
    pub const fn bytes(&self) -> &[u8; PAGE_BYTES] {
        &self.0
    }

    /// Sets the policy for one kind of access to an MSR.
    ///
    /// # Errors
    ///
    /// An MSR outside both ranges.
    pub const fn set(&mut self, msr: u32, access: MsrAccess, policy: Policy) -> Result<(), MsrOutOfRange> {
        match Self::bit(msr, access) {
            Some(bit) => {
                set_bit(&mut self.0, bit, policy);
                Ok(())
            }
            None => Err(MsrOutOfRange(msr)),
        }
    }

    /// The policy for one kind of access to an MSR.
    pub const fn policy(&self, msr: u32, access: MsrAccess) -> Policy {
        match Self::bit(msr, access) {
            Some(bit) => bit_policy(&self.0, bit),
            None => Policy::Intercept,
        }
    }

    const fn bit(msr: u32, access: MsrAccess) -> Option<usize> {
        const BITMAP_BITS: usize = 8 * 1024;
        let high = match msr {
            0..=0x1FFF => 0,
            0xC000_0000..=0xC000_1FFF => 1,
            _ => return None,
        };
        let write = match access {
            MsrAccess::Read => 0,
            MsrAccess::Write => 2,
        };
        Some((write + high) * BITMAP_BITS + (msr & 0x1FFF) as usize)
    }
}

const fn fill(policy: Policy) -> u8 {
    match policy {
        Policy::Allow => 0,
        Policy::Intercept => 0xFF,
    }
}

const fn set_bit(page: &mut [u8; PAGE_BYTES], bit: usize, policy: Policy) {
    match policy {
        Policy::Allow => page[bit / 8] &= !(1 << (bit % 8)),
        Policy::Intercept => page[bit / 8] |= 1 << (bit % 8),
    }
}

const fn bit_policy(page: &[u8; PAGE_BYTES], bit: usize) -> Policy {
    if page[bit / 8] >> (bit % 8) & 1 == 1 { Policy::Intercept } else { Policy::Allow }
}
