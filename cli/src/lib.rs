//! The host tool: builds the VMM, lays out boot images, runs them in an engine, and shows what happened.
//!
//! A command line becomes [`args`], each command is one module ([`demo`], [`run`], [`bench`], [`new`], [`run_app`], [`image`],
//! [`doctor`], [`audit`], [`explain`], [`caps`], [`mod@fuzz`]) that ends in a [`status::Status`] or a [`status::Failure`], and that
//! is the process's exit status.

pub mod args;
pub mod audit;
pub mod bench;
pub mod bios_calls;
pub mod boot_image;
pub mod caps;
pub mod demo;
pub mod disk;
pub mod doctor;
pub mod drives;
pub mod engine;
pub mod explain;
pub mod explanation;
pub mod fuzz;
pub mod image;
pub mod json;
pub mod keys;
pub mod machine;
pub mod metal;
pub mod new;
pub mod paint;
pub mod payload;
pub mod post_mortem;
pub mod print;
pub mod prove;
pub mod run;
pub mod run_app;
pub mod screen;
pub mod session;
pub mod statistics;
pub mod status;
pub mod terminal;

use std::process::ExitCode;

use args::Command;
use doctor::Form;
use engine::process::{ENGINE_COMMAND, become_engine};
use print::note;
use status::{Failure, Status};

/// The whole program.
pub fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == ENGINE_COMMAND) {
        let error = become_engine(&arguments.collect::<Vec<_>>());
        note(&format!("hyper86: the engine cannot be started: {error}"));
        return Status::Refused.into();
    }
    match carry_out(&args::parse()) {
        Ok(status) => status.into(),
        Err(failure) => {
            if !failure.message.is_empty() {
                note(&format!("hyper86: {failure}"));
            }
            failure.status.into()
        }
    }
}

fn carry_out(command: &Command) -> Result<Status, Failure> {
    match command {
        Command::Demo(arguments) => demo::demo(arguments),
        Command::Run(arguments) => run::run(arguments),
        Command::Bench(arguments) => bench::bench(arguments),
        Command::New { name } => new::new(name),
        Command::RunApp(arguments) => run_app::run_app(arguments),
        Command::Image(arguments) => image::image(arguments),
        Command::Doctor { json } => doctor::doctor(if *json { Form::Json } else { Form::Text }),
        Command::Audit(arguments) => audit::audit(arguments),
        Command::Explain(arguments) => explain::explain(&arguments.what),
        Command::Caps(arguments) => caps::caps(arguments),
        Command::Fuzz(arguments) => fuzz::fuzz(arguments),
        Command::Pc(arguments) => run_app::pc(arguments),
    }
}
