//! Whether a demonstration showed what it was to show. The VMM judges first; here its records are compared with what
//! the step's outcome must leave in them, so that a wrong "done" does not pass.

use vmx::Field;

use crate::args::{BreakName, DemoArgs, DemoName};
use crate::session::Report;

/// VMCALL, as a basic exit reason.
const VMCALL: u64 = 18;

/// "VM-entry failure due to invalid guest state", with bit 31.
const INVALID_GUEST_STATE: u64 = 0x8000_0021;

/// VM-instruction errors.
const LAUNCH_OF_LAUNCHED: u64 = 4;
const INVALID_HOST_STATE: u64 = 8;

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
    match sabotage {
        BreakName::CsAccessRights => {
            evidence.result("exit_reason", INVALID_GUEST_STATE)?;
            evidence.no_serial()
        }
        BreakName::HostAddressSpace => evidence.result("vm_instruction_error", INVALID_HOST_STATE),
        BreakName::LaunchTwice => evidence.result("vm_instruction_error", LAUNCH_OF_LAUNCHED),
        BreakName::Cr0Shadow => evidence.serial(" CR0=00000010 "),
        BreakName::Revision | BreakName::NoVmptrld => evidence.line("VMfailInvalid"),
        BreakName::Cr0Ne => evidence.line("#GP"),
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
