//! The host tool: builds the VMM, lays out boot images, runs them in an engine, and shows what happened.
//!
//! A command line becomes [`args`], each command is one module ([`demo`], [`run`], [`new`], [`run_app`], [`image`],
//! [`doctor`]) that ends in a [`status::Status`] or a [`status::Failure`], and that is the process's exit status.

pub mod disk;
pub mod doctor;
pub mod keys;
pub mod new;
pub mod screen;
pub mod status;
pub mod terminal;

use std::process::ExitCode;

/// The whole program.
pub fn main() -> ExitCode {
    status::Status::Done.into()
}
