//! The guest's processor as `v8086` and `pc` see it, over either of two places: the current VMCS, for a guest that
//! has stopped at an exit, or a plan, for one that has not started.

use rt::cpu::rdtsc;
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

/// What nearly every answer to an exit needs of the guest's state. It is read once at each exit, and written through.
#[derive(Clone, Copy, Debug, Default)]
pub struct AtExit {
    /// The time-stamp counter.
    pub tsc: u64,
    /// RIP. No guest has more than 32 bits of it.
    pub rip: u32,
    /// RFLAGS.
    pub rflags: u32,
    /// CS selector, in 16 bits.
    pub cs: u32,
    /// The guest stands behind an instruction that is complete: nothing blocks interrupts, and nothing is injected.
    pub complete: bool,
}

impl AtExit {
    /// Reads it from the current VMCS.
    #[inline(always)]
    pub fn read() -> Self {
        Self {
            tsc: rdtsc(),
            rip: vmread(Field::GUEST_RIP) as u32,
            rflags: vmread(Field::GUEST_RFLAGS) as u32,
            cs: vmread(Field::GUEST_CS_SELECTOR) as u32,
            complete: true,
        }
    }

    /// Whether the guest has its interrupts enabled.
    #[inline(always)]
    pub fn interrupts_enabled(&self) -> bool {
        self.rflags & Flags::IF != 0
    }

    /// Sets RIP.
    #[inline(always)]
    pub fn set_rip(&mut self, rip: u32) {
        self.rip = rip;
        vmwrite(Field::GUEST_RIP, rip.into());
    }

    /// Sets RFLAGS.
    #[inline(always)]
    pub fn set_rflags(&mut self, rflags: u32) {
        self.rflags = rflags;
        vmwrite(Field::GUEST_RFLAGS, rflags.into());
    }

    /// An instruction has been carried out: the shadow of STI or MOV SS in which it may have stood is over. To look whether
    /// it stood in one would cost as much as the write.
    #[inline(always)]
    pub fn end_blocking(&mut self) {
        vmwrite(Field::GUEST_INTERRUPTIBILITY_STATE, 0);
        self.complete = true;
    }
}

/// The current VMCS, but for what was read at the exit.
pub struct FieldsAtExit<'a>(pub &'a mut AtExit);

impl Fields for FieldsAtExit<'_> {
    #[inline(always)]
    fn read(&self, field: Field) -> u64 {
        match field {
            Field::GUEST_RIP => self.0.rip.into(),
            Field::GUEST_RFLAGS => self.0.rflags.into(),
            Field::GUEST_CS_SELECTOR => self.0.cs.into(),
            _ => vmread(field),
        }
    }

    #[inline(always)]
    fn write(&mut self, field: Field, value: u64) {
        match field {
            Field::GUEST_RIP => self.0.rip = value as u32,
            Field::GUEST_RFLAGS => self.0.rflags = value as u32,
            Field::GUEST_CS_SELECTOR => self.0.cs = value as u32,
            _ => {}
        }
        vmwrite(field, value);
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

/// Flags that belong to who runs virtual-8086 mode, the VMM or the guest's own monitor, and stay as they are.
const OWNED: u32 = Flags::VM | Flags::IOPL | Flags::VIF | Flags::VIP;

impl<F: Fields> Cpu for GuestCpu<'_, F> {
    #[inline(always)]
    fn general(&self) -> &General {
        self.general
    }

    #[inline(always)]
    fn general_mut(&mut self) -> &mut General {
        self.general
    }

    #[inline(always)]
    fn segment(&self, register: SegmentRegister) -> u16 {
        self.fields.read(SEGMENTS[register as usize].0) as u16
    }

    #[inline(always)]
    fn set_segment(&mut self, register: SegmentRegister, selector: u16) {
        let (selector_field, base_field) = SEGMENTS[register as usize];
        self.fields.write(selector_field, selector.into());
        self.fields.write(base_field, u64::from(selector) << 4);
    }

    #[inline(always)]
    fn eip(&self) -> u32 {
        self.fields.read(Field::GUEST_RIP) as u32
    }

    #[inline(always)]
    fn set_eip(&mut self, eip: u32) {
        self.fields.write(Field::GUEST_RIP, eip.into());
    }

    #[inline(always)]
    fn esp(&self) -> u32 {
        self.fields.read(Field::GUEST_RSP) as u32
    }

    #[inline(always)]
    fn set_esp(&mut self, esp: u32) {
        self.fields.write(Field::GUEST_RSP, esp.into());
    }

    #[inline(always)]
    fn eflags(&self) -> u32 {
        self.fields.read(Field::GUEST_RFLAGS) as u32 & !Flags::VM
    }

    #[inline(always)]
    fn set_eflags(&mut self, eflags: u32) {
        let before = self.fields.read(Field::GUEST_RFLAGS) as u32;
        // A handler is entered: the VMM has delivered the trap itself. By the manual none is pending then, but Bochs
        // 2.7 saves that of an instruction which has only begun.
        if before & !eflags & Flags::TF != 0 {
            self.fields.write(Field::GUEST_PENDING_DEBUG_EXCEPTIONS, 0);
        }
        let virtual_8086 = before & Flags::VM != 0;
        let owned = if virtual_8086 { OWNED } else { Flags::VM };
        self.fields.write(Field::GUEST_RFLAGS, (eflags & !owned | before & owned | Flags::FIXED).into());
    }
}

impl<'a> GuestCpu<'a, CurrentFields> {
    /// The guest of the current VMCS.
    pub fn current(general: &'a mut General) -> Self {
        Self { general, fields: CurrentFields }
    }
}

impl<'a> GuestCpu<'a, FieldsAtExit<'a>> {
    /// The guest of the current VMCS, at an exit.
    #[inline(always)]
    pub fn at_exit(general: &'a mut General, at: &'a mut AtExit) -> Self {
        Self { general, fields: FieldsAtExit(at) }
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
