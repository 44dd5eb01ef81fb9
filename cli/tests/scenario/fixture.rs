//! What the rows' commands work on: guests of our own, and images made by tools of others.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// Bytes of a 1.44-MB floppy.
const FLOPPY: u64 = 1_474_560;

/// Where a disk's first partition starts, in sectors.
const PARTITION_START: u32 = 63;

/// What this machine lacks.
pub struct Missing(pub String);

/// Fills the words in braces of a command line.
pub fn fill(command: &[String], folder: &Path) -> Result<Vec<String>, Missing> {
    command.iter().map(|word| fill_word(word, folder)).collect()
}

/// Fills a word in braces.
pub fn fill_word(word: &str, folder: &Path) -> Result<String, Missing> {
    let word = word.replace("{tmp}", &folder.to_string_lossy());
    let Some(name) = word.strip_prefix('{').and_then(|word| word.strip_suffix('}')) else { return Ok(word) };
    let path = match name.split_once(':') {
        Some(("guest", name)) => guest(name, folder),
        Some(("zeros", size)) => sized(folder, "zeros", size.parse().unwrap()),
        None if name == "fat" => fat(folder)?,
        None if name == "mbr" => mbr(folder)?,
        Some(("image", name)) => image(name, folder)?,
        Some(("diagnostic", name)) => diagnostic(name, folder)?,
        None if name == "syslinux" => syslinux(folder)?,
        None if name == "grub-legacy" => grub_legacy(folder)?,
        None if name == "bcc" => c_program(folder)?,
        // Such as a key in braces.
        _ => return Ok(word),
    };
    Ok(path.to_string_lossy().into_owned())
}

/// A disk image with a program of the `guests` package.
fn guest(name: &str, folder: &Path) -> PathBuf {
    let elf = cli::metal::guest(name).unwrap();
    let path = folder.join(name).with_extension("img");
    fs::write(&path, cli::boot_image::flat(&elf).unwrap()).unwrap();
    path
}

fn sized(folder: &Path, name: &str, bytes: u64) -> PathBuf {
    let path = folder.join(name).with_extension("img");
    fs::File::create(&path).unwrap().set_len(bytes).unwrap();
    path
}

/// A floppy as mkfs.fat leaves it. The options make two of them equal.
fn fat(folder: &Path) -> Result<PathBuf, Missing> {
    let mkfs = package("dosfstools")?.join("sbin/mkfs.fat");
    let path = sized(folder, "fat", FLOPPY);
    succeed(Command::new(mkfs).args(["--invariant", "-F", "12"]).arg(&path));
    Ok(path)
}

/// A disk with the boot record of the package mbr.
fn mbr(folder: &Path) -> Result<PathBuf, Missing> {
    let install = package("mbr")?.join("sbin/install-mbr");
    let path = sized(folder, "mbr", 4 << 20);
    succeed(Command::new(install).arg("--force").arg(&path));
    Ok(path)
}

/// A copy of a user's image, made once.
fn image(name: &str, folder: &Path) -> Result<PathBuf, Missing> {
    let copy = folder.join(name);
    if !copy.exists() {
        let given = std::env::var_os("HYPER86_GUESTS").ok_or_else(|| {
            Missing(format!("HYPER86_GUESTS names no folder, which should hold {name}; the README says more"))
        })?;
        let original = Path::new(&given).join(name);
        fs::copy(&original, &copy).map_err(|error| Missing(format!("{}: {error}", original.display())))?;
    }
    Ok(copy)
}

/// A disk with a diagnostic boot record of syslinux-common: a whole number of cylinders, so that nobody rounds.
fn diagnostic(name: &str, folder: &Path) -> Result<PathBuf, Missing> {
    const CYLINDER: usize = 16 * 63 * 512;
    let diagnostics = package("syslinux-common")?.join("usr/lib/syslinux/mbr/diag");
    let mut image = if name == "handoff" {
        let mut record = fs::read(diagnostics.join("handoff/handoff.bin")).unwrap();
        record.resize(510, 0);
        record.extend([0x55, 0xAA]);
        record.resize(16 * CYLINDER, 0);
        record
    } else {
        let packed = diagnostics.join("geodsp").join(name).with_extension("img.xz");
        let unpacked = Command::new("xz").arg("-dc").arg(packed).stdin(Stdio::null()).output();
        unpacked.map_err(|error| Missing(format!("xz does not run: {error}")))?.stdout
    };
    image.resize(image.len().next_multiple_of(CYLINDER), 0);
    let path = folder.join(name).with_extension("img");
    fs::write(&path, image).unwrap();
    Ok(path)
}

/// A floppy with syslinux 6 and no configuration.
fn syslinux(folder: &Path) -> Result<PathBuf, Missing> {
    let path = fat(folder)?;
    let (program, tools) =
        (package("syslinux")?.join("usr/bin/syslinux"), package("mtools")?.join("usr/bin"));
    succeed(Command::new(program).arg("--install").arg(&path).env("PATH", searching(&[tools])));
    Ok(path)
}

/// A floppy with GRUB 0.97 and nothing else.
fn grub_legacy(folder: &Path) -> Result<PathBuf, Missing> {
    let files = package("grub-legacy")?.join("usr/lib/grub/x86_64-pc");
    let mut image = fs::read(files.join("stage1")).unwrap();
    image.extend(fs::read(files.join("stage2")).unwrap());
    image.resize(FLOPPY as usize, 0);
    let path = folder.join("grub.img");
    fs::write(&path, image).unwrap();
    Ok(path)
}

/// A floppy with `primes.c`, compiled by Debian's bcc, assembled and linked by its bin86.
fn c_program(folder: &Path) -> Result<PathBuf, Missing> {
    let (compiler, tools, library) = (package("bcc")?, package("bin86")?, package("elks-libc")?);
    let path = searching(&[compiler.join("usr/bin"), tools.join("usr/bin")]);
    let run = |words: &[&str]| {
        let prefix = format!("{}/", compiler.join("usr/lib/bcc").display());
        let mut command = Command::new(words[0]);
        let command = command.args(&words[1..]).current_dir(folder);
        succeed(command.env("PATH", &path).env("BCC_EXEC_PREFIX", prefix));
    };
    for (name, text) in [("start.s", include_str!("start.as86")), ("primes.c", include_str!("primes.c"))] {
        fs::write(folder.join(name), text).unwrap();
    }
    run(&["as86", "-0", "-u", "-w", "-n", "start.s", "-o", "start.o", "start.s"]);
    run(&["bcc", "-0", "-c", "-o", "primes.o", "primes.c"]);
    let library = library.join("usr/lib/bcc/libc.a");
    run(&["ld86", "-d", "-T", "7c00", "-o", "primes.img", "start.o", "primes.o", library.to_str().unwrap()]);
    let image = folder.join("primes.img");
    fs::OpenOptions::new().write(true).open(&image).unwrap().set_len(FLOPPY).unwrap();
    Ok(image)
}

/// A search path for programs with these folders in front.
fn searching(folders: &[PathBuf]) -> std::ffi::OsString {
    let usual = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(folders.iter().cloned().chain(std::env::split_paths(&usual))).unwrap()
}

/// The files of a Debian package, fetched without root and without touching the system.
fn package(name: &str) -> Result<PathBuf, Missing> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap();
    let packages = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packages");
    let files = packages.join(name);
    if files.is_dir() {
        return Ok(files);
    }
    let download = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let fetch = || quietly(Command::new("apt-get").args(["download", name]).current_dir(download.path()));
    // On a fresh machine apt knows no packages yet, and only root can change that.
    let update = || quietly(Command::new("apt-get").arg("update"));
    if !(fetch() || update() && fetch()) {
        return Err(Missing(format!("the package {name} cannot be fetched (apt-get download {name})")));
    }
    let archive = fs::read_dir(download.path()).unwrap().next().unwrap().unwrap().path();
    let unpacked = download.path().join("unpacked");
    if !quietly(Command::new("dpkg").arg("-x").args([&archive, &unpacked])) {
        return Err(Missing(format!("the package {name} cannot be unpacked (dpkg -x)")));
    }
    fs::create_dir_all(&packages).unwrap();
    fs::rename(unpacked, &files).unwrap();
    Ok(files)
}

fn quietly(command: &mut Command) -> bool {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn succeed(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Builds a disk whose one partition is `image`, started by a boot manager that does what the usual one does: moves
/// itself to 0600h, finds the active entry, reads its first sector to 7C00h, and jumps there with the entry at DS:SI.
pub fn chain(image: &Path, disk: &Path) {
    #[rustfmt::skip]
    const BOOT_MANAGER: [u8; 55] = [
        0x31, 0xc0,                         // xor ax, ax
        0x8e, 0xd8,                         // mov ds, ax
        0x8e, 0xc0,                         // mov es, ax
        0x8e, 0xd0,                         // mov ss, ax
        0xbc, 0x00, 0x7c,                   // mov sp, 0x7c00
        0xfc,                               // cld
        0xbe, 0x00, 0x7c,                   // mov si, 0x7c00
        0xbf, 0x00, 0x06,                   // mov di, 0x0600
        0xb9, 0x00, 0x01,                   // mov cx, 256
        0xf3, 0xa5,                         // rep movsw
        0xea, 0x1c, 0x06, 0x00, 0x00,       // jmp 0:0x061c
        0xbe, 0xbe, 0x07,                   // 061c: mov si, 0x07be, the first entry, which is the active one
        0x6a, 0x00, 0x6a, 0x00,             // push 0; push 0: first sector, bits 63:32
        0xff, 0x74, 0x0a,                   // push word [si + 10]
        0xff, 0x74, 0x08,                   // push word [si + 8]: first sector
        0x06,                               // push es
        0x68, 0x00, 0x7c,                   // push 0x7c00
        0x6a, 0x01,                         // push 1: sectors
        0x6a, 0x10,                         // push 16: bytes of this packet
        0x56,                               // push si
        0x89, 0xe6,                         // mov si, sp
        0x83, 0xc6, 0x02,                   // add si, 2: behind the saved si
    ];
    const READ_AND_GO: [u8; 12] = [
        0xb4, 0x42, // mov ah, 0x42: extended read
        0xcd, 0x13, // int 0x13
        0x5e, // pop si: the entry
        0x83, 0xc4, 0x10, // add sp, 16
        0xe9, 0x00, 0x00, // jmp near, filled in below
        0x90,
    ];
    let partition = fs::read(image).unwrap();
    let mut bytes = vec![0; PARTITION_START as usize * 512];
    bytes[..BOOT_MANAGER.len()].copy_from_slice(&BOOT_MANAGER);
    bytes[BOOT_MANAGER.len()..BOOT_MANAGER.len() + READ_AND_GO.len()].copy_from_slice(&READ_AND_GO);
    let after_jump = 0x600 + BOOT_MANAGER.len() + READ_AND_GO.len() - 1;
    let distance = u16::try_from(0x7c00 - after_jump).unwrap();
    let operand = BOOT_MANAGER.len() + READ_AND_GO.len() - 3;
    bytes[operand..operand + 2].copy_from_slice(&distance.to_le_bytes());
    let entry = &mut bytes[446..462];
    entry[0] = 0x80;
    entry[4] = 0x7f;
    entry[8..12].copy_from_slice(&PARTITION_START.to_le_bytes());
    entry[12..].copy_from_slice(&u32::try_from(partition.len() / 512).unwrap().to_le_bytes());
    bytes[510..512].copy_from_slice(&[0x55, 0xaa]);
    bytes.extend(partition);
    fs::write(disk, bytes).unwrap();
}
