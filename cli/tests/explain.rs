//! `hyper86 explain`, by rows: a question, the status, and words of the answer.

use std::process::Command;

fn explain(what: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_hyper86")).arg("explain").args(what).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn what_is_known_is_explained_with_its_section() {
    let rows: [(&[&str], &[&str]); 24] = [
        (&["0x80000021"], &["invalid guest state (33)", "VM-entry failure", "hyper86 audit", "Appendix C"]),
        (&["48"], &["exit reason 30h", "EPT violation (48)"]),
        (&["exit", "48"], &["EPT violation (48)"]),
        (&["exit 18"], &["VMCALL (18)"]),
        (&["error", "7"], &["error 7: VM entry with an invalid control field", "section 32.4"]),
        (&["error 8"], &["invalid host-state field"]),
        (&["0x6820"], &["guest_rflags", "natural width", "VM (17)", "section 26.4.1"]),
        (&["guest_rflags"], &["6820h"]),
        (&["GUEST_CS_AR_BYTES"], &["guest_cs_access_rights", "4816h", "32 bits"]),
        (&["Guest", "CS", "access", "rights"], &["guest_cs_access_rights"]),
        (&["ept_pointer"], &["201Ah, high half 201Bh", "enable EPT", "lynnfield", "section 26.6.11"]),
        (&["cs_access_rights=0x9b"], &["execute-read code, accessed", "3:0", "DPL", "present"]),
        (&["guest_tr_access_rights=0x1008b"], &["unusable", "the register holds no segment"]),
        (&["guest_cs_access_rights=0xf9b"], &["reserved: must be 0"]),
        (
            &["secondary_controls=0x82"],
            &["enable EPT", "unrestricted guest", "0: virtualize APIC accesses (0)"],
        ),
        (&["pin_based_controls=0x3f"], &["reserved, 1 by default", "virtual NMIs"]),
        (&["guest_cr0=80050033h"], &["PE", "protected mode", "0: EM (2)"]),
        (&["guest_cr4=0x2000"], &["VMXE"]),
        (&["guest_rflags=0x23202"], &["virtual-8086 mode", "IOPL", "13:12     3h"]),
        (&["guest_rflags=0"], &["must be 1"]),
        (
            &["entry_interruption_info=0x80000b0d"],
            &["hardware exception 13 (#GP", "with an error code", "section 26.8.3"],
        ),
        (&["exception_bitmap=0x60042"], &["#DB, debug", "#UD", "#AC"]),
        (
            &["msr 0x482=0xf7f9fffe0401e172"],
            &["IA32_VMX_PROCBASED_CTLS", "CR3-load exiting", "must be 1", "section A.3"],
        ),
        (&["0x485=0x60040e0"], &["IA32_VMX_MISC", "CR3-target values", "section A.6"]),
    ];
    for (what, words) in rows {
        let (status, text, errors) = explain(what);
        assert_eq!(status, Some(0), "{what:?}: {errors}");
        for word in words {
            assert!(text.contains(word), "{what:?}: {word:?} is not in:\n{text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= 110), "{what:?}:\n{text}");
    }
}

#[test]
fn what_is_not_known_is_refused_with_near_matches() {
    let rows: [(&[&str], &[&str]); 6] = [
        (&["guest_rflag"], &["guest_rflags"]),
        (&["cs_acess_rights=0x9b"], &["guest_cs_access_rights"]),
        (&["ept", "violaton"], &["EPT violation"]),
        (&["guest_cr0=zz"], &["zz", "hexadecimal"]),
        (&["guest_cs_selector=0x12345"], &["16 bits"]),
        (&["rhubarb"], &["rhubarb", "error 7", "0x6820"]),
    ];
    for (what, words) in rows {
        let (status, text, errors) = explain(what);
        assert_eq!((status, text.as_str()), (Some(2), ""), "{what:?}");
        for word in words {
            assert!(errors.contains(word), "{what:?}: {word:?} is not in: {errors}");
        }
    }
}

#[test]
fn every_field_reason_and_error_has_an_explanation() {
    use cli::explain::{ask::subjects, text};
    use cli::paint::Paint;

    let fields = vmx::Field::ALL.iter().flat_map(|field| {
        let name = field.name();
        let widest = field.width().mask();
        [name.to_owned(), format!("{:#06x}=0", field.encoding()), format!("{name}={widest:#x}")]
    });
    let reasons = vmx::exit::BasicExitReason::ALL.iter().map(|reason| format!("exit {}", *reason as u16));
    let errors = (0..=28).map(|number| format!("error {number}"));
    let msrs = (0x480..=0x493)
        .flat_map(|address| [format!("msr {address:#x}"), format!("msr {address:#x}=0x{:x}", u64::MAX)]);
    for what in fields.chain(reasons).chain(errors).chain(msrs) {
        let subjects = subjects(&what).unwrap_or_else(|unknown| panic!("{what}: {unknown:?}"));
        for subject in subjects {
            let text = text(subject, Paint::Plain);
            assert!(text.contains("section") || text.contains("Appendix"), "{what}:\n{text}");
        }
    }
}
