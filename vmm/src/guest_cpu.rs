//! The guest's processor as `v8086` and `pc` see it, over either of two places: the current VMCS, for a guest that
//! has stopped at an exit, or a plan, for one that has not started.

use v8086::{Cpu, Flags, General, SegmentRegister};
use vmx::{Field, Machine};

use crate::cpu::vmx::{vmread, vmwrite};

/// Where VMCS fields are kept.
pub trait Fields {
    /// The value of `field`.
    fn read(&self, field: Field) -> u64;
    /// Sets `field`.
    fn write(&mut self, field: Field, value: u64);
}

/// The current VMCS.
pub struct CurrentFields;

impl Fields for CurrentFields {
    #[inline]
    fn read(&self, field: Field) -> u64 {
        vmread(field)
    }

    #[inline]
    fn write(&mut self, field: Field, value: u64) {
        vmwrite(field, value);
    }
}

impl Fields for Machine {
    fn read(&self, field: Field) -> u64 {
        self.get(field).unwrap_or(0)
    }

    fn write(&mut self, field: Field, value: u64) {
        self.set(field, value);
    }
}

/// A guest in a 16-bit mode, between two instructions.
pub struct GuestCpu<'a, F> {
    /// General registers.
    pub general: &'a mut General,
    /// The rest.
    pub fields: F,
}

/// Selector and base of each segment register, by [`SegmentRegister`].
pub const SEGMENTS: [(Field, Field); 6] = [
    (Field::GUEST_ES_SELECTOR, Field::GUEST_ES_BASE),
    (Field::GUEST_CS_SELECTOR, Field::GUEST_CS_BASE),
    (Field::GUEST_SS_SELECTOR, Field::GUEST_SS_BASE),
    (Field::GUEST_DS_SELECTOR, Field::GUEST_DS_BASE),
    (Field::GUEST_FS_SELECTOR, Field::GUEST_FS_BASE),
    (Field::GUEST_GS_SELECTOR, Field::GUEST_GS_BASE),
];

/// Flags that the VMM owns while the guest runs in virtual-8086 mode.
const OWNED: u32 = Flags::VM | Flags::IOPL | Flags::VIF | Flags::VIP;

/// What the owned flags are: virtual-8086 mode at IOPL 3.
const OWNED_VALUE: u32 = Flags::VM | Flags::IOPL;

impl<F: Fields> Cpu for GuestCpu<'_, F> {
    fn general(&self) -> &General {
        self.general
    }

    fn general_mut(&mut self) -> &mut General {
        self.general
    }

    fn segment(&self, register: SegmentRegister) -> u16 {
        self.fields.read(SEGMENTS[register as usize].0) as u16
    }

    fn set_segment(&mut self, register: SegmentRegister, selector: u16) {
        let (selector_field, base_field) = SEGMENTS[register as usize];
        self.fields.write(selector_field, selector.into());
        self.fields.write(base_field, u64::from(selector) << 4);
    }

    fn eip(&self) -> u32 {
        self.fields.read(Field::GUEST_RIP) as u32
    }

    fn set_eip(&mut self, eip: u32) {
        self.fields.write(Field::GUEST_RIP, eip.into());
    }

    fn esp(&self) -> u32 {
        self.fields.read(Field::GUEST_RSP) as u32
    }

    fn set_esp(&mut self, esp: u32) {
        self.fields.write(Field::GUEST_RSP, esp.into());
    }

    fn eflags(&self) -> u32 {
        self.fields.read(Field::GUEST_RFLAGS) as u32 & !Flags::VM
    }

    fn set_eflags(&mut self, eflags: u32) {
        let before = self.fields.read(Field::GUEST_RFLAGS) as u32;
        // A handler is entered: the VMM has delivered the trap itself. By the manual none is pending then, but Bochs
        // 2.7 saves that of an instruction which has only begun.
        if before & !eflags & Flags::TF != 0 {
            self.fields.write(Field::GUEST_PENDING_DEBUG_EXCEPTIONS, 0);
        }
        let virtual_8086 = before & Flags::VM != 0;
        let (owned, value) = if virtual_8086 { (OWNED, OWNED_VALUE) } else { (Flags::VM, 0) };
        self.fields.write(Field::GUEST_RFLAGS, (eflags & !owned | value | Flags::FIXED).into());
    }
}

impl<'a> GuestCpu<'a, CurrentFields> {
    /// The guest of the current VMCS.
    pub fn current(general: &'a mut General) -> Self {
        Self { general, fields: CurrentFields }
    }
}

impl<'a> GuestCpu<'a, &'a mut Machine> {
    /// A guest that is being planned.
    pub fn planned(general: &'a mut General, machine: &'a mut Machine) -> Self {
        Self { general, fields: machine }
    }
}

impl<F: Fields + ?Sized> Fields for &mut F {
    fn read(&self, field: Field) -> u64 {
        (**self).read(field)
    }

    fn write(&mut self, field: Field, value: u64) {
        (**self).write(field, value);
    }
}
