//! Whether a demonstration showed what it was to show. The VMM judges first; here its records are compared with what
//! the step's outcome must leave in them, so that a wrong "done" does not pass.

use vmx::Field;
use wire::{Answer, Break};

use crate::args::{BreakName, DemoArgs, DemoName};
use crate::session::Report;

/// VMCALL, as a basic exit reason.
const VMCALL: u64 = 18;

/// "VM-entry failure due to invalid guest state", with bit 31.
const INVALID_GUEST_STATE: u64 = 0x8000_0021;

/// VMLAUNCH of a VMCS that is not clear.
const LAUNCH_OF_LAUNCHED: u64 = 4;

/// Says what is missing, if something is.
pub(super) fn confirm(arguments: &DemoArgs, report: &Report) -> Result<(), String> {
    let evidence = Evidence(report);
    match (arguments.demo, arguments.sabotage) {
        (DemoName::Trystep1, _) => evidence.serial(" Hello from Guest VM "),
        (DemoName::Vmxdemo, None) => {
            evidence.serial(" Hello from Guest VM ")?;
            evidence.serial(" CR0=80000031 ")?;
            evidence.result("exit_reason", VMCALL)
        }
        (DemoName::Vmxdemo, Some(sabotage)) => outcome(sabotage, &evidence),
        (DemoName::Intdemo, _) => evidence.serial(&format!(" Timer-tick: {}", arguments.ticks())),
        (DemoName::Vmxon, _) => evidence.line("VMXOFF"),
        (DemoName::Bios, _) => evidence.line("E820"),
        (
            DemoName::Reenter
            | DemoName::Inject
            | DemoName::HostileTask
            | DemoName::HostileKernel
            | DemoName::TripleFault,
            _,
        ) => Ok(()),
    }
}

fn outcome(sabotage: BreakName, evidence: &Evidence) -> Result<(), String> {
    match sabotage.into() {
        Break::Plan { answer: Answer::Runs, .. } => evidence.serial(" CR0=00000010 "),
        Break::Plan { answer: Answer::Error(number), .. } => {
            evidence.result("vm_instruction_error", number.into())?;
            evidence.no_serial()
        }
        Break::Plan { answer: Answer::GuestState(qualification), .. } => {
            evidence.result("exit_reason", INVALID_GUEST_STATE)?;
            evidence.result("exit_qualification", qualification)?;
            evidence.no_serial()
        }
        Break::LaunchTwice => evidence.result("vm_instruction_error", LAUNCH_OF_LAUNCHED),
        Break::Revision | Break::NoVmptrld => evidence.line("VMfailInvalid"),
        Break::Cr0Ne => evidence.line("#GP"),
    }
}

struct Evidence<'a>(&'a Report);

impl Evidence<'_> {
    fn serial(&self, text: &str) -> Result<(), String> {
        let found = self.0.serial.windows(text.len()).any(|window| window == text.as_bytes());
        if found { Ok(()) } else { Err(format!("the guest's COM1 did not show \"{text}\"")) }
    }

    fn no_serial(&self) -> Result<(), String> {
        if self.0.serial.is_empty() { Ok(()) } else { Err("the guest's COM1 is not silent".to_owned()) }
    }

    fn result(&self, name: &str, value: u64) -> Result<(), String> {
        let field = Field::from_name(name).ok_or_else(|| format!("there is no field {name}"))?;
        match self.0.result(field.encoding()) {
            Some(read) if read == value => Ok(()),
            Some(read) => Err(format!("{name} is {read:#x}, not {value:#x}")),
            None => Err(format!("{name} was not read")),
        }
    }

    fn line(&self, text: &str) -> Result<(), String> {
        let found = self.0.lines.iter().any(|(_, line)| line.contains(text))
            || self.0.conclusion.sentence().contains(text);
        if found { Ok(()) } else { Err(format!("no line tells of {text}")) }
    }
}

#[cfg(test)]
mod tests {
    use wire::LineKind;

    use super::*;
    use crate::args::{Cli, Command};

    fn arguments(line: &str) -> DemoArgs {
        use clap::Parser;
        let cli = Cli::parse_from(["hyper86", "demo"].into_iter().chain(line.split_whitespace()));
        let Some(Command::Demo(arguments)) = cli.command else { panic!("not understood: {line}") };
        arguments
    }

    fn report(serial: &str, results: &[(u32, u64)], line: &str) -> Report {
        Report {
            serial: serial.as_bytes().to_vec(),
            results: results.to_vec(),
            lines: vec![(LineKind::Step, line.to_owned())],
            ..Report::default()
        }
    }

    /// What the step leaves behind passes; without one part of it, it does not.
    #[test]
    fn a_wrong_done_does_not_pass() {
        const ERROR: u32 = 0x4400;
        const REASON: u32 = 0x4402;
        const QUALIFICATION: u32 = 0x6400;
        let message = " Hello from Guest VM \x1b[12;33H CR0=80000031 ";
        let table = [
            ("vmxdemo", report(message, &[(REASON, 18)], ""), true),
            ("vmxdemo", report(message, &[(REASON, 10)], ""), false),
            ("vmxdemo", report(message, &[], ""), false),
            ("vmxdemo", report(" Hello from Guest VM ", &[(REASON, 18)], ""), false),
            ("trystep1", report(message, &[], ""), true),
            ("trystep1", report("", &[], ""), false),
            ("intdemo --ticks 3", report(" Timer-tick: 3 ", &[], ""), true),
            ("intdemo --ticks 3", report(" Timer-tick: 2 ", &[], ""), false),
            (
                "vmxdemo --break cs-access-rights",
                report("", &[(REASON, 0x8000_0021), (QUALIFICATION, 0)], ""),
                true,
            ),
            (
                "vmxdemo --break cs-access-rights",
                report("x", &[(REASON, 0x8000_0021), (QUALIFICATION, 0)], ""),
                false,
            ),
            (
                "vmxdemo --break cs-access-rights",
                report("", &[(REASON, 0x8000_0021), (QUALIFICATION, 4)], ""),
                false,
            ),
            (
                "vmxdemo --break link-pointer",
                report("", &[(REASON, 0x8000_0021), (QUALIFICATION, 4)], ""),
                true,
            ),
            ("vmxdemo --break cs-access-rights", report("", &[(REASON, 0x8000_0022)], ""), false),
            ("vmxdemo --break host-address-space", report("", &[(ERROR, 8)], ""), true),
            ("vmxdemo --break host-address-space", report("", &[(ERROR, 7)], ""), false),
            ("vmxdemo --break launch-twice", report("", &[(ERROR, 4)], ""), true),
            ("vmxdemo --break launch-twice", report("", &[(ERROR, 5)], ""), false),
            ("vmxdemo --break cr0-shadow", report(" CR0=00000010 ", &[], ""), true),
            ("vmxdemo --break cr0-shadow", report(message, &[], ""), false),
            ("vmxdemo --break revision", report("", &[], "VMXON: VMfailInvalid"), true),
            ("vmxdemo --break revision", report("", &[], "VMXON"), false),
            ("vmxdemo --break no-vmptrld", report("", &[], "VMfailInvalid"), true),
            ("vmxdemo --break no-vmptrld", report("", &[], "VMfailValid"), false),
            ("vmxdemo --break cr0-ne", report("", &[], "#GP(0)"), true),
            ("vmxdemo --break cr0-ne", report("", &[], ""), false),
        ];
        for (line, report, passes) in table {
            assert_eq!(confirm(&arguments(line), &report).is_ok(), passes, "{line}: {report:?}");
        }
    }
}
