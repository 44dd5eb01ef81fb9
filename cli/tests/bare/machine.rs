//! A machine without hyper86: Bochs with its own BIOS.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use cli::engine::process::ENGINE_COMMAND;
use cli::engine::{self, Cpu, FIRMWARE_FOLDER, Firmware, VGA_FIRMWARE};
use rustix::pty::OpenptFlags;

/// Bytes of a 1.44-MB floppy.
pub const FLOPPY: usize = 1_474_560;

/// Bytes of a cylinder of the hard disk, which has 16 heads and 63 sectors.
pub const CYLINDER: usize = 16 * 63 * 512;

/// What the machine is besides its processor, drives, first serial port and clock: the chips that hyper86's PC has, and
/// a BIOS of its own.
const MACHINE: &str = "config_interface: textconfig
display_library: term
memory: guest=32, host=32
com2: enabled=1, mode=null
parport1: enabled=1, file=lpt1
mouse: enabled=0, type=ps2
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
speaker: enabled=0
log: log
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
";

/// The line for `file`, which the machine finds in its folder, as the hard disk, of that many bytes.
pub fn hard_disk(file: &str, bytes: usize) -> String {
    let cylinders = bytes / CYLINDER;
    format!("ata0-master: type=disk, path={file}, mode=flat, cylinders={cylinders}, heads=16, spt=63\n")
}

/// Starts the machine in `folder`, with `lines` of its own in the `bochsrc` file, and with the debugger's `commands`,
/// whose answers go to `answers`.
pub fn start(cpu: Cpu, lines: &str, commands: &str, folder: &Path, answers: Stdio) -> Child {
    let engine = engine::find().expect("a run in the VM has installed it");
    let rom = |name: &str| Path::new(FIRMWARE_FOLDER).join(name).display().to_string();
    let machine = format!(
        "{MACHINE}cpu: model={}, count=1, ips=4000000, ignore_bad_msrs=0, reset_on_triple_fault=1\n\
         romimage: file={}\nvgaromimage: file={}\n{lines}",
        cpu.bochs_name(),
        rom(Firmware::Latest.file_name()),
        rom(VGA_FIRMWARE),
    );
    fs::write(folder.join("bochsrc"), machine).unwrap();
    fs::write(folder.join("commands"), commands).unwrap();
    let (display, stdin) = pseudo_terminal();
    // Its own screen is not looked at, but an unread terminal would stop it.
    thread::spawn(move || {
        let (mut display, mut bytes) = (display, [0; 4096]);
        while let Ok(1..) = display.read(&mut bytes) {}
    });
    Command::new(env!("CARGO_BIN_EXE_hyper86"))
        .arg(ENGINE_COMMAND)
        .arg(std::process::id().to_string())
        .arg(&engine.program)
        .args(["-q", "-f", "bochsrc", "-rc", "commands"])
        .current_dir(folder)
        .env("TERM", "vt100")
        .stdin(stdin)
        .stdout(answers)
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Both ends of a pseudo-terminal: ours and the machine's.
fn pseudo_terminal() -> (File, File) {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let ours = rustix::pty::openpt(flags).unwrap();
    rustix::pty::unlockpt(&ours).unwrap();
    let name = OsString::from_vec(rustix::pty::ptsname(&ours, Vec::new()).unwrap().into_bytes());
    let theirs = OpenOptions::new().read(true).write(true).open(name).unwrap();
    (File::from(ours), theirs)
}
