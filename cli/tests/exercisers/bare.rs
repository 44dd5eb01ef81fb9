//! A bare machine: Bochs with its own BIOS and a floppy, without hyper86.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use cli::engine::process::ENGINE_COMMAND;
use cli::engine::{self, Cpu, FIRMWARE_FOLDER, VGA_FIRMWARE};
use rustix::pty::OpenptFlags;

/// Bytes of a 1.44-MB floppy.
pub const FLOPPY: usize = 1_474_560;

/// A run that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// More resets of the processor than any guest needs.
const RESETS: usize = 100;

/// What the machine is besides its processor: the chips that hyper86's PC has, two serial ports, and a BIOS of its own.
const MACHINE: &str = "config_interface: textconfig
display_library: term
memory: guest=32, host=32
clock: sync=none, time0=946684800
boot: floppy
com1: enabled=1, mode=file, dev=com1
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

/// What an exerciser wants in the drives.
#[derive(Clone, Copy, Debug, Default)]
pub struct Drives<'a> {
    /// The floppy that boots is write-protected.
    pub protected: bool,
    /// A hard disk of 16 heads and 63 sectors.
    pub hard_disk: Option<&'a Path>,
}

impl Drives<'_> {
    /// Bytes of a cylinder of the hard disk.
    pub const CYLINDER: usize = 16 * 63 * 512;

    /// Lines of the `bochsrc` file, and a copy of the disk.
    fn lines(self, folder: &Path) -> String {
        let protected = u8::from(self.protected);
        let floppy = format!("floppya: 1_44=a.img, status=inserted, write_protected={protected}\n");
        let Some(disk) = self.hard_disk else { return floppy };
        let cylinders = fs::copy(disk, folder.join("c.img")).unwrap() as usize / Self::CYLINDER;
        format!(
            "{floppy}ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14\n\
             ata0-master: type=disk, path=c.img, mode=flat, cylinders={cylinders}, heads=16, spt=63\n"
        )
    }
}

/// Boots a copy of the floppy `image` in a folder of its own; what it sent over COM1 when it had said `end`, had ended
/// itself, or had hung.
pub fn com1(cpu: Cpu, image: &Path, drives: Drives<'_>, folder: &Path, end: &str) -> String {
    let engine = engine::find().expect("a run in the VM has installed it");
    fs::create_dir(folder).unwrap();
    fs::copy(image, folder.join("a.img")).unwrap();
    let firmware = Path::new(FIRMWARE_FOLDER);
    let machine = format!(
        "{MACHINE}cpu: model={}, count=1, ips=4000000, ignore_bad_msrs=0, reset_on_triple_fault=1\n\
         romimage: file={}\nvgaromimage: file={}\n",
        cpu.bochs_name(),
        firmware.join("BIOS-bochs-latest").display(),
        firmware.join(VGA_FIRMWARE).display()
    );
    let drives = drives.lines(folder);
    fs::write(folder.join("bochsrc"), machine + &drives).unwrap();
    // Each shutdown of the processor ends a "c", a reset notwithstanding.
    fs::write(folder.join("commands"), "c\n".repeat(1 + RESETS) + "q\n").unwrap();

    let (display, stdin) = pseudo_terminal();
    // Its own screen is not looked at, but an unread terminal would stop it.
    thread::spawn(move || {
        let (mut display, mut bytes) = (display, [0; 4096]);
        while let Ok(1..) = display.read(&mut bytes) {}
    });
    let mut machine = Command::new(env!("CARGO_BIN_EXE_hyper86"))
        .arg(ENGINE_COMMAND)
        .arg(std::process::id().to_string())
        .arg(&engine.program)
        .args(["-q", "-f", "bochsrc", "-rc", "commands"])
        .current_dir(folder)
        .env("TERM", "vt100")
        .stdin(stdin)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + PATIENCE;
    let said = loop {
        let said = fs::read(folder.join("com1")).unwrap_or_default();
        let said = String::from_utf8_lossy(&said).into_owned();
        let over = said.ends_with(end) || Instant::now() > deadline;
        if over || machine.try_wait().unwrap().is_some() && said.is_empty() {
            break said;
        }
        thread::sleep(Duration::from_millis(20));
    };
    // Fails only when it has ended.
    let _ = machine.kill();
    machine.wait().unwrap();
    said
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
