//! Back-ends: the ways to run one and the same PC. The run loop, the devices, the BIOS and the script know none of them.
//!
//! | back-end       | guest runs in         | memory                | needs                        |
//! |----------------|-----------------------|-----------------------|------------------------------|
//! | `v8086`        | virtual-8086 mode     | page tables of ours   | VMX                          |
//! | `v8086-ept`    | virtual-8086 mode     | extended page tables  | EPT                          |
//! | `unrestricted` | any mode but 64-bit   | extended page tables  | EPT and unrestricted guest   |

use core::fmt;

use pc::Ticks;
use vmx::controls::ControlRefused;
use vmx::exit::IoQualification;
use vmx::{Capabilities, Machine};

use crate::aids::Aids;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::memory::{Tables, Translation};
use crate::plan::Surroundings;
use crate::report::Reporter;

use super::unrestricted::Unrestricted;
use super::virtual_8086::Virtual8086;
use super::vm::{Next, Vm};

/// A way to run a PC.
pub trait Backend {
    /// As the command line has it.
    fn name(&self) -> &'static str;

    /// What the processor does for the guest besides running it.
    fn aids(&self, _: &Capabilities) -> Aids {
        Aids::default()
    }

    /// Which tables stand between the guest and its memory.
    fn translation(&self) -> Translation;

    /// The VMCS of a PC that is switched on; the BIOS sets the registers afterwards.
    ///
    /// # Errors
    /// A control that this processor does not allow.
    fn plan(&self, around: &Surroundings, tables: Tables) -> Result<Machine, ControlRefused>;

    /// Answers an exit that not all back-ends answer alike.
    ///
    /// # Errors
    /// What this back-end cannot run.
    fn answer(&self, vm: &mut Vm, exit: Exit, report: &mut Reporter) -> Result<Next, Failure>;

    /// Carries out a batch of INS or OUTS.
    ///
    /// # Errors
    /// As for [`Backend::answer`].
    fn string_io(
        &self,
        vm: &mut Vm,
        access: IoQualification,
        report: &mut Reporter,
        now: Ticks,
    ) -> Result<Next, Failure>;

    /// Ends an instruction of this length in bytes.
    fn complete(&self, vm: &mut Vm, length: u32) -> Next;

    /// Raises #UD at the instruction that exited.
    fn undefined_instruction(&self, vm: &mut Vm) -> Next;

    /// How the processor delivers a hardware interrupt at the next entry.
    fn injection(&self) -> Injection;

    /// Whether the guest runs as real mode does, with BIOS services in its reach: in a virtual-8086 mode of its own, too, as
    /// under EMM386.
    fn in_real_mode(&self) -> bool;
}

/// How the processor delivers a hardware interrupt to a guest at an entry.
#[derive(Clone, Copy)]
pub struct Injection {
    /// The VM-entry interruption information, but for the vector.
    pub information: u32,
    /// RIP is so far before the place to return to, modulo the power of 2 above the mask.
    pub length: u32,
    /// Of RIP.
    pub mask: u32,
}

/// The wish and the processor do not go together.
#[derive(Clone, Copy, Debug)]
pub struct Impossible {
    /// The back-end.
    pub wanted: &'static str,
    /// The capability that lacks.
    pub lacking: &'static str,
}

impl fmt::Display for Impossible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} back-end needs {}, which this processor does not have", self.wanted, self.lacking)
    }
}

const V8086: Virtual8086 = Virtual8086 { extended: false };
const V8086_EPT: Virtual8086 = Virtual8086 { extended: true };

/// The back-end that is asked for, or the best that the processor has.
///
/// # Errors
/// [`Impossible`]
pub fn choose(
    wanted: wire::Backend,
    capabilities: &Capabilities,
) -> Result<&'static dyn Backend, Impossible> {
    let ept = extended_tables(capabilities);
    let unrestricted = ept.and(if capabilities.unrestricted_guest() {
        Ok(())
    } else {
        Err("unrestricted guest (MSR 48Bh bit 39)")
    });
    let lacking = |wanted: &'static str| move |lacking: &'static str| Impossible { wanted, lacking };
    match wanted {
        wire::Backend::Auto if unrestricted.is_ok() => Ok(&Unrestricted),
        wire::Backend::Auto if ept.is_ok() => Ok(&V8086_EPT),
        wire::Backend::Auto | wire::Backend::V8086 => Ok(&V8086),
        wire::Backend::V8086Ept => ept.map(|()| &V8086_EPT as _).map_err(lacking("v8086-ept")),
        wire::Backend::Unrestricted => {
            unrestricted.map(|()| &Unrestricted as _).map_err(lacking("unrestricted"))
        }
    }
}

/// Whether there are extended page tables whose entries can be changed; else what lacks.
fn extended_tables(capabilities: &Capabilities) -> Result<(), &'static str> {
    let ability = capabilities.ept_vpid();
    if !capabilities.ept() {
        Err("EPT (\"enable EPT\", MSR 48Bh bit 33)")
    } else if !(ability.invept() && ability.invept_single_context()) {
        Err("INVEPT of one context (MSR 48Ch bits 20 and 25)")
    } else {
        Ok(())
    }
}
