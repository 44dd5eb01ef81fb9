//! What `vmxdemo --break` breaks: mostly one field of the plan, and so one rule of VM entry; and `run --break`.

use clap::ValueEnum;
use vmx::Field;
use vmx::control_register::{cr0, cr4};
use vmx::controls::exit;
use wire::{Answer, Break, RunBreak};

/// A name of `--break`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BreakName {
    /// CS access rights 9Bh: the entry fails, exit reason 80000021h.
    CsAccessRights,
    /// SS base not 16 times its selector: 80000021h.
    SsBase,
    /// DS limit FFFFEh: 80000021h.
    DsLimit,
    /// TR access rights 89h, a TSS that is not busy: 80000021h.
    TrAvailable,
    /// RFLAGS bit 1 clear: 80000021h.
    RflagsFixedBit,
    /// CR0.NE of the guest clear: 80000021h.
    GuestCr0Ne,
    /// VMCS link pointer off a page boundary: 80000021h with qualification 4.
    LinkPointer,
    /// Activity state 4: 80000021h.
    ActivityState,
    /// "Host address-space size" 0: VMLAUNCH fails with error 8.
    HostAddressSpace,
    /// CR4.VMXE of the host clear: error 8.
    HostCr4,
    /// Host TR selector 0: error 8.
    HostTr,
    /// Privilege 3 in the host's CS selector: error 8.
    HostCsPrivilege,
    /// Host RIP not canonical: error 8.
    HostRip,
    /// A pin-based control that must be 1 is 0: error 7.
    PinReserved,
    /// An entry control that must be 1 is 0: error 7.
    EntryReserved,
    /// I/O bitmap A not on a page boundary: error 7.
    IoBitmap,
    /// Five CR3-target values: error 7.
    Cr3Targets,
    /// An event of the reserved type 1 to inject: error 7.
    EventType,
    /// CR0 read shadow 0: the guest prints CR0=00000010.
    Cr0Shadow,
    /// A wrong revision identifier: VMXON fails.
    Revision,
    /// CR0.NE 0: VMXON raises #GP.
    Cr0Ne,
    /// A second VMLAUNCH: error 4.
    LaunchTwice,
    /// No VMPTRLD: VMfailInvalid.
    NoVmptrld,
}

/// A name of `run --break`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RunBreakName {
    /// VMCS link pointer off a page boundary: the guest's first VM entry fails.
    FirstEntry,
    /// The same after the guest's first timer tick.
    Entry,
    /// The VMM panics after the guest's first timer tick.
    Panic,
    /// The VMM writes to a VMCS field that is read-only, and raises an exception (not on `skylake` and later, which let it).
    Exception,
    /// The VMM loops for ever.
    Hang,
    /// Then the extended page tables allow writes to the guest's first page, but no reads: an EPT misconfiguration.
    EptEntry,
    /// Then the guest's first page is not present in the extended page tables: an EPT violation.
    EptPage,
}

impl From<RunBreakName> for RunBreak {
    fn from(name: RunBreakName) -> Self {
        match name {
            RunBreakName::FirstEntry => Self::FirstEntry,
            RunBreakName::Entry => Self::Entry,
            RunBreakName::Panic => Self::Panic,
            RunBreakName::Exception => Self::Exception,
            RunBreakName::Hang => Self::Hang,
            RunBreakName::EptEntry => Self::EptEntry,
            RunBreakName::EptPage => Self::EptPage,
        }
    }
}

/// "VM entry with invalid control field(s)".
const CONTROLS: Answer = Answer::Error(7);

/// "VM entry with invalid host-state field(s)".
const HOST: Answer = Answer::Error(8);

/// Invalid guest state, of which the processor does not say what.
const GUEST: Answer = Answer::GuestState(0);

/// Invalid guest state: the VMCS link pointer.
const LINK: Answer = Answer::GuestState(4);

fn plan(field: Field, clear: u64, set: u64, answer: Answer) -> Break {
    Break::Plan { field: field.encoding(), clear, set, answer }
}

/// A field gets this value.
fn value(field: Field, value: u64, answer: Answer) -> Break {
    plan(field, u64::MAX, value, answer)
}

impl From<BreakName> for Break {
    #[rustfmt::skip]
    fn from(name: BreakName) -> Self {
        match name {
            BreakName::CsAccessRights   => value(Field::GUEST_CS_ACCESS_RIGHTS, 0x9B, GUEST),
            BreakName::SsBase           => value(Field::GUEST_SS_BASE, 0x1_0001, GUEST),
            BreakName::DsLimit          => value(Field::GUEST_DS_LIMIT, 0xF_FFFE, GUEST),
            BreakName::TrAvailable      => value(Field::GUEST_TR_ACCESS_RIGHTS, 0x89, GUEST),
            BreakName::RflagsFixedBit   => plan(Field::GUEST_RFLAGS, 1 << 1, 0, GUEST),
            BreakName::GuestCr0Ne       => plan(Field::GUEST_CR0, cr0::NE, 0, GUEST),
            BreakName::LinkPointer      => value(Field::VMCS_LINK_POINTER, 0x800, LINK),
            BreakName::ActivityState    => value(Field::GUEST_ACTIVITY_STATE, 4, GUEST),
            BreakName::HostAddressSpace => plan(Field::PRIMARY_VM_EXIT_CONTROLS, exit::HOST_ADDRESS_SPACE_SIZE, 0, HOST),
            BreakName::HostCr4          => plan(Field::HOST_CR4, cr4::VMXE, 0, HOST),
            BreakName::HostTr           => value(Field::HOST_TR_SELECTOR, 0, HOST),
            BreakName::HostCsPrivilege  => plan(Field::HOST_CS_SELECTOR, 0, 3, HOST),
            BreakName::HostRip          => value(Field::HOST_RIP, 0x8000_0000_0000, HOST),
            BreakName::PinReserved      => plan(Field::PIN_BASED_VM_EXECUTION_CONTROLS, RESERVED_1, 0, CONTROLS),
            BreakName::EntryReserved    => plan(Field::VM_ENTRY_CONTROLS, RESERVED_1, 0, CONTROLS),
            BreakName::IoBitmap         => plan(Field::IO_BITMAP_A_ADDRESS, 0, 1, CONTROLS),
            BreakName::Cr3Targets       => value(Field::CR3_TARGET_COUNT, 5, CONTROLS),
            BreakName::EventType        => value(Field::VM_ENTRY_INTERRUPTION_INFORMATION, 0x8000_0100, CONTROLS),
            BreakName::Cr0Shadow        => value(Field::CR0_READ_SHADOW, 0, Answer::Runs),
            BreakName::Revision         => Self::Revision,
            BreakName::Cr0Ne            => Self::Cr0Ne,
            BreakName::LaunchTwice      => Self::LaunchTwice,
            BreakName::NoVmptrld        => Self::NoVmptrld,
        }
    }
}

/// Bit 1 of a control word, which is reserved and must be 1 in the pin-based and in the entry controls, on every
/// processor whose capability MSRs have it among the default settings that cannot be changed.
const RESERVED_1: u64 = 1 << 1;
