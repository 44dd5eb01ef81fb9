//! What a rule of VM entry is, and what the processor does about a broken one.

use core::fmt;

use crate::exit::EntryFailure;
use crate::instruction_error::InstructionError;

/// A section of the manual, in the numbering that the crate's root pins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Section {
    /// Such as `28.3.1.2`.
    pub number: &'static str,
    /// Such as `Checks on Guest Segment Registers`; empty without the feature `sentences`.
    pub title: &'static str,
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "section {}", self.number)?;
        if self.title.is_empty() { Ok(()) } else { write!(f, ", \"{}\"", self.title) }
    }
}

/// How a VM entry ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The guest runs.
    Enters,
    /// The instruction fails with VMfailInvalid: there is no current VMCS, or it is a shadow VMCS. No field can cause
    /// this, so no rule has it.
    FailsInvalid,
    /// The instruction fails with VMfailValid and this VM-instruction error: 7 for controls, 8 for host state.
    Fails(InstructionError),
    /// The VM exits at once with reason 80000021h and this in the exit qualification.
    Exits(EntryFailure),
    /// The VM exits at once with reason 80000022h: this entry of the MSR-load area, counted from 1, was refused. As a
    /// rule's outcome it is 0: the violation tells which one.
    LoadingFails(u32),
    /// The VM exits at once with reason 80000029h, for a machine check. No field can cause this, so no rule has it.
    MachineCheck,
}

impl Outcome {
    /// The exit reason and the exit qualification, if the entry ends with a VM exit.
    pub const fn exit(self) -> Option<(u32, u64)> {
        match self {
            Self::Exits(failure) => Some((0x8000_0021, failure.number())),
            Self::LoadingFails(entry) => Some((0x8000_0022, entry as u64)),
            Self::MachineCheck => Some((0x8000_0029, 0)),
            Self::Enters | Self::FailsInvalid | Self::Fails(_) => None,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Enters => f.write_str("the VM entry succeeds"),
            Self::FailsInvalid => f.write_str("VMLAUNCH or VMRESUME fails without a current VMCS"),
            Self::Fails(error) => write!(f, "VMLAUNCH or VMRESUME fails, {error}"),
            Self::Exits(failure) => write!(f, "VM exit 80000021h, invalid guest state ({failure})"),
            Self::LoadingFails(0) => f.write_str("VM exit 80000022h, MSR loading"),
            Self::LoadingFails(entry) => write!(f, "VM exit 80000022h, MSR loading (entry {entry})"),
            Self::MachineCheck => f.write_str("VM exit 80000029h, machine check"),
        }
    }
}

/// What is for people only. A program that reports rules by their ids does without the feature `sentences`, and so
/// without the tens of KiB that all rules' words take.
const fn words(text: &'static str) -> &'static str {
    if cfg!(feature = "sentences") { text } else { "" }
}

/// One rule of VM entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    /// A stable name, such as `guest.segment.v8086.access_rights`.
    pub id: &'static str,
    /// The rule, in one sentence; empty without the feature `sentences`.
    pub sentence: &'static str,
    /// Where the manual states it.
    pub section: Section,
    /// What the processor does when it is broken.
    pub outcome: Outcome,
}

impl Rule {
    /// A rule on VM-execution, VM-exit or VM-entry controls.
    pub(super) const fn control(id: &'static str, section: Section, sentence: &'static str) -> Self {
        let outcome = Outcome::Fails(InstructionError::ENTRY_INVALID_CONTROL);
        Rule { id, sentence: words(sentence), section, outcome }
    }

    /// A rule on host state.
    pub(super) const fn host(id: &'static str, section: Section, sentence: &'static str) -> Self {
        let outcome = Outcome::Fails(InstructionError::ENTRY_INVALID_HOST_STATE);
        Rule { id, sentence: words(sentence), section, outcome }
    }

    /// A rule on guest state that the processor does not single out.
    pub(super) const fn guest(id: &'static str, section: Section, sentence: &'static str) -> Self {
        Rule { id, sentence: words(sentence), section, outcome: Outcome::Exits(EntryFailure::Unspecified) }
    }

    /// A rule on guest state whose breach the exit qualification tells.
    pub(super) const fn told(
        id: &'static str,
        section: Section,
        failure: EntryFailure,
        sentence: &'static str,
    ) -> Self {
        Rule { id, sentence: words(sentence), section, outcome: Outcome::Exits(failure) }
    }

    /// A rule on an entry of the VM-entry MSR-load area.
    #[cfg(feature = "every-rule")]
    pub(super) const fn loading(id: &'static str, sentence: &'static str) -> Self {
        Rule {
            id,
            sentence: words(sentence),
            section: section::MSR_LOADING,
            outcome: Outcome::LoadingFails(0),
        }
    }
}

/// The sections of chapter 28 that state rules.
#[rustfmt::skip]
pub(super) mod section {
    use super::Section;

    const fn of(number: &'static str, title: &'static str) -> Section {
        Section { number, title: super::words(title) }
    }

    pub const BASIC:               Section = of("28.1",     "Basic VM-Entry Checks");
    pub const EXECUTION_CONTROLS:  Section = of("28.2.1.1", "VM-Execution Control Fields");
    pub const EXIT_CONTROLS:       Section = of("28.2.1.2", "VM-Exit Control Fields");
    pub const ENTRY_CONTROLS:      Section = of("28.2.1.3", "VM-Entry Control Fields");
    pub const HOST_REGISTERS:      Section = of("28.2.2",   "Checks on Host Control Registers, MSRs, and SSP");
    pub const HOST_SEGMENTS:       Section = of("28.2.3",   "Checks on Host Segment and Descriptor-Table Registers");
    pub const ADDRESS_SPACE_SIZE:  Section = of("28.2.4",   "Checks Related to Address-Space Size");
    pub const GUEST_REGISTERS:     Section = of("28.3.1.1", "Checks on Guest Control Registers, Debug Registers, and MSRs");
    pub const GUEST_SEGMENTS:      Section = of("28.3.1.2", "Checks on Guest Segment Registers");
    pub const GUEST_TABLES:        Section = of("28.3.1.3", "Checks on Guest Descriptor-Table Registers");
    pub const GUEST_RIP_RFLAGS:    Section = of("28.3.1.4", "Checks on Guest RIP, RFLAGS, and SSP");
    pub const GUEST_NON_REGISTER:  Section = of("28.3.1.5", "Checks on Guest Non-Register State");
    pub const GUEST_PDPTES:        Section = of("28.3.1.6", "Checks on Guest Page-Directory-Pointer-Table Entries");
    pub const MSR_LOADING:         Section = of("28.4",     "Loading MSRs");
    pub const MACHINE_CHECKS:      Section = of("28.9",     "Machine-Check Events During VM Entry");
}
