//! The auditor against the engine's six models with VT-x: 50,000 mutated VM entries on each, and no disagreement.

use std::process::Command;

/// Tries the model, and prints what the tool says where it fails.
fn agrees_on(cpu: &str, least_proved: u64) {
    let output = Command::new(env!("CARGO_BIN_EXE_hyper86"))
        .args(["audit", "--prove", "--json", "--cpu", cpu, "--cases", "50000", "--seed", "7"])
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{cpu}: {}", String::from_utf8_lossy(&output.stderr)));
    let disagreements = &report["disagreements"];
    assert_eq!(report["unexplained"], 0, "{cpu}: {disagreements:#}");
    assert_eq!(report["cases"], 50_000);
    let proved = report["proved"].as_u64().unwrap();
    assert!(proved >= least_proved, "{cpu}: only {proved} rules proved");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn the_auditor_agrees_with_core2() {
    agrees_on("core2", 95);
}

#[test]
fn the_auditor_agrees_with_lynnfield() {
    agrees_on("lynnfield", 110);
}

#[test]
fn the_auditor_agrees_with_arrandale() {
    agrees_on("arrandale", 115);
}

#[test]
fn the_auditor_agrees_with_haswell() {
    agrees_on("haswell", 120);
}

#[test]
fn the_auditor_agrees_with_skylake() {
    agrees_on("skylake", 120);
}

#[test]
fn the_auditor_agrees_with_tigerlake() {
    agrees_on("tigerlake", 135);
}
