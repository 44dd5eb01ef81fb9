//! `caps`: the capability MSRs of a processor in words, and its controls as a table.
//!
//! The processor is one of the models that the engine can be, or a saved profile. What a saved profile lacks is said
//! to be unknown.

pub mod profile;
pub mod read;
pub mod words;

use std::io::Write;

use serde_json::{Map, Value, json};
use vmx::Capabilities;
use vmx::controls::ControlKind;

use crate::args::CapsArgs;
use crate::paint::Paint;
use crate::status::{Failure, Status};
use profile::{Feature, Mask, Processor, msr_name};

/// Carries out `caps`.
///
/// # Errors
/// No such model, or a file that is no profile: status 2. Standard output is gone: status 3.
pub fn caps(arguments: &CapsArgs) -> Result<Status, Failure> {
    let what = arguments.caps.as_deref().unwrap_or(&arguments.cpu);
    let processor = read::find(what).map_err(|error| Failure::usage(format!("{error:#}")))?;
    let text = if arguments.json {
        format!("{}\n", serde_json::to_string_pretty(&object(&processor)).map_err(Failure::refused)?)
    } else {
        text(&processor, Paint::of_output())
    };
    std::io::stdout().write_all(text.as_bytes()).map_err(Failure::refused)?;
    Ok(Status::Done)
}

/// All of it for people.
fn text(processor: &Processor, paint: Paint) -> String {
    let capabilities = &processor.capabilities;
    let name = processor.name.as_deref().unwrap_or("processor");
    let mut text = paint.heading(&format!("{name}: capability MSRs"));
    text.push('\n');
    for (address, value) in capabilities.entries() {
        text.push_str(&format!("  {address:X}h  {:<29} {value:016X}h\n", msr_name(address)));
        if words::kind_of(address).is_none() {
            for line in words::lines(address, value) {
                text.push_str(&format!("          {line}\n"));
            }
        }
    }
    text.push_str(&format!("  CPUID {}\n", facts(capabilities)));
    for kind in ControlKind::ALL {
        text.push('\n');
        text.push_str(&controls(kind, capabilities, paint));
    }
    text
}

/// One control word's table.
fn controls(kind: ControlKind, capabilities: &Capabilities, paint: Paint) -> String {
    let address = capabilities.allowed_msr(kind);
    let (number, title) = words::section(address);
    let mut text = paint.heading(&format!("{kind} (MSR {address:X}h; section {number}, \"{title}\")"));
    text.push('\n');
    if capabilities.get(address).is_none() {
        text.push_str(if capabilities.is_known(address) {
            "  none: the processor does not have this word\n"
        } else {
            "  not known: the profile does not tell this MSR\n"
        });
        return text;
    }
    for row in words::table(kind, capabilities.allowed(kind)) {
        text.push_str(&row);
        text.push('\n');
    }
    text
}

fn facts(capabilities: &Capabilities) -> String {
    let cpu = &mut capabilities.cpu.clone();
    if !cpu.known {
        return "is not known".into();
    }
    let features: Vec<&str> =
        Feature::ALL.into_iter().filter(|feature| *feature.of(cpu)).map(Feature::key).collect();
    let features = if features.is_empty() { "none".to_owned() } else { features.join(", ") };
    let (physical, linear) = (cpu.physical_address_bits, cpu.linear_address_bits);
    format!(
        "physical addresses of {physical} bits, linear addresses of {linear} bits; of the features that rules need: {features}"
    )
}

/// The profile for programs, in the form that `--caps` reads.
pub fn object(processor: &Processor) -> Value {
    let mut cpu = processor.capabilities.cpu;
    let msrs: Map<String, Value> = processor
        .capabilities
        .entries()
        .map(|(address, value)| (format!("{address:#x}"), Value::from(format!("{value:#018x}"))))
        .collect();
    let mut object = json!({ "name": processor.name, "msrs": msrs });
    if cpu.known {
        let mut facts = json!({
            "physical_address_bits": cpu.physical_address_bits,
            "linear_address_bits": cpu.linear_address_bits,
            "in_ia32e_mode": cpu.in_ia32e_mode,
        });
        for feature in Feature::ALL {
            facts[feature.key()] = Value::from(*feature.of(&mut cpu));
        }
        for mask in Mask::ALL {
            if let Some(bits) = *mask.of(&mut cpu) {
                facts[mask.key()] = Value::from(format!("{bits:#x}"));
            }
        }
        object["cpu"] = facts;
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use vmx::capability::Profile;

    #[test]
    fn what_is_printed_as_json_is_read_back() {
        for profile in &Profile::ALL {
            let processor = Processor::model(profile);
            let text = serde_json::to_string(&object(&processor)).unwrap();
            let again = read::read(text.as_bytes()).unwrap();
            assert_eq!(again.capabilities, processor.capabilities, "{}", profile.name);
        }
    }

    #[test]
    fn each_control_of_a_model_is_free_or_fixed() {
        let text = text(&Processor::model(&Profile::CORE2), Paint::Plain);
        for line in [
            "   1  (reserved)                               must be 1",
            "   0  external-interrupt exiting               free",
            "   6  activate VMX-preemption timer            must be 0",
            "   9  host address-space size                  free",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
