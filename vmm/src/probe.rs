//! The CPU initialisations: what must be true before VMXON, each made true or named as what is missing.
//!
//! On entry the runtime has brought the processor into 64-bit mode. SDM vol. 3, "Discovering Support for VMX",
//! "Enabling and Entering VMX Operation" and appendix A "VMX Capability Reporting Facility".

use core::fmt;

use rt::cpu::control::{cr0, cr4};
use rt::cpu::cpuid;
use vmx::Capabilities;
use vmx::control_register::FixedBits;
use wire::Break;

use crate::cpu::registers::feature_control::{LOCK, VMX_OUTSIDE_SMX};
use crate::cpu::registers::{self, HasVmx};
use crate::memory;
use crate::report::Reporter;

/// Why this machine cannot enter VMX operation.
#[derive(Clone, Copy, Debug)]
pub enum Refusal {
    /// CPUID does not report VMX.
    NoVmx,
    /// Firmware locked the feature off.
    LockedOff {
        /// Value of IA32_FEATURE_CONTROL.
        feature_control: u64,
    },
    /// Address line 20 is held low.
    A20Off,
    /// A control register cannot have the value that VMX asks for.
    FixedBits {
        /// "CR0" or "CR4".
        register: &'static str,
        /// Its value.
        value: u64,
        /// What VMX asks for.
        fixed: FixedBits,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoVmx => write!(f, "no VT-x: CPUID.1:ECX[5] is 0 on this processor"),
            Self::LockedOff { feature_control } => write!(
                f,
                "VT-x is locked off by the firmware: IA32_FEATURE_CONTROL (MSR 3Ah) is {feature_control:X}h; enable \
                 \"Intel Virtualization Technology\" (VT-x, VMX) in the firmware setup and power the machine off and on"
            ),
            Self::A20Off => {
                write!(f, "address line 20 is off and could not be turned on; VMXON would raise #GP")
            }
            Self::FixedBits { register, value, fixed } => write!(
                f,
                "{register} = {value:X}h does not suit VMX: bits {:X}h must be 1, bits {:X}h must be 0",
                fixed.must_be_1 & !value,
                value & !fixed.may_be_1
            ),
        }
    }
}

/// A processor that is ready for VMXON.
pub struct Processor {
    /// What it can do.
    pub capabilities: Capabilities,
}

/// Makes the processor ready for VMXON, one step at a time, each reported.
///
/// # Errors
/// [`Refusal`]
pub fn prepare(report: &mut Reporter, sabotage: Option<Break>) -> Result<Processor, Refusal> {
    identify(report);
    let has_vmx = HasVmx::detect().ok_or(Refusal::NoVmx)?;
    report.step(format_args!("CPUID.1:ECX[5] = 1: the processor has VMX"));
    enable_feature(report, &has_vmx)?;
    if !memory::a20_is_on() {
        return Err(Refusal::A20Off);
    }
    report.step(format_args!("A20 is on: port 92h = {:02X}h", registers::system_control_port()));
    let capabilities = has_vmx.capabilities();
    registers::set_vmxe();
    report.step(format_args!("CR4.VMXE = 1: CR4 = {:X}h", cr4()));
    let numeric_error = sabotage != Some(Break::Cr0Ne);
    registers::set_numeric_error(numeric_error);
    report.step(format_args!("CR0.NE = {}: CR0 = {:X}h", u8::from(numeric_error), cr0()));
    if numeric_error {
        check_fixed("CR0", cr0(), capabilities.cr0_fixed())?;
        check_fixed("CR4", cr4(), capabilities.cr4_fixed())?;
        report.step(format_args!("CR0 and CR4 have the bits that MSRs 486h to 489h fix"));
    }
    Ok(Processor { capabilities })
}

fn identify(report: &mut Reporter) {
    let vendor = cpuid(0, 0);
    let mut name = [0; 12];
    name[..4].copy_from_slice(&vendor.ebx.to_le_bytes());
    name[4..8].copy_from_slice(&vendor.edx.to_le_bytes());
    name[8..].copy_from_slice(&vendor.ecx.to_le_bytes());
    let signature = cpuid(1, 0).eax;
    // Family and model are spread over two fields each (SDM vol. 2, CPUID, "Version Information").
    let family = (signature >> 8 & 0xF) + (signature >> 20 & 0xFF);
    let model = signature >> 4 & 0xF | signature >> 12 & 0xF0;
    let name = core::str::from_utf8(&name).unwrap_or("?");
    report.step(format_args!(
        "processor {name}, family {family} model {model:02X}h stepping {}",
        signature & 0xF
    ));
}

fn enable_feature(report: &mut Reporter, has_vmx: &HasVmx) -> Result<(), Refusal> {
    let before = has_vmx.feature_control();
    if before & LOCK != 0 {
        if before & VMX_OUTSIDE_SMX == 0 {
            return Err(Refusal::LockedOff { feature_control: before });
        }
        report.step(format_args!(
            "IA32_FEATURE_CONTROL (MSR 3Ah) = {before:X}h: enabled and locked by the firmware"
        ));
        return Ok(());
    }
    let after = has_vmx.enable_and_lock();
    report.step(format_args!(
        "IA32_FEATURE_CONTROL (MSR 3Ah) = {before:X}h, left unlocked by the firmware: set to {after:X}h, enabled and \
         locked"
    ));
    Ok(())
}

fn check_fixed(register: &'static str, value: u64, fixed: FixedBits) -> Result<(), Refusal> {
    if fixed.wrong_bits(value) == 0 { Ok(()) } else { Err(Refusal::FixedBits { register, value, fixed }) }
}
