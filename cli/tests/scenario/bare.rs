//! The same image on a bare machine: Bochs with its own BIOS, without hyper86. What it shows, and when.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use cli::engine::process::ENGINE_COMMAND;
use cli::engine::{self, FIRMWARE_FOLDER, Firmware, VGA_FIRMWARE};
use rustix::pty::OpenptFlags;

/// A run that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(150);

/// Instructions from one look at the screen to the next, at first and later.
const FIRST_STEP: u64 = 1_000;
const STEP: u64 = 100_000;

/// Bytes of a 1.44-MB floppy, and of a cylinder of the disk.
const FLOPPY: usize = 1_474_560;
const CYLINDER: usize = 16 * 63 * 512;

/// The text screen of mode 3, as the debugger dumps it.
const SCREEN: usize = 0xB8000;
const ROW: usize = 160;
const ROWS: usize = 25;

/// What the machine is, but for its disk: the chips that hyper86's PC has, and the processor of most scenarios.
const MACHINE: &str = "config_interface: textconfig
display_library: term
memory: guest=32, host=32
cpu: model=core2_penryn_t9600, count=1, ips=4000000, reset_on_triple_fault=0
clock: sync=none, time0=1178020800
com1: enabled=1, mode=null
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

/// What a bare machine showed in the end.
pub struct Shown {
    /// The lines, but for the BIOS's own, right-trimmed, none empty.
    pub lines: Vec<String>,
    /// Instructions from the boot sector's first to the first look at which all of them were there.
    pub instructions: u64,
}

/// Boots a copy of `image` in `folder` and lets it run for that many instructions of the boot sector and what follows.
pub fn run(image: &Path, folder: &Path, instructions: u64) -> Shown {
    let engine = engine::find().expect("a run in the VM has installed it");
    fs::create_dir_all(folder).unwrap();
    let mut bytes = fs::read(image).unwrap();
    let floppy = bytes.len() <= FLOPPY;
    bytes.resize(if floppy { FLOPPY } else { bytes.len().next_multiple_of(CYLINDER) }, 0);
    fs::write(folder.join("disk.img"), &bytes).unwrap();
    let disk = if floppy {
        "floppya: 1_44=disk.img, status=inserted\nboot: floppy".to_owned()
    } else {
        let cylinders = bytes.len() / CYLINDER;
        format!(
            "ata0-master: type=disk, path=disk.img, mode=flat, cylinders={cylinders}, heads=16, spt=63\nboot: disk"
        )
    };
    let rom = |name: &str| Path::new(FIRMWARE_FOLDER).join(name).display().to_string();
    let roms = format!(
        "romimage: file={}\nvgaromimage: file={}\n",
        rom(Firmware::Latest.file_name()),
        rom(VGA_FIRMWARE)
    );
    fs::write(folder.join("bochsrc"), format!("{MACHINE}{disk}\n{roms}")).unwrap();
    let dump = format!("xp /{}bx {SCREEN:#x}\n", ROW * ROWS);
    let look = |step: u64| format!("sb {step}\nc\n{dump}");
    let at_first = look(FIRST_STEP).repeat((STEP / FIRST_STEP) as usize);
    let looks = at_first + &look(STEP).repeat((instructions / STEP) as usize);
    fs::write(folder.join("commands"), format!("pb 0x7c00\nc\nd 1\n{dump}{looks}q\n")).unwrap();
    let (display, stdin) = pseudo_terminal();
    thread::spawn(move || {
        let (mut display, mut bytes) = (display, [0; 4096]);
        while let Ok(1..) = display.read(&mut bytes) {}
    });
    let machine = Command::new(env!("CARGO_BIN_EXE_hyper86"))
        .arg(ENGINE_COMMAND)
        .arg(std::process::id().to_string())
        .arg(&engine.program)
        .args(["-q", "-f", "bochsrc", "-rc", "commands"])
        .current_dir(folder)
        .env("TERM", "vt100")
        .stdin(stdin)
        .stdout(File::create(folder.join("debugger")).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait(machine);
    last_screen(&String::from_utf8_lossy(&fs::read(folder.join("debugger")).unwrap()))
}

fn wait(mut machine: Child) {
    let deadline = Instant::now() + PATIENCE;
    while machine.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            machine.kill().unwrap();
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// The lines of the last dump in the debugger's words that those of the first did not hold, and when they were there.
fn last_screen(words: &str) -> Shown {
    let (mut time, mut cells) = (0, Vec::new());
    let mut screens: Vec<(u64, Vec<String>)> = Vec::new();
    for line in words.lines() {
        if let Some((_, behind)) = line.split_once("Next at t=") {
            time = behind.trim().parse().unwrap();
        }
        // 0x00000000000b8000 <bogus+       0>: 0x20 0x07 …
        let Some((_, bytes)) = line.split_once("<bogus+").and_then(|(_, rest)| rest.split_once(":\t")) else {
            continue;
        };
        cells.extend(bytes.split_whitespace().filter_map(|byte| u8::from_str_radix(&byte[2..], 16).ok()));
        if cells.len() == ROW * ROWS {
            let rows = cells.chunks(ROW).map(|row| row.iter().step_by(2).map(|&byte| shown(byte)).collect());
            screens.push((time, rows.map(|row: String| row.trim_end().to_owned()).collect()));
            cells.clear();
        }
    }
    let (start, banner) = screens.first().expect("the boot sector was reached").clone();
    let (_, last) = screens.last().unwrap();
    let lines: Vec<String> =
        last.iter().filter(|row| !row.is_empty() && !banner.contains(row)).cloned().collect();
    let complete = |rows: &Vec<String>| lines.iter().all(|line| rows.contains(line));
    let (when, _) = screens.iter().find(|(_, rows)| complete(rows)).unwrap();
    Shown { instructions: when - start, lines }
}

fn shown(byte: u8) -> char {
    if byte == 0 { ' ' } else { pc::codepage437::to_char(byte) }
}

/// Both ends of a pseudo-terminal: ours and the machine's.
fn pseudo_terminal() -> (File, File) {
    let ours = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    rustix::pty::unlockpt(&ours).unwrap();
    let name = OsString::from_vec(rustix::pty::ptsname(&ours, Vec::new()).unwrap().into_bytes());
    (File::from(ours), OpenOptions::new().read(true).write(true).open(name).unwrap())
}
