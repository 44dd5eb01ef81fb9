//! From a boot image to a running machine. The caller has the engine from [`crate::engine::install::ensure`] before it
//! builds anything, so that a missing one is told at once.

use crate::args::MachineArgs;
use crate::boot_image::BootImage;
use crate::engine::Engine;
use crate::engine::configuration::{CYLINDER_BYTES, Errors, Machine, Pace, PortE9};
use crate::engine::process::{Bochs, Com1};
use crate::status::Failure;

/// What a run asks of its machine.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    /// Its clock.
    pub pace: Pace,
    /// Whether we speak to it over COM1.
    pub com1: Com1,
    /// Memory beyond what every run needs.
    pub spare_bytes: usize,
    /// Bytes at the end of the boot disk for what is brought later.
    pub letterbox_bytes: usize,
}

impl Needs {
    /// A run that nobody interferes with.
    pub const SCRIPTED: Self =
        Self { pace: Pace::Scripted, com1: Com1::Unconnected, spare_bytes: 0, letterbox_bytes: 0 };
}

/// Starts a machine that boots `image`.
///
/// # Errors
/// Status 3: the engine cannot be started.
pub fn start(
    engine: &Engine,
    arguments: MachineArgs,
    image: BootImage,
    needs: Needs,
) -> Result<Bochs, Failure> {
    let memory_mib = Machine::memory_for(image.payload_end + needs.spare_bytes);
    let mut disk = image.bytes;
    disk.resize(disk.len().next_multiple_of(CYLINDER_BYTES) + needs.letterbox_bytes, 0);
    boot(engine, arguments, disk, memory_mib, needs.pace, PortE9::Console, needs.com1)
}

/// Starts a machine as a PC is: nothing at port E9h, a serial cable at COM1.
///
/// # Errors
/// As for [`start`].
pub fn start_pc(engine: &Engine, arguments: MachineArgs, disk: Vec<u8>) -> Result<Bochs, Failure> {
    let memory_mib = Machine::memory_for(crate::boot_image::PAYLOAD as usize + disk.len());
    boot(engine, arguments, disk, memory_mib, Pace::Scripted, PortE9::Absent, Com1::Line)
}

fn boot(
    engine: &Engine,
    MachineArgs { cpu, firmware }: MachineArgs,
    disk: Vec<u8>,
    memory_mib: usize,
    pace: Pace,
    port_e9: PortE9,
    com1: Com1,
) -> Result<Bochs, Failure> {
    let machine = Machine { cpu, firmware, memory_mib, pace, port_e9, errors: Errors::Ignored };
    power_on(engine, &machine, disk, com1)
}

/// Starts a machine that boots `image`, and whose engine says what it thinks of what the machine does.
///
/// # Errors
/// As for [`start`].
pub fn start_telling_errors(
    engine: &Engine,
    MachineArgs { cpu, firmware }: MachineArgs,
    image: BootImage,
) -> Result<Bochs, Failure> {
    let machine = Machine {
        cpu,
        firmware,
        memory_mib: Machine::memory_for(image.payload_end),
        pace: Pace::Scripted,
        port_e9: PortE9::Console,
        errors: Errors::Told,
    };
    power_on(engine, &machine, image.bytes, Com1::Unconnected)
}

fn power_on(engine: &Engine, machine: &Machine, mut disk: Vec<u8>, com1: Com1) -> Result<Bochs, Failure> {
    disk.resize(disk.len().next_multiple_of(CYLINDER_BYTES), 0);
    Ok(Bochs::start(engine, machine, &disk, com1)?)
}
