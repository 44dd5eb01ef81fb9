//! `fuzz`: hostile programs in a VM, thousands a boot.
//!
//! The story of one boot: prepare the processor, let a second guest run for a moment and then lie idle, switch a PC on,
//! and remember it as it is. Then case by case: restore, boot the program, run it for its budget, and look whether the
//! VMM is what it was. Of a case one byte leaves; the host tool, which brought the programs, counts the bytes, and so
//! knows the last case begun, whatever happens to this program. After each batch the memory is looked at that no guest
//! may change. What cannot be trusted any more ends the boot: the host tool starts another behind it.

mod idle;
mod trial;

use fuzz::{Outcome as CaseOutcome, SECTOR_BYTES, Sum};
use rt::console;
use wire::{FuzzJob, Outcome};

use crate::failure::Failure;
use crate::lifecycle::{enter_vmx, make_current};
use crate::memory::PAGE_BYTES;
use crate::memory::integrity::Seal;
use crate::plan::{HostState, Surroundings};
use crate::{Context, Ending, aids, io, probe, run};

use idle::IdleGuest;
use trial::Trial;

/// Runs the job to its end.
///
/// # Errors
/// What the machine refuses before the first case.
pub fn fuzz(context: &mut Context, job: &FuzzJob) -> Result<Ending, Failure> {
    let processor = probe::prepare(&mut context.report, None)?;
    let operation = enter_vmx(context, &processor)?;
    let [io_a, io_b] = io::intercept_all_ports(&mut context.frames)?;
    let bitmaps = [io_a, io_b, aids::msr_bitmap(&mut context.frames)?];
    let around = Surroundings {
        capabilities: &processor.capabilities,
        io_bitmaps: [bitmaps[0].address(), bitmaps[1].address()],
        msr_bitmap: Some(bitmaps[2].address()),
        host: HostState::current(),
    };
    let backend = run::choose(job.run.backend, &processor.capabilities)?;
    let idle = IdleGuest::start(context, &operation, &processor, &around, backend, &job.run)?;
    let copy = context.frames.take_bytes(idle.ram().length(), PAGE_BYTES)?;
    let vmcs = make_current(context, &operation, &processor)?;
    let vm = run::build(context, &job.run, &processor)?;
    let mut trial = Trial::begin(vm, vmcs, &around, idle, job, copy)?;
    let seal = Seal::new(trial.guarded().chain(&bitmaps));
    rt::println!("\nfuzz: begin {}", backend.name());
    let programs = context.module.as_chunks().0;
    let mut sum = Sum::default();
    let trusted = try_all(programs, job.batch as usize, &mut trial, &mut sum, |trial| {
        trial.restore();
        if let Err(damage) = seal.verify(trial.guarded().chain(&bitmaps), trial.ram()) {
            rt::println!("\nfuzz: damaged {damage}");
            return false;
        }
        trial.others_are_whole()
    });
    if trusted {
        rt::println!("\nfuzz: end {} {:016X}", programs.len(), sum.value());
    }
    Ok(Ending::new(Outcome::Done, format_args!("")))
}

/// Tries one program after the other; `false` as soon as nothing here can be trusted any more. `is_whole` looks at memory.
fn try_all(
    programs: &[[u8; SECTOR_BYTES]],
    batch: usize,
    trial: &mut Trial,
    sum: &mut Sum,
    is_whole: impl Fn(&mut Trial) -> bool,
) -> bool {
    for batch in programs.chunks(batch.max(1)) {
        for program in batch {
            let outcome = trial.run(program);
            sum.add(outcome.to_byte());
            console::write_bytes(&[outcome.to_byte()]);
            if matches!(outcome, CaseOutcome::HostChanged | CaseOutcome::CanaryWritten) {
                return false;
            }
        }
        if !is_whole(trial) {
            return false;
        }
    }
    true
}
