//! `doctor`: says what is here and what to do about what is not.
//!
//! Every statement comes from the thing itself: Bochs lists its CPU models, KVM says what it would offer a guest, the
//! tools print their versions. That a file has the right name proves nothing.

mod kvm;

use std::process::{Command, Stdio};

use serde::Serialize;

use crate::engine::{self, Cpu, Engine, Firmware, PACKAGES};
use crate::status::{Failure, Status};

/// For whom the report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Lines for a person.
    Text,
    /// One JSON object, `{"can_run_demo": bool, "findings": [...]}`.
    Json,
}

/// What was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Such as `bochs`, `package bochs-term`, `cpu core2`, `kvm`.
    pub subject: String,
    /// How it is.
    pub state: State,
    /// A version, or what is the matter.
    pub found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Here and usable.
    Good,
    /// Not here, and `demo` needs it.
    Missing,
    /// Not here, or not known; `demo` runs without.
    Optional,
}

/// All that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether `demo` has all it needs.
    pub can_run_demo: bool,
    /// In the order in which things are needed.
    pub findings: Vec<Finding>,
}

/// Carries out `doctor`: status 0 when `demo` can run here, else 3.
///
/// # Errors
/// Only when nothing can be said at all.
pub fn doctor(form: Form) -> Result<Status, Failure> {
    let report = examine();
    match form {
        Form::Text => print!("{}", report.text()),
        Form::Json => println!("{}", serde_json::to_string(&report).map_err(Failure::refused)?),
    }
    Ok(if report.can_run_demo { Status::Done } else { Status::Refused })
}

/// Looks at everything.
pub fn examine() -> Report {
    let mut findings = vec![host()];
    findings.extend([rustc(), tool("cargo", RUST_REMEDY), tool("cc", CC_REMEDY)]);
    findings.extend(PACKAGES.map(package));
    match engine::find() {
        Ok(engine) => findings.extend(engine_findings(&engine)),
        Err(missing) => {
            let remedy = format!("{}, or let `hyper86 demo` do it as root", missing.advice());
            findings.push(Finding::missing("bochs", missing.sentence(), remedy));
        }
    }
    findings.push(kvm::examine());
    let can_run_demo = findings.iter().all(|finding| finding.state != State::Missing);
    Report { can_run_demo, findings }
}

const RUST_REMEDY: &str = "install Rust from https://rustup.rs";
const CC_REMEDY: &str = "install a C compiler, for its linker: sudo apt-get install gcc";

/// The oldest compiler that builds us.
const OLDEST_RUSTC: &str = env!("CARGO_PKG_RUST_VERSION");

impl Finding {
    fn good(subject: impl Into<String>, found: impl Into<String>) -> Self {
        Self { subject: subject.into(), state: State::Good, found: found.into(), remedy: None }
    }

    fn missing(subject: impl Into<String>, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { state: State::Missing, remedy: Some(remedy.into()), ..Self::good(subject, found) }
    }

    fn optional(subject: impl Into<String>, found: impl Into<String>, remedy: Option<&str>) -> Self {
        Self { state: State::Optional, remedy: remedy.map(str::to_owned), ..Self::good(subject, found) }
    }
}

impl Report {
    /// The report in lines.
    pub fn text(&self) -> String {
        let width = self.findings.iter().map(|finding| finding.subject.len()).max().unwrap_or(0);
        let mut text = String::new();
        for Finding { subject, state, found, remedy } in &self.findings {
            let mark = match state {
                State::Good => "ok     ",
                State::Missing => "MISSING",
                State::Optional => "-      ",
            };
            text.push_str(&format!("{mark} {subject:width$}  {found}\n"));
            if let Some(remedy) = remedy {
                text.push_str(&format!("{:1$}do: {remedy}\n", "", "MISSING ".len() + width + 2));
            }
        }
        text.push_str(match self.can_run_demo {
            true => "`hyper86 demo` can run here.\n",
            false => "`hyper86 demo` cannot run here yet.\n",
        });
        text
    }
}

fn host() -> Finding {
    let (system, cpu) = (std::env::consts::OS, std::env::consts::ARCH);
    if (system, cpu) == ("linux", "x86_64") {
        return Finding::good("host", format!("{system} {cpu}"));
    }
    Finding::missing(
        "host",
        format!("{system} {cpu}"),
        "use Linux on x86-64: bare-metal programs are linked by its cc",
    )
}

fn rustc() -> Finding {
    let finding = tool("rustc", RUST_REMEDY);
    let new_enough = version_in(&finding.found) >= version_in(OLDEST_RUSTC);
    if finding.state == State::Good && !new_enough {
        return Finding::missing(
            "rustc",
            format!("{}, older than {OLDEST_RUSTC}", finding.found),
            "rustup update",
        );
    }
    finding
}

/// Major and minor number of the first word that looks like a version.
fn version_in(text: &str) -> Option<(u32, u32)> {
    text.split_whitespace().find_map(|word| {
        let mut numbers = word.split('.').map(str::parse);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    })
}

/// A program that says its version in the first line of `--version`.
fn tool(name: &str, remedy: &str) -> Finding {
    match first_line(Command::new(name).arg("--version")) {
        Some(version) => Finding::good(name, version),
        None => Finding::missing(name, "not found, or it does not run", remedy),
    }
}

/// What a command that succeeds prints first.
fn first_line(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let line = text.lines().next()?.trim().to_owned();
    (output.status.success() && !line.is_empty()).then_some(line)
}

/// A Debian package. Its absence matters only if what it holds is absent too, which [`engine::find`] tells.
fn package(name: &str) -> Finding {
    let subject = format!("package {name}");
    let mut query = Command::new("dpkg-query");
    query.args(["--show", "--showformat", "${db:Status-Status} ${Version}", name]);
    match first_line(&mut query).as_deref().and_then(|line| line.split_once(' ')) {
        Some(("installed", version)) => Finding::good(subject, version),
        _ if engine::in_path("dpkg-query").is_none() => {
            Finding::optional(subject, "not known: this is no Debian", None)
        }
        _ => Finding::optional(subject, "not installed", None),
    }
}

/// What the engine can be.
fn engine_findings(engine: &Engine) -> Vec<Finding> {
    let program = engine.program.display();
    let mut findings = vec![match engine.version() {
        Some(version) => Finding::good("bochs", format!("{version}, {program}")),
        None => Finding::missing(
            "bochs",
            format!("{program} does not say its version"),
            "reinstall package bochs",
        ),
    }];
    for firmware in [Firmware::Latest, Firmware::Legacy] {
        let file = format!("{}/{}", engine::FIRMWARE_FOLDER, firmware.file_name());
        findings.push(Finding::good(format!("firmware {}", firmware.short_name()), file));
    }
    let models = engine.cpu_models();
    findings.extend(Cpu::ALL.map(|cpu| model(cpu, &models)));
    findings
}

fn model(cpu: Cpu, known_to_bochs: &[String]) -> Finding {
    let subject = format!("cpu {}", cpu.short_name());
    let name = cpu.bochs_name();
    match known_to_bochs.iter().any(|known| known == name) {
        true if cpu.has_vmx() => Finding::good(subject, format!("{name}, VT-x in software")),
        true => Finding::good(subject, format!("{name}, no VT-x: for the refusal")),
        false if cpu == Cpu::default() => Finding::missing(
            subject,
            format!("this Bochs has no {name}"),
            "use a Bochs 2.7 that is built with --enable-vmx=2, as Debian's is",
        ),
        false => Finding::optional(subject, format!("this Bochs has no {name}"), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        let rows = [
            ("rustc 1.95.0 (59807616e 2026-04-14)", Some((1, 95))),
            ("1.95", Some((1, 95))),
            ("rustc 1.100.0-nightly", Some((1, 100))),
            ("cc (Debian 12.2.0-14) 12.2.0", Some((12, 2))),
            ("no version", None),
        ];
        for (text, version) in rows {
            assert_eq!(version_in(text), version, "{text}");
        }
        assert!(version_in("1.100") > version_in("1.95"));
    }

    #[test]
    fn the_text_says_what_to_do_below_what_is_missing() {
        let findings = vec![Finding::good("cc", "12.2"), Finding::missing("bochs", "not here", "install it")];
        let report = Report { can_run_demo: false, findings };
        let expected = "\
            ok      cc     12.2\n\
            MISSING bochs  not here\n\
            \x20              do: install it\n\
            `hyper86 demo` cannot run here yet.\n";
        assert_eq!(report.text(), expected);
    }

    #[test]
    fn a_model_that_bochs_lacks_is_missed_only_if_demo_uses_it() {
        let known = ["corei5_lynnfield_750".to_owned()];
        let rows =
            [(Cpu::Core2, State::Missing), (Cpu::Lynnfield, State::Good), (Cpu::Skylake, State::Optional)];
        for (cpu, state) in rows {
            assert_eq!(model(cpu, &known).state, state, "{cpu:?}");
        }
    }

    #[test]
    fn programs_read_states_as_words() {
        let finding = Finding::optional("kvm", "no device", None);
        let json = serde_json::to_string(&finding).unwrap();
        assert_eq!(json, r#"{"subject":"kvm","state":"optional","found":"no device"}"#);
    }
}
