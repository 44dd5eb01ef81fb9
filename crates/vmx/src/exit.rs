//! VM exits: the exit reason and, in the modules below, what the other exit-information fields say about it.
//!
//! A raw reason becomes an [`ExitReason`], its low half a [`BasicExitReason`]; [`Qualification`] then gives the exit
//! qualification the meaning that it has for that reason.

mod ept_walk;
mod instruction;
mod memory;
mod qualification;
mod register;

use core::fmt;

pub use ept_walk::{EptEntry, Misconfiguration};
pub use instruction::{
    AddressSize, Direction, InstructionInformation, IoOperand, IoQualification, IoWidth, OperandSegment,
};
pub use memory::{ApicAccess, EptViolation};
pub use qualification::{EntryFailure, Qualification};
pub use register::{
    ControlRegisterAccess, ControlRegisterAction, DebugQualification, DebugRegisterAccess, GeneralRegister,
    LmswOperand, TaskSwitch, TaskSwitchSource,
};

/// The exit-reason field ("Basic VM-Exit Information", section 26.9.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExitReason(pub u32);

impl ExitReason {
    /// Bits 15:0.
    #[inline(always)]
    pub const fn basic_number(self) -> u16 {
        self.0 as u16
    }

    /// Bits 15:0 as a reason that the manual defines.
    pub fn basic(self) -> Option<BasicExitReason> {
        BasicExitReason::try_from(self.basic_number()).ok()
    }

    /// Bit 25: a shadow stack was left prematurely busy.
    pub const fn shadow_stack_busy(self) -> bool {
        self.bit(25)
    }

    /// Bit 26: a bus lock was detected beside the event that caused the exit.
    pub const fn bus_lock(self) -> bool {
        self.bit(26)
    }

    /// Bit 27: the guest was in enclave mode.
    pub const fn in_enclave(self) -> bool {
        self.bit(27)
    }

    /// Bit 28: an SMM VM exit while an MTF VM exit was pending.
    pub const fn pending_mtf(self) -> bool {
        self.bit(28)
    }

    /// Bit 29: an SMM VM exit from VMX root operation.
    pub const fn from_root(self) -> bool {
        self.bit(29)
    }

    /// Bit 31: the VM entry failed after the checks on controls and host state; the guest never ran.
    #[inline(always)]
    pub const fn entry_failed(self) -> bool {
        self.bit(31)
    }

    const fn bit(self, position: u32) -> bool {
        self.0 >> position & 1 == 1
    }
}

/// In words, such as `VMCALL (18)` or `VM entry failed: invalid guest state (33)`.
impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.entry_failed() {
            f.write_str("VM entry failed: ")?;
        }
        let name = self.basic().map_or("not defined by the manual", BasicExitReason::name);
        write!(f, "{name} ({})", self.basic_number())?;
        for (set, words) in [
            (self.shadow_stack_busy(), ", shadow stack prematurely busy"),
            (self.bus_lock(), ", bus lock"),
            (self.in_enclave(), ", in enclave mode"),
            (self.pending_mtf(), ", MTF pending"),
            (self.from_root(), ", from VMX root operation"),
        ] {
            if set {
                f.write_str(words)?;
            }
        }
        Ok(())
    }
}

/// The number is not a basic exit reason that the manual defines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnknownExitReason(pub u16);

impl fmt::Display for UnknownExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not a basic exit reason", self.0)
    }
}

impl core::error::Error for UnknownExitReason {}

/// Makes of each row a variant, its number, and its name in words.
macro_rules! exit_reasons {
    ($($number:literal $variant:ident $name:literal;)*) => {
        /// Basic exit reasons ("VMX Basic Exit Reasons", Appendix C).
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        #[repr(u16)]
        pub enum BasicExitReason {
            $(#[doc = $name] $variant = $number,)*
        }

        impl BasicExitReason {
            /// All reasons, ascending.
            pub const ALL: &[BasicExitReason] = &[$(BasicExitReason::$variant),*];

            /// The reason in words.
            pub const fn name(self) -> &'static str {
                match self {
                    $(BasicExitReason::$variant => $name,)*
                }
            }
        }

        impl TryFrom<u16> for BasicExitReason {
            type Error = UnknownExitReason;

            fn try_from(number: u16) -> Result<Self, UnknownExitReason> {
                match number {
                    $($number => Ok(BasicExitReason::$variant),)*
                    unknown => Err(UnknownExitReason(unknown)),
                }
            }
        }
    };
}

#[rustfmt::skip]
exit_reasons! {
    0  ExceptionOrNmi              "exception or NMI";
    1  ExternalInterrupt           "external interrupt";
    2  TripleFault                 "triple fault";
    3  Init                        "INIT signal";
    4  Sipi                        "start-up IPI";
    5  IoSmi                       "I/O system-management interrupt";
    6  OtherSmi                    "other SMI";
    7  InterruptWindow             "interrupt window";
    8  NmiWindow                   "NMI window";
    9  TaskSwitch                  "task switch";
    10 Cpuid                       "CPUID";
    11 Getsec                      "GETSEC";
    12 Hlt                         "HLT";
    13 Invd                        "INVD";
    14 Invlpg                      "INVLPG";
    15 Rdpmc                       "RDPMC";
    16 Rdtsc                       "RDTSC";
    17 Rsm                         "RSM";
    18 Vmcall                      "VMCALL";
    19 Vmclear                     "VMCLEAR";
    20 Vmlaunch                    "VMLAUNCH";
    21 Vmptrld                     "VMPTRLD";
    22 Vmptrst                     "VMPTRST";
    23 Vmread                      "VMREAD";
    24 Vmresume                    "VMRESUME";
    25 Vmwrite                     "VMWRITE";
    26 Vmxoff                      "VMXOFF";
    27 Vmxon                       "VMXON";
    28 ControlRegisterAccess       "control-register access";
    29 MovDr                       "MOV DR";
    30 IoInstruction               "I/O instruction";
    31 Rdmsr                       "RDMSR";
    32 Wrmsr                       "WRMSR";
    33 InvalidGuestState           "invalid guest state";
    34 MsrLoading                  "MSR loading";
    36 Mwait                       "MWAIT";
    37 MonitorTrapFlag             "monitor trap flag";
    39 Monitor                     "MONITOR";
    40 Pause                       "PAUSE";
    41 EntryMachineCheck           "machine-check event during VM entry";
    43 TprBelowThreshold           "TPR below threshold";
    44 ApicAccess                  "APIC access";
    45 VirtualizedEoi              "virtualized EOI";
    46 GdtrOrIdtrAccess            "access to GDTR or IDTR";
    47 LdtrOrTrAccess              "access to LDTR or TR";
    48 EptViolation                "EPT violation";
    49 EptMisconfiguration         "EPT misconfiguration";
    50 Invept                      "INVEPT";
    51 Rdtscp                      "RDTSCP";
    52 PreemptionTimer             "VMX-preemption timer expired";
    53 Invvpid                     "INVVPID";
    54 WbinvdOrWbnoinvd            "WBINVD or WBNOINVD";
    55 Xsetbv                      "XSETBV";
    56 ApicWrite                   "APIC write";
    57 Rdrand                      "RDRAND";
    58 Invpcid                     "INVPCID";
    59 Vmfunc                      "VMFUNC";
    60 Encls                       "ENCLS";
    61 Rdseed                      "RDSEED";
    62 PageModificationLogFull     "page-modification log full";
    63 Xsaves                      "XSAVES";
    64 Xrstors                     "XRSTORS";
    65 Pconfig                     "PCONFIG";
    66 SppEvent                    "SPP-related event";
    67 Umwait                      "UMWAIT";
    68 Tpause                      "TPAUSE";
    69 Loadiwkey                   "LOADIWKEY";
    70 Enclv                       "ENCLV";
    71 SgxConflict                 "SGX conflict";
    72 EnqcmdPasidFailure          "ENQCMD PASID translation failure";
    73 EnqcmdsPasidFailure         "ENQCMDS PASID translation failure";
    74 BusLock                     "bus lock";
    75 InstructionTimeout          "instruction timeout";
    76 Seamcall                    "SEAMCALL";
    77 Tdcall                      "TDCALL";
    78 Rdmsrlist                   "RDMSRLIST";
    79 Wrmsrlist                   "WRMSRLIST";
    80 Urdmsr                      "URDMSR";
    81 Uwrmsr                      "UWRMSR";
    84 RdmsrImmediate              "RDMSR with an immediate";
    85 WrmsrnsImmediate            "WRMSRNS with an immediate";
}

impl fmt::Display for BasicExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
