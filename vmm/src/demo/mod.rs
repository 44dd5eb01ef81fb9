//! The course's steps, each on the same VMM that `run` uses.
//!
//! A demo reports every step as it happens and ends well only when all of what it announces has happened. With a
//! sabotage it ends well exactly when the processor has answered as the manual says.

mod component_vm;
mod vmxdemo;
mod vmxon;

use wire::{Break, Demo, Outcome};

use crate::failure::Failure;
use crate::report::Line;
use crate::{Context, Ending};

/// Shows one step of the course.
///
/// # Errors
/// What went otherwise than announced.
pub fn show(
    context: &mut Context,
    demo: Demo,
    sabotage: Option<Break>,
    ticks: u32,
) -> Result<Ending, Failure> {
    match demo {
        Demo::Vmxon => vmxon::show(context),
        Demo::Vmxdemo => vmxdemo::show(context, sabotage),
        _ => {
            let _ = ticks;
            Err(crate::failure::unexpected(format_args!("not there")))
        }
    }
}

/// A good end, in one sentence.
fn done(sentence: &str) -> Ending {
    let mut reason = Line::new();
    // A sentence that is too long is cut.
    let _ = core::fmt::Write::write_str(&mut reason, sentence);
    Ending { outcome: Outcome::Done, reason }
}
