//! The course's steps, each on the same VMM that `run` uses.
//!
//! A demo reports every step as it happens and ends well only when all of what it announces has happened. With a
//! sabotage it ends well exactly when the processor has answered as the manual says.

mod bios;
mod component_vm;
mod hostile;
mod inject;
mod intdemo;
mod reenter;
mod session;
mod trystep1;
mod vmxdemo;
mod vmxon;

use wire::{Break, Demo, Outcome};

use crate::component::Component;
use crate::failure::{Failure, unexpected};
use crate::memory::FirstMib;
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
        Demo::Trystep1 => trystep1::show(context),
        Demo::Vmxon => vmxon::show(context),
        Demo::Vmxdemo => vmxdemo::show(context, sabotage),
        Demo::Intdemo => intdemo::show(context, ticks),
        Demo::Reenter => reenter::show(context),
        Demo::Inject => inject::show(context),
        Demo::Bios => bios::show(context),
        Demo::HostileTask => hostile::task(context),
        Demo::HostileKernel => hostile::kernel(context),
        Demo::TripleFault => hostile::triple_fault(context),
    }
}

/// The component, loaded where the course has it: at physical 10000h.
fn component_in_first_mib(context: &Context) -> Result<(Component, FirstMib), Failure> {
    let component = Component::parse(context.module)?;
    let mut memory = FirstMib::new(context.boot).ok_or_else(|| {
        unexpected(format_args!("the memory map does not leave physical 10000h to 1FFFFh free"))
    })?;
    Component::load(context.module, &mut memory);
    Ok((component, memory))
}

/// A good end, in one sentence.
fn done(sentence: &str) -> Ending {
    Ending::new(Outcome::Done, format_args!("{sentence}"))
}
