//! Builds bare-metal programs: the VMM, the guests, and people's own programs.
//!
//! They are built by a cargo of their own: with a target folder and compiler flags that the user's settings cannot
//! change (without `no-redzone` an interrupt would destroy a stack frame), and never in one feature set with crates
//! of the host. The sources are those that this tool was built from.

use std::fs;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};
use indicatif::ProgressBar;

use crate::boot_image::Elf;
use crate::session::Signals;
use crate::status::Failure;

/// The workspace that this tool was compiled in.
const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The target of every bare-metal program: the host's own, whose `core` is on every Linux machine with Rust.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// The profile in the workspace's `Cargo.toml` and in that of `new`'s programs.
const PROFILE: &str = "metal";

/// The profile of what is emulated for long.
const FAST_PROFILE: &str = "metal-fast";

/// The profile of the fuzzer's VMM.
const FUZZ_PROFILE: &str = "metal-fuzz";

/// In `flags.txt`, the linker script beside it.
const LINKER_SCRIPT: &str = "{link.ld}";

/// What the flags of the guests have in common with the runtime's; their build script names the rest.
const GUEST_FLAGS: &str = "-Crelocation-model=static";

/// Variables that a nested cargo keeps though they start with `CARGO_`: where things are and how to fetch them.
const KEPT_VARIABLES: [&str; 6] =
    ["CARGO_HOME", "CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTRIES_", "CARGO_REGISTRY_", "CARGO_TERM_"];

/// The workspace's folder.
///
/// # Errors
/// Status 3: it is gone, or another.
pub fn workspace() -> Result<PathBuf, Failure> {
    let folder = Path::new(WORKSPACE);
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    if folder.join("vmm/Cargo.toml").is_file() && folder.join("crates/rt/flags.txt").is_file() {
        return Ok(folder);
    }
    Err(Failure::refused(format!(
        "the sources of the VMM are not at {} any more, where this hyper86 was built; build it again with cargo in \
         the folder where they are",
        folder.display()
    )))
}

/// The VMM's ELF file, up to date.
///
/// # Errors
/// Status 3: the sources are gone, or the build fails.
pub fn vmm() -> Result<Elf, Failure> {
    on_runtime("vmm", PROFILE, &[], "the VMM")
}

/// The ELF file of a VMM that counts its accesses to the VMCS and to MSRs, up to date.
///
/// # Errors
/// As for [`vmm`].
pub fn counting_vmm() -> Result<Elf, Failure> {
    on_runtime("vmm", PROFILE, &["counters"], "the VMM that counts")
}

/// The ELF file of the harness that tries the auditor's rules, up to date.
///
/// # Errors
/// As for [`vmm`].
pub fn prover() -> Result<Elf, Failure> {
    on_runtime("prover", FAST_PROFILE, &[], "the prover")
}

/// The ELF file of the VMM that runs hostile programs, up to date.
///
/// # Errors
/// As for [`vmm`].
pub fn fuzzer() -> Result<Elf, Failure> {
    on_runtime("vmm", FUZZ_PROFILE, &["fuzz"], "the fuzzer's VMM")
}

/// A package of ours that stands on the runtime. Each set of features has a target folder of its own, so that none makes
/// another old.
fn on_runtime(
    package: &str,
    profile: &'static str,
    features: &'static [&'static str],
    what: &'static str,
) -> Result<Elf, Failure> {
    let workspace = workspace()?;
    let folder = ["metal"].iter().chain(features).copied().collect::<Vec<_>>().join("-");
    let build = Build {
        folder: &workspace,
        package: Some(package),
        target_folder: workspace.join("target").join(folder),
        flags: runtime_flags(&workspace.join("crates/rt"))?,
        features,
        profile,
        what,
    };
    build.run()?;
    elf(&build.program(package))
}

/// A guest's ELF file, up to date.
///
/// # Errors
/// As for [`vmm`].
pub fn guest(name: &str) -> Result<Vec<u8>, Failure> {
    let workspace = workspace()?;
    let build = Build {
        folder: &workspace,
        package: Some("guests"),
        target_folder: workspace.join("target/metal-guests"),
        flags: vec![GUEST_FLAGS.to_owned()],
        features: &[],
        profile: PROFILE,
        what: "the guests",
    };
    build.run()?;
    read(&build.program(name))
}

/// The ELF file of a program that `new` wrote, up to date. Its runtime lies in `rt`, its name is its package's.
///
/// # Errors
/// Status 2: not such a folder. Status 3: the build fails.
pub fn app(folder: &Path) -> Result<Elf, Failure> {
    let runtime = folder.join("rt");
    if !folder.join("Cargo.toml").is_file() || !runtime.join("flags.txt").is_file() {
        return Err(Failure::usage(format!(
            "{} holds no program that `hyper86 new` wrote (Cargo.toml and rt/flags.txt)",
            folder.display()
        )));
    }
    let folder = folder.canonicalize().context("cannot find the program's folder")?;
    let name = package_name(&folder)?;
    let build = Build {
        folder: &folder,
        package: None,
        target_folder: folder.join("target/metal"),
        flags: runtime_flags(&folder.join("rt"))?,
        features: &[],
        profile: PROFILE,
        what: "the program",
    };
    build.run()?;
    elf(&build.program(&name))
}

/// The flags of a program on the runtime: one a line in `flags.txt`.
fn runtime_flags(runtime: &Path) -> Result<Vec<String>, Failure> {
    let list = runtime.join("flags.txt");
    let text = fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
    let runtime = runtime.canonicalize().context("cannot find the runtime")?;
    let script = runtime.join("link.ld").display().to_string();
    Ok(text
        .lines()
        .map(|line| line.trim().replace(LINKER_SCRIPT, &script))
        .filter(|flag| !flag.is_empty())
        .collect())
}

fn package_name(folder: &Path) -> Result<String, Failure> {
    let output = cargo(folder)
        .args(["metadata", "--format-version=1", "--no-deps"])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|_| anyhow!("cargo cannot read {}", folder.display()))?;
    let manifest = folder.join("Cargo.toml");
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let own = packages.iter().find(|package| package["manifest_path"].as_str() == manifest.to_str());
    let name = own.and_then(|package| package["name"].as_str());
    name.map(str::to_owned)
        .ok_or_else(|| Failure::usage(format!("{} is no package of its own", manifest.display())))
}

/// A program that an image is made of.
fn elf(program: &Path) -> Result<Elf, Failure> {
    Ok(Elf { bytes: read(program)? })
}

fn read(program: &Path) -> Result<Vec<u8>, Failure> {
    Ok(fs::read(program).with_context(|| format!("cannot read {}", program.display()))?)
}

/// The cargo that built us, else the one of the search path, free of what would change its work.
fn cargo(folder: &Path) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(folder);
    for (name, _) in std::env::vars_os() {
        let Some(name) = name.to_str() else { continue };
        let foreign = name.starts_with("CARGO") || name.starts_with("RUSTC") || name == "RUSTFLAGS";
        if foreign && !KEPT_VARIABLES.iter().any(|kept| name.starts_with(kept)) {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// One nested build.
struct Build<'a> {
    folder: &'a Path,
    package: Option<&'a str>,
    target_folder: PathBuf,
    flags: Vec<String>,
    features: &'static [&'static str],
    profile: &'static str,
    what: &'static str,
}

impl Build<'_> {
    fn run(&self) -> Result<(), Failure> {
        let mut cargo = cargo(self.folder);
        cargo.args(["build", "--quiet", "--profile", self.profile, "--target", TARGET, "--target-dir"]);
        cargo.arg(&self.target_folder);
        if let Some(package) = self.package {
            cargo.args(["--package", package]);
        }
        if !self.features.is_empty() {
            cargo.args(["--features", &self.features.join(",")]);
        }
        cargo.env("CARGO_ENCODED_RUSTFLAGS", self.flags.join("\x1f"));
        cargo.env("CARGO_TERM_COLOR", if std::io::stderr().is_terminal() { "always" } else { "never" });
        let progress = progress(format!("building {}", self.what));
        let built = run(cargo.stdin(Stdio::null()).stdout(Stdio::null()));
        progress.finish_and_clear();
        let (status, messages) = built?;
        // Also warnings: who changes the VMM wants to see them.
        eprint!("{messages}");
        if status.success() {
            return Ok(());
        }
        Err(Failure::refused(format!("cargo could not build {} (its messages are above)", self.what)))
    }

    fn program(&self, name: &str) -> PathBuf {
        self.target_folder.join(TARGET).join(self.profile).join(name)
    }
}

/// Runs a cargo to its end, or to a signal; what it said on standard error.
fn run(cargo: &mut Command) -> Result<(ExitStatus, String), Failure> {
    let mut child = cargo.stderr(Stdio::piped()).spawn().context("cannot start cargo (is it in PATH?)")?;
    let mut stderr = child.stderr.take().context("cargo has no standard error")?;
    let messages = thread::spawn(move || {
        let mut bytes = Vec::new();
        // What has come by then is told.
        let _ = stderr.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    });
    loop {
        let ended = child.try_wait().context("cannot wait for cargo")?;
        if let Some(signal) = Signals::waiting() {
            // It may have ended, and by the same Ctrl-C.
            let _ = child.kill();
            let _ = child.wait();
            return Err(Failure::interrupted(signal));
        }
        if let Some(status) = ended {
            return Ok((status, messages.join().unwrap_or_default()));
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// A sign of life on a terminal's standard error; nothing elsewhere.
pub fn progress(what: String) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(what);
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
