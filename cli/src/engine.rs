//! The engine: Bochs, which executes VMX in software, so that no run needs a CPU with VT-x.
//!
//! [`find`] looks for it, [`install::ensure`] fetches it where that is allowed, [`process::Bochs`] is one running
//! machine in a folder of its own.

pub mod configuration;
mod folder;
pub mod install;
pub mod model;
pub mod process;

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub use model::{Cpu, Firmware};

/// The Debian packages that make up the engine.
pub const PACKAGES: [&str; 4] = ["bochs", "bochs-term", "bochsbios", "vgabios"];

/// Where Debian keeps the firmware.
pub const FIRMWARE_FOLDER: &str = "/usr/share/bochs";

/// The VGA firmware, beside the BIOS.
pub const VGA_FIRMWARE: &str = "VGABIOS-lgpl-latest";

/// Where Debian keeps the display plugins.
const PLUGIN_FOLDER: &str = "/usr/lib/x86_64-linux-gnu/bochs/plugins";

/// The display that needs no window: a terminal, here a pseudo-terminal of ours.
const DISPLAY_PLUGIN: &str = "libbx_term_gui.so";

/// A usable Bochs.
#[derive(Clone, Debug)]
pub struct Engine {
    /// The program itself, not its wrapper script.
    pub program: PathBuf,
}

/// What a Bochs needs and this machine lacks, by name of package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(pub Vec<&'static str>);

/// Looks for Bochs, its display, and its firmware.
///
/// # Errors
/// The packages that are missing.
pub fn find() -> Result<Engine, Missing> {
    let program = ["bochs-bin", "bochs"].into_iter().find_map(in_path);
    let firmware = Path::new(FIRMWARE_FOLDER);
    let present = [
        program.is_some(),
        Path::new(PLUGIN_FOLDER).join(DISPLAY_PLUGIN).exists(),
        [Firmware::Latest, Firmware::Legacy].iter().all(|choice| firmware.join(choice.file_name()).exists()),
        firmware.join(VGA_FIRMWARE).exists(),
    ];
    let missing: Vec<_> = PACKAGES
        .into_iter()
        .zip(present)
        .filter(|(_, present)| !present)
        .map(|(package, _)| package)
        .collect();
    match program {
        Some(program) if missing.is_empty() => Ok(Engine { program }),
        _ => Err(Missing(missing)),
    }
}

/// Whether `name` is an executable of the search path.
pub(crate) fn in_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| {
        fs::metadata(file).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
    })
}

impl Engine {
    /// Its version, such as "2.7", or `None` if it does not say.
    pub fn version(&self) -> Option<String> {
        let said = self.ask("--help")?;
        let (_, after) = said.split_once("Bochs x86 Emulator ")?;
        after.split_whitespace().next().map(str::to_owned)
    }

    /// The names of the CPU models that it has.
    pub fn cpu_models(&self) -> Vec<String> {
        let said = self.ask_for("cpu").unwrap_or_default();
        let Some((_, list)) = said.split_once("Supported CPU models:") else { return Vec::new() };
        list.lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .take_while(|line| line.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
            .map(str::to_owned)
            .collect()
    }

    fn ask(&self, option: &str) -> Option<String> {
        self.output(&[option])
    }

    fn ask_for(&self, topic: &str) -> Option<String> {
        self.output(&["--help", topic])
    }

    /// Both streams, since Bochs spreads its help over them.
    fn output(&self, arguments: &[&str]) -> Option<String> {
        let output = Command::new(&self.program).args(arguments).stdin(Stdio::null()).output().ok()?;
        let mut said = String::from_utf8_lossy(&output.stderr).into_owned();
        said.push_str(&String::from_utf8_lossy(&output.stdout));
        Some(said)
    }
}
