//! hyper86, the hypervisor.
//!
//! On entry the runtime has brought the machine into 64-bit mode with an identity map, an IDT and a console, and the
//! boot image has brought a config and a guest. This program probes the processor, enters VMX operation, plans a VM,
//! checks the plan, applies it, runs the guest, and reports; then it leaves VMX operation and shuts down.
#![no_std]
#![no_main]

mod aids;
mod clock;
mod component;
mod cpu;
mod demo;
mod exit;
mod failure;
#[cfg(feature = "fuzz")]
mod fuzzer;
mod guest_cpu;
mod host_timer;
mod io;
mod lifecycle;
mod local;
mod memory;
mod operation;
mod plan;
mod probe;
mod report;
mod run;

use core::fmt::{self, Write};

use rt::boot::{BootInfo, ModuleKind};
use wire::{BootConfig, Job, Link, Outcome};

use crate::failure::Failure;
use crate::memory::{Frames, Kept};
use crate::report::{Line, Reporter};

/// How a job ended that did what it should. It points to its words, since "no ending yet" is moved about after exits.
#[derive(Clone, Copy)]
pub struct Ending {
    outcome: Outcome,
    reason: &'static Line,
}

/// The words of the ending: there is one.
static REASON: Kept<Line> = Kept::new();

impl Ending {
    /// An ending in one sentence. One that is too long is cut.
    fn new(outcome: Outcome, why: fmt::Arguments) -> Self {
        let mut reason = Line::new();
        let _ = reason.write_fmt(why);
        Self { outcome, reason: REASON.keep(reason) }
    }
}

/// What every job works with.
pub struct Context {
    boot: &'static BootInfo,
    /// The guest: a component for a demo, a disk's chunks for a run.
    module: &'static [u8],
    frames: Frames,
    report: Reporter,
}

rt::entry!(main);

fn main(boot: &'static BootInfo) {
    let frames = Frames::new(boot);
    let module = module(boot, ModuleKind::Guest);
    let mut context =
        Context { boot, module: module.unwrap_or_default(), frames, report: Reporter::new(Link::Plain) };
    let ending = read_config(boot).and_then(|config| {
        context.report = Reporter::new(config.link);
        if module.is_none() { Err(Failure::NoModule) } else { work(&mut context, &config.job) }
    });
    match ending {
        Ok(ending) => context.report.verdict(ending.outcome, format_args!("{}", ending.reason.as_str())),
        Err(failure) => context.report.verdict(failure.outcome(), format_args!("{failure}")),
    }
}

fn work(context: &mut Context, job: &Job) -> Result<Ending, Failure> {
    match job {
        Job::Demo { demo, sabotage, ticks } => demo::show(context, *demo, *sabotage, *ticks),
        Job::Run(job) => run::run(context, job),
        #[cfg(feature = "fuzz")]
        Job::Fuzz(job) => fuzzer::fuzz(context, job),
    }
}

fn module(boot: &'static BootInfo, kind: ModuleKind) -> Option<&'static [u8]> {
    boot.module(kind).map(|module| module.bytes)
}

fn read_config(boot: &'static BootInfo) -> Result<BootConfig<'static>, Failure> {
    let config: BootConfig = module(boot, ModuleKind::BootConfig)
        .and_then(|bytes| postcard::from_bytes(bytes).ok())
        .ok_or(Failure::Config)?;
    if config.version == wire::VERSION { Ok(config) } else { Err(Failure::Config) }
}
