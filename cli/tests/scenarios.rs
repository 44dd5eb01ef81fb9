//! Whole runs of `hyper86`, as a user starts them, with what must come out of each. The rows are data, in
//! `cli/tests/scenarios/*.toml`; `scenario/row.rs` says what a row can hold. Rows run two at a time, in sorted order.
//!
//! Sessions with operating systems of others, in `cli/tests/guests.toml`, are asked for:
//! `HYPER86_GUESTS=DIR cargo test -- --ignored`, where DIR holds their images.
//!
//! A row that needs what this machine lacks (an image; a package, and no network to fetch it) is named, counted as not run, and
//! never as passed. `cargo test --test scenarios -- TEXT` runs the rows whose name holds TEXT.

#[path = "bare/screen.rs"]
mod bare;
#[path = "scenario/check.rs"]
mod check;
#[path = "scenario/fixture.rs"]
mod fixture;
#[path = "scenario/row.rs"]
mod row;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use check::Outcome;
use row::Case;

/// More would only wait for each other on a machine with two cores.
const AT_A_TIME: usize = 2;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let wanted: Vec<&str> =
        arguments.iter().filter(|word| !word.starts_with('-')).map(String::as_str).collect();
    let asked_for = arguments.iter().any(|word| word == "--ignored");
    let with_all = arguments.iter().any(|word| word == "--include-ignored");
    let scenarios = if asked_for { Vec::new() } else { row::read_all() };
    let sessions = if asked_for || with_all { row::read_sessions() } else { Vec::new() };
    let left = if asked_for || with_all { 0 } else { row::read_sessions().len() };
    let cases: Vec<Case> = scenarios
        .into_iter()
        .chain(sessions)
        .filter(|case| wanted.is_empty() || wanted.iter().any(|text| case.name.contains(text)))
        .collect();
    if arguments.iter().any(|word| word == "--list") {
        cases.iter().for_each(|case| println!("{}: test", case.name));
        return ExitCode::SUCCESS;
    }
    println!("\nrunning {} scenarios", cases.len());
    let start = Instant::now();
    let outcomes = run(&cases);
    let count = |wanted: fn(&Outcome) -> bool| outcomes.iter().filter(|(_, outcome)| wanted(outcome)).count();
    let passed = count(|outcome| matches!(outcome, Outcome::Passed));
    let failed = count(|outcome| matches!(outcome, Outcome::Failed(_)));
    for (name, outcome) in &outcomes {
        match outcome {
            Outcome::Passed => {}
            Outcome::Failed(complaint) => println!("\n---- {name} ----\n{complaint}"),
            Outcome::NotRun(reason) => println!("\nnot run: {name}: {reason}"),
        }
    }
    println!(
        "\ntest result: {}. {passed} passed; {failed} failed; {} ignored; 0 measured; {} filtered out; finished in {:.2}s\n",
        if failed == 0 { "ok" } else { "FAILED" },
        outcomes.len() - passed - failed + left,
        0,
        start.elapsed().as_secs_f32(),
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs the cases, prints a line for each as it ends, and returns how they ended, in order.
fn run(cases: &[Case]) -> Vec<(&str, Outcome)> {
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let start = Instant::now();
                    let outcome = check::carry_out(case);
                    let word = match &outcome {
                        Outcome::Passed => "ok".to_owned(),
                        Outcome::Failed(_) => "FAILED".to_owned(),
                        Outcome::NotRun(reason) => format!("ignored, not run: {reason}"),
                    };
                    println!("test {} ... {word} ({:.1} s)", case.name, start.elapsed().as_secs_f32());
                    outcomes.lock().unwrap().push((case.name.as_str(), outcome));
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().unwrap();
    outcomes.sort_by_key(|&(name, _)| name);
    outcomes
}
