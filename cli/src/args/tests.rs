//! What the command line means.

use super::*;

fn interpret_line(line: &[&str]) -> Result<Command, clap::Error> {
    interpret(&Cli::command().try_get_matches_from(line)?)
}

#[test]
fn steps_keep_the_order_of_the_command_line() {
    let line = ["hyper86", "run", "a.img", "--expect", "A:", "--keys", "x", "--expect=B", "--keys", "y"];
    let Ok(Command::Run(run)) = interpret_line(&line) else { panic!("not understood") };
    let kinds: Vec<_> = run
        .steps
        .iter()
        .map(|step| match step {
            Step::Expect(text) => text.clone(),
            Step::Keys(items) => format!("{} keys", items.len()),
        })
        .collect();
    assert_eq!(kinds, ["A:", "1 keys", "B", "1 keys"]);
}

#[test]
fn no_command_is_the_default_demo() {
    let Ok(Command::Demo(demo)) = interpret_line(&["hyper86"]) else { panic!("not understood") };
    assert_eq!((demo.demo, demo.machine.cpu, demo.ticks()), (DemoName::Vmxdemo, Cpu::Core2, 10));
}

#[test]
fn what_means_nothing_is_refused_with_status_2() {
    let lines: [&[&str]; 6] = [
        &["hyper86", "demo", "vmxon", "--break", "revision"],
        &["hyper86", "demo", "--ticks", "3"],
        &["hyper86", "demo", "intdemo", "--ticks", "0"],
        &["hyper86", "demo", "--cpu", "z80"],
        &["hyper86", "run", "a.img", "--keys", "{nokey}"],
        &["hyper86", "image", "-o", "a", "--demo", "vmxon", "--guest", "b"],
    ];
    for line in lines {
        assert_eq!(interpret_line(line).map_err(|error| error.exit_code()).err(), Some(2), "{line:?}");
    }
}
