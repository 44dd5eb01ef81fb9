//! What a floppy says over COM1 on a bare machine, without hyper86.

#[path = "machine.rs"]
mod machine;

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use cli::engine::Cpu;

pub use machine::FLOPPY;

/// A run that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// More resets of the processor than any guest needs.
const RESETS: usize = 100;

/// The clock, the port that is listened to, and the floppy.
const LINES: &str = "clock: sync=none, time0=946684800
com1: enabled=1, mode=file, dev=com1
boot: floppy
";

/// What an exerciser wants in the drives.
#[derive(Clone, Copy, Debug, Default)]
pub struct Drives<'a> {
    /// The floppy that boots is write-protected.
    pub protected: bool,
    /// A hard disk of whole cylinders, of 16 heads and 63 sectors.
    pub hard_disk: Option<&'a Path>,
}

impl Drives<'_> {
    /// Lines of the `bochsrc` file, and a copy of the disk.
    fn lines(self, folder: &Path) -> String {
        let protected = u8::from(self.protected);
        let floppy = format!("floppya: 1_44=a.img, status=inserted, write_protected={protected}\n");
        let Some(disk) = self.hard_disk else { return floppy };
        let bytes = fs::copy(disk, folder.join("c.img")).unwrap();
        format!(
            "{floppy}ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14\n{}",
            machine::hard_disk("c.img", bytes as usize)
        )
    }
}

/// Boots a copy of the floppy `image` in a folder of its own; what it sent over COM1 when it had said `end`, had ended
/// itself, or had hung.
pub fn com1(cpu: Cpu, image: &Path, drives: Drives<'_>, folder: &Path, end: &str) -> String {
    fs::create_dir(folder).unwrap();
    fs::copy(image, folder.join("a.img")).unwrap();
    let lines = LINES.to_owned() + &drives.lines(folder);
    // Each shutdown of the processor ends a "c", a reset notwithstanding.
    let commands = "c\n".repeat(1 + RESETS) + "q\n";
    let mut machine = machine::start(cpu, &lines, &commands, folder, Stdio::null());
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
