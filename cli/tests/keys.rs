//! The help says what can be typed.

use std::process::Command;

#[test]
fn the_help_of_run_lists_every_named_key() {
    let output = Command::new(env!("CARGO_BIN_EXE_hyper86")).args(["run", "--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    for word in cli::keys::names(76).split_whitespace().chain(["{ctrl-c}", "{wait:N}", "{{", "}}"]) {
        assert!(help.contains(word), "{word} is not in: {help}");
    }
}
