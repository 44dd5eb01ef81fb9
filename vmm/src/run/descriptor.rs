//! Descriptors of an unrestricted guest's tables, for what the processor leaves to the VMM (SDM vol. 3, 3.4.5 "Segment
//! Descriptors").

use vmx::Field;
use vmx::segment::SegmentName;

use crate::cpu::vmx::{vmread, vmwrite};

use super::linear_space::{LinearSpace, PageFault};
use super::vm::Vm;

/// A descriptor of the GDT or the LDT.
#[derive(Clone, Copy)]
pub struct Descriptor {
    at: u32,
    value: u64,
}

impl Descriptor {
    /// Of a TSS: a task is in it, or nested in it.
    pub const BUSY: u64 = 1 << 41;
    /// It was loaded.
    pub const ACCESSED: u64 = 1 << 40;
    /// Code, if it is no system segment.
    pub const CODE: u64 = 1 << 43;
    /// Of code: it runs at its caller's level.
    pub const CONFORMING: u64 = 1 << 42;
    /// Of code: it is readable; of data: it is writable.
    pub const READ_WRITE: u64 = 1 << 41;
    /// Code or data.
    pub const NO_SYSTEM: u64 = 1 << 44;
    /// It is present.
    pub const PRESENT: u64 = 1 << 47;
    /// Of a TSS: it is a 32-bit one.
    pub const WIDE: u64 = 1 << 43;

    /// `None` beyond the table's limit, and for the null selector.
    pub fn read(vm: &mut Vm, selector: u16) -> Result<Option<Self>, PageFault> {
        let (base, limit) = if selector & 4 == 0 {
            (Field::GUEST_GDTR_BASE, Field::GUEST_GDTR_LIMIT)
        } else {
            (Field::GUEST_LDTR_BASE, Field::GUEST_LDTR_LIMIT)
        };
        let offset = u32::from(selector & !7);
        if selector & !3 == 0 || u64::from(offset) + 7 > vmread(limit) {
            return Ok(None);
        }
        let at = (vmread(base) as u32).wrapping_add(offset);
        let mut bytes = [0; 8];
        LinearSpace::system().read(&mut vm.space, at, &mut bytes)?;
        Ok(Some(Self { at, value: u64::from_le_bytes(bytes) }))
    }

    /// Sets or clears a bit of the type, in memory too.
    pub fn mark(&mut self, vm: &mut Vm, bit: u64, set: bool) -> Result<(), PageFault> {
        self.value = if set { self.value | bit } else { self.value & !bit };
        LinearSpace::system().write(&mut vm.space, self.at + 5, &[(self.value >> 40) as u8])
    }

    /// Whether a bit is set.
    pub fn is(self, bit: u64) -> bool {
        self.value & bit != 0
    }

    /// DPL, 0 to 3.
    pub fn level(self) -> u16 {
        (self.value >> 45) as u16 & 3
    }

    /// Whether this is an LDT, and present.
    pub fn is_local_table(self) -> bool {
        self.value >> 40 & 0x9F == 0x82
    }

    /// The base address.
    pub fn base(self) -> u32 {
        (self.value >> 16) as u32 & 0xFF_FFFF | (self.value >> 32) as u32 & 0xFF00_0000
    }

    /// The limit in bytes.
    pub fn limit(self) -> u32 {
        let limit = self.value as u32 & 0xFFFF | (self.value >> 32) as u32 & 0xF_0000;
        if self.is(1 << 55) { limit << 12 | 0xFFF } else { limit }
    }

    /// Loads a segment register with it.
    pub fn load(self, name: SegmentName, selector: u16) {
        let rights = (self.value >> 40) as u32 & 0xF0FF;
        load(name, selector, self.base(), self.limit(), rights);
    }
}

/// Loads a segment register.
pub fn load(name: SegmentName, selector: u16, base: u32, limit: u32, rights: u32) {
    let fields = name.fields();
    vmwrite(fields.selector, selector.into());
    vmwrite(fields.base, base.into());
    vmwrite(fields.limit, limit.into());
    vmwrite(fields.access_rights, rights.into());
}
