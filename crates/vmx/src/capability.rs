//! What a processor's VT-x can do: the capability MSRs 480h–493h, read as one value and decoded.
//!
//! On entry CPUID.1:ECX bit 5 is known to be 1; without it none of these MSRs exists. Some exist only where another
//! says so, and reading one that does not exist is #GP, so [`Capabilities::read`] asks in the order that
//! "VMX Capability Reporting Facility" (Appendix A) lays down.

mod cpu;
mod ept;
mod known;
mod profile;

pub use cpu::CpuFacts;
pub use ept::EptVpid;
pub use profile::Profile;

use crate::control_register::FixedBits;
use crate::controls::{Allowed, Control, ControlKind, exit, primary, secondary};
use crate::field::{Field, Requirement};

/// Addresses of the capability MSRs ("VMX Capability Reporting Facility", Appendix A).
#[allow(missing_docs)]
#[rustfmt::skip]
pub mod msr {
    pub const BASIC:              u32 = 0x480;
    pub const PINBASED_CTLS:      u32 = 0x481;
    pub const PROCBASED_CTLS:     u32 = 0x482;
    pub const EXIT_CTLS:          u32 = 0x483;
    pub const ENTRY_CTLS:         u32 = 0x484;
    pub const MISC:               u32 = 0x485;
    pub const CR0_FIXED0:         u32 = 0x486;
    pub const CR0_FIXED1:         u32 = 0x487;
    pub const CR4_FIXED0:         u32 = 0x488;
    pub const CR4_FIXED1:         u32 = 0x489;
    pub const VMCS_ENUM:          u32 = 0x48A;
    pub const PROCBASED_CTLS2:    u32 = 0x48B;
    pub const EPT_VPID_CAP:       u32 = 0x48C;
    pub const TRUE_PINBASED_CTLS: u32 = 0x48D;
    pub const TRUE_PROCBASED_CTLS: u32 = 0x48E;
    pub const TRUE_EXIT_CTLS:     u32 = 0x48F;
    pub const TRUE_ENTRY_CTLS:    u32 = 0x490;
    pub const VMFUNC:             u32 = 0x491;
    pub const PROCBASED_CTLS3:    u32 = 0x492;
    pub const EXIT_CTLS2:         u32 = 0x493;
}

const FIRST: u32 = msr::BASIC;
const LAST: u32 = msr::EXIT_CTLS2;
const COUNT: usize = (LAST - FIRST + 1) as usize;

/// The capability MSRs of one processor, and the CPUID facts that the rules of VM entry need.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Capabilities {
    values: [u64; COUNT],
    present: u32,
    /// What CPUID says.
    pub cpu: CpuFacts,
}

impl Capabilities {
    /// No MSR at all, and no CPUID fact: the start of [`Capabilities::set`].
    pub const fn none() -> Self {
        Capabilities { values: [0; COUNT], present: 0, cpu: CpuFacts::UNKNOWN }
    }

    /// Reads every capability MSR that exists, and no other. The CPUID facts are [`CpuFacts::LEAST`]; set
    /// [`Capabilities::cpu`] to tell more.
    pub fn read(mut rdmsr: impl FnMut(u32) -> u64) -> Self {
        let mut read = Capabilities { cpu: CpuFacts::LEAST, ..Capabilities::none() };
        for address in FIRST..=LAST {
            if read.exists(address) {
                read.set(address, rdmsr(address));
            }
        }
        read
    }

    /// Whether the MSRs read so far say that the capability MSR `address` exists. The MSRs that it depends on have
    /// lower addresses.
    const fn exists(&self, address: u32) -> bool {
        let second = self.allowed_1(msr::PROCBASED_CTLS2);
        match address {
            msr::PROCBASED_CTLS2 => self.allows_1(msr::PROCBASED_CTLS, primary::ACTIVATE_SECONDARY_CONTROLS),
            msr::EPT_VPID_CAP => second & (secondary::ENABLE_EPT | secondary::ENABLE_VPID) != 0,
            msr::TRUE_PINBASED_CTLS..=msr::TRUE_ENTRY_CTLS => self.true_controls(),
            msr::VMFUNC => second & secondary::ENABLE_VM_FUNCTIONS != 0,
            msr::PROCBASED_CTLS3 => self.allows_1(msr::PROCBASED_CTLS, primary::ACTIVATE_TERTIARY_CONTROLS),
            msr::EXIT_CTLS2 => self.allows_1(msr::EXIT_CTLS, exit::ACTIVATE_SECONDARY_CONTROLS),
            FIRST..=msr::VMCS_ENUM => true,
            _ => false,
        }
    }

    /// Records the value of one MSR, for instance from a saved profile.
    ///
    /// # Panics
    ///
    /// When `address` is outside 480h–493h.
    pub const fn set(&mut self, address: u32, value: u64) {
        assert!(FIRST <= address && address <= LAST, "not a VMX capability MSR");
        self.values[(address - FIRST) as usize] = value;
        self.present |= 1 << (address - FIRST);
    }

    /// The value of the capability MSR `address`; `None` where the processor does not have it.
    pub const fn get(&self, address: u32) -> Option<u64> {
        if address < FIRST || LAST < address || self.present >> (address - FIRST) & 1 == 0 {
            return None;
        }
        Some(self.values[(address - FIRST) as usize])
    }

    /// The MSRs that exist, ascending: address and value.
    pub fn entries(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        (FIRST..=LAST).filter_map(|address| self.get(address).map(|value| (address, value)))
    }

    /// The value of `address`, or 0: a capability that is not reported is absent.
    const fn value(&self, address: u32) -> u64 {
        match self.get(address) {
            Some(value) => value,
            None => 0,
        }
    }

    const fn allowed_1(&self, address: u32) -> u64 {
        self.value(address) >> 32
    }

    const fn allows_1(&self, address: u32, mask: u64) -> bool {
        self.allowed_1(address) & mask != 0
    }
}

/// IA32_VMX_BASIC ("Basic VMX Information", section A.1).
impl Capabilities {
    /// The VMCS revision identifier, which VMXON regions and VMCSs carry in bits 30:0 of their first word.
    pub const fn revision(&self) -> u32 {
        (self.value(msr::BASIC) & 0x7FFF_FFFF) as u32
    }

    /// How many bytes a VMXON region or a VMCS takes, at most 4096.
    pub const fn region_size_bytes(&self) -> usize {
        (self.value(msr::BASIC) >> 32 & 0x1FFF) as usize
    }

    /// Whether VMXON regions, VMCSs and what they point to must lie below 4 GiB.
    pub const fn addresses_limited_to_32_bits(&self) -> bool {
        self.value(msr::BASIC) >> 48 & 1 == 1
    }

    /// Whether the processor supports the dual-monitor treatment of SMIs and SMM.
    pub const fn dual_monitor(&self) -> bool {
        self.value(msr::BASIC) >> 49 & 1 == 1
    }

    /// The memory type for VMCS accesses, in the encoding of IA32_PAT: 6 is write-back.
    pub const fn memory_type(&self) -> u8 {
        (self.value(msr::BASIC) >> 50 & 0xF) as u8
    }

    /// Whether INS and OUTS exits report the instruction information.
    pub const fn string_io_information(&self) -> bool {
        self.value(msr::BASIC) >> 54 & 1 == 1
    }

    /// Whether the TRUE MSRs exist, which tell the default1 bits that may be 0.
    pub const fn true_controls(&self) -> bool {
        self.value(msr::BASIC) >> 55 & 1 == 1
    }

    /// Whether a VM entry may inject a hardware exception with or without an error code, whatever its vector.
    pub const fn any_error_code(&self) -> bool {
        self.value(msr::BASIC) >> 56 & 1 == 1
    }

    /// Whether VM entries and exits tell nested exceptions apart (FRED).
    pub const fn nested_exceptions(&self) -> bool {
        self.value(msr::BASIC) >> 58 & 1 == 1
    }
}

/// The controls ("VM-Execution Controls" to "VM-Entry Controls", sections A.3 to A.5).
impl Capabilities {
    /// The capability MSR that governs `kind`: its TRUE MSR where there is one.
    pub const fn allowed_msr(&self, kind: ControlKind) -> u32 {
        match (kind, self.true_controls()) {
            (ControlKind::PinBased, false) => msr::PINBASED_CTLS,
            (ControlKind::PinBased, true) => msr::TRUE_PINBASED_CTLS,
            (ControlKind::Primary, false) => msr::PROCBASED_CTLS,
            (ControlKind::Primary, true) => msr::TRUE_PROCBASED_CTLS,
            (ControlKind::Exit, false) => msr::EXIT_CTLS,
            (ControlKind::Exit, true) => msr::TRUE_EXIT_CTLS,
            (ControlKind::Entry, false) => msr::ENTRY_CTLS,
            (ControlKind::Entry, true) => msr::TRUE_ENTRY_CTLS,
            (ControlKind::Secondary, _) => msr::PROCBASED_CTLS2,
            (ControlKind::Tertiary, _) => msr::PROCBASED_CTLS3,
            (ControlKind::SecondaryExit, _) => msr::EXIT_CTLS2,
        }
    }

    /// The settings of `kind` that a VM entry accepts. Where the word's MSR does not exist, no bit may be 1.
    pub const fn allowed(&self, kind: ControlKind) -> Allowed {
        let value = self.value(self.allowed_msr(kind));
        match kind {
            // These two MSRs report 64 allowed 1-settings, and nothing must be 1.
            ControlKind::Tertiary | ControlKind::SecondaryExit => Allowed { must_be_1: 0, may_be_1: value },
            ControlKind::PinBased
            | ControlKind::Primary
            | ControlKind::Secondary
            | ControlKind::Exit
            | ControlKind::Entry => Allowed { must_be_1: value & 0xFFFF_FFFF, may_be_1: value >> 32 },
        }
    }

    /// Whether `control` may be 1.
    pub const fn supports(&self, control: Control) -> bool {
        self.allowed(control.kind).may_be_1 & control.mask() != 0
    }

    const fn secondary(&self, mask: u64) -> bool {
        self.allows_1(msr::PROCBASED_CTLS2, mask)
    }

    /// Whether "enable EPT" may be 1.
    pub const fn ept(&self) -> bool {
        self.secondary(secondary::ENABLE_EPT)
    }

    /// Whether "enable VPID" may be 1.
    pub const fn vpid(&self) -> bool {
        self.secondary(secondary::ENABLE_VPID)
    }

    /// Whether "unrestricted guest" may be 1.
    pub const fn unrestricted_guest(&self) -> bool {
        self.secondary(secondary::UNRESTRICTED_GUEST)
    }

    /// Whether this processor has `field`, as far as the capability MSRs tell: fields of TDX count as absent.
    pub const fn has_field(&self, field: Field) -> bool {
        match field.requirement() {
            Requirement::Always => true,
            Requirement::Control(control) => self.supports(control),
            Requirement::Either(one, other) => self.supports(one) || self.supports(other),
            Requirement::Cr3Targets(count) => self.cr3_targets() >= count as u32,
            Requirement::VmFunction(number) => self.vm_functions() >> number & 1 == 1,
            Requirement::Seam => false,
        }
    }
}

/// IA32_VMX_MISC, the fixed bits, and the rest ("Miscellaneous Data" to "VM Functions", sections A.6 to A.11).
impl Capabilities {
    /// The VMX-preemption timer counts down when this bit (0–31) of the TSC changes.
    pub const fn preemption_timer_shift(&self) -> u32 {
        (self.value(msr::MISC) & 0x1F) as u32
    }

    /// Whether VM exits store EFER.LMA in the "IA-32e mode guest" control. 1 where unrestricted guests exist.
    pub const fn exit_stores_lma(&self) -> bool {
        self.value(msr::MISC) >> 5 & 1 == 1
    }

    /// Bit n (1 HLT, 2 shutdown, 3 wait-for-SIPI) says that VM entries accept activity state n. Bit 0, active, is
    /// always 1.
    pub const fn activity_states(&self) -> u8 {
        (self.value(msr::MISC) >> 6 & 7) as u8 * 2 + 1
    }

    /// Whether Intel Processor Trace may run in VMX operation.
    pub const fn processor_trace(&self) -> bool {
        self.value(msr::MISC) >> 14 & 1 == 1
    }

    /// How many CR3-target values there are, at most 256.
    pub const fn cr3_targets(&self) -> u32 {
        (self.value(msr::MISC) >> 16 & 0x1FF) as u32
    }

    /// The recommended greatest number of entries in each MSR area, 512 to 4096.
    pub const fn msr_area_entries(&self) -> u32 {
        512 * ((self.value(msr::MISC) >> 25 & 7) as u32 + 1)
    }

    /// Whether VMWRITE may write the exit-information fields.
    pub const fn writes_exit_information(&self) -> bool {
        self.value(msr::MISC) >> 29 & 1 == 1
    }

    /// Whether a VM entry may inject a software interrupt or exception with instruction length 0.
    pub const fn zero_length_injection(&self) -> bool {
        self.value(msr::MISC) >> 30 & 1 == 1
    }

    /// The bits of CR0 that VMX operation fixes.
    pub const fn cr0_fixed(&self) -> FixedBits {
        FixedBits { must_be_1: self.value(msr::CR0_FIXED0), may_be_1: self.value(msr::CR0_FIXED1) }
    }

    /// The bits of CR4 that VMX operation fixes.
    pub const fn cr4_fixed(&self) -> FixedBits {
        FixedBits { must_be_1: self.value(msr::CR4_FIXED0), may_be_1: self.value(msr::CR4_FIXED1) }
    }

    /// The greatest index (bits 9:1 of an encoding) of any VMCS field.
    pub const fn highest_field_index(&self) -> u32 {
        (self.value(msr::VMCS_ENUM) >> 1 & 0x1FF) as u32
    }

    /// What EPT and VPID can do; nothing where IA32_VMX_EPT_VPID_CAP does not exist.
    pub const fn ept_vpid(&self) -> EptVpid {
        EptVpid(self.value(msr::EPT_VPID_CAP))
    }

    /// Bit n says that VM function n may be enabled; 0 where IA32_VMX_VMFUNC does not exist.
    pub const fn vm_functions(&self) -> u64 {
        self.value(msr::VMFUNC)
    }
}
