//! Whether KVM would let a guest of ours use VT-x: asked from KVM itself. kvm-ioctls, the binding of the rust-vmm
//! project, holds the unsafe calls.

use std::io;

use kvm_bindings::{KVM_API_VERSION, KVM_MAX_CPUID_ENTRIES, kvm_cpuid_entry2};
use kvm_ioctls::Kvm;

use super::Finding;

/// VT-x: CPUID.1:ECX, bit 5.
const VMX: u32 = 1 << 5;

/// AMD's SVM: CPUID.80000001h:ECX, bit 2.
const SVM: u32 = 1 << 2;

const NESTED: &str =
    "on an Intel host: modprobe kvm_intel nested=1; in a cloud, choose machines with nested VT-x";

pub(super) fn examine() -> Finding {
    let kvm = match Kvm::new() {
        Ok(kvm) => kvm,
        Err(error) => return unopened(io::Error::from_raw_os_error(error.errno())),
    };
    // A node of this name may lead anywhere: only KVM answers with its version.
    let version = kvm.get_api_version();
    if version != KVM_API_VERSION as i32 {
        return optional(
            &format!("/dev/kvm is there, but does not answer as KVM does (API version {version})"),
            None,
        );
    }
    match kvm.get_supported_cpuid(KVM_MAX_CPUID_ENTRIES) {
        Ok(cpuid) => offered(cpuid.as_slice()),
        Err(error) => optional(&format!("KVM answers, but not what it offers a guest: {error}"), None),
    }
}

fn unopened(error: io::Error) -> Finding {
    match error.kind() {
        io::ErrorKind::NotFound => optional("no /dev/kvm", None),
        io::ErrorKind::PermissionDenied => {
            optional("/dev/kvm may not be opened, so nothing is known of it", Some("sudo adduser $USER kvm"))
        }
        _ => optional(&format!("/dev/kvm cannot be opened ({error}), so there is no KVM behind it"), None),
    }
}

/// What the CPUID table says that a guest would see.
fn offered(table: &[kvm_cpuid_entry2]) -> Finding {
    let has = |function, bit| table.iter().any(|entry| entry.function == function && entry.ecx & bit != 0);
    if has(1, VMX) {
        return Finding::good("kvm", "KVM answers, and offers VT-x to guests");
    }
    match has(0x8000_0001, SVM) {
        true => optional("KVM answers, and offers AMD's SVM to guests, not VT-x", None),
        false => optional("KVM answers, but offers no VT-x to guests", Some(NESTED)),
    }
}

/// The engine needs no KVM, so nothing here is missing.
fn optional(found: &str, remedy: Option<&str>) -> Finding {
    Finding::optional("kvm", format!("{found}; Bochs does without"), remedy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    fn entry(function: u32, ecx: u32) -> kvm_cpuid_entry2 {
        kvm_cpuid_entry2 { function, ecx, ..Default::default() }
    }

    #[test]
    fn vt_x_is_read_from_the_table_that_guests_see() {
        let rows = [
            (vec![entry(0, VMX), entry(1, VMX)], State::Good, "offers VT-x"),
            (vec![entry(0, VMX), entry(1, !VMX)], State::Optional, "no VT-x"),
            (vec![entry(1, 0), entry(0x8000_0001, SVM)], State::Optional, "SVM"),
            (vec![], State::Optional, "no VT-x"),
        ];
        for (table, state, words) in rows {
            let finding = offered(&table);
            assert_eq!(finding.state, state, "{words}");
            assert!(finding.found.contains(words), "{}", finding.found);
        }
    }

    #[test]
    fn a_device_that_cannot_be_opened_is_told_apart() {
        let rows = [(2, "no /dev/kvm"), (13, "may not be opened"), (6, "no KVM behind it")];
        for (number, words) in rows {
            let finding = unopened(io::Error::from_raw_os_error(number));
            assert!(finding.found.contains(words), "{}", finding.found);
        }
    }
}
