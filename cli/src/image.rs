//! `image`: a raw image that boots on a BIOS PC, and speaks plainly on COM1.

use std::fs;

use wire::{Backend, Link, Told};

use crate::args::{DemoArgs, GuestArgs, ImageArgs};
use crate::boot_image::{SECTOR, Start};
use crate::disk::Signature;
use crate::drives::Drives;
use crate::engine::configuration::POWER_ON_SECONDS;
use crate::payload::{Payload, RunPlan};
use crate::status::{Failure, Status};

/// Carries out `image`.
///
/// # Errors
/// Status 2: no image that a guest can boot. Status 3: the build fails, or the file cannot be written.
pub fn image(arguments: &ImageArgs) -> Result<Status, Failure> {
    let payload = match &arguments.guest {
        Some(guest) => {
            let drives = Drives::of_image(guest, Signature::unless(arguments.no_signature_check))?;
            // A person at the machine itself: the guest's screen and keyboard are the machine's.
            let plan = RunPlan {
                backend: Backend::Auto,
                smsw_shows_pe: true,
                steps: &[],
                interactive: true,
                serial_input: &[],
                handed_back: &[],
                told: Told::default(),
                letterbox: false,
                extended_kib: GuestArgs::DEFAULT.extended_kib(),
                rtc_seconds: POWER_ON_SECONDS,
                measured: false,
                sabotage: None,
            };
            Payload::run(Link::Plain, drives, plan)?
        }
        None => {
            let demo = arguments.demo.unwrap_or_default();
            Payload::demo(Link::Plain, demo.into(), None, DemoArgs::DEFAULT_TICKS)?
        }
    };
    let start = if arguments.partition { Start::Partition } else { Start::Disk };
    let image = payload.into_image(start)?;
    let output = arguments.output.display();
    fs::write(&arguments.output, &image.bytes)
        .map_err(|error| Failure::refused(format!("{output} cannot be written: {error}")))?;
    println!(
        "{output}: {} sectors, of which the VMM takes {} bytes",
        image.bytes.len() / SECTOR,
        image.program_bytes
    );
    Ok(Status::Done)
}
