//! What an image shows on a bare machine, without hyper86, and when.

#[path = "machine.rs"]
mod machine;

use std::fs::{self, File};
use std::path::Path;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use cli::engine::Cpu;
use machine::{CYLINDER, FLOPPY};

/// A run that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(150);

/// Instructions from one look at the screen to the next, at first and later.
const FIRST_STEP: u64 = 1_000;
const STEP: u64 = 100_000;

/// The text screen of mode 3, as the debugger dumps it.
const SCREEN: usize = 0xB8000;
const ROW: usize = 160;
const ROWS: usize = 25;

/// The clock and a port that nobody listens to.
const LINES: &str = "clock: sync=none, time0=1178020800
com1: enabled=1, mode=null
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
    fs::create_dir_all(folder).unwrap();
    let mut bytes = fs::read(image).unwrap();
    let floppy = bytes.len() <= FLOPPY;
    bytes.resize(if floppy { FLOPPY } else { bytes.len().next_multiple_of(CYLINDER) }, 0);
    fs::write(folder.join("disk.img"), &bytes).unwrap();
    let disk = if floppy {
        "floppya: 1_44=disk.img, status=inserted\nboot: floppy\n".to_owned()
    } else {
        machine::hard_disk("disk.img", bytes.len()) + "boot: disk\n"
    };
    let dump = format!("xp /{}bx {SCREEN:#x}\n", ROW * ROWS);
    let look = |step: u64| format!("sb {step}\nc\n{dump}");
    let at_first = look(FIRST_STEP).repeat((STEP / FIRST_STEP) as usize);
    let looks = at_first + &look(STEP).repeat((instructions / STEP) as usize);
    let commands = format!("pb 0x7c00\nc\nd 1\n{dump}{looks}q\n");
    let answers = File::create(folder.join("debugger")).unwrap();
    let machine = machine::start(Cpu::Core2, &(LINES.to_owned() + &disk), &commands, folder, answers.into());
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
