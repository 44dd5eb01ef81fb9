//! Fetches the engine through apt, where that is allowed, and says so.

use std::fs::File;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};

use rustix::fs::FlockOperation;

use super::{Engine, Missing, PACKAGES, find, in_path};
use crate::status::Failure;

/// Finds the engine, or installs it: as root, or through a `sudo` that asks for no password. Announces what it does on
/// standard error.
///
/// # Errors
/// Status 3, with the command that a person can type.
pub fn ensure() -> Result<Engine, Failure> {
    let Err(missing) = find() else { return find_again() };
    let Some(apt) = Apt::find() else {
        return Err(Failure::refused(format!("{}; {}", missing.sentence(), missing.advice())));
    };
    let _turn = take_turn();
    if let Ok(engine) = find() {
        return Ok(engine);
    }
    eprintln!("hyper86: {}; installing: {}", missing.sentence(), apt.line(&INSTALL));
    // An old package list is the usual reason for a failed install, so a second attempt comes after an update.
    if apt.run(&INSTALL) || (apt.run(&["update"]) && apt.run(&INSTALL)) {
        return find_again();
    }
    Err(Failure::refused(format!("apt-get could not install the engine; {}", missing.advice())))
}

const INSTALL: [&str; 7] =
    ["install", "-y", "--no-install-recommends", PACKAGES[0], PACKAGES[1], PACKAGES[2], PACKAGES[3]];

/// Waits until no other run of this tool installs: apt-get refuses to be called twice at once. The tool's own file is
/// what is locked, so that nothing is left behind; where it cannot be locked, nobody waits.
fn take_turn() -> Option<File> {
    let own = File::open("/proc/self/exe").ok()?;
    rustix::fs::flock(&own, FlockOperation::LockExclusive).ok()?;
    Some(own)
}

fn find_again() -> Result<Engine, Failure> {
    find().map_err(|missing| Failure::refused(format!("{}; {}", missing.sentence(), missing.advice())))
}

impl Missing {
    /// What is missing.
    pub fn sentence(&self) -> String {
        format!("the engine Bochs is missing (package{}: {})", plural(self.0.len()), self.0.join(" "))
    }

    /// The command that repairs it.
    pub fn advice(&self) -> String {
        let packages = PACKAGES.join(" ");
        if in_path("apt-get").is_some() {
            format!("install it with: sudo apt-get install --no-install-recommends {packages}")
        } else {
            "install Bochs 2.7 with its debugger, VMX and the term display (Debian and Ubuntu: \
             sudo apt-get install --no-install-recommends "
                .to_owned()
                + &packages
                + ")"
        }
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// A way to call apt-get with the right to install.
struct Apt {
    through_sudo: bool,
}

impl Apt {
    fn find() -> Option<Self> {
        in_path("apt-get")?;
        if rustix::process::geteuid().is_root() {
            return Some(Self { through_sudo: false });
        }
        in_path("sudo")?;
        let allowed = Command::new("sudo")
            .args(["-n", "true"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        allowed.is_ok_and(|status| status.success()).then_some(Self { through_sudo: true })
    }

    fn line(&self, arguments: &[&str]) -> String {
        let sudo = if self.through_sudo { "sudo " } else { "" };
        format!("{sudo}apt-get {}", arguments.join(" "))
    }

    /// Runs apt-get; what it prints goes to standard error, so that standard output stays for the run.
    fn run(&self, arguments: &[&str]) -> bool {
        let mut command = if self.through_sudo {
            let mut sudo = Command::new("sudo");
            sudo.args(["-n", "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
            sudo
        } else {
            let mut apt = Command::new("apt-get");
            apt.env("DEBIAN_FRONTEND", "noninteractive");
            apt
        };
        let stderr = std::io::stderr().as_fd().try_clone_to_owned();
        command.args(arguments).stdin(Stdio::null());
        command.stdout(stderr.map_or_else(|_| Stdio::null(), Stdio::from));
        command.status().is_ok_and(|status| status.success())
    }
}
