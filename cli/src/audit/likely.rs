//! Rules that turn on the processor, tried on the processors that are known here.
//!
//! A dump seldom says which processor it is from. What breaks a rule on all that are known is worth a word, though it is
//! no finding: of any dump what hardly differs between processors, of a dump of a failed entry also what that failure
//! may come from.

use vmx::audit::{self, Outcome, Rule};
use vmx::capability::{Profile, msr};
use vmx::control_register::cr4;
use vmx::exit::{BasicExitReason, ExitReason};
use vmx::instruction_error::InstructionError;
use vmx::{Field, Machine};

use super::judge::Lack;

/// A field that breaks a rule on processors that are known here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Likely {
    /// The field.
    pub field: Field,
    /// Its value.
    pub value: u64,
    /// On how many of the models.
    pub models: usize,
}

impl Likely {
    /// The processors, in words.
    pub fn processors(self) -> String {
        match Profile::ALL.len() {
            all if self.models == all => "each processor known here".to_owned(),
            all => format!("{} of {all} processors known here", self.models),
        }
    }
}

/// What breaks `rule` on enough models: on each, or on most where the rule turns on a new liberty.
pub fn likely(machine: &Machine, rule: &'static Rule, lack: Lack) -> Option<Likely> {
    let has_failed = is_of_failure(machine, rule);
    let may_ask = match lack {
        Lack::Processor(_) | Lack::Capability(msr::BASIC | msr::CR0_FIXED0 | msr::CR4_FIXED0) => true,
        Lack::Capability(_) => has_failed,
        Lack::Field(_) | Lack::Memory(_) | Lack::Msr(_) => false,
    };
    if !may_ask {
        return None;
    }
    let breaking = Profile::ALL.iter().filter_map(|profile| on_model(profile, machine, rule, has_failed));
    let breaking: Vec<(Field, u64)> = breaking.collect();
    let all = Profile::ALL.len();
    let enough = if has_failed && lack == Lack::Capability(msr::BASIC) { all / 2 + 1 } else { all };
    let (field, value) = *breaking.first().filter(|_| breaking.len() >= enough)?;
    Some(Likely { field, value, models: breaking.len() })
}

/// What breaks `rule` on one model. A bit of a control register that it does not know counts only where the entry
/// failed: new features are no breach.
fn on_model(profile: &Profile, machine: &Machine, rule: &Rule, has_failed: bool) -> Option<(Field, u64)> {
    let mut capabilities = profile.capabilities;
    if !has_failed {
        for address in [msr::CR0_FIXED1, msr::CR4_FIXED1] {
            capabilities.set(address, u64::MAX);
        }
    }
    capabilities.cpu.physical_address_bits = 52;
    // The host that wrote this VMCS runs with it.
    if machine.get(Field::HOST_CR4).is_some_and(|value| value & cr4::LA57 != 0) {
        capabilities.cpu.linear_address_bits = 57;
    }
    let mut here = None;
    audit::check(machine, &capabilities, &mut |violation| {
        if violation.rule.id == rule.id {
            here = here.or(Some((violation.field, violation.value)));
        }
    });
    here
}

/// Whether the dump tells of a failure that breaking `rule` has.
fn is_of_failure(machine: &Machine, rule: &Rule) -> bool {
    let error = machine.get(Field::VM_INSTRUCTION_ERROR).map(|error| InstructionError(error as u32));
    let invalid = [InstructionError::ENTRY_INVALID_CONTROL, InstructionError::ENTRY_INVALID_HOST_STATE];
    if let Some(error) = error.filter(|error| invalid.contains(error)) {
        return rule.outcome == Outcome::Fails(error);
    }
    let reason = machine.get(Field::EXIT_REASON).map(|reason| ExitReason(reason as u32));
    let has_invalid_state = reason.is_some_and(|reason| {
        reason.entry_failed() && reason.basic() == Some(BasicExitReason::InvalidGuestState)
    });
    has_invalid_state && matches!(rule.outcome, Outcome::Exits(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::dump::Dump;
    use crate::audit::judge::judge;
    use crate::audit::snapshot;

    fn likely_of(fields: &str) -> Vec<(&'static str, usize)> {
        let (reading, _) = snapshot::read(fields.as_bytes()).unwrap();
        let dump: &Dump = &reading.dumps[0];
        let open = judge(dump, &vmx::Capabilities::none()).open;
        open.iter().filter_map(|one| Some((one.rule.id, one.likely?.models))).collect()
    }

    #[test]
    fn a_failed_entry_makes_what_no_model_has_suspect() {
        // Bit 15 of CR4 is reserved.
        let state = r#""guest_cr0": "0x80000031", "guest_cr4": "0xa040", "vm_entry_controls": "0x11ff""#;
        assert_eq!(likely_of(&format!("{{{state}}}")), []);
        let failed = format!("{{{state}, \"exit_reason\": \"0x80000021\"}}");
        assert_eq!(likely_of(&failed), [("guest.cr4.fixed", Profile::ALL.len())]);
        // The failure of another stage says nothing of the guest.
        for other in [r#""exit_reason": "0x80000022""#, r#""vm_instruction_error": 7"#] {
            assert_eq!(likely_of(&format!("{{{state}, {other}}}")), [], "{other}");
        }
    }

    #[test]
    fn a_host_with_57_bits_may_use_them() {
        let state = |cr4: &str| {
            likely_of(&format!(
                r#"{{"host_gs_base": "0xff3c22c2bf880000", "host_cr4": "{cr4}", "host_fs_base": 0, "host_tr_base": 0,
                "host_gdtr_base": 0, "host_idtr_base": 0,
                "primary_vm_exit_controls": "0x36fff", "vm_entry_controls": "0x13ff"}}"#
            ))
        };
        assert!(state("0x3526e0").iter().any(|(id, _)| *id == "host.base.canonical"));
        assert!(state("0x3536e0").iter().all(|(id, _)| *id != "host.base.canonical"));
    }

    #[test]
    fn an_exception_without_its_error_code_is_suspect_after_error_7() {
        let state = r#""guest_cr0": "0x80000031", "vm_entry_interruption_information": "0x8000030d",
            "primary_processor_based_vm_execution_controls": "0x401e172""#;
        assert_eq!(likely_of(&format!("{{{state}}}")), []);
        let failed = likely_of(&format!("{{{state}, \"vm_instruction_error\": 7}}"));
        let found = failed.iter().find(|(id, _)| *id == "control.entry.event.deliver_error_code");
        assert!(found.is_some_and(|(_, models)| *models < Profile::ALL.len()), "{failed:?}");
    }
}
