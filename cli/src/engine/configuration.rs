//! What a machine is to be, and the `bochsrc` text that says so.

use std::path::Path;

use super::{Cpu, FIRMWARE_FOLDER, Firmware, VGA_FIRMWARE};

/// Heads of the boot disk.
const HEADS: usize = 16;

/// Sectors per track of the boot disk.
const SECTORS_PER_TRACK: usize = 63;

/// The boot disk is a whole number of cylinders: the engine refuses another size. In bytes.
pub const CYLINDER_BYTES: usize = HEADS * SECTORS_PER_TRACK * 512;

/// Emulated instructions per emulated second. Low, so that what waits in emulated time takes little real time.
const INSTRUCTIONS_PER_SECOND: u32 = 4_000_000;

/// The emulated real-time clock at power-on, seconds since 1970: 2007-05-01 12:00, spring term.
pub const POWER_ON_SECONDS: u64 = 1_178_020_800;

/// How emulated time relates to real time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As fast as it goes, and repeatable to the instruction.
    Scripted,
    /// Not faster than real time, so that a person can follow and an idle machine costs little.
    Interactive,
}

/// What port E9h does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortE9 {
    /// Goes to us.
    Console,
    /// Nothing is there, as on a PC.
    Absent,
}

/// What the engine says of its own about the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errors {
    /// Nothing. Errors are frequent and harmless (a guest may cause one per instruction); a log of them could fill the
    /// disk.
    Ignored,
    /// A line for each, at once, between the bytes of port E9h.
    Told,
}

/// The machine to start.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    /// Its CPU.
    pub cpu: Cpu,
    /// Its BIOS.
    pub firmware: Firmware,
    /// Its memory in MiB.
    pub memory_mib: usize,
    /// Its clock.
    pub pace: Pace,
    /// Its debug console.
    pub port_e9: PortE9,
    /// What the engine says of its own.
    pub errors: Errors,
}

impl Machine {
    /// Memory for a boot image whose payload ends at physical address `payload_end`, in MiB: room for the VMM's own
    /// memory and the guest's first MiB above it.
    pub fn memory_for(payload_end: usize) -> usize {
        let needed = payload_end.div_ceil(1 << 20) + 16;
        needed.next_multiple_of(16).max(64)
    }
}

/// The files and lines of one machine.
pub(super) struct Wiring<'a> {
    pub disk: &'a Path,
    pub disk_bytes: usize,
    pub log: &'a Path,
    /// The pseudo-terminal that is COM1, or `None` for a port without a partner.
    pub com1: Option<&'a Path>,
}

/// The text of the `bochsrc` file.
pub(super) fn bochsrc(machine: &Machine, wiring: &Wiring) -> String {
    let Machine { cpu, firmware, memory_mib, pace, port_e9, errors } = *machine;
    let firmware_folder = Path::new(FIRMWARE_FOLDER);
    let clock = match pace {
        Pace::Scripted => format!("sync=none, time0={POWER_ON_SECONDS}"),
        Pace::Interactive => "sync=slowdown, time0=local".to_owned(),
    };
    // Each line and each byte of port E9h is flushed, so the order is that in which they came.
    let (log, error_action) = match errors {
        Errors::Ignored => (wiring.log.display().to_string(), "ignore"),
        Errors::Told => ("/dev/stdout".to_owned(), "report"),
    };
    let com1 = match wiring.com1 {
        Some(line) => format!("mode=term, dev={}", line.display()),
        None => "mode=null".to_owned(),
    };
    let lines = [
        "config_interface: textconfig".to_owned(),
        "display_library: term".to_owned(),
        format!("memory: guest={memory_mib}, host={memory_mib}"),
        format!("romimage: file={}", firmware_folder.join(firmware.file_name()).display()),
        format!("vgaromimage: file={}", firmware_folder.join(VGA_FIRMWARE).display()),
        // A triple fault stops the engine with a message instead of booting again.
        format!(
            "cpu: model={}, count=1, ips={INSTRUCTIONS_PER_SECOND}, reset_on_triple_fault=0",
            cpu.bochs_name()
        ),
        format!("clock: {clock}"),
        format!(
            "ata0-master: type=disk, path={}, mode=flat, cylinders={}, heads={HEADS}, spt={SECTORS_PER_TRACK}",
            wiring.disk.display(),
            wiring.disk_bytes / CYLINDER_BYTES,
        ),
        "boot: disk".to_owned(),
        format!("port_e9_hack: enabled={}", u8::from(port_e9 == PortE9::Console)),
        format!("com1: enabled=1, {com1}"),
        // No sound card is looked for, and no speaker.
        "sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy".to_owned(),
        "speaker: enabled=0".to_owned(),
        format!("log: {log}"),
        "panic: action=fatal".to_owned(),
        format!("error: action={error_action}"),
        "info: action=ignore".to_owned(),
        "debug: action=ignore".to_owned(),
    ];
    lines.map(|line| line + "\n").concat()
}

/// The text of the debugger's command file: Debian's Bochs waits at the debugger's prompt for a start, and comes back
/// to it when it stops for whatever reason; then it is to end.
pub(super) const DEBUGGER_COMMANDS: &str = "c\nq\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_holds_the_payload_and_leaves_room() {
        for (payload_end, mib) in [(0, 64), (48 << 20, 64), ((48 << 20) + 1, 80), (516 << 20, 544)] {
            assert_eq!(Machine::memory_for(payload_end), mib, "{payload_end:#x}");
        }
    }

    #[test]
    fn no_machine_opens_a_port_or_a_window_and_scripts_repeat() {
        for (pace, com1) in [(Pace::Scripted, None), (Pace::Interactive, Some(Path::new("/dev/pts/7")))] {
            let machine = Machine {
                cpu: Cpu::Core2,
                firmware: Firmware::Latest,
                memory_mib: 64,
                pace,
                port_e9: PortE9::Console,
                errors: Errors::Ignored,
            };
            let wiring = Wiring {
                disk: Path::new("/tmp/disk"),
                disk_bytes: CYLINDER_BYTES,
                log: Path::new("/tmp/log"),
                com1,
            };
            let text = bochsrc(&machine, &wiring);
            for word in ["socket", "rfb", "vncsrv", "realtime"] {
                assert!(!text.contains(word), "{word}: {text}");
            }
            assert_eq!(
                text.contains("clock: sync=none, time0=1178020800\n"),
                pace == Pace::Scripted,
                "{text}"
            );
            assert!(text.contains("cylinders=1, heads=16, spt=63\n"), "{text}");
        }
    }
}
