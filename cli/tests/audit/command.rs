//! The commands as scripts use them: statuses, words, JSON.

use std::io::Write;
use std::process::{Command, Stdio};

use super::{KVM_4_19, KVM_6_6, MAIL, broken};

struct Ending {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

fn hyper86(arguments: &[&str], input: &str) -> Ending {
    let mut child = Command::new(env!("CARGO_BIN_EXE_hyper86"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that refuses its arguments does not read.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Ending {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn what_turns_on_the_processor_is_said_to_be_likely_and_no_finding() {
    // Canonical with 57 bits, not with 48.
    let text = KVM_4_19.replace("base=0xffffd00025a0d800", "base=0x001fd00025a0d800");
    assert_eq!(broken(&text), [] as [&str; 0]);
    let ending = hyper86(&["audit", "-"], &text);
    assert_eq!(ending.status, Some(0));
    assert!(ending.stdout.contains("guest_gdtr_base = 1FD00025A0D800h would break"), "{}", ending.stdout);
    let ending = hyper86(&["audit", "-", "--caps", "skylake"], &text);
    assert_eq!(ending.status, Some(1), "{}", ending.stdout);
}

#[test]
fn statuses_and_outputs_are_those_that_scripts_rely_on() {
    let rows: [(&[&str], &str, i32, &[&str]); 14] = [
        (&["audit", "-"], KVM_4_19, 0, &["KVM dump", "No rule is broken", "Not decided", "--caps"]),
        (
            &["audit", "-"],
            MAIL,
            1,
            &[
                "Guest state",
                "guest_ds_access_rights = C0F2h",
                "section 28.3.1.2",
                "fix: set bit 0",
                "80000021h",
            ],
        ),
        (
            &["audit", "-", "--caps", "skylake"],
            KVM_6_6,
            1,
            &["capabilities of skylake", "control.pin_based.allowed"],
        ),
        (&["audit", "-", "--caps", "skylake"], KVM_4_19, 0, &["capabilities of skylake"]),
        // A KVM that prints the area from which the entry loads MSRs.
        (
            &["audit", "-"],
            "MSR guest autoload:\n 0: msr=0x00000277 value=0x0007040600070406\n 1: msr=0x00000800 value=0x0\n\
             *** Guest State ***\nMSR guest autoload:\n 0: msr=0x00000277 value=0x0007040600070406\n\
             1: msr=0x00000800 value=0x0000000000000000\nRFLAGS=0x00000002\n",
            1,
            &["load.msr.x2apic", "entry 2 loads MSR 800h", "fix: take entry 2 (MSR 800h) out of the area\n"],
        ),
        // The entry failed late, so controls and host state were good.
        (
            &["audit", "-", "--caps", "core2"],
            "*** Control State ***\nPinBased=000000ff\n        reason=80000021 qualification=0\n",
            1,
            &["control.pin_based.allowed", "other\n  capabilities than those given"],
        ),
        (
            &["audit", "-"],
            "VMExit: intr_info=00000000 errcode=00000000 ilen=00000003\n        reason=80000021 qualification=0\n",
            0,
            &["the cause is among what is not decided"],
        ),
        // What QEMU shows is the guest's view: its CR4 need not have VMXE.
        (
            &["audit", "-", "--caps", "skylake"],
            "EIP=00008000 EFL=00000002 [-------] CPL=0\nCS =0008 00000000 ffffffff 00cf9b00\nCR0=00000011 CR4=00000000\n",
            0,
            &["register dump", "dump_invalid_vmcs", "guest's view"],
        ),
        (
            &["audit", "-"],
            "EIP=00008000 EFL=00000002 [-------] CPL=0\nDS =0010 00000000 ffffffff 00cf9200\nCR0=00000011 CR4=00000000\n",
            1,
            &["guest.segment.data.accessed"],
        ),
        // Several rules on one field: their fixes make one.
        (
            &["audit", "-"],
            "guest_tr_access_rights = 0x10021\nguest_tr_limit = 0x67\nvm_entry_controls = 0x11ff\n",
            1,
            &["guest.segment.tr.usable", "for all rules on guest_tr_access_rights: write ABh"],
        ),
        // A snapshot with the memory that a rule looks into.
        (
            &["audit", "-", "--caps", "core2"],
            r#"{"machine": {"vm_entry_msr_load_count": 2, "vm_entry_msr_load_address": "0x1000"},
                "memory": {"0x1000": "0x174", "0x1008": 0, "0x1010": "0xc0000100", "0x1018": 0}}"#,
            1,
            &["load.msr.base", "80000022h", "take entry 2 (MSR C0000100h) out of the area at 1000h"],
        ),
        (&["audit", "-"], "guest_rflags = 0\n", 1, &["list of fields", "guest_rflags = 0h", "fix: "]),
        (
            &["audit", "-"],
            "guest_cr3 = 0x1000\nnonsense here\n",
            0,
            &["not understood, line 2: nonsense here"],
        ),
        (
            &["caps", "--cpu", "haswell"],
            "",
            0,
            &["IA32_VMX_VMFUNC", "VMCS shadowing", "must be 1", "must be 0", "free"],
        ),
    ];
    for (arguments, input, status, words) in rows {
        let ending = hyper86(arguments, input);
        assert_eq!(ending.status, Some(status), "{arguments:?}: {}{}", ending.stdout, ending.stderr);
        for word in words {
            assert!(ending.stdout.contains(word), "{arguments:?}: {word:?} is not in:\n{}", ending.stdout);
        }
        assert!(!ending.stdout.contains('\u{1b}'), "no colours in a pipe");
    }
}

#[test]
fn what_cannot_be_read_is_refused_with_its_line() {
    let rows: [(&[&str], &str, &[&str]); 8] = [
        (&["audit", "-"], "", &["line 1", "expected"]),
        (&["audit", "-"], "\n\nhello world\n", &["line 3", "hello world", "expected a dump"]),
        (&["audit", "-"], "guest_cr0 = zz\n", &["line 1", "guest_cr0", "hexadecimal"]),
        (&["audit", "-"], "{\n\"machine\": [,]}", &["line 2", "JSON"]),
        (&["audit", "-"], "{\"other\": 1}", &["no field"]),
        (&["audit", "/no/such/file"], "", &["/no/such/file"]),
        (&["audit", "-", "--caps", "z80"], KVM_4_19, &["z80", "core2"]),
        (&["caps", "--cpu", "z80"], "", &["z80", "skylake"]),
    ];
    for (arguments, input, words) in rows {
        let ending = hyper86(arguments, input);
        assert_eq!(ending.status, Some(2), "{arguments:?}: {}{}", ending.stdout, ending.stderr);
        for word in words {
            assert!(ending.stderr.contains(word), "{arguments:?}: {word:?} is not in: {}", ending.stderr);
        }
    }
}

#[test]
fn a_refusal_quotes_no_more_of_a_line_than_a_person_reads() {
    for input in ["x".repeat(100_000), "CR0 = ".repeat(10_000), "[[[{".repeat(25_000)] {
        let ending = hyper86(&["audit", "-"], &input);
        assert_eq!(ending.status, Some(2), "{:.40}", input);
        assert!(ending.stderr.contains("line 1") && ending.stderr.len() < 500, "{:.600}", ending.stderr);
    }
}

#[test]
fn json_is_one_object_that_audit_reads_again() {
    let ending = hyper86(&["audit", "-", "--json"], MAIL);
    let object: serde_json::Value = serde_json::from_str(&ending.stdout).unwrap();
    assert_eq!((ending.status, &object["status"]), (Some(1), &serde_json::json!(1)));
    let dump = &object["dumps"][0];
    assert_eq!(dump["violations"][0]["rule"], "guest.segment.data.accessed");
    assert!(!dump["undecided"].as_array().unwrap().is_empty());
    let again = hyper86(&["audit", "-", "--json"], &dump.to_string());
    let again: serde_json::Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!(again["dumps"][0]["violations"], dump["violations"]);
    assert_eq!(again["format"], "json");
}
